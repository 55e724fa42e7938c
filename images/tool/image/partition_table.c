#include "images/tool/image/partition_table.h"
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

/* fdisk is made for people: it ends well even when it did not like the script. */
static enum err run_fdisk(const struct table *table, const char *script)
{
    char *answers = text_of("I\n%s\nw\n", script), *output;
    enum err err =
        program_read((const char *const[]){"fdisk", "--color=never", "-b",
                                           decimal(table->sector_bytes).text, table->path, NULL},
                     answers, &output);

    free(answers);
    if (err != OK)
        return err;
    if (!strstr(output, "Script successfully applied"))
        err = fail(ERR_IO, "fdisk does not make the partition table: %s", output);
    free(output);
    return err;
}

enum err table_write(const struct table *table, const struct workshop *workshop,
                     const struct identity *identity)
{
    char *text = write_script(table, identity), *script;
    struct content content = {(const uint8_t *)text, strlen(text)};
    enum err err = workshop_put(workshop, "partitions", &content, &script);

    if (err == OK)
        err = run_fdisk(table, script);
    free(script);
    free(text);
    return err;
}
