/* What does the running system boot from? */
#define _GNU_SOURCE /* getline() beside realpath() */
#include "images/tool/live/machine.h"
#include "common/lib/mem.h"
#include "common/storage/fs/fs.h"
#include "images/tool/host/disk_image.h"
#include "images/tool/host/file.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOUNTS       "/proc/self/mountinfo"
#define SIGNATURE_AT 0x1b8 /* of the disk, in an MBR */
#define SYSFS_SECTOR 512u  /* its `start` and `size` count these, whatever the disk has */
#define PLAIN        "put /boot on a plain partition of its own"
#define DEVICE_BYTES (PATH_MAX + 64)

/* A line of the mounts (Linux, Documentation/filesystems/proc.rst, 3.5). */
struct mount {
    unsigned major, minor;
    char root[PATH_MAX];   /* what of the file system is mounted */
    char folder[PATH_MAX]; /* where */
    char type[32];
};

/* ---- files of the running system ------------------------------------------------------------- */

static bool is_there(const char *path)
{
    char *own = root_path(path);
    bool there = access(own, F_OK) == 0;

    free(own);
    return there;
}

/* The first line of a file of a folder; false: there is none. */
static bool read_line(const char *folder, const char *name, char *line, int room)
{
    char *path = text_of("%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    bool read = file && fgets(line, room, file);

    if (file)
        fclose(file);
    free(path);
    line[read ? strcspn(line, "\n") : 0] = 0;
    return read;
}

static uint64_t read_number(const char *folder, const char *name)
{
    char line[32];

    return read_line(folder, name, line, sizeof line) ? strtoull(line, NULL, 10) : 0;
}

/* ---- mounts ---------------------------------------------------------------------------------- */

/* The kernel writes blanks and the like as three octal digits. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        bool octal = from[0] == '\\' && from[1] && from[2] && from[3];
        *to++ =
            octal ? (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0')) : *from;
        from += octal ? 3 : 0;
    }
    *to = 0;
}

static bool parse_mount(const char *line, struct mount *mount)
{
    const char *rest = strstr(line, " - ");

    if (!rest ||
        sscanf(line, "%*u %*u %u:%u %4095s %4095s", &mount->major, &mount->minor, mount->root,
               mount->folder) != 4 ||
        sscanf(rest, " - %31s", mount->type) != 1)
        return false;
    unescape(mount->root);
    unescape(mount->folder);
    return true;
}

/* What is mounted there: the last line hides those before it. *found tells. */
static enum err find_mount(const char *folder, struct mount *mount, bool *found)
{
    char *path = root_path(MOUNTS), *line = NULL;
    FILE *mounts = fopen(path, "re");
    enum err err = mounts ? OK : file_fail(path);
    struct mount next;
    size_t room = 0;

    *found = false;
    while (err == OK && getline(&line, &room, mounts) > 0)
        if (parse_mount(line, &next) && strcmp(next.folder, folder) == 0) {
            *mount = next;
            *found = true;
        }
    if (mounts)
        fclose(mounts);
    free(line);
    free(path);
    return err;
}

/* ---- what a mounted file system lies on ------------------------------------------------------ */

/* What has no device of its own, by the kernel's name for it. */
static const char *without_device(const char *type)
{
    static const struct {
        const char *begin, *what;
    } rows[] = {
        {"nfs", "the network"},
        {"cifs", "the network"},
        {"smb", "the network"},
        {"ceph", "the network"},
        {"virtiofs", "the host's"},
        {"9p", "the host's"},
        {"overlay", "memory or a live medium"},
        {"tmpfs", "memory"},
        {"ramfs", "memory"},
        {"rootfs", "memory"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (strncmp(type, rows[i].begin, strlen(rows[i].begin)) == 0)
            return rows[i].what;
    return NULL;
}

static const char *mapped_kind(const char *uuid)
{
    static const struct {
        const char *begin, *what;
    } rows[] = {
        {"LVM-", "an LVM volume"},
        {"CRYPT-", "an encrypted volume (LUKS)"},
        {"DMRAID-", "a RAID"},
        {"mpath-", "a multipath disk"},
        {"part", "a partition of a multipath disk or RAID"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (strncmp(uuid, rows[i].begin, strlen(rows[i].begin)) == 0)
            return rows[i].what;
    return "a mapped volume";
}

/* Why the device that /sys describes in that folder is not a disk that firmware reads; NULL: it may
 * be one. */
static const char *foreign_kind(const char *folder)
{
    static const struct {
        const char *begin, *what;
    } names[] = {{"nbd", "a network disk"},  {"rbd", "a network disk"},
                 {"drbd", "a network disk"}, {"loop", "a loop device"},
                 {"zram", "memory"},         {"ram", "memory"},
                 {"md", "a RAID"},           {"bcache", "a bcache volume"}};
    const char *name = text_base(folder);
    char uuid[160];

    if (read_line(folder, "dm/uuid", uuid, sizeof uuid))
        return mapped_kind(uuid);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strncmp(name, names[i].begin, strlen(names[i].begin)) == 0)
            return names[i].what;
    return NULL;
}

/* "/dev/cciss/c0d0": in /sys a ! stands for the / of a device's name. */
static void name_device(const char *folder, char *device, size_t room)
{
    snprintf(device, room, "/dev/%s", text_base(folder));
    for (char *c = device; (c = strchr(c, '!'));)
        *c = '/';
}

static enum err refuse_device(const char *folder, const char *device, const char *what)
{
    return fail(ERR_UNSUPPORTED,
                "%s lies on %s, %s, and from there no loader of Lintel's is started: " PLAIN,
                folder, device, what);
}

/* Finds the folders of /sys that describe a mount's partition and its disk. */
static enum err find_device(const struct mount *mount, char partition[PATH_MAX],
                            char disk[PATH_MAX])
{
    char *link = text_of("/sys/dev/block/%u:%u", mount->major, mount->minor);
    char *path = root_path(link), device[DEVICE_BYTES];
    const char *what = without_device(mount->type);
    bool found = realpath(path, partition) != NULL;

    free(link);
    free(path);
    if (!found)
        return refuse_device(mount->folder, mount->type, what ? what : "not a partition of a disk");
    name_device(partition, device, sizeof device);
    what = foreign_kind(partition);
    if (what)
        return refuse_device(mount->folder, device, what);
    strcpy(disk, partition);
    if (!read_number(partition, "partition"))
        return refuse_device(mount->folder, device, "a disk without partitions");
    *strrchr(disk, '/') = 0;
    what = foreign_kind(disk);
    return what ? refuse_device(mount->folder, device, what) : OK;
}

static enum err describe(const struct mount *mount, struct live_mount *found)
{
    char partition[PATH_MAX], disk[PATH_MAX];

    TRY(find_device(mount, partition, disk));
    name_device(disk, found->disk, sizeof found->disk);
    strcpy(found->folder, mount->folder);
    strcpy(found->type, mount->type);
    found->sector_bytes = (uint32_t)read_number(disk, "queue/logical_block_size");
    if (!found->sector_bytes)
        found->sector_bytes = SYSFS_SECTOR;
    found->read_only = read_number(disk, "ro") != 0;
    found->number = (uint32_t)read_number(partition, "partition");
    found->first_lba = read_number(partition, "start") / (found->sector_bytes / SYSFS_SECTOR);
    found->sectors = read_number(partition, "size") / (found->sector_bytes / SYSFS_SECTOR);
    return OK;
}

/* ---- what the disk says of it ---------------------------------------------------------------- */

/* The partition as the table on the disk has it. */
static enum err find_volume(const struct live_mount *mount, const struct disk_image *image,
                            struct volume *volume)
{
    struct volume *volumes;
    uint32_t count;

    TRY(partition_list(&host_firmware, &image->disk, &host_arena, &volumes, &count));
    for (uint32_t i = 0; i < count; i++)
        if (volumes[i].number == mount->number && volumes[i].first_lba == mount->first_lba) {
            *volume = volumes[i];
            volume->disk = &image->disk;
            return OK;
        }
    return fail(ERR_FORMAT,
                "%s: the system has partition %u at LBA %lu, but the table on the disk does not: "
                "restart the machine first",
                mount->disk, mount->number, mount->first_lba);
}

/* A whole sector, for the disk may be in use. */
static enum err read_signature(const struct disk_image *image, uint32_t *signature)
{
    uint8_t sector[SECTOR_BYTES_MAX];

    TRY(disk_image_read(image, 0, image->disk.sector_bytes, sector));
    *signature = load32(sector + SIGNATURE_AT);
    return OK;
}

static enum err read_uuid(const struct live_mount *mount, const struct volume *volume,
                          char uuid[LIVE_UUID_BYTES])
{
    struct fs_identity identity;
    struct fs fs;
    enum err err = fs_mount(volume, &host_arena, &fs);

    if (err == ERR_NOT_FOUND)
        return fail(ERR_UNSUPPORTED,
                    "%s lies on %s, which Lintel does not read: " PLAIN ", with ext4",
                    mount->folder, mount->type);
    TRY(err);
    TRY(fs_identify(&fs, &identity));
    snprintf(uuid, LIVE_UUID_BYTES, "%s", identity.uuid);
    return OK;
}

/* Fills in what only the disk tells; `uuid` NULL: not of its file system. */
static enum err look_at_disk(struct live_mount *mount, char *uuid, bool *is_esp)
{
    char *path = root_path(mount->disk);
    struct disk_image image;
    struct volume volume = {0};
    enum err err = disk_image_open_used(path, false, &image);

    if (err == OK) {
        err = find_volume(mount, &image, &volume);
        memcpy(mount->guid, volume.guid, sizeof mount->guid);
        if (err == OK && is_zero(mount->guid, sizeof mount->guid))
            err = read_signature(&image, &mount->disk_signature);
        *is_esp = err == OK && volume_is_esp(&volume);
        if (err == OK && uuid)
            err = read_uuid(mount, &volume, uuid);
        disk_image_close(&image);
    }
    free(path);
    return err;
}

/* ---- the two file systems -------------------------------------------------------------------- */

static enum err find_boot(struct live *live)
{
    struct mount mount;
    bool found, own, is_esp;

    TRY(find_mount("/boot", &mount, &own));
    found = own;
    if (!own)
        TRY(find_mount("/", &mount, &found));
    if (!found)
        return fail(ERR_NOT_FOUND, MOUNTS ": nothing is mounted on /: is this a chroot?");
    TRY(describe(&mount, &live->boot));
    strcpy(live->disk, live->boot.disk);
    snprintf(live->boot_prefix, sizeof live->boot_prefix, "%.4000s%s",
             strcmp(mount.root, "/") == 0 ? "" : mount.root, own ? "" : "/boot");
    return look_at_disk(&live->boot, live->boot_uuid, &is_esp);
}

/* What automounts is woken by the look into it. *found tells. */
static enum err find_esp_at(const char *folder, struct live_mount *esp, bool *found)
{
    char *inside = text_of("%s/.", folder);
    struct mount mount;
    bool is_esp = false;

    is_there(inside);
    free(inside);
    *esp = (struct live_mount){0};
    TRY(find_mount(folder, &mount, found));
    *found = *found && strcmp(mount.type, "vfat") == 0 && describe(&mount, esp) == OK &&
             look_at_disk(esp, NULL, &is_esp) == OK && is_esp;
    return OK;
}

static bool is_same_partition(const struct live_mount *one, const struct live_mount *other)
{
    return strcmp(one->disk, other->disk) == 0 && one->number == other->number;
}

/* Where systemd, Debian and Fedora mount it. */
static enum err find_esp(struct live *live)
{
    static const char *const folders[] = {"/efi", "/boot/efi", "/boot"};
    struct live_mount esp;
    bool found;

    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        TRY(find_esp_at(folders[i], &esp, &found));
        if (found && !live->esp.folder[0])
            live->esp = esp;
        else if (found && !is_same_partition(&live->esp, &esp))
            strcpy(live->other_esp, esp.folder);
    }
    return OK;
}

/* A chroot may have neither: then all of it would be a BIOS's. */
static enum err check_system(void)
{
    return is_there("/sys/dev/block")
               ? OK
               : fail(ERR_NOT_FOUND,
                      "/sys is not mounted, which tells firmware and disks: mount it (in a chroot: "
                      "mount -t sysfs sysfs /sys; /proc and /dev are needed, too)");
}

enum err live_find(struct live *live)
{
    *live = (struct live){.uefi = is_there("/sys/firmware/efi")};
    TRY(check_system());
    TRY(find_boot(live));
    TRY(find_esp(live));
    if (!live->uefi)
        strcpy(live->entries, "/boot/loader/entries");
    else if (live->esp.folder[0])
        snprintf(live->entries, sizeof live->entries, "%.4000s/loader/entries", live->esp.folder);
    return OK;
}
