/* Linux, or what looks like it (iPXE, memdisk), by its real-mode entry (boot protocol, "running the
 * kernel"): its own real-mode part asks the BIOS for everything. */
#include "common/lib/mem.h"
#include "common/protocol/linux/linux_job.h"

/* The real-mode part's segment: code, heap up to here, the command line. */
#define HEAP_END     0xe000u
#define HEAP_LEAST   0x1000u
#define HEAP_RESERVE 0x200u /* heap_end_ptr stays that far below the stack */
#define ENTRY_AT     0x20u  /* in paragraphs, from the beginning */
#define LOW_END      (640 * KIB)

/* Below its end the memory that the BIOS itself uses begins; the lowest is the loader's. */
static enum err place_setup(struct linux_job *job, struct claim **setup)
{
    const struct claim_wish wish = {
        .name = "kernel's real-mode part",
        .bytes = HEAP_END + strlen(job->files->options) + 1,
        .first = 64 * KIB,
        .end = LOW_END,
    };

    if (job->image.setup_bytes > HEAP_END - HEAP_LEAST)
        return fail(ERR_FORMAT, "%s: its real-mode part has %lu bytes, and %u fit",
                    job->files->kernel->name, job->image.setup_bytes, HEAP_END - HEAP_LEAST);
    return claims_take(&job->claims, &wish, setup);
}

static void fill_header(const struct linux_job *job, uint8_t *setup)
{
    uint16_t mode;

    if (linux_video_mode(job->files->options, &mode))
        store_bytes(setup + LINUX_VID_MODE, mode, 2);
    setup[LINUX_TYPE_OF_LOADER] = LINUX_UNASSIGNED_LOADER;
    setup[LINUX_LOADFLAGS] |= LINUX_CAN_USE_HEAP;
    store_bytes(setup + LINUX_HEAP_END_PTR, HEAP_END - HEAP_RESERVE, 2);
    store_bytes(setup + LINUX_CMD_LINE_PTR, (uintptr_t)setup + HEAP_END, 4);
    if (!job->initrd)
        return;
    store_bytes(setup + LINUX_RAMDISK_IMAGE, job->initrd->physical, 4);
    store_bytes(setup + LINUX_RAMDISK_SIZE, job->initrd->used, 4);
}

static enum err load_setup(struct linux_job *job, const struct claim *claim)
{
    uint8_t *setup = at_physical(claim->physical);

    memset(setup, 0, claim->used);
    TRY(source_read(job->files->kernel, 0, job->image.setup_bytes, setup));
    fill_header(job, setup);
    memcpy(setup + HEAP_END, job->files->options, strlen(job->files->options));
    return OK;
}

static void set_registers(struct leap *leap, uint64_t setup)
{
    uint16_t segment = (uint16_t)(setup >> 4);

    leap->mode = HANDOFF_REAL;
    leap->entry = (uint32_t)(segment + ENTRY_AT) << 16;
    leap->registers = (struct handoff_registers){
        .rsp = HEAP_END,
        .ds = segment,
        .es = segment,
        .fs = segment,
        .gs = segment,
        .ss = segment,
    };
}

enum err linux_boot_real(struct linux_job *job)
{
    const struct firmware *firmware = job->boot->machine.firmware;
    struct claim *setup;
    struct raw_map map;

    TRY(claims_take_at(&job->claims, "kernel", job->image.address, job->image.memory_bytes,
                       &job->kernel));
    TRY(place_setup(job, &setup));
    timeline_mark(&job->boot->timeline, "load");
    TRY(linux_load_kernel(job));
    TRY(linux_load_initrds(job));
    TRY(load_setup(job, setup));
    set_registers(&job->leap, setup->physical);
    TRY(leap_prepare(&job->leap, &job->claims));
    loader_interface_tell_execution(&job->boot->interface);
    timeline_mark(&job->boot->timeline, "leave");
    TRY(firmware->leave(&map));
    leap_enter(&job->leap);
}
