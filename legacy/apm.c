/* Whether the BIOS has power management for 32-bit kernels, and where they enter it (APM 1.2). */
#include "legacy/apm.h"
#include "legacy/bios.h"

#define CHECK       0x5300 /* 4.6.1.1 */
#define CONNECT_32  0x5303 /* 4.6.1.4 */
#define DISCONNECT  0x5304 /* 4.6.1.5 */
#define SIGNATURE   0x504d /* "PM" */
#define FLAG_HAS_32 2u
#define APM_BIOS    0 /* the device */

static bool call(uint32_t function, struct bios_regs *regs)
{
    *regs = (struct bios_regs){.eax = function, .ebx = APM_BIOS};
    bios_call(0x15, regs);
    return !bios_carry(regs);
}

static bool check(struct bios_regs *regs)
{
    return call(CHECK, regs) && (regs->ebx & 0xffff) == SIGNATURE && regs->ecx & FLAG_HAS_32;
}

/* Whoever was here before us may have left it connected. Some BIOSes have other flags once it is
 * (Linux, arch/x86/boot/apm.c). */
enum err apm_connect(struct apm *apm)
{
    struct bios_regs checked, regs;

    if (!check(&checked))
        return fail(ERR_UNSUPPORTED, "the BIOS has no 32-bit interface to power management (APM)");
    call(DISCONNECT, &regs);
    if (!call(CONNECT_32, &regs))
        return fail(ERR_UNSUPPORTED, "the BIOS refuses to connect APM: error %02Xh",
                    bios_ah(&regs));
    if (!check(&checked)) {
        call(DISCONNECT, &regs);
        return fail(ERR_UNSUPPORTED, "the BIOS connects APM and denies it then");
    }
    *apm = (struct apm){
        .version = (uint16_t)checked.eax,
        .flags = (uint16_t)checked.ecx,
        .code32_segment = (uint16_t)regs.eax,
        .code16_segment = (uint16_t)regs.ecx,
        .data_segment = (uint16_t)regs.edx,
        .code32_bytes = (uint16_t)regs.esi,
        .code16_bytes = (uint16_t)(regs.esi >> 16),
        .data_bytes = (uint16_t)regs.edi,
        .entry = regs.ebx,
    };
    return OK;
}
