/* ELF headers: every field corrupted in turn, and files cut off anywhere. */
#include "test/unit/elf_test.h"

/* ---- header fields --------------------------------------------------------------------------- */

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

/* ---- program headers ------------------------------------------------------------------------- */

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

/* The note is the last thing in it, and is read by itself. */
static void test_truncated_anywhere(void **state)
{
    static const struct elf_note_kind kind = {LINTEL_NOTE_NAME, LINTEL_NOTE_REQUEST};
    uint64_t note = built.programs[3].p_offset, whole = built.size;

    (void)state;
    for (uint64_t size = 0; size < whole; size++) {
        struct arena_mark mark = arena_mark(&arena);
        struct elf_notes_found found;

        built.size = size;
        assert_int_equal(parse(), size < note ? ERR_FORMAT : OK);
        assert_int_equal(elf_find_notes(&reader, &arena, &kind, &found), ERR_FORMAT);
        arena_reset(&arena, mark);
    }
}

/* lld writes 0 for an ENTRY that names nothing; in a file linked at 0 that is the file's header. */
static void test_entry_in_the_header(void **state)
{
    (void)state;
    build_begin(ET_DYN);
    build_program(PT_LOAD, PF_X, 0, "code", 4, 4);
    built.programs[0].p_filesz += built.programs[0].p_offset;
    built.programs[0].p_memsz = built.programs[0].p_filesz;
    built.programs[0].p_offset = 0;
    assert_refused(ERR_FORMAT, "e_entry 0h lies in the ELF header: does ENTRY");
    built.header->e_entry = sizeof *built.header - 1;
    assert_refused(ERR_FORMAT, "e_entry 3Fh lies in the ELF header");
    built.header->e_entry = sizeof *built.header;
    assert_int_equal(parse(), OK);
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
    const struct CMUnitTest tests[] = {
        ELF_TEST(header_fields),       ELF_TEST(ignored_header_fields), ELF_TEST(program_fields),
        ELF_TEST(truncated_anywhere),  ELF_TEST(nothing_to_load),       ELF_TEST(recognise),
        ELF_TEST(entry_in_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
