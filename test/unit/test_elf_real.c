/* The ELF loader on what gcc and ld really make: static PIEs are loaded, given their pages'
 * permissions, and run; executables, shared ones and objects are taken or refused as they should
 * be. */
#define _GNU_SOURCE
#include "common/lib/mem.h"
#include "common/protocol/lintel/lintel.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

static const char program[] = "#include \"common/lintel.h\"\n"
                              "LINTEL_REQUEST(.stack_bytes = 4242);\n"
                              "static int twice(int x) { return 2 * x; }\n"
                              "static int thrice(int x) { return 3 * x; }\n"
                              "static int (*volatile table[])(int) = {twice, thrice, twice};\n"
                              "static int *volatile where[40];\n"
                              "static int big[5000], number = 5;\n"
                              "int *volatile there = &number;\n"
                              "int entry(int x)\n"
                              "{\n"
                              "    where[39] = there;\n"
                              "    big[4999] += table[0](x) + table[1](x) + *where[39];\n"
                              "    return big[4999];\n"
                              "}\n";

static struct arena arena;
static struct elf elf;
static struct reader reader;
static char *file;
static char repository[512];

static int set_up(void **state)
{
    if (!getcwd(repository, sizeof repository))
        return -1;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    return scratch_begin(state);
}

static int tear_down(void **state)
{
    free(file);
    fake_end();
    return scratch_end(state);
}

/* Compiles the program and parses what comes out. */
static enum err parse_built(const char *options)
{
    FILE *in = fopen("program.c", "w");

    assert_non_null(in);
    fputs(program, in);
    fclose(in);
    run("gcc -I'%s' -O1 -nostdlib -ffreestanding -fno-stack-protector -Wl,-e,entry "
        "-Wl,-z,separate-code %s program.c -o program 2>messages || { cat messages; false; }",
        repository, options);

    in = fopen("program", "rb");
    assert_non_null(in);
    fseek(in, 0, SEEK_END);
    long bytes = ftell(in);
    rewind(in);
    free(file);
    file = malloc((size_t)bytes);
    assert_int_equal(fread(file, 1, (size_t)bytes, in), bytes);
    fclose(in);
    reader = reader_from_memory("program", file, (uint64_t)bytes);
    return elf_parse(&reader, &arena, &elf);
}

static void protect(uint8_t *image)
{
    for (uint32_t i = 0; i < elf.pages_count; i++) {
        int flags = PROT_READ | (elf.pages[i].flags & MAP_WRITE ? PROT_WRITE : 0) |
                    (elf.pages[i].flags & MAP_EXECUTE ? PROT_EXEC : 0);

        assert_int_equal(mprotect(image + elf.pages[i].offset, elf.pages[i].bytes, flags), 0);
    }
}

static void load_and_run(void)
{
    uint64_t bytes = elf.end - elf.first;
    uint8_t *image = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(image, MAP_FAILED);
    memset(image, 0xa5, bytes);
    uint64_t slide = (uintptr_t)image - elf.first;
    assert_int_equal(elf_load(&elf, image, slide), OK);
    protect(image);
    int (*entry)(int) = (int (*)(int))(uintptr_t)(elf.entry + slide);
    assert_int_equal(entry(10), 55);
    assert_int_equal(entry(10), 110);
    munmap(image, bytes);
}

static void check_what_was_asked(void)
{
    const char *found = NULL;
    struct lintel_request request;

    assert_int_equal(lintel_read_note(&reader, &arena, &request), OK);
    assert_int_equal(request.stack_bytes, 4242);
    assert_int_equal(elf.symbol_count, 3);
    for (uint32_t i = 0; i < elf.symbol_count; i++)
        if (elf.symbols[i].virtual == elf.entry)
            found = elf.names + elf.symbols[i].name;
    assert_string_equal(found, "entry");
}

static const char *const pie_options[] = {
    "-fPIE -static-pie",
    "-fPIE -static-pie -Wl,-z,pack-relative-relocs",
    "-fPIE -static-pie -Wl,-Ttext-segment=0xffffffff80000000",
    "-fPIE -static-pie -fcf-protection=full -Wl,--build-id",
    "-fPIE -static-pie -Wl,-z,max-page-size=0x200000",
};

static void test_static_pie_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(pie_options); i++) {
        assert_int_equal(parse_built(pie_options[i]), OK);
        assert_true(elf.relocatable);
        assert_true(elf.rela_count + elf.relr_count > 0);
        check_what_was_asked();
        load_and_run();
    }
}

static void test_executable(void **state)
{
    (void)state;
    assert_int_equal(
        parse_built(
            "-fno-pie -static -no-pie -mcmodel=kernel -Wl,-Ttext-segment=0xffffffff80000000"),
        OK);
    assert_false(elf.relocatable);
    assert_int_equal(elf.first, 0xffffffff80000000);
    check_what_was_asked();
}

static void test_stripped(void **state)
{
    (void)state;
    assert_int_equal(parse_built("-fPIE -static-pie -s"), OK);
    assert_int_equal(elf.symbol_count, 0);
    load_and_run();
}

static const struct {
    const char *options;
    enum err err;
    const char *part;
} refused[] = {
    {"-fPIE -pie -Wl,--no-as-needed -lc", ERR_UNSUPPORTED, "PT_INTERP"},
    {"-fPIC -shared -Wl,--no-as-needed -lc", ERR_UNSUPPORTED, "DT_NEEDED"},
    {"-c", ERR_FORMAT, "e_type is 1"},
    {"-fno-pie -static -no-pie -Wl,-N", ERR_UNSUPPORTED, "writable and executable"},
    {"-m32 -fno-pie -static -no-pie", ERR_FORMAT, "EI_CLASS is 1, not 2 (64-bit)"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        assert_int_equal(parse_built(refused[i].options), refused[i].err);
        if (!strstr(err_message(), refused[i].part))
            fail_msg("%s: \"%s\" does not say \"%s\"", refused[i].options, err_message(),
                     refused[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_static_pie_runs),
        cmocka_unit_test(test_executable),
        cmocka_unit_test(test_stripped),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
