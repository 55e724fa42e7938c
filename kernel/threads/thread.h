/* Threads on one CPU, in turns: the timer's tick takes the CPU from whoever runs. */
#ifndef KERNEL_THREADS_THREAD_H
#define KERNEL_THREADS_THREAD_H

#include "../vm/vm.h"

#define THREAD_STACK_BYTES (32 * UINT64_C(1024))
#define THREAD_NAME_BYTES  24

enum thread_state { THREAD_READY, THREAD_SLEEPING, THREAD_ENDED };

struct thread {
    uint64_t rsp; /* switch.asm: of one that does not run */
    uint64_t stack, stack_top;
    char name[THREAD_NAME_BYTES];
    enum thread_state state;
    uint64_t wake;    /* tick at which a sleeping one goes on */
    uint64_t ticks;   /* that found it running */
    struct vm *space; /* NULL: the shell's */
    void (*entry)(void *argument);
    void *argument;
    struct thread *next; /* all of them, in a ring */
};

/* The caller becomes the first thread, "shell". After memory_open() and timer_open(). */
void threads_open(void);

/* NULL: no memory. It runs from now on, until `entry` returns or calls thread_end(). */
struct thread *thread_create(const char *name, struct vm *space, void (*entry)(void *),
                             void *argument);

void thread_yield(void);
void thread_sleep(uint64_t ticks);
void thread_end(void) __attribute__((noreturn));

/* Waits until it has ended, and gives back what it took. */
void thread_join(struct thread *thread);

/* The same for one that must not go on, wherever it is; not the caller. */
void thread_forget(struct thread *thread);

/* Calls `each` for every thread, this one first. */
void threads_each(void (*each)(const struct thread *thread));

#endif
