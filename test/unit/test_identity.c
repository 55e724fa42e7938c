/* Label and UUID of file systems that the usual tools make: what an operating system calls them. */
#include "test/unit/volume_under_test.h"

static struct fs_identity identity_of(const char *path)
{
    struct volume_under_test v;
    struct fs_identity identity;

    mount(&v, path, 512);
    assert_int_equal(fs_identify(&v.fs, &identity), OK);
    fake_end();
    return identity;
}

/* What a command says, without its line end. */
static void ask(const char *command, char *answer, int bytes)
{
    FILE *pipe = popen(command, "r");

    answer[0] = 0;
    if (fgets(answer, bytes, pipe))
        answer[strcspn(answer, "\n")] = 0;
    pclose(pipe);
}

static void expect_same_identity(const char *label)
{
    struct fs_identity identity = identity_of("img");
    char said[64];

    ask("blkid -p -o value -s LABEL img", said, sizeof said);
    assert_string_equal(identity.label, said);
    assert_string_equal(identity.label, label);
    ask("blkid -p -o value -s UUID img", said, sizeof said);
    assert_string_equal(identity.uuid, said);
    assert_int_not_equal(strlen(identity.uuid), 0);
}

static void fat(void **state)
{
    static const struct {
        const char *command, *label;
    } made[] = {
        {"mkfs.fat -C -F 12 -n FLOPPY img 1440", "FLOPPY"},
        {"mkfs.fat -C -F 16 -i 00ab12cd -n 'A B' img 16384", "A B"},
        {"mkfs.fat -C -F 32 -n ELEVENCHARS img 40960", "ELEVENCHARS"},
        {"mkfs.fat -C -F 16 img 16384", ""},
        {"mformat -C -i img -v DATA -f 1440 ::", "DATA"},
        {"mformat -C -i img -F -T 140000 -h 16 -s 63 ::", ""},
        {"mkfs.fat -C -F 16 -n OLD img 16384 > log && mlabel -i img ::NEW", "NEW"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(made); i++) {
        run("rm -f img && %s > log", made[i].command);
        expect_same_identity(made[i].label);
    }
}

/* Label tools that know only the root directory leave the boot sector's label behind, at 2Bh. */
static void stale_label_of_the_boot_sector(void **state)
{
    (void)state;
    run("rm -f img && mkfs.fat -C -F 16 -n RIGHT img 16384 > log");
    run("printf 'STALE      ' | dd of=img bs=1 seek=43 conv=notrunc status=none");
    expect_same_identity("RIGHT");
    run("mlabel -c -i img :: > log");
    run("printf 'STALE      ' | dd of=img bs=1 seek=43 conv=notrunc status=none");
    assert_string_equal(identity_of("img").label, "");
}

static void no_serial_number(void **state)
{
    (void)state;
    run("rm -f img && mkfs.fat -C -F 16 img 16384 > log");
    run("printf '\\0' | dd of=img bs=1 seek=38 conv=notrunc status=none");
    assert_string_equal(identity_of("img").uuid, "");
}

/* Bytes from 80h on are code page 437, and a first E5h is written 05h. */
static void label_in_a_code_page(void **state)
{
    (void)state;
    run("rm -f img && mkfs.fat -C -F 16 -n LABEL img 16384 > log");
    run("at=$(grep -abo 'LABEL   ' img | tail -n 1 | cut -d: -f1) && "
        "printf '\\005\\232\\341' | dd of=img bs=1 seek=$at conv=notrunc status=none");
    assert_string_equal(identity_of("img").label, "σÜßEL");
}

static void iso9660(void **state)
{
    (void)state;
    run("mkdir -p src && echo a > src/a");
    run("rm -f img && xorriso -as mkisofs -V My_Disc --modification-date=2026011509301512 -o img "
        "src > log 2>&1");
    expect_same_identity("My_Disc");
    assert_string_equal(identity_of("img").uuid, "2026-01-15-09-30-15-12");
    /* A date that is not set has zeros: then the creation counts. */
    run("printf '0000000000000000\\0' | dd of=img bs=1 seek=33598 conv=notrunc status=none");
    expect_same_identity("My_Disc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fat),
        cmocka_unit_test(stale_label_of_the_boot_sector),
        cmocka_unit_test(no_serial_number),
        cmocka_unit_test(label_in_a_code_page),
        cmocka_unit_test(iso9660),
    };

    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
