/* ISO 9660 volumes that are legal, in shapes that tools do not make. */
#include "test/unit/iso_volume.h"

static void block_sizes(void **state)
{
    (void)state;
    for (uint32_t block_bytes = 512; block_bytes <= 2048; block_bytes *= 2) {
        image_begin(block_bytes, false, 0);
        image_add(IMAGE_ROOT, "FILE.BIN;1", 40, 5000, 0);
        expect_file("/file.bin", 40, 5000);
    }
}

static void extents(void **state)
{
    static const struct piece apart[] = {{50, 4096}, {40, 2048}, {44, 3000}};
    static const struct piece gaps[] = {{40, 100}, {41, 7}};
    static const struct piece close[] = {{40, 4096 + 2048 + 10}};
    struct file file;
    uint64_t before;

    (void)state;
    image_begin(2048, false, 0);
    image_add(IMAGE_ROOT, "APART;1", 50, 4096, 0x80);
    image_add(IMAGE_ROOT, "APART;1", 0, 0, 0x80);
    image_add(IMAGE_ROOT, "APART;1", 40, 2048, 0x80);
    image_add(IMAGE_ROOT, "APART;1", 44, 3000, 0);
    image_add(IMAGE_ROOT, "CLOSE;1", 40, 4096, 0x80);
    image_add(IMAGE_ROOT, "CLOSE;1", 42, 2048, 0x80);
    image_add(IMAGE_ROOT, "CLOSE;1", 43, 10, 0);
    image_add(IMAGE_ROOT, "GAPS;1", 40, 100, 0x80);
    image_add(IMAGE_ROOT, "GAPS;1", 41, 7, 0);
    expect_list("/", "APART CLOSE GAPS ");
    expect_pieces("/apart", apart, ARRAY_LENGTH(apart));
    expect_pieces("/close", close, ARRAY_LENGTH(close));
    expect_pieces("/gaps", gaps, ARRAY_LENGTH(gaps));
    assert_int_equal(mount(), OK);
    assert_int_equal(fs_open(&fs, "/close", &file), OK);
    before = fake_reads(0);
    assert_int_equal(reader_read(&file.reader, 0, 3 * 2048, (uint8_t[3 * 2048]){0}), OK);
    assert_int_equal(fake_reads(0) - before, 1);
    fake_end();
}

/* The last record of a sector continues in the next sector. */
static void extents_across_sectors(void **state)
{
    static const struct piece pieces[] = {{50, 2048}, {40, 11}};
    char name[] = "FILE000.BIN;1";

    (void)state;
    image_begin(2048, false, 0);
    for (uint32_t used = 68; used <= 2048 - 2 * 46; used += 46) {
        snprintf(name, sizeof name, "FILE%03u.BIN;1", used % 1000);
        image_add(IMAGE_ROOT, name, 32, 1, 0);
    }
    image_add(IMAGE_ROOT, "LAST.BIN;1", 50, 2048, 0x80);
    image_record(image_sector(IMAGE_ROOT + 1), "LAST.BIN;1", 10, 40, 11, 0);
    expect_pieces("/last.bin", pieces, ARRAY_LENGTH(pieces));
}

static void records_of_other_kinds(void **state)
{
    uint8_t *record;

    (void)state;
    image_begin(2048, false, 0);
    image_add(IMAGE_ROOT, "FORK;1", 40, 100, 0x04); /* associated */
    image_add(IMAGE_ROOT, "FORK;1", 41, 200, 0);
    record = image_add(IMAGE_ROOT, "ATTRIBUT.ES;1", 42, 100, 0);
    record[1] = 2; /* blocks of extended attributes */
    image_add(IMAGE_ROOT, "EMPTY.;12345", 60000, 0, 0);
    image_add(IMAGE_ROOT, "SUB", IMAGE_SUB, 2 * 2048, 2);
    image_directory(IMAGE_SUB);
    image_add(IMAGE_SUB, "X7.Y;1", 45, 300, 0);
    expect_list("/", "FORK ATTRIBUT.ES EMPTY SUB/ ");
    expect_file("/fork", 41, 200);
    expect_file("/attribut.es", 44, 100);
    expect_pieces("/empty", NULL, 0);
    expect_file("/sub/x7.y", 45, 300);
}

/* There is no sector behind it that could be read too. */
static void directory_at_the_end(void **state)
{
    uint32_t last = IMAGE_SECTORS - 1;

    (void)state;
    image_begin(2048, false, 0);
    image_add(IMAGE_ROOT, "LAST", last, 2048, 2);
    memset(image_sector(last), 0, 2048);
    image_add_bytes(last, "\0", 1, last, 2048, 2);
    image_add(last, "FILE;1", 40, 100, 0);
    expect_file("/last/file", 40, 100);
}

static void joliet_levels(void **state)
{
    static const struct {
        const char *escape, *names;
    } levels[] = {{"%/@", "j "}, {"%/C", "j "}, {"%/E", "j "}, {"%/A", "P "}, {"\0\0\0", "P "}};

    (void)state;
    image_begin(2048, false, 0);
    image_add(IMAGE_ROOT, "P;1", 40, 10, 0);
    image_add_joliet();
    image_add_bytes(IMAGE_JOLIET_ROOT, "\0j", 2, 40, 10, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(levels); i++) {
        memcpy(image_sector(IMAGE_JOLIET) + 88, levels[i].escape, 3);
        expect_list("/", levels[i].names);
    }
}

static void joliet_names(void **state)
{
    (void)state;
    image_begin(2048, false, 0);
    image_add_joliet();
    image_add_bytes(IMAGE_JOLIET_ROOT, "\0a\0.\0b\0;\0001", 10, 40, 10, 0);
    image_add_bytes(IMAGE_JOLIET_ROOT, "\0a\0.\0;\0001", 8, 40, 10, 0);
    image_add_bytes(IMAGE_JOLIET_ROOT, "\0\xe4\x67\x71\0x", 6, 41, 20, 0);
    image_add_bytes(IMAGE_JOLIET_ROOT, "\xd8\x3d\xde\0\0!", 6, 42, 30, 0);
    image_add_bytes(IMAGE_JOLIET_ROOT, "\xd8\x3d\0!\xde\0", 6, 42, 30, 0);
    expect_list("/", "a.b a ä東x 😀! \xef\xbf\xbd!\xef\xbf\xbd ");
    expect_file("/ä東X", 41, 20);
}

/* Rock Ridge is used before Joliet, but only where an ER entry says that it is there. */
static void which_names(void **state)
{
    static const struct {
        const char *reference, *names;
    } extensions[] = {{"RRIP_1991B", "j "}, {"IEEE_P1282", "rock "}, {"RRIP_1991A", "rock "}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(extensions); i++) {
        image_begin(2048, true, 0);
        memcpy(image_sector(IMAGE_ROOT) + 34 + 7 + 8, extensions[i].reference, 10);
        image_use(image_add(IMAGE_ROOT, "F;1", 40, 10, 0), "NM", "\0rock", 5);
        image_add_joliet();
        image_add_bytes(IMAGE_JOLIET_ROOT, "\0j", 2, 40, 10, 0);
        expect_list("/", extensions[i].names);
    }
    image_sector(IMAGE_ROOT)[34 + 7 + 2] -= 2; /* the name leaves the ER entry */
    expect_list("/", "j ");
    image_sector(IMAGE_ROOT)[34 + 4] = 0; /* no SP */
    expect_list("/", "j ");
    image_sector(IMAGE_JOLIET)[90] = 'F';
    expect_list("/", "F ");
}

/* One name in two areas, another one in a third block. */
static void continued_names(void **state)
{
    uint8_t *record, *area = image_sector(IMAGE_CONTINUATION);

    (void)state;
    image_begin(2048, true, 0);
    record = image_add(IMAGE_ROOT, "A.;1", 40, 10, 0);
    image_use(record, "NM", "\1con", 4);
    image_use(record, "CE", image_continuation(IMAGE_CONTINUATION, 100, 40), 24);
    area = image_entry(area + 100, "NM", "\1tinued ", 8);
    area = image_entry(area, "CE", image_continuation(IMAGE_CONTINUATION + 1, 0, 10), 24);
    image_entry(area, "NM", "\0X", 2); /* behind the area's end */
    image_entry(image_sector(IMAGE_CONTINUATION + 1), "NM", "\0twice", 6);
    record = image_add(IMAGE_ROOT, "B.;1", 40, 10, 0);
    image_use(record, "CE", image_continuation(IMAGE_CONTINUATION + 2, 0, 6), 24);
    image_entry(image_sector(IMAGE_CONTINUATION + 2), "NM", "\0b", 2);
    expect_list("/", "continued twice b ");
}

static void rock_ridge_names(void **state)
{
    uint8_t *record;

    (void)state;
    image_begin(2048, true, 0);
    record = image_add(IMAGE_ROOT, "A.;1", 40, 10, 0);
    image_use(record, "NM", "", 0);
    image_use(record, "PX", "", 0);
    image_use(record, "NM", "\0a", 2);
    image_use(record, "ST", "", 0);
    image_use(record, "NM", "\0b", 2);
    record = image_add(IMAGE_ROOT, "NONE.;1", 40, 10, 0);
    image_use(record, "NM", "\2", 1); /* "." */
    record[0] = (uint8_t)(record[0] + 6);
    expect_list("/", "a NONE ");
}

static void bytes_before_system_use(void **state)
{
    uint8_t *record;

    (void)state;
    image_begin(2048, true, 33);
    record = image_add(IMAGE_ROOT, "LONG.;1", 40, 10, 0);
    memset(record + record[0], 0xff, 33);
    record[0] = (uint8_t)(record[0] + 33);
    image_use(record, "NM", "\0long", 5);
    image_add(IMAGE_ROOT, "SHORT.;1", 40, 10, 0);
    image_add(IMAGE_ROOT, "NM\6\1\1X", 40, 10, 0); /* its name lies where SHORT would have one */
    expect_list("/", "long SHORT NM\6\1\1X ");
}

static void relocated_directories(void **state)
{
    (void)state;
    image_begin_relocated();
    expect_list("/", "DEEP/ rr_moved/ ");
    expect_list("/rr_moved", "");
    expect_list("/deep", "FILE ");
    expect_file("/deep/file", 40, 100);
}

static void symbolic_links(void **state)
{
    (void)state;
    image_begin(2048, true, 0);
    image_use(image_add(IMAGE_ROOT, "L.;1", 40, 0, 0), "SL", "\0\0\1x", 4);
    expect("/l", ERR_UNSUPPORTED, "/l: a symbolic link, which Lintel does not follow");
    expect("/l/x", ERR_FORMAT, "L is a file, not a directory");
}

static void no_terminator(void **state)
{
    (void)state;
    image_begin(2048, false, 0);
    image_add(IMAGE_ROOT, "F;1", 40, 10, 0);
    memset(image_sector(IMAGE_TERMINATOR), 0, 2048);
    expect_file("/f", 40, 10);
    for (uint32_t sector = 17; sector < 20; sector++)
        memcpy(image_sector(sector), "\1CD001", 6); /* only the first one counts */
    expect_file("/f", 40, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_sizes),
        cmocka_unit_test(extents),
        cmocka_unit_test(extents_across_sectors),
        cmocka_unit_test(records_of_other_kinds),
        cmocka_unit_test(directory_at_the_end),
        cmocka_unit_test(joliet_levels),
        cmocka_unit_test(joliet_names),
        cmocka_unit_test(which_names),
        cmocka_unit_test(continued_names),
        cmocka_unit_test(rock_ridge_names),
        cmocka_unit_test(bytes_before_system_use),
        cmocka_unit_test(relocated_directories),
        cmocka_unit_test(symbolic_links),
        cmocka_unit_test(no_terminator),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
