/* Claims C23, C29, C30, C32, C33: the boot information's plain facts. */
#include "kernel/claims/claims.h"
#include "kernel/lib/bytes.h"

#define YEAR_2021 INT64_C(1609459200) /* seconds since 1970-01-01 UTC: the first after 2020 */

static bool check_pointer(const char *what, const void *at, uint64_t bytes)
{
    uint64_t start = address_of(at);
    return must(bytes != STRING_BYTES_MAX || at == boot->efi_map, "%s at %#lx has no end", what,
                start) &&
           must(bytes == 0 || (start >= boot->direct_map && start < direct_map_end()),
                "%s is at %#lx, wanted it in the direct map", what, start);
}

bool information_is_complete(void)
{
    return must(boot->abi_version == LINTEL_ABI_VERSION, "abi_version is %u, wanted %u",
                boot->abi_version, LINTEL_ABI_VERSION) &&
           must(boot->bytes >= sizeof *boot, "bytes is %u, wanted at least %u", boot->bytes,
                (uint32_t)sizeof *boot) &&
           must(boot->firmware == LINTEL_FIRMWARE_BIOS || boot->firmware == LINTEL_FIRMWARE_UEFI,
                "firmware is %u, wanted 1 or 2", boot->firmware) &&
           handed_over_each(check_pointer) &&
           must(boot->loader[0] && boot->entry[0], "the loader's name or the entry's id is empty");
}

static bool is_blank(const uint8_t *bytes, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (bytes[i] != bytes[0])
            return false;
    return true;
}

/* ---- C29 ------------------------------------------------------------------------------------- */

static bool check_place_on_disk(const struct lintel_boot_volume *volume)
{
    uint64_t first = volume->partition_first_lba, count = volume->partition_sectors;
    return must(!volume->partition_number || (first && count),
                "partition %u has %lu sectors from %lu on", volume->partition_number, count,
                first) &&
           must(!volume->disk_sectors ||
                    (first < volume->disk_sectors && count <= volume->disk_sectors - first),
                "%lu sectors from %lu on leave a disk of %lu", count, first, volume->disk_sectors);
}

static bool check_identity(const struct lintel_boot_volume *volume)
{
    bool on_bios = boot->firmware == LINTEL_FIRMWARE_BIOS;
    return must(on_bios ? volume->bios_drive <= 0xff : volume->bios_drive == UINT32_MAX,
                "bios_drive is %#x on %s", volume->bios_drive, on_bios ? "BIOS" : "UEFI") &&
           must(volume->partitioning != LINTEL_PARTITIONING_GPT ||
                    (!is_blank(volume->disk_guid, 16) && !is_blank(volume->partition_guid, 16)),
                "a GPT's GUIDs are blank");
}

/* What a server is not: all is 0 but the medium. */
static bool is_no_disk(const struct lintel_boot_volume *volume)
{
    const struct lintel_boot_volume wanted = {.medium = LINTEL_MEDIUM_NETWORK,
                                              .bios_drive = UINT32_MAX};
    return must(memcmp(volume, &wanted, sizeof wanted) == 0,
                "booted by network, but the boot volume has more than its medium");
}

static bool check_disks(const struct lintel_boot_volume *volume)
{
    uint64_t found = 0;
    for (uint64_t i = 0; i < boot->disk_count; i++) {
        const struct lintel_disk *disk = &boot->disks[i];
        if (!(disk->flags & LINTEL_DISK_BOOT))
            continue;
        found++;
        if (disk->sectors != volume->disk_sectors || disk->sector_bytes != volume->sector_bytes ||
            disk->bios_drive != volume->bios_drive)
            return violated("%s is not the boot volume's disk", disk->name);
    }
    return must(found == 1, "%lu of %lu disks hold the boot volume, wanted 1", found,
                boot->disk_count);
}

bool boot_volume_is_named(void)
{
    const struct lintel_boot_volume *volume = &boot->volume;
    uint32_t bytes = volume->sector_bytes;
    if (volume->medium == LINTEL_MEDIUM_NETWORK)
        return is_no_disk(volume);
    return must(volume->medium < LINTEL_MEDIUM_NETWORK, "medium is %u, wanted 0 to %u",
                volume->medium, LINTEL_MEDIUM_NETWORK) &&
           must(bytes >= 512 && bytes <= 4096 && !(bytes & (bytes - 1)),
                "sector_bytes is %u, wanted 512, 1024, 2048 or 4096", bytes) &&
           must(volume->partitioning <= LINTEL_PARTITIONING_GPT,
                "partitioning is %u, wanted 0 to %u", volume->partitioning,
                LINTEL_PARTITIONING_GPT) &&
           check_place_on_disk(volume) && check_identity(volume) && check_disks(volume);
}

/* ---- C30, C32, C33 --------------------------------------------------------------------------- */

bool log_is_text(void)
{
    if (boot->log_bytes == 0)
        return violated("the log is empty");
    for (uint64_t i = 0; i < boot->log_bytes; i++) {
        uint8_t c = (uint8_t)boot->log[i];
        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
            return violated("byte %lu of the log is %#x", i, c);
    }
    return must(boot->log[boot->log_bytes] == 0, "the log does not end in 0");
}

bool entropy_is_not_blank(void)
{
    bool has_generator = cpu_has(LINTEL_CPU_RDRAND | LINTEL_CPU_RDSEED);
    return must(!is_blank(boot->entropy, sizeof boot->entropy), "all bytes are %#x",
                boot->entropy[0]) &&
           must(boot->entropy_strong <= 1 && (boot->entropy_strong || !has_generator),
                "entropy_strong is %lu, wanted %u", boot->entropy_strong, has_generator);
}

bool boot_time_is_plausible(void)
{
    if (boot->boot_time == 0)
        return remark("the clock is unknown");
    return must(boot->boot_time >= YEAR_2021, "boot_time is %ld, wanted at least %ld",
                boot->boot_time, YEAR_2021);
}
