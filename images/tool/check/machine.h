/* The machine that a kernel is checked against: an ordinary PC, or one from a recorded memory map.
 */
#ifndef LINTEL_TOOL_CHECK_MACHINE_H
#define LINTEL_TOOL_CHECK_MACHINE_H

#include "common/plan/wishes.h"

struct machine_wish {
    uint64_t memory_bytes;         /* of an ordinary PC */
    const char *map;               /* a file in the format of test/maps/README; NULL: none */
    enum lintel_firmware firmware; /* 0: as the map's entries tell, else BIOS */
    const char *cpu;               /* see machine_parse_cpu(); NULL: all features */
};

/* Fills what a front end would find out. ERR_FORMAT, with file and line: the map does not follow
 * its format. ERR_UNSUPPORTED: too little memory for such a PC. The ranges are never freed.
 * From then on the loader's code gets no more memory than the machine has (host/firmware.h). */
enum err machine_make(const struct machine_wish *wish, struct facts *facts);

/* The memory that the loader holds of its own while it plans: where firmware's allocator gives it.
 * No bytes where there is no room. */
struct raw_range machine_loader(const struct facts *facts);

/* A screen of the wished size, or of 1024 x 768. False where the machine has memory in its place.
 */
bool machine_screen(const struct facts *facts, const struct screen_wish *wish,
                    struct lintel_framebuffer *screen);

/* Names of features with commas between: the CPU has these. Where the first one begins with "-" it
 * has all but these. `bits=N`: of its physical addresses. ERR_FORMAT names what is unknown. */
enum err machine_parse_cpu(const char *list, struct lintel_cpu *cpu);

/* The features of a CPU, by the names that machine_parse_cpu() knows; to be freed. */
char *machine_cpu_text(const struct lintel_cpu *cpu);

#endif
