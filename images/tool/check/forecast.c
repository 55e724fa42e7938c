/* What would the loader decide about a kernel, on some machine? */
#include "images/tool/check/forecast.h"
#include "common/lib/mem.h"
#include "images/tool/host/file.h"
#include "images/tool/host/firmware.h"

/* The page with the loader's last instructions: below 1 MiB, so that no plan can want it. */
#define LOADER_CODE   0x10000
#define LOADER_LEVELS 4

/* ---- the machine and the file ---------------------------------------------------------------- */

static enum err open_file(struct attempt *attempt, const char *reference, struct file *file)
{
    const struct forecast *forecast = attempt->context;
    struct content content;

    TRY(file_map(reference, &content));
    *file = (struct file){.source = source_from_memory(reference, content.bytes, content.size),
                          .fs = &forecast->fs};
    return OK;
}

static enum err start_nothing(const struct program *program)
{
    return bug("a forecast starts %s", program->name);
}

static enum err make_machine(struct forecast *forecast, const struct machine_wish *wish)
{
    TRY(machine_make(wish, &forecast->facts));
    forecast->firmware = host_firmware;
    if (forecast->facts.firmware == LINTEL_FIRMWARE_UEFI)
        forecast->firmware.start = start_nothing;
    forecast->loader = machine_loader(&forecast->facts);
    return OK;
}

static void describe_disk(struct forecast *forecast)
{
    forecast->disk = (struct disk){.name = "the host's files", .sector_bytes = 512};
    forecast->volume = (struct volume){.disk = &forecast->disk};
    forecast->fs = (struct fs){.volume = &forecast->volume};
}

/* Where nobody names a machine, it is one that starts such kernels. */
static enum err choose_machine(struct forecast *forecast, struct machine_wish wish)
{
    if (wish.firmware || wish.map || !forecast->protocol->firmware)
        return OK;
    wish.firmware = forecast->protocol->firmware;
    return make_machine(forecast, &wish);
}

enum err forecast_begin(struct forecast *forecast, const struct machine_wish *machine,
                        const struct entry *entry)
{
    struct attempt *attempt = &forecast->attempt;

    *forecast = (struct forecast){0};
    describe_disk(forecast);
    TRY(make_machine(forecast, machine));
    forecast->machine =
        (struct machine){.facts = &forecast->facts, .firmware = &forecast->firmware};
    arena_begin(&forecast->machine.arena, host_firmware.allocate);
    *attempt = (struct attempt){
        .machine = &forecast->machine,
        .timeline = &forecast->timeline,
        .entry = entry,
        .loader_levels = LOADER_LEVELS,
        .loader_code = LOADER_CODE,
        .open_file = open_file,
        .context = forecast,
    };
    TRY(open_file(attempt, entry->kernel, &attempt->kernel));
    TRY(protocol_find(attempt, &forecast->protocol));
    return choose_machine(forecast, *machine);
}

enum err forecast_read(struct forecast *forecast)
{
    TRY(protocol_check(&forecast->attempt, forecast->protocol));
    return attempt_open(&forecast->attempt);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static enum err make_plan(struct forecast *forecast)
{
    const struct raw_map busy = {.ranges = &forecast->loader, .count = 1};

    return attempt_plan(&forecast->attempt, &forecast->facts.map, &busy);
}

static enum err keep_map(struct forecast *forecast)
{
    const struct memmap *map = &forecast->attempt.map;
    struct memmap *before = &forecast->before;

    TRY(ARENA_TAKE(&forecast->machine.arena, map->count, &before->ranges));
    before->capacity = map->count;
    memmap_copy(before, map);
    return OK;
}

/* As the kernel wishes, where the machine has a screen. */
static enum err add_screen(struct forecast *forecast)
{
    struct attempt *attempt = &forecast->attempt;
    const struct screen_wish *wish = &attempt->wishes.screen;

    if (!wish->wanted)
        return OK;
    attempt->has_video = machine_screen(&forecast->facts, wish, &attempt->video.fb);
    if (!attempt->has_video && wish->required)
        return fail(ERR_UNSUPPORTED, "%s: %s: this machine has memory where it would be",
                    attempt->kernel.source.name, wish->required);
    return OK;
}

enum err forecast_plan(struct forecast *forecast)
{
    struct attempt *attempt = &forecast->attempt;
    struct plan *plan = &attempt->plan;

    TRY(make_plan(forecast));
    TRY(keep_map(forecast));
    TRY(add_screen(forecast));
    TRY(attempt_make_final_map(attempt));
    if (entry_keeps_firmware(attempt->wishes.mode))
        return OK;
    TRY(plan_map(&attempt->request, &attempt->map, attempt->has_video ? &attempt->video.fb : NULL,
                 &forecast->machine.arena, plan));
    return paging_count(&plan->paging, plan->mappings, plan->mapping_count,
                        &forecast->table_pages);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Where a kernel wants to lie depends on the machine: here it may lie anywhere. */
static enum err check_on(enum lintel_firmware firmware, const struct entry *entry)
{
    const struct machine_wish machine = {.memory_bytes = GIB, .firmware = firmware};
    struct raw_range everything = {0, 64 * GIB, LINTEL_MEMORY_USABLE};
    static struct forecast forecast;

    TRY(forecast_begin(&forecast, &machine, entry));
    forecast.facts.reachable_end = everything.bytes;
    forecast.facts.map = (struct raw_map){.ranges = &everything, .count = 1, .capacity = 1};
    TRY(forecast_read(&forecast));
    return make_plan(&forecast);
}

enum err forecast_check(const struct entry *entry)
{
    return check_on(LINTEL_FIRMWARE_BIOS, entry) == OK ? OK
                                                       : check_on(LINTEL_FIRMWARE_UEFI, entry);
}
