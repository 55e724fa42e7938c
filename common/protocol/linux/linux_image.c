/* What does a bzImage say of itself, and does it say the truth? */
#include "common/protocol/linux/linux_image.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

/* Offsets in the file. */
#define PE_OFFSET          0x3cu
#define SETUP_SECTS        0x1f1u
#define SYSSIZE            0x1f4u
#define JUMP_BYTES         0x201u /* the jump over the header says where that ends */
#define MAGIC              0x202u
#define VERSION            0x206u
#define INITRD_ADDR_MAX    0x22cu
#define KERNEL_ALIGNMENT   0x230u
#define RELOCATABLE_KERNEL 0x234u
#define XLOADFLAGS         0x236u
#define CMDLINE_SIZE       0x238u
#define PAYLOAD_OFFSET     0x248u
#define PAYLOAD_LENGTH     0x24cu
#define PREF_ADDRESS       0x258u
#define INIT_SIZE          0x260u

#define VERSION_LEAST       0x203u
#define VERSION_RELOCATABLE 0x205u
#define VERSION_CMDLINE     0x206u
#define VERSION_32_BIT      0x207u /* from here on a loader may do what the real-mode part does */
#define VERSION_PAYLOAD     0x208u
#define VERSION_INIT_SIZE   0x20au
#define VERSION_XLOADFLAGS  0x20cu

#define XLOADFLAGS_KERNEL_64  0x1u
#define XLOADFLAGS_ABOVE_4GIB 0x2u

#define PARAGRAPH_BYTES     16u
#define HIGH_ADDRESS        0x100000u
#define LOW_ADDRESS         0x10000u /* of a zImage */
#define OLD_OPTIONS_MOST    255u
#define OLD_INITRD_LAST     0x37ffffffu
#define DEFAULT_SETUP_SECTS 4u
#define SETUP_SECTS_MOST    64u

/* A kernel from before init_size unpacks itself into memory behind it. */
#define OLD_GROWTH 4u

static uint32_t field8(const struct linux_image *image, uint32_t offset)
{
    return image->header[offset];
}

static uint32_t field16(const struct linux_image *image, uint32_t offset)
{
    return load16(image->header + offset);
}

static uint32_t field32(const struct linux_image *image, uint32_t offset)
{
    return load32(image->header + offset);
}

/* Fields behind the header's end are not there, whatever the file has in their place. */
static enum err read_header(const struct reader *reader, struct linux_image *image)
{
    if (reader->bytes < LINUX_HEADER_END)
        return fail(ERR_FORMAT, "%s: no Linux kernel: it ends at byte %lu", reader->name,
                    reader->bytes);
    TRY(reader_read(reader, 0, LINUX_HEADER_END, image->header));
    if (memcmp(image->header + MAGIC, "HdrS", 4) != 0)
        return fail(ERR_FORMAT,
                    "%s: no Linux kernel that a boot loader can start: there is no "
                    "\"HdrS\" at 202h",
                    reader->name);
    image->version = field16(image, VERSION);
    if (image->version < VERSION_LEAST)
        return fail(ERR_UNSUPPORTED,
                    "%s: speaks version %u.%02u of the Linux boot protocol, and Lintel needs 2.03 "
                    "or later",
                    reader->name, image->version >> 8, image->version & 0xff);
    uint32_t end = MIN(MAGIC + field8(image, JUMP_BYTES), LINUX_HEADER_END);
    if (end < INITRD_ADDR_MAX + 4)
        return fail(ERR_FORMAT, "%s: its setup header ends at %Xh, before its fields do",
                    reader->name, end);
    memset(image->header + end, 0, LINUX_HEADER_END - end);
    return OK;
}

/* The real-mode part and the rest. syssize counts 16 bytes and is rounded up; before 2.04 it had 16
 * bits, and memdisk leaves it 0. */
static enum err find_parts(const struct reader *reader, struct linux_image *image)
{
    uint32_t sectors = field8(image, SETUP_SECTS);

    image->setup_bytes = ((sectors ? sectors : DEFAULT_SETUP_SECTS) + 1) * LINUX_SECTOR_BYTES;
    if (image->setup_bytes >= reader->bytes)
        return fail(ERR_FORMAT,
                    "%s: its header says that the kernel follows %u sector%s of real-mode code "
                    "(setup_sects), but the file ends at byte %lu",
                    reader->name, sectors, text_plural(sectors), reader->bytes);
    image->payload_bytes = reader->bytes - image->setup_bytes;
    uint64_t said = (uint64_t)field32(image, SYSSIZE) * PARAGRAPH_BYTES;
    if (image->version < 0x204 || !said)
        return OK;
    if (said >= image->payload_bytes + PARAGRAPH_BYTES)
        return fail(ERR_FORMAT,
                    "%s: its header says that the kernel has %lu bytes (syssize), but the file "
                    "has only %lu: it is cut off",
                    reader->name, said, image->payload_bytes);
    image->payload_bytes = MIN(image->payload_bytes, said);
    return OK;
}

/* What compressed kernels begin with (boot protocol, payload_offset; LZO). */
static bool is_compressed_at(const struct reader *reader, uint64_t at)
{
    static const uint16_t marks[] = {0x8b1f, 0x9e1f, 0x5a42, 0x005d, 0x37fd,
                                     0x4c89, 0x2102, 0xb528, 0x457f};
    uint8_t begin[2];

    if (at + sizeof begin > reader->bytes || reader_read(reader, at, sizeof begin, begin) != OK)
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(marks); i++)
        if (load16(begin) == marks[i])
            return true;
    return false;
}

/* A kernel that is loaded from the wrong sector on would just crash. One whose compression nobody
 * knew yet when this was written is not found elsewhere either. */
static enum err check_setup_sects(const struct reader *reader, const struct linux_image *image)
{
    uint64_t offset = field32(image, PAYLOAD_OFFSET);

    if (image->version < VERSION_PAYLOAD || !field32(image, PAYLOAD_LENGTH) ||
        is_compressed_at(reader, image->setup_bytes + offset))
        return OK;
    for (uint32_t sectors = 1; sectors <= SETUP_SECTS_MOST; sectors++)
        if (is_compressed_at(reader, (sectors + 1) * LINUX_SECTOR_BYTES + offset))
            return fail(ERR_FORMAT,
                        "%s: its header says that the kernel follows %u sector%s of real-mode code "
                        "(setup_sects), but it begins behind %u",
                        reader->name, field8(image, SETUP_SECTS),
                        text_plural(field8(image, SETUP_SECTS)), sectors);
    return OK;
}

static void choose_entry(struct linux_image *image)
{
    uint32_t flags = image->version >= VERSION_XLOADFLAGS ? field16(image, XLOADFLAGS) : 0;
    uint32_t start = field32(image, LINUX_CODE32_START);
    bool high = field8(image, LINUX_LOADFLAGS) & LINUX_LOADED_HIGH;

    image->above_4gib = flags & XLOADFLAGS_ABOVE_4GIB;
    if (flags & XLOADFLAGS_KERNEL_64)
        image->entry = LINUX_ENTRY_64;
    else if (image->version >= VERSION_32_BIT && high && start)
        image->entry = LINUX_ENTRY_32;
    else
        image->entry = LINUX_ENTRY_REAL;
}

/* Where the kernel may lie and how much memory it needs there. */
static enum err find_place(const struct reader *reader, struct linux_image *image)
{
    bool high = field8(image, LINUX_LOADFLAGS) & LINUX_LOADED_HIGH;
    uint64_t end;

    image->address = high ? HIGH_ADDRESS : LOW_ADDRESS;
    image->start = field32(image, LINUX_CODE32_START) - image->address;
    image->memory_bytes = image->payload_bytes;
    if (image->entry == LINUX_ENTRY_REAL)
        return OK;
    image->memory_bytes = image->payload_bytes * OLD_GROWTH;
    if (image->version >= VERSION_RELOCATABLE) {
        image->relocatable = field8(image, RELOCATABLE_KERNEL);
        image->alignment = field32(image, KERNEL_ALIGNMENT);
    }
    if (image->version >= VERSION_INIT_SIZE) {
        image->address = load64(image->header + PREF_ADDRESS);
        image->memory_bytes = MAX(field32(image, INIT_SIZE), image->payload_bytes);
    }
    if (image->relocatable && !is_power_of_two(image->alignment))
        return fail(ERR_FORMAT, "%s: kernel_alignment is %lXh, which is no power of two",
                    reader->name, image->alignment);
    if (add_wraps(image->address, image->memory_bytes, &end))
        return fail(ERR_FORMAT, "%s: needs %lXh bytes (init_size) at %lXh (pref_address)",
                    reader->name, image->memory_bytes, image->address);
    return OK;
}

/* Inside of the kernel; and where 32-bit code can lie. */
static enum err check_entry(const struct reader *reader, const struct linux_image *image)
{
    if (image->entry == LINUX_ENTRY_64 && image->payload_bytes <= LINUX_ENTRY_64_AT)
        return fail(ERR_FORMAT, "%s: its entry at %Xh is outside of its %lu bytes", reader->name,
                    LINUX_ENTRY_64_AT, image->payload_bytes);
    if (image->entry == LINUX_ENTRY_32 && image->start >= image->payload_bytes)
        return fail(ERR_FORMAT, "%s: its entry (code32_start) %Xh is outside of it", reader->name,
                    field32(image, LINUX_CODE32_START));
    if (image->entry == LINUX_ENTRY_32 && image->address + image->memory_bytes > 4 * GIB)
        return fail(ERR_FORMAT,
                    "%s: its entry is for 32-bit mode, but it lies at %lXh (pref_address)",
                    reader->name, image->address);
    return OK;
}

static void find_limits(struct linux_image *image)
{
    uint32_t last = field32(image, INITRD_ADDR_MAX);

    image->initrd_end = (uint64_t)(last ? last : OLD_INITRD_LAST) + 1;
    image->options_most = OLD_OPTIONS_MOST;
    if (image->version >= VERSION_CMDLINE && field32(image, CMDLINE_SIZE))
        image->options_most = MIN(field32(image, CMDLINE_SIZE), 64 * KIB);
}

/* PE/COFF specification, 2.2 to 2.4. A kernel whose image version is 1.0 or later asks for its
 * initrd by LoadFile2; older ones look for files by themselves. */
static enum err find_efi_entry(const struct reader *reader, struct linux_image *image)
{
    uint8_t pe[72];
    uint64_t at = load32(image->header + PE_OFFSET), end;

    if (memcmp(image->header, "MZ", 2) != 0 || add_wraps(at, sizeof pe, &end) ||
        end > reader->bytes)
        return OK;
    TRY(reader_read(reader, at, sizeof pe, pe));
    image->has_efi_entry = memcmp(pe, "PE\0\0", 4) == 0 && load16(pe + 4) == 0x8664;
    image->efi_takes_initrd = image->has_efi_entry && load16(pe + 24 + 44) >= 1;
    return OK;
}

enum err linux_image_parse(const struct reader *reader, struct linux_image *image)
{
    *image = (struct linux_image){0};
    TRY(read_header(reader, image));
    TRY(find_parts(reader, image));
    TRY(check_setup_sects(reader, image));
    choose_entry(image);
    TRY(find_place(reader, image));
    TRY(check_entry(reader, image));
    find_limits(image);
    return find_efi_entry(reader, image);
}
