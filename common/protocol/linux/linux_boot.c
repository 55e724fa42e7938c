/* Linux by its 64-bit or 32-bit entry (boot protocol, "64-bit boot protocol" and "32-bit boot
 * protocol"): the loader does what the kernel's real-mode part would do. */
#include "common/handoff/dead_end.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/protocol/linux/linux_job.h"
#include "common/protocol/linux/linux_params.h"

#define ENTRY_64_AT   0x200 /* from the kernel's load address */

/* The boot parameters, with the command line and the rest of a long map behind them. */
struct handover {
    struct linux_job *job;
    struct claim *page;
    struct linux_params params;
    struct linux_bios bios;
    struct raw_map raw;
    struct memmap map;
    struct video video;
};

/* ---- places ---------------------------------------------------------------------------------- */

/* Where the kernel likes to lie, else the lowest place above that. (Below, it would move itself up
 * to there over whatever is in its way.) */
static enum err place_relocatable(struct linux_job *job)
{
    const struct linux_image *image = &job->image;
    uint64_t alignment = MAX(image->alignment, PAGE_BYTES);
    struct claim_wish wish = {
        .name = "kernel",
        .bytes = image->memory_bytes,
        .alignment = alignment,
        .first = align_up(image->address, alignment),
        .end = 4 * GIB,
        .lowest = true,
    };

    if (image->above_4gib && image->entry == LINUX_ENTRY_64)
        wish.end = 0;
    return claims_take(&job->claims, &wish, &job->kernel);
}

static enum err place_kernel(struct linux_job *job)
{
    if (job->image.relocatable)
        return place_relocatable(job);
    return claims_take_at(&job->claims, "kernel", job->image.address, job->image.memory_bytes,
                          &job->kernel);
}

static enum err place_params(struct handover *handover)
{
    struct linux_job *job = handover->job;
    uint64_t options_bytes = strlen(job->files->options) + 1;
    struct claim_wish wish = {.name = "boot parameters", .first = 64 * KIB, .end = 4 * GIB};

    /* However long the last map is, it has to fit into handover->map first. */
    wish.bytes =
        align_up(LINUX_PARAMS_BYTES + options_bytes, 16) + linux_more_bytes(handover->map.capacity);
    TRY(claims_take(&job->claims, &wish, &handover->page));
    struct linux_params *params = &handover->params;
    params->options = handover->page->physical + LINUX_PARAMS_BYTES;
    params->more_ranges = align_up(params->options + options_bytes, 16);
    memcpy(at_physical(params->options), job->files->options, options_bytes);
    return OK;
}

static enum err take_map(struct handover *handover)
{
    struct boot *boot = handover->job->boot;
    struct raw_map busy;

    TRY(boot->machine.firmware->memory_map(&handover->raw, &busy));
    handover->map.capacity = 2 * MEMMAP_CAPACITY(handover->raw.capacity + 1) + 1;
    return ARENA_TAKE(&boot->machine.arena, handover->map.capacity, &handover->map.ranges);
}

/* ---- the screen ------------------------------------------------------------------------------ */

/* Without a wish for pixels Linux keeps the text mode of a BIOS. UEFI has none to keep. */
static void set_video(struct handover *handover)
{
    struct boot *boot = handover->job->boot;
    uint32_t width = 0, height = 0;
    bool wish = linux_video_wish(handover->job->files->options, &width, &height);

    if (!wish && boot->machine.facts->firmware == LINTEL_FIRMWARE_BIOS)
        return;
    if (boot->machine.firmware->set_video(width, height, &handover->video) == OK)
        handover->params.video = &handover->video;
    else
        say("no framebuffer for Linux: %s\n", err_message());
}

/* ---- the way in ------------------------------------------------------------------------------ */

static enum err fill_params(struct handover *handover)
{
    struct memmap *map = &handover->map;
    uint8_t *page = at_physical(handover->page->physical);

    map->count = 0;
    TRY(memmap_insert_raw(map, &handover->raw,
                          handover->job->boot->machine.facts->cpu.physical_bits));
    TRY(memmap_normalise(map));
    linux_params_fill(&handover->params, page);
    linux_bios_fill(&handover->bios, page);
    return OK;
}

static void set_registers(struct handover *handover)
{
    struct linux_job *job = handover->job;
    struct leap *leap = &job->leap;
    uint64_t address = job->kernel->target;

    leap->registers.rsi = handover->page->physical;
    leap->entry = address + (leap->mode == HANDOFF_LONG ? ENTRY_64_AT : job->image.start);
}

static enum err load(struct handover *handover)
{
    struct linux_job *job = handover->job;
    struct linux_params *params = &handover->params;

    timeline_mark(&job->boot->timeline, "load");
    TRY(linux_load_kernel(job));
    TRY(linux_load_initrds(job));
    params->address = job->kernel->target;
    if (job->initrd) {
        params->initrd = job->initrd->physical;
        params->initrd_bytes = job->initrd->used;
    }
    return leap_prepare(&job->leap, &job->claims);
}

/* Everything is filled once while an error can still be shown, and once more from the final map. */
static enum err leave(struct handover *handover)
{
    struct boot *boot = handover->job->boot;
    struct raw_map busy;

    set_video(handover);
    linux_ask_bios(handover->job, &handover->bios);
    TRY(boot->machine.firmware->memory_map(&handover->raw, &busy));
    TRY(fill_params(handover));
    loader_interface_tell_execution(&boot->interface);
    timeline_mark(&boot->timeline, "leave");
    return boot->machine.firmware->leave(&handover->raw);
}

static enum err boot_by_params(struct linux_job *job)
{
    struct handover *handover;

    TRY(ARENA_TAKE(&job->boot->machine.arena, 1, &handover));
    handover->job = job;
    handover->params = (struct linux_params){
        .image = &job->image,
        .facts = job->boot->machine.facts,
        .raw = &handover->raw,
        .map = &handover->map,
    };
    job->leap.mode = job->image.entry == LINUX_ENTRY_64 ? HANDOFF_LONG : HANDOFF_PROTECTED;
    TRY(place_kernel(job));
    TRY(take_map(handover));
    TRY(place_params(handover));
    TRY(load(handover));
    set_registers(handover);
    TRY(leave(handover));
    /* It fitted a moment ago: firmware that has broken its word on the last map. */
    if (fill_params(handover) != OK)
        dead_end(job->boot->machine.facts->firmware, handover->params.video, err_message());
    leap_enter(&job->leap);
}

static enum err boot_by_entry(struct linux_job *job)
{
    if (job->image.entry != LINUX_ENTRY_REAL)
        return boot_by_params(job);
    if (job->boot->machine.facts->firmware == LINTEL_FIRMWARE_BIOS)
        return linux_boot_real(job);
    return fail(ERR_UNSUPPORTED, "%s: starts in real mode only, which needs a BIOS; this is UEFI",
                job->files->kernel->name);
}

enum err linux_boot(struct boot *boot, const struct linux_files *files)
{
    struct linux_job *job;

    TRY(ARENA_TAKE(&boot->machine.arena, 1, &job));
    job->boot = boot;
    job->files = files;
    TRY(linux_image_parse(files->kernel, &job->image));
    TRY(linux_check_options(files, &job->image));
    claims_begin(&job->claims, boot->machine.facts, boot->machine.firmware, &boot->machine.arena);
    enum err err = boot_by_entry(job);
    claims_release(&job->claims);
    return err;
}
