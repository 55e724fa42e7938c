#include "thread.h"
#include "../lib/text.h"
#include "../machine/descriptors.h"
#include "../machine/exceptions.h"
#include "../machine/interrupts.h"
#include "../machine/timer.h"
#include "../user/system_call.h"
#include "../vm/memory.h"

#define SAVED_REGISTERS 6 /* by thread_switch() */

void thread_switch(uint64_t *rsp_of_this, uint64_t rsp_of_next); /* switch.asm */
extern const uint8_t thread_begin[];
void thread_main(void); /* switch.asm calls it */

static struct thread shell = {.name = "shell", .next = &shell};
static struct thread *current = &shell;

/* ---- taking turns ---------------------------------------------------------------------------- */

static bool can_run(struct thread *thread)
{
    if (thread->state == THREAD_SLEEPING && timer_ticks() >= thread->wake)
        thread->state = THREAD_READY;
    return thread->state == THREAD_READY;
}

/* The next one in the ring that can run; itself in the end, NULL when not even that. */
static struct thread *choose(void)
{
    struct thread *thread = current;
    do {
        thread = thread->next;
        if (can_run(thread))
            return thread;
    } while (thread != current);
    return NULL;
}

/* With interrupts off. Only the shell has somewhere to go on after an exception. */
static void give_way(void)
{
    struct thread *next, *this = current;
    while (!(next = choose()))
        __asm__ volatile("sti; hlt; cli");
    if (next == this)
        return;
    current = next;
    exception_recoverable = next == &shell;
    space_use(next->space);
    kernel_stack_use(next->stack_top);
    thread_switch(&this->rsp, next->rsp);
}

void thread_yield(void)
{
    uint64_t flags = interrupts_off();
    give_way();
    interrupts_restore(flags);
}

/* Who sleeps here waits in give_way(), which looks again by itself. */
static void on_tick(void)
{
    if (current->state != THREAD_READY)
        return;
    current->ticks++;
    give_way();
}

void thread_sleep(uint64_t ticks)
{
    uint64_t flags = interrupts_off();
    if (__builtin_add_overflow(timer_ticks(), ticks, &current->wake))
        current->wake = UINT64_MAX;
    current->state = THREAD_SLEEPING;
    give_way();
    interrupts_restore(flags);
}

/* ---- beginning and ending -------------------------------------------------------------------- */

void thread_main(void)
{
    current->entry(current->argument);
    thread_end();
}

/* A page fault is told on the stack that it happens on: a stack can't grow by one. So all pages are
 * there from the start, above one that never is. */
static bool take_stack(struct thread *thread)
{
    uint64_t base;
    if (vm_reserve(&stacks_space, 0, THREAD_STACK_BYTES + FRAME_BYTES, &base) != VM_OK)
        return false;
    thread->stack = base;
    thread->stack_top = base + FRAME_BYTES + THREAD_STACK_BYTES;
    bool taken = vm_commit(&stacks_space, base + FRAME_BYTES, THREAD_STACK_BYTES,
                           VM_READ | VM_WRITE) == VM_OK;
    for (uint64_t at = base + FRAME_BYTES; taken && at < thread->stack_top; at += FRAME_BYTES)
        taken = vm_fault(&stacks_space, at, VM_FOR_WRITE) == VM_FAULT_DEMAND_ZERO;
    if (!taken)
        vm_release(&stacks_space, base);
    return taken;
}

static void link(struct thread *thread)
{
    thread->next = current->next;
    current->next = thread;
}

static void unlink(struct thread *thread)
{
    struct thread *before = thread;
    while (before->next != thread)
        before = before->next;
    before->next = thread->next;
}

static struct thread *create(const char *name, struct vm *space, void (*entry)(void *),
                             void *argument)
{
    struct thread *thread = heap_take(&memory_heap, sizeof *thread);
    if (!thread || !take_stack(thread)) {
        heap_give(&memory_heap, thread);
        return NULL;
    }
    text_print(thread->name, sizeof thread->name, "%s", name);
    thread->space = space;
    thread->entry = entry;
    thread->argument = argument;
    /* The stack as thread_switch() wants to find it; it is aligned as before a call after that. */
    uint64_t *top = (uint64_t *)(thread->stack_top - 16);
    top[-1] = (uint64_t)thread_begin;
    thread->rsp = (uint64_t)(top - 1 - SAVED_REGISTERS);
    link(thread);
    return thread;
}

struct thread *thread_create(const char *name, struct vm *space, void (*entry)(void *),
                             void *argument)
{
    uint64_t flags = interrupts_off();
    struct thread *thread = create(name, space, entry, argument);
    interrupts_restore(flags);
    return thread;
}

void thread_end(void)
{
    interrupts_off();
    current->state = THREAD_ENDED;
    for (;;)
        give_way();
}

void thread_join(struct thread *thread)
{
    while (thread->state != THREAD_ENDED)
        thread_sleep(1);
    thread_forget(thread);
}

void thread_forget(struct thread *thread)
{
    uint64_t flags = interrupts_off();
    unlink(thread);
    vm_release(&stacks_space, thread->stack);
    heap_give(&memory_heap, thread);
    interrupts_restore(flags);
}

void threads_each(void (*each)(const struct thread *thread))
{
    const struct thread *thread = current;
    do {
        each(thread);
        thread = thread->next;
    } while (thread != current);
}

void threads_open(void)
{
    timer_on_tick(on_tick);
}
