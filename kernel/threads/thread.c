/* Which thread runs now, and which one is next? */
#include "kernel/threads/thread.h"
#include "kernel/lib/text.h"
#include "kernel/machine/descriptors.h"
#include "kernel/machine/interrupts.h"
#include "kernel/machine/timer.h"
#include "kernel/vm/memory.h"

#define SAVED_REGISTERS 6 /* by thread_switch() */

void thread_switch(uint64_t *rsp_of_this, uint64_t rsp_of_next); /* switch.asm */
extern const uint8_t thread_begin[];
void thread_main(void); /* switch.asm calls it */

struct thread threads[THREADS_MAX] = {{.name = "shell", .state = THREAD_READY}};

static struct thread *current = threads;

struct thread *thread_current(void)
{
    return current;
}

/* ---- taking turns ---------------------------------------------------------------------------- */

static bool can_run(struct thread *thread)
{
    if (thread->state == THREAD_SLEEPING && timer_ticks() >= thread->wake)
        thread->state = THREAD_READY;
    return thread->state == THREAD_READY;
}

/* The next thread that can run, the current one as the last choice; NULL: none can. */
static struct thread *choose(void)
{
    for (uint32_t i = 1; i <= THREADS_MAX; i++) {
        struct thread *thread = &threads[(current - threads + i) % THREADS_MAX];
        if (can_run(thread))
            return thread;
    }
    return NULL;
}

/* With interrupts off. */
static void give_way(void)
{
    struct thread *next, *this = current;
    while (!(next = choose())) {
        wait_for_interrupt();
        interrupts_off();
    }
    if (next == this)
        return;
    current = next;
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

/* A thread that sleeps is in give_way(), which looks for the next one by itself. */
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

void thread_rest(void)
{
    thread_sleep(1);
}

/* ---- beginning and ending -------------------------------------------------------------------- */

void thread_main(void)
{
    current->entry(current->argument);
    thread_end();
}

/* A page fault is handled on the stack that it happens on, so that no stack can grow by page
 * faults: all its pages get their frames now. The page below them never gets one. */
static bool take_stack(struct thread *thread)
{
    uint64_t base;
    if (vm_reserve(&stacks_space, 0, THREAD_STACK_BYTES + FRAME_BYTES, VM_NO_ACCESS, &base) !=
        VM_OK)
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

static struct thread *find_free(void)
{
    for (struct thread *thread = threads; thread < threads + THREADS_MAX; thread++)
        if (thread->state == THREAD_FREE)
            return thread;
    return NULL;
}

struct thread *thread_create(const char *name, struct vm *space, void (*entry)(void *),
                             void *argument)
{
    uint64_t flags = interrupts_off();
    struct thread *thread = find_free();
    if (thread && !take_stack(thread))
        thread = NULL;
    if (thread) {
        text_print(thread->name, sizeof thread->name, "%s", name);
        thread->space = space;
        thread->entry = entry;
        thread->argument = argument;
        thread->ticks = 0;
        thread->recovers = thread->detached = false;
        /* As thread_switch() wants to find it; aligned as before a call after that. */
        uint64_t *top = (uint64_t *)(thread->stack_top - 16);
        top[-1] = (uint64_t)thread_begin;
        thread->rsp = (uint64_t)(top - 1 - SAVED_REGISTERS);
        thread->state = THREAD_READY;
    }
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
    vm_release(&stacks_space, thread->stack);
    thread->state = THREAD_FREE;
    interrupts_restore(flags);
}

void threads_reap(void)
{
    for (struct thread *thread = threads; thread < threads + THREADS_MAX; thread++)
        if (thread->state == THREAD_ENDED && thread->detached)
            thread_forget(thread);
}

void threads_open(void)
{
    timer_on_tick(on_tick);
}

/* ---- spinlocks ------------------------------------------------------------------------------- */

void spin_lock(struct spinlock *lock)
{
    while (__atomic_test_and_set(&lock->taken, __ATOMIC_ACQUIRE)) {
        lock->waits++;
        thread_yield();
    }
}

void spin_unlock(struct spinlock *lock)
{
    __atomic_clear(&lock->taken, __ATOMIC_RELEASE);
}
