/* The commands `run` and `threads`. */
#include "commands.h"
#include "../console/console.h"
#include "../lib/text.h"
#include "../machine/timer.h"
#include "../threads/spinlock.h"
#include "../user/program.h"

#define COUNTERS 4
#define ROUNDS   300000

void run_program(char **words)
{
    if (words[1])
        program_run(words[1]);
    else
        print_colour(COLOUR_BAD, "run: name a program; `info` lists the modules\n");
}

/* ---- threads --------------------------------------------------------------------------------- */

static void show_thread(const struct thread *thread)
{
    static const char *const states[] = {"ready", "sleeping", "ended"};
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
    struct thread *threads[COUNTERS];
    uint64_t begin = timer_ticks();
    lock = (struct spinlock){0};
    counted = 0;
    for (uint32_t i = 0; i < COUNTERS; i++)
        threads[i] = thread_create("counter", NULL, count, NULL);
    for (uint32_t i = 0; i < COUNTERS; i++)
        if (threads[i])
            thread_join(threads[i]);
    bool passed = counted == (uint64_t)COUNTERS * ROUNDS;
    print("  %u threads counted to %lu in %lu ticks; the lock was found taken %lu times\n",
          COUNTERS, counted, timer_ticks() - begin, lock.waits);
    print_colour(passed ? COLOUR_GOOD : COLOUR_BAD, "threads test: %s\n",
                 passed ? "passed" : "FAILED");
}

void show_threads(char **words)
{
    if (words[1] && text_equal(words[1], "test"))
        test_threads();
    else
        threads_each(show_thread);
}
