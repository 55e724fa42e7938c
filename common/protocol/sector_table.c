/* What does a boot sector learn of its partition? */
#include "common/protocol/sector_table.h"
#include "common/lib/mem.h"

#define TABLE_AT        446 /* in an MBR */
#define ENTRY_BYTES     16
#define PRIMARIES       4
#define ACTIVE          0x80
#define TYPE_HYBRID     0xed /* an entry that has a GPT's behind it */
#define GPT_ENTRY_BYTES 128
#define GPT_SIGNATURE   0x54504721

/* Addresses in cylinders, heads and sectors that say: too large for these. */
static void put_entry(uint8_t *to, const struct volume *volume, uint8_t type)
{
    static const uint8_t beyond[] = {0xfe, 0xff, 0xff};

    to[0] = ACTIVE;
    memcpy(to + 1, beyond, sizeof beyond);
    to[4] = type;
    memcpy(to + 5, beyond, sizeof beyond);
    store_bytes(to + 8, MIN(volume->first_lba, (uint64_t)UINT32_MAX), 4);
    store_bytes(to + 12, MIN(volume->sectors, (uint64_t)UINT32_MAX), 4);
}

static void put_gpt_entry(uint8_t *to, const struct volume *volume)
{
    memcpy(to, volume->type_guid, 16);
    memcpy(to + 16, volume->guid, 16);
    store_bytes(to + 32, volume->first_lba, 8);
    store_bytes(to + 40, volume->first_lba + volume->sectors - 1, 8);
}

static enum err copy_table(const struct volume *volume, struct sector_handover *handover)
{
    const struct volume whole = {
        .firmware = volume->firmware, .disk = volume->disk, .sectors = volume->disk->sectors};

    handover->bytes = PRIMARIES * ENTRY_BYTES;
    handover->entry = (volume->number - 1) * ENTRY_BYTES;
    TRY(volume_read(&whole, TABLE_AT, handover->bytes, handover->table));
    handover->table[handover->entry] = ACTIVE;
    return OK;
}

enum err sector_handover(const struct volume *volume, struct sector_handover *handover)
{
    *handover = (struct sector_handover){0};
    if (!volume->number)
        return OK;
    if (volume->partitioning == LINTEL_PARTITIONING_GPT) {
        put_entry(handover->table, volume, TYPE_HYBRID);
        store_bytes(handover->table + ENTRY_BYTES, GPT_ENTRY_BYTES, 4);
        put_gpt_entry(handover->table + ENTRY_BYTES + 4, volume);
        handover->bytes = ENTRY_BYTES + 4 + GPT_ENTRY_BYTES;
        handover->eax = GPT_SIGNATURE;
        return OK;
    }
    if (volume->number <= PRIMARIES)
        return copy_table(volume, handover);
    put_entry(handover->table, volume, volume->type_byte);
    handover->bytes = ENTRY_BYTES;
    return OK;
}
