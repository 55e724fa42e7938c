/* What would the loader decide about a kernel, on some machine? */
#include "images/tool/check/forecast.h"
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"

/* The page with the loader's last instructions: below 1 MiB, so that no plan can want it. */
#define LOADER_CODE   0x10000
#define LOADER_LEVELS 4

/* ---- the machine and the file ---------------------------------------------------------------- */

static enum err open_file(struct attempt *attempt, const char *path, struct file *file)
{
    const struct forecast *forecast = attempt->context;
    struct content content;

    TRY(forecast->files.open(forecast->files.context, path, &content));
    *file = (struct file){.reader = reader_from_memory(path, content.bytes, content.size),
                          .fs = &forecast->fs};
    return OK;
}

static enum err start_nothing(const struct program *program)
{
    return bug("a forecast starts %s", program->name);
}

static void describe_disk(struct forecast *forecast)
{
    forecast->disk = (struct disk){.name = "the host's files", .sector_bytes = 512};
    forecast->volume = (struct volume){.disk = &forecast->disk};
    forecast->fs = (struct fs){.volume = &forecast->volume};
}

static enum err make_machine(struct forecast *forecast, const struct machine_wish *wish)
{
    TRY(machine_make(wish, &forecast->facts));
    forecast->firmware = host_firmware;
    if (forecast->facts.firmware == LINTEL_FIRMWARE_UEFI)
        forecast->firmware.start = start_nothing;
    forecast->machine =
        (struct machine){.facts = &forecast->facts, .firmware = &forecast->firmware};
    arena_begin(&forecast->machine.arena, host_firmware.allocate);
    return OK;
}

static enum err find_protocol(struct forecast *forecast, const struct entry *entry)
{
    struct attempt *attempt = &forecast->attempt;

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
    return protocol_find(attempt, &forecast->protocol);
}

enum err forecast_begin(struct forecast *forecast, const struct machine_wish *wish,
                        const struct entry *entry, const struct forecast_files *files)
{
    *forecast = (struct forecast){.files = *files};
    describe_disk(forecast);
    TRY(make_machine(forecast, wish));
    TRY(find_protocol(forecast, entry));
    if (wish->firmware || wish->map || !forecast->protocol->firmware)
        return OK;
    struct machine_wish other = *wish;
    other.firmware = forecast->protocol->firmware;
    return forecast_begin(forecast, &other, entry, files);
}

enum err forecast_read(struct forecast *forecast)
{
    TRY(protocol_check(&forecast->attempt, forecast->protocol));
    return attempt_open(&forecast->attempt);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static enum err plan_around_loader(struct forecast *forecast)
{
    struct machine_loader *loader = &forecast->loader;

    *loader = machine_loader(&forecast->facts, host_memory_taken());
    const struct raw_map busy = {.ranges = loader->ranges, .count = loader->count};
    return attempt_plan(&forecast->attempt, &forecast->facts.map, &busy);
}

/* Once to know what memory the loader takes meanwhile, as attempt_reserve() does. */
static enum err make_plan(struct forecast *forecast)
{
    TRY(attempt_make_room(&forecast->attempt));
    TRY(plan_around_loader(forecast));
    return plan_around_loader(forecast);
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
                    attempt->kernel.reader.name, wish->required);
    return OK;
}

/* The tables of other ways in are gone at the kernel's first instruction, or are the firmware's. */
static enum err count_tables(struct forecast *forecast)
{
    struct attempt *attempt = &forecast->attempt;
    struct plan *plan = &attempt->plan;

    if (attempt->wishes.mode != ENTRY_KERNEL_TABLES && attempt->wishes.mode != ENTRY_LONG)
        return OK;
    TRY(plan_map(&attempt->request, &attempt->map, attempt->has_video ? &attempt->video.fb : NULL,
                 &forecast->machine.arena, plan));
    return paging_count(&plan->paging, plan->mappings, plan->mapping_count, &forecast->table_pages);
}

enum err forecast_plan(struct forecast *forecast)
{
    TRY(make_plan(forecast));
    TRY(keep_map(forecast));
    TRY(add_screen(forecast));
    TRY(attempt_make_final_map(&forecast->attempt));
    return count_tables(forecast);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Where a kernel wants to lie depends on the machine: here it may lie anywhere. */
static enum err check_on(enum lintel_firmware firmware, const struct entry *entry,
                         const struct forecast_files *files)
{
    const struct machine_wish machine = {.memory_bytes = GIB, .firmware = firmware};
    struct raw_range everything = {0, 64 * GIB, LINTEL_MEMORY_USABLE};
    static struct forecast forecast;

    TRY(forecast_begin(&forecast, &machine, entry, files));
    forecast.facts.reachable_end = everything.bytes;
    forecast.facts.map = (struct raw_map){.ranges = &everything, .count = 1, .capacity = 1};
    TRY(forecast_read(&forecast));
    return make_plan(&forecast);
}

/* The message is of the machine that such kernels are for, else of a BIOS machine. */
enum err forecast_check(const struct entry *entry, const struct forecast_files *files)
{
    return check_on(LINTEL_FIRMWARE_UEFI, entry, files) == OK ? OK : check_on(0, entry, files);
}
