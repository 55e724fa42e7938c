#include "images/tool/check/forecast.h"
#include "common/lib/mem.h"
#include "common/protocol/lintel/lintel.h"
#include "images/tool/check/foreign.h"
#include "images/tool/host/file.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/text.h"
#include <stdlib.h>

/* The page with the loader's last instructions: below 1 MiB, so that no plan can want it. */
#define LOADER_CODE   0x10000
#define LOADER_LEVELS 4

enum err forecast_begin(struct forecast *forecast, const struct machine_wish *machine,
                        const struct entry *entry)
{
    struct boot *boot = &forecast->boot;
    *forecast = (struct forecast){0};
    TRY(machine_make(machine, &forecast->facts));
    boot->machine.facts = &forecast->facts;
    arena_begin(&boot->machine.arena, host_firmware.allocate);
    forecast->job = &forecast->limine.job;
    forecast->job->boot = boot;
    forecast->job->entry = entry;
    return kernel_file_open(entry, &boot->machine.arena, &forecast->kernel);
}

bool forecast_has_plan(const struct forecast *forecast)
{
    return forecast->kernel.protocol == &protocol_lintel ||
           forecast->kernel.protocol == &protocol_limine;
}

/* ---- the files ------------------------------------------------------------------------------- */

static enum err open_modules(struct job *job, const struct entry_file *list)
{
    struct arena *arena = &job->boot->machine.arena;
    uint64_t count = entry_count_files(list);
    struct content content;

    TRY(ARENA_TAKE(arena, count, &job->modules));
    TRY(ARENA_TAKE(arena, count, &job->module_arguments));
    TRY(ARENA_TAKE(arena, count, &job->module_sizes));
    for (; list; list = list->next) {
        uint64_t i = job->request.module_count++;
        TRY(file_map(list->path, &content));
        job->modules[i].source = source_from_memory(list->path, content.bytes, content.size);
        job->module_arguments[i] = list->argument;
        job->module_sizes[i] = (struct plan_module){text_base(list->path), content.size};
    }
    return OK;
}

/* Modules that a Limine kernel names itself lie on a disk that is not here. */
enum err forecast_read(struct forecast *forecast)
{
    const struct source *kernel = &forecast->kernel.source;

    TRY(forecast->kernel.protocol == &protocol_limine ? limine_parse(&forecast->limine, kernel)
                                                      : lintel_parse(forecast->job, kernel));
    return open_modules(forecast->job, forecast->job->entry->modules);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static enum err keep_map(struct forecast *forecast)
{
    const struct memmap *map = &forecast->job->map;
    struct memmap *before = &forecast->before;
    TRY(ARENA_TAKE(&forecast->boot.machine.arena, map->count, &before->ranges));
    memcpy(before->ranges, map->ranges, map->count * sizeof *map->ranges);
    before->count = before->capacity = map->count;
    return OK;
}

/* As the kernel wishes, where the machine has a screen. */
static enum err add_screen(struct forecast *forecast)
{
    struct job *job = forecast->job;
    const struct lintel_request *wish = &job->kernel.request;

    if (!(wish->flags & (LINTEL_REQUEST_FRAMEBUFFER | LINTEL_REQUEST_FRAMEBUFFER_MUST)))
        return OK;
    job->has_video = machine_screen(&forecast->facts, wish, &job->video.fb);
    if (!job->has_video && wish->flags & LINTEL_REQUEST_FRAMEBUFFER_MUST)
        return fail(ERR_UNSUPPORTED,
                    "%s: requires a framebuffer: this machine has memory where it "
                    "would be",
                    job->kernel.source->name);
    return OK;
}

static enum err make_plan(struct forecast *forecast)
{
    struct job *job = forecast->job;
    const struct raw_map busy = {.ranges = &forecast->loader, .count = 1};

    job->raw = forecast->facts.map;
    job->request.loader_levels = LOADER_LEVELS;
    job->request.loader_code = LOADER_CODE;
    return job_make_plan(job, &busy);
}

enum err forecast_plan(struct forecast *forecast)
{
    struct job *job = forecast->job;
    const struct plan *plan = &job->plan;

    forecast->loader = machine_loader(&forecast->facts);
    TRY(make_plan(forecast));
    TRY(keep_map(forecast));
    TRY(add_screen(forecast));
    TRY(job_make_final_map(job));
    TRY(plan_map(&job->request, &job->map, job->has_video ? &job->video.fb : NULL,
                 &forecast->boot.machine.arena, &job->plan));
    return paging_count(&plan->paging, plan->mappings, plan->mapping_count, &forecast->table_pages);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Where a kernel wants to lie depends on the machine: here it may lie anywhere. */
static enum err check_plan(struct forecast *forecast)
{
    struct raw_range everything = {0, 64 * GIB, LINTEL_MEMORY_USABLE};

    forecast->facts.reachable_end = everything.bytes;
    forecast->facts.map = (struct raw_map){.ranges = &everything, .count = 1, .capacity = 1};
    TRY(forecast_read(forecast));
    return make_plan(forecast);
}

enum err forecast_check(const struct entry *entry)
{
    const struct machine_wish machine = {.memory_bytes = GIB};
    static struct forecast forecast;
    char *text = NULL;

    TRY(forecast_begin(&forecast, &machine, entry));
    if (forecast_has_plan(&forecast))
        return check_plan(&forecast);
    enum err err = foreign_describe(&forecast.kernel, &forecast.boot.machine.arena, &text);
    free(text);
    return err;
}
