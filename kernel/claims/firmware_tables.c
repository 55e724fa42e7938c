/* Claims C26 and C27: what firmware left behind. */
#include "kernel/claims/claims.h"
#include "kernel/lib/bytes.h"
#include "kernel/machine/acpi.h"

/* UEFI 2.10, 4.2 and 7.2. */
#define EFI_SYSTEM_TABLE_SIGNATURE UINT64_C(0x5453595320494249) /* "IBI SYST" */
#define EFI_HEADER_BYTES           24
#define EFI_TYPE_OEM               0x70000000 /* and above: free for vendors */

/* Through the direct map; NULL and a violation when some of it isn't mapped. */
static const void *reach(const char *what, uint64_t physical, uint64_t bytes)
{
    if (mapped_with(boot->direct_map + physical, bytes, 0))
        return direct(physical);
    violated("%s at physical %#lx is not mapped", what, physical);
    return NULL;
}

static bool check_rsdp(uint64_t physical)
{
    const struct rsdp *rsdp = reach("RSDP", physical, RSDP_BYTES_1);
    if (!rsdp)
        return false;
    if (memcmp(rsdp->signature, "RSD PTR ", 8) != 0 || sum_of(rsdp, RSDP_BYTES_1) != 0)
        return violated("RSDP at %#lx: bytes sum up to %u, wanted 0 and \"RSD PTR \"", physical,
                        sum_of(rsdp, RSDP_BYTES_1));
    if (rsdp->revision < 2)
        return true;
    return reach("RSDP", physical, sizeof *rsdp) &&
           must(rsdp->length >= sizeof *rsdp && rsdp->length <= PAGE_BYTES &&
                    reach("RSDP", physical, rsdp->length) && sum_of(rsdp, rsdp->length) == 0,
                "RSDP at %#lx: its %u bytes do not sum up to 0", physical, rsdp->length);
}

static bool check_smbios(uint64_t physical, const char *anchor, uint64_t anchor_bytes)
{
    const char *entry = physical ? reach("SMBIOS entry point", physical, 32) : anchor;
    if (!entry)
        return false;
    return must(memcmp(entry, anchor, anchor_bytes) == 0,
                "SMBIOS entry point at %#lx has no anchor %s", physical, anchor);
}

bool firmware_tables_are_valid(void)
{
    if (!boot->rsdp_physical)
        remark("there is no RSDP");
    else if (!check_rsdp(boot->rsdp_physical))
        return false;
    return check_smbios(boot->smbios_physical, "_SM_", 4) &&
           check_smbios(boot->smbios3_physical, "_SM3_", 5);
}

static bool check_descriptor(uint64_t index, const struct efi_descriptor *descriptor)
{
    return must(descriptor->type < EFI_MEMORY_TYPES || descriptor->type >= EFI_TYPE_OEM,
                "EFI descriptor %lu has type %u", index, descriptor->type) &&
           must(descriptor->physical % PAGE_BYTES == 0 && descriptor->pages > 0,
                "EFI descriptor %lu: %lu pages at %#lx", index, descriptor->pages,
                descriptor->physical);
}

static bool check_efi_map(void)
{
    uint64_t each = boot->efi_descriptor_bytes;
    if (each < sizeof(struct efi_descriptor) || boot->efi_descriptor_version != 1)
        return violated("EFI descriptors of %lu bytes, version %u, wanted 40 or more, version 1",
                        each, boot->efi_descriptor_version);
    if (boot->efi_map_bytes == 0 || boot->efi_map_bytes % each)
        return violated("an EFI map of %lu bytes, descriptors have %lu", boot->efi_map_bytes, each);
    for (uint64_t i = 0; i < boot->efi_map_bytes / each; i++)
        if (!check_descriptor(i, efi_descriptor(i)))
            return false;
    return true;
}

bool efi_is_as_firmware_says(void)
{
    uint64_t physical = boot->efi_system_table_physical;
    if (boot->firmware == LINTEL_FIRMWARE_BIOS)
        return must(!physical && !boot->efi_map && !boot->efi_map_bytes,
                    "system table %#lx and EFI map %#lx on BIOS, wanted 0", physical,
                    address_of(boot->efi_map));
    const uint64_t *table = reach("EFI system table", physical, EFI_HEADER_BYTES);
    return table &&
           must(*table == EFI_SYSTEM_TABLE_SIGNATURE,
                "EFI system table at %#lx has signature %#lx, wanted %#lx", physical, *table,
                EFI_SYSTEM_TABLE_SIGNATURE) &&
           check_efi_map();
}
