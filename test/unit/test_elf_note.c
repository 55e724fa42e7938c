/* Notes of one kind among those of an ELF file. */
#include "test/unit/elf_test.h"

static const struct elf_note_kind lintels = {LINTEL_NOTE_NAME, LINTEL_NOTE_REQUEST};
static const struct elf_note_kind build_ids = {"GNU", 3};

static struct elf_notes_found found;

static enum err find(const struct elf_note_kind *kind)
{
    reader = reader_from_memory("kernel.elf", built.bytes, built.size);
    return elf_find_notes(&reader, &arena, kind, &found);
}

static void assert_finds(const struct elf_note_kind *kind, uint32_t count, uint64_t bytes)
{
    assert_int_equal(find(kind), OK);
    assert_int_equal(found.count, count);
    assert_int_equal(found.bytes, bytes);
}

static void test_kinds(void **state)
{
    static const struct elf_note_kind others[] = {{LINTEL_NOTE_NAME, 2}, {"lintel", 1}, {"", 1}};

    (void)state;
    assert_finds(&lintels, 1, sizeof(struct lintel_request));
    assert_int_equal(load32(found.descriptor), LINTEL_ABI_VERSION);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_finds(&others[i], 0, 0);
    built.programs[3].p_type = 0;
    assert_finds(&lintels, 0, 0);
}

static void test_first_of_two(void **state)
{
    struct built_note second = built_note();

    (void)state;
    second.request.abi_version = 77;
    build_note(&second);
    assert_finds(&lintels, 2, sizeof(struct lintel_request));
    assert_int_equal(load32(found.descriptor), LINTEL_ABI_VERSION);
}

/* What a linker script with one PT_NOTE for all notes gives: others around ours, one of them
 * aligned to 8 bytes by zeros. */
static void test_among_other_notes(void **state)
{
    struct {
        struct elf_note id_header;
        char id_name[4], id[20];
        struct built_note ours;
        uint32_t zero;
        struct elf_note property_header;
        char property_name[4], property[16];
    } notes = {
        {4, 20, 3}, "GNU", "build-id", built_note(), 0, {4, 16, 5}, "GNU", "property",
    };

    (void)state;
    built.programs[3].p_offset = build_bytes(&notes, sizeof notes);
    built.programs[3].p_filesz = built.programs[3].p_memsz = sizeof notes;
    built.programs[3].p_align = 8;
    assert_finds(&lintels, 1, sizeof(struct lintel_request));
    assert_finds(&build_ids, 1, 20);
    assert_string_equal("build-id", found.descriptor);
    assert_finds(&(struct elf_note_kind){"GNU", 5}, 1, 16);
    assert_string_equal("property", found.descriptor);
}

static void test_too_many_notes(void **state)
{
    static const uint8_t zeros[70 * 1024];

    (void)state;
    build_bytes(zeros, sizeof zeros);
    built.programs[3].p_filesz = 64 * KIB; /* zeros may follow notes */
    assert_finds(&lintels, 1, sizeof(struct lintel_request));
    built.programs[3].p_filesz++;
    assert_int_equal(find(&lintels), ERR_FORMAT);
    assert_message("p_filesz 10001h is more than 10000h");
    assert_message("kernel.elf");
}

/* However many program headers there are, and if all show the same bytes. */
static void test_too_many_notes_together(void **state)
{
    static const uint8_t zeros[70 * 1024];
    struct built_note note = built_note();

    (void)state;
    build_bytes(zeros, sizeof zeros);
    built.programs[3].p_filesz = 64 * KIB - sizeof note + 4;
    build_note(&note);
    assert_int_equal(find(&lintels), ERR_FORMAT);
    assert_message("program header 4: p_filesz 34h is more than 30h");
    built.programs[3].p_filesz -= 4;
    assert_finds(&lintels, 2, sizeof(struct lintel_request));
}

static void test_outside_of_the_file(void **state)
{
    struct elf_program *program = &built.programs[3];

    (void)state;
    program->p_filesz = BUILT_BYTES;
    assert_int_equal(find(&lintels), ERR_FORMAT);
    assert_message("kernel.elf: program header 3: p_offset");
    program->p_filesz = sizeof(struct built_note);
    program->p_offset = UINT64_MAX - 8;
    assert_int_equal(find(&lintels), ERR_FORMAT);
    assert_message("kernel.elf: program header 3: p_offset FFFFFFFFFFFFFFF7h + p_filesz 34h");
}

/* It does not hide those behind it. */
static void test_damaged_note(void **state)
{
    struct built_note damaged = built_note(), second = built_note();

    (void)state;
    built.programs[3].p_type = 0;
    damaged.header.n_descsz++;
    build_note(&damaged);
    assert_int_equal(find(&lintels), ERR_FORMAT);
    assert_message("n_descsz 21h passes the end");
    assert_int_equal(found.count, 0);
    build_note(&second);
    assert_int_equal(find(&lintels), ERR_FORMAT);
    assert_message("n_descsz 21h passes the end");
    assert_int_equal(found.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ELF_TEST(kinds),
        ELF_TEST(first_of_two),
        ELF_TEST(among_other_notes),
        ELF_TEST(too_many_notes),
        ELF_TEST(outside_of_the_file),
        ELF_TEST(damaged_note),
        ELF_TEST(too_many_notes_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
