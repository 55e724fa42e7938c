/* One small kernel of each protocol, which boots as it stands: where fuzz_boot.c begins. */
#pragma once

#include "test/unit/bzimage.h"
#include "test/unit/elf_builder.h"
#include "test/unit/multiboot_builder.h"
#include "test/unit/pe_image.h"

struct kernel {
    const char *name;
    void (*build)(void); /* calls use() */
    bool needs_bios, needs_uefi, needs_disk;
    uint32_t files; /* that its entries may name, as bits of the input's */
};

#define MODULE  0x2u
#define INITRDS 0xcu /* two of them */

static struct {
    uint8_t bytes[96 * 1024];
    uint64_t size;
} kernel_file;

static void use(const void *bytes, uint64_t size)
{
    memcpy(kernel_file.bytes, bytes, size);
    kernel_file.size = size;
}

/* ---- ELF images of the upper half ------------------------------------------------------------ */

static void build_lintel_asking(uint32_t flags)
{
    struct built_note note = built_note();

    note.request.flags = flags;
    build_kernel(ET_EXEC, BUILT_LINK);
    memcpy(built.bytes + built.programs[3].p_offset, &note, sizeof note);
    use(built.bytes, built.size);
}

static void build_lintel(void)
{
    build_lintel_asking(LINTEL_REQUEST_CPUS | LINTEL_REQUEST_FRAMEBUFFER);
}

/* As its physical addresses say, far from each other. */
static void build_lintel_physical(void)
{
    build_lintel_asking(LINTEL_REQUEST_PHYSICAL);
    for (int i = 0; i < 3; i++)
        built.programs[i].p_paddr = MB_PHYSICAL + (built.programs[i].p_vaddr - BUILT_LINK);
    use(built.bytes, built.size);
}

static void build_lintel_pie(void)
{
    const struct elf_rela rela = {.r_offset = 0x1800, .r_info = R_X86_64_RELATIVE};
    const uint64_t relr = 0x1808;
    struct built_note note = built_note();

    build_pie(0, &rela, sizeof rela, &relr, sizeof relr);
    build_note(&note);
    use(built.bytes, built.size);
}

#define LIMINE_COMMON UINT64_C(0xc7b1dd30df4c8b88), UINT64_C(0x0a82e883a194f07b)
#define LIMINE_DATA   (BUILT_LINK + 0x2000)
#define LIMINE_LIST   0x800 /* in the data: of internal modules */

static const uint64_t limine_ids[][2] = {
    {0x95a67b819a1b857e, 0xa0b61b723b6a73e0}, /* CPUs: an empty flags word follows */
    {0xf55038d8e2a1202f, 0x279426fcf5f59740}, {0x4b161536e598651e, 0xb390ad4a2f1f303a},
    {0x224ef0460a8e8926, 0xe1cb0fc25f46ea3d}, {0x9d5827dcd881dd75, 0xa3148604f6fab11b},
    {0x95c1a0edab0944cb, 0xa4e5cb3842f7488a}, {0x67cf3d9d378a806f, 0xe304acdfc50c3c62},
    {0xad97e90e83f1ed67, 0x31eb5d1c5ff23b69}, {0xc5e77b6b397e7b43, 0x27637845accdcf3c},
    {0x5ceba5163eaaf6d6, 0x0a6981610cf65fcc}, {0x7df62a431d6872d5, 0xa4fcdfb3e57306c8},
    {0x98e094fc7e76e979, 0xee8d8775c54e1d1f}, {0x71ba76863cc55f63, 0xb2644a48c516a487},
    {0x65ea80255d5682c5, 0x9117240723f493eb}, {0x6b50ad9bf36d13ad, 0xdc4c7e88fc759e17},
    {0x8c2f75d90bef28a8, 0x7045a4688eac00c3}, {0x48dcf1cb8ad2b852, 0x63984e959a98244b},
    {0x502746e184c088aa, 0xfbc5ec83e6327893}, {0x10f2ee1d87d195e4, 0xf747a2b78f6ddb31},
};

static uint64_t put_words(uint8_t *to, const uint64_t *words, uint64_t count)
{
    memcpy(to, words, count * sizeof *words);
    return count * sizeof *words;
}

/* The tag, a request of each kind, and one for a module that the kernel names itself. */
static void fill_limine(uint8_t *data, uint64_t revision)
{
    const uint64_t tag[] = {0xf9562b2d5c95a6c8, 0x6a7b384944536bdc, revision};
    const uint64_t modules[] = {
        LIMINE_COMMON, 0x3e7e279702be32af, 0xca1c4f3bd1280cee, 1, 0, 1, LIMINE_DATA + LIMINE_LIST};
    const uint64_t list[] = {LIMINE_DATA + LIMINE_LIST + 8, LIMINE_DATA + LIMINE_LIST + 32,
                             LIMINE_DATA + LIMINE_LIST + 40, 0};
    uint8_t *next = data;

    next += put_words(next, tag, ARRAY_LENGTH(tag));
    for (size_t i = 0; i < ARRAY_LENGTH(limine_ids); i++) {
        const uint64_t request[] = {LIMINE_COMMON, limine_ids[i][0], limine_ids[i][1], 0, 0, 1};
        next += put_words(next, request, ARRAY_LENGTH(request)) + 24;
    }
    put_words(next, modules, ARRAY_LENGTH(modules));
    put_words(data + LIMINE_LIST, list, ARRAY_LENGTH(list));
    memcpy(data + LIMINE_LIST + 32, "module", 7);
}

static void build_limine_of(uint64_t revision)
{
    static uint8_t data[PAGE_BYTES];

    memset(data, 0, sizeof data);
    fill_limine(data, revision);
    build_begin(ET_EXEC);
    build_program(PT_LOAD, PF_X, BUILT_LINK, "code", 4, 4);
    build_program(PT_LOAD, PF_W, LIMINE_DATA, data, sizeof data, sizeof data);
    built.header->e_entry = BUILT_LINK;
    use(built.bytes, built.size);
}

static void build_limine_0(void)
{
    build_limine_of(0);
}

static void build_limine_3(void)
{
    build_limine_of(3);
}

static void build_limine_6(void)
{
    build_limine_of(6);
}

/* ---- Linux ----------------------------------------------------------------------------------- */

static void build_linux_64(void)
{
    bz_build(0x10200000);
    use(bz, sizeof bz);
}

/* At 1 MiB, as it must. */
static void build_linux_32(void)
{
    bz_build(MIB);
    bz_put(0x236, 0, 2);
    bz_put(0x234, 0, 1);
    use(bz, sizeof bz);
}

static void build_linux_real(void)
{
    bz_build(MIB);
    bz_put(0x206, 0x203, 2);
    use(bz, sizeof bz);
}

static void build_linux_efi(void)
{
    bz_build(0x10200000);
    use(bz, sizeof bz);
}

/* ---- Multiboot ------------------------------------------------------------------------------- */

static void build_multiboot1(void)
{
    const uint32_t header[] = {0x1badb002, 7, -(0x1badb002u + 7), 0, 0, 0, 0, 0, 0, 640, 480, 32};

    mb_elf32();
    mb_sections32();
    memcpy(mb.bytes + MB_HEADER, header, sizeof header);
    use(mb.bytes, mb.size);
}

static void build_multiboot1_flat(void)
{
    const uint32_t at = (uint32_t)MB_PHYSICAL, flags = 0x10003;
    const uint32_t header[] = {
        0x1badb002, flags, -(0x1badb002u + flags), at + MB_HEADER, at, 0, at + 0x3000, at + 0x300};

    mb_begin();
    memcpy(mb.bytes + MB_HEADER, header, sizeof header);
    use(mb.bytes, mb.size);
}

static void build_multiboot2(void)
{
    mb_elf64();
    MB_TAG(5, 0, 640, 480, 32);
    MB_TAG(10, 0, 0x10000000, 0x10ffffff, 0x1000, 2);
    use(mb.bytes, mb.size);
}

static void build_multiboot2_flat(void)
{
    const uint32_t at = (uint32_t)MB_PHYSICAL;

    mb_begin();
    mb_header(MB_HEADER);
    MB_TAG(1, 0, 1, 6, 8);
    MB_TAG(2, 0, at + MB_HEADER, at, 0, at + 0x3000);
    MB_TAG(3, 0, at + 0x300);
    MB_TAG(4, 0, 3);
    mb_tag(6, 0, 0, NULL);
    use(mb.bytes, mb.size);
}

static void build_multiboot2_services(void)
{
    mb_elf64();
    mb_tag(7, 0, 0, NULL);
    MB_TAG(9, 0, (uint32_t)MB_PHYSICAL + 0x20);
    use(mb.bytes, mb.size);
}

/* ---- programs -------------------------------------------------------------------------------- */

static void build_sector(void)
{
    static uint8_t sector[512];

    sector[510] = 0x55;
    sector[511] = 0xaa;
    use(sector, sizeof sector);
}

/* pe_add() with more room. */
static void pe_add_large(const char *name, const void *contents, uint64_t bytes)
{
    uint64_t row = pe_row(load16(pe_bytes + PE_AT + 6)), room = align_up(bytes, PE_SECTION_ROOM);

    pe_add(name, contents, bytes);
    pe_store(row + 16, room, 4);
    pe_size += room - PE_SECTION_ROOM;
    pe_store(OPTIONAL_AT + 56, 0x10000, 4);
}

static void build_uki(void)
{
    bz_build(0x10200000);
    pe_begin();
    pe_add_text(".osrel", "ID=fuzz\n");
    pe_add_text(".cmdline", "quiet");
    pe_add_text(".initrd", "an initial file system");
    pe_add_large(".linux", bz, sizeof bz);
    use(pe_bytes, pe_size);
}

static void build_efi(void)
{
    pe_begin();
    pe_add_text(".text", "code");
    use(pe_bytes, pe_size);
}

static const struct kernel kernels[] = {
    {.name = "Lintel", .build = build_lintel, .files = MODULE},
    {.name = "Lintel, by physical addresses", .build = build_lintel_physical, .files = MODULE},
    {.name = "Lintel, a static PIE", .build = build_lintel_pie, .files = MODULE},
    {.name = "Limine, base revision 0", .build = build_limine_0, .files = MODULE},
    {.name = "Limine, base revision 3", .build = build_limine_3, .files = MODULE},
    {.name = "Limine, base revision 6", .build = build_limine_6, .files = MODULE},
    {.name = "Linux, 64-bit", .build = build_linux_64, .needs_bios = true, .files = INITRDS},
    {.name = "Linux, 32-bit", .build = build_linux_32, .needs_bios = true, .files = INITRDS},
    {.name = "Linux, real mode", .build = build_linux_real, .needs_bios = true, .files = INITRDS},
    {.name = "Linux, EFI", .build = build_linux_efi, .needs_uefi = true, .files = INITRDS},
    {.name = "Multiboot", .build = build_multiboot1, .files = MODULE | INITRDS},
    {.name = "Multiboot, flat", .build = build_multiboot1_flat, .files = MODULE | INITRDS},
    {.name = "Multiboot2", .build = build_multiboot2, .files = MODULE | INITRDS},
    {.name = "Multiboot2, flat",
     .build = build_multiboot2_flat,
     .needs_bios = true,
     .files = MODULE | INITRDS},
    {.name = "Multiboot2, boot services",
     .build = build_multiboot2_services,
     .files = MODULE | INITRDS},
    {.name = "boot sector", .build = build_sector, .needs_bios = true, .needs_disk = true},
    {.name = "UKI on BIOS", .build = build_uki, .needs_bios = true, .files = INITRDS},
    {.name = "UKI", .build = build_uki, .needs_uefi = true},
    {.name = "EFI program", .build = build_efi, .needs_uefi = true},
};

/* ---- changes --------------------------------------------------------------------------------- */

/* The checksums of Multiboot headers, which are hard to guess. */
static void mend_multiboot(void)
{
    uint8_t *at = kernel_file.bytes + MB_HEADER;
    uint32_t sum = load32(at) + load32(at + 4);

    if (kernel_file.size < MB_HEADER + 16)
        return;
    if (load32(at) == MB_MAGIC)
        store_bytes(at + 12, -(sum + load32(at + 8)), 4);
    else if (load32(at) == 0x1badb002)
        store_bytes(at + 8, -sum, 4);
}
