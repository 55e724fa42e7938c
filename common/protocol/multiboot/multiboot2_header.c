/* The Multiboot2 header (Multiboot2 Specification 2.0, 3.1). */
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

#define MAGIC         0xe85250d6u
#define ARCHITECTURE  0u /* i386 */
#define FIXED_BYTES   16u
#define TAG_OPTIONAL  1u
#define TAG_END       0u
#define HIGHEST_GIVEN 21u /* information tags 1 to 21 are known */

/* One tag's contents, behind its type, flags and size. */
struct tag {
    const uint8_t *body;
    uint32_t bytes;
    bool optional;
    const char *name; /* the file's, for messages */
};

/* ---- what each tag says ---------------------------------------------------------------------- */

/* Known information that a machine does not have is left out; only what no loader of this
 * specification knows is refused (3.1.4). */
static enum err take_requests(const struct tag *tag, struct multiboot_header *header)
{
    (void)header;
    for (uint32_t at = 0; at + 4 <= tag->bytes && !tag->optional; at += 4) {
        uint32_t type = load32(tag->body + at);
        if (type == 0 || type > HIGHEST_GIVEN)
            return fail(ERR_UNSUPPORTED,
                        "%s: its Multiboot2 header requires information of type %u, which Lintel "
                        "does not know",
                        tag->name, type);
    }
    return OK;
}

static enum err take_addresses(const struct tag *tag, struct multiboot_header *header)
{
    header->has_addresses = true;
    header->header_address = load32(tag->body);
    header->load_address = load32(tag->body + 4);
    header->load_end = load32(tag->body + 8);
    header->bss_end = load32(tag->body + 12);
    return OK;
}

static enum err take_entry(const struct tag *tag, struct multiboot_header *header)
{
    header->has_entry = true;
    header->entry = load32(tag->body);
    return OK;
}

#define CONSOLE_REQUIRED 1u
#define CONSOLE_TEXT     2u

static enum err take_console(const struct tag *tag, struct multiboot_header *header)
{
    header->needs_console = load32(tag->body) & CONSOLE_REQUIRED;
    header->knows_text = load32(tag->body) & CONSOLE_TEXT;
    return OK;
}

/* The depth (at 8) is only a preference as well, and the firmware chooses it. */
static enum err take_framebuffer(const struct tag *tag, struct multiboot_header *header)
{
    header->wants_framebuffer = true;
    header->width = load32(tag->body);
    header->height = load32(tag->body + 4);
    return OK;
}

static enum err take_efi_services(const struct tag *tag, struct multiboot_header *header)
{
    (void)tag;
    header->efi_services = true;
    return OK;
}

static enum err take_efi64_entry(const struct tag *tag, struct multiboot_header *header)
{
    header->has_efi64_entry = true;
    header->efi64_entry = load32(tag->body);
    return OK;
}

static enum err take_relocation(const struct tag *tag, struct multiboot_header *header)
{
    uint32_t alignment = load32(tag->body + 8), preference = load32(tag->body + 12);

    header->relocatable = true;
    header->lowest = load32(tag->body);
    header->highest = load32(tag->body + 4);
    header->alignment = MAX(alignment, 1u);
    header->preference =
        preference <= PREFER_HIGHEST ? (enum multiboot_preference)preference : PREFER_NONE;
    if (!is_power_of_two(header->alignment))
        return fail(ERR_FORMAT,
                    "%s: the relocatable tag of its Multiboot2 header asks for an alignment of "
                    "%Xh, which is not a power of two",
                    tag->name, alignment);
    if (header->lowest > header->highest)
        return fail(ERR_FORMAT,
                    "%s: the relocatable tag of its Multiboot2 header has min_addr %Xh above "
                    "max_addr %Xh",
                    tag->name, header->lowest, header->highest);
    return OK;
}

/* Modules are always aligned to pages; a 32-bit EFI entry is for firmware that Lintel is not made
 * for. */
static enum err take_nothing(const struct tag *tag, struct multiboot_header *header)
{
    (void)tag;
    (void)header;
    return OK;
}

static const struct {
    const char *name;
    uint32_t bytes; /* of the body, at least */
    enum err (*take)(const struct tag *tag, struct multiboot_header *header);
} known[] = {
    [1] = {"information request", 0, take_requests},
    [2] = {"address", 16, take_addresses},
    [3] = {"entry address", 4, take_entry},
    [4] = {"console flags", 4, take_console},
    [5] = {"framebuffer", 12, take_framebuffer},
    [6] = {"module alignment", 0, take_nothing},
    [7] = {"EFI boot services", 0, take_efi_services},
    [8] = {"EFI i386 entry address", 4, take_nothing},
    [9] = {"EFI amd64 entry address", 4, take_efi64_entry},
    [10] = {"relocatable", 16, take_relocation},
};

static enum err take_tag(const struct tag *tag, uint32_t type, struct multiboot_header *header)
{
    if (type >= ARRAY_LENGTH(known) || !known[type].take) {
        if (tag->optional)
            return OK;
        return fail(ERR_UNSUPPORTED,
                    "%s: its Multiboot2 header has tag %u, which Lintel does not know and which "
                    "is not marked as optional",
                    tag->name, type);
    }
    if (tag->bytes < known[type].bytes)
        return fail(
            ERR_FORMAT, "%s: the %s tag (%u) of its Multiboot2 header has size %u, too short by %u",
            tag->name, known[type].name, type, tag->bytes + 8, known[type].bytes - tag->bytes);
    return known[type].take(tag, header);
}

/* ---- finding it ------------------------------------------------------------------------------ */

/* The length counts only where it is believable. */
static bool is_header(const uint8_t *at, uint64_t room)
{
    return load32(at) == MAGIC && load32(at + 8) >= FIXED_BYTES && load32(at + 8) <= room;
}

static bool has_sum(const uint8_t *at)
{
    return load32(at) + load32(at + 4) + load32(at + 8) + load32(at + 12) == 0;
}

/* A header whose sum is right, else one for our architecture whose sum is not; NULL: neither. */
static const uint8_t *find(const uint8_t *head, uint64_t bytes)
{
    const uint8_t *second_best = NULL;

    bytes = MIN(bytes, MULTIBOOT2_SEARCH_BYTES);
    for (uint64_t at = 0; at + FIXED_BYTES <= bytes; at += 8) {
        if (!is_header(head + at, bytes - at))
            continue;
        if (has_sum(head + at))
            return head + at;
        if (!second_best && load32(head + at + 4) == ARCHITECTURE)
            second_best = head + at;
    }
    return second_best;
}

bool multiboot2_recognise(const uint8_t *head, uint64_t bytes)
{
    return find(head, bytes) != NULL;
}

static enum err check_fixed(const uint8_t *at, const char *name)
{
    if (!has_sum(at))
        return fail(ERR_FORMAT,
                    "%s: the checksum of its Multiboot2 header is %Xh, but %Xh would be right",
                    name, load32(at + 12), -(load32(at) + load32(at + 4) + load32(at + 8)));
    if (load32(at + 4) != ARCHITECTURE)
        return fail(ERR_UNSUPPORTED,
                    "%s: its Multiboot2 header is for architecture %u, not for 0 (i386)", name,
                    load32(at + 4));
    return OK;
}

enum err multiboot2_parse(const uint8_t *head, uint64_t bytes, const char *name,
                          struct multiboot_header *header)
{
    const uint8_t *start = find(head, bytes);
    if (!start)
        return fail(ERR_FORMAT, "%s: no Multiboot2 header, aligned to 8 bytes, in its first 32 KiB",
                    name);
    TRY(check_fixed(start, name));
    struct multiboot_header found = {.version = 2, .offset = (uint64_t)(start - head)};
    uint32_t length = load32(start + 8);

    for (uint32_t at = FIXED_BYTES; at + 8 <= length;) {
        uint32_t type = load16(start + at), size = load32(start + at + 4);
        if (type == TAG_END)
            break;
        if (size < 8 || size > length - at)
            return fail(ERR_FORMAT,
                        "%s: tag %u at offset %u of its Multiboot2 header of %u bytes has size %u",
                        name, type, at, length, size);
        const struct tag tag = {start + at + 8, size - 8, load16(start + at + 2) & TAG_OPTIONAL,
                                name};
        TRY(take_tag(&tag, type, &found));
        at += (uint32_t)align_up(size, 8);
    }
    *header = found;
    return OK;
}
