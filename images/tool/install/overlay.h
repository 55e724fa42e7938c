/* A shadow of a disk: a sparse file that holds the few ranges of the disk which matter to an
 * installation. Other programs change files in it, and what they changed is then compared with the
 * disk. Ranges are in bytes from the disk's start, whole sectors, and do not overlap. */
#pragma once

#include "images/tool/install/fat_layout.h"
#include <stddef.h>

struct range {
    uint64_t offset, bytes;
};

struct overlay {
    struct disk_image image;
    struct range *ranges; /* what it holds */
    size_t count, capacity;
};

/* An empty shadow. */
enum err overlay_begin(struct overlay *overlay, const char *name, const struct disk_image *disk);

/* Copies from `from` what the overlay does not hold yet of a range. */
enum err overlay_load(struct overlay *overlay, const struct disk_image *from, uint64_t offset,
                      uint64_t bytes);

/* The same from the disk for all that mtools looks at: boot sector, tables, root directory, and the
 * directories that `paths` (NULL ends them) name, as far as they exist. */
enum err overlay_load_volume(struct overlay *overlay, const struct disk_image *disk,
                             const struct fat_layout *fat, const char *const paths[]);

/* Says that the range was written to by others, and is held now. */
enum err overlay_adopt(struct overlay *overlay, uint64_t offset, uint64_t bytes);

/* A second overlay with the same ranges and contents. */
enum err overlay_fork(const struct overlay *from, const char *name, struct overlay *overlay);

/* The volume `volume` of the disk, on the shadow. */
struct volume overlay_volume(const struct overlay *overlay, const struct volume *volume);

/* The name of a file in a folder that vanishes when the program ends. */
enum err scratch_path(const char *name, char **path);
