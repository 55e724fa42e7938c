/* Whole boots of Limine kernels on the fake machine: what the kernel finds, and what is refused. */
#include "common/lib/fmt.h"
#include "common/memory/paging.h"
#include "common/plan/plan.h"
#include "common/protocol/limine/limine.h"
#include "test/unit/elf_builder.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define MEMORY (16 * MIB)
#define DATA   UINT64_C(0x2000) /* of the image: all that the kernel says */
#define COMMON UINT64_C(0xc7b1dd30df4c8b88), UINT64_C(0x0a82e883a194f07b)

#define TAG_AT     0
#define HHDM_AT    64
#define MODULES_AT 128
#define FILE_AT    256
#define LOG_AT     320
#define LIST_AT    512
#define MODULE_AT  640
#define TEXT_AT    1024

static struct facts *facts;
static struct firmware firmware;
static char code[PAGE_BYTES + 64] = "code";
static uint64_t data[PAGE_BYTES / 8];

static uint64_t at(uint64_t offset)
{
    return BUILT_LINK + DATA + offset;
}

static void put_words(uint64_t offset, const uint64_t *words, uint64_t count)
{
    memcpy((uint8_t *)data + offset, words, count * sizeof *words);
}
#define PUT(offset, ...)                                                                           \
    put_words((offset), (const uint64_t[]){__VA_ARGS__},                                           \
              sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

static void put_text(uint64_t offset, const char *text)
{
    memcpy((uint8_t *)data + offset, text, strlen(text) + 1);
}

/* One that has to be there, by a winding path; one that is not there; and the executable's file. */
static void fill_data(uint64_t base_revision)
{
    memset(data, 0, sizeof data);
    PUT(TAG_AT, UINT64_C(0xf9562b2d5c95a6c8), UINT64_C(0x6a7b384944536bdc), base_revision);
    PUT(HHDM_AT, COMMON, UINT64_C(0x48dcf1cb8ad2b852), UINT64_C(0x63984e959a98244b), 0, 0);
    PUT(MODULES_AT, COMMON, UINT64_C(0x3e7e279702be32af), UINT64_C(0xca1c4f3bd1280cee), 1, 0, 2,
        at(LIST_AT));
    PUT(FILE_AT, COMMON, UINT64_C(0xad97e90e83f1ed67), UINT64_C(0x31eb5d1c5ff23b69), 0, 0);
    PUT(LOG_AT, COMMON, UINT64_C(0x98e094fc7e76e979), UINT64_C(0xee8d8775c54e1d1f), 0, 0);
    PUT(LIST_AT, at(MODULE_AT), at(MODULE_AT + 24));
    PUT(MODULE_AT, at(TEXT_AT), at(TEXT_AT + 512), 1, at(TEXT_AT + 600), at(TEXT_AT + 512), 0);
    put_text(TEXT_AT, "../boot//./internal");
    put_text(TEXT_AT + 512, "a string");
    put_text(TEXT_AT + 600, "absent");
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void write_disk(void)
{
    build_begin(ET_EXEC);
    build_program(PT_LOAD, PF_X, BUILT_LINK, code, sizeof code, sizeof code);
    build_program(PT_LOAD, PF_W, BUILT_LINK + DATA, data, sizeof data, sizeof data);
    built.header->e_entry = BUILT_LINK + 16;
    write_file("kernel.elf", built.bytes, built.size);
    run("cp empty.img disk.img && mcopy -i disk.img kernel.elf ::/boot/");
}

/* The kernel's file is compressed. */
static void pack_kernel(void)
{
    run("gzip -n < kernel.elf > packed.elf && mcopy -o -i disk.img packed.elf "
        "::/boot/kernel.elf");
}

static int make_disk(void **state)
{
    if (scratch_begin(state))
        return -1;
    run("printf internal > internal && printf module > module");
    run("gzip -n < internal > packed && printf 'packed#' > name && b2sum packed | cut -c-128 | "
        "tr -d '\\n' >> name");
    run("printf 'timeout 0\\ndefault good\\n' > loader.conf");
    run("printf 'title Limine\\nkernel /boot/kernel.elf\\nmodule /boot/module an argument\\n"
        "options one two\\n' > good.entry");
    run("truncate -s 8M empty.img && mformat -i empty.img :: && mmd -i empty.img ::/loader "
        "::/loader/entries ::/boot");
    run("mcopy -i empty.img loader.conf ::/loader/ && mcopy -i empty.img good.entry "
        "::/loader/entries/good.conf && mcopy -i empty.img internal module packed ::/boot/");
    return 0;
}

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(MEMORY);
    firmware = fake_firmware;
    fill_data(3);
    return 0;
}

static int boot_disk(void)
{
    fake_disk_in_file("disk.img", 512);
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        boot_main(facts, &firmware);
    return way_out;
}

static int boot(void)
{
    write_disk();
    return boot_disk();
}

/* ---- what the kernel finds ------------------------------------------------------------------- */

static struct paging tables;
static void find_tables(void)
{
    tables = (struct paging){
        .levels = 4, .root = fake_handoff()->root, .has_nx = true, .write_combining = 5};
}

/* What the kernel reads through an address of its own. */
static void *seen(uint64_t address)
{
    struct translation to = paging_translate(&tables, address);
    assert_true(to.present);
    return at_physical(to.physical);
}

static uint64_t word_at(uint64_t address)
{
    return load64(seen(address));
}

static uint64_t response_of(uint64_t request)
{
    return word_at(at(request) + 40);
}

struct file_seen {
    uint64_t revision, bytes, size, path, string;
    uint32_t media, unused;
    uint8_t server[4];
    uint32_t port;
};

static const struct file_seen *module_seen(uint64_t index)
{
    return seen(word_at(word_at(response_of(MODULES_AT) + 16) + 8 * index));
}

static void expect_handoff(int way_out)
{
    if (way_out != FAKE_HANDED_OFF)
        fail_msg("%s", fake_output());
    find_tables();
}

static void expect_boot(void)
{
    expect_handoff(boot());
}

static void answers_requests(void **unused)
{
    (void)unused;
    expect_boot();
    assert_int_equal(word_at(at(TAG_AT) + 8), 3);
    assert_int_equal(word_at(at(TAG_AT) + 16), 0);
    assert_int_equal(word_at(response_of(HHDM_AT) + 8), PLAN_DIRECT_MAP_4);
    assert_int_equal(fake_handoff()->entry, BUILT_LINK + 16);
    assert_int_equal(fake_handoff()->registers.rdi, 0);
    assert_int_equal(fake_handoff()->registers.rsp % 16, 0);
}

static void lists_internal_modules_first(void **unused)
{
    (void)unused;
    expect_boot();
    assert_int_equal(word_at(response_of(MODULES_AT) + 8), 2);
    assert_string_equal(seen(module_seen(0)->path), "/boot/internal");
    assert_string_equal(seen(module_seen(0)->string), "a string");
    assert_int_equal(module_seen(0)->size, 8);
    assert_memory_equal(seen(module_seen(0)->bytes), "internal", 9);
    assert_string_equal(seen(module_seen(1)->path), "/boot/module");
    assert_string_equal(seen(module_seen(1)->string), "an argument");
    assert_memory_equal(seen(module_seen(1)->bytes), "module", 7);
}

/* Whole, as it is unpacked, with zeros up to the end of its last page. */
static void check_file(void)
{
    const struct file_seen *file = seen(word_at(response_of(FILE_AT) + 8));
    const uint8_t *bytes = seen(file->bytes);
    assert_int_equal(file->size, built.size);
    assert_memory_equal(bytes, built.bytes, built.size);
    for (uint64_t i = built.size; i % PAGE_BYTES; i++)
        assert_int_equal(bytes[i], 0);
    assert_string_equal(seen(file->path), "/boot/kernel.elf");
    assert_string_equal(seen(file->string), "one two");
}

static void hands_over_the_file(void **unused)
{
    (void)unused;
    expect_boot();
    check_file();
}

/* What is planned, loaded and handed over is the one file that was unpacked. */
static void hands_over_a_file_that_was_compressed(void **unused)
{
    (void)unused;
    for (uint64_t revision = 0; revision <= LIMINE_REVISION_MAX; revision++) {
        fake_end();
        begin(NULL);
        fill_data(revision);
        write_disk();
        pack_kernel();
        expect_handoff(boot_disk());
        check_file();
        assert_memory_equal(seen(BUILT_LINK), "code", 5);
        assert_memory_equal(seen(module_seen(0)->bytes), "internal", 9);
        assert_memory_equal(seen(module_seen(1)->bytes), "module", 7);
    }
}

static uint8_t events[100] = "events";
static uint64_t events_bytes;

static enum err tell_events(struct event_log *log)
{
    *log = (struct event_log){EVENT_LOG_2, events, events_bytes};
    return events_bytes > sizeof events ? ERR_UNSUPPORTED : OK;
}

static uint64_t log_of(uint64_t bytes)
{
    fake_end();
    begin(NULL);
    events_bytes = bytes;
    firmware.event_log = tell_events;
    expect_boot();
    return response_of(LOG_AT);
}

static void hands_over_the_event_log(void **unused)
{
    (void)unused;
    expect_boot();
    assert_int_equal(response_of(LOG_AT), 0); /* a firmware without the verb */
    assert_int_equal(log_of(sizeof events + 1), 0);
    uint64_t response = log_of(sizeof events);
    assert_int_equal(word_at(response + 8), 2);
    assert_int_equal(word_at(response + 16), sizeof events);
    assert_memory_equal(seen(word_at(response + 24)), events, sizeof events);
    response = log_of(0);
    assert_int_equal(word_at(response + 16), 0);
    assert_int_equal(word_at(response + 24), 0);
}

static void tells_where_a_file_came_from(void **unused)
{
    static const char conf[] = "timeout 0\nentry good.conf\n";
    static const char entry[] = "kernel boot/kernel.elf\n";
    (void)unused;
    expect_boot();
    assert_int_equal(module_seen(0)->media, 0);
    assert_int_equal(load32(module_seen(0)->server), 0);
    fake_end();
    begin(NULL);
    fake_serve("loader/loader.conf", conf, sizeof conf - 1);
    fake_serve("loader/entries/good.conf", entry, sizeof entry - 1);
    fake_serve("boot/kernel.elf", built.bytes, built.size);
    fake_serve("boot/internal", "internal", 8);
    expect_boot();
    assert_int_equal(module_seen(0)->media, 2);
    assert_memory_equal(module_seen(0)->server, ((uint8_t[]){10, 0, 2, 2}), 4);
    assert_int_equal(module_seen(0)->port, 69);
}

/* Below 4 GiB, where the fake machine has nothing: FEE00000h. */
static void maps_as_the_base_revision_says(void **unused)
{
    (void)unused;
    for (uint64_t revision = 0; revision <= LIMINE_REVISION_MAX; revision++) {
        fake_end();
        begin(NULL);
        fill_data(revision);
        expect_boot();
        struct translation high = paging_translate(&tables, PLAN_DIRECT_MAP_4 + 0xfee00000);
        struct translation low = paging_translate(&tables, FAKE_MEMORY_BASE);
        struct translation code = paging_translate(&tables, BUILT_LINK);
        assert_int_equal(high.present, revision < 3);
        assert_int_equal(low.present, revision == 0);
        assert_int_equal(!fake_handoff()->root_virtual, revision == 0);
        assert_false(paging_translate(&tables, 0).present);
        assert_int_equal(code.flags, MAP_EXECUTE);
        assert_int_equal(fake_handoff()->idtr[0], revision < 5 ? 0xff : 0);
        if (revision == 0)
            assert_int_equal(low.flags, MAP_WRITE | MAP_EXECUTE);
    }
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* Without spaces and terminal sequences: the menu breaks lines where it likes. */
static const char *squeeze(const char *text)
{
    static char squeezed[65536];
    size_t length = 0;
    for (; *text && length < sizeof squeezed - 1; text++) {
        if (*text == '\033')
            while (text[1] && !strchr("HJKm", *++text))
                ;
        else if (*text != ' ' && *text != '\n')
            squeezed[length++] = *text;
    }
    squeezed[length] = 0;
    return squeezed;
}

/* The menu is back, with the message, and waits for ever. */
static void expect_refusal(const char *message)
{
    char wanted[128];
    fmt(wanted, sizeof wanted, "%s", squeeze(message));
    assert_int_equal(boot(), FAKE_STUCK);
    if (!strstr(squeeze(fake_output()), wanted))
        fail_msg("\"%s\" is not in: %s", wanted, squeeze(fake_output()));
    assert_int_equal(fake_reserved_pages(), 0);
}

static void refuses_a_higher_base_revision(void **unused)
{
    (void)unused;
    fill_data(7);
    expect_refusal("base revision 7");
}

static void refuses_to_boot_without_a_required_module(void **unused)
{
    (void)unused;
    put_text(TEXT_AT, "gone");
    expect_refusal("/boot/gone");
}

static void refuses_modules_outside_of_the_image(void **unused)
{
    static const struct {
        uint64_t offset, value;
    } wrong[] = {
        {MODULES_AT + 48, 1025},
        {MODULES_AT + 48, 512},
        {MODULES_AT + 56, 0},
        {MODULES_AT + 56, BUILT_LINK + DATA + PAGE_BYTES - 8},
        {LIST_AT, BUILT_LINK - 8},
        {LIST_AT, BUILT_LINK + DATA + PAGE_BYTES - 16},
        {MODULE_AT, 0},
        {MODULE_AT + 8, UINT64_MAX},
    };
    (void)unused;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        fake_end();
        begin(NULL);
        PUT(wrong[i].offset, wrong[i].value);
        expect_refusal("is not wholly inside");
    }
}

static void refuses_a_text_without_an_end(void **unused)
{
    (void)unused;
    memset((uint8_t *)data + PAGE_BYTES - 16, 'x', 16);
    PUT(MODULE_AT, at(PAGE_BYTES - 16));
    expect_refusal("the text of an internal module");
}

/* It is not looked through an image for its end. */
static void refuses_a_text_without_measure(void **unused)
{
    (void)unused;
    memset(code + 32, 'x', PAGE_BYTES);
    PUT(MODULE_AT, BUILT_LINK + 32);
    expect_refusal("an internal module, of at most 4095 bytes, at FFFFFFFF80000020h");
    memset(code + 32, 0, PAGE_BYTES);
}

#define HASH /* of "internal", by b2sum */                                                         \
    "f9e4934a67a1995a91d1490a20de8ce55cc69f12334b78c28c255976dc7d10b3"                             \
    "f48d2976228139e4414e9a30f187ed4c6428efe5d5e4d54eb78ea2bfde329669"

/* What the kernel says of it says nothing of the next file. */
static void leaves_out_modules_that_are_not_there(void **unused)
{
    (void)unused;
    put_text(TEXT_AT + 600, "absent#" HASH);
    PUT(MODULE_AT + 40, 2); /* compressed */
    expect_boot();
    assert_int_equal(word_at(response_of(MODULES_AT) + 8), 2);
    assert_memory_equal(seen(module_seen(1)->bytes), "module", 7);
}

static void verifies_hashes(void **unused)
{
    (void)unused;
    put_text(TEXT_AT, "internal#" HASH);
    expect_boot();
    assert_string_equal(seen(module_seen(0)->path), "/boot/internal");
    fake_end();
    begin(NULL);
    put_text(TEXT_AT, "module#" HASH);
    expect_refusal("is not what its hash says");
    fake_end();
    begin(NULL);
    put_text(TEXT_AT, "internal#12");
    expect_refusal("no hash of 128 digits");
}

/* The hash is the packed file's. */
static void unpacks_modules(void **unused)
{
    char name[256] = "";
    FILE *file = fopen("name", "r");
    (void)unused;
    assert_non_null(file);
    assert_int_equal(fread(name, 1, sizeof name, file), sizeof "packed#" - 1 + 128);
    fclose(file);
    put_text(TEXT_AT, name);
    PUT(MODULE_AT + 16, 3);
    expect_boot();
    assert_int_equal(word_at(response_of(MODULES_AT)), 2);
    assert_int_equal(module_seen(0)->size, 8);
    assert_memory_equal(seen(module_seen(0)->bytes), "internal", 9);
    fake_end();
    begin(NULL);
    put_text(TEXT_AT, "packed#" HASH);
    PUT(MODULE_AT + 16, 3);
    expect_refusal("is not what its hash says");
    fake_end();
    begin(NULL);
    PUT(MODULE_AT + 16, 3);
    expect_refusal("compressed by gzip, and damaged");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(answers_requests),
        TEST(lists_internal_modules_first),
        TEST(hands_over_the_file),
        TEST(hands_over_a_file_that_was_compressed),
        TEST(hands_over_the_event_log),
        TEST(tells_where_a_file_came_from),
        TEST(maps_as_the_base_revision_says),
        TEST(refuses_a_higher_base_revision),
        TEST(refuses_to_boot_without_a_required_module),
        TEST(refuses_modules_outside_of_the_image),
        TEST(refuses_a_text_without_an_end),
        TEST(refuses_a_text_without_measure),
        TEST(leaves_out_modules_that_are_not_there),
        TEST(verifies_hashes),
        TEST(unpacks_modules),
    };
    return cmocka_run_group_tests(tests, make_disk, scratch_end);
}
