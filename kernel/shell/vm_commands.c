/* The commands `vm` and `mem`. */
#include "commands.h"
#include "../console/console.h"
#include "../handover/handover.h"
#include "../lib/text.h"
#include "../machine/interrupts.h"
#include "../vm/memory.h"
#include "../vm/memory_test.h"
#include "../vm/vm_test.h"

/* ---- words ----------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    uint32_t protection;
} protections[] = {
    {"none", VM_NO_ACCESS},
    {"read", VM_READ},
    {"write", VM_READ | VM_WRITE},
    {"execute", VM_READ | VM_EXECUTE},
    {"guard", VM_READ | VM_WRITE | VM_GUARD},
};
#define PROTECTIONS (sizeof protections / sizeof *protections)

static const char *protection_name(uint32_t protection)
{
    for (uint32_t i = 0; i < PROTECTIONS; i++)
        if (protections[i].protection == protection)
            return protections[i].word;
    return "guarded";
}

static bool take_protection(const char *word, uint32_t *protection)
{
    for (uint32_t i = 0; i < PROTECTIONS; i++)
        if (word && text_equal(word, protections[i].word)) {
            *protection = protections[i].protection;
            return true;
        }
    print_colour(COLOUR_BAD, "%s: not a protection: none, read, write, execute, guard\n",
                 word ? word : "nothing");
    return false;
}

static void tell(enum vm_status status)
{
    print_colour(status == VM_OK ? COLOUR_GOOD : COLOUR_BAD, "%s\n", vm_status_name(status));
}

/* ---- vm -------------------------------------------------------------------------------------- */

static void show_region(const struct vm_info *info)
{
    static const char *const types[] = {"free", "private", "shared", "copy-on-write"};
    print("  %016lx  %12lu KiB  %-10s%-9s%-14sregion %016lx\n", info->base, info->bytes / KIB,
          info->type == VM_NONE ? "free"
          : info->committed     ? "committed"
                                : "reserved",
          info->committed ? protection_name(info->protection) : "", types[info->type],
          info->region);
}

static void show_regions(struct vm *vm)
{
    struct vm_info info;
    for (uint64_t at = vm->first; at < vm->end && vm_query(vm, at, &info) == VM_OK;
         at = info.base + info.bytes)
        show_region(&info);
    for (uint32_t fault = VM_FAULT_DEMAND_ZERO; fault < VM_FAULTS; fault++)
        if (vm->faults[fault])
            print("  %lu faults: %s\n", vm->faults[fault], vm_fault_name((enum vm_fault)fault));
    print("  %lu pages have a frame of their own\n", vm->frames_held);
}

static void do_reserve(struct vm *vm, char **words)
{
    uint64_t bytes, address = 0;
    if (!take_number(words[2], &bytes) || (words[3] && !take_address(words[3], &address)))
        return;
    enum vm_status status = vm_reserve(vm, address, bytes, &address);
    if (status == VM_OK)
        print("  region %016lx\n", address);
    tell(status);
}

static void do_commit(struct vm *vm, char **words)
{
    uint64_t address, bytes;
    uint32_t protection = VM_READ | VM_WRITE;
    if (take_address(words[2], &address) && take_number(words[3], &bytes) &&
        (!words[4] || take_protection(words[4], &protection)))
        tell(vm_commit(vm, address, bytes, protection));
}

static void do_decommit(struct vm *vm, char **words)
{
    uint64_t address, bytes;
    if (take_address(words[2], &address) && take_number(words[3], &bytes))
        tell(vm_decommit(vm, address, bytes));
}

static void do_release(struct vm *vm, char **words)
{
    uint64_t region;
    if (take_address(words[2], &region))
        tell(vm_release(vm, region));
}

static void do_protect(struct vm *vm, char **words)
{
    uint64_t address, bytes;
    uint32_t protection;
    if (take_address(words[2], &address) && take_number(words[3], &bytes) &&
        take_protection(words[4], &protection))
        tell(vm_protect(vm, address, bytes, protection));
}

static void do_query(struct vm *vm, char **words)
{
    uint64_t address;
    struct vm_info info;
    if (!take_address(words[2], &address))
        return;
    enum vm_status status = vm_query(vm, address, &info);
    if (status == VM_OK)
        show_region(&info);
    tell(status);
}

/* Two regions over one section: what is written in the first shows in both, what is written in the
 * second stays there. */
static void do_share(struct vm *vm, char **words)
{
    uint64_t bytes, shared, copied;
    if (!take_number(words[2], &bytes))
        return;
    uint64_t pages = bytes / FRAME_BYTES + (bytes % FRAME_BYTES != 0);
    struct section *section = section_create(vm->spans.heap, pages);
    enum vm_status status =
        section ? vm_show(vm, section, false, 0, VM_READ | VM_WRITE, &shared) : VM_NO_MEMORY;
    if (status != VM_OK) {
        heap_give(vm->spans.heap, section);
        tell(status);
        return;
    }
    status = vm_show(vm, section, true, 0, VM_READ | VM_WRITE, &copied);
    if (status == VM_OK)
        print("  shared region %016lx, copy-on-write region %016lx\n", shared, copied);
    else
        vm_release(vm, shared);
    tell(status);
}

static void do_touch(struct vm *vm, char **words)
{
    uint64_t address;
    enum vm_access access = words[3] && text_equal(words[3], "write")     ? VM_FOR_WRITE
                            : words[3] && text_equal(words[3], "execute") ? VM_FOR_EXECUTE
                                                                          : VM_FOR_READ;
    if (take_address(words[2], &address))
        print("  page fault: %s\n", vm_fault_name(memory_probe(address, access)));
    (void)vm;
}

static void do_test(struct vm *vm, char **words)
{
    (void)vm;
    (void)words;
    bool passed = vm_test();
    print_colour(passed ? COLOUR_GOOD : COLOUR_BAD, "vm test: %s\n", passed ? "passed" : "FAILED");
}

/* A tick must not come between: another thread's page fault would find the regions half changed. */
void virtual_memory(char **words)
{
    static const struct {
        const char *word;
        void (*run)(struct vm *vm, char **words);
    } calls[] = {{"reserve", do_reserve}, {"commit", do_commit},   {"decommit", do_decommit},
                 {"release", do_release}, {"protect", do_protect}, {"query", do_query},
                 {"share", do_share},     {"touch", do_touch},     {"test", do_test}};
    uint64_t flags = interrupts_off();
    uint32_t i = 0, count = sizeof calls / sizeof *calls;
    while (words[1] && i < count && !text_equal(words[1], calls[i].word))
        i++;
    if (!words[1])
        show_regions(space_in_use());
    else if (i < count)
        calls[i].run(space_in_use(), words);
    else
        print_colour(COLOUR_BAD, "vm: no call %s; `help vm` lists them\n", words[1]);
    interrupts_restore(flags);
}

/* ---- mem ------------------------------------------------------------------------------------- */

static void show_memory(void)
{
    print("  frames: %lu of %lu free (%lu MiB of %lu), 4 KiB each, by bitmap\n", memory_frames.free,
          memory_frames.managed, memory_frames.free * FRAME_BYTES / MIB,
          memory_frames.managed * FRAME_BYTES / MIB);
    print("  heap: %lu KiB, %lu of them used by %lu blocks; it is %s\n", memory_heap.bytes / KIB,
          memory_heap.used_bytes / KIB, memory_heap.blocks,
          heap_is_sound(&memory_heap) ? "sound" : "DAMAGED");
}

void show_memory_use(char **words)
{
    uint64_t flags = interrupts_off();
    if (words[1] && text_equal(words[1], "test")) {
        bool passed = memory_test();
        print_colour(passed ? COLOUR_GOOD : COLOUR_BAD, "mem test: %s\n",
                     passed ? "passed" : "FAILED");
    }
    show_memory();
    interrupts_restore(flags);
}
