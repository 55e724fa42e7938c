/* Which whole disks there are, and what their sectors hold (EFI_BLOCK_IO_PROTOCOL; UEFI 2.10,
 * 13.9). Partitions are the core's. */
#include "uefi/disk.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/disk/marks.h"
#include "uefi/memory.h"
#include "uefi/path.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

#define TRIES_ONE  5 /* for one sector */
#define TRIES_MANY 2 /* before a request is cut */

/* One request's bytes: most drivers cut it to what their hardware takes, but keep sizes in 32 bits,
 * and may need a copy of it below 4 GiB. */
#define CHUNK_BYTES (8 * MIB)

/* The driver cuts a request into commands of 256 sectors or more, each of which may fail. */
#define MARK_DISTANCE (64 * KIB)

/* What struct disk's handle points to. */
struct block_device {
    EFI_BLOCK_IO *io;      /* NULL: a program that we started took it away */
    UINT32 media_id;       /* as of the start: a medium that is changed under us is an error */
    EFI_DEVICE_PATH *path; /* our own copy */
};

/* For destinations that the driver's alignment does not allow. */
static _Alignas(4096) uint8_t bounce[64 * KIB];

static struct block_device *devices;
static uint32_t device_count;

static struct block_device *device_of(const struct disk *disk)
{
    return at_physical(disk->handle);
}

/* ---- listing --------------------------------------------------------------------------------- */

static bool is_usable(const EFI_BLOCK_IO *io)
{
    const EFI_BLOCK_IO_MEDIA *media = io ? io->Media : NULL;

    return media && media->MediaPresent && !media->LogicalPartition &&
           is_power_of_two(media->BlockSize) && media->BlockSize >= 512 && media->BlockSize <= 4096;
}

/* ReadOnly tells nothing: OVMF's driver for USB drives does not set it for a CD. */
static enum lintel_medium medium_of(const EFI_BLOCK_IO_MEDIA *media)
{
    if (media->RemovableMedia && media->BlockSize == 2048)
        return LINTEL_MEDIUM_CD;
    return LINTEL_MEDIUM_DISK;
}

static void describe(const struct block_device *device, uint32_t index, struct disk *disk)
{
    const EFI_BLOCK_IO_MEDIA *media = device->io->Media;
    char number[32];

    *disk = (struct disk){
        .handle = (uintptr_t)device,
        .sectors = media->LastBlock + 1, /* 0, unknown, when that wraps */
        .sector_bytes = media->BlockSize,
        .medium = medium_of(media),
        .removable = media->RemovableMedia,
    };
    fmt(number, sizeof number, "UEFI disk %u", index);
    path_text(device->path, number, disk->name, sizeof disk->name);
}

const EFI_DEVICE_PATH *disk_path(const struct disk *disk)
{
    return device_of(disk)->path;
}

/* A driver frees its device's path when it is stopped. */
static EFI_DEVICE_PATH *keep_path(const EFI_DEVICE_PATH *path, uint8_t **room)
{
    EFI_DEVICE_PATH *kept = (EFI_DEVICE_PATH *)*room;
    uint64_t bytes = path_bytes(path);

    if (!path)
        return NULL;
    memcpy(kept, path, bytes);
    path_end(*room + bytes);
    *room += bytes + sizeof *kept;
    return kept;
}

static void add(EFI_HANDLE handle, struct disk *disks, uint8_t **room)
{
    EFI_BLOCK_IO *io = protocol_on(handle, (EFI_GUID)EFI_BLOCK_IO_PROTOCOL_GUID);

    if (!is_usable(io))
        return;
    devices[device_count] = (struct block_device){
        .io = io,
        .media_id = io->Media->MediaId,
        .path = keep_path(path_on(handle), room),
    };
    describe(&devices[device_count], device_count, &disks[device_count]);
    device_count++;
}

enum err disk_list(struct disk **disks, uint32_t *count)
{
    EFI_HANDLE *handles;
    UINTN handle_count = protocol_handles((EFI_GUID)EFI_BLOCK_IO_PROTOCOL_GUID, &handles);
    uint64_t physical, bytes = 0;

    *count = 0;
    *disks = NULL;
    if (!handle_count)
        return OK;
    for (UINTN i = 0; i < handle_count; i++)
        bytes += sizeof **disks + sizeof *devices + path_bytes(path_on(handles[i])) +
                 sizeof(EFI_DEVICE_PATH);
    TRY(memory_allocate(pages_of(bytes), &physical));
    *disks = at_physical(physical);
    devices = (struct block_device *)(*disks + handle_count);
    uint8_t *paths = (uint8_t *)(devices + handle_count);
    for (UINTN i = 0; i < handle_count; i++)
        add(handles[i], *disks, &paths);
    *count = device_count;
    uefi_boot->FreePool(handles);
    return OK;
}

static EFI_BLOCK_IO *find_again(const struct block_device *device)
{
    EFI_GUID block_io = EFI_BLOCK_IO_PROTOCOL_GUID;
    EFI_DEVICE_PATH *rest = device->path;
    EFI_HANDLE handle;

    if (!rest || EFI_ERROR(uefi_boot->LocateDevicePath(&block_io, &rest, &handle)) ||
        !IsDevicePathEnd(rest))
        return NULL;
    EFI_BLOCK_IO *io = protocol_on(handle, block_io);
    return is_usable(io) ? io : NULL;
}

void disk_refresh(void)
{
    for (uint32_t i = 0; i < device_count; i++) {
        EFI_BLOCK_IO *io = find_again(&devices[i]);
        if (io != devices[i].io && io)
            devices[i].media_id = io->Media->MediaId;
        devices[i].io = io;
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

/* OVMF's AHCI driver reports success for a read that failed and leaves the buffer as it was. */
static EFI_STATUS read_once(const struct block_device *device, uint64_t lba, uint64_t bytes,
                            uint8_t *to)
{
    uint64_t mark = marks_place(to, bytes, MARK_DISTANCE);
    EFI_STATUS status = device->io->ReadBlocks(device->io, device->media_id, lba, bytes, to);
    bool came = marks_count(to, bytes, MARK_DISTANCE, mark) == bytes;
    return !EFI_ERROR(status) && !came ? EFI_DEVICE_ERROR : status;
}

static bool is_passing(EFI_STATUS status)
{
    return status == EFI_DEVICE_ERROR || status == EFI_TIMEOUT || status == EFI_NOT_READY;
}

static EFI_STATUS read_request(const struct block_device *device, uint64_t lba, uint64_t bytes,
                               int tries, uint8_t *to)
{
    EFI_STATUS status = EFI_DEVICE_ERROR;

    for (int i = 0; i < tries && is_passing(status); i++)
        status = read_once(device, lba, bytes, to);
    return status;
}

/* Drivers give many reasons for a request that is too big for them: OVMF's for AHCI
 * EFI_BAD_BUFFER_SIZE, where it finds no room below 4 GiB for its own copy; one for USB drives may
 * run into its own time-out. */
static bool may_be_too_big(EFI_STATUS status)
{
    return status != EFI_NO_MEDIA && status != EFI_MEDIA_CHANGED;
}

/* IoAlign: 0 and 1 mean any place; else a power of two, or a driver that we do not believe. */
static bool is_aligned_for(const struct block_device *device, const void *to)
{
    uint32_t alignment = device->io->Media->IoAlign;

    return alignment <= 1 || (is_power_of_two(alignment) && (uintptr_t)to % alignment == 0);
}

static enum err check_request(const struct disk *disk, uint64_t lba, uint64_t sectors)
{
    const struct block_device *device = device_of(disk);
    uint64_t end;

    if (add_wraps(lba, sectors, &end))
        return fail(ERR_IO, "%s: %lu sector%s from LBA %lu on leave no number for the end",
                    disk->name, sectors, text_plural(sectors), lba);
    if (!device->io)
        return fail(ERR_IO, "%s has gone: a program took it away", disk->name);
    if (device->io->Media->BlockSize != disk->sector_bytes)
        return fail(ERR_IO, "%s had sectors of %u bytes, and has some of %u now", disk->name,
                    disk->sector_bytes, device->io->Media->BlockSize);
    return OK;
}

/* How many sectors a disk has is firmware's word, too: it refuses what lies behind the end. */
enum err disk_read(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to)
{
    const struct block_device *device = device_of(disk);

    TRY(check_request(disk, lba, sectors));
    bool straight = is_aligned_for(device, to);
    uint64_t most = (straight ? CHUNK_BYTES : sizeof bounce) / disk->sector_bytes;

    for (uint8_t *next = to; sectors;) {
        uint64_t now = MIN(sectors, most), bytes = now * disk->sector_bytes;
        EFI_STATUS status = read_request(device, lba, bytes, now > 1 ? TRIES_MANY : TRIES_ONE,
                                         straight ? next : bounce);
        if (EFI_ERROR(status) && may_be_too_big(status) && now > 1) {
            most = MAX(now / 8, 1);
            continue;
        }
        if (EFI_ERROR(status))
            return fail(ERR_IO, "%s: can't read %lu sector%s at LBA %lu: %s", disk->name, now,
                        text_plural(now), lba, status_name(status));
        if (!straight)
            memcpy(next, bounce, bytes);
        next += bytes;
        lba += now;
        sectors -= now;
    }
    return OK;
}
