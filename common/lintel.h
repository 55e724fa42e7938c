/* lintel.h: what a kernel needs to know about Lintel. Copy this one file into your kernel.
 *
 * The kernel is an x86-64 ELF64 file, ET_EXEC or static PIE, linked in the upper half, that holds
 * one LINTEL_REQUEST note. Lintel calls its entry point as
 *
 *     void kernel_main(const struct lintel_boot_info *info);
 *
 * PROTOCOL.md says, claim by claim, what is true at that moment. Every pointer below is a virtual
 * address in the direct map; every field named `..._physical` is a physical address.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef LINTEL_H
#define LINTEL_H

#include <stdint.h>

#define LINTEL_ABI_VERSION 1

/* ---- what the kernel asks for ---------------------------------------------------------------- */

#define LINTEL_NOTE_NAME    "Lintel"
#define LINTEL_NOTE_REQUEST 1

struct lintel_request {
    uint32_t abi_version;        /* LINTEL_ABI_VERSION */
    uint32_t flags;              /* LINTEL_REQUEST_... */
    uint64_t stack_bytes;        /* 0 means 64 KiB; rounded up to whole pages; at most 16 MiB */
    uint32_t framebuffer_width;  /* pixels; 0 means: keep what the firmware has */
    uint32_t framebuffer_height; /* pixels */
    uint32_t paging_levels;      /* 4, or 5 to use 5 where the CPU has them; 0 means 4 */
    uint32_t reserved;           /* 0 */
};

#define LINTEL_REQUEST_FRAMEBUFFER      0x1  /* a framebuffer is wished for; else text mode stays */
#define LINTEL_REQUEST_FRAMEBUFFER_MUST 0x2  /* do not boot without a framebuffer */
#define LINTEL_REQUEST_PAGING_MUST      0x4  /* do not boot without paging_levels levels */
#define LINTEL_REQUEST_NO_SLIDE         0x8  /* load a static PIE at its link address */
#define LINTEL_REQUEST_CPUS             0x10 /* start the other CPUs and park them */
#define LINTEL_REQUEST_PHYSICAL         0x20 /* load at the physical addresses of the ELF file */
#define LINTEL_REQUEST_FLAGS_KNOWN      0x3f

/* Put this once, at file scope, in one C file: LINTEL_REQUEST(.stack_bytes = 32768, ...); and keep
 * the section .note.lintel in a PT_NOTE segment. */
#define LINTEL_REQUEST(...)                                                                        \
    __attribute__((used, aligned(4), section(".note.lintel"))) static const struct {               \
        uint32_t name_bytes, descriptor_bytes, type;                                               \
        char name[8];                                                                              \
        struct lintel_request request __attribute__((packed, aligned(4)));                         \
    } lintel_request_note = {sizeof LINTEL_NOTE_NAME,                                              \
                             sizeof(struct lintel_request),                                        \
                             LINTEL_NOTE_REQUEST,                                                  \
                             LINTEL_NOTE_NAME,                                                     \
                             {.abi_version = LINTEL_ABI_VERSION, __VA_ARGS__}}

/* ---- what the kernel receives ---------------------------------------------------------------- */

enum lintel_memory_type {
    LINTEL_MEMORY_USABLE = 1, /* free; nothing that Lintel hands over lies in it */
    /* Lintel's handoff structures, and what UEFI boot services used: free once the kernel no longer
     * needs them. */
    LINTEL_MEMORY_RECLAIMABLE,
    LINTEL_MEMORY_KERNEL,           /* the kernel's segments and its modules */
    LINTEL_MEMORY_ACPI_RECLAIMABLE, /* ACPI tables: free once the kernel has read them */
    LINTEL_MEMORY_ACPI_NVS,         /* must be preserved */
    LINTEL_MEMORY_RESERVED,         /* the firmware's, or unknown */
    LINTEL_MEMORY_BAD,              /* the firmware reports defects */
    LINTEL_MEMORY_FRAMEBUFFER,
    LINTEL_MEMORY_EFI_RUNTIME_CODE,
    LINTEL_MEMORY_EFI_RUNTIME_DATA,
    LINTEL_MEMORY_PERSISTENT, /* non-volatile */
    LINTEL_MEMORY_MMIO,       /* device registers */
    LINTEL_MEMORY_TYPES
};

struct lintel_memory_range {
    uint64_t base_physical; /* page-aligned */
    uint64_t bytes;         /* whole pages, not 0 */
    uint32_t type;          /* enum lintel_memory_type */
    uint32_t reserved;
};

struct lintel_module {
    const void *data;     /* page-aligned */
    uint64_t bytes;       /* the rest of its last page is zero */
    const char *path;     /* as the entry names it */
    const char *argument; /* text behind the path in the entry, or "" */
    uint64_t base_physical;
};

struct lintel_framebuffer {
    volatile void *pixels; /* in the direct map, write-combining */
    uint64_t base_physical;
    uint64_t bytes;
    uint32_t width, height; /* pixels */
    uint32_t pitch;         /* bytes from one line to the next */
    uint8_t bits_per_pixel; /* 15, 16, 24 or 32 */
    uint8_t red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
    uint8_t reserved;
    uint32_t edid_bytes; /* 0, 128 or a multiple */
    const uint8_t *edid;
};

enum lintel_firmware { LINTEL_FIRMWARE_BIOS = 1, LINTEL_FIRMWARE_UEFI };

enum lintel_medium {
    LINTEL_MEDIUM_UNKNOWN,
    LINTEL_MEDIUM_FLOPPY,
    LINTEL_MEDIUM_DISK,
    LINTEL_MEDIUM_CD,
    LINTEL_MEDIUM_NETWORK
};

enum lintel_partitioning {
    LINTEL_PARTITIONING_NONE,
    LINTEL_PARTITIONING_MBR,
    LINTEL_PARTITIONING_GPT
};

struct lintel_boot_volume {
    uint32_t medium;       /* enum lintel_medium */
    uint32_t partitioning; /* enum lintel_partitioning */
    uint32_t bios_drive;   /* INT 13h number of a disk on BIOS, else FFFFFFFFh */
    uint32_t sector_bytes; /* 0, and all that follows too: a server, by network */
    uint64_t disk_sectors; /* 0: unknown */
    uint8_t disk_guid[16]; /* GPT as on disk (mixed-endian); MBR: signature in the first 4 bytes */
    uint8_t partition_guid[16]; /* GPT as on disk; else zero */
    uint32_t partition_number;  /* 1 and up; 0: the whole disk */
    uint32_t reserved;
    uint64_t partition_first_lba;
    uint64_t partition_sectors;
};

#define LINTEL_CPU_NX            0x1
#define LINTEL_CPU_1GIB          0x2
#define LINTEL_CPU_LA57          0x4
#define LINTEL_CPU_SMEP          0x8
#define LINTEL_CPU_SMAP          0x10
#define LINTEL_CPU_PGE           0x20
#define LINTEL_CPU_PAT           0x40
#define LINTEL_CPU_X2APIC        0x80
#define LINTEL_CPU_INVARIANT_TSC 0x100
#define LINTEL_CPU_RDRAND        0x200
#define LINTEL_CPU_RDSEED        0x400
#define LINTEL_CPU_HYPERVISOR    0x800
#define LINTEL_CPU_APIC          0x1000

struct lintel_cpu {
    char vendor[16]; /* 0-terminated */
    char brand[52];  /* 0-terminated, "" where the CPU has none */
    uint32_t family, model, stepping;
    uint32_t physical_bits, linear_bits;
    uint32_t apic_id;  /* of the CPU that boots */
    uint32_t features; /* LINTEL_CPU_... */
    uint32_t reserved;
};

#define LINTEL_PROCESSOR_STACK_BYTES 16384

/* A CPU that waits for the kernel. As soon as `entry` is not NULL it calls entry(processor) on a
 * stack of its own, with a GDT and a TSS of its own, in the state that PROTOCOL.md says. */
struct lintel_processor {
    uint32_t acpi_uid; /* as the ACPI namespace names it; FFFFFFFFh: the firmware does not say */
    uint32_t apic_id;
    void (*volatile entry)(struct lintel_processor *processor);
    uint64_t argument;  /* the kernel's own: to be written before `entry` */
    uint64_t stack_top; /* virtual; LINTEL_PROCESSOR_STACK_BYTES, with guard pages around */
};

/* Stages: "firmware", "config", "menu", "kernel", "plan", "load", "leave", "handoff". */
struct lintel_stage {
    const char *name;
    uint64_t tsc; /* when the stage began, in TSC ticks */
};

#define LINTEL_DISK_REMOVABLE 0x1
#define LINTEL_DISK_BOOT      0x2 /* the boot volume lies on it */

struct lintel_disk {
    const char *name; /* "BIOS drive 80h", or a UEFI device path */
    uint64_t sectors; /* 0: unknown */
    uint32_t sector_bytes;
    uint32_t medium;                          /* enum lintel_medium */
    uint32_t bios_drive;                      /* INT 13h number on BIOS, else FFFFFFFFh */
    uint32_t flags;                           /* LINTEL_DISK_... */
    uint32_t cylinders, heads, track_sectors; /* as the BIOS tells; 0: not told */
    uint32_t edd_version;                     /* of INT 13h extensions: 30h for EDD 3.0; 0: none */
    const char *bus;                          /* as the BIOS tells: "PCI ATA"; "": not told */
};

struct lintel_boot_info {
    uint32_t abi_version; /* LINTEL_ABI_VERSION */
    uint32_t bytes;       /* of this structure: newer versions only append */

    const char *loader;       /* "Lintel 0.1.0" */
    const char *entry;        /* id of the chosen entry: its file name without .conf */
    const char *command_line; /* "" when there is none */
    uint32_t firmware;        /* enum lintel_firmware */
    uint32_t paging_levels;   /* 4 or 5 */

    const struct lintel_memory_range *memory_map; /* sorted, disjoint, merged */
    uint64_t memory_map_count;
    uint64_t direct_map; /* virtual address of physical address 0 */

    uint64_t kernel_physical; /* lowest byte of the kernel's span */
    uint64_t kernel_virtual;  /* where that byte is mapped */
    uint64_t kernel_bytes;    /* whole pages */
    uint64_t kernel_slide;    /* added to every link address; 0 for ET_EXEC */
    uint64_t stack_top; /* virtual; the stack lies below, with an unmapped guard page under it */
    uint64_t stack_bytes;

    const struct lintel_module *modules;
    uint64_t module_count;
    const struct lintel_framebuffer *framebuffers;
    uint64_t framebuffer_count;

    uint64_t rsdp_physical;             /* 0: none found */
    uint64_t smbios_physical;           /* 32-bit entry point ("_SM_"), 0: none */
    uint64_t smbios3_physical;          /* 64-bit entry point ("_SM3_"), 0: none */
    uint64_t efi_system_table_physical; /* 0 on BIOS */
    const void *efi_map;                /* the raw UEFI map as of ExitBootServices; 0 on BIOS */
    uint64_t efi_map_bytes;
    uint32_t efi_descriptor_bytes;
    uint32_t efi_descriptor_version;

    struct lintel_boot_volume volume; /* where the kernel was read from */
    struct lintel_cpu cpu;

    uint8_t entropy[32];     /* mixed from the CPU's generator where it has one, and from timing */
    uint64_t entropy_strong; /* 1: at least 256 bits came from RDSEED or RDRAND; 0: timing only */
    int64_t boot_time;       /* seconds since 1970-01-01 as the RTC says, 0: unknown */

    const char *log; /* the loader's own messages */
    uint64_t log_bytes;
    const struct lintel_stage *stages; /* oldest first */
    uint64_t stage_count;
    uint64_t tsc_hz; /* 0: unknown */

    uint32_t flags; /* LINTEL_BOOT_... */
    uint32_t reserved;

    /* What the firmware told, its types translated and nothing else: unsorted, overlapping, empty
     * and unaligned ranges are all expected. To look at; memory_map is what to rely on. */
    const struct lintel_memory_range *raw_map;
    uint64_t raw_map_count;
    const struct lintel_disk *disks; /* those that the loader could have booted from */
    uint64_t disk_count;

    /* The first is the CPU that boots: its `entry` is never looked at, its stack is the kernel's.
     * Without LINTEL_REQUEST_CPUS there are none. */
    struct lintel_processor *processors;
    uint64_t processor_count;
    uint64_t processors_missing; /* enabled by the firmware, but they could not be started */
};

#define LINTEL_BOOT_MEMORY_ZEROED 0x1 /* zero-memory yes: all usable memory is zero */

#endif
