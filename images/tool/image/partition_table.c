/* How is a partition table made? */
#include "images/tool/image/partition_table.h"
#include "common/lib/mem.h"
#include "common/storage/disk/partition.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/program.h"
#include "images/tool/host/text.h"
#include <stdlib.h>
#include <string.h>

/* sfdisk's script language (sfdisk(8), "Named-fields format"), which fdisk reads too; and unlike
 * sfdisk, fdisk can be told the sector size of a disk that is a file. */
static char *write_script(const struct table *table, const struct identity *identity)
{
    char uuid[UUID_TEXT_BYTES], *script;

    identity_uuid(identity, "disk", uuid);
    if (table->gpt)
        script = text_of("label: gpt\nlabel-id: %s\nfirst-lba: %u\nunit: sectors\n", uuid,
                         2 + GPT_ENTRIES_BYTES / table->sector_bytes);
    else
        script = text_of("label: dos\nlabel-id: 0x%08x\nunit: sectors\n",
                         identity_serial(identity, "disk"));
    for (unsigned i = 0; i < table->count; i++) {
        const struct table_partition *part = &table->partitions[i];
        text_add(&script, "start=%lu, size=%lu, type=%s", part->first, part->sectors, part->type);
        identity_uuid(identity, part->name, uuid);
        if (table->gpt)
            text_add(&script, ", name=\"%s\", uuid=%s", part->name, uuid);
        text_add(&script, part->active ? ", bootable\n" : "\n");
    }
    return script;
}

/* ---- what came of it ------------------------------------------------------------------------- */

static enum err read_sectors(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to)
{
    const struct table *table = at_physical(disk->handle);

    return file_read_at(table->path, lba * disk->sector_bytes, to, sectors * disk->sector_bytes);
}

static bool is_as_planned(const struct table *table, const struct partitions *found)
{
    const struct volume *volume = found->volumes, *end = volume + found->count;

    for (const struct table_partition *part = table->partitions;
         part < table->partitions + table->count; part++) {
        if (strcmp(part->type, TYPE_EXTENDED) == 0)
            continue;
        if (volume == end || volume->first_lba != part->first || volume->sectors != part->sectors)
            return false;
        volume++;
    }
    return volume == end;
}

/* Reads the table as the loader does. */
static enum err check_table(const struct table *table, const char *said)
{
    const struct firmware firmware = {.read = read_sectors};
    const struct disk disk = {.handle = (uintptr_t)table, .sector_bytes = table->sector_bytes};
    struct partitions found;

    if (partitions_read(&found, &firmware, &disk, &host_arena) == OK &&
        is_as_planned(table, &found))
        return OK;
    return fail(ERR_IO, "fdisk does not make the partition table: %s", said);
}

/* fdisk is made for people: it ends well even when it did not like the script. */
static enum err run_fdisk(const struct table *table, const char *script)
{
    char *answers = text_of("I\n%s\nw\n", text_base(script)), *said;
    enum err err = program_read((const char *const[]){"fdisk", "--color=never", "-b",
                                                      decimal(table->sector_bytes).text,
                                                      text_base(table->path), NULL},
                                answers, &said);

    free(answers);
    if (err != OK)
        return err;
    err = check_table(table, said);
    free(said);
    return err;
}

enum err table_write(const struct table *table, const struct draft *draft,
                     const struct identity *identity)
{
    char *text = write_script(table, identity), *script;
    struct content content = {(const uint8_t *)text, strlen(text)};
    enum err err = draft_put(draft, "partitions", &content, &script);

    if (err == OK)
        err = run_fdisk(table, script);
    free(script);
    free(text);
    return err;
}
