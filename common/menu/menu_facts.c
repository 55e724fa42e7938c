/* All that is known of this boot, for a person. A line that does not begin with a space is a
 * heading. */
#include "common/entries/tries.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/memory/memmap.h"
#include "common/menu/menu.h"
#include "common/version.h"

/* Room for one of each; a longer one takes from the others. */
#define HEAD_BYTES  1024
#define RANGE_BYTES 64
#define DISK_BYTES  128
#define ENTRY_BYTES 360
#define LOG_GROWTH  3 /* two spaces before each line, which may be empty */

struct writer {
    char *text;
    size_t length, room;
};

static void __attribute__((format(printf, 2, 3)))
write(struct writer *writer, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    size_t wanted =
        fmt_shown_list(writer->text + writer->length, writer->room - writer->length, format, list);
    va_end(list);
    writer->length = MIN(writer->length + wanted, writer->room - 1);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static enum err read_map(const struct machine *machine, struct memmap *map, struct raw_map *busy)
{
    struct raw_map raw;

    TRY(machine->firmware->memory_map(&raw, busy));
    TRY(memmap_insert_raw(map, &raw, machine->facts->cpu.physical_bits));
    return memmap_normalise(map);
}

static uint64_t sum(const struct raw_map *map)
{
    uint64_t bytes = 0;

    for (uint64_t i = 0; i < map->count; i++)
        bytes += map->ranges[i].bytes;
    return bytes;
}

static void write_memory(struct writer *writer, const struct memmap *map,
                         const struct raw_map *busy)
{
    write(writer, "Memory: %lu KiB usable, of which the loader holds %lu KiB\n",
          memmap_bytes(map, LINTEL_MEMORY_USABLE) / KIB, sum(busy) / KIB);
    for (uint64_t i = 0; i < map->count; i++)
        write(writer, "  %016lx to %016lx  %s\n", map->ranges[i].first, map->ranges[i].last,
              memmap_type_name(map->ranges[i].type));
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void write_address(struct writer *writer, const char *name, uint64_t physical)
{
    if (physical)
        write(writer, "  %-10s at %lXh\n", name, physical);
}

static void write_machine(struct writer *writer, const struct facts *facts)
{
    bool bios = facts->firmware == LINTEL_FIRMWARE_BIOS;

    write(writer, "Lintel %s\n", LINTEL_VERSION);
    write(writer, "  firmware   %s%s%s\n",
          facts->firmware_type ? facts->firmware_type : (bios ? "BIOS" : "UEFI"),
          facts->firmware_name ? ", " : "", facts->firmware_name ? facts->firmware_name : "");
    if (!bios)
        write(writer, "  security   Secure Boot is %s\n", facts->secure_boot ? "on" : "off");
    if (facts->loader_path)
        write(writer, "  loader     %s\n", facts->loader_path);
    write(writer, "  processor  %s\n  addresses  %u bits physical, %u linear\n",
          facts->cpu.brand[0] ? facts->cpu.brand : facts->cpu.vendor, facts->cpu.physical_bits,
          facts->cpu.linear_bits);
    write(writer, "  clock      %lu MHz\n", facts->tsc_hz / 1000000);
    write_address(writer, "RSDP", facts->rsdp);
    write_address(writer, "SMBIOS", facts->smbios);
    write_address(writer, "SMBIOS 3", facts->smbios3);
}

static void write_disks(struct writer *writer, const struct facts *facts,
                        const struct volume *volume)
{

    write(writer, "Disks: %u\n", facts->disk_count);
    for (uint32_t i = 0; i < facts->disk_count; i++) {
        const struct disk *disk = &facts->disks[i];
        write(writer, "  %s\n    %lu sectors of %u bytes%s\n", disk->name, disk->sectors,
              disk->sector_bytes, disk->removable ? ", removable" : "");
    }
    if (volume->disk)
        write(writer, "Boot volume: partition %u of\n  %s\n", volume->number, volume->disk->name);
}

static void write_entries(struct writer *writer, const struct config *config)
{
    uint32_t count = config->count + config->hidden_count;

    write(writer, "Entries: %u, of which %u hidden\n", count, config->hidden_count);
    for (uint32_t i = 0; i < count; i++) {
        const struct entry *entry = &config->entries[i];
        const char *state = i >= config->count ? "hidden: it" : "can't boot: it";
        char tries[TRIES_TEXT_BYTES];
        write(writer, "  %s%s: %s %s%s%s\n", entry->id, entry->suffix,
              entry->problem ? state : entry->kernel_key,
              entry->problem ? entry->problem : entry->kernel, entry->counted ? "; " : "",
              tries_text(entry, tries));
    }
}

/* Indented, as all that is no heading. */
static void write_log(struct writer *writer, const char *log)
{
    write(writer, "Log\n");
    while (*log) {
        const char *end = strchr(log, '\n');
        int length = end ? (int)(end - log) : (int)strlen(log);

        write(writer, "  %.*s\n", length, log);
        log += length + (end != NULL);
    }
}

static enum err take_map(struct machine *machine, struct memmap *map)
{
    struct raw_map raw, busy;

    TRY(machine->firmware->memory_map(&raw, &busy));
    *map = (struct memmap){.capacity = MEMMAP_CAPACITY(MAX(raw.count, raw.capacity))};
    return ARENA_TAKE(&machine->arena, map->capacity, &map->ranges);
}

/* All memory is taken before it is measured: two looks at an unchanged machine show the same. */
enum err menu_facts(const struct menu *menu, char **text)
{
    struct machine *machine = menu->machine;
    const struct config *config = menu->config;
    struct memmap map;
    struct raw_map busy;
    char *log;

    TRY(take_map(machine, &map));
    TRY(ARENA_TAKE(&machine->arena, LOG_BYTES + 1, &log));
    struct writer writer = {
        .room = HEAD_BYTES + map.capacity * RANGE_BYTES + machine->facts->disk_count * DISK_BYTES +
                (config->count + config->hidden_count) * ENTRY_BYTES + LOG_GROWTH * LOG_BYTES};
    TRY(arena_take(&machine->arena, writer.room, (void **)&writer.text));
    log_copy(log, LOG_BYTES + 1);
    TRY(read_map(machine, &map, &busy));
    write_machine(&writer, machine->facts);
    write_memory(&writer, &map, &busy);
    write_disks(&writer, machine->facts, &menu->volumes->boot);
    write_entries(&writer, config);
    write_log(&writer, log);
    *text = writer.text;
    return OK;
}
