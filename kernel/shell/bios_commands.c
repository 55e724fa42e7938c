/* What the BIOS left in low memory: its vectors, its data, the sector that it loaded. */
#include "kernel/lib/bytes.h"
#include "kernel/lib/text.h"
#include "kernel/machine/original.h"
#include "kernel/shell/shell.h"

static bool has_bios(void)
{
    bool has = boot->firmware == LINTEL_FIRMWARE_BIOS;
    if (!has)
        print(
            "There is none: UEFI firmware has no real-mode vectors and no BIOS data area, and it\n"
            "starts programs from files, not from a sector.\n");
    return has;
}

/* ---- tables as text -------------------------------------------------------------------------- */

/* "OFFSET BYTES NAME|...", in hexadecimal. At most 4 bytes are a number, more are text. */
struct field {
    uint64_t offset, bytes;
    char name[48];
};

/* The row at `text`; returns the next one. */
static const char *read_field(const char *text, struct field *field)
{
    uint32_t length = 0;
    field->offset = option_number(text, 16, &text);
    field->bytes = option_number(text + 1, 16, &text);
    for (text++; *text && *text != '|'; text++)
        field->name[length++] = *text;
    field->name[length] = 0;
    return text + (*text == '|');
}

/* The bytes as they lie in memory, and what they are. */
static void print_field(const char *base, const uint8_t *record, const struct field *field)
{
    uint64_t value = 0;
    char text[16] = {0};
    print("  %s%02lx  ", base, field->offset);
    for (uint64_t i = 0; i < field->bytes; i++)
        print("%02x ", record[field->offset + i]);
    memcpy(field->bytes > 4 ? (void *)text : &value, record + field->offset, field->bytes);
    if (field->bytes > 4)
        print(" \"%s\"  %s\n", text, field->name);
    else
        print("%s%9lxh %10lu  %s\n", &"         "[3 * (field->bytes - 1)], value, value,
              field -> name);
}

static void print_fields(const char *base, const uint8_t *record, const char *table)
{
    for (struct field field; *table;) {
        table = read_field(table, &field);
        print_field(base, record, &field);
    }
}

/* ---- ivt ------------------------------------------------------------------------------------- */

#define VECTORS 256

/* IBM, PS/2 and PC BIOS Interface Technical Reference, section 2. */
static const char vector_names[] =
    "0 4 divide error|1 4 single step|2 4 NMI|3 4 breakpoint|4 4 overflow|5 4 print screen|"
    "6 4 invalid opcode|8 4 timer: IRQ 0|9 4 keyboard: IRQ 1|b 4 COM2: IRQ 3|c 4 COM1: IRQ 4|"
    "e 4 floppy: IRQ 6|f 4 LPT1: IRQ 7|10 4 video|11 4 equipment|12 4 memory size|13 4 disk|"
    "14 4 serial port|15 4 system: A20, E820, ...|16 4 keyboard|17 4 printer|18 4 nothing to boot|"
    "19 4 boot again|1a 4 time of day, PCI|1b 4 Ctrl-Break|1c 4 each tick|"
    "1d 4 data: video parameters|1e 4 data: floppy parameters|1f 4 data: font, from 80h on|"
    "40 4 floppy, behind 13h|41 4 data: first hard disk|43 4 data: font|46 4 data: second hard "
    "disk|"
    "4a 4 alarm|70 4 clock: IRQ 8|74 4 mouse: IRQ 12|75 4 x87: IRQ 13|76 4 disk: IRQ 14|"
    "77 4 disk: IRQ 15";

static void name_vector(uint64_t vector, struct field *field)
{
    const char *text = vector_names;
    do
        text = read_field(text, field);
    while (*text && field->offset != vector);
    if (field->offset != vector)
        field->name[0] = 0;
}

/* A run of vectors without names that lead to one place is a line. */
static void print_vectors(uint64_t from, uint64_t end)
{
    const uint32_t *table = direct(0);
    for (uint64_t first = from, next; first < end; first = next) {
        struct field field, other = {0};
        uint32_t to = table[first], linear = (to >> 16) * 16 + (to & 0xffff);
        name_vector(first, &field);
        for (next = first + 1; next < end && table[next] == to && !field.name[0]; next++) {
            name_vector(next, &other);
            if (other.name[0])
                break;
        }
        print("  %02lxh", first);
        if (next > first + 1)
            print(" to %02lxh", next - 1);
        else
            print("%7s", "");
        print("  %04x:%04x  = %06x, %-18s%s\n", to >> 16, to & 0xffff, linear,
              linear >= 0xf0000   ? "the BIOS's ROM"
              : linear >= 0xc0000 ? "an adapter's ROM"
              : to                ? "RAM"
                                  : "nothing",
              field.name);
    }
}

static void show_vectors(void)
{
    if (given.count && given.values[0] >= VECTORS)
        print_colour(COLOUR_BAD, "%lu: there are %u vectors\n", given.values[0], VECTORS);
    else if (has_bios())
        print_vectors(given.values[0], given.count ? given.values[0] + 1 : VECTORS);
}

/* ---- bda ------------------------------------------------------------------------------------- */

/* The same, section 3. Behind each part a word is drawn. */
static const char until_equipment[] =
    "0 2 port of COM1; 0: none|2 2 COM2|4 2 COM3|6 2 COM4|8 2 port of LPT1|a 2 LPT2|c 2 LPT3|"
    "e 2 segment of the extended data area|10 2 equipment, as INT 11h says";
static const char until_keyboard[] = "13 2 KiB below that area: INT 12h|"
                                     "18 1 keys that are down|17 1 keyboard flags";
static const char until_end[] =
    "1a 2 where the next key is read|1c 2 where the next key is written|"
    "3e 1 floppy drives to recalibrate|3f 1 floppy motors|40 1 ticks until they stop|"
    "41 1 status of the last floppy call|49 1 video mode|4a 2 columns|4c 2 bytes of a page of text|"
    "50 2 cursor: row, column|60 2 cursor: first and last line|62 1 page shown|"
    "63 2 port of the CRT controller|6c 4 ticks since midnight: 18.2 a s|"
    "70 1 midnight has passed|71 1 bit 7: Ctrl-Break was pressed|"
    "72 2 1234h: no memory test at restart|74 1 status of the last disk call|"
    "75 1 hard disks|80 2 keys are buffered from here|82 2 to here|84 1 rows, less one|"
    "85 2 lines of a character|96 1 bit 4: a keyboard of 101 keys|97 1 bits 0 to 2: its lights";

enum { IN_EQUIPMENT = 1, IN_KEYBOARD = 2 };

static const struct bit_row word_bits[] = {
    {"FD", 0, 1, IN_EQUIPMENT, "no floppy drive", "floppy drives"},
    {"x87", 1, 1, IN_EQUIPMENT, "none", "there is one"},
    {"mouse", 2, 1, IN_EQUIPMENT, "none", "PS/2"},
    {"-", 3, 1, IN_EQUIPMENT, "", ""},
    {"video", 4, 2, IN_EQUIPMENT, "has a BIOS", "1 40 columns, 2 80, 3 monochrome"},
    {"FDs-1", 6, 2, IN_EQUIPMENT, "", ""},
    {"-", 8, 1, IN_EQUIPMENT, "", ""},
    {"COMs", 9, 3, IN_EQUIPMENT, "", ""},
    {"game", 12, 1, IN_EQUIPMENT, "no port", "port"},
    {"-", 13, 1, IN_EQUIPMENT, "", ""},
    {"LPTs", 14, 2, IN_EQUIPMENT, "", ""},
    {"RShift", 0, 1, IN_KEYBOARD, "", "pressed"},
    {"LShift", 1, 1, IN_KEYBOARD, "", "pressed"},
    {"Ctrl", 2, 1, IN_KEYBOARD, "", "pressed"},
    {"Alt", 3, 1, IN_KEYBOARD, "", "pressed"},
    {"Scroll", 4, 1, IN_KEYBOARD, "", "on"},
    {"Num", 5, 1, IN_KEYBOARD, "", "on"},
    {"Caps", 6, 1, IN_KEYBOARD, "", "on"},
    {"Insert", 7, 1, IN_KEYBOARD, "", "on"},
};

static void draw_word(uint8_t kind, uint32_t number)
{
    struct bit_field fields[BIT_FIELDS_MAX];
    diagram_draw(
        fields, bits_decode(word_bits, sizeof word_bits / sizeof *word_bits, kind, number, fields));
}

static void show_data_area(void)
{
    const uint8_t *area = direct(0x400);
    if (!has_bios())
        return;
    print_fields("40:", area, until_equipment);
    draw_word(IN_EQUIPMENT, area[0x10] | (uint32_t)area[0x11] << 8);
    print_fields("40:", area, until_keyboard);
    draw_word(IN_KEYBOARD, area[0x17]);
    print_fields("40:", area, until_end);
}

/* ---- sector ---------------------------------------------------------------------------------- */

#define PARTITIONS 0x1be /* four entries, behind the disk's signature */
#define SIGNATURE  0x1fe

/* Microsoft, FAT32 File System Specification 1.03: boot sector and BPB. */
static const char common_fields[] =
    "3 8 OEM name|b 2 bytes of a sector|d 1 sectors of a cluster|e 2 sectors in front of the FATs|"
    "10 1 FATs|11 2 entries of the root directory|13 2 sectors; 0: see 20h|"
    "15 1 medium: F8h hard disk, F0h another|16 2 sectors of a FAT; 0: FAT32|"
    "18 2 sectors of a track|1a 2 heads|1c 4 sectors in front of the volume|20 4 sectors";
static const char fat16_fields[] =
    "24 1 BIOS drive|25 1 1: to be checked|26 1 29h: the rest is there|"
    "27 4 serial number|2b b label|36 8 file system, for people";
static const char fat32_fields[] =
    "24 4 sectors of a FAT|28 2 which FAT is in use|2a 2 version|2c 4 cluster of the root "
    "directory|"
    "30 2 sector of free counts|32 2 sector of this one's copy|34 c reserved|40 1 BIOS drive|"
    "41 1 1: to be checked|42 1 29h: the rest is there|43 4 serial number|47 b label|"
    "52 8 file system, for people";

/* Where code begins: behind the parameter block, where there is one. */
static uint32_t print_parameters(const uint8_t *sector)
{
    bool has_block = sector[0x0b] == 0 && sector[0x0c] && sector[0x0d] && sector[0x15] >= 0xf0;
    bool is_fat32 = sector[0x16] == 0 && sector[0x17] == 0;
    if (!has_block)
        return 3;
    print_fields("", sector, common_fields);
    print_fields("", sector, is_fat32 ? fat32_fields : fat16_fields);
    return is_fat32 ? 0x5a : 0x3e;
}

static void print_partition(const uint8_t *entry, uint32_t number)
{
    uint32_t lba[2];
    memcpy(lba, entry + 8, sizeof lba);
    if (entry[4])
        print("      partition %u: %stype %02xh, %u sectors from %u on\n", number,
              entry[0] ? "active, " : "", entry[4], lba[1], lba[0]);
    else
        print("      partition %u: none\n", number);
}

/* A volume's boot sector may have code or text where a disk's has its table. */
static void print_table(const uint8_t *sector)
{
    const uint8_t *entry = sector + PARTITIONS;
    if ((entry[0] | entry[16] | entry[32] | entry[48]) & 0x7f)
        return;
    print_fields("", sector, "1b8 4 disk signature");
    for (uint32_t i = 0; i < 4; i++)
        print_partition(entry + 16 * i, i + 1);
}

static void show_sector(void)
{
    const uint8_t *sector = original_sector;
    if (!has_bios())
        return;
    if (sector[SIGNATURE] != 0x55 || sector[SIGNATURE + 1] != 0xaa) {
        print("There is none at 7C00h: bytes %xh and %xh were %02x %02x there, not 55 aa.\n"
              "From a network the BIOS loads a program to that place.\n",
              SIGNATURE, SIGNATURE + 1, sector[SIGNATURE], sector[SIGNATURE + 1]);
        return;
    }
    print("  00  %02x %02x %02x  jump to %xh\n", sector[0], sector[1], sector[2],
          sector[0] == 0xe9 ? 3 + (sector[1] | (uint32_t)sector[2] << 8) : 2u + sector[1]);
    for (uint32_t at = print_parameters(sector), part; at < SIGNATURE; at += part) {
        part = at % 16 ? 16 - at % 16 : SIGNATURE - at < 16 ? SIGNATURE - at : 16;
        dump_row(SECTOR_AT + at, sector + at, part);
    }
    print_table(sector);
    print("  1fe  55 aa  the signature of a boot sector\n");
}

const struct command bios_commands[] = {
    {"ivt", "[VECTOR]", "real mode's interrupt vectors, by the BIOS",
     "  ivt        all: segment:offset, linear address, whose memory that is\n"
     "  ivt 13h    the disk calls\n",
     show_vectors},
    {"bda", "", "the BIOS data area, field by field",
     "  The bytes as they lie in memory, then the number that they are. Source: IBM,\n"
     "  PS/2 and PC BIOS Interface Technical Reference, section 3; `ivt`: section 2.\n",
     show_data_area},
    {"sector", "", "the sector that the BIOS loaded to 7C00h",
     "  As the kernel found it: jump, parameter block of FAT, code, partition\n"
     "  table, signature. Where GRUB loads Lintel by `multiboot2` it is GRUB's own.\n",
     show_sector},
    {0},
};
