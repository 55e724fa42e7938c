/* What both tests of Multiboot information begin with: a small machine, and all that a kernel may
 * be told of. */
#pragma once

#include "test/unit/fake_firmware.h"
#include "test/unit/multiboot_builder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MAP_ROOM    64
#define BLOCK       (FAKE_MEMORY_BASE + MIB) /* where the information lies */
#define BLOCK_BYTES (64 * KIB)

static struct facts *facts;
static struct multiboot_info info;
static struct memmap_range ranges[MAP_ROOM];
static struct memmap scratch;
static struct multiboot_range told[MAP_ROOM];
static struct disk disk;
static struct volume volume;
static struct arena arena;
static uint8_t *const buffer = (uint8_t *)(uintptr_t)BLOCK;

static const struct multiboot_module modules[] = {{0x100000, 0x100005, "first words"},
                                                  {0x200000, 0x200000, ""}};
static struct vbe vbe = {.mode = 0x4118, .interface_segment = 0xc000, .interface_bytes = 7};
static const struct video video = {
    .fb = {.base_physical = 0xfd000000,
           .width = 1024,
           .height = 768,
           .pitch = 4096,
           .bits_per_pixel = 32,
           .red_shift = 16,
           .red_bits = 8,
           .green_shift = 8,
           .green_bits = 7,
           .blue_shift = 1,
           .blue_bits = 6},
    .vbe = &vbe,
};
static const struct apm apm = {.version = 0x102,
                               .flags = 3,
                               .code32_segment = 0xf000,
                               .code16_segment = 0xf001,
                               .data_segment = 0xf002,
                               .code32_bytes = 4,
                               .code16_bytes = 5,
                               .data_bytes = 6,
                               .entry = 0x12345678};
static uint8_t headers[80] = "section headers";

static inline int begin(void **state)
{
    (void)state;
    facts = fake_begin(2 * MIB);
    facts->map.count = 0; /* only what a test adds */
    arena_begin(&arena, fake_firmware.allocate);
    scratch = (struct memmap){ranges, 0, MAP_ROOM};
    disk = (struct disk){.handle = 0x81, .medium = LINTEL_MEDIUM_DISK, .sector_bytes = 512};
    volume = (struct volume){.disk = &disk, .number = 3};
    info = (struct multiboot_info){
        .facts = facts, .volume = &volume, .options = "a b", .map = {told, 0, MAP_ROOM, 0, 0}};
    return 0;
}

typedef enum err build_information(const struct multiboot_info *info, struct buffer *buffer,
                                   void **out);

static inline uint64_t count_bytes(build_information *build)
{
    struct buffer counting = buffer_counting(&arena);
    void *information;
    assert_int_equal(OK, build(&info, &counting, &information));
    return counting.next;
}

static inline enum err build_in(build_information *build, uint64_t room)
{
    struct buffer to = buffer_at(BLOCK, room, 0);
    void *information;
    memset(buffer, FAKE_POISON, BLOCK_BYTES);
    enum err err = build(&info, &to, &information);
    assert_int_equal(FAKE_POISON, buffer[room]);
    if (err == OK)
        assert_ptr_equal(buffer, information);
    return err;
}

/* In as many bytes as it counted. */
static inline void build_all(build_information *build)
{
    uint64_t bytes = count_bytes(build);
    assert_true(bytes < BLOCK_BYTES);
    if (build_in(build, bytes) != OK)
        fail_msg("%s", err_message());
}

/* However little room there is, nothing is written behind it. */
static inline void refuse_less_room(build_information *build)
{
    uint64_t bytes = count_bytes(build);
    for (uint64_t room = 0; room < bytes; room++)
        assert_int_equal(ERR_BUG, build_in(build, room));
    assert_int_equal(OK, build_in(build, bytes));
}

static inline void make_map(void)
{
    info.raw = facts->map;
    assert_int_equal(OK, multiboot_make_map(&info, &scratch));
}

static inline void add_pc(void)
{
    fake_map_add(0, 0x9fc00, LINTEL_MEMORY_USABLE);
    fake_map_add(0xf0000, 0x10000, LINTEL_MEMORY_RESERVED);
    fake_map_add(MIB, 15 * MIB, LINTEL_MEMORY_USABLE);
}
