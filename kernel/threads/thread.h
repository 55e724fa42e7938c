/* Threads on one CPU, in turns: the timer's tick takes the CPU from whoever runs. */
#pragma once

#include "kernel/vm/vm.h"

#define THREAD_STACK_BYTES (32 * UINT64_C(1024))
#define THREAD_NAME_BYTES  24
#define THREADS_MAX        16

enum thread_state { THREAD_FREE, THREAD_READY, THREAD_SLEEPING, THREAD_ENDED };

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
    /* Where it goes on after an exception that it `recovers` from: a __builtin_setjmp() of its own.
     */
    void *recovery[5];
    bool recovers;
    bool detached; /* nobody joins it */
};

/* By turns; those in use are not THREAD_FREE. The first is the shell's. */
extern struct thread threads[THREADS_MAX];

/* The caller becomes the first thread, "shell". After memory_open() and timer_open(). */
void threads_open(void);
struct thread *thread_current(void);
void threads_reap(void); /* forgets those that are detached and have ended */

/* NULL: no memory, or too many threads. It runs from now on, until `entry` returns or calls
 * thread_end(). */
struct thread *thread_create(const char *name, struct vm *space, void (*entry)(void *),
                             void *argument);

void thread_yield(void);
void thread_sleep(uint64_t ticks);
void thread_rest(void); /* until the next tick: whoever waits for input */
void thread_end(void) __attribute__((noreturn));

/* Waits until it has ended, and gives back what it took. */
void thread_join(struct thread *thread);

/* The same for one that must not go on, wherever it is; not the caller. */
void thread_forget(struct thread *thread);

/* ---- spinlocks ---- */

/* On one CPU a thread that finds a lock taken only burns its holder's time: it lets the others run
 * instead. Interrupts stay as they are; no handler may take one. */
struct spinlock {
    bool taken;
    uint64_t waits; /* how often somebody found it taken */
};

void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
