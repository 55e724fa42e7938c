/* The ELF loader's writing side: bytes in place and relocations. */
#include "test/unit/elf_test.h"

#define SLIDE UINT64_C(0x1234567000)

static uint32_t reads;

/* Exactly the span and not zero before, so that a sanitizer sees any byte too many and the test any
 * byte too few. */
static uint8_t *span_for(const struct elf *parsed)
{
    uint8_t *to = malloc(parsed->end - parsed->first);

    assert_non_null(to);
    memset(to, 0xa5, parsed->end - parsed->first);
    return to;
}

static enum err count_read(const struct reader *from, uint64_t offset, uint64_t bytes, void *to)
{
    reads++;
    memcpy(to, (const uint8_t *)from->memory + offset, bytes);
    return OK;
}

static void test_every_byte(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < built.programs[0].p_filesz; i++)
        built.bytes[built.programs[0].p_offset + i] = (uint8_t)(i * 7 + 1);
    assert_int_equal(parse(), OK);
    uint8_t *to = span_for(&elf);
    uint8_t *expected = calloc(1, elf.end - elf.first);
    for (int i = 0; i < 3; i++)
        memcpy(expected + (built.programs[i].p_vaddr - BUILT_LINK),
               built.bytes + built.programs[i].p_offset, built.programs[i].p_filesz);

    reader.read = count_read;
    reads = 0;
    assert_int_equal(elf_load(&elf, to, 0), OK);
    assert_int_equal(reads, 3);
    assert_memory_equal(to, expected, elf.end - elf.first);
    free(to);
    free(expected);
}

static enum err break_read(const struct reader *from, uint64_t offset, uint64_t bytes, void *to)
{
    (void)from;
    (void)offset;
    (void)bytes;
    (void)to;
    return ERR_IO;
}

static void test_read_error(void **state)
{
    (void)state;
    assert_int_equal(parse(), OK);
    uint8_t *to = span_for(&elf);
    reader.read = break_read;
    assert_int_equal(elf_load(&elf, to, 0), ERR_IO);
    free(to);
}

/* ---- relocations ----------------------------------------------------------------------------- */

static enum err load_pie(uint64_t words[8])
{
    uint8_t *to;
    enum err err = parse();

    assert_int_equal(err, OK);
    to = span_for(&elf);
    err = elf_load(&elf, to, SLIDE);
    memcpy(words, to + 0x1800, 64);
    free(to);
    return err;
}

static void test_relative_relocations(void **state)
{
    const uint64_t links[] = {0, BUILT_LINK};
    uint64_t words[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
        const struct elf_rela relas[] = {
            {links[i] + 0x1808, R_X86_64_RELATIVE, links[i] + 0x30},
            {0, R_X86_64_NONE, 0},
            {links[i] + 0x1811, R_X86_64_RELATIVE, UINT64_MAX}, /* unaligned, wraps */
        };

        build_pie(links[i], relas, sizeof relas, NO_TABLE);
        assert_int_equal(load_pie(words), OK);
        assert_true(elf.relocatable);
        assert_int_equal(elf.rela_count, 3);
        assert_int_equal(words[0], 0);
        assert_int_equal(words[1], links[i] + 0x30 + SLIDE);
        assert_int_equal(words[2], (SLIDE - 1) << 8 | 2);
    }
}

static void test_packed_relocations(void **state)
{
    const uint64_t relrs[] = {0x1800, 1 | 1 << 1 | 1 << 3, 0x1838};
    uint64_t words[8];

    (void)state;
    build_pie(0, NO_TABLE, relrs, sizeof relrs);
    assert_int_equal(load_pie(words), OK);
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(words[i], i + (i == 0 || i == 1 || i == 3 || i == 7 ? SLIDE : 0));
}

/* A bitmap speaks of 63 words, so the second one begins at 1610h + 63 * 8 = 1808h. */
static void test_two_bitmaps(void **state)
{
    const uint64_t relrs[] = {0x1608, 1, 1 | 1 << 1};
    uint64_t words[8];

    (void)state;
    build_pie(0, NO_TABLE, relrs, sizeof relrs);
    assert_int_equal(load_pie(words), OK);
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(words[i], i + (i == 1 ? SLIDE : 0));
}

/* A symbol table at 1400h; the tags in front of it are the dynamic section's last two. */
static void build_symbolic_pie(const struct elf_rela *relas, uint64_t bytes,
                               const struct elf_sym *syms, uint64_t syms_bytes)
{
    const struct elf_dynamic tags[] = {{DT_SYMTAB, 0x1400}, {DT_SYMENT, sizeof *syms}};
    build_pie(0, relas, bytes, NO_TABLE);
    memcpy(built.bytes + built.programs[1].p_offset + 0x400, syms, syms_bytes);
    memcpy(built.bytes + built_dynamic->p_offset + 6 * sizeof *tags, tags, sizeof tags);
}

static void test_relocations_by_symbol(void **state)
{
    const struct elf_sym syms[] = {
        {0},
        {.st_value = 0x1234, .st_shndx = 1},
        {.st_value = 0x77, .st_shndx = SHN_ABS},
        {.st_info = STB_WEAK << 4},
        {.st_info = 1 << 4},
    };
    const struct elf_rela relas[] = {
        {0x1800, UINT64_C(1) << 32 | R_X86_64_GLOB_DAT, 99},
        {0x1808, UINT64_C(1) << 32 | R_X86_64_64, 2},
        {0x1810, UINT64_C(2) << 32 | R_X86_64_JUMP_SLOT, 0},
        {0x1818, UINT64_C(3) << 32 | R_X86_64_GLOB_DAT, 0},
        {0x1820, UINT64_C(4) << 32 | R_X86_64_GLOB_DAT, 0},
    };
    uint64_t words[8];

    (void)state;
    build_symbolic_pie(relas, sizeof relas - sizeof *relas, syms, sizeof syms);
    assert_int_equal(load_pie(words), OK);
    assert_int_equal(words[0], 0x1234 + SLIDE);
    assert_int_equal(words[1], 0x1236 + SLIDE);
    assert_int_equal(words[2], 0x77);
    assert_int_equal(words[3], 0);
    build_symbolic_pie(relas, sizeof relas, syms, sizeof syms);
    assert_int_equal(load_pie(words), ERR_UNSUPPORTED);
    assert_message("relocation at 1820h needs an undefined symbol");
}

/* The same table, named by the other tags. */
static void test_linkage_table_relocations(void **state)
{
    const struct elf_rela rela = {0x1808, R_X86_64_RELATIVE, 0x30};
    const struct elf_dynamic tags[] = {
        {DT_JMPREL, 0x1000}, {DT_PLTRELSZ, sizeof rela}, {DT_PLTREL, DT_RELA}};
    uint64_t words[8];

    (void)state;
    build_pie(0, &rela, sizeof rela, NO_TABLE);
    memcpy(built.bytes + built_dynamic->p_offset, tags, sizeof tags);
    assert_int_equal(load_pie(words), OK);
    assert_int_equal(elf.rela_count, 0);
    assert_int_equal(words[1], 0x30 + SLIDE);
}

static const struct {
    struct elf_rela rela;
    enum err err;
    const char *part;
} rela_faults[] = {
    {{0x2000, R_X86_64_RELATIVE, 0}, ERR_FORMAT, "relocation at 2000h lies in no segment"},
    {{0x1ff9, R_X86_64_RELATIVE, 0}, ERR_FORMAT, "relocation at 1FF9h"},
    {{4, R_X86_64_RELATIVE, 0}, ERR_FORMAT, "relocation at 4h"},
    {{0xffd, R_X86_64_RELATIVE, 0}, ERR_FORMAT, "relocation at FFDh"},
    {{UINT64_MAX, R_X86_64_RELATIVE, 0}, ERR_FORMAT, "relocation at FFFFFFFFFFFFFFFFh"},
    {{0x1800, 5, 0}, ERR_UNSUPPORTED, "has type 5"},
    {{0x1800, R_X86_64_GLOB_DAT, 0}, ERR_FORMAT, "symbol of the relocation at 1800h"},
    {{0x1800, UINT64_C(1) << 32 | R_X86_64_64, 0}, ERR_FORMAT, "lies in no segment"},
};

static void test_wrong_relocations(void **state)
{
    const uint64_t outside[] = {0x1ff8, 3};
    uint64_t words[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rela_faults); i++) {
        build_pie(0, &rela_faults[i].rela, sizeof rela_faults[i].rela, NO_TABLE);
        assert_int_equal(load_pie(words), rela_faults[i].err);
        assert_message(rela_faults[i].part);
    }
    build_pie(0, NO_TABLE, outside, sizeof outside);
    assert_int_equal(load_pie(words), ERR_FORMAT);
    assert_message("relocation at 2000h");
}

static const struct {
    uint32_t index; /* of the tag to replace */
    struct elf_dynamic tag;
    enum err err;
    const char *part;
} dynamic_faults[] = {
    {0, {DT_NEEDED, 1}, ERR_UNSUPPORTED, "DT_NEEDED"},
    {0, {DT_NEEDED, 0}, ERR_UNSUPPORTED, "DT_NEEDED"}, /* a name at the strings' begin */
    {0, {DT_REL, 0x1000}, ERR_UNSUPPORTED, "DT_REL)"},
    {0, {DT_RELSZ, 16}, ERR_UNSUPPORTED, "DT_REL)"},
    {0, {0x60000011, 0x1000}, ERR_UNSUPPORTED, "packed relocations (DT_ANDROID_RELA)"},
    {5, {0x6fffe000, 0x1900}, ERR_UNSUPPORTED, "packed relocations (DT_ANDROID_RELR)"},
    {0, {31, 0}, ERR_UNSUPPORTED, "the dynamic tag 1Fh"},
    {0, {38, 0}, ERR_UNSUPPORTED, "the dynamic tag 26h"},
    {0, {0x6ffffef8, 0}, ERR_UNSUPPORTED, "the dynamic tag 6FFFFEF8h"}, /* DT_GNU_CONFLICT */
    {0, {0x70000004, 0}, ERR_UNSUPPORTED, "the dynamic tag 70000004h"},
    {0, {UINT64_MAX, 0}, ERR_UNSUPPORTED, "the dynamic tag FFFFFFFFFFFFFFFFh"},
    {3, {DT_PLTRELSZ, 24}, ERR_FORMAT, "DT_PLTRELENT is 0, not 24"},
    {0, {DT_RELA, 0x2000}, ERR_FORMAT, "DT_RELA 2000h with 18h bytes lies in no segment"},
    {0, {DT_RELA, UINT64_MAX}, ERR_FORMAT, "DT_RELA"},
    {1, {DT_RELASZ, 25}, ERR_FORMAT, "DT_RELASZ is 25"},
    {1, {DT_RELASZ, 24 * KIB}, ERR_FORMAT, "lies in no segment"},
    {1, {DT_RELASZ, UINT64_MAX - 15}, ERR_FORMAT, "lies in no segment"},
    {2, {DT_RELAENT, 0}, ERR_FORMAT, "DT_RELAENT is 0, not 24"},
    {3, {DT_RELR, 0x3000}, ERR_FORMAT, "DT_RELR 3000h"},
    {4, {DT_RELRSZ, 12}, ERR_FORMAT, "DT_RELRSZ is 12"},
    {5, {DT_RELRENT, 4}, ERR_FORMAT, "DT_RELRENT is 4, not 8"},
};

static void test_wrong_dynamic(void **state)
{
    const struct elf_rela rela = {0x1800, R_X86_64_RELATIVE, 0};
    const uint64_t relr = 0x1808;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(dynamic_faults); i++) {
        build_pie(0, &rela, sizeof rela, &relr, sizeof relr);
        memcpy(built.bytes + built_dynamic->p_offset +
                   dynamic_faults[i].index * sizeof(struct elf_dynamic),
               &dynamic_faults[i].tag, sizeof dynamic_faults[i].tag);
        assert_int_equal(parse(), dynamic_faults[i].err);
        assert_message(dynamic_faults[i].part);
    }
}

/* What linkers write beside relocations, and what only describes them. */
static void test_harmless_tags(void **state)
{
    static const uint64_t harmless[] = {5, 16, 22, 30, 32, 39, 0x6ffffef5, 0x6ffffff9, 0x70000003};
    const struct elf_rela rela = {0x1800, R_X86_64_RELATIVE, 7};
    uint64_t words[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(harmless); i++) {
        const struct elf_dynamic tag = {harmless[i], 1};
        build_pie(0, &rela, sizeof rela, NO_TABLE);
        memcpy(built.bytes + built_dynamic->p_offset + 3 * sizeof tag, &tag, sizeof tag);
        assert_int_equal(load_pie(words), OK);
        assert_int_equal(words[0], 7 + SLIDE);
    }
}

/* An executable's PT_DYNAMIC is its own affair: it is loaded where it was linked. */
static void test_executable_is_not_relocated(void **state)
{
    const struct elf_rela rela = {0x1800, R_X86_64_RELATIVE, 7};
    uint64_t words[8];

    (void)state;
    build_pie(0, &rela, sizeof rela, NO_TABLE);
    built.header->e_type = ET_EXEC;
    assert_int_equal(load_pie(words), OK);
    assert_int_equal(elf.rela_count, 0);
    assert_int_equal(words[0], 0);
}

/* But GNU ld says executable of a static PIE that is not linked at 0. */
static void test_executable_that_is_a_pie(void **state)
{
    const struct elf_rela rela = {BUILT_LINK + 0x1800, R_X86_64_RELATIVE, 7};
    const struct elf_dynamic pie = {DT_FLAGS_1, DF_1_PIE};
    uint64_t words[8];

    (void)state;
    build_pie(BUILT_LINK, &rela, sizeof rela, NO_TABLE);
    memcpy(built.bytes + built_dynamic->p_offset + 3 * sizeof pie, &pie, sizeof pie);
    built.header->e_type = ET_EXEC;
    assert_int_equal(load_pie(words), OK);
    assert_true(elf.relocatable);
    assert_int_equal(words[0], 7 + SLIDE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ELF_TEST(every_byte),
        ELF_TEST(read_error),
        ELF_TEST(relative_relocations),
        ELF_TEST(packed_relocations),
        ELF_TEST(two_bitmaps),
        ELF_TEST(relocations_by_symbol),
        ELF_TEST(linkage_table_relocations),
        ELF_TEST(wrong_relocations),
        ELF_TEST(wrong_dynamic),
        ELF_TEST(harmless_tags),
        ELF_TEST(executable_is_not_relocated),
        ELF_TEST(executable_that_is_a_pie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
