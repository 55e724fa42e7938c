/* The fake machine's inside, for the files that it is made of. */
#pragma once

#include "test/unit/fake_firmware.h"
#include <stdio.h>

#define DISKS     8
#define FAULTS    16
#define FILES     8
#define KEYS      1024
#define VARIABLES 32

struct backing {
    const uint8_t *memory; /* NULL: the file */
    int file;
    uint64_t bytes; /* whatever struct disk says */
    uint64_t reads;
};

struct fault { /* sectors that can't be read */
    uint32_t disk;
    uint64_t lba, sectors;
};

struct served { /* a file of the server */
    const char *path;
    const uint8_t *bytes;
    uint64_t size, fetches;
    const uint8_t *next; /* from the next fetch on; NULL: the same */
    uint64_t next_size;
    bool broken;
};

struct owned { /* pages out of the map: the loader's own, or reserved for a plan */
    uint64_t physical, pages;
    bool reserved;
    void *host; /* to free, where the map is notional */
};

struct fake_machine {
    struct facts facts;
    struct disk disks[DISKS];
    struct backing backings[DISKS];
    struct fault faults[FAULTS];
    uint32_t fault_count;
    struct disk server;
    struct served files[FILES];
    uint32_t file_count;
    void *memory;
    uint64_t memory_bytes, allocate_from;
    struct raw_range *told, *told_busy; /* copies handed out: stale use shows under ASan */
    struct owned *owned;
    uint64_t owned_count;
    uint64_t fail_allocate, fail_reserve, fail_leave;
    struct video video;
    bool has_video, is_blind;
    struct fake_variable variables[VARIABLES];
    enum key keys[KEYS];
    uint32_t keys_typed, keys_read;
    uint64_t last_key; /* when it came, as `waited` */
    char *output;
    size_t output_bytes;
    FILE *screen;
    uint64_t waited;
    uint32_t levels;
    uint64_t handoff_root;
    const struct handoff_state *handoff;
    uint64_t grow_at_leave;
    bool x2apic, x2apic_wished, x2apic_locked;
    void (*heard)(uint32_t id, uint32_t command);
    bool begun, left;
};

extern struct fake_machine machine;

/* Misuse ends the test. */
void must(bool holds, const char *what);
void must_be_there(void);

static inline bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a_size && b_size && (a < b ? b - a < a_size : a - b < b_size);
}

/* Verbs (fake_devices.c). */
enum err fake_read(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to);
enum err fake_fetch_size(const char *path, uint64_t *bytes);
enum err fake_fetch(const char *path, uint64_t bytes, void *to);
void fake_put(char c);
enum key fake_key(bool marked);
void fake_wait(uint32_t milliseconds);
enum err fake_set_video(uint32_t width, uint32_t height, struct video *video);
void fake_set_text(void);
