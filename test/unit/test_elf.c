/* ELF headers: every field corrupted in turn, odd but right files, and the pages that come of them.
 */
#include "elf_builder.h"
#include "fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static struct arena arena;
static struct elf elf;

static int set_up(void **state)
{
    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    build_kernel(ET_EXEC, BUILT_LINK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_end();
    return 0;
}

static enum err parse(void)
{
    static struct source source;

    source = source_from_memory("kernel.elf", built.bytes, built.size);
    return elf_parse(&source, &arena, &elf);
}

static void assert_message(const char *part)
{
    if (!strstr(err_message(), part))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), part);
}

static void assert_refused(enum err err, const char *part)
{
    struct elf before;

    memset(&elf, 0x5a, sizeof elf);
    before = elf;
    assert_int_equal(parse(), err);
    assert_message(part);
    assert_message("kernel.elf");
    assert_memory_equal(&elf, &before, sizeof elf);
}

/* ---- right files ---- */

static void test_kernel(void **state)
{
    (void)state;
    assert_int_equal(parse(), OK);
    assert_false(elf.relocatable);
    assert_int_equal(elf.entry, BUILT_LINK + 16);
    assert_int_equal(elf.first, BUILT_LINK);
    assert_int_equal(elf.end, BUILT_LINK + 0x8000);
    assert_int_equal(elf.alignment, PAGE_BYTES);
    assert_int_equal(elf.segment_count, 3);
    assert_int_equal(elf.segments[2].file_bytes, 64);
    assert_int_equal(elf.segments[2].memory_bytes, 3 * PAGE_BYTES);
    assert_int_equal(elf.pages_count, 3);
    assert_int_equal(elf.pages[0].bytes, 0x2000);
    assert_int_equal(elf.pages[0].flags, MAP_EXECUTE);
    assert_int_equal(elf.pages[1].offset, 0x3000);
    assert_int_equal(elf.pages[1].flags, 0);
    assert_int_equal(elf.pages[2].offset, 0x4000);
    assert_int_equal(elf.pages[2].bytes, 0x4000);
    assert_int_equal(elf.pages[2].flags, MAP_WRITE);
    assert_true(elf.has_request);
    assert_int_equal(elf.request.stack_bytes, 32768);
    assert_int_equal(elf.symbol_count, 0);
}

static void test_unsorted_and_empty(void **state)
{
    struct elf_program first = built.programs[0];

    (void)state;
    built.programs[0] = built.programs[2];
    built.programs[2] = first;
    build_program(PT_LOAD, PF_W, 0, "", 0, 0);
    built.programs[4].p_offset = UINT64_MAX;
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.segment_count, 3);
    assert_int_equal(elf.first, BUILT_LINK);
    assert_int_equal(elf.segments[0].flags, MAP_EXECUTE);
    assert_int_equal(elf.segments[2].flags, MAP_WRITE);
}

static void test_lone_bss_behind_the_end_of_the_file(void **state)
{
    (void)state;
    build_program(PT_LOAD, PF_W, BUILT_LINK + MIB, "", 0, 64 * MIB)->p_offset = GIB;
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.segments[3].memory_bytes, 64 * MIB);
    assert_int_equal(elf.end, BUILT_LINK + 65 * MIB);
}

static void test_alignment(void **state)
{
    (void)state;
    built.programs[0].p_align = 2 * MIB;
    built.programs[1].p_align = 0;
    built.programs[2].p_align = 1;
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.alignment, 2 * MIB);
}

static void test_both_halves(void **state)
{
    (void)state;
    build_program(PT_LOAD, PF_X, 0x100000, "low", 4, 4);
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.first, 0x100000);
    assert_int_equal(elf.segments[0].virtual, 0x100000);
}

static void test_segments_may_touch(void **state)
{
    (void)state;
    built.programs[1].p_vaddr = BUILT_LINK + 5000;
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.pages_count, 2);
    assert_int_equal(elf.pages[0].bytes, 0x2000);
    assert_int_equal(elf.pages[0].flags, MAP_EXECUTE);
}

/* Constants and data on one page: it is writable, its neighbours stay as they were. */
static void test_shared_page_has_the_union(void **state)
{
    (void)state;
    built.programs[1].p_vaddr = BUILT_LINK + 0x3000;
    built.programs[1].p_memsz = 0x1010;
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.pages_count, 3);
    assert_int_equal(elf.pages[1].bytes, 0x1000);
    assert_int_equal(elf.pages[1].flags, 0);
    assert_int_equal(elf.pages[2].offset, 0x4000);
    assert_int_equal(elf.pages[2].flags, MAP_WRITE);
}

static void test_three_segments_on_one_page(void **state)
{
    (void)state;
    built.programs[1].p_vaddr = BUILT_LINK + 0x4200;
    built.programs[2].p_vaddr = BUILT_LINK + 0x4100;
    built.programs[2].p_memsz = 0x100;
    build_program(PT_LOAD, 0, BUILT_LINK + 0x4300, "more", 4, 0x1000);
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.pages_count, 3);
    assert_int_equal(elf.pages[1].offset, 0x4000);
    assert_int_equal(elf.pages[1].bytes, 0x1000);
    assert_int_equal(elf.pages[1].flags, MAP_WRITE);
    assert_int_equal(elf.pages[2].flags, 0);
}

static void test_code_and_data_on_one_page(void **state)
{
    (void)state;
    built.programs[1].p_vaddr = BUILT_LINK + 0x8000;
    built.programs[2].p_vaddr = BUILT_LINK + 5000;
    assert_refused(ERR_UNSUPPORTED, "both code and writable data");
}

/* ---- header fields ---- */

static const struct {
    const char *field;
    size_t offset, bytes;
    uint64_t value;
    enum err err;
} header_faults[] = {
#define FAULT(field, value, err)                                                                   \
    {                                                                                              \
#field, offsetof(struct elf_header, field), sizeof(((struct elf_header *)0)->field),       \
            value, err                                                                             \
    }
    {"not an ELF file", 1, 1, 'e', ERR_FORMAT},
    {"EI_CLASS", 4, 1, 1, ERR_FORMAT},
    {"EI_DATA", 5, 1, 2, ERR_FORMAT},
    {"EI_VERSION", 6, 1, 0, ERR_FORMAT},
    FAULT(e_type, 0, ERR_FORMAT),
    FAULT(e_type, 1, ERR_FORMAT),
    FAULT(e_type, 4, ERR_FORMAT),
    FAULT(e_machine, 3, ERR_FORMAT),
    FAULT(e_machine, 183, ERR_FORMAT),
    FAULT(e_version, 0, ERR_FORMAT),
    FAULT(e_entry, 0, ERR_FORMAT),
    FAULT(e_entry, BUILT_LINK + 0x3000, ERR_FORMAT), /* constants */
    FAULT(e_entry, BUILT_LINK + 5000, ERR_FORMAT),   /* the first byte behind the code */
    FAULT(e_entry, UINT64_MAX, ERR_FORMAT),
    FAULT(e_phoff, BUILT_BYTES, ERR_FORMAT),
    FAULT(e_phoff, UINT64_MAX - 8, ERR_FORMAT),
    FAULT(e_ehsize, 52, ERR_FORMAT),
    FAULT(e_phentsize, 0, ERR_FORMAT),
    FAULT(e_phentsize, 64, ERR_FORMAT),
    FAULT(e_phnum, 0, ERR_FORMAT),
    FAULT(e_phnum, 1000, ERR_FORMAT),
    FAULT(e_phnum, 1025, ERR_UNSUPPORTED),
    FAULT(e_phnum, 0xffff, ERR_UNSUPPORTED),
#undef FAULT
};

static void test_header_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(header_faults); i++) {
        build_kernel(ET_EXEC, BUILT_LINK);
        memcpy(built.bytes + header_faults[i].offset, &header_faults[i].value,
               header_faults[i].bytes);
        assert_refused(header_faults[i].err, header_faults[i].field);
    }
}

/* Toolchains' own fields, and section headers of a stripped file, do not matter. */
static void test_ignored_header_fields(void **state)
{
    (void)state;
    built.header->e_ident[7] = 255;
    built.header->e_flags = 0xffffffff;
    built.header->e_shstrndx = 0xffff;
    assert_int_equal(parse(), OK);
}

/* ---- program headers ---- */

static const struct {
    const char *part;
    uint32_t index;
    size_t offset, bytes;
    uint64_t value;
    enum err err;
} program_faults[] = {
#define FAULT(index, field, value, err, part)                                                      \
    {                                                                                              \
        part, index, offsetof(struct elf_program, field),                                          \
            sizeof(((struct elf_program *)0)->field), value, err                                   \
    }
    FAULT(3, p_type, PT_INTERP, ERR_UNSUPPORTED, "PT_INTERP"),
    FAULT(0, p_flags, PF_W | PF_X, ERR_UNSUPPORTED, "writable and executable"),
    FAULT(1, p_offset, BUILT_BYTES, ERR_FORMAT, "p_offset 18000h"),
    FAULT(1, p_offset, UINT64_MAX, ERR_FORMAT, "p_offset FFFFFFFFFFFFFFFFh"),
    FAULT(1, p_offset, UINT64_MAX - 99, ERR_FORMAT, "program header 1"),
    FAULT(1, p_vaddr, UINT64_MAX - 8, ERR_FORMAT, "address space"),
    FAULT(1, p_vaddr, UINT64_MAX - 4094, ERR_FORMAT, "address space"),
    FAULT(1, p_vaddr, BUILT_LINK + 4999, ERR_FORMAT, "overlap"),
    FAULT(1, p_vaddr, BUILT_LINK - 99, ERR_FORMAT, "overlap"),
    FAULT(1, p_filesz, 101, ERR_FORMAT, "p_filesz 65h is more than p_memsz 64h"),
    FAULT(1, p_memsz, 99, ERR_FORMAT, "p_filesz 64h is more than p_memsz 63h"),
    FAULT(1, p_memsz, UINT64_MAX, ERR_FORMAT, "address space"),
    FAULT(1, p_memsz, 0x1011, ERR_FORMAT, "overlap"),
    FAULT(1, p_align, 3, ERR_FORMAT, "p_align 3h is not a power of two"),
    FAULT(1, p_align, 2 * GIB, ERR_UNSUPPORTED, "1 GiB"),
    FAULT(3, p_offset, UINT64_MAX - 8, ERR_FORMAT, "p_offset"),
    FAULT(3, p_filesz, BUILT_BYTES, ERR_FORMAT, "p_filesz"),
#undef FAULT
};

static void test_program_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(program_faults); i++) {
        build_kernel(ET_EXEC, BUILT_LINK);
        uint8_t *program = (uint8_t *)&built.programs[program_faults[i].index];
        memcpy(program + program_faults[i].offset, &program_faults[i].value,
               program_faults[i].bytes);
        assert_refused(program_faults[i].err, program_faults[i].part);
    }
}

static void test_truncated_anywhere(void **state)
{
    uint64_t whole = built.size;

    (void)state;
    for (uint64_t size = 0; size < whole; size++) {
        struct arena_mark mark = arena_mark(&arena);

        built.size = size;
        assert_int_equal(parse(), ERR_FORMAT);
        arena_reset(&arena, mark);
    }
}

static void test_nothing_to_load(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        built.programs[i].p_type = 0;
    assert_refused(ERR_FORMAT, "no program header loads anything");
}

static void test_recognise(void **state)
{
    (void)state;
    assert_true(elf_recognise(built.bytes, 4));
    assert_false(elf_recognise(built.bytes, 3));
    assert_false(elf_recognise((const uint8_t *)"MZ\0\0", 4));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(kernel),
        TEST(unsorted_and_empty),
        TEST(lone_bss_behind_the_end_of_the_file),
        TEST(alignment),
        TEST(both_halves),
        TEST(segments_may_touch),
        TEST(shared_page_has_the_union),
        TEST(three_segments_on_one_page),
        TEST(code_and_data_on_one_page),
        TEST(header_fields),
        TEST(ignored_header_fields),
        TEST(program_fields),
        TEST(truncated_anywhere),
        TEST(nothing_to_load),
        TEST(recognise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
