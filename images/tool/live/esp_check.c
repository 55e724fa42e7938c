/* Why can't a UEFI machine take Lintel? */
#include "common/lib/mem.h"
#include "images/tool/host/root.h"
#include "images/tool/image/embedded.h"
#include "images/tool/live/esp.h"
#include "images/tool/live/nvram.h"
#include <stdlib.h>
#include <sys/statvfs.h>

#define ROOM_FOR_ENTRIES (64 * KIB)

/* Where a PE32+ file says how long its signatures are (Microsoft PE Format, Optional Header). */
#define PE_HEADER_AT    0x3c
#define SIGNATURES_SIZE (24 + 112 + 4 * 8 + 4)

static bool is_signed(const struct content *file)
{
    return load32(file->bytes + load32(file->bytes + PE_HEADER_AT) + SIGNATURES_SIZE) != 0;
}

static enum err check_secure_boot(void)
{
    uint8_t on = 0;
    uint64_t bytes = sizeof on;
    enum err err = nvram_get(vendor_global, "SecureBoot", &on, &bytes);

    if (err == ERR_NOT_FOUND || (err == OK && !on) || is_signed(&embedded_efi))
        return OK;
    TRY(err);
    return fail(ERR_UNSUPPORTED,
                "Secure Boot is on, and this Lintel has no signature: the firmware "
                "would not start it. Switch Secure Boot off in its setup, or make "
                "a disk with a signed Lintel (README, Entries: sbsign)");
}

/* The file beside the one that is there, and the default loader's. */
static enum err check_room(const struct esp *esp)
{
    char *path = root_path(esp->live->esp.folder);
    struct statvfs about;
    enum err err = statvfs(path, &about) == 0 ? OK : file_fail(path);

    free(path);
    TRY(err);
    uint64_t wanted = 2 * align_up(embedded_efi.size, about.f_frsize) + ROOM_FOR_ENTRIES;
    uint64_t room = (uint64_t)about.f_bavail * about.f_frsize;
    if (about.f_flag & ST_RDONLY)
        return fail(ERR_UNSUPPORTED,
                    "%s: is mounted read-only: remount it (mount -o remount,rw %s)",
                    esp->live->esp.folder, esp->live->esp.folder);
    if (room < wanted)
        return fail(ERR_NO_MEMORY,
                    "%s: the EFI system partition has %lu KiB left, but %lu KiB are needed: remove "
                    "what you do not need there",
                    esp->live->esp.folder, room / KIB, wanted / KIB);
    return OK;
}

enum err esp_check(const struct esp *esp)
{
    const struct live *live = esp->live;

    if (live->other_esp[0])
        return fail(ERR_UNSUPPORTED,
                    "EFI system partitions are mounted on %s and on %s: unmount the one that the "
                    "machine is not to be started from",
                    live->esp.folder, live->other_esp);
    TRY(nvram_check());
    TRY(check_secure_boot());
    return check_room(esp);
}
