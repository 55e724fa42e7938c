/* Whole boots on the fake machine whose default does not start: which entry boots instead, and what
 * is said of it. */
#include "common/lib/mem.h"
#include "common/memory/paging.h"
#include "test/unit/elf_builder.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct facts *facts;
static struct firmware firmware;

static int make_kernel(void **state)
{
    if (scratch_begin(state))
        return -1;
    build_kernel(ET_EXEC, BUILT_LINK);
    FILE *file = fopen("kernel.elf", "wb");
    assert_int_equal(fwrite(built.bytes, 1, built.size, file), built.size);
    fclose(file);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(16 * MIB);
    firmware = fake_firmware;
    fake_press(KEY_NONE); /* nobody asks for the menu before it appears */
    return 0;
}

/* A disk with loader.conf, and entries: "name kernel", of which only "kernel.elf" is there. */
static void make_disk(const char *loader_conf, const char *const *entries)
{
    run("truncate -s 8M disk.img && mformat -i disk.img :: && mmd -i disk.img ::/loader "
        "::/loader/entries && mcopy -i disk.img kernel.elf ::/");
    run("printf 'no kernel at all' | mcopy -i disk.img - ::/noise.elf");
    run("printf '%s' | mcopy -i disk.img - ::/loader/loader.conf", loader_conf);
    for (; *entries; entries++) {
        char name[64], kernel[64];
        assert_int_equal(sscanf(*entries, "%63s %63s", name, kernel), 2);
        run("printf 'title %s\\nkernel /%s\\n' | mcopy -i disk.img - ::/loader/entries/%s.conf",
            name, kernel, name);
    }
}

static int boot(void)
{
    fake_disk_in_file("disk.img", 512);
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        boot_main(facts, &firmware);
    return way_out;
}

/* The menu may break a message at any space, and moves the cursor then. */
static bool has_said(const char *text)
{
    static char words[100000];
    size_t length = 0;

    for (const char *from = fake_output(); *from && length < sizeof words - 1; from++) {
        char c = *from;
        if (c == '\033') {
            from += strcspn(from, "HmJK");
            c = *from == 'H' ? ' ' : 0;
        }
        if (c == '\n' || c == ' ')
            c = length && words[length - 1] != ' ' ? ' ' : 0;
        if (c)
            words[length++] = c;
    }
    words[length] = 0;
    return strstr(words, text);
}

static void expect_said(const char *text)
{
    if (!has_said(text))
        fail_msg("\"%s\" is not in \"%s\"", text, fake_output());
}

/* What the kernel reads through a pointer of its own. */
static const void *seen(uint64_t pointer)
{
    struct paging tables = {
        .levels = 4, .root = fake_handoff()->root, .has_nx = true, .has_pat = true};

    return at_physical(paging_translate(&tables, pointer).physical);
}

static bool has_booted(const char *id)
{
    const struct lintel_boot_info *info = seen(fake_handoff()->registers.rdi);

    return strcmp(seen((uintptr_t)info->entry), id) == 0;
}

static const struct boot_case {
    const char *loader_conf, *keys;
    const char *entries[6];
    const char *boots; /* which of them; NULL: the menu asks */
    const char *said[3];
} cases[] = {
    /* the default, and the next in order */
    {"timeout 0\nfallback yes\n",
     "",
     {"c missing.elf", "b kernel.elf", "a kernel.elf"},
     "b",
     {"entry c: ", "fallback: entry b"}},
    {"timeout 0\nfallback yes\ndefault b\n",
     "",
     {"c kernel.elf", "b noise.elf", "a kernel.elf"},
     "a",
     {"noise.elf is no kernel", "fallback: entry a"}},
    {"timeout 0\nfallback yes\ndefault a\n",
     "",
     {"c missing.elf", "b kernel.elf", "a noise.elf"},
     "b",
     {"fallback: entry c", "fallback: entry b"}},
    {"timeout 1\nfallback yes\n",
     "",
     {"c missing.elf", "b kernel.elf"},
     "b",
     {"fallback: entry b"}},
    /* all fail, each once: the menu has the reasons */
    {"timeout 0\nfallback yes\n",
     "",
     {"c missing.elf", "b noise.elf", "a absent.elf"},
     NULL,
     {"entry c: /missing.elf: there is no missing.elf in directory /; entry b: /noise.elf is no "
      "kernel",
      "entry a: /absent.elf"}},
    /* a person's choice is no default */
    {"timeout menu-force\nfallback yes\n",
     "1",
     {"c missing.elf", "b kernel.elf"},
     NULL,
     {"entry c: "}},
    {"timeout 5\nfallback yes\n", "\r", {"c missing.elf", "b kernel.elf"}, NULL, {"entry c: "}},
    /* without the key, as ever */
    {"timeout 0\n", "", {"c missing.elf", "b kernel.elf"}, NULL, {"entry c: "}},
    {"timeout 0\nfallback maybe\n", "", {"c missing.elf", "b kernel.elf"}, NULL, {"entry c: "}},
    /* a default that is not there */
    {"timeout 0\nfallback yes\ndefault gone\n",
     "",
     {"c kernel.elf", "b kernel.elf"},
     "c",
     {"default gone matches no entry"}},
    {"timeout 0\ndefault gone\n", "", {"c kernel.elf"}, NULL, {"default gone matches no entry"}},
    /* tries */
    {"timeout 0\n", "", {"c+0-3 kernel.elf", "b+1-0 kernel.elf", "a kernel.elf"}, "b", {""}},
    {"timeout 0\nfallback yes\ndefault c\n",
     "",
     {"c+0-3 kernel.elf", "b kernel.elf"},
     "b",
     {"default c matches only entries without tries left"}},
    {"timeout 0\nfallback yes\n",
     "",
     {"c missing.elf", "b+0-3 kernel.elf", "a+00-03 kernel.elf"},
     NULL,
     {"entry c: "}},
    {"timeout 0\nfallback yes\n",
     "",
     {"c+0-3 kernel.elf", "b+0-3 kernel.elf"},
     NULL,
     {"no default is set, and no entry has tries left"}},
    {"timeout 0\nfallback yes\ndefault *\n",
     "",
     {"c+0-3 kernel.elf", "b+0-3 kernel.elf"},
     NULL,
     {"default * matches only entries without tries left"}},
    /* what nobody knows may be what was asked */
    {"timeout 0\nfallback yes\neditqr no\n", "", {"c kernel.elf"}, NULL, {"and not editor"}},
};

static void boots_what_it_should(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct boot_case *c = &cases[i];
        make_disk(c->loader_conf, c->entries);
        fake_type(c->keys);
        if (!c->boots)
            fake_type("q\r");
        int way_out = boot();
        if (way_out != (c->boots ? FAKE_HANDED_OFF : FAKE_GAVE_UP))
            fail_msg("case %zu: way out %d: %s", i, way_out, fake_output());
        for (size_t s = 0; s < ARRAY_LENGTH(c->said) && c->said[s]; s++)
            expect_said(c->said[s]);
        if (!c->boots)
            assert_false(has_said("fallback: entry c"));
        if (way_out == FAKE_HANDED_OFF && *c->boots)
            assert_true(has_booted(c->boots));
        assert_int_equal(fake_reserved_pages() == 0, !c->boots);
        fake_end();
        begin(state);
    }
}

static const uint8_t loader[16] =
    "\x82\xb0\x67\x4a\x4c\x0a\xcf\x41\xb6\xc7\x44\x0b\x29\xbb\x8c\x4f";

/* A wish for one boot is no person's choice at the menu: it falls through, and is spent. */
static void one_shots_fall_through(void **state)
{
    (void)state;
    make_disk("timeout 0\nfallback yes\n", (const char *[]){"c kernel.elf", "b missing.elf", NULL});
    firmware.get_variable = fake_get_variable;
    firmware.set_variable = fake_set_variable;
    fake_set_variable(loader, "LoaderEntryOneShot", true, u"b.conf", 14);
    assert_int_equal(boot(), FAKE_HANDED_OFF);
    expect_said("fallback: entry c");
    assert_true(has_booted("c"));
    assert_null(fake_variable("LoaderEntryOneShot"));
}

#define BOOT_TEST(test) cmocka_unit_test_setup_teardown(test, begin, fake_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOT_TEST(boots_what_it_should),
        BOOT_TEST(one_shots_fall_through),
    };

    return cmocka_run_group_tests(tests, make_kernel, scratch_end);
}
