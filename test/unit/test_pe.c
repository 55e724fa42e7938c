/* PE files: the fields of a good one, and each field wrong in its turn. */
#include "test/unit/fake_firmware.h"
#include "test/unit/pe_image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;
static struct reader reader;
static struct pe pe;

static int set_up(void **state)
{
    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    pe_begin();
    pe_add_text(".text", "code");
    pe_add_text(".osrel", "ID=x\n");
    return 0;
}

static enum err parse(void)
{
    reader = reader_from_memory("a.efi", pe_bytes, pe_size);
    return pe_parse(&reader, &arena, &pe);
}

static void assert_refused(enum err err, enum err wanted, const char *message)
{
    assert_int_equal(err, wanted);
    if (!strstr(err_message(), message) || strncmp(err_message(), "a.efi", 5) != 0)
        fail_msg("\"%s\" does not say \"%s\"", err_message(), message);
}

static void test_good(void **state)
{
    (void)state;
    assert_int_equal(parse(), OK);
    assert_int_equal(pe.subsystem, PE_EFI_APPLICATION);
    assert_int_equal(pe.section_count, 2);
    assert_int_equal(pe_check_overlap(&pe), OK);
    const struct pe_section *section = pe_find(&pe, ".osrel", 0, 2);
    assert_ptr_equal(section, &pe.sections[1]);
    assert_int_equal(section->content_bytes, 5);
    assert_memory_equal(pe_bytes + section->file_offset, "ID=x\n", 5);
    assert_null(pe_find(&pe, ".osrel", 0, 1));
    assert_null(pe_find(&pe, ".text", 1, 99));
    assert_null(pe_find(&pe, ".osre", 0, 2));
}

/* A name of eight bytes has no 0 behind it; zeros at the end of memory are not in the file. */
static void test_corners(void **state)
{
    (void)state;
    memcpy(pe_bytes + pe_row(1), "12345678", 8);
    pe_store(pe_row(0) + 8, 0xfff, 4);
    assert_int_equal(parse(), OK);
    assert_non_null(pe_find(&pe, "12345678", 0, 2));
    assert_int_equal(pe.sections[0].content_bytes, PE_SECTION_ROOM);
    pe_store(pe_row(0) + 16, 0, 4);
    pe_store(pe_row(0) + 20, 0xffffffff, 4);
    assert_int_equal(parse(), OK);
    assert_int_equal(pe.sections[0].content_bytes, 0);
    assert_int_equal(pe.sections[0].file_offset, 0);
}

static const struct {
    uint64_t at, value;
    int width;
    enum err err;
    const char *message;
} wrong[] = {
    {0, 'N', 1, ERR_FORMAT, "does not begin with MZ"},
    {0x3c, 0x7fffffff, 4, ERR_FORMAT, "e_lfanew 7FFFFFFFh"},
    {0x3c, 0xfffffff0, 4, ERR_FORMAT, "e_lfanew FFFFFFF0h"},
    {0x3c, PE_AT + 1, 4, ERR_FORMAT, "no signature at e_lfanew 81h"},
    {PE_AT, 0, 4, ERR_FORMAT, "no signature"},
    {PE_AT + 4, 0xaa64, 2, ERR_UNSUPPORTED, "for 64-bit ARM (AArch64)"},
    {PE_AT + 4, 0x14c, 2, ERR_UNSUPPORTED, "for 32-bit x86"},
    {PE_AT + 4, 0x1234, 2, ERR_UNSUPPORTED, "PE Machine is 1234h"},
    {PE_AT + 6, 0, 2, ERR_FORMAT, "NumberOfSections is 0"},
    {PE_AT + 6, 97, 2, ERR_FORMAT, "NumberOfSections is 97"},
    {PE_AT + 6, 60, 2, ERR_FORMAT, "NumberOfSections 60: their table passes"},
    {PE_AT + 20, 111, 2, ERR_FORMAT, "SizeOfOptionalHeader is 111"},
    {PE_AT + 20, 0xffff, 2, ERR_FORMAT, "SizeOfOptionalHeader 65535 passes"},
    {OPTIONAL_AT, 0x10b, 2, ERR_FORMAT, "Magic is 10Bh"},
    {OPTIONAL_AT + 16, 0, 4, ERR_FORMAT, "AddressOfEntryPoint 0h"},
    {OPTIONAL_AT + 16, 0x3000, 4, ERR_FORMAT, "AddressOfEntryPoint 3000h"},
    {OPTIONAL_AT + 56, 0x2004, 4, ERR_FORMAT, "pass SizeOfImage 2004h"},
    {OPTIONAL_AT + 60, 0x900, 4, ERR_FORMAT, "SizeOfHeaders 900h"},
    {OPTIONAL_AT + 60, 0xffffffff, 4, ERR_FORMAT, "SizeOfHeaders FFFFFFFFh"},
    {SECTIONS_AT + ROW_BYTES + 8, 0xfffff001, 4, ERR_FORMAT, "section .osrel: VirtualAddress"},
    {SECTIONS_AT + ROW_BYTES + 12, 0xfffffffe, 4, ERR_FORMAT, "VirtualAddress FFFFFFFEh"},
    {SECTIONS_AT + ROW_BYTES + 16, PE_SECTION_ROOM + 1, 4, ERR_FORMAT, "SizeOfRawData 201h"},
    {SECTIONS_AT + ROW_BYTES + 20, 0xffffff00, 4, ERR_FORMAT, "PointerToRawData FFFFFF00h"},
};

static void test_wrong_fields(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        fake_end();
        set_up(state);
        pe_store(wrong[i].at, wrong[i].value, wrong[i].width);
        assert_refused(parse(), wrong[i].err, wrong[i].message);
    }
}

/* Whatever is missing from the end, nothing is read from behind it. */
static void test_cut_short(void **state)
{
    (void)state;
    uint64_t whole = pe_size;
    for (uint64_t bytes = 0; bytes < whole; bytes++) {
        uint8_t *copy = malloc(bytes + 1);
        memcpy(copy, pe_bytes, bytes);
        struct reader cut = reader_from_memory("a.efi", copy, bytes);
        assert_int_equal(pe_parse(&cut, &arena, &pe), ERR_FORMAT);
        assert_int_equal(pe_recognise(&cut), bytes >= PE_AT + 24);
        free(copy);
    }
}

static void test_overlap(void **state)
{
    (void)state;
    pe_store(pe_row(1) + 12, 0x1003, 4);
    assert_int_equal(parse(), OK);
    assert_refused(pe_check_overlap(&pe), ERR_FORMAT, ".text and .osrel overlap in memory");
    pe_store(pe_row(1) + 12, 0x1004, 4);
    assert_int_equal(parse(), OK);
    assert_int_equal(pe_check_overlap(&pe), OK);
    pe_store(pe_row(1) + 20, HEADERS_BYTES + PE_SECTION_ROOM - 1, 4);
    assert_int_equal(parse(), OK);
    assert_refused(pe_check_overlap(&pe), ERR_FORMAT, ".text and .osrel overlap in the file");
    pe_store(pe_row(1) + 8, 0, 4);
    pe_store(pe_row(1) + 16, 0, 4); /* nothing overlaps nothing */
    assert_int_equal(parse(), OK);
    assert_int_equal(pe_check_overlap(&pe), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_corners, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_fields, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_cut_short, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_overlap, set_up, fake_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
