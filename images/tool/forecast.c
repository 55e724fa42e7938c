#include "forecast.h"
#include "file.h"
#include "text.h"
#include "common/lib/mem.h"

/* The page with the loader's last instructions: below 1 MiB, so that no plan can want it. */
#define LOADER_CODE   0x10000
#define LOADER_LEVELS 4

enum err forecast_begin(struct forecast *forecast, const struct machine_wish *machine,
                        const char *kernel)
{
    struct boot *boot = &forecast->boot;
    *forecast = (struct forecast){.entry = {.id = "lintel", .options = ""}};
    TRY(machine_make(machine, &forecast->facts));
    boot->facts = &forecast->facts;
    host_arena_begin(&boot->arena);
    forecast->job.boot = boot;
    forecast->job.entry = &forecast->entry;
    return kernel_file_open(kernel, &boot->arena, &forecast->kernel);
}

/* ---- the files ------------------------------------------------------------------------------- */

static enum err open_modules(struct job *job, const char *const *paths, size_t count)
{
    struct arena *arena = &job->boot->arena;
    struct content content;

    TRY(ARENA_TAKE(arena, count, &job->modules));
    TRY(ARENA_TAKE(arena, count, &job->module_arguments));
    TRY(ARENA_TAKE(arena, count, &job->module_sizes));
    for (size_t i = 0; i < count; i++) {
        TRY(file_map(paths[i], &content));
        job->modules[i].source = source_from_memory(paths[i], content.bytes, content.size);
        job->module_arguments[i] = "";
        job->module_sizes[i] = (struct plan_module){text_base(paths[i]), content.size};
    }
    job->request.module_count = count;
    return OK;
}

enum err forecast_read(struct forecast *forecast, const char *const *modules, size_t count)
{
    TRY(lintel_parse(&forecast->job, &forecast->kernel.source));
    return open_modules(&forecast->job, modules, count);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static enum err keep_map(struct forecast *forecast)
{
    const struct memmap *map = &forecast->job.map;
    struct memmap *before = &forecast->before;
    TRY(ARENA_TAKE(&forecast->boot.arena, map->count, &before->ranges));
    memcpy(before->ranges, map->ranges, map->count * sizeof *map->ranges);
    before->count = before->capacity = map->count;
    return OK;
}

/* As the kernel wishes, where the machine has a screen. */
static enum err add_screen(struct forecast *forecast)
{
    struct job *job = &forecast->job;
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

enum err forecast_plan(struct forecast *forecast)
{
    struct job *job = &forecast->job;
    const struct plan *plan = &job->plan;
    const struct raw_map busy = {.ranges = &forecast->loader, .count = 1};

    forecast->loader = machine_loader(&forecast->facts);
    job->raw = forecast->facts.map;
    job->request.loader_levels = LOADER_LEVELS;
    job->request.loader_code = LOADER_CODE;
    TRY(job_make_plan(job, &busy));
    TRY(keep_map(forecast));
    TRY(add_screen(forecast));
    TRY(job_make_final_map(job));
    TRY(plan_map(&job->request, &job->map, job->has_video ? &job->video.fb : NULL,
                 &forecast->boot.arena, &job->plan));
    return paging_count(&plan->paging, plan->mappings, plan->mapping_count, &forecast->table_pages);
}
