/* How large is a FAT volume for some files, and how is it made? */
#include "images/tool/image/fat_volume.h"
#include "common/lib/mem.h"
#include "images/tool/host/program.h"
#include "images/tool/host/progress.h"
#include "images/tool/host/text.h"
#include <stdbool.h>
#include <stdlib.h>

#define ROOT_BYTES        (512 * 32) /* of FAT12 and FAT16; floppies have less */
#define CLUSTER_BYTES_MAX (32 * KIB)

/* Microsoft's limits (3.5): the number of clusters alone tells the kinds apart. */
static const struct kind {
    uint32_t bits;
    uint64_t clusters_min, clusters_max;
    uint32_t cluster_bytes; /* what readers like, where there are clusters enough */
    uint32_t own_sectors;
} kinds[] = {
    {12, 1, 4084, 512, 1},
    {16, 4085, 65524, 4096, 1},
    {32, 65525, 4 * MIB, 4096, 8}, /* could have more, in tables that take long to read */
};

static const struct kind *kind_of(uint32_t bits)
{
    const struct kind *kind = kinds;
    while (kind->bits != bits)
        kind++;
    return kind;
}

uint32_t fat_own_sectors(uint32_t bits)
{
    return kind_of(bits)->own_sectors;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static uint64_t clusters_of(const struct fat_volume *volume, uint64_t cluster_sectors)
{
    uint64_t root = volume->bits == 32 ? 0 : ROOT_BYTES / volume->sector_bytes,
             own = volume->reserved + root,
             data = volume->sectors > own ? volume->sectors - own : 0,
             clusters = data / cluster_sectors,
             table = (clusters + 2) * volume->bits / 8 / volume->sector_bytes + 1;
    return data > 2 * table ? (data - 2 * table) / cluster_sectors : 0;
}

static bool should_grow(const struct fat_volume *volume, uint64_t cluster_sectors)
{
    const struct kind *kind = kind_of(volume->bits);
    uint64_t bytes = cluster_sectors * volume->sector_bytes;
    return clusters_of(volume, cluster_sectors) > kind->clusters_max ||
           (bytes < kind->cluster_bytes &&
            clusters_of(volume, 2 * cluster_sectors) >= kind->clusters_min);
}

static uint64_t choose_cluster_sectors(const struct fat_volume *volume)
{
    uint64_t sectors = 1;
    while (sectors * volume->sector_bytes < CLUSTER_BYTES_MAX && should_grow(volume, sectors))
        sectors *= 2;
    return sectors;
}

/* Clusters that the files take, and the folders: one each, and a long name has about four slots. */
static uint64_t clusters_for(const struct tree *tree, uint64_t cluster_bytes)
{
    uint64_t clusters = pages_of(tree->count * 4 * 32);
    char **folders = tree_folders(tree);

    for (char **folder = folders; *folder; free(*folder++))
        clusters++;
    free(folders);
    for (size_t i = 0; i < tree->count; i++)
        clusters += align_up(tree->files[i].content.size, cluster_bytes) / cluster_bytes;
    return clusters;
}

uint64_t fat_fitting_sectors(const struct tree *tree, uint32_t bits, uint32_t sector_bytes)
{
    uint64_t content = 0, smallest = kind_of(bits)->clusters_min * sector_bytes * 5 / 4;

    for (size_t i = 0; i < tree->count; i++)
        content += tree->files[i].content.size;
    return align_up(MAX(smallest, 32 * MIB + content * 9 / 8) + 24 * MIB, MIB) / sector_bytes;
}

static enum err check_room(const struct fat_volume *volume, const struct tree *tree,
                           uint64_t cluster_sectors)
{
    const struct kind *kind = kind_of(volume->bits);
    uint64_t cluster_bytes = cluster_sectors * volume->sector_bytes,
             there = clusters_of(volume, cluster_sectors),
             wanted = clusters_for(tree, cluster_bytes);

    for (size_t i = 0; i < tree->count; i++)
        if (tree->files[i].content.size > UINT32_MAX)
            return fail(
                ERR_UNSUPPORTED,
                "%s: has %lu MiB, but a file on FAT has less than 4 GiB: take --layout iso or "
                "netboot",
                tree->files[i].host, tree->files[i].content.size / MIB);
    if (there < kind->clusters_min || there > kind->clusters_max)
        return fail(
            ERR_NO_MEMORY,
            "a volume of %lu KiB is too %s for FAT%u: it would have %lu clusters, and FAT%u "
            "has %lu to %lu",
            volume->sectors * volume->sector_bytes / KIB,
            there < kind->clusters_min ? "small" : "large", volume->bits, there, volume->bits,
            kind->clusters_min, kind->clusters_max);
    if (wanted > there)
        return fail(
            ERR_NO_MEMORY,
            "the files take %lu KiB, but the volume has room for %lu KiB: it is %lu KiB too "
            "small",
            wanted * cluster_bytes / KIB, there * cluster_bytes / KIB,
            (wanted - there) * cluster_bytes / KIB);
    return OK;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* -a: tables begin right behind the reserved sectors, whose number is then what we ask for. */
static enum err format(const struct fat_volume *volume, uint64_t cluster_sectors)
{
    char *serial = text_of("%08x", volume->serial);
    enum err err =
        RUN("mkfs.fat", "-a", "--invariant", "-n", "LINTEL", "-i", serial, "-F",
            decimal(volume->bits).text, "-S", decimal(volume->sector_bytes).text, "-s",
            decimal(cluster_sectors).text, "-R", decimal(volume->reserved).text, "-h",
            decimal(volume->first).text, "--offset", decimal(volume->first).text,
            text_base(volume->path), decimal(volume->sectors * volume->sector_bytes / KIB).text);
    free(serial);
    return err;
}

static enum err make_folder(const char *drive, const char *path)
{
    char *target = text_of("::%s", path);
    enum err err = RUN("mmd", "-i", drive, target);
    free(target);
    return err;
}

static enum err copy_file(const char *drive, const struct tree_file *file)
{
    char *target = text_of("::%s", file->path);
    enum err err = RUN("mcopy", "-o", "-i", drive, file->host, target);
    free(target);
    return err;
}

static enum err copy_tree(const char *drive, const struct tree *tree)
{
    char **folders = tree_folders(tree);
    uint64_t done = 0;
    enum err err = OK;

    for (char **folder = folders; *folder; free(*folder++))
        if (err == OK)
            err = make_folder(drive, *folder);
    free(folders);
    for (size_t i = 0; err == OK && i < tree->count; i++) {
        err = copy_file(drive, &tree->files[i]);
        step_show(done += tree->files[i].content.size);
    }
    return err;
}

enum err fat_make(const struct fat_volume *volume, const struct tree *tree)
{
    uint64_t cluster_sectors = choose_cluster_sectors(volume);
    TRY(check_room(volume, tree, cluster_sectors));
    TRY(format(volume, cluster_sectors));
    char *drive = text_of("%s@@%lu", text_base(volume->path), volume->first * volume->sector_bytes);
    enum err err = copy_tree(drive, tree);
    free(drive);
    return err == OK ? tree_verify(tree, volume->path, volume->first, volume->sector_bytes) : err;
}
