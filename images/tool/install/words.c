/* How does an installation tell of disks and sizes? */
#include "images/tool/install/words.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/progress.h"
#include <stdio.h>

void tell_disk(const struct disk_image *disk, const struct disk_tables *tables, const char *verb)
{
    static const char *const names[] = {
        [LINTEL_PARTITIONING_NONE] = "no partition table",
        [LINTEL_PARTITIONING_MBR] = "an MBR",
        [LINTEL_PARTITIONING_GPT] = "a GPT",
    };

    step_begin(NULL, 0);
    printf("%s %s (%lu MiB, %s):\n", verb, disk->path, disk->bytes / MIB,
           names[tables->partitioning]);
}

void tell_size(const struct writes *writes)
{
    uint64_t bytes = writes_bytes(writes);

    printf("  %lu KiB are written in %lu step%s.\n", (bytes + KIB - 1) / KIB, writes->count,
           text_plural(writes->count));
}
