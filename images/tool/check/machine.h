/* The machine that a kernel is checked against: an ordinary PC, or one from a recorded memory map.
 */
#pragma once

#include "common/plan/wishes.h"
#include <stddef.h>

struct machine_wish {
    uint64_t memory_bytes;         /* of an ordinary PC */
    const char *map;               /* a file in the format of test/maps/README; NULL: none */
    enum lintel_firmware firmware; /* 0: as the map's entries tell, else BIOS */
    uint32_t lacks;                /* features that the CPU does not have */
    uint32_t physical_bits;        /* of its addresses; 0: as the map tells, else 40 */
};

/* Fills what a front end would find out. ERR_FORMAT, with file and line: the map does not follow
 * its format. ERR_UNSUPPORTED: too little memory for such a PC. The ranges are never freed.
 * From then on the loader's code gets no more memory than the machine has (host/firmware.h). */
enum err machine_make(const struct machine_wish *wish, struct facts *facts);

/* The memory that the loader holds of its own, which is free for the kernel when it begins. */
struct machine_loader {
    struct raw_range ranges[2];
    uint32_t count;
};

/* Where firmware has put it and its allocator gives it, when `taken` bytes were taken for the boot.
 */
struct machine_loader machine_loader(const struct facts *facts, uint64_t taken);

/* A screen of the wished size, or of 1024 x 768. False where the machine has memory in its place.
 */
bool machine_screen(const struct facts *facts, const struct screen_wish *wish,
                    struct lintel_framebuffer *screen);

/* Features by their names; NULL: there are no more. The first is "all" of them. */
struct cpu_feature {
    const char *name;
    uint32_t bits; /* LINTEL_CPU_... */
};
const struct cpu_feature *machine_cpu_feature(size_t index);
