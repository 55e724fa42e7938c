/* What a Multiboot2 kernel is told: the memory map, and each tag. */
#include "test/unit/multiboot_scene.h"

static uint64_t used; /* of the buffer, by the information */

/* ---- the memory map -------------------------------------------------------------------------- */

static void check_range(uint32_t index, uint64_t base, uint64_t bytes, uint32_t type)
{
    assert_true(index < info.map.count);
    assert_int_equal(base, told[index].base);
    assert_int_equal(bytes, told[index].bytes);
    assert_int_equal(type, told[index].type);
}

static void test_map_of_a_pc(void **state)
{
    (void)state;
    add_pc();
    make_map();
    assert_int_equal(4, info.map.count);
    check_range(0, 0, PAGE_BYTES, 2);
    check_range(1, PAGE_BYTES, 0x9e000, 1);
    check_range(2, 0xf0000, 0x10000, 2);
    check_range(3, MIB, 15 * MIB, 1);
    assert_int_equal(639, info.map.lower_kib);
    assert_int_equal(15 * 1024, info.map.upper_kib);
}

static void test_every_type(void **state)
{
    static const uint8_t types[] = {
        [LINTEL_MEMORY_USABLE] = 1,
        [LINTEL_MEMORY_RECLAIMABLE] = 1,
        [LINTEL_MEMORY_KERNEL] = 2,
        [LINTEL_MEMORY_ACPI_RECLAIMABLE] = 3,
        [LINTEL_MEMORY_ACPI_NVS] = 4,
        [LINTEL_MEMORY_RESERVED] = 2,
        [LINTEL_MEMORY_BAD] = 5,
        [LINTEL_MEMORY_FRAMEBUFFER] = 2,
        [LINTEL_MEMORY_EFI_RUNTIME_CODE] = 2,
        [LINTEL_MEMORY_EFI_RUNTIME_DATA] = 2,
        [LINTEL_MEMORY_PERSISTENT] = 2,
        [LINTEL_MEMORY_MMIO] = 2,
    };
    (void)state;
    for (uint32_t type = 1; type < LINTEL_MEMORY_TYPES; type++)
        fake_map_add(2 * type * MIB, MIB, (enum lintel_memory_type)type);
    make_map();
    for (uint32_t type = 1; type < LINTEL_MEMORY_TYPES; type++)
        check_range(type, 2 * type * MIB, MIB, types[type]);
}

static void test_neighbours_become_one(void **state)
{
    (void)state;
    fake_map_add(MIB, MIB, LINTEL_MEMORY_USABLE);
    fake_map_add(2 * MIB, MIB, LINTEL_MEMORY_RECLAIMABLE);
    fake_map_add(3 * MIB, MIB, LINTEL_MEMORY_MMIO);
    fake_map_add(4 * MIB, MIB, LINTEL_MEMORY_EFI_RUNTIME_CODE);
    make_map();
    assert_int_equal(3, info.map.count); /* page 0 is always reserved */
    check_range(1, MIB, 2 * MIB, 1);
    check_range(2, 3 * MIB, 2 * MIB, 2);
    assert_int_equal(0, info.map.lower_kib);
    assert_int_equal(2048, info.map.upper_kib);
}

static void test_more_than_the_fields_hold(void **state)
{
    (void)state;
    fake_map_add(0, UINT64_C(1) << 47, LINTEL_MEMORY_USABLE);
    make_map();
    assert_int_equal(640, info.map.lower_kib);
    assert_int_equal(UINT32_MAX, info.map.upper_kib);
}

/* ---- tags ------------------------------------------------------------------------------------ */

static void build_2(void)
{
    build_all(multiboot2_build);
    used = load32(buffer);
    assert_int_equal(0, load32(buffer + 4));
    assert_int_equal(used, count_bytes(multiboot2_build));
}

/* The n-th tag of a type, from 0; its size is checked. NULL: there is none. */
static const uint8_t *find_tag(uint32_t type, uint32_t number, uint32_t bytes)
{
    for (uint64_t at = 8; at + 8 <= used; at += align_up(load32(buffer + at + 4), 8)) {
        if (load32(buffer + at) != type || number--)
            continue;
        assert_int_equal(bytes, load32(buffer + at + 4));
        return buffer + at + 8;
    }
    return NULL;
}

#define assert_none(type) assert_null(find_tag((type), 0, 0))

static void test_least_tags(void **state)
{
    (void)state;
    disk.medium = LINTEL_MEDIUM_NETWORK;
    build_2();
    assert_string_equal("a b", find_tag(1, 0, 12));
    assert_string_equal(MULTIBOOT_LOADER_NAME, find_tag(2, 0, 8 + sizeof MULTIBOOT_LOADER_NAME));
    assert_non_null(find_tag(4, 0, 16));
    assert_non_null(find_tag(6, 0, 16));
    static const uint8_t absent[] = {3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21};
    for (size_t i = 0; i < sizeof absent; i++)
        assert_none(absent[i]);
    assert_int_equal(0, load32(buffer + used - 8)); /* the end tag */
    assert_int_equal(8, load32(buffer + used - 4));
}

static void test_modules_and_map(void **state)
{
    (void)state;
    add_pc();
    make_map();
    info.modules = modules;
    info.module_count = 2;
    build_2();
    const uint8_t *module = find_tag(3, 0, 16 + sizeof "first words");
    assert_int_equal(0x100000, load32(module));
    assert_int_equal(0x100005, load32(module + 4));
    assert_string_equal("first words", module + 8);
    assert_int_equal(0x200000, load32(find_tag(3, 1, 17)));
    assert_int_equal(639, load32(find_tag(4, 0, 16)));
    assert_int_equal(15 * 1024, load32(find_tag(4, 0, 16) + 4));
    const uint8_t *map = find_tag(6, 0, 16 + 4 * 24);
    assert_int_equal(24, load32(map));
    assert_int_equal(0, load32(map + 4));
    assert_int_equal(MIB, load64(map + 8 + 3 * 24));
    assert_int_equal(15 * MIB, load64(map + 16 + 3 * 24));
    assert_int_equal(1, load64(map + 24 + 3 * 24));
}

static void test_boot_device(void **state)
{
    (void)state;
    build_2();
    assert_int_equal(0x81, load32(find_tag(5, 0, 20)));
    assert_int_equal(2, load32(find_tag(5, 0, 20) + 4));
    assert_int_equal(UINT32_MAX, load32(find_tag(5, 0, 20) + 8));
    volume.number = 0;
    build_2();
    assert_int_equal(UINT32_MAX, load32(find_tag(5, 0, 20) + 4));
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    build_2();
    assert_none(5);
}

static void test_screens(void **state)
{
    (void)state;
    info.text_screen = true;
    build_2();
    const uint8_t *text = find_tag(8, 0, 32);
    assert_int_equal(0xb8000, load64(text));
    assert_int_equal(2, text[21]);
    info.text_screen = false;
    info.video = &video;
    memcpy(vbe.control, "VESA", 4);
    vbe.mode_info[255] = 0x77;
    build_2();
    const uint8_t colours[] = {16, 8, 8, 7, 1, 6}, *fb = find_tag(8, 0, 38);
    assert_int_equal(0xfd000000, load64(fb));
    assert_int_equal(4096, load32(fb + 8));
    assert_int_equal(1024, load32(fb + 12));
    assert_int_equal(768, load32(fb + 16));
    assert_int_equal(32, fb[20]);
    assert_int_equal(1, fb[21]);
    assert_memory_equal(colours, fb + 24, sizeof colours);
    const uint8_t *mode = find_tag(7, 0, 784);
    assert_int_equal(0x4118, load16(mode));
    assert_int_equal(0xc000, load16(mode + 2));
    assert_int_equal(7, load16(mode + 6));
    assert_memory_equal("VESA", mode + 8, 4);
    assert_int_equal(0x77, mode[775]);
}

static void test_sections_and_apm(void **state)
{
    (void)state;
    info.symbols = (struct multiboot_symbols){headers, 2, 40, 1};
    info.apm = &apm;
    build_2();
    const uint8_t *sections = find_tag(9, 0, 100), *power = find_tag(10, 0, 28);
    assert_int_equal(2, load32(sections));
    assert_int_equal(40, load32(sections + 4));
    assert_int_equal(1, load32(sections + 8));
    assert_memory_equal(headers, sections + 12, sizeof headers);
    const uint16_t fields[] = {0x102, 0xf000, 0x5678, 0x1234, 0xf001, 0xf002, 3, 4, 5, 6};
    assert_memory_equal(fields, power, sizeof fields);
}

static void test_firmware_tables(void **state)
{
    static uint8_t rsdp[256] = {[16] = 1}, smbios[31] = {[5] = 31, 2, 8},
                   smbios3[24] = {[6] = 24, 3, 1};
    static const uint8_t ack[300] = {2, [299] = 9};

    (void)state;
    facts->rsdp = (uintptr_t)rsdp;
    facts->smbios = (uintptr_t)smbios;
    facts->smbios3 = (uintptr_t)smbios3;
    facts->origin.dhcp_ack = ack;
    facts->origin.dhcp_ack_bytes = sizeof ack;
    build_2();
    assert_memory_equal(rsdp, find_tag(14, 0, 28), 20);
    assert_none(15);
    assert_memory_equal(((uint8_t[]){2, 8}), find_tag(13, 0, 16 + 31), 2);
    assert_memory_equal(smbios, find_tag(13, 0, 16 + 31) + 8, 31);
    assert_memory_equal(((uint8_t[]){3, 1}), find_tag(13, 1, 16 + 24), 2);
    assert_memory_equal(ack, find_tag(16, 0, 308), sizeof ack);
    rsdp[15] = 2;
    rsdp[20] = 36;
    build_2();
    assert_memory_equal(rsdp, find_tag(14, 0, 28), 20);
    assert_memory_equal(rsdp, find_tag(15, 0, 44), 36);
    memset(rsdp + 20, 0xff, 4); /* a length that lies */
    build_2();
    assert_non_null(find_tag(15, 0, 8 + 256));
    memset(rsdp + 16, 0, 4); /* nothing for who knows only ACPI 1.0 */
    build_2();
    assert_none(14);
}

static void test_efi(void **state)
{
    static const uint8_t descriptors[96] = {7};
    (void)state;
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    facts->efi_system_table = 0x123456789a;
    facts->efi_image_handle = 0xabcdef0123;
    info.raw.efi = descriptors;
    info.raw.efi_bytes = info.raw.efi_capacity_bytes = sizeof descriptors;
    info.raw.efi_descriptor_bytes = 48;
    info.raw.efi_descriptor_version = 1;
    build_2();
    assert_int_equal(0x123456789a, load64(find_tag(12, 0, 16)));
    assert_int_equal(0xabcdef0123, load64(find_tag(20, 0, 16)));
    assert_none(18);
    const uint8_t *map = find_tag(17, 0, 16 + 96);
    assert_int_equal(48, load32(map));
    assert_int_equal(1, load32(map + 4));
    assert_memory_equal(descriptors, map + 8, sizeof descriptors);

    info.efi_services = info.relocated = true;
    info.load_base = 0x400000;
    build_2();
    assert_non_null(find_tag(18, 0, 8));
    assert_none(4);
    assert_none(6);
    assert_none(17);
    assert_int_equal(0x400000, load32(find_tag(21, 0, 12)));
}

static void test_too_little_room(void **state)
{
    (void)state;
    info.modules = modules;
    info.module_count = 2;
    refuse_less_room(multiboot2_build);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(map_of_a_pc),
        TEST(every_type),
        TEST(neighbours_become_one),
        TEST(more_than_the_fields_hold),
        TEST(least_tags),
        TEST(modules_and_map),
        TEST(boot_device),
        TEST(screens),
        TEST(sections_and_apm),
        TEST(firmware_tables),
        TEST(efi),
        TEST(too_little_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
