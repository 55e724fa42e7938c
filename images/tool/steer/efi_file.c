/* Which files of Lintel's does an EFI system partition hold? */
#include "images/tool/steer/efi_file.h"
#include "common/lib/mem.h"
#include "common/storage/fs/fs.h"
#include "images/tool/host/firmware.h"
#include "images/tool/image/embedded.h"

#define LOADER_BYTES_MAX (16 * MIB) /* no loader is larger */

const char *const efi_file_paths[EFI_FILES] = {
    [EFI_FILE_OWN] = "/EFI/lintel/lintelx64.efi",
    [EFI_FILE_TRIAL] = "/EFI/lintel/trialx64.efi",
    [EFI_FILE_DEFAULT] = "/EFI/BOOT/BOOTX64.EFI",
};

static void look_at_file(const struct fs *fs, const char *path, struct efi_found *found)
{
    struct file file;
    uint8_t *bytes;

    if (fs_open(fs, path, &file) != OK)
        return;
    found->there = true;
    if (file.reader.bytes > LOADER_BYTES_MAX ||
        arena_take(&host_arena, file.reader.bytes, (void **)&bytes) != OK ||
        reader_read(&file.reader, 0, file.reader.bytes, bytes) != OK)
        return;
    const struct content content = {bytes, file.reader.bytes};
    found->ours = loader_version(&content, found->version);
    found->own =
        content.size == embedded_efi.size && memcmp(bytes, embedded_efi.bytes, content.size) == 0;
}

static bool look_at_volume(const struct volume *volume, struct efi_files *found)
{
    bool any = false;
    struct fs fs;

    if (fs_mount(volume, &host_arena, &fs) != OK)
        return false;
    *found = (struct efi_files){.has_volume = true, .volume = *volume};
    for (size_t i = 0; i < EFI_FILES; i++) {
        look_at_file(&fs, efi_file_paths[i], &found->files[i]);
        any |= found->files[i].there;
    }
    return any;
}

/* Firmware starts the default loader from any volume that it can read: an EFI system partition
 * comes first. */
enum err efi_files_look(const struct disk_image *disk, struct efi_files *found)
{
    struct volume *volumes;
    uint32_t count;

    *found = (struct efi_files){0};
    TRY(partition_list(&host_firmware, &disk->disk, &host_arena, &volumes, &count));
    for (int esp = 1; esp >= 0; esp--)
        for (uint32_t i = 0; i < count; i++)
            if (volume_is_esp(&volumes[i]) == (esp != 0) && look_at_volume(&volumes[i], found))
                return OK;
    *found = (struct efi_files){0};
    return OK;
}
