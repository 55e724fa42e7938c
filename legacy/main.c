/* The BIOS front end: finds the facts, supplies the verbs, and ends in boot_main(). */
#include "common/handoff/canary.h"
#include "common/hw/cpu.h"
#include "common/lib/log.h"
#include "legacy/apm.h"
#include "legacy/bios.h"
#include "legacy/clock.h"
#include "legacy/console.h"
#include "legacy/disk.h"
#include "legacy/fault.h"
#include "legacy/memory.h"
#include "legacy/origin.h"
#include "legacy/ports.h"
#include "legacy/pxe.h"
#include "legacy/tables.h"
#include "legacy/variable.h"
#include "legacy/vbe.h"
#include "legacy/vga.h"

/* What entry.asm noted in real mode. */
extern const uint64_t boot_tsc;
extern const uint8_t boot_drive, boot_network, a20_method;

void main(void) __attribute__((noreturn));

#define GIVE_UP_SECONDS 10

static void wait_for_key(uint32_t seconds)
{
    const uint32_t step = 50;

    for (uint32_t passed = 0; passed < seconds * 1000; passed += step) {
        if (console_key(false) != KEY_NONE)
            return;
        clock_wait(step);
    }
}

static void keep_variables(void)
{
    if (variable_commit() != OK)
        note("%s\n", err_message());
}

/* INT 18h lets the BIOS try its next boot device, and wipes the screen on the way. */
static void __attribute__((noreturn)) give_up(void)
{
    struct bios_regs regs = {0};

    say("The BIOS tries its next boot device in %u seconds; a key makes it do so now.\n",
        GIVE_UP_SECONDS);
    keep_variables();
    wait_for_key(GIVE_UP_SECONDS);
    pxe_quiet();
    bios_call(0x18, &regs);
    say("The BIOS has no other boot device. Stopped.\n");
    for (;;)
        __asm__ volatile("cli; hlt");
}

#define RESET_PORT       0xcf9 /* of PCI chip sets */
#define RESET_PREPARE    0x02
#define RESET_NOW        0x06
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET   0xfe

/* From the politest to the one that works everywhere: a fault without a table. */
static void __attribute__((noreturn)) restart(void)
{
    static const uint8_t no_table[10];

    keep_variables();
    port_write(RESET_PORT, RESET_PREPARE);
    port_write(RESET_PORT, RESET_NOW);
    for (uint32_t i = 0; i < 1000; i++) {
        port_write(KEYBOARD_COMMAND, KEYBOARD_RESET);
        port_pause();
    }
    __asm__ volatile("lidt %0; int3" : : "m"(no_table));
    __builtin_unreachable();
}

static enum err power_off(bool now)
{
    if (now)
        keep_variables();
    return apm_power_off(now);
}

/* Interrupts are off in long mode as it is; only what would run on by itself must be stopped. */
static enum err leave(struct raw_map *map)
{
    struct bios_regs regs = {.eax = 0xec00, .ebx = 3}; /* AMD: long mode will run, or others */
    struct raw_map busy;

    bios_call(0x15, &regs);
    keep_variables();
    vga_quiet();
    disk_quiet();
    pxe_quiet();
    return memory_map(map, &busy);
}

static struct firmware bios = {
    .read = disk_read,
    .write_sector = disk_write_sector,
    .fetch_size = pxe_fetch_size,
    .fetch = pxe_fetch,
    .put = console_put,
    .key = console_key,
    .wait = clock_wait,
    .set_video = vbe_set_video,
    .connect_apm = apm_connect,
    .set_text = console_text,
    .allocate = memory_allocate,
    .reserve = memory_reserve,
    .release = memory_release,
    .memory_map = memory_map,
    .leave = leave,
    .restart = restart,
    .power_off = power_off,
    .give_up = give_up,
};

static void supply_variables(void)
{
    bios.get_variable = variable_get;
    bios.set_variable = variable_set;
    bios.commit_variables = variable_commit;
}

static void note_way_in(void)
{
    static const char *const methods[] = {"was on", "by INT 15h AX=2401h", "by port 92h",
                                          "by the keyboard controller"};

    note("A20 %s\n", methods[a20_method & 3]);
    if (boot_network)
        note("loaded by the network card's PXE ROM\n");
    else
        note("loaded from BIOS drive %02Xh\n", boot_drive);
}

static uint8_t keyboard_flags(void)
{
    struct bios_regs regs = {.eax = 0x0200};

    bios_call(0x16, &regs);
    return (uint8_t)regs.eax;
}

static enum err find_facts(struct facts *facts)
{
    struct raw_map busy;

    *facts = (struct facts){
        .firmware = LINTEL_FIRMWARE_BIOS,
        .first_tsc = boot_tsc,
    };
    cpu_identify(&facts->cpu);
    TRY(memory_begin());
    facts->reachable_end = memory_reach(facts->cpu.features);
    TRY(memory_map(&facts->map, &busy));
    TRY(disk_find(boot_drive, &facts->disks, &facts->disk_count, &facts->origin.disk));
    if (!boot_network)
        origin_find(facts->disks, facts->disk_count, &facts->origin);
    else
        TRY(pxe_find_server(&facts->origin));
    if (variable_find(facts))
        supply_variables();
    facts->rsdp = tables_find_rsdp();
    facts->smbios = tables_find_smbios();
    facts->smbios3 = tables_find_smbios3();
    facts->wall_clock = clock_read();
    facts->tsc_hz = clock_tsc_hz();
    facts->keyboard_flags = keyboard_flags();
    return OK;
}

CANARY_NONE void main(void)
{
    static struct facts facts;

    canary_begin();
    fault_begin();
    clock_begin();
    console_begin();
    log_attach(console_put);
    note_way_in();
    if (find_facts(&facts) != OK) {
        say("Lintel cannot boot: %s\n", err_message());
        give_up();
    }
    boot_main(&facts, &bios);
}
