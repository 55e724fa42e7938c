/* ISO 9660 volumes made by xorriso in many shapes, compared byte for byte with what xorriso reads
 * from them. */
#include "test/unit/volume_under_test.h"

static void make(const char *options)
{
    run("rm -f img && xorriso -as mkisofs -o img %s src > xorriso.log 2>&1", options);
}

/* Compares a volume with what xorriso copies out of it; it prefers the same names as Lintel. */
static void expect_same(const char *path, uint32_t sector_bytes)
{
    struct volume_under_test v;

    mount(&v, path, sector_bytes);
    expect_same_tree(&v.fs, "out");
    fake_end();
}

/* xorriso copies the mode of directories too, which may forbid to delete them. */
static void extract(const char *path)
{
    run("chmod -R u+w out 2> /dev/null; rm -rf out;"
        "osirrox -indev %s -extract / out 2> xorriso.log",
        path);
}

static void shapes(void **state)
{
    static const char *const options[] = {
        "-J -joliet-long",
        "",
        "-D",
        "-rr_reloc_dir rr_moved",
        "-rr_reloc_dir many",
        "-iso-level 3 -U",
        "-iso-level 4",
        "--norock -J",
        "--norock -J -joliet-long",
        "--norock -J -joliet-utf16",
        "--norock",
        "--norock -iso-level 1",
        "--norock -iso-level 3 -l -relaxed-filenames -allow-lowercase",
        "--norock -iso-level 3 -U",
        "--norock -iso-level 4",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(options); i++) {
        make(options[i]);
        extract("img");
        for (uint32_t sector_bytes = 512; sector_bytes <= 4096; sector_bytes *= 2)
            expect_same("img", sector_bytes);
    }
}

/* ---- damage: whatever byte is wrong, Lintel says so or reads on ------------------------------ */

struct visit {
    const struct fs *fs;
    unsigned depth, entries;
};

static bool visit(void *context, const struct fs_entry *entry)
{
    struct visit *v = context;
    struct file file = {.reader = {.name = "a file"}};
    uint8_t bytes[100];

    if (v->entries++ == 300)
        return false;
    v->depth++;
    if (entry->directory && v->depth < 20)
        v->fs->driver->list(v->fs, entry, visit, v);
    file.fs = v->fs;
    if (!entry->directory && v->fs->driver->open(v->fs, entry, &file) == OK)
        v->fs->driver->read(&file, 0, MIN(entry->bytes, sizeof bytes), bytes);
    v->depth--;
    return true;
}

static void read_what_is_there(uint8_t *image, uint64_t bytes)
{
    struct facts *facts = fake_begin(0);
    struct arena arena;
    struct volume volume = {.firmware = &fake_firmware};
    struct fs fs;
    struct visit v = {.fs = &fs};

    fake_disk_in_memory(image, bytes, 2048);
    arena_begin(&arena, fake_firmware.allocate);
    volume.disk = &facts->disks[0];
    volume.sectors = volume.disk->sectors;
    if (fs_mount(&volume, &arena, &fs) == OK)
        fs_list(&fs, "/", visit, &v);
    fake_end();
}

static void every_byte_wrong(void **state)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    uint64_t bytes;
    uint8_t *image;

    (void)state;
    run("rm -rf few && mkdir -p few && mv src/[dEl]* few && rm -f img &&"
        "xorriso -as mkisofs -o img -J -rr_reloc_dir rr_moved few > xorriso.log 2>&1");
    image = read_host("img", &bytes);
    for (uint64_t i = 16 * 2048; i < bytes; i++)
        for (size_t j = 0; image[i] && j < ARRAY_LENGTH(masks); j++) {
            image[i] ^= masks[j];
            read_what_is_there(image, bytes);
            image[i] ^= masks[j];
        }
    free(image);
}

static int begin(void **state)
{
    int status = scratch_begin(state);

    if (status == 0)
        run("%s && echo emoji > src/😀.txt", make_tree);
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(every_byte_wrong),
    };

    return cmocka_run_group_tests(tests, begin, scratch_end);
}
