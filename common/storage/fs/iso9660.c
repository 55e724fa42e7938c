/* ISO 9660: the volume descriptors, and what follows from them. */
#include "common/storage/fs/iso9660.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define FIRST_DESCRIPTOR    (16 * ISO_SECTOR_BYTES)
#define DESCRIPTORS_MAX     64
#define TYPE_PRIMARY        1
#define TYPE_SUPPLEMENTARY  2
#define TYPE_TERMINATOR     255
#define LABEL_AT            40
#define LABEL_BYTES         32
#define SPACE_AT            80
#define ESCAPE_SEQUENCES_AT 88
#define BLOCK_BYTES_AT      128
#define ROOT_AT             156
#define CREATED_AT          813
#define CHANGED_AT          830
#define DATE_DIGITS         16 /* and the time zone */

static bool is_descriptor(const uint8_t *sector)
{
    return memcmp(sector + 1, "CD001", 5) == 0 && sector[0] != TYPE_TERMINATOR;
}

/* The escape sequences stand for UCS-2 in three levels (Joliet, Escape Sequences). */
static bool is_joliet(const uint8_t *sector)
{
    const uint8_t *escape = sector + ESCAPE_SEQUENCES_AT;

    return sector[0] == TYPE_SUPPLEMENTARY && escape[0] == '%' && escape[1] == '/' &&
           (escape[2] == '@' || escape[2] == 'C' || escape[2] == 'E');
}

/* What can be read; as good as no limit on a whole disk, whose end only reads tell. */
static uint64_t volume_end(const struct volume *volume)
{
    uint64_t bytes;

    if (!volume->number || mul_wraps(volume->sectors, volume->disk->sector_bytes, &bytes))
        return UINT64_MAX;
    return bytes;
}

struct descriptors {
    uint64_t primary, joliet; /* offsets; 0: none */
};

/* A set without its terminator ends with the first sector that is no descriptor. */
static enum err find_descriptors(const struct volume *volume, const char *name,
                                 struct descriptors *found)
{
    uint64_t offset = FIRST_DESCRIPTOR;
    uint64_t end = MIN(offset + DESCRIPTORS_MAX * ISO_SECTOR_BYTES, volume_end(volume));
    uint8_t sector[ISO_SECTOR_BYTES];

    *found = (struct descriptors){0};
    for (; offset + sizeof sector <= end; offset += sizeof sector) {
        TRY(volume_read(volume, offset, sizeof sector, sector));
        if (!is_descriptor(sector))
            break;
        if (sector[0] == TYPE_PRIMARY && !found->primary)
            found->primary = offset;
        if (is_joliet(sector) && !found->joliet)
            found->joliet = offset;
    }
    return found->primary ? OK : fail(ERR_NOT_FOUND, "%s: not an ISO 9660 volume", name);
}

static enum err read_block_bytes(struct iso *iso, const char *name, const uint8_t *descriptor)
{
    uint32_t little = load16(descriptor + BLOCK_BYTES_AT);
    uint32_t big = __builtin_bswap16(load16(descriptor + BLOCK_BYTES_AT + 2));

    if (little != big || !is_power_of_two(little) || little < 512 || little > ISO_SECTOR_BYTES)
        return fail(ERR_FORMAT,
                    "%s: its block size is %u in one byte order and %u in the other, which should "
                    "both be 512, 1024 or 2048: " ISO_REPAIR,
                    name, little, big);
    iso->block_bytes = little;
    return OK;
}

/* The size that is stated counts, unless there is less: then what is beyond can't be opened. */
static enum err read_size(struct iso *iso, const char *name, const uint8_t *descriptor)
{
    uint64_t end = volume_end(iso->volume);
    uint32_t blocks;

    TRY(iso_number(name, "its size in blocks", descriptor + SPACE_AT, &blocks));
    iso->bytes = (uint64_t)blocks * iso->block_bytes;
    if (end < iso->bytes) {
        note("%s: states %lu bytes, but has %lu: it is cut short\n", name, iso->bytes, end);
        iso->bytes = end;
    }
    return OK;
}

/* Fills what depends on the descriptor at that offset (8.4, 8.5). */
static enum err read_descriptor(struct iso *iso, const char *name, uint64_t offset)
{
    uint8_t descriptor[ISO_SECTOR_BYTES];
    struct iso_record root;

    TRY(volume_read(iso->volume, offset, sizeof descriptor, descriptor));
    TRY(read_block_bytes(iso, name, descriptor));
    TRY(read_size(iso, name, descriptor));
    TRY(iso_decode(iso, name, descriptor + ROOT_AT, ISO_RECORD_BYTES_MIN, &root));
    iso->root = root.data;
    return OK;
}

static enum err choose_names(struct iso *iso, const char *name, uint64_t joliet)
{
    struct iso_walk walk;
    struct iso_record root;

    TRY(iso_walk_directory(&walk, iso, "/", iso->root, &root));
    TRY(iso_find_rock_ridge(iso, "/", &root));
    if (iso->names != ISO_PLAIN || !joliet)
        return OK;
    iso->names = ISO_JOLIET;
    return read_descriptor(iso, name, joliet);
}

static enum err iso_mount(struct fs *fs)
{
    static const char *const kinds[] = {"plain", "Joliet", "Rock Ridge"};
    char name[VOLUME_NAME_BYTES];
    struct descriptors descriptors;
    struct iso *iso;

    volume_name(fs->volume, name);
    TRY(find_descriptors(fs->volume, name, &descriptors));
    TRY(ARENA_TAKE(fs->arena, 1, &iso));
    TRY(arena_take(fs->arena, ISO_SECTOR_BYTES, (void **)&iso->continuation));
    iso->volume = fs->volume;
    TRY(read_descriptor(iso, name, descriptors.primary));
    iso->primary = descriptors.primary;
    TRY(choose_names(iso, name, descriptors.joliet));
    fs->state = iso;
    fs->root.location = iso->root;
    note("%s: ISO 9660, %s names, %lu bytes\n", name, kinds[iso->names], iso->bytes);
    return OK;
}

/* "2026011509301512" as "2026-01-15-09-30-15-12"; false: the date is not set (8.4.26.1). */
static bool take_date(const char *date, char *uuid)
{
    static const char not_set[DATE_DIGITS + 1] = "0000000000000000";

    if (memcmp(date, not_set, sizeof not_set) == 0)
        return false;
    for (uint32_t i = 0; i < DATE_DIGITS; i++) {
        if (i >= 4 && i % 2 == 0)
            *uuid++ = '-';
        *uuid++ = date[i];
    }
    *uuid = 0;
    return true;
}

/* The date of the last change stands for a UUID, or that of creation: as in Linux's libblkid. */
static enum err iso_identify(const struct fs *fs, struct fs_identity *identity)
{
    const struct iso *iso = fs->state;
    char descriptor[ISO_SECTOR_BYTES];

    TRY(volume_read(iso->volume, iso->primary, sizeof descriptor, descriptor));
    fs_set_label(identity, descriptor + LABEL_AT, LABEL_BYTES);
    if (!take_date(descriptor + CHANGED_AT, identity->uuid))
        take_date(descriptor + CREATED_AT, identity->uuid);
    return OK;
}

const struct fs_driver iso9660_driver = {
    .name = "ISO 9660",
    .mount = iso_mount,
    .identify = iso_identify,
    .list = iso_list,
    .open = iso_open,
    .read = iso_read,
};
