/* One look at each answer. */
#include "test/kernels/limine/machine.h"

#define FIRMWARE_EFI_64 2

static bool is_efi(void)
{
    return firmware_type.response->values[0] == FIRMWARE_EFI_64;
}

static const char *text(uint64_t address)
{
    check_response((void *)address, "a text");
    return (const char *)address;
}

static void check_times(void)
{
    const uint64_t *times = performance.response->values;
    CHECK(date.response->values[0] > 1577836800); /* 2020 */
    CHECK(times[0] <= times[1] && times[1] <= times[2]);
    CHECK(tsc_frequency.response->values[0] > 0); /* how good it is depends on who else is busy */
}

static void check_entropy(void)
{
    const uint64_t *values = (void *)entropy.response->values[1];
    CHECK_EQUAL(entropy.response->values[0], ENTROPY_COUNT);
    check_response(values, "the random values");
    for (int i = 0; i < ENTROPY_COUNT; i++)
        for (int k = 0; k < i; k++)
            CHECK(values[i] != values[k]);
}

static void check_base_revision(void)
{
    CHECK_EQUAL(base_revision[1], REVISION);
    CHECK_EQUAL(base_revision[2], 0);
}

static void check_responses(void)
{
    static const volatile struct plain_request *const all[] = {
        &bootloader_info, &command_line, &firmware_type,      &direct_map,  &rsdp,
        &smbios,          &date,         &executable_address, &performance, &tsc_frequency};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        check_response(all[i]->response, "a response");
    check_response(stack_size.response, "the stack size's response");
    check_response(entry_point.response, "the entry point's response");
    check_response(paging_mode.response, "the paging mode's response");
#if REVISION == 6
    check_response(keep_iommu.response, "keep IOMMU's response");
#endif
    CHECK(device_tree.response == UNTOUCHED);
    CHECK(terminal.response == UNTOUCHED);
}

static uint32_t load32(const char *bytes)
{
    return *(const uint32_t *)bytes;
}

/* By TCG's number: SHA-1, SHA-256, SHA-384, SHA-512, SM3. */
static uint32_t digest_bytes(uint16_t algorithm)
{
    return algorithm == 4 ? 20 : algorithm == 0xc ? 48 : algorithm == 0xd ? 64 : 32;
}

static uint64_t event_bytes(const char *event)
{
    uint64_t at = 12;
    for (uint32_t count = load32(event + 8); count; count--)
        at += 2 + digest_bytes(*(const uint16_t *)(event + at));
    return at + 4 + load32(event + at);
}

/* The log of a TPM begins with an event that says its version, in the old format, and is whole
 * events to its end. */
static void check_event_log(void)
{
    if (!event_log.response)
        return;
    const uint64_t *values = event_log.response->values;
    const char *log = text(values[2]);
    uint64_t at = 32 + load32(log + 28), count = 0;
    check_response(event_log.response, "the TPM event log's response");
    CHECK_EQUAL(values[0], 2);
    CHECK(begins_with(log + 32, "Spec ID Event03"));
    for (; at < values[1]; count++)
        at += event_bytes(log + at);
    CHECK_EQUAL(at, values[1]);
    put("limine: events of the TPM: ");
    put_hex(count);
    put("\r\n");
}

void check_answers(void)
{
    check_base_revision();
    check_responses();
    CHECK(same_text(text(bootloader_info.response->values[0]), "Lintel"));
    CHECK(text(bootloader_info.response->values[1])[0]);
    CHECK(begins_with(text(command_line.response->values[0]), "words for limine"));
    CHECK(firmware_type.response->values[0] == (is_efi() ? FIRMWARE_EFI_64 : 0));
    CHECK_EQUAL(!!efi_system_table.response, is_efi());
    CHECK_EQUAL(!!efi_memory_map.response, is_efi());
    check_times();
    check_entropy();
    check_event_log();
}

/* ---- firmware tables ------------------------------------------------------------------------- */

/* The table, if it may be read here: with base revision 3 it is not mapped. */
static const char *table(uint64_t address, bool is_physical)
{
    uint64_t physical = is_physical ? address : address - offset();
    bool mapped = page_at(offset() + physical).present;
    check_value(is_physical == (address < offset()), "a table's address", address);
    CHECK(mapped || is_physical);
    return mapped ? virtual_of(physical) : 0;
}

static void check_acpi_table(uint64_t physical)
{
    uint64_t type = type_at(physical);
    check_value(type == ACPI_RECLAIMABLE || type == ACPI_NVS || type == RESERVED_MAPPED,
                "an ACPI table's memory", physical);
    check_value(page_at(offset() + physical).present, "an ACPI table is mapped", physical);
}

static void check_acpi(void)
{
    const char *pointer = table(rsdp.response->values[0], REVISION == 3);
    if (!pointer)
        return;
    CHECK(begins_with(pointer, "RSD PTR "));
    if (REVISION < 4)
        return;
    check_acpi_table((uintptr_t)pointer - offset());
    const char *root = virtual_of(load32(pointer + 16));
    check_acpi_table((uintptr_t)root - offset());
    CHECK(begins_with(root, "RSDT"));
    for (uint32_t at = 36; at + 4 <= load32(root + 4); at += 4) {
        const char *listed = virtual_of(load32(root + at));
        check_acpi_table((uintptr_t)listed - offset());
        if (begins_with(listed, "FACP")) {
            check_acpi_table(load32(listed + 36));
            check_acpi_table(load32(listed + 40));
        }
    }
}

static void check_reserved_mapped(uint64_t physical)
{
    if (REVISION >= 5)
        check_value(type_at(physical) == RESERVED_MAPPED, "memory of firmware tables", physical);
}

static void check_smbios(void)
{
    bool is_physical = REVISION == 3 || REVISION == 4;
    for (int i = 0; i < 2; i++) {
        uint64_t address = smbios.response->values[i];
        const char *found = address ? table(address, is_physical) : 0;
        if (!found)
            continue;
        CHECK(begins_with(found, i ? "_SM3_" : "_SM_"));
        check_reserved_mapped((uintptr_t)found - offset());
        check_reserved_mapped(i ? load32(found + 16) : load32(found + 24));
    }
}

/* As UEFI's types translate; what ACPI tables and the like lie in may be more. */
static void check_efi_type(uint32_t type, uint64_t physical)
{
    uint64_t is = type_at(physical);
    if ((is == RESERVED_MAPPED && REVISION >= 4) || !physical) /* page 0 is nobody's */
        return;
    if (type >= 1 && type <= 4)
        check_value(is == LOADER_RECLAIMABLE || is == EXECUTABLE_AND_MODULES, "a loader's memory",
                    physical);
    if (type == 5 || type == 6)
        check_value(is == (REVISION >= 5 ? RESERVED_MAPPED : RESERVED), "runtime services' memory",
                    physical);
    if (type == 7)
        check_value(is == USABLE, "conventional memory", physical);
    if (type == 9 || type == 10)
        check_value(is == (type == 9 ? ACPI_RECLAIMABLE : ACPI_NVS), "ACPI memory", physical);
}

static void check_efi(void)
{
    const uint64_t *map = efi_memory_map.response->values;
    for (uint64_t at = 0; at < map[1]; at += map[2])
        check_efi_type(*(const uint32_t *)(map[0] + at), *(const uint64_t *)(map[0] + at + 8));
    check_response((void *)map[0], "the EFI memory map");
    CHECK(map[1] && map[2] >= 40 && map[1] % map[2] == 0);
    CHECK_EQUAL(map[3], 1);
    const char *found = table(efi_system_table.response->values[0], REVISION == 3 || REVISION == 4);
    if (!found)
        return;
    CHECK(begins_with(found, "IBI SYST"));
    check_reserved_mapped((uintptr_t)found - offset());
    check_reserved_mapped(*(const uint64_t *)(found + 24));
    check_reserved_mapped(*(const uint64_t *)(found + 88));
    check_reserved_mapped(*(const uint64_t *)(found + 112));
}

void check_tables(void)
{
    check_acpi();
    check_smbios();
    if (is_efi())
        check_efi();
}

/* ---- the screen ------------------------------------------------------------------------------ */

static bool has_mode(const struct framebuffer *fb)
{
    for (uint64_t i = 0; i < fb->mode_count; i++) {
        const struct mode *mode = fb->modes[i];
        check_response(mode, "a video mode");
        if (mode->width == fb->width && mode->height == fb->height && mode->pitch == fb->pitch &&
            mode->bits_per_pixel == fb->bits_per_pixel)
            return true;
    }
    return false;
}

void check_screen(void)
{
    const struct framebuffers *all = framebuffer_request.response;
    check_response(all, "the framebuffers");
    CHECK_EQUAL(all->revision, 1);
    CHECK_EQUAL(all->count, 1);
    const struct framebuffer *fb = all->list[0];
    CHECK_EQUAL(type_at((uintptr_t)fb->pixels - offset()), FRAMEBUFFER);
    CHECK(fb->width >= 640 && fb->height >= 400 && fb->pitch >= fb->width * 4);
    CHECK_EQUAL(fb->bits_per_pixel, 32);
    CHECK_EQUAL(fb->model, 1);
    CHECK(fb->red_bits == 8 && fb->green_bits == 8 && fb->blue_bits == 8);
    CHECK(!fb->edid_bytes || *(const uint64_t *)fb->edid == 0x00ffffffffffff00);
    CHECK(has_mode(fb));
    for (uint64_t i = 0; i < 100; i++)
        fb->pixels[i * (fb->pitch / 4) + i] = 0xffffff;
    CHECK_EQUAL(fb->pixels[99 * (fb->pitch / 4) + 99] & 0xffffff, 0xffffff);
}
