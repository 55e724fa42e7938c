/* Memory in two steps, from user mode: reserves much, commits less, touches little. */
#include "program.h"

#define MIB       (UINT64_C(1) << 20)
#define RESERVED  (64 * 1024 * MIB)
#define COMMITTED (16 * MIB)
#define TOUCHED   UINT64_C(32) /* pages */

static int64_t failed(const char *what)
{
    say(what);
    say(" failed\n");
    return 1;
}

int64_t program(void)
{
    int64_t base = call(CALL_RESERVE, 0, RESERVED, 0);
    struct vm_info info;
    if (base < 0)
        return failed("reserve");
    if (call(CALL_COMMIT, (uint64_t)base, COMMITTED, VM_READ | VM_WRITE) != 0)
        return failed("commit");
    volatile uint64_t *page = (volatile uint64_t *)base;
    for (uint64_t i = 0; i < TOUCHED; i++) {
        if (page[i * 512] != 0)
            return failed("zeroes");
        page[i * 512] = i;
    }
    if (call(CALL_QUERY, (uint64_t)base + COMMITTED, (uint64_t)&info, 0) != 0 || info.committed)
        return failed("query");
    if (call(CALL_WRITE, (uint64_t)base + COMMITTED, 1, 0) != ERROR_POINTER ||
        call(CALL_READ, UINT64_C(0xffff800000000000), 1, 0) != ERROR_POINTER)
        return failed("refusal of a bad pointer");
    if (call(CALLS, 0, 0, 0) != ERROR_CALL)
        return failed("refusal of an unknown call");
    if (call(CALL_RELEASE, (uint64_t)base + 4096, 0, 0) != -VM_NOT_A_REGION)
        return failed("refusal of a wrong release");
    say("64 GiB reserved, 16 MiB committed, ");
    say_number(TOUCHED);
    say(" pages touched\n");
    return call(CALL_RELEASE, (uint64_t)base, 0, 0);
}
