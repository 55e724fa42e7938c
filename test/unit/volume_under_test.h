/* A disk image in a file, mounted whole, and what must be equal about it. */
#pragma once

#include "common/lib/mem.h"
#include "common/storage/disk/disk.h"
#include "common/storage/fs/fs.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

/* Every name and size that matters; contents differ from file to file. */
static const char make_tree[] =
    "mkdir -p src/EFI/BOOT src/loader/entries src/many 'src/A directory with a long name'"
    " src/d/e/e/p/e/r/t/h/a/n/t/h/e/r/e/s/t &&"
    "for n in 0 1 31 511 512 513 4095 4096 4097 65535 65536 65537 200000; do"
    "  seq $n 1000000 | head -c $n > src/size$n.bin; done &&"
    "for n in $(seq 1 120); do echo file $n > \"src/many/a file with a longer name $n.conf\"; done "
    "&&"
    "echo app > src/EFI/BOOT/BOOTX64.EFI && echo conf > src/loader/loader.conf &&"
    "echo entry > src/loader/entries/6.1.0-18-amd64.conf &&"
    "echo thirteen > src/thirteenchars && echo unicode > 'src/Grüße an ☃ und 東京.txt' &&"
    "echo long > \"src/$(seq -s ' ' 1 80 | head -c 220)\" &&"
    "echo deep > src/d/e/e/p/e/r/t/h/a/n/t/h/e/r/e/s/t/file";

struct volume_under_test {
    struct arena arena;
    struct volume volume;
    struct fs fs;
};

static inline void mount(struct volume_under_test *v, const char *path, uint32_t sector_bytes)
{
    struct facts *facts = fake_begin(0);

    fake_disk_in_file(path, sector_bytes);
    arena_begin(&v->arena, fake_firmware.allocate);
    v->volume = (struct volume){
        .firmware = &fake_firmware,
        .disk = &facts->disks[0],
        .sectors = facts->disks[0].sectors,
    };
    if (fs_mount(&v->volume, &v->arena, &v->fs) != OK)
        fail_msg("%s: %s", path, err_message());
}

/* Reads a file in pieces of odd sizes. */
static inline void read_in_pieces(const struct file *file, uint8_t *to)
{
    uint64_t offset = 0, piece = 1;

    while (offset < file->reader.bytes) {
        piece = MIN(piece * 3 + 1, file->reader.bytes - offset);
        assert_int_equal(reader_read(&file->reader, offset, piece, to + offset), OK);
        offset += piece;
    }
}

static inline uint8_t *read_host(const char *path, uint64_t *bytes)
{
    FILE *file = fopen(path, "rb");
    struct stat stat;
    uint8_t *contents;

    if (!file || fstat(fileno(file), &stat))
        fail_msg("there is no %s to compare with", path);
    *bytes = (uint64_t)stat.st_size;
    contents = malloc(*bytes + 1);
    assert_int_equal(fread(contents, 1, *bytes, file), *bytes);
    fclose(file);
    return contents;
}

static inline void expect_same_file(const struct fs *fs, const char *path, const char *host_path)
{
    struct file file;
    uint64_t bytes;
    uint8_t *expected = read_host(host_path, &bytes), *contents;

    if (fs_open(fs, path, &file) != OK)
        fail_msg("%s", err_message());
    assert_int_equal(file.reader.bytes, bytes);
    contents = malloc(bytes + 1);
    assert_int_equal(reader_read(&file.reader, 0, bytes, contents), OK);
    assert_memory_equal(contents, expected, bytes);
    memset(contents, 0, bytes);
    read_in_pieces(&file, contents);
    assert_memory_equal(contents, expected, bytes);
    free(contents);
    free(expected);
}

struct walk {
    const struct fs *fs;
    const char *host; /* the directory with what is expected */
    char path[2048];
    unsigned entries;
};

/* Opens files and lists directories from within the listing. */
static inline bool compare_entry(void *context, const struct fs_entry *entry)
{
    struct walk *walk = context;
    size_t length = strlen(walk->path);
    char host_path[2100];

    snprintf(walk->path + length, sizeof walk->path - length, "/%s", entry->name);
    snprintf(host_path, sizeof host_path, "%s%s", walk->host, walk->path);
    walk->entries++;
    if (entry->directory)
        assert_int_equal(fs_list(walk->fs, walk->path, compare_entry, walk), OK);
    else
        expect_same_file(walk->fs, walk->path, host_path);
    walk->path[length] = 0;
    return true;
}

static inline unsigned count_lines(const char *command)
{
    FILE *pipe = popen(command, "r");
    unsigned lines = 0;

    for (int c; (c = fgetc(pipe)) != EOF;)
        lines += c == '\n';
    pclose(pipe);
    return lines;
}

/* Every file and directory of the volume is in the host's directory, and the other way round. */
static inline void expect_same_tree(const struct fs *fs, const char *host)
{
    struct walk walk = {.fs = fs, .host = host};
    char command[100];

    snprintf(command, sizeof command, "find %s -mindepth 1", host);
    if (fs_list(fs, "/", compare_entry, &walk) != OK)
        fail_msg("%s", err_message());
    assert_int_equal(walk.entries, count_lines(command));
    assert_true(walk.entries > 0);
}
