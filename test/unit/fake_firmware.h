/* A machine made of host memory: `struct facts` and `struct firmware` for tests of the core.
 *
 *     struct facts *facts = fake_begin(64 * MIB);
 *     fake_disk_in_memory(image, bytes, 512);
 *     ... call the core with facts and &fake_firmware ...
 *     fake_end();
 *
 * There is one fake machine at a time. Misuse that a real machine would punish (a verb after
 * leave(), a release of what was never reserved) ends the test with a message. */
#pragma once

#include "common/firmware.h"
#include "common/handoff/handoff.h"
#include <setjmp.h>

extern const struct firmware fake_firmware;

/* Builds a machine without disks, keys or framebuffer. `memory_bytes` > 0: that much real memory,
 * at FAKE_MEMORY_BASE and filled with FAKE_POISON, reachable by at_physical(). 0: the map is only
 * what fake_map_add() puts there, and nothing behind it exists; allocate() then serves host memory.
 */
struct facts *fake_begin(uint64_t memory_bytes);
void fake_end(void);
int fake_tear_down(void **state); /* the same, as cmocka calls it after a test */

#define FAKE_MEMORY_BASE UINT64_C(0x10000000)
#define FAKE_POISON      0xa5

/* Appends one range to what memory_map() tells, and to facts.map. */
void fake_map_add(uint64_t base, uint64_t bytes, enum lintel_memory_type type);

/* Adds a disk and returns its index in facts.disks. The bytes must outlive the machine; a last
 * incomplete sector is not there. The first disk becomes facts.origin.disk. */
uint32_t fake_disk_in_memory(const void *bytes, uint64_t size, uint32_t sector_bytes);
uint32_t fake_disk_in_file(const char *path, uint32_t sector_bytes);

/* From now on every read that touches these sectors is ERR_IO. */
void fake_break_sectors(uint32_t disk, uint64_t lba, uint64_t sectors);

/* firmware.write_sector, for a copy of fake_firmware and disks whose memory may be written to. */
enum err fake_write_sector(const struct disk *disk, uint64_t lba, const void *before,
                           const void *after);

/* Reads asked of a disk so far: for tests that count requests. */
uint64_t fake_reads(uint32_t disk);

/* Adds a file to a server that the loader came from: from the first one on it is the boot volume.
 * Path and bytes must outlive the machine. */
void fake_serve(const char *path, const void *bytes, uint64_t size);

/* From now on every fetch of the file fails halfway. */
void fake_break_file(const char *path);

/* When the file is fetched next it is another, which stays. */
void fake_change_file(const char *path, const void *bytes, uint64_t size);

/* Transfers of the file so far. */
uint64_t fake_fetches(const char *path);

/* The n-th call from now (1: the next one) of that verb fails once; 0: none. */
void fake_fail_allocate(uint64_t n);
void fake_fail_reserve(uint64_t n);
void fake_fail_leave(uint64_t n);

/* leave() yields this many ranges more than memory_map() has told. */
void fake_grow_map_at_leave(uint64_t ranges);

/* Paging levels of the loader's tables; 4 at first. */
void fake_levels(uint32_t levels);

/* The machine has a local APIC, and whoever is behind it hears what it sends; NULL: it has none. */
void fake_apic(bool x2apic, void (*heard)(uint32_t id, uint32_t command));
void fake_lock_x2apic(void);   /* in x2APIC mode */
bool fake_x2apic(void);        /* is on */
bool fake_x2apic_wished(void); /* by the newest apic_begin() */

/* What set_video() describes; NULL: ERR_UNSUPPORTED. */
#define FAKE_XRGB                                                                                  \
    .bits_per_pixel = 32, .red_shift = 16, .red_bits = 8, .green_shift = 8, .green_bits = 8,       \
    .blue_bits = 8
void fake_video(const struct video *video);
void fake_blind(bool blind); /* and nothing is there */

extern uint64_t fake_unmapped; /* from there on nothing can be read */

/* Variables, for machines that have them: verbs for a copy of fake_firmware, and a look at a value
 * of any vendor (NULL: there is none). `kept` and `writes` count for this machine only. */
enum err fake_get_variable(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes);
enum err fake_set_variable(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                           uint64_t bytes);
struct fake_variable {
    char name[40];
    uint8_t vendor[16], value[1024];
    uint64_t bytes, writes;
    bool kept;
};
const struct fake_variable *fake_variable(const char *name);

/* The ways to end, for the same. They go to FAKE_RESTARTED and FAKE_SWITCHED_OFF. */
void fake_restart(void) __attribute__((noreturn));
enum err fake_power_off(bool now);

/* Pages that allocate() gave away. */
uint64_t fake_allocated_pages(void);

/* Appends keys: characters, or one special key. */
void fake_type(const char *text);
void fake_press(enum key key);

/* All that put() got so far, as text. */
const char *fake_output(void);

/* Milliseconds that the core has waited. */
uint64_t fake_waited(void);

bool fake_left(void);               /* leave() succeeded */
uint64_t fake_reserved_pages(void); /* reserved and not released */

/* What the loader jumped to, after FAKE_HANDED_OFF; the linker puts this in the place of
 * handoff_enter(). */
uint64_t fake_handoff_root(void);
const struct handoff_state *fake_handoff(void);

/* Where give_up() goes, handoff_enter(), and wait() once FAKE_PATIENCE milliseconds
 * have passed: `switch (setjmp(fake_way_out))`. Tests of code that neither waits nor gives up need
 * not set it.
 */
extern jmp_buf fake_way_out;
enum fake_exit {
    FAKE_GAVE_UP = 1,
    FAKE_STUCK,
    FAKE_HANDED_OFF,
    FAKE_DEAD_END,
    FAKE_RESTARTED,
    FAKE_SWITCHED_OFF
};
#define FAKE_PATIENCE 3600000
