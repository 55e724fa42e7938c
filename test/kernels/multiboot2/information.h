/* The information's tags (Multiboot2 Specification 2.0, 3.6). */
#pragma once

#include "test/kernels/common/text.h"

enum type {
    COMMAND_LINE = 1,
    LOADER_NAME,
    MODULE,
    BASIC_MEMORY,
    BOOT_DEVICE,
    MEMORY_MAP,
    VBE,
    FRAMEBUFFER,
    SECTIONS,
    APM,
    EFI32_SYSTEM_TABLE,
    EFI64_SYSTEM_TABLE,
    SMBIOS,
    RSDP_1,
    RSDP_2,
    NETWORK,
    EFI_MAP,
    EFI_SERVICES,
    EFI32_IMAGE,
    EFI64_IMAGE,
    LOAD_BASE
};

struct tag {
    uint32_t type, size;
    uint32_t words[]; /* 8-aligned */
};

/* Checks and prints one tag. */
void take_tag(const struct tag *tag);

/* Whether the command line asks to stay, for a monitor's look. */
bool stays(void);

/* memory.c, firmware.c, screen.c: one tag each. */
void take_module(const struct tag *tag);
void take_memory_map(const struct tag *tag);
void take_sections(const struct tag *tag);
void take_framebuffer(const struct tag *tag);
void take_vbe(const struct tag *tag);
void take_smbios(const struct tag *tag);
void take_rsdp(const struct tag *tag);
void take_system_table(const struct tag *tag);
void take_efi_map(const struct tag *tag);
void take_image(const struct tag *tag);

/* Uses the boot services: asks for a map, and leaves them. */
void leave_services(void);
