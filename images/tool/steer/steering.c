/* What of Lintel lies on a disk, and what does it boot by? */
#define _GNU_SOURCE /* syncfs() */
#include "images/tool/steer/steering.h"
#include "common/lib/mem.h"
#include "images/tool/host/root.h"
#include "images/tool/live/nvram.h"
#include "images/tool/live/pair.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NOT_TOLD UINT64_MAX

/* ---- finding --------------------------------------------------------------------------------- */

static enum err find(struct steering *steering)
{
    TRY(disk_image_read(&steering->disk, 0, sizeof steering->sector, steering->sector));
    first_sector_follow(&steering->disk, steering->sector, &steering->stage);
    if (!pair_find(&steering->disk, &steering->area))
        steering->area = 0;
    return efi_files_look(&steering->disk, &steering->efi);
}

/* The disk is read beside its file systems: what they hold has to be on it. */
static void sync_mount(const char *folder)
{
    char *path = root_path(folder);
    int file = *folder ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (file >= 0) {
        syncfs(file);
        close(file);
    }
    free(path);
}

static enum err open_machine(bool writable, struct steering *steering)
{
    struct live *machine = &steering->machine;

    TRY(live_find(machine));
    steering->live = true;
    steering->name = machine->uefi && *machine->esp.folder ? machine->esp.disk : machine->disk;
    sync_mount(machine->boot.folder);
    sync_mount(machine->esp.folder);
    return disk_image_open_used(root_path(steering->name), writable, &steering->disk);
}

enum err steering_open(const char *path, bool writable, struct steering *steering)
{
    *steering = (struct steering){.name = path};
    TRY(path ? disk_image_open(path, writable, &steering->disk) : open_machine(writable, steering));
    return find(steering);
}

/* ---- what is asked of it --------------------------------------------------------------------- */

bool steering_has(const struct steering *steering, enum lintel_firmware firmware)
{
    const struct efi_found *files = steering->efi.files;

    if (steering->live && steering->machine.uefi != (firmware == LINTEL_FIRMWARE_UEFI))
        return false;
    if (firmware == LINTEL_FIRMWARE_BIOS)
        return steering->stage.bytes;
    return files[EFI_FILE_OWN].ours || files[EFI_FILE_DEFAULT].ours;
}

enum lintel_firmware steering_firmware(const struct steering *steering)
{
    return steering->live && steering->machine.uefi ? LINTEL_FIRMWARE_UEFI : LINTEL_FIRMWARE_BIOS;
}

static struct boot_origin origin_of(const struct steering *steering, enum lintel_firmware firmware)
{
    uint64_t offset = steering->stage.installed.volume_offset;
    uint32_t sector_bytes = steering->disk.disk.sector_bytes;
    struct boot_origin origin = {0};

    if (firmware == LINTEL_FIRMWARE_UEFI) {
        origin.has_first_lba = steering->efi.has_volume;
        origin.first_lba = steering->efi.volume.first_lba;
    } else if (steering->stage.bytes && offset != NOT_TOLD) {
        origin.has_first_lba = offset % sector_bytes == 0;
        origin.first_lba = offset / sector_bytes;
        origin.has_area = steering->area;
        origin.area_lba = steering->area / sector_bytes;
    }
    return origin;
}

/* What can't be read is said by whoever asks. */
static struct variables variables_of(const struct steering *steering, enum lintel_firmware firmware)
{
    struct state state;

    if (firmware == LINTEL_FIRMWARE_UEFI && steering->live)
        return (struct variables){nvram_get, nvram_check() == OK ? nvram_set : NULL};
    if (firmware == LINTEL_FIRMWARE_UEFI || !steering->area)
        return (struct variables){0};
    pair_open(&steering->disk, steering->area, &state);
    return (struct variables){pair_get, pair_set};
}

enum err steering_look(const struct steering *steering, enum lintel_firmware firmware,
                       struct view *view)
{
    struct boot_origin origin = origin_of(steering, firmware);
    struct variables variables = variables_of(steering, firmware);

    return view_look(view, &steering->disk, firmware, &origin, &variables);
}
