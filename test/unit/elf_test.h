/* What the tests of the ELF loader share: a built file, an arena, and the parsed answer. */
#pragma once

#include "test/unit/elf_builder.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static struct arena arena;
static struct elf elf;
static struct reader reader;

static inline int elf_set_up(void **state)
{
    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    build_kernel(ET_EXEC, BUILT_LINK);
    return 0;
}

#define ELF_TEST(name) cmocka_unit_test_setup_teardown(test_##name, elf_set_up, fake_tear_down)

static inline enum err parse(void)
{
    reader = reader_from_memory("kernel.elf", built.bytes, built.size);
    return elf_parse(&reader, &arena, &elf);
}

static inline void assert_message(const char *part)
{
    if (!strstr(err_message(), part))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), part);
}

/* The built file is refused for this reason, by name, and nothing is filled. */
static inline void assert_refused(enum err err, const char *part)
{
    struct elf before;

    memset(&elf, 0x5a, sizeof elf);
    before = elf;
    assert_int_equal(parse(), err);
    assert_message(part);
    assert_message("kernel.elf");
    assert_memory_equal(&elf, &before, sizeof elf);
}
