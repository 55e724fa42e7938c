/* The functions that an ELF file names: right, lying and damaged tables of symbols. */
#include "common/lib/log.h"
#include "test/unit/elf_test.h"

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
        ELF_TEST(symbols),
        ELF_TEST(many_symbols_are_sorted),
        ELF_TEST(damaged_symbols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
