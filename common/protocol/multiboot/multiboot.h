/* Multiboot kernels: what the files multiboot*.c share. The Multiboot Specification 0.6.96 is "1",
 * the Multiboot2 Specification 2.0 is "2". All addresses are physical; both specifications have 32
 * bits for them, so all that a kernel gets lies below 4 GiB. */
#pragma once

#include "common/protocol/protocol.h"
#include "common/version.h"

#define MULTIBOOT1_SEARCH_BYTES 8192u  /* a header lies wholly in the file's first bytes */
#define MULTIBOOT2_SEARCH_BYTES 32768u /* (1: 3.1, 2: 3.1) */
#define MULTIBOOT1_BOOT_MAGIC   0x2badb002u
#define MULTIBOOT2_BOOT_MAGIC   0x36d76289u
#define MULTIBOOT_END           (4 * GIB)

/* Xen drops the first word of every command line, as a file name, unless the loader's name has
 * "GRUB " in it and then no 0. We pass what an entry says and nothing before it, as GRUB 2 does. */
#define MULTIBOOT_LOADER_NAME "Lintel " LINTEL_VERSION " (command lines as from GRUB 2)"

/* ---- the header (multiboot1_header.c, multiboot2_header.c) ----------------------------------- */

enum multiboot_preference { PREFER_NONE, PREFER_LOWEST, PREFER_HIGHEST };

/* What a kernel's header asks for, in either version. */
struct multiboot_header {
    uint32_t version; /* 1 or 2 */
    uint64_t offset;  /* in the file */

    bool has_addresses; /* the file is flat: it lies in memory as these say */
    uint32_t header_address, load_address, load_end, bss_end;
    bool has_entry;
    uint32_t entry;

    bool efi_services;    /* the kernel can do with the boot services still alive */
    bool has_efi64_entry; /* 64-bit, for a kernel with efi_services */
    uint32_t efi64_entry;

    bool relocatable;
    uint32_t lowest, highest; /* first and last byte that the image may have */
    uint32_t alignment;       /* power of two */
    enum multiboot_preference preference;

    bool wants_framebuffer;
    uint32_t width, height; /* pixels; 0: no preference */
    bool needs_console;     /* do not boot without a console that it can use: */
    bool knows_text;        /* one of EGA text; of pixels where it wants a framebuffer */
};

/* Whether the file's first bytes hold such a header; 2 also when its checksum is wrong but all else
 * fits, because the kernel's author wants to know. */
bool multiboot1_recognise(const uint8_t *head, uint64_t bytes);
bool multiboot2_recognise(const uint8_t *head, uint64_t bytes);

/* `name` is the file's. ERR_FORMAT: no header, or a damaged one. ERR_UNSUPPORTED: the kernel
 * requires what Lintel does not know; names the flag or tag. */
enum err multiboot1_parse(const uint8_t *head, uint64_t bytes, const char *name,
                          struct multiboot_header *header);
enum err multiboot2_parse(const uint8_t *head, uint64_t bytes, const char *name,
                          struct multiboot_header *header);

/* What keeps a file from being a kernel of this version that looks as if it should be: ERR_FORMAT
 * says what was seen. (multiboot_missing.c) */
enum err multiboot_explain(const struct candidate *file, uint32_t version);

/* ---- the kernel's bytes (multiboot_image.c, multiboot_elf.c, multiboot_place.c) -------------- */

struct multiboot_segment {
    uint64_t physical, bytes; /* where it wants to lie; what is not in the file is zero */
    uint64_t virtual;
    uint64_t file_offset, file_bytes;
};

/* Section headers as they lie in the file; count 0: none. */
struct multiboot_sections {
    uint64_t offset;
    uint32_t count, each_bytes, names; /* names: the index of the section with their names */
    bool wide;                         /* ELF64 */
};

struct multiboot_image {
    const struct reader *reader;
    struct multiboot_segment *segments; /* sorted by physical address, not empty, disjoint */
    uint32_t segment_count;
    uint64_t first, end; /* physical span of all segments, as linked */
    uint64_t entry;      /* physical, as linked; the 32-bit one */
    struct multiboot_sections sections;
};

/* Lays the file out as its ELF program headers say, or as the header's address fields do.
 * ERR_FORMAT, ERR_UNSUPPORTED: names the field and its value. */
enum err multiboot_image_parse(const struct reader *reader, const struct multiboot_header *header,
                               struct arena *arena, struct multiboot_image *image);

/* Fills segments, sections and entry from an ELF32 or ELF64 file. */
enum err multiboot_elf_parse(struct multiboot_image *image, struct arena *arena);

/* Sorts the segments and finds the span. ERR_FORMAT: they overlap, or there is none. */
enum err multiboot_sort_segments(struct multiboot_image *image);

/* ---- section headers and symbols, for a kernel's debugger -------------------------------------
 */

struct multiboot_symbols {
    uint8_t *headers; /* with the addresses of what was loaded */
    uint32_t count, each_bytes, names;
};

/* ---- the information (multiboot1_info.c, multiboot2_tags.c, multiboot_describe.c) -------------
 */

struct multiboot_module {
    uint32_t first, end; /* physical; end exclusive */
    const char *text;
};

/* Address range types of both specifications (those of ACPI). */
enum multiboot_memory {
    MULTIBOOT_AVAILABLE = 1,
    MULTIBOOT_RESERVED,
    MULTIBOOT_ACPI,
    MULTIBOOT_NVS,
    MULTIBOOT_BAD
};

struct multiboot_range {
    uint64_t base, bytes;
    enum multiboot_memory type;
};

struct multiboot_map {
    struct multiboot_range *ranges;
    uint64_t count, capacity;
    uint32_t lower_kib; /* from 0 up, at most 640 */
    uint32_t upper_kib; /* from 1 MiB up to the first hole */
};

/* Everything that a kernel is told, from which either version's structures are built. */
struct multiboot_info {
    const struct facts *facts;
    const struct volume *volume; /* that the kernel lies on */
    const char *options;
    const struct multiboot_module *modules;
    uint64_t module_count;
    struct multiboot_symbols symbols;
    const struct video *video; /* NULL: no framebuffer */
    bool text_screen;          /* 80 x 25 characters at B8000h */
    const struct apm *apm;     /* NULL: none */
    bool efi_services;         /* are alive: then there is no final map yet */
    bool relocated;
    uint32_t load_base;
    struct multiboot_map map;
    struct raw_map raw; /* the firmware's */
};

/* Makes info->map from info->raw. ERR_NO_MEMORY: its capacity is short. `scratch` has the same
 * capacity or more. */
enum err multiboot_make_map(struct multiboot_info *info, struct memmap *scratch);

enum { MULTIBOOT_RGB = 1, MULTIBOOT_TEXT = 2 };

struct multiboot_screen {
    uint64_t base; /* physical */
    uint32_t pitch, width, height;
    uint8_t bits_per_pixel, type;
    uint8_t colours[6]; /* shift and bits of red, green and blue */
};

/* False: there is none. */
bool multiboot_describe_screen(const struct multiboot_info *info, struct multiboot_screen *screen);

/* The drive's BIOS number, or -1 where it has none. */
int32_t multiboot_bios_drive(const struct multiboot_info *info);

/* Fill the buffer; *out is where the structure lies that the kernel is told of. */
enum err multiboot1_build(const struct multiboot_info *info, struct buffer *buffer, void **out);
enum err multiboot2_build(const struct multiboot_info *info, struct buffer *buffer, void **out);

/* ---- one attempt ----------------------------------------------------------------------------- */

struct multiboot {
    struct multiboot_header header;
    struct multiboot_image image;
    struct file *files; /* the modules' */
    struct multiboot_module *modules;
    uint64_t first_module, symbols_region; /* regions */
    struct region_part symbols;            /* of the file */
    struct multiboot_info info;
    struct apm apm;
};

/* Regions for the segments. ERR_NO_MEMORY. (multiboot_place.c) */
enum err multiboot_wish_for_image(struct attempt *attempt, const struct multiboot *multiboot);

/* A region for the sections that are in no segment, such as symbols and their names. Section
 * headers that lead nowhere are no reason not to boot: then there are none, and the log says why.
 * (multiboot_symbols.c) */
void multiboot_wish_for_symbols(struct attempt *attempt, struct multiboot *multiboot);

/* The headers say where they were loaded. */
void multiboot_finish_symbols(const struct attempt *attempt, struct multiboot *multiboot);
