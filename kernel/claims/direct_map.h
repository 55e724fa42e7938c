#ifndef KERNEL_DIRECT_MAP_H
#define KERNEL_DIRECT_MAP_H

#include <stdint.h>

/* Virtual address behind the last byte that the direct map may map. */
uint64_t direct_map_end(void);

#endif
