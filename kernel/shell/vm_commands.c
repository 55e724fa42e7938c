/* The commands `vm` and `mem`. */
#include "kernel/lib/text.h"
#include "kernel/shell/shell.h"
#include "kernel/vm/memory.h"

/* As the words of the argument PROTECTION. */
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

static const char *protection_name(uint32_t protection)
{
    for (uint32_t i = 0; i < sizeof protections / sizeof *protections; i++)
        if (protections[i].protection == protection)
            return protections[i].word;
    return "guarded";
}

static void tell(enum vm_status status)
{
    print_colour(status == VM_OK ? COLOUR_GOOD : COLOUR_BAD, "%s\n", vm_status_name(status));
}

/* ---- vm -------------------------------------------------------------------------------------- */

static void show_region(const struct vm_info *info)
{
    static const char *const types[] = {"", "private", "shared", "copy-on-write", "the system's"};
    print("  %016lx  %12lu KiB  %-10s%-9s%s", info->base, info->bytes / KIB,
          info->type == VM_NONE ? "free"
          : info->committed     ? "committed"
                                : "reserved",
          info->committed ? protection_name(info->protection) : "", types[info->type]);
    if (info->region)
        print(", region %lx", info->region);
    print("\n");
}

static void show_regions(void)
{
    const struct vm *vm = &shell_space;
    struct vm_info info;
    struct vm_sums sums = vm_sums(vm);
    for (uint64_t at = vm->first; at < vm->end; at = info.base + info.bytes) {
        vm_query(vm, at, &info);
        show_region(&info);
    }
    print("  %lu KiB reserved; of these %lu committed; of these %lu in the working set\n",
          sums.reserved / KIB, sums.committed / KIB, sums.working_set / KIB);
    for (uint32_t fault = VM_FAULT_DEMAND_ZERO; fault < VM_FAULTS; fault++)
        if (vm->faults[fault])
            print("  %lu fault%s: %s\n", vm->faults[fault], text_plural(vm->faults[fault]),
                  vm_fault_name((enum vm_fault)fault));
    print("  frames of its own: %lu\n", vm->frames_held);
}

static void reserve(void)
{
    uint64_t address;
    enum vm_status status =
        vm_reserve(&shell_space, given.values[1], given.values[0], VM_NO_ACCESS, &address);
    if (status == VM_OK)
        print("  region %016lx\n", address);
    tell(status);
}

static void commit(void)
{
    uint32_t protection =
        given.count > 2 ? protections[given.values[2]].protection : VM_READ | VM_WRITE;
    tell(vm_commit(&shell_space, given.values[0], given.values[1], protection));
}

static void decommit(void)
{
    tell(vm_decommit(&shell_space, given.values[0], given.values[1]));
}

static void release(void)
{
    tell(vm_release(&shell_space, given.values[0]));
}

static void protect(void)
{
    tell(vm_protect(&shell_space, given.values[0], given.values[1],
                    protections[given.values[2]].protection));
}

/* Alone it walks: the next question is for the end of the last answer. */
static void query(void)
{
    struct vm_info info;
    uint64_t at = given.values[0];
    do {
        vm_query(&shell_space, at, &info);
        show_region(&info);
        at = info.base + info.bytes;
    } while (!given.count && at);
    if (given.count)
        windows_query(given.values[0]);
}

/* Two regions over one section: what is written in the first shows in both, what is written in the
 * second stays there. */
static void share(void)
{
    struct vm *vm = &shell_space;
    uint64_t shared, copied, bytes = given.values[0];
    uint64_t pages = bytes / FRAME_BYTES + (bytes % FRAME_BYTES != 0);
    struct section *section = section_create(vm->spans.heap, pages);
    enum vm_status status = section ? vm_show(vm, section, false, 0, VM_READ | VM_WRITE, &shared)
                            : pages ? VM_NO_MEMORY
                                    : VM_BAD_SIZE;
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

/* The kernel's code would not fault, but run. */
static void touch(void)
{
    struct vm_info info;
    enum vm_access access = (enum vm_access)given.values[1];
    vm_query(&shell_space, given.values[0], &info);
    if (access == VM_FOR_EXECUTE && info.type == VM_SYSTEM)
        tell(VM_BAD_ADDRESS);
    else
        print("  page fault: %s\n", vm_fault_name(memory_probe(given.values[0], access)));
}

/* ---- mem ------------------------------------------------------------------------------------- */

static void show_memory(void)
{
    print("  frames: %lu of %lu free (%lu MiB of %lu), 4 KiB each, by bitmap\n", memory_frames.free,
          memory_frames.managed, memory_frames.free * FRAME_BYTES / MIB,
          memory_frames.managed * FRAME_BYTES / MIB);
    print("  heap: %lu KiB, %lu of them used by %lu blocks; it is %s\n", memory_heap.bytes / KIB,
          (memory_heap.used_bytes + KIB - 1) / KIB, memory_heap.blocks,
          heap_is_sound(&memory_heap) ? "sound" : "DAMAGED");
}

const struct command vm_commands[] = {
    {"vm", "", "regions, page faults; `help vm` names the calls",
     "  Windows' calls can be typed as they are written in C, such as\n"
     "    VirtualAlloc(0x10000, 8192, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)\n"
     "    VirtualProtect(0x10000, 4096, PAGE_READONLY, &old)\n"
     "    VirtualQuery(0x10000, &info, sizeof(info))\n"
     "    VirtualFree(0x10000, 0, MEM_RELEASE)\n"
     "  VirtualAlloc(MEM_RESERVE)  vm reserve   PAGE_NOACCESS                none\n"
     "  VirtualAlloc(MEM_COMMIT)   vm commit    PAGE_READONLY                read\n"
     "  VirtualFree(MEM_DECOMMIT)  vm decommit  PAGE_READWRITE               write\n"
     "  VirtualFree(MEM_RELEASE)   vm release   PAGE_EXECUTE_READ            execute\n"
     "  VirtualProtect             vm protect   PAGE_READWRITE | PAGE_GUARD  guard\n"
     "  VirtualQuery               vm query     PAGE_EXECUTE_READWRITE       refused\n"
     "  Here regions begin at any page, there at multiples of 64 KiB. `help pages`\n",
     show_regions},
    {"pages", "", "the states of a page, and what takes it to each",
     "  free --vm reserve-> reserved --vm commit-> committed --vm touch-> working set\n"
     "   ^                  |  ^                       |                      |\n"
     "   +--- vm release ---+  +----- vm decommit -----+---- vm decommit -----+\n"
     "  vm release takes all of a region back to free, from any state.\n"
     "  vm protect none: the page keeps its frame, and each access faults;\n"
     "     ...    guard: the next access faults, and is told; then it is off.\n"
     "  vm share: a copy-on-write page shows a frame of others until it is written:\n"
     "     then it has one of its own (`vm touch ADDRESS write`).\n",
     NULL},
    {"vm reserve", "BYTES [ADDRESS]", "addresses, no memory", "  vm reserve 65536\n", reserve},
    {"vm commit", "ADDRESS BYTES [PROTECTION]", "pages that come, zeroed, when they are touched",
     "  vm commit 10000 8192 read    or none, write (default), execute, guard\n", commit},
    {"vm touch", "ADDRESS [ACCESS]", "an access for real: what the page fault turned out to be",
     "  vm touch 10000 write    or read (default), execute\n", touch},
    {"vm protect", "ADDRESS BYTES PROTECTION", "a guard page faults once",
     "  vm protect 10000 4096 guard    or none, read, write, execute\n", protect},
    {"vm query", "[ADDRESS]", "as VirtualQuery says; alone: all there is, from 0 up",
     "  vm query 10000\n", query},
    {"vm share", "BYTES", "two views of one memory: one shared, one copy-on-write",
     "  vm share 4096\n", share},
    {"vm decommit", "ADDRESS BYTES", "gives pages back, keeps the addresses",
     "  vm decommit 10000 4096\n", decommit},
    {"vm release", "REGION", "gives all of a region back", "  vm release 10000\n", release},
    {"mem", "", "frame allocator and heap",
     "  A bitmap, not a buddy: nearly everybody here takes one frame at a time.\n", show_memory},
    {0},
};
