#include "test/kernels/common/arrival.h"
#include "test/kernels/common/text.h"

#define FLAG_INTERRUPTS 0x200u
#define FLAG_VM         0x20000u
#define CR0_PROTECTED   1u
#define CR0_PAGING      0x80000000u

/* Access rights as LAR gives them (Intel SDM 2A): type, present, 32-bit. */
#define RIGHTS_TYPE    0x1a00u
#define CODE_READABLE  0x1a00u
#define DATA_WRITABLE  0x1200u
#define RIGHTS_PRESENT 0x8000u
#define RIGHTS_32_BIT  0x400000u

/* With A20 off, an address with bit 20 set is the one without it. */
static bool a20_is_on(void)
{
    volatile uint32_t *low = at(0x7000), *high = at(0x107000);
    uint32_t before = *low, high_before = *high;
    *low = 0x12345678;
    *high = 0x9abcdef0;
    bool on = *low == 0x12345678;
    *high = high_before;
    *low = before;
    return on;
}

static void check_segments(void)
{
    check(arrival.code_limit == 0xffffffffu, "CS has a limit of 4 GiB");
    check(arrival.data_limit == 0xffffffffu, "DS, ES, FS, GS, SS have a limit of 4 GiB");
    check((arrival.code_rights & RIGHTS_TYPE) == CODE_READABLE, "CS is readable code");
    check((arrival.data_rights & RIGHTS_TYPE & ~0x800u) == DATA_WRITABLE, "DS is writable data");
    check(arrival.code_rights & RIGHTS_PRESENT && arrival.data_rights & RIGHTS_PRESENT &&
              arrival.code_rights & RIGHTS_32_BIT && arrival.data_rights & RIGHTS_32_BIT,
          "segments are present and 32-bit");
}

void check_arrival(void)
{
    print("entered: eax=%x ebx=%x cr0=%x flags=%x at=%x %s\n", arrival.magic, arrival.information,
          arrival.cr0, arrival.flags, arrival.here, arrival.long_mode ? "long" : "protected");
    if (arrival.long_mode)
        return;
    check_segments();
    check(arrival.cr0 & CR0_PROTECTED && !(arrival.cr0 & CR0_PAGING),
          "CR0: protected mode, no paging");
    check(!(arrival.flags & (FLAG_INTERRUPTS | FLAG_VM)), "EFLAGS: VM and IF are clear");
    check(a20_is_on(), "A20 is on");
}
