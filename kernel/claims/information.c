/* Claims C23, C29, C30, C32, C33: the boot information's plain facts. */
#include "kernel/claims/claims.h"
#include "kernel/lib/bytes.h"

#define YEAR_2021 INT64_C(1609459200) /* seconds since 1970-01-01 UTC: the first after 2020 */

static bool check_pointer(const char *what, const void *at, uint64_t bytes)
{
    uint64_t start = address_of(at);
    if (bytes == STRING_BYTES_MAX && at != boot->efi_map)
        return violated("%s at %#lx has no end", what, start);
    if (bytes && (start < boot->direct_map || start >= direct_map_end()))
        return violated("%s is at %#lx, wanted it in the direct map", what, start);
    return true;
}

bool information_is_complete(void)
{
    if (boot->abi_version != LINTEL_ABI_VERSION)
        return violated("abi_version is %u, wanted %u", boot->abi_version, LINTEL_ABI_VERSION);
    if (boot->bytes < sizeof *boot)
        return violated("bytes is %u, wanted at least %u", boot->bytes, (uint32_t)sizeof *boot);
    if (boot->firmware != LINTEL_FIRMWARE_BIOS && boot->firmware != LINTEL_FIRMWARE_UEFI)
        return violated("firmware is %u, wanted 1 or 2", boot->firmware);
    if (!handed_over_each(check_pointer))
        return false;
    if (boot->loader[0] == 0 || boot->entry[0] == 0)
        return violated("the loader's name or the entry's id is empty");
    return true;
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
    if (volume->partition_number && (first == 0 || count == 0))
        return violated("partition %u has %lu sectors from %lu on", volume->partition_number, count,
                        first);
    if (volume->disk_sectors &&
        (first >= volume->disk_sectors || count > volume->disk_sectors - first))
        return violated("%lu sectors from %lu on leave a disk of %lu", count, first,
                        volume->disk_sectors);
    return true;
}

static bool check_identity(const struct lintel_boot_volume *volume)
{
    bool on_bios = boot->firmware == LINTEL_FIRMWARE_BIOS;
    if (on_bios ? volume->bios_drive > 0xff : volume->bios_drive != UINT32_MAX)
        return violated("bios_drive is %#x on %s", volume->bios_drive, on_bios ? "BIOS" : "UEFI");
    if (volume->partitioning == LINTEL_PARTITIONING_GPT &&
        (is_blank(volume->disk_guid, 16) || is_blank(volume->partition_guid, 16)))
        return violated("a GPT's GUIDs are blank");
    return true;
}

/* What a server is not: all is 0 but the medium. */
static bool is_no_disk(const struct lintel_boot_volume *volume)
{
    const struct lintel_boot_volume wanted = {.medium = LINTEL_MEDIUM_NETWORK,
                                              .bios_drive = UINT32_MAX};
    if (memcmp(volume, &wanted, sizeof wanted) != 0)
        return violated("booted by network, but the boot volume has more than its medium");
    return true;
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
    if (found != 1)
        return violated("%lu of %lu disks hold the boot volume, wanted 1", found, boot->disk_count);
    return true;
}

bool boot_volume_is_named(void)
{
    const struct lintel_boot_volume *volume = &boot->volume;
    if (volume->medium > LINTEL_MEDIUM_NETWORK)
        return violated("medium is %u, wanted 0 to %u", volume->medium, LINTEL_MEDIUM_NETWORK);
    if (volume->medium == LINTEL_MEDIUM_NETWORK)
        return is_no_disk(volume);
    uint32_t bytes = volume->sector_bytes;
    if (bytes < 512 || bytes > 4096 || bytes & (bytes - 1))
        return violated("sector_bytes is %u, wanted 512, 1024, 2048 or 4096", bytes);
    if (volume->partitioning > LINTEL_PARTITIONING_GPT)
        return violated("partitioning is %u, wanted 0 to %u", volume->partitioning,
                        LINTEL_PARTITIONING_GPT);
    return check_place_on_disk(volume) && check_identity(volume) && check_disks(volume);
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
    if (boot->log[boot->log_bytes])
        return violated("the log does not end in 0");
    return true;
}

bool entropy_is_not_blank(void)
{
    bool has_generator = cpu_has(LINTEL_CPU_RDRAND | LINTEL_CPU_RDSEED);
    if (is_blank(boot->entropy, sizeof boot->entropy))
        return violated("all bytes are %#x", boot->entropy[0]);
    if (boot->entropy_strong > 1 || (has_generator && !boot->entropy_strong))
        return violated("entropy_strong is %lu, wanted %u", boot->entropy_strong, has_generator);
    return true;
}

bool boot_time_is_plausible(void)
{
    if (boot->boot_time == 0)
        remark("the clock is unknown");
    else if (boot->boot_time < YEAR_2021)
        return violated("boot_time is %ld, wanted at least %ld", boot->boot_time, YEAR_2021);
    return true;
}
