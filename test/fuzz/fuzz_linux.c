/* Any bytes as a bzImage: what is accepted keeps its promises. Half of them get the magic, which is
 * hard to guess. */
#include "common/lib/mem.h"
#include "common/protocol/linux/linux_image.h"
#include <stdlib.h>

#define MAGIC_AT 0x202

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[64 * KIB];
    size = MIN(size, sizeof bytes);
    memcpy(bytes, data, size);
    if (size > MAGIC_AT + 4 && bytes[0] & 1)
        memcpy(bytes + MAGIC_AT, "HdrS", 4);
    const struct reader reader = reader_from_memory("fuzz", bytes, size);
    struct linux_image image;

    if (linux_image_parse(&reader, &image) != OK)
        return 0;
    must(image.version >= 0x203);
    must(image.payload_bytes && image.setup_bytes + image.payload_bytes <= size);
    must(image.memory_bytes >= image.payload_bytes);
    must(image.address + image.memory_bytes > image.address);
    must(!image.relocatable || is_power_of_two(image.alignment));
    must(image.entry != LINUX_ENTRY_32 || image.start < image.payload_bytes);
    must(image.options_most <= 64 * KIB);
    return 0;
}
