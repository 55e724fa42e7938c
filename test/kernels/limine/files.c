/* The kernel's own file and its modules. */
#include "test/kernels/limine/machine.h"

#define INTERNAL_BYTES 5000 /* of internal.bin: byte i is i * 7 */

static void check_file(const struct file *file)
{
    check_response(file, "a file");
    check_response(file->path, "a file's path");
    check_response(file->string, "a file's string");
    CHECK_EQUAL((uintptr_t)file->bytes % 4096, 0);
    CHECK_EQUAL(type_at((uintptr_t)file->bytes - offset()), EXECUTABLE_AND_MODULES);
    CHECK_EQUAL(file->media, 0);
    CHECK_EQUAL(file->partition, 2);
    CHECK(file->disk[0] && file->partition_guid[0]);
}

/* The ELF format: offsets in the file's header, and in a program header. */
#define E_PHOFF     32
#define E_SHOFF     40
#define E_PHNUM     56
#define E_SHNUM     60
#define PHDR_BYTES  56
#define SHDR_BYTES  64
#define P_OFFSET    8
#define P_VADDR     16
#define P_FILESZ    32
#define LOADED      1
#define IS_WRITABLE 2u

static uint64_t word(const uint8_t *at)
{
    return *(const uint64_t *)at;
}

/* What nobody writes to is in the file as it is in memory; the first segment begins the image. */
static void check_segments(const struct file *file)
{
    const uint8_t *segment = file->bytes + word(file->bytes + E_PHOFF);
    uint64_t slide = (uintptr_t)image_begin - word(segment + P_VADDR);

    for (uint16_t i = file->bytes[E_PHNUM]; i; i--, segment += PHDR_BYTES) {
        const uint8_t *is = (void *)(word(segment + P_VADDR) + slide);
        const uint8_t *should = file->bytes + word(segment + P_OFFSET);
        uint64_t same = 0, bytes = word(segment + P_FILESZ);
        if (segment[0] != LOADED || segment[4] & IS_WRITABLE)
            continue;
        while (same < bytes && is[same] == should[same])
            same++;
        check_value(same == bytes, "the file's segment is the image's, up to", same);
    }
}

/* For who made the file: CRC-32. */
static void put_sum(const struct file *file)
{
    uint32_t sum = ~0u;
    for (uint64_t i = 0; i < file->size; i++) {
        sum ^= file->bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    put("limine: own file: ");
    put_hex(~sum);
    put("\r\n");
}

/* The whole ELF file, which section headers end; also where it was compressed. */
static void check_executable(void)
{
    const struct file *file = executable_file.response->file;
    check_file(file);
    CHECK(begins_with((const char *)file->bytes, "\177ELF"));
    CHECK(begins_with(file->path, "/boot/limine-"));
    CHECK_EQUAL((uintptr_t)file->string, command_line.response->values[0]);
    CHECK_EQUAL(file->size, word(file->bytes + E_SHOFF) + SHDR_BYTES * file->bytes[E_SHNUM]);
    check_segments(file);
    put_sum(file);
}

static void check_internal(const struct file *file, const char *path, const char *string)
{
    CHECK(same_text(file->path, path));
    CHECK(same_text(file->string, string));
    CHECK_EQUAL(file->size, INTERNAL_BYTES);
    for (uint64_t i = 0; i < INTERNAL_BYTES; i += 499)
        CHECK_EQUAL(file->bytes[i], (uint8_t)(i * 7));
}

/* Three that the kernel names itself, and the entry's; the one that may be absent is. */
void check_files(void)
{
    const struct modules *all = modules.response;
    check_executable();
    check_response(all, "the modules");
    CHECK_EQUAL(all->revision, 2);
    CHECK_EQUAL(all->count, 4);
    for (uint64_t i = 0; i < all->count; i++)
        check_file(all->list[i]);
    check_internal(all->list[0], "/boot/internal.bin", "the first");
    check_internal(all->list[1], "/boot/internal.bin", "");
    check_internal(all->list[2], "/boot/packed.gz", "packed");
    CHECK(begins_with((const char *)all->list[3]->bytes, "# The Lintel boot protocol"));
}
