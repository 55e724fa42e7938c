#include "common/boot.h"
#include "common/entries/loader_interface.h"
#include "common/entries/locate.h"
#include "common/hw/cpu.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/progress.h"
#include "common/menu/menu.h"
#include "common/protocol/protocol.h"
#include "common/storage/disk/cache.h"

/* The stages in which a kernel or program gets the machine. */
static bool is_last(const char *stage)
{
    return strcmp(stage, "leave") == 0 || strcmp(stage, "start") == 0;
}

void boot_stage(struct boot *boot, const char *name)
{
    if (boot->tells && is_last(name))
        loader_interface_tell_execution(boot);
    if (boot->stage_count < ARRAY_LENGTH(boot->stages))
        boot->stages[boot->stage_count++] = (struct lintel_stage){name, cpu_tsc()};
}

static void begin(struct boot *boot, struct facts *facts, const struct firmware *firmware)
{
    *boot = (struct boot){.facts = facts, .firmware = firmware};
    boot->stages[boot->stage_count++] = (struct lintel_stage){"firmware", facts->first_tsc};
    log_attach(firmware->put);
    progress_attach(firmware->put, facts->tsc_hz);
    arena_begin(&boot->arena, firmware->allocate);
    cache_begin(facts, &boot->arena);
    note("Lintel %s on %s\n", BOOT_VERSION,
         facts->firmware == LINTEL_FIRMWARE_BIOS ? "BIOS" : "UEFI");
}

static enum err read_config(struct boot *boot)
{
    boot_stage(boot, "config");
    TRY(locate_boot_volume(boot));
    locate_entry_volumes(boot);
    TRY(config_read(&boot->entry_volumes, &boot->arena, &boot->config));
    loader_interface_obey(boot);
    return OK;
}

/* Returns only when the entry could not be booted; then memory is as before. */
static enum err boot_entry(struct boot *boot, const struct entry *entry)
{
    struct arena_mark before = arena_mark(&boot->arena);

    loader_interface_save(boot, entry);
    enum err err = protocol_boot(boot, entry);
    arena_reset(&boot->arena, before);
    return err;
}

static void __attribute__((noreturn)) stop(const struct boot *boot, const char *message)
{
    say("\nLintel cannot boot: %s\n", message);
    boot->firmware->give_up();
}

void boot_main(struct facts *facts, const struct firmware *firmware)
{
    static struct boot boot;
    const char *error = NULL;

    begin(&boot, facts, firmware);
    if (read_config(&boot) != OK)
        stop(&boot, err_message());
    uint32_t stages = boot.stage_count;
    for (;;) {
        struct entry entry;
        boot.stage_count = stages;
        boot_stage(&boot, "menu");
        if (!menu_choose(&boot, error, &entry))
            stop(&boot, "nothing was chosen");
        enum err err = boot_entry(&boot, &entry);
        error = err == OK ? NULL : err_message();
        boot.config.timeout = -1; /* a program has ended, or a kernel did not start: ask */
    }
}
