/* What is a kernel told of its modules, and of itself as a file? */
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"

#define MEDIA_GENERIC 0
#define MEDIA_OPTICAL 1
#define MEDIA_TFTP    2

#define TFTP_PORT 69

struct file_response {
    uint64_t revision;
    uint64_t file;
};

struct modules_response {
    uint64_t revision, count, list;
};

struct uuid {
    uint8_t bytes[16];
};

struct loaded_file {
    uint64_t revision;
    uint64_t address, bytes;
    uint64_t path, string;
    uint32_t media, unused;
    uint8_t server[4];
    uint32_t server_port;
    uint32_t partition;
    uint32_t mbr_signature;
    struct uuid disk, partition_guid, file_system;
};

_Static_assert(sizeof(struct loaded_file) == 112, "the protocol's struct limine_file");

/* The protocol's UUIDs begin with integers, as GUIDs on disk do. */
static void describe_volume(const struct volume *volume, struct loaded_file *to)
{
    const struct disk *disk = volume->disk;
    to->media = disk->medium == LINTEL_MEDIUM_CD ? MEDIA_OPTICAL : MEDIA_GENERIC;
    if (load32(disk->tftp_address)) {
        to->media = MEDIA_TFTP;
        to->server_port = TFTP_PORT;
        memcpy(to->server, disk->tftp_address, sizeof to->server);
    }
    to->partition = volume->number;
    if (volume->partitioning == LINTEL_PARTITIONING_MBR)
        to->mbr_signature = load32(volume->disk_guid);
    if (volume->partitioning == LINTEL_PARTITIONING_GPT) {
        memcpy(to->disk.bytes, volume->disk_guid, sizeof to->disk);
        memcpy(to->partition_guid.bytes, volume->guid, sizeof to->partition_guid);
    }
}

static enum err copy_path(struct buffer *buffer, const char *reference, uint64_t *path)
{
    const char *text = reference + limine_prefix_length(reference);
    char *copy;
    TRY(buffer_take(buffer, strlen(text) + 2, (void **)&copy));
    copy[0] = '/';
    memcpy(copy + 1, text + (text[0] == '/'), strlen(text + (text[0] == '/')));
    *path = (uintptr_t)buffer_virtual(buffer, copy);
    return OK;
}

static enum err describe(const struct limine *limine, struct buffer *buffer, uint64_t index,
                         struct loaded_file *to)
{
    const struct file *file = &limine->files[index].file;
    uint64_t physical = attempt_place(limine->attempt, 1 + index)->physical;
    to->address = (uintptr_t)buffer_virtual(buffer, at_physical(physical));
    to->bytes = file->reader.bytes;
    TRY(copy_path(buffer, file->reader.name, &to->path));
    TRY(buffer_copy_text(buffer, limine->files[index].argument, (const char **)&to->string));
    describe_volume(file->fs->volume, to);
    return OK;
}

enum err limine_modules(const struct limine *limine, struct buffer *buffer, void **out)
{
    struct modules_response *response;
    struct loaded_file *files;
    uint64_t *list;
    if (!limine->module_count)
        return OK;
    TRY(buffer_take(buffer, sizeof *response, (void **)&response));
    TRY(buffer_take(buffer, limine->module_count * sizeof *list, (void **)&list));
    TRY(buffer_take(buffer, limine->module_count * sizeof *files, (void **)&files));
    for (uint64_t i = 0; i < limine->module_count; i++) {
        TRY(describe(limine, buffer, i, &files[i]));
        list[i] = (uintptr_t)buffer_virtual(buffer, &files[i]);
    }
    *response =
        (struct modules_response){2, limine->module_count, (uintptr_t)buffer_virtual(buffer, list)};
    *out = response;
    return OK;
}

/* The command line's text is the same memory as the file's. */
enum err limine_executable_file(const struct limine *limine, struct buffer *buffer, void **out)
{
    struct file_response *response;
    struct loaded_file *file;
    TRY(buffer_take(buffer, sizeof *response, (void **)&response));
    TRY(buffer_take(buffer, sizeof *file, (void **)&file));
    TRY(describe(limine, buffer, limine->module_count, file));
    file->string = limine->command_line;
    response->file = (uintptr_t)buffer_virtual(buffer, file);
    *out = response;
    return OK;
}
