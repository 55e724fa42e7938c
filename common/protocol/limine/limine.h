/* The Limine boot protocol, base revisions 0 to 6, for x86-64 (PROTOCOL.md of limine-protocol): a
 * kernel holds requests in its image, and finds answers behind them. */
#pragma once

#include "common/attempt/upper_half.h"
#include "common/format/event_log.h"

#define LIMINE_REVISION_MAX 6
#define LIMINE_LOWEST       UINT64_C(0xffffffff80000000) /* kernels are linked here or above */
#define LIMINE_NONE         UINT64_MAX                   /* an offset: not there */

/* Features that Lintel answers; their numbers stand in limine_requests.c. */
enum limine_feature {
    LIMINE_BOOTLOADER_INFO,
    LIMINE_COMMAND_LINE,
    LIMINE_FIRMWARE_TYPE,
    LIMINE_STACK_SIZE,
    LIMINE_HHDM,
    LIMINE_FRAMEBUFFER,
    LIMINE_PAGING_MODE,
    LIMINE_MP,
    LIMINE_MEMORY_MAP,
    LIMINE_ENTRY_POINT,
    LIMINE_EXECUTABLE_FILE,
    LIMINE_MODULES,
    LIMINE_RSDP,
    LIMINE_SMBIOS,
    LIMINE_EFI_SYSTEM_TABLE,
    LIMINE_EFI_MEMORY_MAP,
    LIMINE_EVENT_LOG,
    LIMINE_DATE,
    LIMINE_EXECUTABLE_ADDRESS,
    LIMINE_PERFORMANCE,
    LIMINE_KEEP_IOMMU,
    LIMINE_TSC_FREQUENCY,
    LIMINE_ENTROPY,
    LIMINE_FEATURES
};

/* A request as it lies in the image; every feature's own members follow. */
struct limine_request {
    uint64_t id[4];
    uint64_t revision;
    uint64_t response; /* address of the response; left alone where there is none */
};

#define LIMINE_INTERNAL_REQUIRED   UINT64_C(1) /* flags of an internal module */
#define LIMINE_INTERNAL_COMPRESSED UINT64_C(2)

/* The image at its link addresses, and what was found in it: offsets into `bytes`. */
struct limine_image {
    const struct elf *elf;
    const uint8_t *bytes; /* elf->end - elf->first of them */
    const uint8_t *file;  /* the whole ELF file */
    uint64_t base_revision;
    uint64_t tag; /* the base revision tag; LIMINE_NONE: the kernel has none */
    uint64_t requests[LIMINE_FEATURES];
};

/* True for 16 bytes that only a kernel of this protocol has: of a request or the base revision. */
bool limine_is_magic(const uint8_t *bytes);

/* Finds the tag and the requests. ERR_FORMAT: a request twice, or not wholly inside of the image;
 * ERR_UNSUPPORTED: a base revision that is too high. */
enum err limine_find(struct limine_image *image);

/* The member of a request at a byte offset. The feature must have been found. */
uint64_t limine_member(const struct limine_image *image, enum limine_feature feature,
                       uint64_t offset);

/* `bytes` bytes of the image at a link address; NULL: some are outside. */
const void *limine_at(const struct limine_image *image, uint64_t address, uint64_t bytes);

/* What the requests ask of the plan. ERR_FORMAT, ERR_UNSUPPORTED: a request that no loader can
 * fulfil. `entry`: link address. (limine_wishes.c) */
enum err limine_read_wishes(const struct limine_image *image, struct wishes *wishes,
                            uint64_t *entry);

/* A file that the kernel is given: a module, or itself. */
struct limine_file {
    struct file file;
    const char *argument;
    const char *hash; /* 128 hexadecimal digits, of the file as it is packed; NULL: none */
    bool compressed;  /* by gzip */
};

/* One attempt's own. */
struct limine {
    struct attempt *attempt;
    struct elf elf;
    struct limine_image image;
    struct reader memory; /* the ELF file, read whole */
    uint64_t entry;       /* link address */
    struct space_rules space;
    struct cpu_rules cpu_rules;
    struct limine_file *files; /* modules, and then the executable; regions behind the kernel's */
    uint64_t file_count, module_count;
    struct event_log event_log;       /* EVENT_LOG_NONE: there is none, or nobody asks */
    uint64_t command_line;            /* the kernel's address */
    void *responses[LIMINE_FEATURES]; /* as built last; NULL: none */
};

static inline bool limine_has(const struct limine *limine, enum limine_feature feature)
{
    return limine->image.requests[feature] != LIMINE_NONE;
}

/* Reads the kernel and its requests, and wishes for what they ask. Errors as elf_parse_mixed() and
 * those above. (limine.c) */
enum err limine_parse(struct limine *limine);

/* The files: those of the kernel's internal modules, of the entry's, and the ELF file itself where
 * it is asked for. Those that the kernel calls compressed are unpacked, their hashes checked.
 * (limine_modules.c) */
enum err limine_open_files(struct limine *limine);

/* Length of the volume's name in front of a path: "LABEL=X:", or nothing. */
uint64_t limine_prefix_length(const char *reference);

/* ERR_FORMAT: a module, as it was loaded, is not what the kernel's hash of it says. */
enum err limine_check_hashes(const struct limine *limine);

/* Rules of a base revision (limine_rules.c). */
struct space_rules limine_space_rules(uint64_t base_revision);
struct cpu_rules limine_cpu_rules(uint64_t base_revision);

/* Firmware tables that a base revision wants mapped become EFI runtime data, the type that is
 * reserved, but mapped, here. (limine_map.c) */
enum err limine_amend_map(const struct attempt *attempt, struct memmap *map);
#define LIMINE_FIRMWARE_RANGES 256

/* The responses (limine_responses.c). */
enum err limine_build(struct attempt *attempt, struct buffer *buffer);

/* The CPUs, where they are asked for (limine_machine.c). */
enum err limine_list_cpus(struct limine *limine);
void limine_fill_mailbox(const struct attempt *attempt, uint64_t index, struct mp_mailbox *mailbox);
void limine_tell_cpus(const struct attempt *attempt, uint64_t missing);

/* Masks interrupts and turns x2APIC mode and IOMMUs off, as the kernel and its base revision say
 * (limine_machine.c). */
void limine_settle(const struct attempt *attempt);

/* Each fills one response; *response stays NULL when there is nothing to tell. */
typedef enum err limine_respond(const struct limine *limine, struct buffer *buffer,
                                void **response);
limine_respond limine_framebuffers; /* limine_screen.c */
limine_respond limine_memory_map;   /* limine_map.c */
limine_respond limine_modules;      /* limine_files.c */
limine_respond limine_executable_file;
limine_respond limine_cpus; /* limine_machine.c */
