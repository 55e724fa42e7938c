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

static void check_executable(void)
{
    const struct file *file = executable_file.response->file;
    check_file(file);
    CHECK(begins_with((const char *)file->bytes, "\177ELF"));
    CHECK(begins_with(file->path, "/boot/limine-"));
    CHECK_EQUAL((uintptr_t)file->string, command_line.response->values[0]);
    CHECK(file->size > 8192);
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
