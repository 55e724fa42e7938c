#include "test/kernels/common/arrival.h"
#include "test/kernels/multiboot2/information.h"

void take_smbios(const struct tag *tag)
{
    const uint8_t *fixed = (const uint8_t *)tag->words, *entry = fixed + 8;
    bool new = same(entry, "_SM3_", 5);
    print("smbios: %u.%u\n", fixed[0], fixed[1]);
    check(new || same(entry, "_SM_", 4), "SMBIOS: an anchor");
    check(tag->size == 16u + entry[new ? 6 : 5] && sums_to_zero(entry, tag->size - 16),
          "SMBIOS: length and checksum");
    check(same(fixed, entry + (new ? 7 : 6), 2), "SMBIOS: the version is the entry point's");
}

void take_rsdp(const struct tag *tag)
{
    const uint8_t *rsdp = (const uint8_t *)tag->words;
    print("rsdp %u: rsdt=%x\n", tag->type, tag->words[4]);
    check(same(rsdp, "RSD PTR ", 8) && sums_to_zero(rsdp, 20), "RSDP: signature and checksum");
    check(tag->type == RSDP_1 ? tag->size == 28
                              : rsdp[15] >= 2 && tag->size == 44 && sums_to_zero(rsdp, 36),
          "RSDP: as long as its tag says");
    check(same(at(tag->words[4]), "RSDT", 4), "RSDP: leads to the RSDT");
}

/* ---- EFI (UEFI 2.10, chapters 4 and 7) ------------------------------------------------------- */

#define CONVENTIONAL 7

struct descriptor {
    uint32_t type, padding;
    uint64_t physical, virtual, pages, attribute;
};

void take_efi_map(const struct tag *tag)
{
    uint32_t each = tag->words[0], count = 0, conventional = 0;
    for (uint32_t at_byte = 16; at_byte + each <= tag->size; at_byte += each, count++) {
        const struct descriptor *descriptor =
            (const struct descriptor *)((const uint8_t *)tag + at_byte);
        conventional += descriptor->type == CONVENTIONAL;
        check(descriptor->physical % 4096 == 0 && descriptor->pages, "EFI map: whole pages");
    }
    print("efi map: %u of %u bytes, version %u\n", count, each, tag->words[1]);
    check(each >= sizeof(struct descriptor) && (tag->size - 16) % each == 0 && conventional,
          "EFI map: whole descriptors, free memory among them");
}

static uint64_t system_table, image;

static uint64_t load64(const uint32_t *words)
{
    return words[0] | (uint64_t)words[1] << 32;
}

void take_system_table(const struct tag *tag)
{
    system_table = load64(tag->words);
    print("efi system table: %X\n", system_table);
    check(same(at(system_table), "IBI SYST", 8), "EFI: the system table's signature");
}

void take_image(const struct tag *tag)
{
    image = load64(tag->words);
    print("efi image: %X\n", image);
    check(image != 0, "EFI: an image handle");
}

#ifdef __x86_64__

#define EFIAPI __attribute__((ms_abi))

/* Offsets of what is needed of the two tables. */
#define BOOT_SERVICES      96
#define GET_MEMORY_MAP     56
#define HANDLE_PROTOCOL    152
#define EXIT_BOOT_SERVICES 232

typedef uint64_t EFIAPI (*get_map)(uint64_t *bytes, void *map, uint64_t *key, uint64_t *each,
                                   uint32_t *version);
typedef uint64_t EFIAPI (*get_interface)(uint64_t handle, const void *guid, uint64_t **interface);
typedef uint64_t EFIAPI (*exit_services)(uint64_t image, uint64_t key);

static uint8_t map[32768];

/* A loaded image has the system table as its third word (9.1). OVMF's ExitBootServices() takes any
 * handle. */
static void check_image(uint64_t services)
{
    static const uint8_t loaded_image[16] = {0xa1, 0x31, 0x1b, 0x5b, 0x62, 0x95, 0xd2, 0x11,
                                             0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b};
    get_interface get = *(get_interface *)at(services + HANDLE_PROTOCOL);
    uint64_t *loaded;
    check(get(image, loaded_image, &loaded) == 0 && loaded[2] == system_table,
          "EFI: the image handle is a loaded image's");
}

void leave_services(void)
{
    uint64_t services = *(uint64_t *)at(system_table + BOOT_SERVICES);
    get_map get = *(get_map *)at(services + GET_MEMORY_MAP);
    exit_services leave = *(exit_services *)at(services + EXIT_BOOT_SERVICES);
    uint64_t bytes = sizeof map, key, each;
    uint32_t version;

    check(same(at(services), "BOOTSERV", 8), "EFI: the boot services' signature");
    check_image(services);
    uint64_t status = get(&bytes, map, &key, &each, &version);
    check(status == 0, "EFI: GetMemoryMap() works");
    status = leave(image, key);
    print("efi services: left with %X\n", status);
    check(status == 0, "EFI: ExitBootServices() works with this image handle");
}

#else

void leave_services(void)
{
    check(false, "boot services are for 64-bit kernels");
}

#endif
