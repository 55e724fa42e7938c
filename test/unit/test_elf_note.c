/* What an ELF kernel asks for, and its symbols: right, lying and damaged ones. */
#include "common/lib/log.h"
#include "test/unit/elf_test.h"

static struct built_note *the_note(void)
{
    return (struct built_note *)(built.bytes + built.programs[3].p_offset);
}

/* ---- the request ----------------------------------------------------------------------------- */

static const struct {
    size_t offset, bytes;
    uint64_t value;
    enum err err;
    const char *part;
} request_faults[] = {
#define FAULT(field, value, err, part)                                                             \
    {                                                                                              \
        offsetof(struct built_note, field), sizeof(((struct built_note *)0)->field), value, err,   \
            part                                                                                   \
    }
    FAULT(header.n_descsz, 0, ERR_FORMAT, "n_descsz is 0, not 32"),
    FAULT(header.n_descsz, 31, ERR_FORMAT, "n_descsz is 31, not 32"),
    FAULT(header.n_descsz, 33, ERR_FORMAT, "n_descsz 21h passes the end"),
    FAULT(header.n_descsz, UINT32_MAX, ERR_FORMAT, "n_descsz FFFFFFFFh passes the end"),
    FAULT(header.n_namesz, UINT32_MAX, ERR_FORMAT, "n_namesz FFFFFFFFh"),
    FAULT(request.abi_version, 0, ERR_FORMAT, "abi_version is 0"),
    FAULT(request.abi_version, LINTEL_ABI_VERSION + 1, ERR_UNSUPPORTED, "abi_version is 2"),
    FAULT(request.flags, 0x80000003, ERR_UNSUPPORTED, "flags 80000000h"),
    FAULT(request.stack_bytes, 16 * MIB + 1, ERR_UNSUPPORTED, "stack_bytes 16777217"),
    FAULT(request.paging_levels, 3, ERR_UNSUPPORTED, "paging_levels is 3"),
    FAULT(request.paging_levels, 6, ERR_UNSUPPORTED, "paging_levels is 6"),
    FAULT(request.reserved, 1, ERR_FORMAT, "reserved is 1h"),
#undef FAULT
};

static void test_request_fields(void **state)
{
    struct built_note right = *the_note();

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(request_faults); i++) {
        *the_note() = right;
        memcpy((uint8_t *)the_note() + request_faults[i].offset, &request_faults[i].value,
               request_faults[i].bytes);
        assert_refused(request_faults[i].err, request_faults[i].part);
    }
}

static void test_all_that_may_be_asked_for(void **state)
{
    (void)state;
    the_note()->request.flags = LINTEL_REQUEST_FLAGS_KNOWN;
    the_note()->request.stack_bytes = 16 * MIB;
    the_note()->request.paging_levels = 5;
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.request.flags, LINTEL_REQUEST_FLAGS_KNOWN);
    assert_int_equal(elf.request.paging_levels, 5);
}

/* Any other ELF file is fine too: it is just no kernel for Lintel. */
static void test_no_request(void **state)
{
    (void)state;
    the_note()->name[0] = 'l';
    assert_int_equal(parse(), OK);
    assert_false(elf.has_request);
    the_note()->name[0] = 'L';
    the_note()->header.n_type = 2;
    assert_int_equal(parse(), OK);
    assert_false(elf.has_request);
    built.programs[3].p_type = 0;
    assert_int_equal(parse(), OK);
    assert_false(elf.has_request);
}

static void test_two_requests(void **state)
{
    struct built_note second = built_note();

    (void)state;
    build_note(&second);
    assert_refused(ERR_FORMAT, "two Lintel notes");
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
    assert_int_equal(parse(), OK);
    assert_true(elf.has_request);
}

static void test_too_many_notes(void **state)
{
    static const uint8_t zeros[70 * 1024];

    (void)state;
    build_bytes(zeros, sizeof zeros);
    built.programs[3].p_filesz = 64 * KIB; /* zeros may follow notes */
    assert_int_equal(parse(), OK);
    assert_true(elf.has_request);
    built.programs[3].p_filesz++;
    assert_refused(ERR_FORMAT, "p_filesz 10001h is more than 10000h");
}

/* ---- symbols --------------------------------------------------------------------------------- */

static const char names[] = "\0first\0second\0variable\0outside\0undefined";
#define NAME(text) ((uint32_t)(strstr_name(text) - names))

static const char *strstr_name(const char *text)
{
    for (const char *at = names + 1; at < names + sizeof names; at += strlen(at) + 1)
        if (strcmp(at, text) == 0)
            return at;
    abort();
}

static struct elf_section *build_five(void)
{
    const struct elf_sym syms[] = {
        {0},
        {NAME("second"), STT_FUNC | 0x10, 0, 1, BUILT_LINK + 0x200, UINT64_MAX},
        {NAME("variable"), 1, 0, 3, BUILT_LINK + 0x4010, 8},
        {NAME("first"), STT_FUNC, 0, 1, BUILT_LINK + 0x100, 16},
        {NAME("outside"), STT_FUNC, 0, 1, BUILT_LINK + 0x10000, 16},
        {NAME("undefined"), STT_FUNC, 0, SHN_UNDEF, BUILT_LINK, 16},
    };

    return build_symbols(syms, ARRAY_LENGTH(syms), names, sizeof names);
}

static void test_symbols(void **state)
{
    (void)state;
    build_five();
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.symbol_count, 2);
    assert_string_equal(elf.names + elf.symbols[0].name, "first");
    assert_int_equal(elf.symbols[0].virtual, BUILT_LINK + 0x100);
    assert_int_equal(elf.symbols[0].bytes, 16);
    assert_string_equal(elf.names + elf.symbols[1].name, "second");
    assert_int_equal(elf.symbols[1].bytes, UINT32_MAX);
    assert_int_equal(elf.names_bytes, sizeof names);
}

static void test_many_symbols_are_sorted(void **state)
{
    enum { COUNT = 500 };
    static struct elf_sym syms[COUNT];
    uint64_t sum = 0;

    (void)state;
    srand(1);
    for (int i = 0; i < COUNT; i++) {
        syms[i] = (struct elf_sym){1, STT_FUNC, 0, 1, BUILT_LINK + (uint64_t)rand() % 5000, 1};
        sum += syms[i].st_value;
    }
    build_symbols(syms, COUNT, names, sizeof names);
    assert_int_equal(parse(), OK);
    assert_int_equal(elf.symbol_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        sum -= elf.symbols[i].virtual;
        assert_true(i == 0 || elf.symbols[i - 1].virtual <= elf.symbols[i].virtual);
    }
    assert_int_equal(sum, 0);
}

enum base { HEADER, SYMTAB, STRTAB, SECOND_SYMBOL };

static const struct {
    enum base base;
    size_t offset, bytes;
    uint64_t value;
    const char *part;
} symbol_faults[] = {
#define FAULT(base, type, field, value, part)                                                      \
    {                                                                                              \
        base, offsetof(struct type, field), sizeof(((struct type *)0)->field), value, part         \
    }
    FAULT(HEADER, elf_header, e_shoff, UINT64_MAX - 8, "truncated"),
    FAULT(HEADER, elf_header, e_shnum, 0xff00, "e_shnum is 65280"),
    FAULT(HEADER, elf_header, e_shentsize, 40, "e_shentsize is 40"),
    FAULT(SYMTAB, elf_section, sh_link, 3, "sh_link 3"),
    FAULT(SYMTAB, elf_section, sh_link, 1, "sh_link 1"),
    FAULT(SYMTAB, elf_section, sh_entsize, 16, "sh_entsize is 16"),
    FAULT(SYMTAB, elf_section, sh_offset, UINT64_MAX, "truncated"),
    FAULT(SYMTAB, elf_section, sh_size, UINT64_MAX, ".symtab has"),
    FAULT(STRTAB, elf_section, sh_size, MIB + 1, ".strtab has 1048577 bytes"),
    FAULT(STRTAB, elf_section, sh_size, 0, ".strtab is empty"),
    FAULT(STRTAB, elf_section, sh_size, sizeof names - 1, ".strtab does not end in a 0 byte"),
    FAULT(SECOND_SYMBOL, elf_sym, st_name, sizeof names, "st_name"),
#undef FAULT
};

static void spoil_symbols(size_t fault)
{
    struct elf_section *sections = build_five();
    uint8_t *bases[] = {
        [HEADER] = built.bytes,
        [SYMTAB] = (uint8_t *)&sections[1],
        [STRTAB] = (uint8_t *)&sections[2],
        [SECOND_SYMBOL] = built.bytes + sections[1].sh_offset + sizeof(struct elf_sym),
    };

    memcpy(bases[symbol_faults[fault].base] + symbol_faults[fault].offset,
           &symbol_faults[fault].value, symbol_faults[fault].bytes);
}

static const char *last_log_line(void)
{
    static char log[LOG_BYTES + 1];
    const char *last = log + log_copy(log, sizeof log) - 1;

    while (last > log && last[-1] != '\n')
        last--;
    return last;
}

/* A kernel boots without its symbols; the log says why they are missing. */
static void test_damaged_symbols(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(symbol_faults); i++) {
        build_kernel(ET_EXEC, BUILT_LINK);
        spoil_symbols(i);
        assert_int_equal(parse(), OK);
        assert_int_equal(elf.symbol_count, 0);
        assert_int_equal(elf.names_bytes, 0);
        if (!strstr(last_log_line(), "kernel.elf: symbols left out") ||
            !strstr(last_log_line(), symbol_faults[i].part))
            fail_msg("\"%s\" does not say \"%s\"", last_log_line(), symbol_faults[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ELF_TEST(request_fields), ELF_TEST(all_that_may_be_asked_for), ELF_TEST(no_request),
        ELF_TEST(two_requests),   ELF_TEST(among_other_notes),         ELF_TEST(too_many_notes),
        ELF_TEST(symbols),        ELF_TEST(many_symbols_are_sorted),   ELF_TEST(damaged_symbols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
