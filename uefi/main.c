/* The UEFI front end: collects the facts, lends its verbs, and ends in boot_main() as the BIOS
 * front end does. */
#include "common/handoff/canary.h"
#include "common/hw/cpu.h"
#include "common/hw/tables.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include "common/version.h"
#include "uefi/clock.h"
#include "uefi/console.h"
#include "uefi/disk.h"
#include "uefi/gop.h"
#include "uefi/http.h"
#include "uefi/ipxe.h"
#include "uefi/memory.h"
#include "uefi/path.h"
#include "uefi/program.h"
#include "uefi/protocol.h"
#include "uefi/pxe.h"
#include "uefi/rename.h"
#include "uefi/tpm.h"
#include "uefi/uefi.h"
#include "uefi/variable.h"
#include "uefi/volume.h"

/* Who made this program, and its generation, which is raised when an older one must no longer boot
 * under Secure Boot (shim's SBAT.md). By it Lintel knows itself, too. */
__attribute__((section(".sbat"), used)) static const char sbat[] =
    "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n"
    "lintel,1,Lintel,lintel," LINTEL_VERSION ",\n";

EFI_HANDLE uefi_image;
EFI_SYSTEM_TABLE *uefi_system;
EFI_BOOT_SERVICES *uefi_boot;

static void __attribute__((noreturn)) give_up(void)
{
    console_flush();
    memory_free_all();
    uefi_boot->Exit(uefi_image, EFI_ABORTED, 0, NULL);
    for (;;)
        __asm__ volatile("hlt");
}

static void __attribute__((noreturn)) reset(EFI_RESET_TYPE type)
{
    console_flush();
    uefi_system->RuntimeServices->ResetSystem(type, EFI_SUCCESS, 0, NULL);
    for (;;)
        __asm__ volatile("hlt");
}

static void __attribute__((noreturn)) restart(void)
{
    reset(EfiResetCold);
}

static enum err power_off(bool now)
{
    if (now)
        reset(EfiResetShutdown);
    return OK;
}

/* The screen and its drivers are gone after ExitBootServices, so what is buffered goes out
 * first. */
static enum err leave(struct raw_map *map)
{
    console_flush();
    log_attach(NULL);
    pxe_quiet();
    enum err err = memory_leave(map);
    if (err != OK) {
        log_attach(console_put);
        clock_without_timers();
    }
    return err;
}

/* find_server() adds the verbs for files by name. */
static struct firmware firmware = {
    .read = disk_read,
    .rename = rename_file,
    .put = console_put,
    .key = console_key,
    .wait = clock_wait,
    .set_video = gop_set_video,
    .set_text = console_text,
    .allocate = memory_allocate,
    .reserve = memory_reserve,
    .release = memory_release,
    .memory_map = memory_map,
    .leave = leave,
    .start = program_start,
    .get_variable = variable_get,
    .set_variable = variable_set,
    .event_log = tpm_event_log,
    .restart = restart,
    .power_off = power_off,
    .give_up = give_up,
};

#define TABLES_MOST 1024

/* A table that firmware published (UEFI 2.10, 4.6); 0 where it did not. */
static uint64_t table_address(EFI_GUID table)
{
    for (UINTN i = 0; i < MIN(uefi_system->NumberOfTableEntries, TABLES_MOST); i++) {
        const EFI_CONFIGURATION_TABLE *entry = &uefi_system->ConfigurationTable[i];
        if (memcmp(&entry->VendorGuid, &table, sizeof table) == 0)
            return (uintptr_t)entry->VendorTable;
    }
    return 0;
}

/* No such variable: the firmware knows no Secure Boot (UEFI 2.10, 3.3). One that can't be read, or
 * is not the byte that it must be, may say that it is on; what firmware does not write stays so. */
static bool secure_boot(void)
{
    static const EFI_GUID global = EFI_GLOBAL_VARIABLE;
    uint8_t value = 1;
    uint64_t bytes = sizeof value;
    enum err err = variable_get((const uint8_t *)&global, "SecureBoot", &value, &bytes);

    if (err == OK && bytes != sizeof value)
        err = fail(ERR_FORMAT, "the firmware's variable SecureBoot has %lu bytes", bytes);
    if (err != OK && err != ERR_NOT_FOUND)
        note("uefi: Secure Boot counts as on: %s\n", err_message());
    return err == OK ? value : err != ERR_NOT_FOUND;
}

static void find_tables(struct facts *facts)
{
    uint64_t old_rsdp = table_address((EFI_GUID)ACPI_TABLE_GUID);

    facts->rsdp = table_address((EFI_GUID)ACPI_20_TABLE_GUID);
    if (old_rsdp && !tables_have_rsdp(facts))
        facts->rsdp = old_rsdp;
    facts->smbios = table_address((EFI_GUID)SMBIOS_TABLE_GUID);
    facts->smbios3 = table_address((EFI_GUID)SMBIOS3_TABLE_GUID);
    facts->efi_system_table = (uintptr_t)uefi_system;
    facts->efi_image_handle = (uintptr_t)uefi_image;
}

/* Revisions have the major number in the upper half (UEFI 2.10, 4.2 and 4.3). */
static void describe_firmware(struct facts *facts)
{
    static char type[32], name[128];
    char vendor[96] = "unknown";
    const uint32_t length_most = (sizeof vendor - 1) / 3;
    const CHAR16 *given = (const CHAR16 *)tables_bytes(
        facts, (uintptr_t)uefi_system->FirmwareVendor, length_most * sizeof *given);
    uint32_t revision = uefi_system->Hdr.Revision, version = uefi_system->FirmwareRevision,
             length = 0;

    while (given && length < length_most && given[length])
        length++;
    if (length)
        utf8_from_utf16(given, length, vendor);
    fmt(type, sizeof type, "UEFI %u.%02u", revision >> 16, revision & 0xffff);
    fmt(name, sizeof name, "%s %u.%02u", vendor, version >> 16, version & 0xffff);
    facts->firmware_type = type;
    facts->firmware_name = name;
}

/* By which way we were loaded over the network, if we were. iPXE comes first, for what it loads
 * from has a URL without firmware's HTTP drivers, and a PXE base code that lacks a function. */
static enum err find_server(EFI_HANDLE device, const struct disk **server)
{
    static const struct {
        enum err (*find)(EFI_HANDLE device, const struct disk **server);
        enum err (*fetch_size)(const char *path, uint64_t *bytes);
        enum err (*fetch)(const char *path, uint64_t bytes, void *to);
    } ways[] = {
        {ipxe_find_server, ipxe_fetch_size, ipxe_fetch},
        {http_find_server, http_fetch_size, http_fetch},
        {pxe_find_server, pxe_fetch_size, pxe_fetch},
    };

    for (uint32_t i = 0; i < ARRAY_LENGTH(ways) && !*server; i++) {
        firmware.fetch_size = ways[i].fetch_size;
        firmware.fetch = ways[i].fetch;
        TRY(ways[i].find(device, server));
    }
    return OK;
}

/* Without a Loaded Image Protocol it is not known where we came from. */
static EFI_LOADED_IMAGE own_image(void)
{
    const EFI_LOADED_IMAGE *image =
        protocol_on(uefi_image, (EFI_GUID)EFI_LOADED_IMAGE_PROTOCOL_GUID);

    if (image)
        say("uefi: image at %lXh\n", (uintptr_t)image->ImageBase);
    return image ? *image : (EFI_LOADED_IMAGE){0};
}

static enum err gather(struct facts *facts)
{
    EFI_LOADED_IMAGE image = own_image();

    facts->firmware = LINTEL_FIRMWARE_UEFI;
    TRY(memory_first_map(&facts->map, &facts->reachable_end));
    cpu_identify(&facts->cpu);
    find_tables(facts);
    facts->tsc_hz = clock_tsc_hz(facts);
    facts->wall_clock = clock_wall_time();
    describe_firmware(facts);
    facts->loader_path = path_of_file(image.FilePath);
    facts->secure_boot = secure_boot();
    TRY(disk_list(&facts->disks, &facts->disk_count));
    facts->origin = volume_origin(image.DeviceHandle, facts->disks, facts->disk_count);
    pxe_keep_ack(image.DeviceHandle, &facts->origin);
    return find_server(image.DeviceHandle, &facts->origin.server);
}

CANARY_NONE EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *system)
{
    static struct facts facts;

    facts.first_tsc = cpu_tsc();
    canary_begin();
    uefi_image = handle;
    uefi_system = system;
    uefi_boot = system->BootServices;
    uefi_boot->SetWatchdogTimer(0, 0, 0, NULL); /* a menu may wait for more than five minutes */
    console_begin();
    log_attach(console_put);

    if (gather(&facts) != OK) {
        say("Lintel cannot boot: %s\n", err_message());
        give_up();
    }
    boot_main(&facts, &firmware);
}
