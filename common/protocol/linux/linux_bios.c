/* What the kernel's real-mode part asks a BIOS for (Linux, arch/x86/boot/{apm,edd}.c): a kernel
 * that is entered behind that part has only the boot parameters to learn it from. */
#include "common/lib/mem.h"
#include "common/protocol/linux/linux.h"
#include "common/storage/disk/disk.h"

/* Offsets in the boot parameters. */
#define APM_INFO        0x040u
#define EDD_ENTRIES     0x1e9u
#define EDD_SIGNATURES  0x1eau /* how many; and where: */
#define KEYBOARD_STATUS 0x1ebu
#define EDD_MBR         0x290u
#define EDD_TABLE       0xd00u
#define EDD_ENTRIES_MAX 6u

#define FIRST_DISK 0x80u

_Static_assert(sizeof(struct apm) == 20, "apm_bios_info");
_Static_assert(sizeof(struct edd) == 82, "edd_info");

/* ---- asking ---------------------------------------------------------------------------------- */

#define SIGNATURE_AT 440 /* in a Master Boot Record */

static bool read_signature(const struct firmware *firmware, const struct disk *disk,
                           uint32_t *signature)
{
    const struct volume whole = {.firmware = firmware, .disk = disk, .sectors = disk->sectors};
    uint8_t end[512 - SIGNATURE_AT];

    if (volume_read(&whole, SIGNATURE_AT, sizeof end, end) != OK)
        return false;
    *signature = load32(end);
    return load16(end + sizeof end - 2) == 0xaa55;
}

static void read_signatures(const struct attempt *attempt, struct linux_bios *bios)
{
    const struct facts *facts = attempt_facts(attempt);

    for (uint32_t i = 0; i < facts->disk_count; i++) {
        const struct disk *disk = &facts->disks[i];
        uint32_t number = disk->edd.drive - FIRST_DISK;
        if (number < ARRAY_LENGTH(bios->signatures) &&
            read_signature(attempt->machine->firmware, disk, &bios->signatures[number]))
            bios->signature_count = number + 1;
    }
}

/* UEFI has neither drive numbers nor APM, for which only 32-bit kernels have a driver. `edd=` is
 * for the real-mode part, too. */
void linux_ask_bios(const struct attempt *attempt, struct linux_boot *boot)
{
    const struct firmware *firmware = attempt->machine->firmware;
    const char *options = boot->options;
    struct linux_bios *bios = &boot->bios;

    bios->wants_edd = !linux_option_is(options, "edd=", "off");
    if (bios->wants_edd && !linux_option_is(options, "edd=", "skip") &&
        !linux_option_is(options, "edd=", "skipmbr"))
        read_signatures(attempt, bios);
    if (boot->image.entry == LINUX_ENTRY_32 && firmware->connect_apm &&
        firmware->connect_apm(&bios->apm) != OK)
        bios->apm = (struct apm){0};
}

/* ---- telling --------------------------------------------------------------------------------- */

static void fill_disks(const struct facts *facts, const struct linux_bios *bios, uint8_t *page)
{
    for (uint32_t i = 0; i < facts->disk_count && page[EDD_ENTRIES] < EDD_ENTRIES_MAX; i++) {
        const struct edd *edd = &facts->disks[i].edd;
        if (edd->version && edd->drive - FIRST_DISK < ARRAY_LENGTH(bios->signatures))
            memcpy(page + EDD_TABLE + page[EDD_ENTRIES]++ * sizeof *edd, edd, sizeof *edd);
    }
    page[EDD_SIGNATURES] = (uint8_t)bios->signature_count;
    memcpy(page + EDD_MBR, bios->signatures, sizeof bios->signatures);
}

void linux_bios_fill(const struct facts *facts, const struct linux_bios *bios, uint8_t *page)
{
    memcpy(page + APM_INFO, &bios->apm, sizeof bios->apm);
    page[KEYBOARD_STATUS] = facts->keyboard_flags;
    if (bios->wants_edd)
        fill_disks(facts, bios, page);
}
