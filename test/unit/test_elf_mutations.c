/* ELF files mutated at random: refused, or loaded without touching a byte outside of their span;
 * what their notes say is read, too. The sanitized variants watch the bytes. */
#include "common/protocol/lintel/lintel.h"
#include "test/unit/elf_builder.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define MUTATIONS      300000
#define LOADED_ENOUGH  (MUTATIONS / 20) /* else the mutations are too coarse to test elf_load() */
#define SPAN_BYTES_MAX (256 * KIB)

static struct arena arena;
static uint32_t loaded, noted;

static void check_pages(const struct elf *parsed)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < parsed->pages_count; i++) {
        assert_true(parsed->pages[i].bytes > 0);
        assert_int_equal((parsed->pages[i].offset | parsed->pages[i].bytes) % PAGE_BYTES, 0);
        assert_true(i == 0 || parsed->pages[i].offset >= end);
        assert_int_not_equal(parsed->pages[i].flags, MAP_WRITE | MAP_EXECUTE);
        end = parsed->pages[i].offset + parsed->pages[i].bytes;
    }
    assert_int_equal(end, parsed->end - parsed->first);
}

static void check_segments(const struct elf *parsed)
{
    for (uint32_t i = 0; i < parsed->segment_count; i++) {
        const struct elf_segment *segment = &parsed->segments[i];
        uint64_t offset = segment->virtual - parsed->first;
        bool covered = false;

        assert_true(segment->file_bytes <= segment->memory_bytes);
        for (uint32_t j = 0; j < parsed->pages_count; j++)
            covered |= parsed->pages[j].offset <= offset &&
                       offset < parsed->pages[j].offset + parsed->pages[j].bytes &&
                       (parsed->pages[j].flags & segment->flags) == segment->flags;
        assert_true(covered);
    }
}

static void check_symbols(const struct elf *parsed)
{
    for (uint32_t i = 0; i < parsed->symbol_count; i++) {
        assert_true(parsed->symbols[i].name < parsed->names_bytes);
        assert_true(i == 0 || parsed->symbols[i - 1].virtual <= parsed->symbols[i].virtual);
    }
}

/* One to four places get a value that breaks arithmetic, or noise. */
static void mutate(uint8_t *bytes, uint64_t size)
{
    static const uint64_t values[] = {
        0, 1, 7, 0xfff, 0x1000, 0x1808, UINT32_MAX, UINT64_MAX, UINT64_MAX - 0xfff, INT64_MAX};

    for (int count = rand() % 4 + 1; count > 0; count--) {
        uint64_t width = UINT64_C(1) << rand() % 4;
        uint64_t at = (uint64_t)rand() % (size - 8) & ~(width - 1);
        uint64_t value = values[(size_t)rand() % ARRAY_LENGTH(values)];

        if (rand() % 2)
            value = (uint64_t)rand();
        memcpy(bytes + at, &value, width);
    }
}

static void load_mutated(uint8_t *bytes, uint64_t size)
{
    struct reader from = reader_from_memory("mutated", bytes, size);
    struct lintel_request request;
    struct elf parsed;

    noted += lintel_read_note(&from, &arena, &request) == OK;
    if (elf_parse(&from, &arena, &parsed) != OK)
        return;
    check_pages(&parsed);
    check_segments(&parsed);
    check_symbols(&parsed);
    if (parsed.end - parsed.first > SPAN_BYTES_MAX)
        return;
    uint8_t *to = malloc(parsed.end - parsed.first);
    loaded += elf_load(&parsed, to, (uint64_t)rand()) == OK;
    free(to);
}

/* The headers and tables lie close together here, so that most mutations hit one. */
static void build_dense(void)
{
    const struct elf_rela relas[] = {{0x1800, R_X86_64_RELATIVE, 5}, {0x1820, R_X86_64_NONE, 0}};
    const uint64_t relrs[] = {0x1830, 3};
    const struct elf_sym syms[] = {{1, STT_FUNC, 0, 1, 0, 1}, {3, STT_FUNC, 0, 1, 2, 1}};
    struct built_note note = built_note();

    build_pie(0, relas, sizeof relas, relrs, sizeof relrs);
    build_note(&note);
    build_symbols(syms, ARRAY_LENGTH(syms), "\0a\0b", 5);
}

static void test_mutations(void **state)
{
    struct arena_mark mark;

    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    mark = arena_mark(&arena);
    srand(1);
    build_dense();
    uint8_t *bytes = malloc(built.size);
    for (int i = 0; i < MUTATIONS; i++) {
        memcpy(bytes, built.bytes, built.size);
        mutate(bytes, rand() % 2 ? 500 : built.size);
        load_mutated(bytes, built.size);
        arena_reset(&arena, mark);
    }
    free(bytes);
    fake_end();
    assert_true(loaded > LOADED_ENOUGH);
    assert_true(noted > LOADED_ENOUGH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
