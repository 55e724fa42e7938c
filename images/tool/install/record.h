/* What `uninstall` needs: the contents that an installation replaced, kept as a file on the volume
 * that also has the UEFI files.
 *
 * The file, all numbers little-endian:
 *
 *     00h  8 bytes  "LNTUNDO1"
 *     08h  u32      CRC-32 of the record, with 0 in this place
 *     0Ch  u32      extents
 *     10h  u64      bytes of the record; the file may be longer
 *     18h  u64      where the volume lies on the disk, in bytes
 *     20h  u32      files and folders that the installation made, by bit (enum item)
 *     24h  u32      0
 *     28h           the extents, of 40 bytes each:
 *             u64    offset on the disk
 *             u64    bytes
 *             u32    kind
 *             u32    CRC-32 of what the installation wrote
 *             u32    CRC-32 of what was there when it began
 *             u32    1 when the original contents follow, 0 when they were zeros
 *             u32    CRC-32 of what is there while old and new files are both linked
 *             u32    0
 *     then          the original contents, in the order of the extents
 *
 * The extents of the record's own clusters are the first: of a record of which only the first
 * sector is there, they say what is still to be written, or to be cleared.
 *
 * "Original" is what was there before the first installation, however often it was repeated; "when
 * it began" may be an older Lintel. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

#define RECORD_BYTES_MAX (16u << 20)

enum extent_kind {
    EXTENT_CODE,   /* of a boot sector: less than a sector */
    EXTENT_STAGE,  /* a sector of the second stage */
    EXTENT_VOLUME, /* a sector of the FAT volume: of a table, of a directory */
    EXTENT_RECORD, /* the record's own clusters, whose checksums can't be in it */
    EXTENT_FILE,   /* clusters of new files: while all tables are ours, nobody else's */
    EXTENT_KINDS
};

struct extent {
    uint64_t offset, bytes; /* on the disk */
    enum extent_kind kind;
    uint32_t written_crc, before_crc, linked_crc;
    const uint8_t *original; /* NULL: zeros */
};

struct record {
    uint64_t volume_offset;
    uint32_t made;
    uint32_t count, capacity;
    struct extent *extents;
};

/* Appends an extent. `original` is copied, or left out when it is all zeros. */
enum err record_add(struct record *record, const struct extent *extent);

/* True when a byte of the disk belongs to such an extent. */
bool record_has(const struct record *record, enum extent_kind kind, uint64_t offset);

/* Bytes that record_write() writes. */
uint64_t record_bytes(const struct record *record);
void record_write(const struct record *record, uint8_t *to);

/* How long a record is that begins with these RECORD_HEADER_BYTES; 0: none does. */
#define RECORD_HEADER_BYTES 0x28
uint64_t record_bytes_at(const uint8_t *header);

/* Takes what the first sector of a record says of the record's own clusters. False: it does not say
 * that it lies at `offset`. */
bool record_parse_head(const uint8_t *sector, uint64_t offset, uint64_t disk_bytes,
                       struct record *record);

/* Takes a record apart; its originals point into `bytes`. ERR_FORMAT: it is damaged, or an extent
 * leaves a disk of `disk_bytes`. */
enum err record_parse(const uint8_t *bytes, uint64_t size, uint64_t disk_bytes,
                      struct record *record);
