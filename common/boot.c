/* What happens from the front end's call to a running kernel? */
#include "common/boot.h"
#include "common/entries/auto.h"
#include "common/entries/tries.h"
#include "common/hw/cpu.h"
#include "common/hw/tables.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/progress.h"
#include "common/protocol/protocol.h"
#include "common/storage/disk/cache.h"
#include "common/storage/reference.h"
#include "common/storage/state_variable.h"
#include "common/version.h"

#define TRIAL_VARIABLE "LintelTrial"

#define REASONS_BYTES 512 /* as of a message */

static void begin(struct boot *boot, struct facts *facts, const struct firmware *firmware)
{
    *boot = (struct boot){
        .machine = {.facts = facts, .firmware = firmware},
        .volumes = {.machine = &boot->machine},
        .interface = {.machine = &boot->machine},
        .timeline = {.stages = {{"firmware", facts->first_tsc}}, .count = 1},
    };
    log_attach(firmware->put);
    tables_check(facts);
    progress_attach(firmware->put, cpu_tsc, facts->tsc_hz);
    arena_begin(&boot->machine.arena, firmware->allocate);
    cache_begin(facts, &boot->machine.arena);
    note("Lintel %s on %s\n", LINTEL_VERSION,
         facts->firmware == LINTEL_FIRMWARE_BIOS ? "BIOS" : "UEFI");
}

enum err boot_find_entries(struct boot *boot)
{
    timeline_mark(&boot->timeline, "config");
    enum err err = volumes_find(&boot->machine, &boot->volumes);
    entry_volumes_find(&boot->volumes, err, &boot->entry_volumes);
    TRY(config_read(&boot->entry_volumes, &boot->machine.arena, &boot->config));
    loader_interface_obey(&boot->interface, &boot->config);
    return OK;
}

static enum err begin_menu(struct boot *boot)
{
    TRY(boot_find_entries(boot));
    return menu_begin(&boot->machine, &boot->volumes, &boot->config, &boot->interface, &boot->menu);
}

static enum err open_file(struct attempt *attempt, const char *reference, struct file *file)
{
    return reference_open(attempt->context, attempt->entry->fs, reference, file);
}

static enum err open_and_carry_out(struct boot *boot, struct attempt *attempt)
{
    const struct protocol *protocol;

    timeline_mark(&boot->timeline, "kernel");
    if (attempt->entry->problem)
        return fail(ERR_UNSUPPORTED, "%s", attempt->entry->problem);
    TRY(open_file(attempt, attempt->entry->kernel, &attempt->kernel));
    TRY(protocol_find(attempt, &protocol));
    TRY(protocol_check(attempt, protocol));
    if (tries_count(&boot->config, attempt->entry) != OK)
        say("this try of entry %s is not counted: %s\n", attempt->entry->id, err_message());
    if (loader_interface_commit(&boot->machine) != OK)
        say("nothing is kept of this boot: %s\n", err_message());
    if (!protocol->silent && attempt->entry->kind != ENTRY_TRIAL) {
        attempt->interface = &boot->interface;
        loader_interface_tell(&boot->interface, &boot->config, attempt->entry);
    }
    return attempt_carry_out(attempt);
}

/* Returns only when the entry could not be booted, or its program has ended; then memory is as
 * before. */
static enum err boot_program(struct boot *boot, const struct entry *entry)
{
    struct arena_mark before = arena_mark(&boot->machine.arena);
    struct attempt *attempt;

    loader_interface_save(&boot->interface, entry);
    TRY(ARENA_TAKE(&boot->machine.arena, 1, &attempt));
    *attempt = (struct attempt){
        .machine = &boot->machine,
        .timeline = &boot->timeline,
        .entry = entry,
        .zero_memory = boot->config.zero_memory,
        .loader_levels = handoff_levels(),
        .loader_code = (uintptr_t)handoff_enter,
        .open_file = open_file,
        .context = &boot->volumes,
    };
    enum err err = open_and_carry_out(boot, attempt);
    arena_reset(&boot->machine.arena, before);
    return err == OK ? OK : fail(err, "entry %s: %s", entry->id, err_message());
}

/* Whether this boot is an update's one try. That is over before it begins: whatever comes of it,
 * the next reset starts the loader that is good. */
static enum err begin_trial(const struct machine *machine, bool *pending)
{
    static const uint8_t started = STATE_TRIAL_STARTED;
    const struct firmware *firmware = machine->firmware;
    uint64_t bytes = sizeof started;
    uint8_t trial;

    *pending = machine->facts->origin.has_area && firmware->get_variable &&
               firmware->get_variable(vendor_lintel, TRIAL_VARIABLE, &trial, &bytes) == OK &&
               bytes == sizeof trial && trial == STATE_TRIAL_PENDING;
    if (!*pending)
        return OK;
    TRY(firmware->set_variable(vendor_lintel, TRIAL_VARIABLE, true, &started, sizeof started));
    return loader_interface_commit(machine);
}

/* Returns where there is none, or it does not start. */
static void try_update(struct boot *boot)
{
    static char reference[] = "trial:", key[] = "kernel", id[] = "trial", empty[] = "";
    static const struct entry entry = {.kind = ENTRY_TRIAL,
                                       .id = id,
                                       .suffix = empty,
                                       .kernel = reference,
                                       .kernel_key = key,
                                       .options = empty};
    uint32_t stages = boot->timeline.count;
    bool pending;

    enum err err = begin_trial(&boot->machine, &pending);
    if (!pending)
        return;
    if (err == OK) {
        say("An update of Lintel is on trial.\n");
        err = boot_program(boot, &entry);
    }
    if (err != OK)
        say("The update of Lintel does not start, and this one goes on: %s\n", err_message());
    boot->timeline.count = stages;
}

/* A wish for one boot that can't be forgotten would restart the machine for ever. */
static enum err boot_entry(struct boot *boot, const struct entry *entry)
{
    if (!entry_kind_is_act(entry->kind))
        return boot_program(boot, entry);
    TRY(loader_interface_commit(&boot->machine));
    return auto_entry_act(&boot->machine, entry);
}

/* Nobody chose it: where it does not start, the others get their turn, each once. Returns as
 * boot_entry() does, with all reasons. */
static enum err boot_default(struct boot *boot)
{
    struct entry *entry = &boot->config.entries[boot->config.chosen];
    char reasons[REASONS_BYTES] = "";
    size_t length = 0;
    enum err err;

    while ((err = boot_entry(boot, entry)) != OK) {
        length += fmt(reasons + length, sizeof reasons - length, "%s%s", length ? "; " : "",
                      err_message());
        length = MIN(length, sizeof reasons - 1);
        if (boot->config.fallback)
            say("%s\n", err_message()); /* before another's takes its place */
        entry = boot->config.fallback ? config_fall_back(&boot->config, entry) : NULL;
        if (!entry)
            return fail(err, "%s", reasons);
        say("fallback: entry %s\n", entry->id);
    }
    return OK;
}

static const char *reason_to_ask(const struct config *config)
{
    const char *reason = config_reason_to_ask(config);

    if (!reason && config->default_doubt)
        say("%s\nfallback: entry %s\n", config->default_doubt, config->entries[config->chosen].id);
    return reason;
}

static void __attribute__((noreturn)) stop(const struct boot *boot, const char *message)
{
    say("\nLintel cannot boot: %s\n", message);
    boot->machine.firmware->give_up();
}

void boot_main(struct facts *facts, const struct firmware *firmware)
{
    static struct boot boot;

    begin(&boot, facts, firmware);
    try_update(&boot);
    if (begin_menu(&boot) != OK)
        stop(&boot, err_message());
    const char *error = reason_to_ask(&boot.config);
    uint32_t stages = boot.timeline.count;
    for (;;) {
        struct entry entry;
        boot.timeline.count = stages;
        timeline_mark(&boot.timeline, "menu");
        enum choice choice = menu_choose(boot.menu, error, &entry);
        if (choice == GIVEN_UP)
            stop(&boot, "nothing was chosen");
        enum err err = choice == BY_ITSELF ? boot_default(&boot) : boot_entry(&boot, &entry);
        error = err == OK ? NULL : err_message();
        boot.config.timeout = -1; /* a program has ended, or a kernel did not start: ask */
    }
}
