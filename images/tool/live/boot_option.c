/* What does an entry of the firmware's boot menu say? */
#include "images/tool/live/boot_option.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include <string.h>

#define ACTIVE       1u
#define HEADER_BYTES 6 /* attributes, and how long the device path is */

/* Nodes of a device path (UEFI 2.10, 10.3): type, sub-type, and length. */
#define NODE_BYTES  4
#define MEDIA       4
#define HARD_DRIVE  1
#define FILE_PATH   4
#define END         0x7f
#define END_ALL     0xff
#define DRIVE_BYTES 42
#define FORMAT_MBR  1
#define FORMAT_GPT  2
#define SIGNED_DISK 1 /* by an MBR's signature */
#define SIGNED_GUID 2
#define UNITS_MAX   (BOOT_OPTION_TEXT / 3)

/* ---- reading --------------------------------------------------------------------------------- */

/* Reads UTF-16 up to its 0, as much of it as there is room for. Returns its bytes with the 0; 0:
 * there is none. */
static uint64_t read_text(const uint8_t *from, uint64_t bytes, char text[BOOT_OPTION_TEXT])
{
    uint16_t units[UNITS_MAX - 1];
    uint32_t length = 0;

    for (uint64_t at = 0; at + 2 <= bytes; at += 2) {
        uint16_t unit = load16(from + at);
        if (!unit) {
            utf8_from_utf16(units, length, text);
            return at + 2;
        }
        if (length < ARRAY_LENGTH(units))
            units[length++] = unit;
    }
    return 0;
}

static void take_drive(const uint8_t *node, struct boot_option *option)
{
    option->number = load32(node + 4);
    option->first_lba = load64(node + 8);
    option->sectors = load64(node + 16);
    memcpy(option->signature, node + 24, sizeof option->signature);
    option->gpt = node[40] == FORMAT_GPT;
}

/* Some firmwares leave the 0 out. */
static void take_path(const uint8_t *node, uint32_t bytes, struct boot_option *option)
{
    uint8_t text[2 * UNITS_MAX] = {0};
    uint64_t units = MIN(bytes - NODE_BYTES, sizeof text - 2);

    memcpy(text, node + NODE_BYTES, units);
    read_text(text, sizeof text, option->path);
}

static enum err parse_path(const uint8_t *path, uint32_t bytes, struct boot_option *option)
{
    while (bytes >= NODE_BYTES && path[0] != END) {
        uint32_t length = load16(path + 2);
        if (length < NODE_BYTES || length > bytes)
            return fail(ERR_FORMAT, "a node of %u bytes in a device path with %u left", length,
                        bytes);
        if (path[0] == MEDIA && path[1] == HARD_DRIVE && length >= DRIVE_BYTES)
            take_drive(path, option);
        if (path[0] == MEDIA && path[1] == FILE_PATH)
            take_path(path, length, option);
        path += length;
        bytes -= length;
    }
    return bytes >= NODE_BYTES ? OK : fail(ERR_FORMAT, "a device path without an end");
}

enum err boot_option_parse(const uint8_t *bytes, uint64_t size, struct boot_option *option)
{
    *option = (struct boot_option){0};
    if (size < HEADER_BYTES)
        return fail(ERR_FORMAT, "%lu bytes are no load option", size);
    option->active = load32(bytes) & ACTIVE;
    uint32_t path_bytes = load16(bytes + 4);
    uint64_t text = read_text(bytes + HEADER_BYTES, size - HEADER_BYTES, option->description);
    if (!text || path_bytes > size - HEADER_BYTES - text)
        return fail(ERR_FORMAT, "a load option of %lu bytes has no room for its %s", size,
                    text ? "device path" : "description");
    return parse_path(bytes + HEADER_BYTES + text, path_bytes, option);
}

bool boot_option_is_same_place(const struct boot_option *option, const struct boot_option *other)
{
    return option->number && option->number == other->number &&
           option->first_lba == other->first_lba && option->sectors == other->sectors &&
           option->gpt == other->gpt &&
           memcmp(option->signature, other->signature, sizeof option->signature) == 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *to, uint64_t value, size_t bytes)
{
    memcpy(to, &value, bytes);
    return to + bytes;
}

static uint8_t *put_node(uint8_t *to, uint8_t type, uint8_t sub_type, uint64_t bytes)
{
    return put(put(put(to, type, 1), sub_type, 1), bytes, 2);
}

static uint8_t *put_text(uint8_t *to, const uint16_t *units, uint64_t count)
{
    memcpy(to, units, 2 * count);
    return to + 2 * count;
}

static uint8_t *put_drive(uint8_t *to, const struct boot_option *option)
{
    to = put_node(to, MEDIA, HARD_DRIVE, DRIVE_BYTES);
    to = put(put(put(to, option->number, 4), option->first_lba, 8), option->sectors, 8);
    memcpy(to, option->signature, sizeof option->signature);
    to = put(to + sizeof option->signature, option->gpt ? FORMAT_GPT : FORMAT_MBR, 1);
    return put(to, option->gpt ? SIGNED_GUID : SIGNED_DISK, 1);
}

enum err boot_option_write(const struct boot_option *option, uint8_t to[BOOT_OPTION_BYTES],
                           uint64_t *size)
{
    uint16_t description[BOOT_OPTION_TEXT], path[BOOT_OPTION_TEXT];
    uint64_t description_units = utf8_to_utf16(option->description, description) + 1,
             path_units = utf8_to_utf16(option->path, path) + 1;
    uint8_t *next = to;

    if (description_units + path_units > BOOT_OPTION_BYTES / 2 - 64)
        return fail(ERR_UNSUPPORTED, "%s: is too long for the firmware's boot menu", option->path);
    next = put(next, option->active ? ACTIVE : 0, 4);
    next = put(next, DRIVE_BYTES + NODE_BYTES + 2 * path_units + NODE_BYTES, 2);
    next = put_text(next, description, description_units);
    next = put_drive(next, option);
    next = put_node(next, MEDIA, FILE_PATH, NODE_BYTES + 2 * path_units);
    next = put_text(next, path, path_units);
    next = put_node(next, END, END_ALL, NODE_BYTES);
    *size = (uint64_t)(next - to);
    return OK;
}
