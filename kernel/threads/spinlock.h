/* Spinlocks. On one CPU a thread that finds a lock taken lets the others run; interrupts stay on,
 * so no handler may take one. */
#ifndef KERNEL_THREADS_SPINLOCK_H
#define KERNEL_THREADS_SPINLOCK_H

#include "thread.h"

struct spinlock {
    bool taken;
    uint64_t waits; /* how often somebody found it taken */
};

static inline void spin_lock(struct spinlock *lock)
{
    while (__atomic_test_and_set(&lock->taken, __ATOMIC_ACQUIRE)) {
        lock->waits++;
        thread_yield();
    }
}

static inline void spin_unlock(struct spinlock *lock)
{
    __atomic_clear(&lock->taken, __ATOMIC_RELEASE);
}

#endif
