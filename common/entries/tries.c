/* How many tries has an entry left, and where is one taken off? */
#include "common/entries/tries.h"
#include "common/format/crc32.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/state_variable.h"

#define DONE_MAX 999999999u /* that a name is read with */

static char *name_of(const struct entry *entry)
{
    return text_last(entry->path, '/') + 1;
}

const char *tries_text(const struct entry *entry, char text[TRIES_TEXT_BYTES])
{
    text[0] = 0;
    if (entry_is_exhausted(entry))
        fmt(text, TRIES_TEXT_BYTES, "no tries left, %u made", entry->tries_done);
    else if (entry->counted)
        fmt(text, TRIES_TEXT_BYTES, "%u %s left, %u made", entry->tries_left,
            entry->tries_left == 1 ? "try" : "tries", entry->tries_done);
    return text;
}

/* ---- records --------------------------------------------------------------------------------- */

static uint8_t *find(uint8_t *records, uint64_t bytes, const char *file_name)
{
    uint32_t sum = crc32(0, file_name, strlen(file_name));

    for (uint64_t at = 0; at + TRIES_RECORD_BYTES <= bytes; at += TRIES_RECORD_BYTES)
        if (load32(records + at) == sum)
            return records + at;
    return NULL;
}

uint64_t tries_drop(uint8_t *records, uint64_t bytes, const char *file_name)
{
    uint8_t *record = find(records, bytes, file_name);

    if (!record)
        return bytes;
    bytes -= TRIES_RECORD_BYTES;
    memmove(record, record + TRIES_RECORD_BYTES, (size_t)(records + bytes - record));
    return bytes;
}

/* The oldest gives way where there is no room. */
static uint64_t add(uint8_t *records, uint64_t bytes, const char *file_name, uint8_t left,
                    uint8_t done)
{
    uint32_t sum = crc32(0, file_name, strlen(file_name));

    if (bytes + TRIES_RECORD_BYTES > TRIES_BYTES_MAX) {
        bytes -= TRIES_RECORD_BYTES;
        memmove(records, records + TRIES_RECORD_BYTES, bytes);
    }
    memcpy(records + bytes, &sum, sizeof sum);
    records[bytes + 4] = left;
    records[bytes + 5] = done;
    return bytes + TRIES_RECORD_BYTES;
}

/* None where there is no such variable, or one that makes no sense. */
static uint64_t read(const struct firmware *firmware, uint8_t records[TRIES_BYTES_MAX])
{
    uint64_t bytes = TRIES_BYTES_MAX;

    if (!firmware->get_variable)
        return 0;
    enum err err = firmware->get_variable(vendor_lintel, TRIES_VARIABLE, records, &bytes);
    if (err == OK && bytes % TRIES_RECORD_BYTES == 0)
        return bytes;
    if (err != ERR_NOT_FOUND)
        note("%s is passed over: %s\n", TRIES_VARIABLE,
             err == OK ? "it holds no whole records" : err_message());
    return 0;
}

/* A variable costs a firmware milliseconds: none is read for nothing. */
void tries_recall(const struct firmware *firmware, struct entry_item *list)
{
    uint8_t records[TRIES_BYTES_MAX];

    while (list && !list->entry.counted)
        list = list->next;
    uint64_t bytes = list ? read(firmware, records) : 0;
    for (; list; list = list->next) {
        struct entry *entry = &list->entry;
        const uint8_t *record = entry->counted ? find(records, bytes, name_of(entry)) : NULL;
        if (record) {
            entry->tries_left = record[4];
            entry->tries_done = record[5];
        }
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

/* A number keeps the width that it has: UAPI.1 wants zeros before it, so that the name keeps its
 * length. */
static enum err change_name(const struct entry *entry, uint32_t left, uint32_t done)
{
    char name[FS_NAME_BYTES], *old = name_of(entry), *counter = text_last(old, '+') + 1;
    uint64_t ignored;
    const char *left_end = text_number(counter, &ignored), *end = left_end;
    const char *second = *left_end == '-' ? left_end + 1 : left_end;

    if (*left_end == '-')
        end = text_number(second, &ignored);
    size_t bytes = fmt(name, sizeof name, "%.*s%0*u-%0*u%s", (int)(counter - old), old,
                       (int)(left_end - counter), left, (int)(end - second), done, end);
    if (bytes >= sizeof name)
        return fail(ERR_UNSUPPORTED, "%s: the name would be too long", old);
    TRY(fs_rename(entry->fs, entry->path, name));
    memcpy(old, name, bytes + 1);
    return OK;
}

/* What is no entry's any more is dropped. */
static uint64_t keep_known(const struct config *config, uint8_t *records, uint64_t bytes)
{
    uint8_t known[TRIES_BYTES_MAX];
    uint64_t kept = 0;

    for (uint32_t i = 0; i < config->count + config->hidden_count; i++) {
        const struct entry *entry = &config->entries[i];
        const uint8_t *record = entry->counted ? find(records, bytes, name_of(entry)) : NULL;
        if (record && !find(known, kept, name_of(entry)))
            kept = add(known, kept, name_of(entry), record[4], record[5]);
    }
    memcpy(records, known, kept);
    return kept;
}

static enum err change_variable(const struct config *config, const struct entry *entry,
                                uint32_t left, uint32_t done)
{
    const struct firmware *firmware = entry->fs->volume->firmware;
    const char *name = name_of(entry);
    uint8_t records[TRIES_BYTES_MAX];

    if (!firmware->set_variable)
        return fail(ERR_UNSUPPORTED, "%s; and this firmware keeps no variables", err_message());
    uint64_t bytes = keep_known(config, records, read(firmware, records));
    bytes = tries_drop(records, bytes, name);
    bytes = add(records, bytes, name, (uint8_t)MIN(left, UINT8_MAX), (uint8_t)MIN(done, UINT8_MAX));
    TRY(firmware->set_variable(vendor_lintel, TRIES_VARIABLE, true, records, bytes));
    return firmware->commit_variables ? firmware->commit_variables() : OK;
}

enum err tries_count(const struct config *config, const struct entry *entry)
{
    if (!config->counting || !entry->counted)
        return OK;
    uint32_t left = entry->tries_left ? entry->tries_left - 1 : 0,
             done = MIN(entry->tries_done + 1, DONE_MAX);
    enum err err = change_name(entry, left, done);
    if (err != OK) {
        note("%s\n", err_message());
        TRY(change_variable(config, entry, left, done));
    }
    for (uint32_t i = 0; i < config->count + config->hidden_count; i++) {
        struct entry *other = &config->entries[i];
        if (other->path == entry->path) {
            other->tries_left = left;
            other->tries_done = done;
        }
    }
    return OK;
}
