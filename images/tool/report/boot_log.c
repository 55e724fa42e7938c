/* What did the kernel say on a serial line? */
#include "images/tool/report/boot_log.h"
#include "images/tool/host/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 1024
#define SIDE_COLUMNS   38 /* of `map`: what the firmware told stands left of it */
#define LIST_MAX       4096 /* of which each is drawn beside all others: the kernel tells of no more */

/* Makes room for one more item of a list. */
#define ADD(list, count, item)                                                                     \
    do {                                                                                           \
        if ((count) < LIST_MAX)                                                                    \
            (list) = grow((list), (count), sizeof(item));                                          \
        (list)[(count) < LIST_MAX ? (count)++ : (count)-1] = (item);                               \
    } while (0)

static void *grow(void *list, size_t count, size_t each)
{
    if (count & (count - 1)) /* room for the next power of two is there */
        return list;
    list = realloc(list, (count ? 2 * count : 1) * each);
    if (!list)
        abort();
    return list;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* From ESC to the last character of its sequence (ECMA-48, 5.4). */
static const char *skip_escape(const char *at)
{
    if (at[1] != '[')
        return at[1] ? at + 1 : at;
    for (at += 2; *at && (*at < '@' || *at > '~'); at++)
        ;
    return *at ? at : at - 1;
}

/* What a terminal would show: escape sequences, carriage returns and backspaces gone. */
static void clean(char *line)
{
    char *to = line;
    for (const char *from = line; *from; from++) {
        if (*from == '\033')
            from = skip_escape(from);
        else if (*from != '\r' && *from != '\n' && *from != '\b')
            *to++ = *from;
    }
    *to = 0;
}

static bool begins(const char *line, const char *start)
{
    return strncmp(line, start, strlen(start)) == 0;
}

/* Copies what stands behind `start`, cut to the room there is. */
static void take_fact(const char *line, const char *start, char *to, size_t bytes)
{
    if (begins(line, start))
        snprintf(to, bytes, "%s", line + strlen(start));
}

static void take_number(const char *line, const char *start, uint64_t *number)
{
    if (begins(line, start))
        *number = strtoull(line + strlen(start), NULL, 0);
}

static void take_facts(struct boot_log *log, const char *line)
{
    take_fact(line, "fact: firmware = ", log->firmware, sizeof log->firmware);
    take_fact(line, "fact: loader = ", log->loader, sizeof log->loader);
    take_fact(line, "fact: cpu = ", log->cpu, sizeof log->cpu);
    take_number(line, "fact: usable-bytes = ", &log->usable_bytes);
    take_number(line, "fact: direct-map = ", &log->direct_map);
    take_number(line, "fact: tsc-hz = ", &log->tsc_hz);
    if (begins(line, "fact: memory-ranges")) /* `info` shows all of it again */
        log->normal_count = 0;
    if (begins(line, "fact: tsc-hz"))
        log->stage_count = 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void trim(char *text)
{
    size_t length = strlen(text);
    while (length && text[length - 1] == ' ')
        text[--length] = 0;
}

/* `end` is the first byte behind the range. */
static bool parse_range(const char *text, const char *format, struct log_range *range)
{
    uint64_t first, end;
    if (sscanf(text, format, &first, &end, range->name) != 3 || end <= first)
        return false;
    range->first = first;
    range->last = end - 1;
    trim(range->name);
    return true;
}

static void take_memory(struct boot_log *log, const char *line)
{
    struct log_range range = {0};
    if (parse_range(line, "memory: %lx - %lx %23[^\n]", &range))
        ADD(log->normal, log->normal_count, range);
}

static void take_raw(struct boot_log *log, const char *line)
{
    struct log_range range = {0};
    char side[SIDE_COLUMNS + 1];
    snprintf(side, sizeof side, "%.*s", SIDE_COLUMNS, line);
    if (parse_range(side, "%lx-%lx %23[^\n]", &range))
        ADD(log->raw, log->raw_count, range);
}

static void take_mapping(struct boot_log *log, const char *line)
{
    struct log_mapping mapping = {0};
    uint64_t first, last, physical;
    if (sscanf(line, "%16lx-%16lx %lx %5[rwxug-] %19s", &first, &last, &physical, mapping.rights,
               mapping.cache) != 5 ||
        last < first || strlen(mapping.rights) != 5)
        return;
    mapping.first = first;
    mapping.last = last;
    mapping.physical = physical;
    ADD(log->mappings, log->mapping_count, mapping);
}

static void take_stage(struct boot_log *log, const char *line)
{
    struct log_stage stage;
    uint64_t tsc;
    if (sscanf(line, "stage: %23s %lu", stage.name, &tsc) != 2)
        return;
    stage.tsc = tsc;
    ADD(log->stages, log->stage_count, stage);
}

/* A claim that is checked again takes the place of its earlier row. */
static void take_claim(struct boot_log *log, const char *line)
{
    struct log_claim claim;
    char verdict[8];
    if (sscanf(line, "C%u %7s %127[^\n]", &claim.number, verdict, claim.title) != 3)
        return;
    claim.holds = strcmp(verdict, "ok") == 0;
    for (size_t i = 0; i < log->claim_count; i++)
        if (log->claims[i].number == claim.number) {
            log->claims[i] = claim;
            return;
        }
    ADD(log->claims, log->claim_count, claim);
}

/* ---- a log ----------------------------------------------------------------------------------- */

enum place { ANYWHERE, IN_MAP, IN_PAGES };

static enum place take_line(struct boot_log *log, const char *line, enum place place)
{
    const char *prompt = strstr(line, "lintel> ");
    if (prompt)
        line = prompt;
    if (begins(line, "The Lintel kernel, brought here by")) {
        boot_log_free(log);
        return ANYWHERE;
    }
    if (begins(line, "The UEFI map") || begins(line, "The BIOS's E820 map")) {
        log->raw_count = 0;
        return IN_MAP;
    }
    if (prompt && strcmp(prompt, "lintel> pt") == 0) {
        log->mapping_count = 0;
        return IN_PAGES;
    }
    if (prompt)
        return ANYWHERE;
    if (place == IN_MAP)
        take_raw(log, line);
    else if (place == IN_PAGES)
        take_mapping(log, line);
    take_facts(log, line);
    take_memory(log, line);
    take_stage(log, line);
    take_claim(log, line);
    return place;
}

enum err boot_log_read(const char *path, struct boot_log *log)
{
    char line[LINE_MAX_BYTES];
    enum place place = ANYWHERE;
    struct content content;

    *log = (struct boot_log){0};
    TRY(file_map_text(path, &content));
    while (content_line(&content, line, sizeof line)) {
        clean(line);
        place = take_line(log, line, place);
    }
    if (log->firmware[0])
        return OK;
    boot_log_free(log);
    return fail(ERR_FORMAT, "%s: Lintel's own kernel says nothing in it (no line `fact: firmware`)",
                path);
}

void boot_log_free(struct boot_log *log)
{
    free(log->normal);
    free(log->raw);
    free(log->mappings);
    free(log->stages);
    free(log->claims);
    *log = (struct boot_log){0};
}
