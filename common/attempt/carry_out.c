/* How is an entry booted? The steps of every protocol stand in order in attempt_carry_out() at the
 * end. */
#include "common/attempt/attempt.h"
#include "common/handoff/dead_end.h"
#include "common/hw/cpu.h"
#include "common/hw/framebuffer.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/storage/disk/cache.h"

/* Under Secure Boot no kernel gets the machine unverified. */
static enum err check_secure(const struct attempt *attempt, bool verified)
{
    if (verified || !attempt_facts(attempt)->secure_boot)
        return OK;
    return fail(ERR_UNSUPPORTED,
                "%s: Secure Boot is on, and the firmware can't verify this file: only signed EFI "
                "programs, Linux kernels with an EFI entry and unified kernel images boot then; "
                "the firmware's setup can turn Secure Boot off",
                attempt->kernel.reader.name);
}

enum err attempt_open(struct attempt *attempt)
{
    attempt->resident_reader = reader_from_memory("the fault reporter", resident_image,
                                                  (uint64_t)(resident_image_end - resident_image));
    TRY(check_secure(attempt, attempt->hooks->starts_programs));
    TRY(elf_parse(&attempt->resident_reader, &attempt->machine->arena, &attempt->resident));
    TRY(attempt->hooks->open(attempt));
    return check_secure(attempt, attempt->wishes.mode == ENTRY_PROGRAM);
}

/* For the slide of the kernel, and for the kernel itself. */
static void gather_entropy(struct attempt *attempt)
{
    if (attempt->wishes.mode == ENTRY_KERNEL_TABLES)
        attempt->entropy_strong = cpu_entropy(&attempt_facts(attempt)->cpu, attempt->entropy);
}

static enum err load(struct attempt *attempt)
{
    timeline_mark(attempt->timeline, "load");
    TRY(attempt_load(attempt));
    return attempt->hooks->finish ? attempt->hooks->finish(attempt) : OK;
}

/* ---- screen ---------------------------------------------------------------------------------- */

static void clear_screen(const struct firmware *firmware)
{
    for (const char *c = "\033[0m\033[2J\033[H"; *c; c++)
        firmware->put(*c);
}

/* As late as possible: from here on the firmware's text console may be gone. */
static enum err set_screen(struct attempt *attempt)
{
    const struct screen_wish *wish = &attempt->wishes.screen;

    if (wish->cleared)
        clear_screen(attempt->machine->firmware);
    if (!wish->wanted)
        return OK;
    enum err err =
        framebuffer_set(attempt->machine->firmware, wish->width, wish->height,
                        plan_last_address(&attempt->wishes, attempt->request.cpu), &attempt->video);
    attempt->has_video = err == OK;
    if (err == OK)
        return OK;
    if (wish->required)
        return fail(err, "%s: %s: %s", attempt->kernel.reader.name, wish->required, err_message());
    say("no framebuffer: %s\n", err_message());
    return OK;
}

/* ---- the firmware stays ---------------------------------------------------------------------- */

static void tell_execution(struct attempt *attempt, const char *stage)
{
    if (attempt->interface)
        loader_interface_tell_execution(attempt->interface);
    timeline_mark(attempt->timeline, stage);
}

static enum err run_program(struct attempt *attempt)
{
    struct program *program = &attempt->program;
    const struct volume *volume = attempt->kernel.fs->volume;

    program->name = program->path = attempt->kernel.reader.name;
    program->disk = volume->disk;
    program->volume_first_lba = volume->first_lba;
    program->image = at_physical(attempt_place(attempt, 0)->physical);
    program->bytes = attempt->kernel.reader.bytes;
    tell_execution(attempt, "start");
    enum err err = attempt->machine->firmware->start(program);
    cache_forget(volume->disk); /* it may have written to the disks */
    if (err == OK && attempt->must_stay)
        return fail(ERR_UNSUPPORTED, "%s: %s", program->name, attempt->must_stay);
    return err;
}

/* ---- the firmware leaves --------------------------------------------------------------------- */

/* Everything is built once while an error can still be shown, from the firmware's newest map. */
static enum err build(struct attempt *attempt)
{
    struct arena_mark mark = arena_mark(&attempt->machine->arena);
    uint64_t most = attempt->raw.capacity;
    struct raw_map busy;

    TRY(attempt->machine->firmware->memory_map(&attempt->raw, &busy));
    if (attempt->raw.count > most && !entry_keeps_firmware(attempt->wishes.mode))
        return fail(ERR_CHANGED,
                    "the firmware's memory map has grown to %lu ranges, and %lu fit: try again",
                    attempt->raw.count, most);
    enum err err = attempt_build(attempt);
    arena_reset(&attempt->machine->arena, mark);
    return err;
}

static enum err leave(struct attempt *attempt)
{
    tell_execution(attempt, "leave");
    return attempt->machine->firmware->leave(&attempt->raw);
}

/* And once more from the final map. It fitted a moment ago: else firmware has broken its word on
 * the last map. */
static void build_again(struct attempt *attempt)
{
    timeline_mark(attempt->timeline, "handoff");
    if (attempt_build(attempt) != OK)
        dead_end(attempt_facts(attempt)->firmware, attempt->has_video ? &attempt->video : NULL,
                 err_message());
}

static void settle(struct attempt *attempt)
{
    attempt_start_cpus(attempt);
    if (attempt->hooks->settle)
        attempt->hooks->settle(attempt);
}

static enum err leave_and_enter(struct attempt *attempt)
{
    TRY(leave(attempt));
    build_again(attempt);
    settle(attempt);
    handoff_enter(attempt->root, attempt->plan.places[PLACE_HANDOFF].physical);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum err enter(struct attempt *attempt)
{
    switch (attempt->wishes.mode) {
    case ENTRY_PROGRAM:
        return run_program(attempt);
    case ENTRY_WITH_SERVICES:
        handoff_enter_with_services(attempt->entry_point, &attempt->registers);
    default:
        return leave_and_enter(attempt);
    }
}

static enum err load_and_enter(struct attempt *attempt)
{
    TRY(load(attempt));
    TRY(set_screen(attempt));
    TRY(build(attempt));
    return enter(attempt);
}

enum err attempt_carry_out(struct attempt *attempt)
{
    TRY(attempt_open(attempt));
    gather_entropy(attempt);
    TRY(attempt_reserve(attempt));
    enum err err = load_and_enter(attempt);
    attempt_release(attempt);
    return err;
}
