/* Requests of the Limine protocol in an image: what is found, and what is refused. */
#include "common/format/elf_format.h"
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define LINK  LIMINE_LOWEST
#define BYTES 4096
#define CODE  0xc00 /* the image's last quarter is executable */

#define COMMON      UINT64_C(0xc7b1dd30df4c8b88), UINT64_C(0x0a82e883a194f07b)
#define STACK_ID    COMMON, UINT64_C(0x224ef0460a8e8926), UINT64_C(0xe1cb0fc25f46ea3d)
#define PAGING_ID   COMMON, UINT64_C(0x95c1a0edab0944cb), UINT64_C(0xa4e5cb3842f7488a)
#define ENTRY_ID    COMMON, UINT64_C(0x13d86c035a1cd3e1), UINT64_C(0x2b0caa89d8f3026a)
#define MAP_ID      COMMON, UINT64_C(0x67cf3d9d378a806f), UINT64_C(0xe304acdfc50c3c62)
#define UNKNOWN_ID  COMMON, UINT64_C(1), UINT64_C(2)
#define TAG(number) UINT64_C(0xf9562b2d5c95a6c8), UINT64_C(0x6a7b384944536bdc), (number)
#define START                                                                                      \
    UINT64_C(0xf6b8f4b39de7d1ae), UINT64_C(0xfab91a6940fcb9cf), UINT64_C(0x785c6ed015d3e316),      \
        UINT64_C(0x181e920a7852b9d9)
#define END UINT64_C(0xadc0e0531bb10d03), UINT64_C(0x9572709f31764c62)

static uint64_t words[BYTES / 8];
static uint8_t file[BYTES] __attribute__((aligned(16)));
static struct reader reader;
static struct elf_segment segments[2];
static struct elf elf;
static struct limine_image image;

/* An empty image whose file has no sections. */
static int begin(void **state)
{
    (void)state;
    memset(words, 0, sizeof words);
    memset(file, 0, sizeof file);
    reader = reader_from_memory("kernel.elf", file, sizeof file);
    segments[0] = (struct elf_segment){.virtual = LINK, .memory_bytes = CODE, .flags = MAP_WRITE};
    segments[1] = (struct elf_segment){.virtual = LINK + CODE,
                                       .memory_bytes = BYTES - CODE,
                                       .file_offset = CODE,
                                       .flags = MAP_EXECUTE};
    elf = (struct elf){.reader = &reader,
                       .entry = LINK + CODE,
                       .first = LINK,
                       .end = LINK + BYTES,
                       .segments = segments,
                       .segment_count = 2};
    image = (struct limine_image){.elf = &elf, .bytes = (const uint8_t *)words, .file = file};
    return 0;
}

#define PUT(offset, ...)                                                                           \
    memcpy((uint8_t *)words + (offset), (const uint64_t[]){__VA_ARGS__},                           \
           sizeof((const uint64_t[]){__VA_ARGS__}))

static void expect_refusal(enum err err, enum err should, const char *message)
{
    assert_int_equal(err, should);
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), message);
}

/* ---- finding --------------------------------------------------------------------------------- */

static void finds_the_tag_and_requests(void **state)
{
    (void)state;
    PUT(8, TAG(6));
    PUT(64, MAP_ID, 0, 0);
    PUT(200, UNKNOWN_ID, 0, 0);
    PUT(304, STACK_ID, 0, 0, 0x40000);
    assert_int_equal(limine_find(&image), OK);
    assert_int_equal(image.tag, 8);
    assert_int_equal(image.base_revision, 6);
    assert_int_equal(image.requests[LIMINE_MEMORY_MAP], 64);
    assert_int_equal(image.requests[LIMINE_STACK_SIZE], 304);
    assert_int_equal(image.requests[LIMINE_ENTRY_POINT], LIMINE_NONE);
    assert_int_equal(limine_member(&image, LIMINE_STACK_SIZE, 48), 0x40000);
}

static void without_a_tag_it_is_revision_0(void **state)
{
    (void)state;
    PUT(64, MAP_ID, 0, 0);
    assert_int_equal(limine_find(&image), OK);
    assert_int_equal(image.tag, LIMINE_NONE);
    assert_int_equal(image.base_revision, 0);
}

static void looks_at_words_only(void **state)
{
    (void)state;
    PUT(68, MAP_ID, 0, 0);
    assert_int_equal(limine_find(&image), OK);
    assert_int_equal(image.requests[LIMINE_MEMORY_MAP], LIMINE_NONE);
}

/* The last start counts, and the first end behind it. */
static void honours_the_markers(void **state)
{
    (void)state;
    PUT(0, END);
    PUT(64, START);
    PUT(96, MAP_ID, 0, 0);
    PUT(160, START);
    PUT(192, TAG(2));
    PUT(224, STACK_ID, 0, 0, 0);
    PUT(288, END);
    PUT(320, STACK_ID, 0, 0, 0);
    PUT(400, TAG(5), END);
    assert_int_equal(limine_find(&image), OK);
    assert_int_equal(image.base_revision, 2);
    assert_int_equal(image.requests[LIMINE_STACK_SIZE], 224);
    assert_int_equal(image.requests[LIMINE_MEMORY_MAP], LIMINE_NONE);
}

static void refuses_a_revision_that_is_too_high(void **state)
{
    (void)state;
    PUT(0, TAG(7));
    expect_refusal(limine_find(&image), ERR_UNSUPPORTED,
                   "kernel.elf: wants base revision 7 of the Limine protocol; Lintel knows 0 to 6");
}

static void refuses_two_equal_requests(void **state)
{
    (void)state;
    PUT(64, MAP_ID, 0, 0);
    PUT(128, STACK_ID, 0, 0, 0);
    PUT(256, MAP_ID, 1, 0);
    expect_refusal(limine_find(&image), ERR_FORMAT, "(memory map)");
    begin(NULL);
    PUT(64, UNKNOWN_ID, 0, 0);
    PUT(128, UNKNOWN_ID, 0, 0);
    expect_refusal(limine_find(&image), ERR_FORMAT, "same ID 1 2");
}

static void refuses_more_requests_than_there_are_features(void **state)
{
    (void)state;
    static uint64_t large[140][6];
    for (uint64_t i = 0; i < ARRAY_LENGTH(large); i++)
        memcpy(large[i], (const uint64_t[]){COMMON, i + 1, 0, 0, 0}, sizeof large[i]);
    elf.end = elf.first + align_up(sizeof large, PAGE_BYTES);
    static uint64_t room[2 * 4096];
    memcpy(room, large, sizeof large);
    image.bytes = (const uint8_t *)room;
    expect_refusal(limine_find(&image), ERR_UNSUPPORTED, "more than 128 Limine requests");
}

static void refuses_a_request_that_is_cut_off(void **state)
{
    (void)state;
    PUT(BYTES - 48, STACK_ID, 0, 0);
    expect_refusal(limine_find(&image), ERR_FORMAT, "passes the end of the image");
    begin(NULL);
    PUT(BYTES - 48, MAP_ID, 0, 0); /* as large as that */
    assert_int_equal(limine_find(&image), OK);
}

/* ---- the section of base revision 0 ---------------------------------------------------------- */

/* Section 1 holds the names, section 2 the list at link address LINK + 800h. */
static void add_section(uint64_t list_bytes)
{
    struct elf_header *header = (struct elf_header *)file;
    struct elf_section *sections = (struct elf_section *)(file + 1024);
    header->e_shoff = 1024;
    header->e_shnum = 3;
    header->e_shentsize = sizeof *sections;
    header->e_shstrndx = 1;
    sections[1].sh_offset = 2048;
    sections[2] = (struct elf_section){
        .sh_name = 5, .sh_addr = LINK + 0x800, .sh_offset = 0, .sh_size = list_bytes};
    memcpy(file + 2053, ".limine_reqs", sizeof ".limine_reqs");
}

static void reads_the_list_of_revision_0(void **state)
{
    (void)state;
    add_section(32);
    PUT(64, MAP_ID, 0, 0);
    PUT(128, STACK_ID, 0, 0, 0);
    PUT(0x800, LINK + 128, 0, LINK + 64);
    assert_int_equal(limine_find(&image), OK);
    assert_int_equal(image.requests[LIMINE_STACK_SIZE], 128);
    assert_int_equal(image.requests[LIMINE_MEMORY_MAP], LIMINE_NONE);
    PUT(0, TAG(1)); /* knows no lists */
    assert_int_equal(limine_find(&image), OK);
    assert_int_equal(image.requests[LIMINE_MEMORY_MAP], 64);
}

static void refuses_a_list_that_leads_astray(void **state)
{
    (void)state;
    static const uint64_t wrong[] = {
        1, LINK - 8, LINK + BYTES - 40, LINK + 68, LINK + 0x800, UINT64_MAX, LINK + BYTES};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        begin(NULL);
        add_section(16);
        PUT(64, MAP_ID, 0, 0);
        PUT(0x800, wrong[i]);
        expect_refusal(limine_find(&image), ERR_FORMAT, ".limine_reqs");
    }
    begin(NULL);
    add_section(BYTES);
    expect_refusal(limine_find(&image), ERR_FORMAT, ".limine_reqs");
}

/* ---- wishes ---------------------------------------------------------------------------------- */

static struct wishes wishes;
static uint64_t entry;

static enum err read_wishes(void)
{
    wishes = (struct wishes){0};
    assert_int_equal(limine_find(&image), OK);
    return limine_read_wishes(&image, &wishes, &entry);
}

static void chooses_paging_levels(void **state)
{
    static const struct {
        uint64_t revision, mode, highest, lowest;
        uint32_t levels;
        bool must;
    } rows[] = {
        {0, 0, 9, 9, 4, false}, {0, 1, 0, 9, 5, false}, {1, 0, 1, 0, 4, false},
        {1, 1, 1, 0, 5, false}, {1, 0, 1, 1, 5, true},  {1, 1, 0, 0, 4, false},
        {1, 7, 7, 0, 5, false}, {9, 1, 1, 1, 5, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        begin(NULL);
        PUT(0, PAGING_ID, rows[i].revision, 0, rows[i].mode, rows[i].highest, rows[i].lowest);
        assert_int_equal(read_wishes(), OK);
        assert_int_equal(wishes.paging_levels, rows[i].levels);
        assert_int_equal(wishes.paging_required, rows[i].must);
    }
}

static void refuses_paging_that_nobody_has(void **state)
{
    (void)state;
    PUT(0, PAGING_ID, 1, 0, 0, 0, 1);
    expect_refusal(read_wishes(), ERR_UNSUPPORTED, "accepts paging modes 1 to 0");
    PUT(0, PAGING_ID, 1, 0, 2, 2, 2);
    expect_refusal(read_wishes(), ERR_UNSUPPORTED, "accepts paging modes 2 to 2");
    begin(NULL);
    PUT(BYTES - 56, PAGING_ID, 1, 0, 0);
    expect_refusal(read_wishes(), ERR_FORMAT, "cut off");
}

static void gives_a_stack_of_64_kib_at_least(void **state)
{
    (void)state;
    PUT(0, STACK_ID, 0, 0, 4096);
    assert_int_equal(read_wishes(), OK);
    assert_int_equal(wishes.stack_bytes, 65536);
    PUT(0, STACK_ID, 0, 0, 65537);
    assert_int_equal(read_wishes(), OK);
    assert_int_equal(wishes.stack_bytes, 65537);
    PUT(0, STACK_ID, 0, 0, UINT64_MAX); /* would be 0 in whole pages */
    expect_refusal(read_wishes(), ERR_UNSUPPORTED, "asks for 18446744073709551615 bytes");
}

static void takes_an_entry_point_in_code_only(void **state)
{
    static const uint64_t wrong[] = {0, LINK, LINK + CODE - 1, LINK + BYTES, LINK - 1, UINT64_MAX};
    (void)state;
    assert_int_equal(read_wishes(), OK);
    assert_int_equal(entry, LINK + CODE);
    PUT(0, ENTRY_ID, 0, 0, LINK + BYTES - 1);
    assert_int_equal(read_wishes(), OK);
    assert_int_equal(entry, LINK + BYTES - 1);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        PUT(0, ENTRY_ID, 0, 0, wrong[i]);
        expect_refusal(read_wishes(), ERR_FORMAT, "the Limine request for an entry point points");
    }
    begin(NULL);
    elf.entry = 0;
    expect_refusal(read_wishes(), ERR_FORMAT, "e_entry 0h lies in no executable segment");
    PUT(0, ENTRY_ID, 0, 0, LINK + CODE); /* then it does not matter */
    assert_int_equal(read_wishes(), OK);
}

static void knows_what_lies_in_the_image(void **state)
{
    (void)state;
    assert_ptr_equal(limine_at(&image, LINK, BYTES), words);
    assert_ptr_equal(limine_at(&image, LINK + BYTES, 0), words + BYTES / 8);
    assert_null(limine_at(&image, LINK, BYTES + 1));
    assert_null(limine_at(&image, LINK - 1, 1));
    assert_null(limine_at(&image, LINK + 8, UINT64_MAX));
    assert_null(limine_at(&image, UINT64_MAX, 2));
}

/* ---- the memory map -------------------------------------------------------------------------- */

#define SYSTEM (FAKE_MEMORY_BASE + 0x1000)
#define SMBIOS (FAKE_MEMORY_BASE + 0x3000)
#define RSDP   (FAKE_MEMORY_BASE + 0x5000)

static struct memmap_range map_ranges[64];
static struct memmap map;

static enum lintel_memory_type type_at(uint64_t physical)
{
    for (uint64_t i = 0; i < map.count; i++)
        if (physical >= map.ranges[i].first && physical <= map.ranges[i].last)
            return map.ranges[i].type;
    return 0;
}

/* Firmware tables in reserved memory, runtime services' memory, and a loader's by UEFI's words. */
static void amend_map(uint64_t base_revision)
{
    static struct limine limine;
    static const uint64_t descriptor[5] = {2, FAKE_MEMORY_BASE + 0x40000, 0, 4, 0};
    struct facts *facts = fake_begin(MIB);
    struct machine machine = {.facts = facts};
    struct attempt attempt = {.machine = &machine, .protocol = &limine};
    facts->efi_system_table = SYSTEM;
    facts->smbios = SMBIOS;
    facts->rsdp = RSDP;
    attempt.raw.efi = descriptor;
    attempt.raw.efi_bytes = attempt.raw.efi_descriptor_bytes = sizeof descriptor;
    limine.image.base_revision = base_revision;
    map = (struct memmap){.ranges = map_ranges, .capacity = ARRAY_LENGTH(map_ranges)};
    memmap_insert(&map, FAKE_MEMORY_BASE, 0x10000, LINTEL_MEMORY_RESERVED);
    memmap_insert(&map, FAKE_MEMORY_BASE + 0x10000, 0x1000, LINTEL_MEMORY_EFI_RUNTIME_CODE);
    memmap_insert(&map, FAKE_MEMORY_BASE + 0x20000, 0xe0000, LINTEL_MEMORY_USABLE);
    memset(at_physical(FAKE_MEMORY_BASE), 0, 0x10000);
    assert_int_equal(limine_amend_map(&attempt, &map), OK);
    fake_end();
}

static void shows_firmware_tables_where_they_are_promised(void **state)
{
    (void)state;
    for (uint64_t revision = 0; revision <= LIMINE_REVISION_MAX; revision++) {
        enum lintel_memory_type shown = LINTEL_MEMORY_EFI_RUNTIME_DATA;
        enum lintel_memory_type hidden = LINTEL_MEMORY_RESERVED;
        amend_map(revision);
        assert_int_equal(type_at(RSDP), revision >= 4 ? shown : hidden);
        assert_int_equal(type_at(SMBIOS + 30), revision >= 5 ? shown : hidden);
        assert_int_equal(type_at(SYSTEM + 119), revision >= 5 ? shown : hidden);
        assert_int_equal(type_at(SYSTEM + 0x1000), hidden);
        assert_int_equal(type_at(FAKE_MEMORY_BASE + 0x10000),
                         revision >= 5 ? LINTEL_MEMORY_EFI_RUNTIME_CODE : hidden);
        assert_int_equal(type_at(FAKE_MEMORY_BASE + 0x3ffff), LINTEL_MEMORY_USABLE);
        assert_int_equal(type_at(FAKE_MEMORY_BASE + 0x40000), LINTEL_MEMORY_RECLAIMABLE);
        assert_int_equal(type_at(FAKE_MEMORY_BASE + 0x43fff), LINTEL_MEMORY_RECLAIMABLE);
        assert_int_equal(type_at(FAKE_MEMORY_BASE + 0x44000), LINTEL_MEMORY_USABLE);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(finds_the_tag_and_requests),
        TEST(without_a_tag_it_is_revision_0),
        TEST(looks_at_words_only),
        TEST(honours_the_markers),
        TEST(refuses_a_revision_that_is_too_high),
        TEST(refuses_two_equal_requests),
        TEST(refuses_more_requests_than_there_are_features),
        TEST(refuses_a_request_that_is_cut_off),
        TEST(reads_the_list_of_revision_0),
        TEST(refuses_a_list_that_leads_astray),
        TEST(chooses_paging_levels),
        TEST(refuses_paging_that_nobody_has),
        TEST(gives_a_stack_of_64_kib_at_least),
        TEST(takes_an_entry_point_in_code_only),
        TEST(knows_what_lies_in_the_image),
        TEST(shows_firmware_tables_where_they_are_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
