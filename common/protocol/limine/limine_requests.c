/* Finding and checking what a kernel asks for. */
#include "common/format/elf_parts.h"
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"

#define TAG_BYTES     24
#define REQUESTS_MAX  128 /* of any kind; the protocol has fewer than 40 features */
#define SECTION_NAME  ".limine_reqs"
#define REQUEST_BYTES sizeof(struct limine_request)

static const uint64_t tag_magic[] = {UINT64_C(0xf9562b2d5c95a6c8), UINT64_C(0x6a7b384944536bdc)};
static const uint64_t start_marker[] = {UINT64_C(0xf6b8f4b39de7d1ae), UINT64_C(0xfab91a6940fcb9cf),
                                        UINT64_C(0x785c6ed015d3e316), UINT64_C(0x181e920a7852b9d9)};
static const uint64_t end_marker[] = {UINT64_C(0xadc0e0531bb10d03), UINT64_C(0x9572709f31764c62)};

static const uint64_t common[] = {UINT64_C(0xc7b1dd30df4c8b88), UINT64_C(0x0a82e883a194f07b)};

/* The second half of a request's ID, and the bytes of the whole request in revision 0. */
static const struct feature {
    uint64_t id[2];
    uint32_t bytes;
    const char *name;
} features[LIMINE_FEATURES] = {
    [LIMINE_BOOTLOADER_INFO] = {{0xf55038d8e2a1202f, 0x279426fcf5f59740}, 48, "bootloader info"},
    [LIMINE_COMMAND_LINE] = {{0x4b161536e598651e, 0xb390ad4a2f1f303a}, 48, "command line"},
    [LIMINE_FIRMWARE_TYPE] = {{0x8c2f75d90bef28a8, 0x7045a4688eac00c3}, 48, "firmware type"},
    [LIMINE_STACK_SIZE] = {{0x224ef0460a8e8926, 0xe1cb0fc25f46ea3d}, 56, "stack size"},
    [LIMINE_HHDM] = {{0x48dcf1cb8ad2b852, 0x63984e959a98244b}, 48, "direct map"},
    [LIMINE_FRAMEBUFFER] = {{0x9d5827dcd881dd75, 0xa3148604f6fab11b}, 48, "framebuffer"},
    [LIMINE_PAGING_MODE] = {{0x95c1a0edab0944cb, 0xa4e5cb3842f7488a}, 56, "paging mode"},
    [LIMINE_MP] = {{0x95a67b819a1b857e, 0xa0b61b723b6a73e0}, 56, "multiprocessor"},
    [LIMINE_MEMORY_MAP] = {{0x67cf3d9d378a806f, 0xe304acdfc50c3c62}, 48, "memory map"},
    [LIMINE_ENTRY_POINT] = {{0x13d86c035a1cd3e1, 0x2b0caa89d8f3026a}, 56, "entry point"},
    [LIMINE_EXECUTABLE_FILE] = {{0xad97e90e83f1ed67, 0x31eb5d1c5ff23b69}, 48, "executable file"},
    [LIMINE_MODULES] = {{0x3e7e279702be32af, 0xca1c4f3bd1280cee}, 48, "module"},
    [LIMINE_RSDP] = {{0xc5e77b6b397e7b43, 0x27637845accdcf3c}, 48, "RSDP"},
    [LIMINE_SMBIOS] = {{0x9e9046f11e095391, 0xaa4a520fefbde5ee}, 48, "SMBIOS"},
    [LIMINE_EFI_SYSTEM_TABLE] = {{0x5ceba5163eaaf6d6, 0x0a6981610cf65fcc}, 48, "EFI system table"},
    [LIMINE_EFI_MEMORY_MAP] = {{0x7df62a431d6872d5, 0xa4fcdfb3e57306c8}, 48, "EFI memory map"},
    [LIMINE_EVENT_LOG] = {{0x98e094fc7e76e979, 0xee8d8775c54e1d1f}, 48, "TPM event log"},
    [LIMINE_DATE] = {{0x502746e184c088aa, 0xfbc5ec83e6327893}, 48, "date at boot"},
    [LIMINE_EXECUTABLE_ADDRESS] = {{0x71ba76863cc55f63, 0xb2644a48c516a487}, 48, "kernel address"},
    [LIMINE_PERFORMANCE] = {{0x6b50ad9bf36d13ad, 0xdc4c7e88fc759e17}, 48, "performance"},
    [LIMINE_KEEP_IOMMU] = {{0x8ebaabe51f490179, 0x2aa86a59ffb4ab0f}, 48, "keep IOMMU"},
    [LIMINE_TSC_FREQUENCY] = {{0x10f2ee1d87d195e4, 0xf747a2b78f6ddb31}, 48, "TSC frequency"},
    [LIMINE_ENTROPY] = {{0x65ea80255d5682c5, 0x9117240723f493eb}, 56, "entropy"},
};

/* ---- the image ------------------------------------------------------------------------------- */

static uint64_t image_bytes(const struct limine_image *image)
{
    return image->elf->end - image->elf->first;
}

const void *limine_at(const struct limine_image *image, uint64_t address, uint64_t bytes)
{
    uint64_t offset = address - image->elf->first;
    if (address < image->elf->first || offset > image_bytes(image) ||
        bytes > image_bytes(image) - offset)
        return NULL;
    return image->bytes + offset;
}

static bool matches(const struct limine_image *image, uint64_t offset, uint64_t end,
                    const uint64_t *words, uint64_t count)
{
    return end - offset >= count * sizeof *words &&
           *(const uint64_t *)(image->bytes + offset) == *words &&
           memcmp(image->bytes + offset, words, count * sizeof *words) == 0;
}

bool limine_is_magic(const uint8_t *bytes)
{
    return memcmp(bytes, common, sizeof common) == 0 ||
           memcmp(bytes, tag_magic, sizeof tag_magic) == 0;
}

/* ---- where to look --------------------------------------------------------------------------- */

struct bounds {
    uint64_t first, end; /* offsets */
};

/* Between the last start marker and the first end marker behind it. */
static struct bounds find_bounds(const struct limine_image *image)
{
    struct bounds bounds = {0, image_bytes(image)};
    uint64_t end = bounds.end;

    for (uint64_t at = 0; at < end; at += 8)
        if (matches(image, at, end, start_marker, ARRAY_LENGTH(start_marker)))
            bounds.first = at + sizeof start_marker;
    for (uint64_t at = bounds.first; at < end; at += 8)
        if (matches(image, at, end, end_marker, ARRAY_LENGTH(end_marker))) {
            bounds.end = at;
            break;
        }
    return bounds;
}

static enum err find_tag(struct limine_image *image, struct bounds bounds)
{
    const char *name = image->elf->reader->name;

    image->tag = LIMINE_NONE;
    image->base_revision = 0;
    for (uint64_t at = bounds.first; at < bounds.end && image->tag == LIMINE_NONE; at += 8)
        if (bounds.end - at >= TAG_BYTES &&
            matches(image, at, bounds.end, tag_magic, ARRAY_LENGTH(tag_magic)))
            image->tag = at;
    if (image->tag == LIMINE_NONE)
        return OK;
    image->base_revision = load64(image->bytes + image->tag + 16);
    if (image->base_revision > LIMINE_REVISION_MAX)
        return fail(ERR_UNSUPPORTED,
                    "%s: wants base revision %lu of the Limine protocol; Lintel knows 0 to %u",
                    name, image->base_revision, LIMINE_REVISION_MAX);
    return OK;
}

/* ---- requests -------------------------------------------------------------------------------- */

struct seen { /* requests of all kinds: none may be there twice */
    uint64_t ids[REQUESTS_MAX][2];
    uint32_t count;
};

static const struct feature *feature_of(const uint64_t id[2])
{
    for (size_t i = 0; i < LIMINE_FEATURES; i++)
        if (memcmp(features[i].id, id, sizeof features[i].id) == 0)
            return &features[i];
    return NULL;
}

static enum err remember(const struct limine_image *image, struct seen *seen, const uint64_t id[2])
{
    const char *name = image->elf->reader->name;
    const struct feature *feature = feature_of(id);

    for (uint32_t i = 0; i < seen->count; i++)
        if (memcmp(seen->ids[i], id, sizeof seen->ids[i]) == 0)
            return fail(ERR_FORMAT, "%s: two Limine requests with the same ID %lX %lX (%s)", name,
                        id[0], id[1],
                        feature ? feature->name : "a feature that Lintel does not know");
    if (seen->count == REQUESTS_MAX)
        return fail(ERR_UNSUPPORTED, "%s: has more than %u Limine requests", name, REQUESTS_MAX);
    memcpy(seen->ids[seen->count++], id, sizeof seen->ids[0]);
    return OK;
}

static enum err take_request(struct limine_image *image, struct seen *seen, uint64_t at)
{
    uint64_t id[2];
    memcpy(id, image->bytes + at + 16, sizeof id);
    TRY(remember(image, seen, id));
    const struct feature *feature = feature_of(id);
    if (!feature)
        return OK;
    if (image_bytes(image) - at < feature->bytes)
        return fail(ERR_FORMAT, "%s: the Limine request at %lXh (%s) passes the end of the image",
                    image->elf->reader->name, image->elf->first + at, feature->name);
    image->requests[feature - features] = at;
    return OK;
}

static bool is_request(const struct limine_image *image, uint64_t at, uint64_t end)
{
    return end - at >= REQUEST_BYTES && matches(image, at, end, common, ARRAY_LENGTH(common));
}

static enum err scan(struct limine_image *image, struct bounds bounds)
{
    struct seen seen = {.count = 0};
    for (uint64_t at = bounds.first; at < bounds.end; at += 8)
        if (is_request(image, at, bounds.end))
            TRY(take_request(image, &seen, at));
    return OK;
}

/* ---- base revision 0: a section with a list of requests -------------------------------------- */

static const struct elf_section *section_at(const struct limine_image *image, uint32_t index)
{
    const struct elf_header *header = (const void *)image->file;
    uint64_t offset, end;
    if (index >= header->e_shnum || header->e_shentsize != sizeof(struct elf_section) ||
        header->e_shoff % 8 ||
        add_wraps(header->e_shoff, index * sizeof(struct elf_section), &offset) ||
        add_wraps(offset, sizeof(struct elf_section), &end) || end > image->elf->reader->bytes)
        return NULL;
    return (const void *)(image->file + offset);
}

static bool has_name(const struct limine_image *image, const struct elf_section *section)
{
    const struct elf_header *header = (const void *)image->file;
    const struct elf_section *names = section_at(image, header->e_shstrndx);
    uint64_t offset, end;
    return names && !add_wraps(names->sh_offset, section->sh_name, &offset) &&
           !add_wraps(offset, sizeof SECTION_NAME, &end) && end <= image->elf->reader->bytes &&
           memcmp(image->file + offset, SECTION_NAME, sizeof SECTION_NAME) == 0;
}

static const struct elf_section *find_section(const struct limine_image *image)
{
    const struct elf_section *section;
    for (uint32_t i = 0; (section = section_at(image, i)); i++)
        if (has_name(image, section))
            return section;
    return NULL;
}

static enum err refuse_pointer(const struct limine_image *image, const char *what, uint64_t address)
{
    return fail(ERR_FORMAT, "%s: %s points to %lXh, where the image has no such thing",
                image->elf->reader->name, what, address);
}

static enum err read_list(struct limine_image *image, const struct elf_section *section)
{
    struct seen seen = {.count = 0};
    uint64_t count = section->sh_size / 8;
    const uint8_t *list = limine_at(image, section->sh_addr, section->sh_size);
    if (!list)
        return refuse_pointer(image, "the section " SECTION_NAME, section->sh_addr);
    for (uint64_t i = 0; i < count && load64(list + 8 * i); i++) {
        uint64_t address = load64(list + 8 * i);
        const uint8_t *request = limine_at(image, address, REQUEST_BYTES);
        if (!request || address % 8 ||
            !is_request(image, (uint64_t)(request - image->bytes), image_bytes(image)))
            return refuse_pointer(image, "the list of requests in " SECTION_NAME, address);
        TRY(take_request(image, &seen, (uint64_t)(request - image->bytes)));
    }
    return OK;
}

enum err limine_find(struct limine_image *image)
{
    struct bounds bounds = find_bounds(image);
    const struct elf_section *section;

    for (size_t i = 0; i < LIMINE_FEATURES; i++)
        image->requests[i] = LIMINE_NONE;
    TRY(find_tag(image, bounds));
    if (image->base_revision == 0 && (section = find_section(image)))
        return read_list(image, section);
    return scan(image, bounds);
}

uint64_t limine_member(const struct limine_image *image, enum limine_feature feature,
                       uint64_t offset)
{
    return load64(image->bytes + image->requests[feature] + offset);
}
