/* What a Multiboot kernel is told: the structure of version 1. */
#include "test/unit/multiboot_scene.h"

/* What a pointer leads to, which is itself in the structure at an offset, or elsewhere. */
static const uint8_t *follow_from(const uint8_t *at)
{
    uint32_t pointer = load32(at);
    assert_in_range(pointer, BLOCK + 116, BLOCK + count_bytes(multiboot1_build) - 1);
    return at_physical(pointer);
}

static const uint8_t *follow(uint32_t field)
{
    return follow_from(buffer + field);
}

static void build_1(void)
{
    build_all(multiboot1_build);
}

static void test_least_information(void **state)
{
    (void)state;
    disk.medium = LINTEL_MEDIUM_NETWORK;
    build_1();
    assert_int_equal(0x24d, load32(buffer));
    assert_string_equal("a b", follow(16));
    assert_string_equal(MULTIBOOT_LOADER_NAME, follow(64));
}

static void test_full_information(void **state)
{
    (void)state;
    add_pc();
    make_map();
    info.modules = modules;
    info.module_count = 2;
    info.symbols = (struct multiboot_symbols){headers, 2, 40, 1};
    info.video = &video;
    info.apm = &apm;
    memcpy(vbe.control, "VESA", 4);
    build_1();
    assert_int_equal(0x1e6f, load32(buffer));
    assert_int_equal(639, load32(buffer + 4));
    assert_int_equal(15 * 1024, load32(buffer + 8));
    assert_int_equal(0x8102ffff, load32(buffer + 12));
    assert_int_equal(2, load32(buffer + 20));
    const uint8_t *module = follow(24);
    assert_int_equal(0x100000, load32(module));
    assert_int_equal(0x100005, load32(module + 4));
    assert_string_equal("first words", follow_from(module + 8));
    assert_int_equal(0x200000, load32(module + 16));
    assert_int_equal(2, load32(buffer + 28));
    assert_int_equal(40, load32(buffer + 32));
    assert_memory_equal(headers, follow(36), sizeof headers);
    assert_int_equal(1, load32(buffer + 40));
    assert_int_equal(4 * 24, load32(buffer + 44));
    assert_int_equal(20, load32(follow(48)));
    assert_int_equal(MIB, load64(follow(48) + 3 * 24 + 4));
    assert_int_equal(1, load32(follow(48) + 3 * 24 + 20));
    const uint16_t power[] = {0x102, 0xf000, 0x5678, 0x1234, 0xf001, 0xf002, 3, 4, 5, 6};
    assert_memory_equal(power, follow(68), sizeof power);
    assert_memory_equal("VESA", follow(72), 4);
    assert_int_equal(0x4118, load16(buffer + 80));
    assert_int_equal(7, load16(buffer + 86));
    assert_int_equal(0xfd000000, load64(buffer + 88));
    assert_int_equal(1024, load32(buffer + 100));
    const uint8_t screen[] = {32, 1, 16, 8, 8, 7, 1, 6};
    assert_memory_equal(screen, buffer + 108, sizeof screen);
}

static void test_text_screen_1(void **state)
{
    (void)state;
    info.text_screen = true;
    build_1();
    assert_int_equal(0x1000, load32(buffer) & 0x1800);
    assert_int_equal(0xb8000, load64(buffer + 88));
    assert_int_equal(80, load32(buffer + 100));
    assert_int_equal(2, buffer[109]);
}

static void test_too_little_room_1(void **state)
{
    (void)state;
    info.modules = modules;
    info.module_count = 2;
    refuse_less_room(multiboot1_build);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(least_information),
        TEST(full_information),
        TEST(text_screen_1),
        TEST(too_little_room_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
