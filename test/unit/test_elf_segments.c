/* Segments and pages of ELF files that are odd but right. */
#include "test/unit/elf_test.h"

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

/* For protocols that allow it: one page that is both, one segment that is, and an interpreter. */
static void test_mixed(void **state)
{
    (void)state;
    built.programs[1].p_vaddr = BUILT_LINK + 0x1800;
    built.programs[1].p_flags |= PF_W;
    built.programs[2].p_flags |= PF_X;
    build_program(PT_INTERP, 0, 0, "ld.so", 6, 6);
    assert_refused(ERR_UNSUPPORTED, "PT_INTERP");
    assert_int_equal(elf_parse_mixed(&reader, &arena, &elf), OK);
    assert_int_equal(elf.pages_count, 3);
    assert_int_equal(elf.pages[0].flags, MAP_EXECUTE);
    assert_int_equal(elf.pages[1].offset, 0x1000);
    assert_int_equal(elf.pages[1].flags, MAP_WRITE | MAP_EXECUTE);
    assert_int_equal(elf.pages[2].offset, 0x4000);
    assert_int_equal(elf.pages[2].flags, MAP_WRITE | MAP_EXECUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ELF_TEST(kernel),
        ELF_TEST(unsorted_and_empty),
        ELF_TEST(lone_bss_behind_the_end_of_the_file),
        ELF_TEST(alignment),
        ELF_TEST(both_halves),
        ELF_TEST(segments_may_touch),
        ELF_TEST(shared_page_has_the_union),
        ELF_TEST(three_segments_on_one_page),
        ELF_TEST(code_and_data_on_one_page),
        ELF_TEST(mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
