/* ISO 9660 volumes made by xorriso in many shapes, compared byte for byte with what xorriso reads
 * from them. */
#include "volume_under_test.h"

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
    };

    return cmocka_run_group_tests(tests, begin, scratch_end);
}
