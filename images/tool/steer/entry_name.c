/* Which entry does a person mean? */
#include "images/tool/steer/entry_name.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/text.h"
#include <stdlib.h>
#include <string.h>

#define NEAREST 3

/* How many characters differ (Levenshtein), of names that are not long. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LOADER_TEXT_BYTES], length = MIN(strlen(b), ARRAY_LENGTH(row) - 1);

    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t corner = i - 1;
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t replaced = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            row[j] = MIN(replaced, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[length];
}

/* The nearest of the entries that are not in `told` yet. */
static const struct entry *find_nearest(const struct config *config, const char *text,
                                        const struct entry *const *told)
{
    const struct entry *nearest = NULL;

    for (uint32_t i = 0; i < config->count; i++) {
        const struct entry *entry = &config->entries[i];
        bool is_told = false;
        for (size_t j = 0; j < NEAREST; j++)
            is_told |= told[j] == entry;
        if (!is_told && (!nearest || distance(text, entry->id) < distance(text, nearest->id)))
            nearest = entry;
    }
    return nearest;
}

static enum err refuse_entry(const struct config *config, const char *text)
{
    const struct entry *told[NEAREST] = {0};
    char *names = NULL;

    for (size_t i = 0; i < NEAREST; i++) {
        told[i] = find_nearest(config, text, told);
        if (told[i])
            text_add(&names, "%s%s", i ? ", " : "", told[i]->id);
    }
    enum err err = fail(ERR_NOT_FOUND, "no entry is called `%s`; there %s %s%s", text,
                        config->count == 1 ? "is" : "are", names,
                        config->count > NEAREST ? " and others (`lintel status`)" : "");
    free(names);
    return err;
}

enum err entry_name_find(const struct config *config, const char *text,
                         char name[LOADER_TEXT_BYTES])
{
    bool pattern = text[strcspn(text, "*?[")];

    fmt(name, LOADER_TEXT_BYTES, "%s", text);
    if (strcmp(text, CONFIG_SAVED) == 0)
        return OK;
    for (uint32_t i = 0; i < config->count; i++) {
        char whole[LOADER_TEXT_BYTES];
        loader_interface_name(&config->entries[i], whole);
        if (!text_matches(text, config->entries[i].id) && !text_matches(text, whole))
            continue;
        if (!pattern)
            strcpy(name, whole);
        return OK;
    }
    return refuse_entry(config, text);
}
