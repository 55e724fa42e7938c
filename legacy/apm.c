/* Whether the BIOS has power management, how it switches the machine off, and where 32-bit kernels
 * enter it (APM 1.2). */
#include "legacy/apm.h"
#include "legacy/bios.h"

#define CHECK          0x5300 /* 4.6.1.1 */
#define CONNECT_REAL   0x5301 /* 4.6.1.2 */
#define CONNECT_32     0x5303 /* 4.6.1.4 */
#define DISCONNECT     0x5304 /* 4.6.1.5 */
#define SET_STATE      0x5307 /* 4.6.1.8 */
#define ENABLE         0x5308 /* 4.6.1.9 */
#define DRIVER_VERSION 0x530e /* 4.6.1.15 */
#define SIGNATURE      0x504d /* "PM" */
#define FLAG_HAS_32    2u
#define VERSION_1_2    0x0102
#define APM_BIOS       0 /* the device */
#define ALL_DEVICES    1
#define STATE_OFF      3

static bool call_for(uint32_t function, uint32_t device, uint32_t what, struct bios_regs *regs)
{
    *regs = (struct bios_regs){.eax = function, .ebx = device, .ecx = what};
    bios_call(0x15, regs);
    return !bios_carry(regs);
}

static bool call(uint32_t function, struct bios_regs *regs)
{
    return call_for(function, APM_BIOS, 0, regs);
}

static bool is_there(struct bios_regs *regs)
{
    return call(CHECK, regs) && (regs->ebx & 0xffff) == SIGNATURE;
}

static bool check(struct bios_regs *regs)
{
    return is_there(regs) && regs->ecx & FLAG_HAS_32;
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

/* Before version 1.1 is asked for, a BIOS knows no state that is off (4.6.1.15). */
enum err apm_power_off(bool now)
{
    struct bios_regs regs;

    if (!is_there(&regs))
        return fail(ERR_UNSUPPORTED, "the BIOS has no power management (APM)");
    if (!now)
        return OK;
    call(DISCONNECT, &regs);
    call(CONNECT_REAL, &regs);
    call_for(DRIVER_VERSION, APM_BIOS, VERSION_1_2, &regs);
    call_for(ENABLE, ALL_DEVICES, true, &regs);
    call_for(SET_STATE, ALL_DEVICES, STATE_OFF, &regs);
    return fail(ERR_UNSUPPORTED, "the BIOS does not switch the machine off: error %02Xh",
                bios_ah(&regs));
}
