/* The Limine boot protocol as the kernel under test sees it. */
#pragma once

#include <stdint.h>

struct response {
    uint64_t revision;
    uint64_t values[4]; /* of those that have no structure below */
};

#define REQUEST(name, response_type, ...)                                                          \
    struct name##_request {                                                                        \
        uint64_t id[4], revision;                                                                  \
        const struct response_type *response;                                                      \
        __VA_ARGS__                                                                                \
    }

REQUEST(plain, response, );
REQUEST(sized, response, uint64_t value;);
REQUEST(paging, response, uint64_t mode, highest, lowest;);
REQUEST(entry, response, void (*entry)(void););

struct framebuffer {
    volatile uint32_t *pixels;
    uint64_t width, height, pitch;
    uint16_t bits_per_pixel;
    uint8_t model, red_bits, red_shift, green_bits, green_shift, blue_bits, blue_shift, unused[7];
    uint64_t edid_bytes;
    const uint8_t *edid;
    uint64_t mode_count;
    const struct mode {
        uint64_t pitch, width, height;
        uint16_t bits_per_pixel;
        uint8_t model, red_bits, red_shift, green_bits, green_shift, blue_bits, blue_shift;
    } *const *modes;
};

struct framebuffers {
    uint64_t revision, count;
    const struct framebuffer *const *list;
};
REQUEST(framebuffer, framebuffers, );

enum { /* of memory */
       USABLE,
       RESERVED,
       ACPI_RECLAIMABLE,
       ACPI_NVS,
       BAD,
       LOADER_RECLAIMABLE,
       EXECUTABLE_AND_MODULES,
       FRAMEBUFFER,
       RESERVED_MAPPED,
       TYPES
};

struct memory_map {
    uint64_t revision, count;
    const struct memory_range {
        uint64_t base, bytes, type;
    } *const *list;
};
REQUEST(memory_map, memory_map, );

struct file {
    uint64_t revision;
    const uint8_t *bytes;
    uint64_t size;
    const char *path, *string;
    uint32_t media, unused;
    uint8_t server[4];
    uint32_t server_port, partition, mbr_signature;
    uint64_t disk[2], partition_guid[2], file_system[2];
};

struct executable_file {
    uint64_t revision;
    const struct file *file;
};
REQUEST(executable_file, executable_file, );

struct internal_module {
    const char *path, *string;
    uint64_t flags;
};

struct modules {
    uint64_t revision, count;
    const struct file *const *list;
};
REQUEST(modules, modules, uint64_t count; const struct internal_module *const *internal;);

struct cpu {
    uint32_t uid, apic_id;
    uint64_t reserved;
    void (*volatile entry)(struct cpu *cpu);
    uint64_t argument;
};

struct cpus {
    uint64_t revision;
    uint32_t flags, boot_apic_id;
    uint64_t count;
    struct cpu *const *list;
};
REQUEST(cpus, cpus, uint64_t flags;);

#define COMMON 0xc7b1dd30df4c8b88, 0x0a82e883a194f07b

extern volatile uint64_t base_revision[3];
extern volatile struct plain_request bootloader_info, command_line, firmware_type, direct_map, rsdp,
    smbios, efi_system_table, efi_memory_map, date, executable_address, device_tree, performance,
    tsc_frequency, keep_iommu, terminal, event_log;
extern volatile struct sized_request stack_size, entropy;
extern volatile struct paging_request paging_mode;
extern volatile struct entry_request entry_point;
extern volatile struct framebuffer_request framebuffer_request;
extern volatile struct memory_map_request memory_map;
extern volatile struct executable_file_request executable_file;
extern volatile struct modules_request modules;
extern volatile struct cpus_request cpus;

#define STACK_BYTES   0x20000
#define ENTROPY_COUNT 5
#define UNTOUCHED     ((const struct response *)0x1234)
