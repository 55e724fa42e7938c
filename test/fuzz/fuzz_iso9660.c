/* Any bytes as an ISO 9660 volume: mount, list everything, open and read every file. The first byte
 * chooses the disk's sector size, the names, and whether the bytes are the volume itself from its
 * descriptors on, or tell which records and entries to put into a volume: a fuzzer does not guess
 * numbers that are stored in both byte orders. */
#include "test/fuzz/read_volume.h"
#include "test/unit/iso_image.h"

struct input {
    const uint8_t *next;
    size_t left;
};

static uint8_t take(struct input *input)
{
    if (!input->left)
        return 0;
    input->left--;
    return *input->next++;
}

static uint32_t take32(struct input *input)
{
    uint32_t value = take(input);

    /* Mostly small: what lies on the volume. */
    return value < 0xf0 ? value : value << 24 | take(input) << 16 | take(input) << 8 | take(input);
}

/* As many bytes as the input says and has. */
static size_t take_bytes(struct input *input, uint8_t mask, const void **bytes)
{
    size_t wanted = take(input) & mask;
    size_t count = MIN(wanted, input->left);

    *bytes = input->next;
    input->next += count;
    input->left -= count;
    return count;
}

/* Where entries go: the end of the last record, or of a continuation area. */
struct target {
    uint8_t *record;
    uint8_t *area;
};

static void add_record(struct input *input, struct target *target)
{
    static const uint32_t directories[] = {IMAGE_ROOT, IMAGE_SUB, IMAGE_MOVED, IMAGE_JOLIET_ROOT};
    uint32_t directory = directories[take(input) & 3];
    uint8_t *end = image_sector(directory);
    uint8_t flags = take(input);
    uint32_t block = take32(input), bytes = take32(input);
    const void *name;
    size_t name_bytes = take_bytes(input, 31, &name);

    while (*end)
        end += *end;
    if (end > image_sector(directory + 1) - 256)
        return;
    target->record = image_add_bytes(directory, name, name_bytes, block, bytes, flags);
    target->area = NULL;
}

static void add_entry(struct target *target, const char *signature, const void *data, size_t bytes)
{
    if (target->area) {
        if (target->area + 4 + bytes <= image_sector(IMAGE_DATA))
            target->area = image_entry(target->area, signature, data, bytes);
    } else if (target->record && target->record[0] + 4 + bytes <= UINT8_MAX) {
        image_use(target->record, signature, data, bytes);
    }
}

static void add_any_entry(struct input *input, struct target *target)
{
    static const char *const signatures[] = {"NM", "SL", "RE", "PL", "ST", "SP", "ER", "PX"};
    const char *signature = signatures[take(input) & 7];
    const void *data;
    size_t bytes = take_bytes(input, 63, &data);

    add_entry(target, signature, data, bytes);
}

static void add_numbers(struct input *input, struct target *target, const char *signature,
                        size_t bytes)
{
    uint32_t sector = take32(input), offset = take32(input) * 8;

    add_entry(target, signature, image_continuation(sector, offset, take32(input)), bytes);
}

static void build(struct input *input)
{
    struct target target = {0};

    image_begin(512u << (take(input) % 3), take(input) & 1, take(input) & 7);
    if (take(input) & 1)
        image_add_joliet();
    image_directory(IMAGE_SUB);
    image_directory(IMAGE_MOVED);
    while (input->left)
        switch (take(input) % 6) {
        case 0:
            add_record(input, &target);
            break;
        case 1:
            add_any_entry(input, &target);
            break;
        case 2:
            add_numbers(input, &target, "CE", 24);
            break;
        case 3:
            add_numbers(input, &target, "CL", 8);
            break;
        case 4:
            target.area = image_sector(IMAGE_CONTINUATION) + 8 * take(input);
            break;
        case 5: /* one wrong byte */
            image.bytes[(IMAGE_PRIMARY * 2048 + take(input) * 256u + take(input)) %
                        sizeof image.bytes] = take(input);
            break;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t choice = take(&input);

    if (choice & 1) {
        build(&input);
    } else {
        memset(image.bytes, 0, sizeof image.bytes);
        memcpy(image_sector(IMAGE_PRIMARY), input.next,
               MIN(input.left, sizeof image.bytes - IMAGE_PRIMARY * 2048));
    }
    read_volume(image.bytes, sizeof image.bytes, 512u << (choice >> 1 & 3));
    return 0;
}
