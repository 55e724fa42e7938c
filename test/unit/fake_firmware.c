#include "common/handoff/dead_end.h"
#include "common/hw/apic.h"
#include "common/hw/mtrr.h"
#include "common/lib/mem.h"
#include "test/unit/fake_machine.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct fake_machine machine;
jmp_buf fake_way_out;

void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fake firmware: %s\n", what);
    abort();
}

void must_be_there(void)
{
    must(machine.begun, "used before fake_begin()");
    must(!machine.left, "a verb was called after leave()");
}

/* ---- building the machine -------------------------------------------------------------------- */

static void add_real_memory(uint64_t bytes)
{
    machine.memory = mmap(at_physical(FAKE_MEMORY_BASE), bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    must(machine.memory == at_physical(FAKE_MEMORY_BASE), "no memory at FAKE_MEMORY_BASE");
    memset(machine.memory, FAKE_POISON, bytes);
    machine.memory_bytes = bytes;
    machine.allocate_from = FAKE_MEMORY_BASE;
    fake_map_add(FAKE_MEMORY_BASE, bytes, LINTEL_MEMORY_USABLE);
}

struct facts *fake_begin(uint64_t memory_bytes)
{
    must(!machine.begun, "fake_begin() twice");
    machine = (struct fake_machine){.begun = true, .levels = 4};
    machine.screen = open_memstream(&machine.output, &machine.output_bytes);
    machine.facts = (struct facts){
        .firmware = LINTEL_FIRMWARE_BIOS,
        .disks = machine.disks,
        .origin.disk = -1,
        .first_tsc = 1,
        .cpu = {.vendor = "FakeFirmware",
                .physical_bits = 48,
                .linear_bits = 48,
                .features = LINTEL_CPU_NX | LINTEL_CPU_1GIB | LINTEL_CPU_PGE | LINTEL_CPU_PAT},
        .reachable_end = UINT64_C(1) << 47,
    };
    if (memory_bytes)
        add_real_memory(align_up(memory_bytes, PAGE_BYTES));
    return &machine.facts;
}

void fake_end(void)
{
    must(machine.begun, "fake_end() without fake_begin()");
    for (uint64_t i = 0; i < machine.owned_count; i++)
        free(machine.owned[i].host);
    for (uint32_t i = 0; i < machine.facts.disk_count; i++)
        if (!machine.backings[i].memory)
            close(machine.backings[i].file);
    if (machine.memory)
        munmap(machine.memory, machine.memory_bytes);
    fclose(machine.screen);
    free(machine.output);
    free(machine.facts.map.ranges);
    free(machine.told);
    free(machine.told_busy);
    free(machine.owned);
    machine.begun = false;
}

int fake_tear_down(void **state)
{
    (void)state;
    fake_end();
    return 0;
}

void fake_map_add(uint64_t base, uint64_t bytes, enum lintel_memory_type type)
{
    struct raw_map *map = &machine.facts.map;

    map->ranges = realloc(map->ranges, (map->count + 1) * sizeof *map->ranges);
    map->ranges[map->count++] = (struct raw_range){base, bytes, type};
}

void fake_fail_allocate(uint64_t n)
{
    machine.fail_allocate = n;
}

void fake_fail_reserve(uint64_t n)
{
    machine.fail_reserve = n;
}

void fake_fail_leave(uint64_t n)
{
    machine.fail_leave = n;
}

void fake_grow_map_at_leave(uint64_t ranges)
{
    machine.grow_at_leave = ranges;
}

void fake_apic(bool x2apic, void (*heard)(uint32_t id, uint32_t command))
{
    machine.x2apic = x2apic;
    machine.heard = heard;
}

void fake_lock_x2apic(void)
{
    machine.x2apic_locked = true;
}

void fake_levels(uint32_t levels)
{
    machine.levels = levels;
}

bool fake_x2apic(void)
{
    return machine.x2apic;
}

bool fake_x2apic_wished(void)
{
    return machine.x2apic_wished;
}

bool fake_left(void)
{
    return machine.left;
}

uint64_t fake_reserved_pages(void)
{
    uint64_t pages = 0;

    for (uint64_t i = 0; i < machine.owned_count; i++)
        pages += machine.owned[i].reserved ? machine.owned[i].pages : 0;
    return pages;
}

uint64_t fake_allocated_pages(void)
{
    uint64_t pages = 0;

    for (uint64_t i = 0; i < machine.owned_count; i++)
        pages += machine.owned[i].reserved ? 0 : machine.owned[i].pages;
    return pages;
}

/* ---- the verbs ------------------------------------------------------------------------------- */

/* Counts an injected failure down; true when it is due. */
static bool due(uint64_t *countdown)
{
    return *countdown && --*countdown == 0;
}

static void own(uint64_t physical, uint64_t pages, bool reserved, void *host)
{
    machine.owned = realloc(machine.owned, (machine.owned_count + 1) * sizeof *machine.owned);
    machine.owned[machine.owned_count++] = (struct owned){physical, pages, reserved, host};
}

static const struct owned *owner_in(uint64_t physical, uint64_t pages)
{
    for (uint64_t i = 0; i < machine.owned_count; i++) {
        const struct owned *owned = &machine.owned[i];
        if (overlap(owned->physical, owned->pages * PAGE_BYTES, physical, pages * PAGE_BYTES))
            return owned;
    }
    return NULL;
}

/* Upwards through the real memory, around what is reserved: plans work from its other end. */
static enum err allocate_real(uint64_t pages, uint64_t *physical)
{
    uint64_t end = FAKE_MEMORY_BASE + machine.memory_bytes, at = machine.allocate_from;

    while (at < end && pages <= (end - at) / PAGE_BYTES) {
        const struct owned *owner = owner_in(at, pages);

        if (!owner) {
            own(at, pages, false, NULL);
            machine.allocate_from = at + pages * PAGE_BYTES;
            *physical = at;
            return OK;
        }
        at = owner->physical + owner->pages * PAGE_BYTES;
    }
    return fail(ERR_NO_MEMORY, "no %lu free pages", pages);
}

static enum err fake_allocate(uint64_t pages, uint64_t *physical)
{
    void *host;

    must_be_there();
    if (due(&machine.fail_allocate) || pages > UINT32_MAX)
        return fail(ERR_NO_MEMORY, "no %lu pages", pages);
    if (machine.memory) {
        TRY(allocate_real(pages, physical));
    } else {
        host = aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES);
        must(host != NULL, "the host has no memory left");
        *physical = (uint64_t)(uintptr_t)host;
        own(*physical, pages, false, host);
    }
    memset(at_physical(*physical), 0xa5, pages * PAGE_BYTES);
    return OK;
}

/* True when usable ranges hold every page, and no other range or owner has any of them. */
static bool is_free(uint64_t physical, uint64_t pages)
{
    const struct raw_map *map = &machine.facts.map;
    uint64_t bytes = pages * PAGE_BYTES;
    bool usable = false;

    for (uint64_t i = 0; i < map->count; i++) {
        const struct raw_range *range = &map->ranges[i];
        if (!overlap(range->base, range->bytes, physical, bytes))
            continue;
        if (range->type != LINTEL_MEMORY_USABLE)
            return false;
        usable |= range->base <= physical && bytes <= range->bytes - (physical - range->base);
    }
    return usable && !owner_in(physical, pages);
}

static enum err fake_reserve(uint64_t physical, uint64_t pages)
{
    must_be_there();
    must(physical % PAGE_BYTES == 0 && pages > 0, "reserve() of no whole pages");
    if (due(&machine.fail_reserve) || !is_free(physical, pages))
        return fail(ERR_CHANGED, "%lu pages at %lxh are not free", pages, physical);
    own(physical, pages, true, NULL);
    return OK;
}

static void fake_release(uint64_t physical, uint64_t pages)
{
    must_be_there();
    for (uint64_t i = 0; i < machine.owned_count; i++) {
        struct owned *owned = &machine.owned[i];
        if (owned->reserved && owned->physical == physical && owned->pages == pages) {
            *owned = machine.owned[--machine.owned_count];
            return;
        }
    }
    must(false, "release() of what was never reserved");
}

static struct raw_map tell(void)
{
    struct raw_map map = machine.facts.map;

    free(machine.told);
    machine.told = malloc((map.count + 1) * sizeof *map.ranges);
    memcpy(machine.told, map.ranges, map.count * sizeof *map.ranges);
    map.ranges = machine.told;
    map.capacity = map.count;
    return map;
}

static enum err fake_memory_map(struct raw_map *map, struct raw_map *busy)
{
    must_be_there();
    *map = tell();
    free(machine.told_busy);
    machine.told_busy = malloc((machine.owned_count + 1) * sizeof *machine.told_busy);
    *busy = (struct raw_map){.ranges = machine.told_busy};
    for (uint64_t i = 0; i < machine.owned_count; i++) {
        const struct owned *owned = &machine.owned[i];
        if (!owned->reserved)
            busy->ranges[busy->count++] = (struct raw_range){
                owned->physical, owned->pages * PAGE_BYTES, LINTEL_MEMORY_RECLAIMABLE};
    }
    return OK;
}

static enum err fake_leave(struct raw_map *map)
{
    must_be_there();
    if (due(&machine.fail_leave))
        return fail(ERR_CHANGED, "leave() fails on purpose");
    for (uint64_t i = 0; i < machine.grow_at_leave; i++)
        fake_map_add((64 * GIB) + 2 * i * PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_USABLE);
    *map = tell();
    machine.left = true;
    return OK;
}

static __attribute__((noreturn)) void fake_give_up(void)
{
    must_be_there();
    longjmp(fake_way_out, FAKE_GAVE_UP);
}

void fake_restart(void)
{
    must_be_there();
    longjmp(fake_way_out, FAKE_RESTARTED);
}

enum err fake_power_off(bool now)
{
    must_be_there();
    if (now)
        longjmp(fake_way_out, FAKE_SWITCHED_OFF);
    return OK;
}

/* ---- in the place of common/handoff ---------------------------------------------------------- */

uint32_t __wrap_handoff_levels(void);
void __wrap_handoff_enter(uint64_t root, uint64_t region) __attribute__((noreturn));

uint32_t __wrap_handoff_levels(void)
{
    return machine.levels;
}

void __wrap_handoff_enter(uint64_t root, uint64_t region)
{
    must(machine.left, "the handoff before leave()");
    machine.handoff_root = root;
    machine.handoff = at_physical(region);
    longjmp(fake_way_out, FAKE_HANDED_OFF);
}

/* ---- in the place of common/hw/apic.c, mtrr.c, probe.c and common/handoff/dead_end.c ----
 */

enum err __wrap_apic_begin(struct apic *apic, const struct lintel_cpu *cpu, bool want_x2apic,
                           uint64_t reachable_end);
void __wrap_apic_send(const struct apic *apic, uint32_t id, uint32_t command);
bool __wrap_apic_can_leave_x2apic(const struct apic *apic);
void __wrap_apic_leave_x2apic(void);
uint32_t __wrap_mtrr_read(struct mtrr mtrrs[MTRRS_MAX]);
uint64_t fake_unmapped = UINT64_MAX;

bool __wrap_probe_keeps(uint64_t first, uint64_t last);
uint64_t __wrap_probe_room(uint64_t physical, uint64_t most);
void __wrap_dead_end(enum lintel_firmware firmware, const struct video *video, const char *message)
    __attribute__((noreturn));

enum err __wrap_apic_begin(struct apic *apic, const struct lintel_cpu *cpu, bool want_x2apic,
                           uint64_t reachable_end)
{
    (void)reachable_end;
    if (!machine.heard)
        return fail(ERR_UNSUPPORTED, "the fake machine has no APIC");
    machine.x2apic_wished = want_x2apic;
    *apic = (struct apic){.x2apic = machine.x2apic, .id = cpu->apic_id};
    return OK;
}

void __wrap_apic_send(const struct apic *apic, uint32_t id, uint32_t command)
{
    must(apic_reaches(apic, id), "a message that would reach other CPUs");
    machine.heard(id, command);
}

bool __wrap_apic_can_leave_x2apic(const struct apic *apic)
{
    return apic->x2apic && !machine.x2apic_locked;
}

void __wrap_apic_leave_x2apic(void)
{
    must(machine.left, "the APIC is the firmware's before leave()");
    machine.x2apic = false;
}

uint32_t __wrap_mtrr_read(struct mtrr mtrrs[MTRRS_MAX])
{
    mtrrs[0] = (struct mtrr){0x2ff, 0xc06};
    return 1;
}

bool __wrap_probe_keeps(uint64_t first, uint64_t last)
{
    must(first <= last, "a probe from back to front");
    return !machine.is_blind;
}

uint64_t __wrap_probe_room(uint64_t physical, uint64_t most)
{
    return physical < fake_unmapped ? MIN(most, fake_unmapped - physical) : 0;
}

void __wrap_dead_end(enum lintel_firmware firmware, const struct video *video, const char *message)
{
    (void)firmware, (void)video, (void)message;
    must(machine.left, "a dead end before leave()");
    longjmp(fake_way_out, FAKE_DEAD_END);
}

uint64_t fake_handoff_root(void)
{
    return machine.handoff_root;
}

const struct handoff_state *fake_handoff(void)
{
    return machine.handoff;
}

const struct firmware fake_firmware = {
    .read = fake_read,
    .fetch_size = fake_fetch_size,
    .fetch = fake_fetch,
    .put = fake_put,
    .key = fake_key,
    .wait = fake_wait,
    .set_video = fake_set_video,
    .set_text = fake_set_text,
    .allocate = fake_allocate,
    .reserve = fake_reserve,
    .release = fake_release,
    .memory_map = fake_memory_map,
    .leave = fake_leave,
    .give_up = fake_give_up,
};
