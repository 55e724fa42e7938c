/* How is the record of an installation in the gap kept? */
#include "images/tool/live/undo.h"
#include "common/format/crc32.h"
#include "common/lib/mem.h"
#include "images/tool/host/durable.h"
#include "images/tool/host/file.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC  "LNTAREA1"
#define CRC_AT 8

static uint32_t crc_of(const uint8_t sector[AREA_SECTOR_USED])
{
    uint8_t copy[AREA_SECTOR_USED];

    memcpy(copy, sector, sizeof copy);
    memset(copy + CRC_AT, 0, 4);
    return crc32(0, copy, sizeof copy);
}

void undo_write(const struct undo *undo, uint8_t sector[AREA_SECTOR_USED])
{
    memset(sector, 0, AREA_SECTOR_USED);
    memcpy(sector, MAGIC, strlen(MAGIC));
    store_bytes(sector + 0x0c, undo->sector_bytes, 4);
    store_bytes(sector + 0x10, undo->first, 8);
    store_bytes(sector + 0x18, undo->slot_sectors, 4);
    store_bytes(sector + 0x1c, undo->previous_crc, 4);
    store_bytes(sector + CRC_AT, crc_of(sector), 4);
}

bool undo_parse(const uint8_t sector[AREA_SECTOR_USED], struct undo *undo)
{
    if (memcmp(sector, MAGIC, strlen(MAGIC)) != 0 || load32(sector + CRC_AT) != crc_of(sector))
        return false;
    *undo = (struct undo){
        .sector_bytes = load32(sector + 0x0c),
        .first = load64(sector + 0x10),
        .slot_sectors = load32(sector + 0x18),
        .previous_crc = load32(sector + 0x1c),
    };
    return true;
}

/* ---- the copy in the running system ---------------------------------------------------------- */

static void add_hex(char **text, const char *name, const uint8_t bytes[AREA_SECTOR_USED])
{
    text_add(text, "%s ", name);
    for (size_t i = 0; i < AREA_SECTOR_USED; i++)
        text_add(text, "%02x", bytes[i]);
    text_add(text, "\n");
}

/* Takes the line that begins with `name`. */
static bool take_hex(const struct content *text, const char *name, uint8_t bytes[AREA_SECTOR_USED])
{
    struct content rest = *text;
    char line[2 * AREA_SECTOR_USED + 32];
    size_t length = strlen(name);

    while (content_line(&rest, line, sizeof line)) {
        const char *digits = line + length + 1;
        size_t i = 0;
        if (strncmp(line, name, length) != 0)
            continue;
        while (i < AREA_SECTOR_USED && sscanf(digits + 2 * i, "%2hhx", &bytes[i]) == 1)
            i++;
        return i == AREA_SECTOR_USED;
    }
    return false;
}

enum err undo_keep(const struct undo *undo, const uint8_t previous[AREA_SECTOR_USED])
{
    char *folder = root_path(UNDO_FOLDER), *path = root_path(UNDO_FILE);
    char *text = text_of("# Lintel's installation, for `lintel uninstall`: what it lies in, and "
                         "the first sector before it.\n");
    uint8_t sector[AREA_SECTOR_USED];
    enum err err;

    undo_write(undo, sector);
    add_hex(&text, "record", sector);
    add_hex(&text, "previous", previous);
    err = durable_folder(folder);
    if (err == OK)
        err = durable_write(path, text);
    free(text);
    free(path);
    free(folder);
    return err;
}

enum err undo_find_kept(struct undo *undo, uint8_t previous[AREA_SECTOR_USED])
{
    char *path = root_path(UNDO_FILE);
    uint8_t sector[AREA_SECTOR_USED];
    struct content text;
    enum err err = file_map_text(path, &text);

    if (err == OK && (!take_hex(&text, "record", sector) || !undo_parse(sector, undo) ||
                      !take_hex(&text, "previous", previous) ||
                      crc32(0, previous, AREA_SECTOR_USED) != undo->previous_crc))
        err = fail(ERR_FORMAT, "%s: is damaged", path);
    free(path);
    return err;
}

enum err undo_forget(void)
{
    char *path = root_path(UNDO_FILE);
    enum err err = access(path, F_OK) == 0 ? durable_remove(path) : OK;

    free(path);
    return err;
}
