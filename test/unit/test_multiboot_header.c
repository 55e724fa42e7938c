/* Headers of both versions: where they are found, what each tag and flag says, and what is
 * refused. */
#include "test/unit/multiboot_builder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MAGIC_1 0x1badb002u

static struct multiboot_header header;

static int begin(void **state)
{
    (void)state;
    memset(&mb, 0, sizeof mb);
    mb.size = MB_BYTES;
    mb_header(MB_HEADER);
    return 0;
}

static enum err parse(void)
{
    return multiboot2_parse(mb.bytes, mb.size, "kernel", &header);
}

static void expect(enum err err)
{
    enum err got = parse();
    if (got != err)
        fail_msg("%d, not %d: %s", got, err, err_message());
}

static void refuse(enum err err, const char *why)
{
    struct multiboot_header before;
    memset(&header, 0x5a, sizeof header);
    before = header;
    expect(err);
    if (!strstr(err_message(), why) || !strstr(err_message(), "kernel"))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), why);
    assert_memory_equal(&before, &header, sizeof header);
}

/* Field by field: nobody fills the padding. */
static void assert_header(const struct multiboot_header *right)
{
#define SAME(field) assert_int_equal(right->field, header.field)
    SAME(version), SAME(offset), SAME(has_addresses), SAME(header_address), SAME(load_address);
    SAME(load_end), SAME(bss_end), SAME(has_entry), SAME(entry), SAME(efi_services);
    SAME(has_efi64_entry), SAME(efi64_entry), SAME(relocatable), SAME(lowest), SAME(highest);
    SAME(alignment), SAME(preference), SAME(wants_framebuffer), SAME(width), SAME(height);
    SAME(needs_console);
    SAME(knows_text);
#undef SAME
}

/* ---- where it is ----------------------------------------------------------------------------- */

static bool is_found_at(uint32_t offset)
{
    memset(mb.bytes, 0, sizeof mb.bytes);
    mb_header(offset);
    return multiboot2_recognise(mb.bytes, mb.size);
}

static void test_places(void **state)
{
    (void)state;
    assert_true(is_found_at(0));
    assert_true(is_found_at(8));
    assert_true(is_found_at(32768 - 16));
    assert_false(is_found_at(4));
    assert_false(is_found_at(32768 - 8));
    assert_false(is_found_at(32768));
    refuse(ERR_FORMAT, "no Multiboot2 header");
}

static void test_has_to_end_in_the_first_32_kib(void **state)
{
    (void)state;
    memset(mb.bytes, 0, sizeof mb.bytes);
    mb_header(32768 - 24);
    mb_tag(0, 0, 0, NULL);
    assert_true(multiboot2_recognise(mb.bytes, mb.size));
    mb_tag(0, 0, 0, NULL);
    assert_false(multiboot2_recognise(mb.bytes, mb.size));
    begin(state);
    mb.size = MB_HEADER + 16;
    expect(OK);
    mb.size--;
    assert_false(multiboot2_recognise(mb.bytes, mb.size));
}

static void test_checksum(void **state)
{
    (void)state;
    mb_put(MB_HEADER + 12, 0x12345678, 4);
    assert_true(multiboot2_recognise(mb.bytes, mb.size));
    refuse(ERR_FORMAT, "checksum of its Multiboot2 header is 12345678h, but 17ADAF1Ah");
    mb_header(MB_HEADER + 64); /* what only looks like one may stand before it */
    expect(OK);
    assert_int_equal(MB_HEADER + 64, header.offset);
}

static void test_architecture(void **state)
{
    (void)state;
    mb_put(MB_HEADER + 4, 4, 4);
    mb_sum();
    refuse(ERR_UNSUPPORTED, "architecture 4, not for 0 (i386)");
    mb_put(MB_HEADER + 12, 0, 4); /* neither: not taken for a header at all */
    assert_false(multiboot2_recognise(mb.bytes, mb.size));
}

/* ---- tags ------------------------------------------------------------------------------------ */

static void test_without_tags(void **state)
{
    const struct multiboot_header plain = {.version = 2, .offset = MB_HEADER};
    (void)state;
    expect(OK);
    assert_header(&plain);
    mb_tag(0, 0, 0, NULL);
    expect(OK);
    assert_header(&plain);
}

static void test_every_tag(void **state)
{
    (void)state;
    MB_TAG(1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21);
    MB_TAG(2, 0, 0x100200, 0x100000, 0x110000, 0x120000);
    MB_TAG(3, 0, 0x100300);
    MB_TAG(4, 0, 3);
    MB_TAG(5, 0, 1024, 768, 32);
    mb_tag(6, 0, 0, NULL);
    mb_tag(7, 0, 0, NULL);
    MB_TAG(8, 0, 0x100400);
    MB_TAG(9, 0, 0x100500);
    MB_TAG(10, 0, 0x200000, 0xffffffff, 0x1000, 1);
    mb_tag(0, 0, 0, NULL);
    MB_TAG(99, 0, 1); /* behind the end */
    expect(OK);
    const struct multiboot_header all = {
        .version = 2,
        .offset = MB_HEADER,
        .has_addresses = true,
        .header_address = 0x100200,
        .load_address = 0x100000,
        .load_end = 0x110000,
        .bss_end = 0x120000,
        .has_entry = true,
        .entry = 0x100300,
        .efi_services = true,
        .has_efi64_entry = true,
        .efi64_entry = 0x100500,
        .relocatable = true,
        .lowest = 0x200000,
        .highest = 0xffffffff,
        .alignment = 0x1000,
        .preference = PREFER_LOWEST,
        .wants_framebuffer = true,
        .width = 1024,
        .height = 768,
        .needs_console = true,
        .knows_text = true,
    };
    assert_header(&all);
}

static void test_console_flags(void **state)
{
    (void)state;
    MB_TAG(4, 0, 2); /* text is known, nothing is required */
    expect(OK);
    assert_false(header.needs_console);
    assert_true(header.knows_text);
}

static void test_unknown_tags(void **state)
{
    (void)state;
    MB_TAG(11, 1, 5);
    MB_TAG(0xffff, 1, 5, 6);
    expect(OK);
    MB_TAG(11, 0, 5);
    refuse(ERR_UNSUPPORTED, "tag 11, which Lintel does not know");
}

static void test_unknown_requests(void **state)
{
    (void)state;
    MB_TAG(1, 1, 4, 22, 0xffffffff);
    expect(OK);
    MB_TAG(1, 0, 4, 22);
    refuse(ERR_UNSUPPORTED, "information of type 22");
    mb_header(MB_HEADER);
    MB_TAG(1, 0, 0);
    refuse(ERR_UNSUPPORTED, "information of type 0");
}

static void test_tag_sizes(void **state)
{
    static const struct {
        uint16_t type;
        uint32_t fields;
    } least[] = {{2, 4}, {3, 1}, {4, 1}, {5, 3}, {8, 1}, {9, 1}, {10, 4}};
    const uint32_t fields[4] = {1, 2, 1, 0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(least); i++) {
        mb_header(MB_HEADER);
        mb_tag(least[i].type, 0, least[i].fields, fields);
        expect(OK);
        mb_header(MB_HEADER);
        mb_tag(least[i].type, 0, least[i].fields - 1, fields);
        refuse(ERR_FORMAT, "too short by 4");
    }
}

static void test_tags_that_leave_the_header(void **state)
{
    (void)state;
    MB_TAG(3, 0, 1);
    for (uint32_t size = 0; size < 8; size++) {
        mb_put(MB_HEADER + 20, size, 4);
        refuse(ERR_FORMAT, "tag 3 at offset 16");
    }
    mb_put(MB_HEADER + 20, 17, 4);
    refuse(ERR_FORMAT, "of 32 bytes has size 17");
    mb_put(MB_HEADER + 20, 0xffffffff, 4);
    refuse(ERR_FORMAT, "has size 4294967295");
}

static void test_relocation(void **state)
{
    (void)state;
    MB_TAG(10, 0, 0x1000, 0x1000, 0, 2);
    expect(OK);
    assert_int_equal(1, header.alignment);
    assert_int_equal(PREFER_HIGHEST, header.preference);
    MB_TAG(10, 0, 0x1000, 0x1000, 0x1000, 3);
    expect(OK);
    assert_int_equal(PREFER_NONE, header.preference);
    MB_TAG(10, 0, 0x1000, 0x2000, 0x1800, 0);
    refuse(ERR_FORMAT, "alignment of 1800h");
    mb_header(MB_HEADER);
    MB_TAG(10, 0, 0x2001, 0x2000, 0x1000, 0);
    refuse(ERR_FORMAT, "min_addr 2001h above max_addr 2000h");
}

/* ---- version 1 ------------------------------------------------------------------------------- */

static void put_1(uint32_t offset, uint32_t flags)
{
    memset(mb.bytes, 0, sizeof mb.bytes);
    mb_put(offset, MAGIC_1, 4);
    mb_put(offset + 4, flags, 4);
    mb_put(offset + 8, -(MAGIC_1 + flags), 4);
}

static bool is_found_1(uint32_t offset, uint32_t flags)
{
    put_1(offset, flags);
    return multiboot1_recognise(mb.bytes, mb.size);
}

static void test_places_1(void **state)
{
    (void)state;
    assert_true(is_found_1(0, 0));
    assert_true(is_found_1(4, 3));
    assert_true(is_found_1(8192 - 12, 3));
    assert_false(is_found_1(2, 3));
    assert_false(is_found_1(8192 - 8, 3));
    assert_true(is_found_1(8192 - 32, 0x10000));
    assert_false(is_found_1(8192 - 28, 0x10000));
    assert_true(is_found_1(8192 - 48, 4));
    assert_false(is_found_1(8192 - 44, 4));
    put_1(0, 3);
    mb.bytes[8] ^= 1;
    assert_false(multiboot1_recognise(mb.bytes, mb.size));
    assert_int_equal(ERR_FORMAT, multiboot1_parse(mb.bytes, mb.size, "kernel", &header));
}

static void test_flags_1(void **state)
{
    (void)state;
    put_1(0, 0xfff80003); /* the upper half may be ignored */
    mb_put(4, 0xfff80003 & ~0x10000u, 4);
    mb_put(8, -(MAGIC_1 + (0xfff80003 & ~0x10000u)), 4);
    assert_int_equal(OK, multiboot1_parse(mb.bytes, mb.size, "kernel", &header));
    assert_int_equal(1, header.version);
    for (uint32_t bit = 3; bit < 16; bit++) {
        char what[64];
        snprintf(what, sizeof what, "flag %u, which", bit);
        put_1(0, 1u << bit);
        assert_int_equal(ERR_UNSUPPORTED, multiboot1_parse(mb.bytes, mb.size, "kernel", &header));
        assert_non_null(strstr(err_message(), what));
    }
}

static void test_fields_1(void **state)
{
    (void)state;
    put_1(0x40, 0x10007);
    for (uint32_t field = 0; field < 5; field++)
        mb_put(0x40 + 12 + 4 * field, 0x100000 + field, 4);
    mb_put(0x40 + 36, 640, 4);
    mb_put(0x40 + 40, 480, 4);
    assert_int_equal(OK, multiboot1_parse(mb.bytes, mb.size, "kernel", &header));
    const struct multiboot_header all = {.version = 1,
                                         .offset = 0x40,
                                         .has_addresses = true,
                                         .header_address = 0x100000,
                                         .load_address = 0x100001,
                                         .load_end = 0x100002,
                                         .bss_end = 0x100003,
                                         .has_entry = true,
                                         .entry = 0x100004,
                                         .wants_framebuffer = true,
                                         .width = 640,
                                         .height = 480};
    assert_header(&all);
    mb_put(0x40 + 32, 1, 4); /* text mode */
    assert_int_equal(OK, multiboot1_parse(mb.bytes, mb.size, "kernel", &header));
    assert_false(header.wants_framebuffer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(test_##name, begin)
    const struct CMUnitTest tests[] = {
        TEST(places),
        TEST(has_to_end_in_the_first_32_kib),
        TEST(checksum),
        TEST(architecture),
        TEST(without_tags),
        TEST(every_tag),
        TEST(console_flags),
        TEST(unknown_tags),
        TEST(unknown_requests),
        TEST(tag_sizes),
        TEST(tags_that_leave_the_header),
        TEST(relocation),
        TEST(places_1),
        TEST(flags_1),
        TEST(fields_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
