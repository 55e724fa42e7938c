/* Memory: translations, and bytes at addresses. */
#include "kernel/lib/text.h"
#include "kernel/machine/page_tables.h"
#include "kernel/shell/shell.h"

/* ---- pt -------------------------------------------------------------------------------------- */

static void print_ranges(void)
{
    page_tables_walk();
    for (uint32_t i = 0; i < mapped_count; i++) {
        const struct mapped_range *range = &mapped[i];
        print("%016lx-%016lx %12lx r%c%c%c%c %s\n", range->virtual,
              range->virtual + range->bytes - 1, range->physical,
              range->rights & RIGHT_WRITE ? 'w' : '-', range->rights & RIGHT_EXECUTE ? 'x' : '-',
              range->rights & RIGHT_USER ? 'u' : '-', range->rights & RIGHT_GLOBAL ? 'g' : '-',
              cache_name(range->cache));
    }
    print("%u range%s; virtual, physical, rights, caching\n", mapped_count,
          text_plural(mapped_count));
}

/* Each index selects an entry of its table (Intel SDM 3A, 4.5.4). */
static void draw_address(uint64_t virtual, int levels)
{
    struct bit_field fields[BIT_FIELDS_MAX] = {{"offset", 0, 12, virtual % PAGE_BYTES, ""}};
    uint8_t end = (uint8_t)(12 + 9 * levels);
    for (int level = 1; level <= levels; level++)
        fields[level] = (struct bit_field){level_name(level), (uint8_t)(3 + 9 * level), 9,
                                           index_at(virtual, level), ""};
    fields[levels + 1] =
        (struct bit_field){"sign", end, 64 - end, virtual >> end, "all as the bit below"};
    diagram_draw(fields, (uint32_t)levels + 2);
}

static void print_step(const struct page_step *step, uint64_t virtual)
{
    print_colour(COLOUR_TITLE, "  %-5sindex %3lu, at physical %lx: %016lx\n",
                 level_name(step->level), index_at(virtual, step->level), step->place, step->entry);
    struct bit_field fields[BIT_FIELDS_MAX];
    if (step->entry & ENTRY_PRESENT)
        diagram_draw(fields, entry_fields(step->entry, step->level, fields));
    else
        print("    not present%s\n", step->entry ? "; the other bits are software's" : "");
}

static void translate(uint64_t virtual)
{
    if (!address_is_canonical(virtual, paging_levels())) {
        print("%lx is not canonical: no table has a place for it\n", virtual);
        return;
    }
    struct page_walk walk = page_tables_walk_to(virtual);
    draw_address(virtual, paging_levels());
    for (uint32_t i = 0; i < walk.count; i++)
        print_step(&walk.steps[i], virtual);
    if (!walk.present) {
        print_colour(COLOUR_BAD, "%016lx is not mapped\n", virtual);
        return;
    }
    const struct page_step *last = &walk.steps[walk.count - 1];
    print_colour(
        COLOUR_GOOD, "%016lx is physical %lx, in a page of %lu KiB:\n  %s, %s, %s, %s (PA%u)\n",
        virtual, walk.physical, walk.page_bytes / KIB,
        walk.all & ENTRY_WRITE ? "writable" : "read-only",
        walk.any & ENTRY_NX ? "not executable" : "executable",
        walk.all & ENTRY_USER ? "user" : "supervisor",
        cache_name(cache_of(last->entry, last->level)), entry_pat_index(last->entry, last->level));
}

static void show_pages(void)
{
    if (given.count)
        translate(given.values[0]);
    else
        print_ranges();
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* The bytes from `address` on that lie on mapped pages, at most `bytes`. */
static uint64_t mapped_bytes(uint64_t address, uint64_t bytes, bool writable)
{
    uint64_t done = 0;
    while (done < bytes && address_is_canonical(address + done, paging_levels())) {
        struct page_walk walk = page_tables_walk_to(address + done);
        if (!walk.present || (writable && !(walk.all & ENTRY_WRITE)))
            break;
        uint64_t left = walk.page_bytes - walk.physical % walk.page_bytes;
        done += left < bytes - done ? left : bytes - done;
    }
    return done;
}

/* Of an argument SIZE. */
static uint64_t size_given(uint32_t index)
{
    return index < given.count ? 1 << given.values[index] : 8;
}

static bool check_mapped(uint64_t address, uint64_t bytes, bool writable)
{
    if (mapped_bytes(address, bytes, writable) == bytes)
        return true;
    print_colour(COLOUR_BAD, "%016lx is not mapped%s; `pt %lx` shows why\n", address,
                 writable ? " writable" : "", address);
    return false;
}

static void peek(void)
{
    uint64_t address = given.values[0], bytes = size_given(1);
    if (!check_mapped(address, bytes, false))
        return;
    const volatile void *at = (const volatile void *)address;
    uint64_t value = bytes == 1   ? *(const volatile uint8_t *)at
                     : bytes == 2 ? *(const volatile uint16_t *)at
                     : bytes == 4 ? *(const volatile uint32_t *)at
                                  : *(const volatile uint64_t *)at;
    print("%016lx: %#lx, %lu\n", address, value, value);
}

static void poke(void)
{
    uint64_t address = given.values[0], value = given.values[1], bytes = size_given(2);
    if (!check_mapped(address, bytes, true))
        return;
    volatile void *at = (volatile void *)address;
    if (bytes == 1)
        *(volatile uint8_t *)at = (uint8_t)value;
    else if (bytes == 2)
        *(volatile uint16_t *)at = (uint16_t)value;
    else if (bytes == 4)
        *(volatile uint32_t *)at = (uint32_t)value;
    else
        *(volatile uint64_t *)at = value;
}

void dump_row(uint64_t address, const uint8_t *at, uint64_t bytes)
{
    print("%016lx ", address);
    for (uint64_t i = 0; i < 16; i++)
        if (i < bytes)
            print(" %02x", at[i]);
        else
            print("   ");
    print("  ");
    for (uint64_t i = 0; i < bytes; i++)
        print("%c", at[i] >= ' ' && at[i] <= '~' ? at[i] : '.');
    print("\n");
}

static void hexdump(void)
{
    uint64_t address = given.values[0], bytes = given.count > 1 ? given.values[1] : 128;
    uint64_t mapped_here = mapped_bytes(address, bytes, false);
    for (uint64_t done = 0; done < mapped_here; done += 16)
        dump_row(address + done, (const uint8_t *)address + done,
                 mapped_here - done < 16 ? mapped_here - done : 16);
    if (mapped_here < bytes)
        print_colour(COLOUR_BAD, "%016lx is not mapped\n", address + mapped_here);
}

static void show_number(void)
{
    uint64_t value = given.values[0];
    print("  unsigned %lu; signed %ld; hexadecimal %lxh\n", value, (int64_t)value, value);
    print("  %lu KiB and %lu bytes; as an address %s\n  in memory", value / KIB, value % KIB,
          address_is_canonical(value, paging_levels()) ? "canonical" : "not canonical");
    for (uint32_t i = 0; i < 8; i++)
        print(" %02lx", value >> 8 * i & 0xff);
    print(", the lowest byte first\n");
}

const struct command memory_commands[] = {
    {"pt", "[ADDRESS]", "translates an address; alone: all that is mapped",
     "  pt                    ranges with permissions (read, write, execute, user, global) and\n"
     "                        caching\n"
     "  pt kernel_main        every step, every bit by name\n"
     "  pt kernel_main+10     the same, 10h bytes on\n"
     "  pt direct_map+fee00000   physical address fee00000: device registers, uncached\n"
     "  pt 0                  the null page: not mapped\n",
     show_pages},
    {"peek", "ADDRESS [SIZE]", "reads 1, 2, 4 or 8 (default) bytes",
     "  peek kernel_main\n  peek direct_map+46c 4    the BIOS's timer, on BIOS\n", peek},
    {"poke", "ADDRESS VALUE [SIZE]", "writes 1, 2, 4 or 8 (default) bytes",
     "  poke direct_map+b8000 0x4f41 2    a red A on a text screen\n"
     "  Pages that are not mapped writable are refused.\n",
     poke},
    {"hexdump", "ADDRESS [BYTES]", "shows memory in hexadecimal and ASCII",
     "  hexdump kernel_main 64\n", hexdump},
    {"number", "VALUE", "a number in all formats; see `help numbers`",
     "  number -1    or 4096, 0xfee00000, 7c00h\n", show_number},
    {"numbers", "", "how numbers are typed and shown here",
     "  Addresses are hexadecimal as they stand, other numbers decimal; 0x in front\n"
     "  or h behind make any hexadecimal: `vm reserve 65536`, `vm reserve 10000h`.\n"
     "  Unsigned 64 bits hold 0 to 18446744073709551615, signed -2^63 to 2^63 - 1\n"
     "  in two's complement: -x is x with all bits inverted, plus 1: `number -1`.\n"
     "  Memory holds the lowest byte first (little endian): 1234h lies as 34 12.\n"
     "    poke direct_map+1000 1234h 2      hexdump direct_map+1000 2\n"
     "  KiB, MiB are 2^10, 2^20 bytes; kB, MB on a disk's box 10^3, 10^6.\n"
     "  An address is canonical when all bits above those that paging translates, 48\n"
     "  or 57, are as the highest of them: `number ffff800000000000h`.\n",
     NULL},
    {0},
};
