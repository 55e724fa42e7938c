/* Boot sectors: of a disk, a partition, or a file, started as the BIOS or a Master Boot Record
 * starts them. */
#include "common/handoff/leap.h"
#include "common/lib/mem.h"
#include "common/protocol/protocol.h"
#include "common/protocol/sector_table.h"

#define SECTOR_AT 0x7c00

struct sector_job {
    struct boot *boot;
    const struct file *file;
    struct claims claims;
    struct leap leap;
    struct sector_handover handover;
};

static void fill_leap(struct sector_job *job)
{
    struct handoff_registers *registers = &job->leap.registers;

    job->leap.mode = HANDOFF_REAL;
    job->leap.entry = SECTOR_AT;
    job->leap.interrupts = true;
    registers->rsp = SECTOR_AT;
    registers->rdx = job->file->fs->volume->disk->handle;
    if (!job->handover.bytes)
        return;
    registers->rax = job->handover.eax;
    registers->rsi = registers->rbp = SECTOR_HANDOVER_AT + job->handover.entry;
}

static enum err load(struct sector_job *job)
{
    const struct source *source = &job->file->source;
    struct claim *claim;

    TRY(claims_take_at(&job->claims, "boot sector", SECTOR_AT, source->bytes, &claim));
    TRY(source_load(source, 0, source->bytes, at_physical(claim->physical)));
    TRY(sector_handover(job->file->fs->volume, &job->handover));
    fill_leap(job);
    return leap_prepare(&job->leap, &job->claims);
}

/* Text mode, and an empty screen, as after the BIOS's own self-test. */
static void clear_screen(const struct firmware *firmware)
{
    for (const char *c = "\033[0m\033[2J\033[H"; *c; c++)
        firmware->put(*c);
}

static enum err enter(struct sector_job *job)
{
    struct raw_map map;

    loader_interface_tell_execution(&job->boot->interface);
    timeline_mark(&job->boot->timeline, "leave");
    clear_screen(job->boot->machine.firmware);
    TRY(job->boot->machine.firmware->leave(&map));
    /* Behind the BIOS's data in page 0, which no claim can have. */
    memcpy(at_physical(SECTOR_HANDOVER_AT), job->handover.table, job->handover.bytes);
    leap_enter(&job->leap);
}

static enum err check(const struct boot *boot, const struct entry *entry, const struct file *file)
{
    if (boot->machine.facts->firmware != LINTEL_FIRMWARE_BIOS)
        return fail(ERR_UNSUPPORTED,
                    "entry %s: %s is a boot sector: BIOS starts such, but this machine was booted "
                    "by UEFI",
                    entry->id, entry->kernel);
    if (!file->fs->volume->disk->sector_bytes)
        return fail(ERR_UNSUPPORTED,
                    "entry %s: %s comes from a server, and a boot sector needs the disk that it is "
                    "from",
                    entry->id, entry->kernel);
    return OK;
}

static enum err boot_sector(struct boot *boot, const struct entry *entry, const struct file *file)
{
    struct sector_job *job;

    TRY(check(boot, entry, file));
    TRY(ARENA_TAKE(&boot->machine.arena, 1, &job));
    job->boot = boot;
    job->file = file;
    claims_begin(&job->claims, boot->machine.facts, boot->machine.firmware, &boot->machine.arena);
    timeline_mark(&boot->timeline, "load");
    enum err err = load(job);
    if (err == OK)
        err = enter(job);
    claims_release(&job->claims);
    return err;
}

static bool is_boot_sector(const struct candidate *file)
{
    return file->head_bytes >= 512 && load16(file->head + 510) == 0xaa55;
}

const struct protocol protocol_sector = {
    .key = "boot-sector",
    .name = "a boot sector",
    .refuses = PROTOCOL_NO_MODULES | PROTOCOL_NO_INITRDS | PROTOCOL_NO_OPTIONS,
    .recognise = is_boot_sector,
    .boot = boot_sector,
};
