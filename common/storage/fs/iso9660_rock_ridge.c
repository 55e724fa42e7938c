/* Rock Ridge (RRIP 1.12) in the System Use entries of directory records (SUSP 1.12). */
#include "common/lib/mem.h"
#include "common/storage/fs/iso9660.h"

#define SIGNATURE(first, second) ((first) | (second) << 8)
#define HEADER_BYTES             4  /* signature, length, version */
#define AREAS_MAX                32 /* continuation areas of one record; Linux has the same limit */

#define NAME_CURRENT 0x02 /* "." and "..", which directory records say in their own way */
#define NAME_PARENT  0x04

/* A walk along the entries of one record. */
struct system_use {
    struct iso *iso;
    const char *name; /* of the directory, for messages */
    const uint8_t *next;
    uint64_t left;                                 /* bytes in this area */
    uint32_t block, block_offset, continued_bytes; /* the next area; none when it has 0 bytes */
    uint32_t areas;
};

static struct system_use system_use_of(struct iso *iso, const char *name,
                                       const struct iso_record *record, uint32_t skip)
{
    skip = MIN(skip, record->system_use_bytes);
    return (struct system_use){
        .iso = iso,
        .name = name,
        .next = record->system_use + skip,
        .left = record->system_use_bytes - skip,
    };
}

static enum err note_continuation(struct system_use *use, const uint8_t *entry)
{
    if (entry[2] < 28)
        return fail(ERR_FORMAT, "%s: an entry CE of %u bytes, which has 28: " ISO_REPAIR, use->name,
                    entry[2]);
    TRY(iso_number(use->name, "a continuation area's block", entry + 4, &use->block));
    TRY(iso_number(use->name, "a continuation area's offset", entry + 12, &use->block_offset));
    return iso_number(use->name, "a continuation area's size", entry + 20, &use->continued_bytes);
}

/* Files of one directory mostly share a block of continuation areas, so the newest one is kept. */
static enum err read_continuation(struct system_use *use)
{
    struct iso *iso = use->iso;
    uint64_t offset = (uint64_t)use->block * iso->block_bytes;

    if (offset == iso->continued_from)
        return OK;
    TRY(iso_check_range(iso, use->name, offset, iso->block_bytes));
    iso->continued_from = 0; /* in case that the read fails */
    TRY(volume_read(iso->volume, offset, iso->block_bytes, iso->continuation));
    iso->continued_from = offset;
    return OK;
}

static enum err enter_continuation(struct system_use *use)
{
    if (use->areas++ == AREAS_MAX)
        return fail(ERR_FORMAT,
                    "%s: over %u continuation areas for one file, the last one in block %u: they "
                    "loop; " ISO_REPAIR,
                    use->name, AREAS_MAX, use->block);
    if (use->block_offset > use->iso->block_bytes ||
        use->continued_bytes > use->iso->block_bytes - use->block_offset)
        return fail(ERR_FORMAT,
                    "%s: a continuation area of %u bytes at offset %u of block %u leaves that "
                    "block: " ISO_REPAIR,
                    use->name, use->continued_bytes, use->block_offset, use->block);
    TRY(read_continuation(use));
    use->next = use->iso->continuation + use->block_offset;
    use->left = use->continued_bytes;
    use->continued_bytes = 0;
    return OK;
}

/* Yields the next entry, NULL behind the last one. What is too short for an entry is padding. */
static enum err next_entry(struct system_use *use, const uint8_t **entry)
{
    for (;;) {
        while (use->left < HEADER_BYTES || !use->next[0]) {
            *entry = NULL;
            if (!use->continued_bytes)
                return OK;
            TRY(enter_continuation(use));
        }
        *entry = use->next;
        if ((*entry)[2] < HEADER_BYTES || (*entry)[2] > use->left)
            return fail(ERR_FORMAT,
                        "%s: a System Use entry of %u bytes does not fit the %lu that its area has "
                        "left: " ISO_REPAIR,
                        use->name, (*entry)[2], use->left);
        use->next += (*entry)[2];
        use->left -= (*entry)[2];
        switch (load16(*entry)) {
        case SIGNATURE('C', 'E'):
            TRY(note_continuation(use, *entry));
            break;
        case SIGNATURE('S', 'T'):
            use->left = 0;
            break;
        default:
            return OK;
        }
    }
}

/* An extension reference with one of the names that Rock Ridge has had. */
static bool is_reference(const uint8_t *entry)
{
    static const char *const names[] = {"RRIP_1991A", "IEEE_P1282", "IEEE_1282"};

    if (load16(entry) != SIGNATURE('E', 'R') || entry[2] < 8 || entry[4] > entry[2] - 8)
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (entry[4] == strlen(names[i]) && memcmp(entry + 8, names[i], entry[4]) == 0)
            return true;
    return false;
}

enum err iso_find_rock_ridge(struct iso *iso, const char *name, const struct iso_record *root)
{
    struct system_use use = system_use_of(iso, name, root, 0);
    const uint8_t *entry = use.next;

    if (use.left < 7 || memcmp(entry, "SP\7\1\xbe\xef", 6) != 0)
        return OK;
    iso->system_skip = entry[6];
    do {
        TRY(next_entry(&use, &entry));
        if (entry && is_reference(entry))
            iso->names = ISO_ROCK_RIDGE;
    } while (entry);
    return OK;
}

/* A long name comes in several entries. */
static enum err add_name(const char *name, const uint8_t *entry, uint32_t *length,
                         char text[FS_NAME_BYTES])
{
    uint32_t bytes = entry[2] - 5u;

    if (entry[2] < 5 || entry[4] & (NAME_CURRENT | NAME_PARENT))
        return OK;
    if (bytes >= FS_NAME_BYTES - *length)
        return fail(ERR_FORMAT, "%s: a file name in it has more than %u bytes: " ISO_REPAIR, name,
                    FS_NAME_BYTES - 1);
    memcpy(text + *length, entry + 5, bytes);
    *length += bytes;
    text[*length] = 0;
    return OK;
}

static enum err read_link(const struct iso *iso, const char *name, const uint8_t *entry,
                          uint64_t *location)
{
    uint32_t block;

    if (entry[2] < 12)
        return fail(ERR_FORMAT, "%s: an entry CL of %u bytes, which has 12: " ISO_REPAIR, name,
                    entry[2]);
    TRY(iso_number(name, "a relocated directory's place", entry + 4, &block));
    *location = (uint64_t)block * iso->block_bytes;
    return OK;
}

enum err iso_read_rock_ridge(struct iso *iso, const char *name, const struct iso_record *record,
                             struct iso_rock_ridge *found, char text[FS_NAME_BYTES])
{
    struct system_use use = system_use_of(iso, name, record, iso->system_skip);
    const uint8_t *entry;
    uint32_t length = 0;

    *found = (struct iso_rock_ridge){0};
    for (;;) {
        TRY(next_entry(&use, &entry));
        if (!entry)
            return OK;
        switch (load16(entry)) {
        case SIGNATURE('N', 'M'):
            TRY(add_name(name, entry, &length, text));
            break;
        case SIGNATURE('C', 'L'):
            TRY(read_link(iso, name, entry, &found->moved_to));
            break;
        case SIGNATURE('R', 'E'):
            found->relocated = true;
            break;
        case SIGNATURE('S', 'L'):
            found->symbolic_link = true;
            break;
        }
    }
}
