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
 *             u64    0
 *     then          the original contents, in the order of the extents
 *
 * "Original" is what was there before the first installation, however often it was repeated; "when
 * it began" may be an older Lintel. */
#ifndef LINTEL_TOOL_INSTALL_RECORD_H
#define LINTEL_TOOL_INSTALL_RECORD_H

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

#define RECORD_BYTES_MAX (16u << 20)

enum extent_kind {
    EXTENT_CODE,   /* of a boot sector: less than a sector */
    EXTENT_STAGE,  /* a sector of the second stage */
    EXTENT_VOLUME, /* sectors of the FAT volume: tables, directories, new files */
    EXTENT_RECORD, /* the record's own clusters, whose checksums can't be in it */
    EXTENT_KINDS
};

struct extent {
    uint64_t offset, bytes; /* on the disk */
    enum extent_kind kind;
    uint32_t written_crc, before_crc;
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

/* Bytes that record_write() writes. */
uint64_t record_bytes(const struct record *record);
void record_write(const struct record *record, uint8_t *to);

/* Takes a record apart; its originals point into `bytes`. ERR_FORMAT: it is damaged, or an extent
 * leaves a disk of `disk_bytes`. */
enum err record_parse(const uint8_t *bytes, uint64_t size, uint64_t disk_bytes,
                      struct record *record);

#endif
