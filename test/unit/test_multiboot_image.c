/* Where the bytes of a Multiboot kernel go: ELF files by their physical addresses, and flat files
 * by their header's. */
#include "test/unit/fake_firmware.h"
#include "test/unit/multiboot_builder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct arena arena;
static struct reader reader;
static struct multiboot_header header;
static struct multiboot_image image;

static int begin(void **state)
{
    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    header = (struct multiboot_header){.version = 2, .offset = MB_HEADER};
    mb_elf32();
    return 0;
}

static enum err parse(void)
{
    reader = reader_from_memory("kernel", mb.bytes, mb.size);
    return multiboot_image_parse(&reader, &header, &arena, &image);
}

static void accept(void)
{
    if (parse() != OK)
        fail_msg("%s", err_message());
}

static void refuse(enum err err, const char *why)
{
    struct multiboot_image before;
    memset(&image, 0x5a, sizeof image);
    before = image;
    assert_int_equal(err, parse());
    if (!strstr(err_message(), why) || !strstr(err_message(), "kernel"))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), why);
    assert_memory_equal(&before, &image, sizeof image);
}

static void check_segment(uint32_t index, uint64_t physical, uint64_t bytes, uint64_t file_offset,
                          uint64_t file_bytes)
{
    const struct multiboot_segment *segment = &image.segments[index];
    assert_true(index < image.segment_count);
    assert_int_equal(physical, segment->physical);
    assert_int_equal(bytes, segment->bytes);
    assert_int_equal(file_offset, segment->file_offset);
    assert_int_equal(file_bytes, segment->file_bytes);
}

/* ---- ELF ------------------------------------------------------------------------------------- */

static void test_elf32(void **state)
{
    (void)state;
    accept();
    assert_int_equal(1, image.segment_count);
    check_segment(0, MB_PHYSICAL, MB_MEMORY, MB_CODE, MB_FILE);
    assert_int_equal(MB_PHYSICAL + 0x10, image.entry);
    assert_int_equal(MB_PHYSICAL, image.first);
    assert_int_equal(MB_PHYSICAL + MB_MEMORY, image.end);
    assert_int_equal(0, image.sections.count);
}

static void test_elf64(void **state)
{
    (void)state;
    mb_elf64();
    accept();
    check_segment(0, MB_PHYSICAL, MB_MEMORY, MB_CODE, MB_FILE);
    assert_int_equal(MB_PHYSICAL + 0x10, image.entry);
}

static void test_segments_are_sorted_and_empty_ones_dropped(void **state)
{
    (void)state;
    mb_program32(1, MB_CODE, 0x1000, 0x1000, 16, 16);
    mb_program32(2, 0xffffffff, 0, 0xffffffff, 0, 0);
    mb_program32(3, 0xffffffff, 0x9000, MB_PHYSICAL - 0x1000, 0, 0x1000); /* a lone .bss */
    mb_program32(4, MB_CODE, 0, 0, 64, 64);
    mb_put(52 + 32 * 4, 4, 4); /* a note */
    accept();
    assert_int_equal(3, image.segment_count);
    check_segment(0, 0x1000, 16, MB_CODE, 16);
    check_segment(1, MB_PHYSICAL - 0x1000, 0x1000, 0xffffffff, 0);
    check_segment(2, MB_PHYSICAL, MB_MEMORY, MB_CODE, MB_FILE);
}

static void test_overlap(void **state)
{
    (void)state;
    mb_program32(1, MB_CODE, 0x1000, MB_PHYSICAL + MB_MEMORY - 1, 16, 16);
    refuse(ERR_FORMAT, "segments at 10400000h and 104017FFh overlap");
    mb_program32(1, MB_CODE, 0x1000, MB_PHYSICAL + MB_MEMORY, 16, 16);
    accept();
    mb_program32(1, MB_CODE, 0x1000, MB_PHYSICAL - 15, 16, 16);
    refuse(ERR_FORMAT, "overlap");
}

static void test_entries(void **state)
{
    (void)state;
    mb_put(24, MB_PHYSICAL + 0x20, 4); /* physical, as many kernels have it */
    accept();
    assert_int_equal(MB_PHYSICAL + 0x20, image.entry);
    mb_put(24, MB_VIRTUAL + MB_MEMORY - 1, 4);
    accept();
    assert_int_equal(MB_PHYSICAL + MB_MEMORY - 1, image.entry);
    mb_put(24, MB_VIRTUAL + MB_MEMORY, 4);
    refuse(ERR_FORMAT, "entry point C0001800h is in none of its segments");
    mb_put(24, 0, 4);
    refuse(ERR_FORMAT, "entry point 0h");
    header.has_entry = true; /* overrides */
    header.entry = MB_PHYSICAL + 4;
    accept();
    assert_int_equal(MB_PHYSICAL + 4, image.entry);
    header.entry = MB_PHYSICAL - 1;
    refuse(ERR_FORMAT, "entry point 103FFFFFh");
}

static void test_headers_that_lie(void **state)
{
    static const struct {
        uint32_t at, bytes;
        uint64_t value;
        enum err err;
        const char *why;
    } lies[] = {
        {0, 1, 0, ERR_FORMAT, "not an ELF file"},
        {4, 1, 3, ERR_FORMAT, "EI_CLASS 3"},
        {5, 1, 2, ERR_FORMAT, "EI_DATA 2"},
        {18, 2, 183, ERR_UNSUPPORTED, "e_machine is 183"},
        {28, 4, 0xffffffff, ERR_FORMAT, "ends at"},
        {42, 2, 33, ERR_FORMAT, "e_phentsize 33 (not 32)"},
        {44, 2, 0, ERR_FORMAT, "e_phnum 0"},
        {44, 2, 1025, ERR_FORMAT, "e_phnum 1025"},
        {52, 4, 2, ERR_FORMAT, "nothing to load"},
        {52 + 4, 4, 0xfffffff0, ERR_FORMAT, "p_offset FFFFFFF0h"},
        {52 + 4, 4, MB_CODE + 1, ERR_FORMAT, "is it truncated?"},
        {52 + 12, 4, 0xffffffff, ERR_UNSUPPORTED, "pass 4 GiB"},
        {52 + 16, 4, MB_MEMORY + 1, ERR_FORMAT, "p_filesz 1801h is more than p_memsz 1800h"},
        {52 + 20, 4, 0xffffffff, ERR_UNSUPPORTED, "p_memsz FFFFFFFFh pass 4 GiB"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(lies); i++) {
        mb_elf32();
        mb_put(lies[i].at, lies[i].value, lies[i].bytes);
        refuse(lies[i].err, lies[i].why);
    }
}

static void test_up_to_4_gib(void **state)
{
    (void)state;
    mb_program32(1, MB_CODE, 0, 0xfffff000, 16, 0x1000);
    accept();
    assert_int_equal(MULTIBOOT_END, image.end);
    mb_program32(1, MB_CODE, 0, 0xfffff000, 16, 0x1001);
    refuse(ERR_UNSUPPORTED, "program header 1: p_paddr FFFFF000h + p_memsz 1001h pass 4 GiB");
}

static void test_wide_fields_that_wrap(void **state)
{
    (void)state;
    mb_elf64();
    mb_put(64 + 24, UINT64_MAX, 8);
    refuse(ERR_UNSUPPORTED, "pass 4 GiB");
    mb_elf64();
    mb_put(64 + 8, UINT64_MAX, 8);
    refuse(ERR_FORMAT, "p_offset");
    mb_elf64();
    mb_put(64 + 40, UINT64_MAX, 8);
    refuse(ERR_UNSUPPORTED, "pass 4 GiB");
    mb_elf64();
    mb_put(32, UINT64_MAX, 8);
    refuse(ERR_FORMAT, "ends at");
}

static void test_short_files(void **state)
{
    (void)state;
    for (mb.size = 0; mb.size < MB_CODE + MB_FILE; mb.size += 7)
        assert_int_not_equal(OK, parse());
}

/* ---- flat files ------------------------------------------------------------------------------ */

static void flat(uint32_t header_address, uint32_t load, uint32_t load_end, uint32_t bss_end)
{
    header.has_addresses = header.has_entry = true;
    header.header_address = header_address;
    header.load_address = load;
    header.load_end = load_end;
    header.bss_end = bss_end;
    header.entry = MB_PHYSICAL;
}

static void test_flat(void **state)
{
    (void)state;
    flat(MB_PHYSICAL, MB_PHYSICAL - 0x100, MB_PHYSICAL + 0x400, MB_PHYSICAL + 0x900);
    accept();
    check_segment(0, MB_PHYSICAL - 0x100, 0xa00, MB_HEADER - 0x100, 0x500);
    assert_int_equal(MB_PHYSICAL, image.entry);
}

static void test_flat_to_the_files_end(void **state)
{
    (void)state;
    flat(MB_PHYSICAL + MB_HEADER, MB_PHYSICAL, 0, 0);
    accept();
    check_segment(0, MB_PHYSICAL, mb.size, 0, mb.size);
    flat(MB_PHYSICAL + MB_HEADER, UINT32_MAX, 0, MB_PHYSICAL + MIB); /* from the file's begin */
    accept();
    check_segment(0, MB_PHYSICAL, MIB, 0, mb.size);
}

static void test_flat_addresses_that_lie(void **state)
{
    (void)state;
    flat(MB_PHYSICAL, MB_PHYSICAL + 1, 0, 0);
    refuse(ERR_FORMAT, "load_addr 10400001h is above header_addr");
    flat(MB_PHYSICAL, MB_PHYSICAL - MB_HEADER - 1, 0, 0);
    refuse(ERR_FORMAT, "loading starts 513 bytes before the header");
    flat(MB_HEADER - 1, UINT32_MAX, 0, 0);
    refuse(ERR_FORMAT, "512 bytes before the header");
    flat(MB_PHYSICAL, MB_PHYSICAL, MB_PHYSICAL, 0);
    refuse(ERR_FORMAT, "not in order");
    flat(MB_PHYSICAL, MB_PHYSICAL, MB_PHYSICAL + 16, MB_PHYSICAL + 15);
    refuse(ERR_FORMAT, "not in order");
    flat(MB_PHYSICAL, MB_PHYSICAL, MB_PHYSICAL + 0x10000, 0);
    refuse(ERR_FORMAT, "is it truncated?");
    flat(0xfffffff0, 0xfffffff0, 0, 0);
    refuse(ERR_UNSUPPORTED, "passes 4 GiB");
    flat(MB_PHYSICAL, MB_PHYSICAL, 0, 0);
    header.has_entry = false;
    refuse(ERR_FORMAT, "no entry address tag");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(elf32),
        TEST(elf64),
        TEST(segments_are_sorted_and_empty_ones_dropped),
        TEST(overlap),
        TEST(entries),
        TEST(headers_that_lie),
        TEST(up_to_4_gib),
        TEST(wide_fields_that_wrap),
        TEST(short_files),
        TEST(flat),
        TEST(flat_to_the_files_end),
        TEST(flat_addresses_that_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
