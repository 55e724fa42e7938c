/* Did what the firmware says that it read arrive? */
#include "common/storage/disk/marks.h"
#include "common/hw/cpu.h"
#include "common/lib/mem.h"

uint64_t marks_place(uint8_t *to, uint64_t bytes, uint64_t piece_bytes)
{
    uint64_t mark = cpu_tsc() * UINT64_C(0x9e3779b97f4a7c15);

    for (uint64_t end = 0; end < bytes;) {
        end = MIN(end + piece_bytes, bytes);
        memcpy(to + end - sizeof mark, &mark, sizeof mark);
    }
    return mark;
}

uint64_t marks_count(const uint8_t *to, uint64_t bytes, uint64_t piece_bytes, uint64_t mark)
{
    uint64_t begin = 0;

    while (begin < bytes) {
        uint64_t end = MIN(begin + piece_bytes, bytes);
        if (load64(to + end - sizeof mark) == mark)
            break;
        begin = end;
    }
    return begin;
}
