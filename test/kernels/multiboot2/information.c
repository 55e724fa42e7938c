#include "test/kernels/multiboot2/information.h"
#include "test/kernels/common/arrival.h"

static bool staying;

bool stays(void)
{
    return staying;
}

static const char *text_of(const struct tag *tag)
{
    return (const char *)tag->words;
}

static void take_command_line(const struct tag *tag)
{
    const char *text = text_of(tag);
    print("command line: %s|\n", text);
    staying = contains(text, "stay");
    check(text[tag->size - 9] == 0, "the command line ends in its tag");
}

static void take_load_base(const struct tag *tag)
{
    print("load base: %x\n", tag->words[0]);
    check(tag->words[0] == (uintptr_t)image_start, "the load base is where this kernel is");
}

/* In bytes of BOOTP (RFC 951): the operation, and our own address at 16. */
static void take_network(const struct tag *tag)
{
    const uint8_t *packet = (const uint8_t *)tag->words;
    print("network: %u.%u.%u.%u\n", packet[16], packet[17], packet[18], packet[19]);
    check(packet[0] == 2 && tag->size >= 8 + 240, "the DHCP packet is a reply");
}

static void take_apm(const struct tag *tag)
{
    print("apm: %x code %x offset %x\n", tag->words[0] & 0xffff, tag->words[0] >> 16,
          tag->words[1]);
    check(tag->size == 28, "APM: 20 bytes");
}

void take_tag(const struct tag *tag)
{
    switch (tag->type) {
    case COMMAND_LINE:
        return take_command_line(tag);
    case LOADER_NAME:
        return print("loader: %s\n", text_of(tag));
    case MODULE:
        return take_module(tag);
    case BASIC_MEMORY:
        return print("memory: lower=%u upper=%u\n", tag->words[0], tag->words[1]);
    case BOOT_DEVICE:
        return print("boot device: %x %x %x\n", tag->words[0], tag->words[1], tag->words[2]);
    case MEMORY_MAP:
        return take_memory_map(tag);
    case VBE:
        return take_vbe(tag);
    case FRAMEBUFFER:
        return take_framebuffer(tag);
    case SECTIONS:
        return take_sections(tag);
    case APM:
        return take_apm(tag);
    case EFI64_SYSTEM_TABLE:
        return take_system_table(tag);
    case SMBIOS:
        return take_smbios(tag);
    case RSDP_1:
    case RSDP_2:
        return take_rsdp(tag);
    case NETWORK:
        return take_network(tag);
    case EFI_MAP:
        return take_efi_map(tag);
    case EFI_SERVICES:
        return check(tag->size == 8, "EFI services: no contents");
    case EFI64_IMAGE:
        return take_image(tag);
    case LOAD_BASE:
        return take_load_base(tag);
    }
    print("FAILED: an unknown tag %u\n", tag->type);
    check(false, "every tag is known");
}
