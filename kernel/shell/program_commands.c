/* The commands `run` and `threads`. */
#include "kernel/machine/timer.h"
#include "kernel/shell/shell.h"
#include "kernel/threads/thread.h"
#include "kernel/user/program.h"

#define COUNTERS 4
#define ROUNDS   300000

static void run_program(void)
{
    program_run(given.words[0]);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void show_thread(const struct thread *thread)
{
    static const char *const states[] = {"", "ready", "sleeping", "ended"};
    if (thread->state != THREAD_FREE)
        print("  %-24s%-10s%8lu ticks\n", thread->name, states[thread->state], thread->ticks);
}

static struct spinlock lock;
static volatile uint64_t counted;

/* Reads, dawdles, writes: without the lock a tick in between loses what the others count. */
static void count(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        spin_lock(&lock);
        uint64_t seen = counted;
        for (volatile uint32_t pause = 0; pause < 20; pause++)
            ;
        counted = seen + 1;
        spin_unlock(&lock);
    }
}

static void test_threads(void)
{
    struct thread *counters[COUNTERS];
    uint64_t start = timer_ticks();
    lock = (struct spinlock){0};
    counted = 0;
    for (uint32_t i = 0; i < COUNTERS; i++)
        counters[i] = thread_create("counter", NULL, count, NULL);
    for (uint32_t i = 0; i < COUNTERS; i++)
        if (counters[i])
            thread_join(counters[i]);
    bool passed = counted == (uint64_t)COUNTERS * ROUNDS;
    print("  %u threads counted to %lu in %lu ticks; the lock was found taken %lu times\n",
          COUNTERS, counted, timer_ticks() - start, lock.waits);
    print_colour(passed ? COLOUR_GOOD : COLOUR_BAD, "threads test: %s\n",
                 passed ? "passed" : "FAILED");
}

static void show_threads(void)
{
    if (given.count)
        test_threads();
    else
        for (uint32_t i = 0; i < THREADS_MAX; i++)
            show_thread(&threads[i]);
}

const struct command program_commands[] = {
    {"threads", "[test]", "all threads; test: four of them and a spinlock",
     "  threads\n  threads test\n", show_threads},
    {"run", "PROGRAM", "a module in user mode, until it ends or Ctrl-C",
     "  run hello.elf     reads and writes\n"
     "  run pages.elf     virtual memory from user mode\n"
     "  run pi.elf        reckons in SSE registers\n"
     "  run faulty.elf    is killed by its own fault\n"
     "  run spin.elf      never ends by itself\n"
     "  `info` lists the modules.\n",
     run_program},
    {0},
};
