/* Whose are the first sector and the boot order, and which versions of Lintel lie there? */
#include "images/tool/steer/status.h"
#include "common/storage/area.h"

static const char *compare(bool own)
{
    return own ? ", the one in this tool" : "";
}

static void show_stage(const struct steering *steering, const char *key,
                       const struct stage_found *stage)
{
    uint32_t sector_bytes = steering->disk.disk.sector_bytes;

    status_line(key, "Lintel %s%s: %lu bytes at LBA %lu%s", stage->version, compare(stage->own),
                stage->bytes, stage->offset / sector_bytes, stage->sound ? "" : "; damaged");
}

static void show_slots(const struct steering *steering)
{
    for (size_t i = 0; i < SLOTS; i++) {
        const struct stage_found *slot = &steering->slots[i];
        if (slot->bytes && slot->offset != steering->stage.offset)
            show_stage(steering, "other slot:", slot);
    }
}

/* What `lintel uninstall` puts back, and the menu offers. */
static void show_previous(const struct steering *steering)
{
    uint8_t sector[BOOT_SECTOR_BYTES];
    uint64_t offset = steering->area + (uint64_t)AREA_PREVIOUS * steering->disk.disk.sector_bytes;

    if (steering->area && disk_image_read(&steering->disk, offset, sizeof sector, sector) == OK &&
        !is_zero(sector, sizeof sector))
        status_line("previous:", "%s", first_sector_owner(sector));
}

static void show_sector(const struct steering *steering)
{
    const struct stage_found *stage = &steering->stage;

    if (!stage->bytes) {
        status_line("first sector:", "%s", first_sector_owner(steering->sector));
        return;
    }
    status_line("first sector:", "Lintel");
    show_stage(steering, "second stage:", stage);
    if (!stage->sound)
        status_wrong("the second stage at LBA %lu is damaged, and BIOS boots nothing: install "
                     "Lintel again",
                     stage->offset / steering->disk.disk.sector_bytes);
    show_slots(steering);
    show_previous(steering);
}

static void show_files(const struct efi_files *files)
{
    for (size_t i = 0; i < EFI_FILES; i++) {
        const struct efi_found *file = &files->files[i];
        if (file->there)
            status_line("UEFI file:", "%s: %s%s%s", efi_file_paths[i],
                        file->ours ? "Lintel " : "another loader", file->version,
                        compare(file->own));
    }
}

void status_loaders(const struct steering *steering)
{
    show_sector(steering);
    show_files(&steering->efi);
    if (steering->live && steering->machine.uefi)
        status_firmware(steering);
}
