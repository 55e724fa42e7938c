/* What a Lintel kernel asks for by its note: right, lying and damaged ones. */
#include "common/protocol/lintel/lintel.h"
#include "test/unit/elf_test.h"

static struct lintel_request request;

static struct built_note *the_note(void)
{
    return (struct built_note *)(built.bytes + built.programs[3].p_offset);
}

static enum err read_note(void)
{
    reader = reader_from_memory("kernel.elf", built.bytes, built.size);
    return lintel_read_note(&reader, &arena, &request);
}

/* By name, and nothing is filled. */
static void assert_note_refused(enum err err, const char *part)
{
    struct lintel_request before;

    memset(&request, 0x5a, sizeof request);
    before = request;
    assert_int_equal(read_note(), err);
    assert_message(part);
    assert_message("kernel.elf");
    assert_memory_equal(&request, &before, sizeof request);
}

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

static void test_fields(void **state)
{
    struct built_note right = *the_note();

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(request_faults); i++) {
        *the_note() = right;
        memcpy((uint8_t *)the_note() + request_faults[i].offset, &request_faults[i].value,
               request_faults[i].bytes);
        assert_note_refused(request_faults[i].err, request_faults[i].part);
        assert_int_equal(parse(), OK); /* as ELF it is right */
    }
}

static void test_right(void **state)
{
    (void)state;
    assert_int_equal(read_note(), OK);
    assert_int_equal(request.stack_bytes, 32768);
    assert_true(lintel_has_note(&reader, &arena));
}

static void test_all_that_may_be_asked_for(void **state)
{
    (void)state;
    the_note()->request.flags = LINTEL_REQUEST_FLAGS_KNOWN;
    the_note()->request.stack_bytes = 16 * MIB;
    the_note()->request.paging_levels = 5;
    assert_int_equal(read_note(), OK);
    assert_int_equal(request.flags, LINTEL_REQUEST_FLAGS_KNOWN);
    assert_int_equal(request.paging_levels, 5);
}

/* Any other ELF file is fine too: it is just no kernel for Lintel. */
static void test_none(void **state)
{
    (void)state;
    the_note()->name[0] = 'l';
    assert_note_refused(ERR_UNSUPPORTED, "without a Lintel note");
    assert_false(lintel_has_note(&reader, &arena));
    assert_int_equal(parse(), OK);
    the_note()->name[0] = 'L';
    the_note()->header.n_type = 2;
    assert_note_refused(ERR_UNSUPPORTED, "without a Lintel note");
    built.programs[3].p_type = 0;
    assert_note_refused(ERR_UNSUPPORTED, "without a Lintel note");
    assert_int_equal(parse(), OK);
}

static void test_two(void **state)
{
    struct built_note second = built_note();

    (void)state;
    build_note(&second);
    assert_note_refused(ERR_FORMAT, "two Lintel notes");
    assert_true(lintel_has_note(&reader, &arena));
}

/* A kernel whose note is damaged is told so, not that it is none. */
static void test_damaged_is_one(void **state)
{
    (void)state;
    the_note()->request.abi_version = 0;
    assert_int_equal(read_note(), ERR_FORMAT);
    assert_true(lintel_has_note(&reader, &arena));
    the_note()->header.n_descsz = 0;
    assert_int_equal(read_note(), ERR_FORMAT);
    assert_true(lintel_has_note(&reader, &arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ELF_TEST(fields), ELF_TEST(right), ELF_TEST(all_that_may_be_asked_for),
        ELF_TEST(none),   ELF_TEST(two),   ELF_TEST(damaged_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
