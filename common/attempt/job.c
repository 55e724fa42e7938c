/* The steps of a boot into the upper half. They stand in order in job_carry_out() at the end. */
#include "common/attempt/job.h"
#include "common/storage/reference.h"
#include "common/handoff/dead_end.h"
#include "common/hw/cpu.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define PLAN_TRIES      3
#define PLAN_ROOM_BYTES (256 * KIB)

enum err job_open_modules(struct job *job, const struct entry_file *list)
{
    struct boot *boot = job->boot;
    uint64_t count = entry_count_files(list);

    TRY(ARENA_TAKE(&boot->machine.arena, count, &job->modules));
    TRY(ARENA_TAKE(&boot->machine.arena, count, &job->module_arguments));
    TRY(ARENA_TAKE(&boot->machine.arena, count, &job->module_sizes));
    for (const struct entry_file *m = list; m; m = m->next) {
        uint64_t i = job->request.module_count++;
        job->module_arguments[i] = m->argument;
        if (reference_open(&boot->volumes, job->entry->fs, m->path, &job->modules[i]) != OK)
            return fail(ERR_NOT_FOUND, "entry %s: module: %s", job->entry->id, err_message());
        job->module_sizes[i] = (struct plan_module){m->path, job->modules[i].source.bytes};
    }
    return OK;
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* Memory that firmware gives while a plan is made is missing from the map that it is made with, and
 * a claim fails. So the arena gets its memory before. */
static enum err make_room(struct arena *arena)
{
    struct arena_mark mark = arena_mark(arena);
    void *room;
    TRY(arena_take(arena, PLAN_ROOM_BYTES, &room));
    arena_reset(arena, mark);
    return OK;
}

static enum err make_plan(struct job *job)
{
    struct raw_map busy;
    TRY(make_room(&job->boot->machine.arena));
    TRY(job->boot->machine.firmware->memory_map(&job->raw, &busy));
    job->request.loader_levels = handoff_levels();
    job->request.loader_code = (uintptr_t)handoff_enter;
    return job_make_plan(job, &busy);
}

static void release(struct job *job, uint64_t claims)
{
    for (uint64_t i = 0; i < claims; i++)
        job->boot->machine.firmware->release(job->plan.claims[i].physical,
                                             job->plan.claims[i].pages);
}

static enum err claim(struct job *job)
{
    for (uint64_t i = 0; i < job->plan.claim_count; i++) {
        const struct plan_claim *claim = &job->plan.claims[i];
        enum err err = job->boot->machine.firmware->claim(claim->physical, claim->pages);
        if (err != OK) {
            release(job, i);
            return err;
        }
    }
    return OK;
}

/* A UEFI driver may take memory between the look at the map and the claim: then the plan is made
 * again. */
static enum err plan_and_claim(struct job *job)
{
    enum err err = OK;
    timeline_mark(&job->boot->timeline, "plan");
    for (int tries = 0; tries < PLAN_TRIES; tries++) {
        struct arena_mark mark = arena_mark(&job->boot->machine.arena);
        TRY(make_plan(job));
        err = claim(job);
        if (err != ERR_CHANGED)
            return err;
        arena_reset(&job->boot->machine.arena, mark);
    }
    return err;
}

/* ---- loading --------------------------------------------------------------------------------- */

static enum err load_module(struct job *job, uint64_t index)
{
    const struct source *source = &job->modules[index].source;
    const struct placement *place = &job->plan.places[PLACE_MODULES + index];
    uint8_t *to = at_physical(place->physical);

    TRY(source_load(source, 0, source->bytes, to));
    memset(to + source->bytes, 0, place->bytes - source->bytes);
    return OK;
}

static enum err load_files(struct job *job)
{
    const struct placement *places = job->plan.places;
    timeline_mark(&job->boot->timeline, "load");
    TRY(elf_load(&job->kernel, at_physical(places[PLACE_KERNEL].physical), job->plan.slide));
    TRY(elf_load(&job->resident, at_physical(places[PLACE_RESIDENT].physical),
                 job->plan.resident_virtual));
    memset(at_physical(places[PLACE_STACK].physical), 0, places[PLACE_STACK].bytes);
    for (uint64_t i = 0; i < job->request.module_count; i++)
        TRY(load_module(job, i));
    return OK;
}

/* As late as possible: from here on the firmware's text console may be gone. */
static enum err set_video(struct job *job)
{
    const struct lintel_request *wish = &job->kernel.request;
    if (!(wish->flags & (LINTEL_REQUEST_FRAMEBUFFER | LINTEL_REQUEST_FRAMEBUFFER_MUST)))
        return OK;
    enum err err = job->boot->machine.firmware->set_video(wish->framebuffer_width,
                                                          wish->framebuffer_height, &job->video);
    job->has_video = err == OK;
    if (err == OK)
        return OK;
    if (wish->flags & LINTEL_REQUEST_FRAMEBUFFER_MUST)
        return fail(err, "%s: requires a framebuffer: %s", job->kernel.source->name, err_message());
    say("no framebuffer: %s\n", err_message());
    return OK;
}

/* ---- the handoff ----------------------------------------------------------------------------- */

static enum err build_handoff(struct job *job, uint64_t *bridge)
{
    const struct placement *place = &job->plan.places[PLACE_INFO];
    struct block block = {place->physical, place->physical + place->bytes, job->plan.direct_map};
    uint64_t argument;
    TRY(job_make_final_map(job));
    TRY(plan_map(&job->request, &job->map, job->has_video ? &job->video.fb : NULL,
                 &job->boot->machine.arena, &job->plan));
    TRY(job->rules->build_information(job, &block, &argument));
    TRY(job_build_machine(job, &block, argument, bridge));
    return job_build_cpus(job, &block);
}

/* Everything is built once while an error can still be shown, and once more from the final map. */
static enum err leave(struct job *job, uint64_t *bridge)
{
    struct boot *boot = job->boot;
    struct arena_mark mark = arena_mark(&boot->machine.arena);
    struct raw_map busy;

    TRY(boot->machine.firmware->memory_map(&job->raw, &busy));
    TRY(build_handoff(job, bridge));
    arena_reset(&boot->machine.arena, mark);
    loader_interface_tell_execution(&boot->interface);
    timeline_mark(&boot->timeline, "leave");
    return boot->machine.firmware->leave(&job->raw);
}

static void __attribute__((noreturn)) hand_off(struct job *job, uint64_t bridge)
{
    timeline_mark(&job->boot->timeline, "handoff");
    /* It fitted a moment ago: firmware that has broken its word on the last map. */
    if (build_handoff(job, &bridge) != OK)
        dead_end(job->boot->machine.facts->firmware, job->has_video ? &job->video : NULL,
                 err_message());
    job_start_cpus(job);
    if (job->rules->settle)
        job->rules->settle(job);
    handoff_enter(bridge, job->plan.places[PLACE_HANDOFF].physical);
}

static enum err load_and_leave(struct job *job, uint64_t *bridge)
{
    TRY(load_files(job));
    if (job->rules->check_loaded)
        TRY(job->rules->check_loaded(job));
    TRY(set_video(job));
    return leave(job, bridge);
}

enum err job_carry_out(struct job *job)
{
    uint64_t bridge;
    TRY(plan_and_claim(job));
    enum err err = load_and_leave(job, &bridge);
    if (err == OK)
        hand_off(job, bridge);
    release(job, job->plan.claim_count);
    return err;
}
