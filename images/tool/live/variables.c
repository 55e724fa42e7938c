/* What does the running machine keep of its boots, wherever it does? */
#include "images/tool/live/variables.h"
#include "common/entries/tries.h"
#include "common/storage/state_variable.h"
#include "images/tool/host/root.h"
#include "images/tool/live/machine.h"
#include "images/tool/live/nvram.h"
#include "images/tool/live/pair.h"
#include <stdlib.h>

enum err variables_forget_tries(const struct variables *variables, const char *file_name)
{
    uint8_t records[TRIES_BYTES_MAX];
    uint64_t bytes = sizeof records, left;

    if (!variables->set || variables->get(vendor_lintel, TRIES_VARIABLE, records, &bytes) != OK)
        return OK;
    left = tries_drop(records, bytes, file_name);
    if (left == bytes)
        return OK;
    return variables->set(vendor_lintel, TRIES_VARIABLE, true, records, left);
}

static enum err forget_on(const struct disk_image *disk, const char *file_name)
{
    const struct variables variables = {pair_get, pair_set};
    struct state state;
    uint64_t area;

    if (!pair_find(disk, &area) || pair_open(disk, area, &state) != OK)
        return OK;
    return variables_forget_tries(&variables, file_name);
}

enum err live_forget_tries(const struct live *live, const char *file_name)
{
    const struct variables variables = {nvram_get, nvram_check() == OK ? nvram_set : NULL};
    char *path = root_path(live->disk);
    struct disk_image disk;
    enum err err;

    if (live->uefi) {
        free(path);
        return variables_forget_tries(&variables, file_name);
    }
    err = disk_image_open_used(path, true, &disk);
    if (err == OK) {
        err = forget_on(&disk, file_name);
        disk_image_close(&disk);
    }
    free(path);
    return err;
}
