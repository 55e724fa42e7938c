/* How is a boot sector started, of a disk, a partition, or a file, as the BIOS or a Master Boot
 * Record starts them? */
#include "common/lib/mem.h"
#include "common/protocol/protocol.h"
#include "common/protocol/sector_table.h"

#define SECTOR_AT 0x7c00

static enum err check_medium(const struct attempt *attempt)
{
    if (!attempt->kernel.fs->volume->disk->sector_bytes)
        return fail(ERR_UNSUPPORTED,
                    "%s comes from a server, and a boot sector needs the disk that it is from",
                    attempt->entry->kernel);
    return OK;
}

static void set_registers(struct attempt *attempt, const struct sector_handover *handover)
{
    struct handoff_registers *registers = &attempt->registers;

    attempt->entry_point = SECTOR_AT;
    attempt->interrupts = true;
    registers->rsp = SECTOR_AT;
    registers->rdx = attempt->kernel.fs->volume->disk->handle;
    if (!handover->bytes)
        return;
    registers->rax = handover->eax;
    registers->rsi = registers->rbp = SECTOR_HANDOVER_AT + handover->entry;
    /* Behind the BIOS's data in page 0, which no region can have. */
    attempt->low =
        (struct handoff_move){(uintptr_t)handover->table, SECTOR_HANDOVER_AT, handover->bytes};
}

static enum err open(struct attempt *attempt)
{
    const struct region sector = {.name = "boot sector",
                                  .type = LINTEL_MEMORY_KERNEL,
                                  .fixed = true,
                                  .moves = true,
                                  .target = SECTOR_AT};
    struct arena *arena = &attempt->machine->arena;
    struct sector_handover *handover;

    TRY(check_medium(attempt));
    TRY(ARENA_TAKE(arena, 1, &handover));
    TRY(sector_handover(attempt->kernel.fs->volume, handover));
    set_registers(attempt, handover);
    attempt->wishes.mode = ENTRY_REAL;
    attempt->wishes.screen.cleared = true; /* as after the BIOS's own self-test */
    TRY(wishes_begin(&attempt->wishes, 1, arena));
    return wishes_add_file(&attempt->wishes, &attempt->kernel.reader, sector, arena);
}

static bool is_boot_sector(const struct candidate *file)
{
    return file->head_bytes >= 512 && load16(file->head + 510) == 0xaa55;
}

static enum err describe(const struct attempt *attempt, protocol_print *print)
{
    print("for BIOS only; %lu bytes at %Xh", attempt->kernel.reader.bytes, SECTOR_AT);
    return OK;
}

const struct protocol protocol_sector = {
    .key = "boot-sector",
    .name = "a boot sector",
    .refuses = PROTOCOL_NO_MODULES | PROTOCOL_NO_INITRDS | PROTOCOL_NO_OPTIONS,
    .firmware = LINTEL_FIRMWARE_BIOS,
    .recognise = is_boot_sector,
    .hooks = {.open = open},
    .describe = describe,
};
