/* A small kernel of each protocol, for the attempt's scene: each becomes the file "kernel", with
 * another file beside it where the protocol takes such. */
#pragma once

#include "test/unit/attempt_scene.h"
#include "test/unit/bzimage.h"
#include "test/unit/elf_builder.h"
#include "test/unit/multiboot_builder.h"
#include "test/unit/pe_image.h"

struct kernel_file {
    const char *name;
    void (*add)(void);
};

static inline struct entry_file *add_second_file(void)
{
    static const char bytes[100 * 1000] = "file";
    static struct entry_file file = {.path = "file", .argument = ""};

    scene_add("file", bytes, sizeof bytes);
    return &file;
}

/* All of them ask for a framebuffer, where they can. */
static inline void add_lintel(void)
{
    struct built_note *note;

    build_kernel(ET_EXEC, BUILT_LINK);
    note = (struct built_note *)(built.bytes + built.size - sizeof *note);
    note->request.flags = LINTEL_REQUEST_FRAMEBUFFER;
    scene_add("kernel", built.bytes, built.size);
    scene.entry.modules = add_second_file();
}

/* The tag of its base revision, and requests for what is as long as the machine is large. */
static inline void add_limine_of(uint64_t revision)
{
    static const uint64_t requests[][2] = {
        {0x9d5827dcd881dd75, 0xa3148604f6fab11b}, /* framebuffer */
        {0x67cf3d9d378a806f, 0xe304acdfc50c3c62}, /* memory map */
        {0x7df62a431d6872d5, 0xa4fcdfb3e57306c8}, /* EFI memory map */
        {0x3e7e279702be32af, 0xca1c4f3bd1280cee}, /* modules */
        {0xad97e90e83f1ed67, 0x31eb5d1c5ff23b69}, /* executable file */
        {0x6b50ad9bf36d13ad, 0xdc4c7e88fc759e17}, /* performance */
    };
    uint64_t data[4 + 8 * ARRAY_LENGTH(requests)] = {0xf9562b2d5c95a6c8, 0x6a7b384944536bdc,
                                                     revision};

    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
        const uint64_t id[] = {0xc7b1dd30df4c8b88, 0x0a82e883a194f07b, requests[i][0],
                               requests[i][1]};
        memcpy(&data[4 + 8 * i], id, sizeof id);
    }
    build_begin(ET_EXEC);
    build_program(PT_LOAD, PF_X, BUILT_LINK, "code", 4, 64);
    build_program(PT_LOAD, PF_W, BUILT_LINK + 0x1000, data, sizeof data, 2 * PAGE_BYTES);
    built.header->e_entry = BUILT_LINK;
    scene_add("kernel", built.bytes, built.size);
    scene.entry.modules = add_second_file();
}

static inline void add_old_limine(void)
{
    add_limine_of(0);
}

static inline void add_limine(void)
{
    add_limine_of(6);
}

static inline void add_multiboot2(void)
{
    mb_elf32();
    MB_TAG(5, 0, 1024, 768, 32); /* a framebuffer */
    scene_add("kernel", mb.bytes, mb.size);
    scene.entry.modules = add_second_file();
}

static inline void add_multiboot1(void)
{
    add_multiboot2();
    mb_put(MB_HEADER, 0x1badb002, 4);
    mb_put(MB_HEADER + 4, 3, 4);
    mb_put(MB_HEADER + 8, -(0x1badb002u + 3), 4);
}

static inline void add_linux(void)
{
    bz_build(FAKE_MEMORY_BASE + 4 * MIB);
    scene_add("kernel", bz, BZ_BYTES);
    scene.entry.initrds = add_second_file();
    scene.entry.options = "vga=791";
}

/* In 32-bit mode, and only at its own address. */
static inline void add_old_linux(void)
{
    add_linux();
    bz_put(0x234, 0, 1);
    bz_put(0x236, 0, 2);
}

static inline void add_uki(void)
{
    pe_begin();
    bz_build(FAKE_MEMORY_BASE + 4 * MIB);
    pe_add(".linux", bz, BZ_BYTES);
    pe_add_text(".initrd", "initrd");
    scene_add("kernel", pe_bytes, pe_size);
}

/* Its place is the BIOS's own until it leaves. */
static inline void add_sector(void)
{
    static const uint8_t sector[512] = {[510] = 0x55, 0xaa};

    fake_map_add(0, 640 * KIB, LINTEL_MEMORY_RECLAIMABLE);
    scene_add("kernel", sector, sizeof sector);
}

static inline enum err return_at_once(const struct program *program)
{
    assert_ptr_not_equal(NULL, program->image);
    return OK;
}

static inline void add_program(void)
{
    scene.machine.facts->firmware = LINTEL_FIRMWARE_UEFI;
    scene.firmware.start = return_at_once;
    pe_begin();
    pe_add_text(".text", "code");
    scene_add("kernel", pe_bytes, pe_size);
}

static const struct kernel_file kernel_files[] = {
    {"Lintel", add_lintel},
    {"Limine, base revision 0", add_old_limine},
    {"Limine, base revision 6", add_limine},
    {"Multiboot", add_multiboot1},
    {"Multiboot2", add_multiboot2},
    {"Linux", add_linux},
    {"Linux, 32-bit", add_old_linux},
    {"a unified kernel image", add_uki},
    {"a boot sector", add_sector},
    {"an EFI program", add_program},
};
