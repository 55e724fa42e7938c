/* Which program runs in the foreground, and how does it end? */
#include "kernel/user/program.h"
#include "kernel/console/console.h"
#include "kernel/handover/handover.h"
#include "kernel/lib/text.h"
#include "kernel/machine/interrupts.h"
#include "kernel/machine/symbols.h"
#include "kernel/threads/thread.h"
#include "kernel/user/image.h"
#include "kernel/vm/memory.h"

#define KEY_INTERRUPT 3 /* Ctrl-C */
#define LINE_BYTES    128

static struct {
    struct image image;
    struct vm space;
    enum { RUNS, ENDED, FAULTED, INTERRUPTED } fate;
    int64_t status;
    char typed[LINE_BYTES]; /* what the program has not read yet */
    uint64_t typed_bytes;
} program;

/* ---- what the program's thread does ---------------------------------------------------------- */

static void start(void *argument)
{
    (void)argument;
    user_enter(program.image.entry, program.image.stack_top);
}

void program_end(int64_t status)
{
    program.fate = ENDED;
    program.status = status;
    thread_end();
}

void program_fault(void)
{
    program.fate = FAULTED;
    thread_end();
}

void program_print(const char *text, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++)
        print("%c", text[i]);
}

uint64_t program_read(char *to, uint64_t bytes)
{
    while (program.typed_bytes == 0)
        thread_sleep(1);
    uint64_t taken = bytes < program.typed_bytes ? bytes : program.typed_bytes;
    __builtin_memcpy(to, program.typed, taken);
    program.typed_bytes -= taken;
    __builtin_memmove(program.typed, program.typed + taken, program.typed_bytes);
    return taken;
}

/* ---- what the shell's thread does ------------------------------------------------------------ */

/* NULL, or what is wrong; nothing is held then. */
static const char *load(const struct lintel_module *module)
{
    __builtin_memset(&program, 0, sizeof program);
    const char *problem = image_check(&program.image, module->data, module->bytes);
    if (problem)
        return problem;
    if (!space_begin(&program.space))
        return "no memory";
    problem = image_load(&program.image, &program.space);
    if (problem)
        space_end(&program.space);
    return problem;
}

/* What is typed belongs to the program, but for Ctrl-C. */
static void attend(const struct thread *thread)
{
    while (thread->state != THREAD_ENDED && program.fate != INTERRUPTED) {
        int key = console_input().key;
        if (key == KEY_INTERRUPT)
            program.fate = INTERRUPTED;
        else if (key > 0 && key < 0x80 && program.typed_bytes < LINE_BYTES)
            program.typed[program.typed_bytes++] = (char)key;
        else
            thread_sleep(1);
    }
}

static void tell_end(const char *name)
{
    const struct vm *space = &program.space;
    if (program.fate == ENDED)
        print("%s: ended with status %ld", name, program.status);
    else
        print_colour(COLOUR_BAD, "%s: %s", name,
                     program.fate == FAULTED ? "killed by its fault" : "interrupted");
    print("; %lu demand-zero faults, %lu KiB\n", space->faults[VM_FAULT_DEMAND_ZERO],
          space->frames_held * FRAME_BYTES / KIB);
}

static void run(const char *name)
{
    symbols_of_program(program.image.symbols);
    struct thread *thread = thread_create(name, &program.space, start, NULL);
    if (thread) {
        attend(thread);
        thread_forget(thread);
        tell_end(name);
    } else {
        print_colour(COLOUR_BAD, "%s: no memory for a thread\n", name);
    }
    symbols_of_program(NULL);
    space_end(&program.space);
}

void program_run(const char *name)
{
    const struct lintel_module *module = module_find(name);
    const char *problem = module ? load(module) : "no module of that name was loaded";
    if (problem)
        print_colour(COLOUR_BAD, "%s: %s\n", name, problem);
    else
        run(name);
}
