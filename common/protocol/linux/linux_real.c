/* What does Linux wish that only has a real-mode entry, or what looks like it (iPXE, memdisk)? Its
 * own real-mode part asks the BIOS for everything. (boot protocol, "running the kernel") */
#include "common/lib/mem.h"
#include "common/protocol/linux/linux.h"

/* The real-mode part's segment: code, heap up to here, the command line. */
#define HEAP_END     0xe000u
#define HEAP_LEAST   0x1000u
#define HEAP_RESERVE 0x200u /* heap_end_ptr stays that far below the stack */
#define ENTRY_AT     0x20u  /* in paragraphs, from the beginning */
#define LOW_END      (640 * KIB)

/* Below its end the memory that the BIOS itself uses begins; the lowest is the loader's. */
enum err linux_wish_real(struct attempt *attempt, const struct linux_boot *boot)
{
    struct region setup = {
        .name = "kernel's real-mode part",
        .bytes = HEAP_END + strlen(boot->options) + 1,
        .type = LINTEL_MEMORY_KERNEL,
        .windows = {{.first = 64 * KIB, .end = LOW_END}},
        .window_count = 1,
        .part_count = 1,
        .zeroed = true,
    };
    struct region_part *part;

    if (boot->image.setup_bytes > HEAP_END - HEAP_LEAST)
        return fail(ERR_FORMAT, "%s: its real-mode part has %lu bytes, and %u fit",
                    boot->kernel->name, boot->image.setup_bytes, HEAP_END - HEAP_LEAST);
    TRY(ARENA_TAKE(&attempt->machine->arena, 1, &part));
    *part = (struct region_part){boot->kernel, 0, boot->image.setup_bytes, 0};
    setup.parts = part;
    wishes_add(&attempt->wishes, setup);
    attempt->wishes.mode = ENTRY_REAL;
    return OK;
}

static void fill_header(const struct linux_boot *boot, const struct placement *initrd,
                        uint8_t *setup)
{
    uint16_t mode;

    if (linux_video_mode(boot->options, &mode))
        store_bytes(setup + LINUX_VID_MODE, mode, 2);
    setup[LINUX_TYPE_OF_LOADER] = LINUX_UNASSIGNED_LOADER;
    setup[LINUX_LOADFLAGS] |= LINUX_CAN_USE_HEAP;
    store_bytes(setup + LINUX_HEAP_END_PTR, HEAP_END - HEAP_RESERVE, 2);
    store_bytes(setup + LINUX_CMD_LINE_PTR, (uintptr_t)setup + HEAP_END, 4);
    if (!initrd->bytes)
        return;
    store_bytes(setup + LINUX_RAMDISK_IMAGE, initrd->physical, 4);
    store_bytes(setup + LINUX_RAMDISK_SIZE, initrd->bytes, 4);
}

static void set_registers(struct attempt *attempt, uint64_t setup)
{
    uint16_t segment = (uint16_t)(setup >> 4);

    attempt->entry_point = (uint32_t)(segment + ENTRY_AT) << 16;
    attempt->registers = (struct handoff_registers){
        .rsp = HEAP_END,
        .ds = segment,
        .es = segment,
        .fs = segment,
        .gs = segment,
        .ss = segment,
    };
}

enum err linux_finish_real(struct attempt *attempt, const struct linux_boot *boot)
{
    uint64_t physical = attempt_place(attempt, LINUX_SETUP)->physical;
    uint8_t *setup = at_physical(physical);

    fill_header(boot, attempt_place(attempt, LINUX_INITRD), setup);
    memcpy(setup + HEAP_END, boot->options, strlen(boot->options));
    set_registers(attempt, physical);
    return OK;
}
