/* The devices of the fake machine: disks, a server, screen and keyboard, variables. */
#include "common/lib/mem.h"
#include "common/storage/disk/disk.h"
#include "test/unit/fake_machine.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- disks
 * --------------------------------------------------------------------------------------- */

static uint32_t add_disk(struct backing backing, uint64_t size, uint32_t sector_bytes)
{
    uint32_t i = machine.facts.disk_count++;

    must(i < DISKS, "too many disks");
    machine.backings[i] = backing;
    machine.backings[i].bytes = size / sector_bytes * sector_bytes;
    machine.disks[i] = (struct disk){.handle = i,
                                     .sectors = size / sector_bytes,
                                     .sector_bytes = sector_bytes,
                                     .medium = LINTEL_MEDIUM_DISK};
    snprintf(machine.disks[i].name, sizeof machine.disks[i].name, "fake disk %u", i);
    if (i == 0)
        machine.facts.origin.disk = 0;
    return i;
}

uint32_t fake_disk_in_memory(const void *bytes, uint64_t size, uint32_t sector_bytes)
{
    return add_disk((struct backing){.memory = bytes}, size, sector_bytes);
}

uint32_t fake_disk_in_file(const char *path, uint32_t sector_bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;

    must(file >= 0 && fstat(file, &stat) == 0, path);
    return add_disk((struct backing){.file = file}, (uint64_t)stat.st_size, sector_bytes);
}

void fake_break_sectors(uint32_t disk, uint64_t lba, uint64_t sectors)
{
    must(machine.fault_count < FAULTS, "too many broken sectors");
    machine.faults[machine.fault_count++] = (struct fault){disk, lba, sectors};
}

uint64_t fake_reads(uint32_t disk)
{
    return machine.backings[disk].reads;
}

static bool is_broken(uint32_t disk, uint64_t lba, uint64_t sectors)
{
    for (uint32_t i = 0; i < machine.fault_count; i++) {
        const struct fault *fault = &machine.faults[i];
        if (fault->disk == disk && overlap(fault->lba, fault->sectors, lba, sectors))
            return true;
    }
    return false;
}

enum err fake_read(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to)
{
    struct backing *backing = &machine.backings[disk->handle];
    uint64_t bytes = sectors * disk->sector_bytes, offset = lba * disk->sector_bytes;

    must_be_there();
    backing->reads++;
    if (lba > backing->bytes / disk->sector_bytes || offset + bytes > backing->bytes)
        return fail(ERR_IO, "%s: LBA %lu + %lu is behind the last sector", disk->name, lba,
                    sectors);
    if (is_broken((uint32_t)disk->handle, lba, sectors))
        return fail(ERR_IO, "%s: LBA %lu + %lu: broken on purpose", disk->name, lba, sectors);
    if (backing->memory)
        memcpy(to, backing->memory + offset, bytes);
    else
        must(pread(backing->file, to, bytes, (off_t)offset) == (ssize_t)bytes, "pread failed");
    return OK;
}

enum err fake_write_sector(const struct disk *disk, uint64_t lba, const void *before,
                           const void *after)
{
    static uint8_t found[SECTOR_BYTES_MAX];
    struct backing *backing = &machine.backings[disk->handle];

    must(backing->memory != NULL, "a write to a disk in a file");
    TRY(fake_read(disk, lba, 1, found));
    if (memcmp(found, before, disk->sector_bytes) != 0)
        return fail(ERR_CHANGED, "%s: LBA %lu is not what it was", disk->name, lba);
    memcpy((uint8_t *)(uintptr_t)backing->memory + lba * disk->sector_bytes, after,
           disk->sector_bytes);
    return OK;
}

/* ---- files of a server
 * --------------------------------------------------------------------------- */

static struct served *find_served(const char *path)
{
    for (uint32_t i = 0; i < machine.file_count; i++)
        if (strcmp(machine.files[i].path, path) == 0)
            return &machine.files[i];
    return NULL;
}

void fake_serve(const char *path, const void *bytes, uint64_t size)
{
    must(machine.file_count < FILES, "too many files");
    machine.server = (struct disk){
        .name = "fake server", .medium = LINTEL_MEDIUM_NETWORK, .tftp_address = {10, 0, 2, 2}};
    machine.facts.origin.server = &machine.server;
    machine.files[machine.file_count++] =
        (struct served){.path = path, .bytes = bytes, .size = size};
}

void fake_break_file(const char *path)
{
    must(find_served(path) != NULL, path);
    find_served(path)->broken = true;
}

void fake_change_file(const char *path, const void *bytes, uint64_t size)
{
    must(find_served(path) != NULL, path);
    find_served(path)->next = bytes;
    find_served(path)->next_size = size;
}

uint64_t fake_fetches(const char *path)
{
    must(find_served(path) != NULL, path);
    return find_served(path)->fetches;
}

enum err fake_fetch_size(const char *path, uint64_t *bytes)
{
    const struct served *file = find_served(path);

    must_be_there();
    if (!file)
        return fail(ERR_NOT_FOUND, "fake server: it has no file %s", path);
    *bytes = file->size;
    return OK;
}

static void change_file(struct served *file)
{
    if (!file->next)
        return;
    file->bytes = file->next;
    file->size = file->next_size;
    file->next = NULL;
}

enum err fake_fetch(const char *path, uint64_t bytes, void *to)
{
    struct served *file = find_served(path);

    must_be_there();
    if (!file)
        return fail(ERR_NOT_FOUND, "fake server: it has no file %s", path);
    change_file(file);
    file->fetches++;
    memcpy(to, file->bytes, file->broken ? bytes / 2 : MIN(bytes, file->size));
    if (bytes != file->size)
        return fail(ERR_CHANGED, "fake server: %s: not %lu bytes", path, bytes);
    if (file->broken)
        return fail(ERR_IO, "fake server: %s: broken on purpose", path);
    return OK;
}

/* ---- screen, keyboard, clock
 * --------------------------------------------------------------------- */

void fake_video(const struct video *video)
{
    machine.has_video = video != NULL;
    if (video)
        machine.video = *video;
}

void fake_blind(bool blind)
{
    machine.is_blind = blind;
}

enum err fake_set_video(uint32_t width, uint32_t height, struct video *video)
{
    must_be_there();
    if (!machine.has_video)
        return fail(ERR_UNSUPPORTED, "no framebuffer for %u x %u", width, height);
    *video = machine.video;
    return OK;
}

void fake_set_text(void)
{
    must_be_there();
}

const char *fake_output(void)
{
    fflush(machine.screen);
    return machine.output;
}

void fake_put(char c)
{
    must_be_there();
    fputc(c, machine.screen);
}

/* A person's keys come one by one, and none before the menu is there (common/menu/keys.h). */
#define KEY_MILLISECONDS 60

void fake_press(enum key key)
{
    must(machine.keys_typed < KEYS, "too many keys");
    machine.keys[machine.keys_typed++] = key;
}

void fake_type(const char *text)
{
    while (*text)
        fake_press((enum key)(unsigned char)*text++);
}

enum key fake_key(bool marked)
{
    (void)marked;
    must_be_there();
    if (machine.keys_read == machine.keys_typed ||
        machine.waited - machine.last_key < KEY_MILLISECONDS)
        return KEY_NONE;
    machine.last_key = machine.waited;
    return machine.keys[machine.keys_read++];
}

uint64_t fake_waited(void)
{
    return machine.waited;
}

void fake_wait(uint32_t milliseconds)
{
    must_be_there();
    machine.waited += milliseconds;
    if (machine.waited > FAKE_PATIENCE)
        longjmp(fake_way_out, FAKE_STUCK);
}

/* ---- variables
 * ----------------------------------------------------------------------------------- */

/* Also one that was removed: its writes count. A place that was never used has no name. */
static struct fake_variable *find_place(const char *name)
{
    for (uint32_t i = 0; i < VARIABLES; i++)
        if (!machine.variables[i].name[0] || strcmp(machine.variables[i].name, name) == 0)
            return &machine.variables[i];
    must(false, "too many variables");
    return NULL;
}

const struct fake_variable *fake_variable(const char *name)
{
    const struct fake_variable *variable = find_place(name);

    return variable->bytes ? variable : NULL;
}

enum err fake_get_variable(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes)
{
    const struct fake_variable *variable = fake_variable(name);

    must_be_there();
    if (!variable || memcmp(variable->vendor, vendor, 16) != 0)
        return fail(ERR_NOT_FOUND, "no variable %s", name);
    uint64_t room = *bytes;
    *bytes = variable->bytes;
    if (variable->bytes > room)
        return fail(ERR_UNSUPPORTED, "variable %s is larger than %lu bytes", name, room);
    memcpy(to, variable->value, variable->bytes);
    return OK;
}

enum err fake_set_variable(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                           uint64_t bytes)
{
    struct fake_variable *variable = find_place(name);

    must_be_there();
    must(strlen(name) < sizeof variable->name, name);
    if (bytes > sizeof variable->value)
        return fail(ERR_IO, "variable %s of %lu bytes: no room", name, bytes);
    snprintf(variable->name, sizeof variable->name, "%s", name);
    memcpy(variable->vendor, vendor, 16);
    if (bytes)
        memcpy(variable->value, value, bytes);
    variable->bytes = bytes;
    variable->kept = kept;
    variable->writes++;
    return OK;
}
