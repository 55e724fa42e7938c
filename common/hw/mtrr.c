/* What do this CPU's MTRRs say? */
#include "common/hw/mtrr.h"
#include "common/hw/cpu.h"
#include "common/hw/registers.h"
#include "common/lib/mem.h"

#define HAS_FIXED 0x100

static struct mtrr read(uint32_t number)
{
    return (struct mtrr){number, cpu_read_msr(number)};
}

uint32_t mtrr_read(struct mtrr mtrrs[MTRRS_MAX])
{
    static const uint16_t fixed[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
                                     0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
    uint32_t count = 0;

    if (!cpu_has_mtrrs())
        return 0;
    uint64_t capabilities = cpu_read_msr(MSR_MTRR_CAPABILITIES);
    uint32_t variable = 2 * (capabilities & 0xff);
    if (variable + ARRAY_LENGTH(fixed) + 1 > MTRRS_MAX)
        return 0;
    for (uint32_t i = 0; capabilities & HAS_FIXED && i < ARRAY_LENGTH(fixed); i++)
        mtrrs[count++] = read(fixed[i]);
    for (uint32_t i = 0; i < variable; i++)
        mtrrs[count++] = read(MSR_MTRR_VARIABLE + i);
    mtrrs[count++] = read(MSR_MTRR_DEF_TYPE);
    return count;
}
