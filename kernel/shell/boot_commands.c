/* What the loader told: boot information, log, timeline, claims, memory map, A20, disks. */
#include "kernel/claims/claims.h"
#include "kernel/lib/text.h"
#include "kernel/machine/original.h"
#include "kernel/shell/shell.h"

/* ---- time ------------------------------------------------------------------------------------ */

#define BAR_COLUMNS 44

static void show_time(void)
{
    uint64_t first = stage_start(0), total = initial_state.tsc - first;
    uint64_t per_millisecond = boot->tsc_hz / 1000 ? boot->tsc_hz / 1000 : 1;
    print("  %-10s%9s%11s\n", "stage", "begins", boot->tsc_hz ? "takes (ms)" : "takes (TSC)");
    for (uint64_t i = 0; i < boot->stage_count && total; i++) {
        uint64_t start = stage_start(i) - first, ticks = stage_start(i + 1) - first - start;
        uint64_t from = start * BAR_COLUMNS / total, to = (start + ticks) * BAR_COLUMNS / total;
        uint64_t tenths = ticks * 10 / per_millisecond;
        char bar[BAR_COLUMNS + 1] = {0};
        for (uint64_t column = 0; column < BAR_COLUMNS; column++)
            bar[column] = column >= from && (column < to || column == from) ? '#' : '.';
        print("  %-10s%9lu%9lu.%lu  %s\n", boot->stages[i].name, start / per_millisecond,
              tenths / 10, tenths % 10, bar);
    }
    print("  the kernel: %lu ms after the loader's first instruction\n", total / per_millisecond);
}

/* ---- claims, memory map ---------------------------------------------------------------------- */

static void check_claims(void)
{
    page_tables_walk();
    claims_check();
}

static void show_claims(void)
{
    console_pause_after(0); /* no keys come meanwhile */
    original_show(check_claims);
}

/* The index of the lowest row behind the one at `after` (none yet: raw_map_count()), or
 * raw_map_count(): firmware's maps need not be sorted. */
static uint64_t next_raw(uint64_t after)
{
    uint64_t count = raw_map_count(), found = count;
    uint64_t floor = after < count ? raw_map_range(after).base : 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t base = raw_map_range(i).base;
        bool is_behind = after == count || base > floor || (base == floor && i > after);
        if (is_behind && (found == count || base < raw_map_range(found).base))
            found = i;
    }
    return found;
}

static void print_side(uint64_t base, uint64_t bytes, const char *type, bool right)
{
    print_colour(right ? COLOUR_GOOD : COLOUR_PLAIN, "%11lx-%-12lx%s", base, base + bytes, type);
    for (uint32_t column = text_length(type); !right && column < 14; column++)
        print(" ");
}

/* Both in order; a row has two sides where they begin at the same address. */
static void show_map(void)
{
    const struct lintel_memory_range *normal = boot->memory_map;
    uint64_t raw = next_raw(raw_map_count()), i = 0;
    print_colour(COLOUR_TITLE, "%-38s%s\n", boot->efi_map ? "The UEFI map" : "The BIOS's E820 map",
                 "What the kernel may rely on");
    while (raw < raw_map_count() || i < boot->memory_map_count) {
        uint64_t left = raw < raw_map_count() ? raw_map_range(raw).base : UINT64_MAX;
        uint64_t right = i < boot->memory_map_count ? normal[i].base_physical : UINT64_MAX;
        if (left <= right) {
            print_side(left, raw_map_range(raw).bytes, raw_map_range(raw).type, false);
            raw = next_raw(raw);
        } else {
            print("%38s", "");
        }
        if (right <= left) {
            print_side(right, normal[i].bytes, memory_type_name(normal[i].type), true);
            i++;
        }
        print("\n");
    }
}

/* ---- A20, disks ------------------------------------------------------------------------------ */

static bool begins_with(const char *text, const char *start)
{
    while (*start && *text == *start)
        text++, start++;
    return *start == 0;
}

static void show_a20(void)
{
    if (boot->firmware == LINTEL_FIRMWARE_UEFI) {
        print("UEFI firmware hands over with address line 20 on; Lintel switches nothing.\n");
        return;
    }
    for (const char *at = boot->log; *at; at++) {
        if (!begins_with(at, "A20 "))
            continue;
        for (; *at && *at != '\n'; at++)
            print("%c", *at);
        print(", says the loader. It tries INT 15h AX=2401h, port 92h, the keyboard controller.\n");
        print("Port 92h reads %02x now: bit 1 is %u.\n", in8(0x92), in8(0x92) >> 1 & 1);
        return;
    }
    print("The loader's log does not say.\n");
}

static void print_guid(const char *name, const uint8_t *g)
{
    print("  %s %02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n", name, g[3],
          g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14],
          g[15]);
}

static void print_disk(const struct lintel_disk *disk)
{
    bool is_boot = disk->flags & LINTEL_DISK_BOOT;
    print_colour(is_boot ? COLOUR_GOOD : COLOUR_PLAIN, "%s%s\n", disk->name,
                 is_boot ? "  (Lintel booted from it)" : "");
    print("  %s%s, %lu sectors of %u bytes, %lu MiB\n",
          disk->flags & LINTEL_DISK_REMOVABLE ? "removable " : "", medium_name(disk->medium),
          disk->sectors, disk->sector_bytes, disk->sectors * disk->sector_bytes / MIB);
    if (disk->cylinders)
        print("  %u cylinders, %u heads, %u sectors a track\n", disk->cylinders, disk->heads,
              disk->track_sectors);
    if (disk->edd_version)
        print("  EDD version %x.%x%s%s\n", disk->edd_version >> 4, disk->edd_version & 15,
              disk->bus[0] ? ", on " : "", disk->bus);
    else if (disk->bios_drive != UINT32_MAX)
        print("  no EDD: read by cylinder, head and sector\n");
}

static void show_disks(void)
{
    const struct lintel_boot_volume *volume = &boot->volume;
    for (uint64_t i = 0; i < boot->disk_count; i++)
        print_disk(&boot->disks[i]);
    if (boot->disk_count == 0)
        print("The firmware told of none.\n");
    print("The boot volume: partition %u, %lu sectors from %lu on\n", volume->partition_number,
          volume->partition_sectors, volume->partition_first_lba);
    if (volume->partitioning == LINTEL_PARTITIONING_GPT) {
        print_guid("disk     ", volume->disk_guid);
        print_guid("partition", volume->partition_guid);
    }
}

const struct command boot_commands[] = {
    {"info", "", "boot information: firmware, CPU, memory, ...", NULL, facts_print},
    {"log", "", "the loader's log", NULL, facts_print_log},
    {"time", "", "the timeline of stages, with a bar for each", NULL, show_time},
    {"claims", "", "checks the claims of PROTOCOL.md again",
     "  Registers, interrupt table and task state are put back to what Lintel handed over while\n"
     "  the claims are checked.\n",
     show_claims},
    {"map", "", "memory, as the firmware told it and as it is now",
     "  Both sides in order of addresses; an end is the first byte behind a range. What INT 12h\n"
     "  keeps back below a0000 stands on the left beside the E820 map.\n",
     show_map},
    {"a20", "", "which method opened address line 20", NULL, show_a20},
    {"disk", "", "drives: size, geometry, EDD; and the boot volume", NULL, show_disks},
    {0},
};
