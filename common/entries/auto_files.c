/* Which programs on a volume does everybody know by their place, other boot loaders and tools? */
#include "common/entries/auto.h"
#include "common/format/pe.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

#define DIRECTORIES_MAX 32 /* below /EFI: all others are passed over */
#define PATH_BYTES      (FS_NAME_BYTES + 64)
#define COMPARE_BYTES   (64 * KIB)
#define SBAT_BYTES      512 /* of one's begin: our own is shorter */

struct look {
    struct auto_search *search;
    const struct fs *fs;
    uint32_t directories;
    enum err err;
};

/* ---- whose is it? ---------------------------------------------------------------------------- */

/* By its section .sbat, as Lintel's own has it: another Lintel would find this one in turn. What
 * can't be parsed is somebody else's. */
static bool is_lintel(const struct reader *reader, struct arena *arena)
{
    char text[SBAT_BYTES] = "";
    struct pe pe;

    if (pe_parse(reader, arena, &pe) != OK)
        return false;
    const struct pe_section *sbat = pe_find(&pe, ".sbat", 0, pe.section_count);
    return sbat &&
           reader_read(reader, sbat->file_offset, MIN(sbat->content_bytes, sizeof text - 1),
                       text) == OK &&
           text_matches("*\nlintel,*", text);
}

static bool are_equal(const struct reader *a, const struct reader *b, uint8_t *room)
{
    for (uint64_t at = 0, bytes; at < a->bytes; at += bytes) {
        bytes = MIN(a->bytes - at, COMPARE_BYTES);
        if (reader_read(a, at, bytes, room) != OK ||
            reader_read(b, at, bytes, room + COMPARE_BYTES) != OK ||
            memcmp(room, room + COMPARE_BYTES, bytes) != 0)
            return false;
    }
    return true;
}

/* Many loaders lie there twice: at their own place, and where firmware looks by default. */
static bool is_copy(const struct look *look, const struct reader *reader)
{
    struct arena *arena = look->search->arena;
    struct file file;
    uint8_t *room;

    for (const struct entry_item *item = look->search->found; item; item = item->next) {
        if (item->entry.fs != look->fs || fs_open(look->fs, item->entry.kernel, &file) != OK ||
            file.reader.bytes != reader->bytes)
            continue;
        struct arena_mark mark = arena_mark(arena);
        bool equal = ARENA_TAKE(arena, 2 * COMPARE_BYTES, &room) == OK &&
                     are_equal(reader, &file.reader, room);
        arena_reset(arena, mark);
        if (equal)
            return true;
    }
    return false;
}

/* ---- known places ---------------------------------------------------------------------------- */

enum firmwares { BIOS = 1, UEFI, BOTH };

static const struct place {
    enum firmwares on;
    enum entry_kind kind;
    const char *id, *title, *key, *path;
} places[] = {
#define MEMORY_TEST ENTRY_MEMORY_TEST, "memtest", "Memory test (memtest86+)", "kernel"
    {UEFI, MEMORY_TEST, "/boot/memtest86+x64.efi"},
    {UEFI, MEMORY_TEST, "/memtest86+x64.efi"},
    {UEFI, MEMORY_TEST, "/EFI/tools/memtest86+x64.efi"},
    {BOTH, MEMORY_TEST, "/boot/memtest86+x64.bin"},
    {BOTH, MEMORY_TEST, "/memtest86+x64.bin"},
    {BIOS, MEMORY_TEST, "/boot/memtest86+.bin"}, /* before version 6 */
    {UEFI, ENTRY_SHELL, "efi-shell", "UEFI shell", "efi", "/shellx64.efi"},
    {UEFI, ENTRY_SHELL, "efi-shell", "UEFI shell", "efi", "/EFI/tools/shellx64.efi"},
    {UEFI, ENTRY_WINDOWS, "windows", "Windows Boot Manager", "efi",
     "/EFI/Microsoft/Boot/bootmgfw.efi"},
};

/* Of several places for the same thing the first counts. */
static enum err look_at_places(struct look *look)
{
    enum firmwares here = look->search->volumes->uefi ? UEFI : BIOS;
    const char *found = "";
    struct file file;

    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        const struct place *place = &places[i];
        if (!(place->on & here) || strcmp(place->id, found) == 0 ||
            fs_open(look->fs, place->path, &file) != OK)
            continue;
        found = place->id;
        TRY(auto_add(look->search, &(struct found){place->kind, place->id, place->title, place->key,
                                                   place->path, look->fs}));
    }
    return OK;
}

/* ---- other boot loaders: a directory each below /EFI ------------------------------------------
 */

static const struct loader {
    const char *file;
    enum entry_kind kind;
} loaders[] = {
    {"shimx64.efi", ENTRY_SHIM_OR_GRUB},   {"grubx64.efi", ENTRY_SHIM_OR_GRUB},
    {"systemd-bootx64.efi", ENTRY_LOADER}, {"refind_x64.efi", ENTRY_LOADER},
    {"limine_x64.efi", ENTRY_LOADER},      {"limine.efi", ENTRY_LOADER},
    {"BOOTX64.EFI", ENTRY_LOADER},
};

/* shim starts the GRUB that lies beside it: one line for each directory. */
static enum err look_into(struct look *look, const char *directory)
{
    char path[PATH_BYTES], title[PATH_BYTES];
    struct file file;

    for (size_t i = 0; i < ARRAY_LENGTH(loaders); i++) {
        fmt(path, sizeof path, "/EFI/%s/%s", directory, loaders[i].file);
        fmt(title, sizeof title, "%s (%s)", directory, loaders[i].file);
        if (fs_open(look->fs, path, &file) == OK && !is_lintel(&file.reader, look->search->arena))
            return auto_add(look->search, &(struct found){loaders[i].kind, directory, title, "efi",
                                                          path, look->fs});
    }
    return OK;
}

static bool look_at_directory(void *context, const struct fs_entry *entry)
{
    struct look *look = context;

    if (!entry->directory || entry->name[0] == '.' || text_equal(entry->name, "BOOT"))
        return true;
    if (look->directories++ == DIRECTORIES_MAX) {
        note("/EFI: not all of its directories are looked into for loaders\n");
        return false;
    }
    look->err = look_into(look, entry->name);
    return look->err == OK;
}

static enum err look_at_default(struct look *look)
{
    static const char path[] = "/EFI/BOOT/BOOTX64.EFI";
    struct file file;

    if (fs_open(look->fs, path, &file) != OK || is_lintel(&file.reader, look->search->arena) ||
        is_copy(look, &file.reader))
        return OK;
    return auto_add(look->search, &(struct found){ENTRY_DEFAULT_LOADER, "efi-default",
                                                  "EFI default loader", "efi", path, look->fs});
}

/* A server is only asked for what somebody has named. */
enum err auto_files_find(struct auto_search *search, const struct fs *fs)
{
    struct look look = {.search = search, .fs = fs};

    if (!fs->driver->list)
        return OK;
    TRY(look_at_places(&look));
    if (!search->volumes->uefi)
        return OK;
    enum err err = fs_list(fs, "/EFI", look_at_directory, &look);
    TRY(look.err);
    TRY(look_at_default(&look));
    return err == ERR_NOT_FOUND ? OK : err;
}
