/* Which drives the BIOS has, and what their sectors hold; a BIOS may lie about both. */
#include "legacy/disk.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/disk/disk.h"
#include "common/storage/disk/marks.h"
#include "legacy/bios.h"
#include "legacy/memory.h"
#include "legacy/ports.h"

#define FIRST_DISK   0x80u
#define FIRST_CD     0x90u /* of the numbers that BIOSes take for those */
#define FLOPPIES     4u
#define SECTOR_BYTES 512u

#define SECTORS_MOST  127u /* Phoenix BIOSes refuse more in one AH=42h */
#define TRIES         10u
#define TRIES_WHOLE   3u /* from then on smaller pieces: some BIOSes choke on large ones */
#define TRIES_MEASURE 2u
#define TRIES_WRITE   3u

struct __attribute__((packed)) parameters { /* EDD 3.0, table 4 */
    uint16_t bytes, flags;
    uint32_t cylinders, heads, track_sectors;
    uint64_t sectors;
    uint16_t sector_bytes;
    uint32_t configuration;
    uint16_t key;       /* PARAMETERS_KEY: the rest is there */
    uint8_t path_bytes; /* from key on */
    uint8_t reserved[3];
    char bus[4], interface[8]; /* ASCII, padded with spaces */
    uint8_t path[26];
};

#define PARAMETERS_GEOMETRY  0x2 /* cylinders, heads and track_sectors are valid */
#define PARAMETERS_REMOVABLE 0x4
#define PARAMETERS_KEY       0xbedd

struct __attribute__((packed)) packet { /* disk address packet, EDD 3.0, table 2 */
    uint8_t bytes, reserved;
    uint16_t sectors, offset, segment;
    uint64_t lba;
};

/* ---- one request ----------------------------------------------------------------------------- */

enum direction { READ, WRITE }; /* as AH counts on from 42h and 02h */

#define NO_FUNCTION     1u
#define BROUGHT_NOTHING 0x100u /* beside the statuses of a BIOS */
#define PIECE_BYTES     4096u  /* of a long read have a mark: all sectors would cost half a read */
#define CYLINDERS       1024u  /* that AH=02h can name */

static uint64_t chs_end(const struct disk *disk)
{
    return (uint64_t)CYLINDERS * disk->heads * disk->track_sectors;
}

/* These move sectors once, to or from the bounce buffer. They return the BIOS's status, 0 when all
 * is well, and lower *sectors to what was moved. */
static uint32_t move_lba(enum direction direction, uint8_t number, uint64_t lba, uint32_t *sectors)
{
    static struct packet packet; /* static: below 1 MiB, whatever the stack is */
    struct bios_regs regs = {
        .eax = 0x4200u + (direction << 8), /* AL=0: nothing is verified */
        .edx = number,
        .ds = segment_of((void *)align_down((uintptr_t)&packet, 16)),
        .esi = (uintptr_t)&packet % 16,
    };

    packet = (struct packet){
        .bytes = sizeof packet,
        .sectors = (uint16_t)*sectors,
        .segment = segment_of(bounce),
        .lba = lba,
    };
    bios_call(0x13, &regs);
    *sectors = MIN(*sectors, packet.sectors);
    return bios_carry(&regs) ? MAX(bios_ah(&regs), 1) : 0;
}

static uint32_t move_chs(enum direction direction, const struct disk *disk, uint64_t lba,
                         uint32_t *sectors)
{
    uint64_t track = lba / disk->track_sectors, cylinder = track / disk->heads;
    uint32_t head = (uint32_t)(track % disk->heads);
    uint32_t sector = (uint32_t)(lba % disk->track_sectors);

    *sectors = MIN(*sectors, disk->track_sectors - sector);
    struct bios_regs regs = {
        .eax = (0x0200u + (direction << 8)) | *sectors,
        .ecx = (uint32_t)((cylinder & 0xff) << 8 | cylinder >> 8 << 6 | (sector + 1)),
        .edx = head << 8 | (uint8_t)disk->handle,
        .es = segment_of(bounce),
    };
    bios_call(0x13, &regs);
    return bios_carry(&regs) ? MAX(bios_ah(&regs), 1) : 0;
}

static uint32_t move(enum direction direction, const struct disk *disk, uint64_t lba,
                     uint32_t *sectors)
{
    return disk->edd.version ? move_lba(direction, (uint8_t)disk->handle, lba, sectors)
                             : move_chs(direction, disk, lba, sectors);
}

static void reset(uint8_t number)
{
    struct bios_regs regs = {.edx = number};

    bios_call(0x13, &regs);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Reads once, and lowers *bytes, of the bounce buffer, to the whole sectors that came. Returns as
 * above. */
static uint32_t read_marked(const struct disk *disk, uint64_t lba, uint32_t sectors,
                            uint64_t *bytes)
{
    uint64_t piece = *bytes > PIECE_BYTES ? PIECE_BYTES : SECTOR_BYTES;
    uint64_t mark = marks_place(bounce, *bytes, piece), came;
    uint32_t told = sectors;
    uint32_t status = move(READ, disk, lba, &told);

    came = marks_count(bounce, *bytes / sectors * told, piece, mark);
    *bytes = align_down(came, disk->sector_bytes);
    return status || *bytes ? status : BROUGHT_NOTHING;
}

#define STATUS_TEXT_BYTES 32

static const char *status_text(uint32_t status, char text[STATUS_TEXT_BYTES])
{
    if (status == BROUGHT_NOTHING)
        return "success, and nothing came";
    fmt(text, STATUS_TEXT_BYTES, "status %02Xh", status);
    return text;
}

static enum err fail_read(const struct disk *disk, uint64_t lba, uint32_t status)
{
    char text[STATUS_TEXT_BYTES], size[64] = "";

    if (disk->sectors && lba >= disk->sectors)
        fmt(size, sizeof size, "; by what it says, the disk ends at sector %lu", disk->sectors);
    return fail(ERR_IO, "%s: sector %lu cannot be read: the BIOS says %s after %u tries%s",
                disk->name, lba, status_text(status, text), TRIES, size);
}

/* How many sectors each drive takes at once, after it took no more; 0: as many as any. */
static uint8_t limits[256];

/* Reads up to *sectors sectors into the bounce buffer; says how many. */
static enum err read_piece(const struct disk *disk, uint64_t lba, uint32_t *sectors)
{
    uint8_t number = (uint8_t)disk->handle;
    char text[STATUS_TEXT_BYTES];
    uint32_t status = 0;

    for (uint32_t tries = 0; tries < TRIES; tries++) {
        if (tries)
            reset(number);
        if (tries >= TRIES_WHOLE)
            limits[number] = (uint8_t)(*sectors = MAX(*sectors / 2, 1));
        uint64_t bytes = (uint64_t)*sectors * disk->sector_bytes;
        status = read_marked(disk, lba, *sectors, &bytes);
        if (!status) {
            *sectors = (uint32_t)(bytes / disk->sector_bytes);
            return OK;
        }
        note("%s: %s at sector %lu, asked for %u\n", disk->name, status_text(status, text), lba,
             *sectors);
    }
    limits[number] = 0; /* it was not their number */
    return fail_read(disk, lba, status);
}

/* Where the disk ends only the drive knows: what the BIOS says of it is a hint. */
static enum err check_reach(const struct disk *disk, uint64_t lba, uint64_t sectors)
{
    uint64_t end;

    if (add_wraps(lba, sectors, &end) || (!disk->edd.version && end > chs_end(disk)))
        return fail(ERR_IO, "%s: %lu sector%s from sector %lu on: more than INT 13h can reach%s",
                    disk->name, sectors, text_plural(sectors), lba,
                    disk->edd.version ? "" : ": the BIOS has no AH=42h for this drive");
    return OK;
}

enum err disk_read(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to)
{
    const uint8_t *limit = &limits[(uint8_t)disk->handle];
    uint8_t *next = to;
    uint64_t end = lba + sectors;

    TRY(check_reach(disk, lba, sectors));
    while (lba < end) {
        uint32_t most = MIN(SECTORS_MOST, BOUNCE_BYTES / disk->sector_bytes);
        uint32_t count = (uint32_t)MIN(end - lba, *limit ? MIN(most, *limit) : most);
        TRY(read_piece(disk, lba, &count));
        memcpy(next, bounce, (size_t)count * disk->sector_bytes);
        next += (size_t)count * disk->sector_bytes;
        lba += count;
    }
    return OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum err fail_write(const struct disk *disk, uint64_t lba, uint32_t status)
{
    char text[STATUS_TEXT_BYTES] = "success, and it stays";

    if (status)
        status_text(status, text);
    return fail(ERR_IO, "%s: sector %lu cannot be written: the BIOS says %s after %u tries",
                disk->name, lba, text, TRIES_WRITE);
}

static enum err holds(const struct disk *disk, uint64_t lba, const void *bytes, bool *same)
{
    uint32_t one = 1;

    TRY(read_piece(disk, lba, &one));
    *same = memcmp(bounce, bytes, disk->sector_bytes) == 0;
    return OK;
}

/* What the BIOS says does not count: what the sector then holds does. */
enum err disk_write_sector(const struct disk *disk, uint64_t lba, const void *before,
                           const void *after)
{
    uint32_t status = 0;
    bool same;

    TRY(check_reach(disk, lba, 1));
    TRY(holds(disk, lba, before, &same));
    if (!same)
        return fail(ERR_CHANGED, "%s: sector %lu holds something else than a moment ago, and stays",
                    disk->name, lba);
    for (uint32_t tries = 0; tries < TRIES_WRITE; tries++) {
        uint32_t one = 1;
        if (tries)
            reset((uint8_t)disk->handle);
        memcpy(bounce, after, disk->sector_bytes);
        status = move(WRITE, disk, lba, &one);
        TRY(holds(disk, lba, after, &same));
        if (same)
            return OK;
    }
    return fail_write(disk, lba, status);
}

/* ---- what drives there are ------------------------------------------------------------------- */

/* Extensions without reading by LBA are none. */
static void read_version(struct edd *edd)
{
    struct bios_regs regs = {.eax = 0x4100, .ebx = 0x55aa, .edx = edd->drive};

    bios_call(0x13, &regs);
    if (bios_carry(&regs) || (regs.ebx & 0xffff) != 0xaa55 || !(regs.ecx & 1))
        return;
    edd->version = MAX(bios_ah(&regs), 1);
    edd->interfaces = (uint16_t)regs.ecx;
}

/* "PCI ATA" from "PCI " and "ATA     "; nothing where the BIOS did not fill it with text. */
static void read_bus(const struct parameters *parameters, struct disk *disk)
{
    const char *from = parameters->bus;
    size_t length = 0;

    if (parameters->key != PARAMETERS_KEY) /* SeaBIOS counts only up to the key in `bytes` */
        return;
    for (size_t i = 0; i < sizeof parameters->bus + sizeof parameters->interface; i++) {
        bool is_space = from[i] == ' ', doubled = length == 0 || disk->bus[length - 1] == ' ';
        if (from[i] < ' ' || from[i] > '~')
            return;
        if (!is_space || !doubled)
            disk->bus[length++] = from[i];
    }
    while (length && disk->bus[length - 1] == ' ')
        length--;
    disk->bus[length] = 0;
}

static bool is_sector_size(uint64_t bytes)
{
    return is_power_of_two(bytes) && bytes >= SECTOR_BYTES && bytes <= SECTOR_BYTES_MAX;
}

/* Whatever of it is not there, or a lie: the size of a disk is a hint, that of its sectors is
 * measured. */
static bool read_parameters(struct disk *disk)
{
    struct parameters *parameters = (struct parameters *)bounce;
    struct bios_regs regs = {.eax = 0x4800, .edx = disk->edd.drive, .ds = segment_of(bounce)};

    *parameters = (struct parameters){.bytes = sizeof *parameters};
    bios_call(0x13, &regs);
    if (bios_carry(&regs))
        return false;
    memcpy(disk->edd.parameters, parameters, sizeof disk->edd.parameters);
    if (parameters->sectors != UINT64_MAX) /* SeaBIOS, for CDs: unknown */
        disk->sectors = parameters->sectors;
    disk->removable = parameters->flags & PARAMETERS_REMOVABLE;
    if (parameters->flags & PARAMETERS_GEOMETRY) {
        disk->cylinders = parameters->cylinders;
        disk->heads = parameters->heads;
        disk->track_sectors = parameters->track_sectors;
    }
    read_bus(parameters, disk);
    if (is_sector_size(parameters->sector_bytes))
        disk->sector_bytes = parameters->sector_bytes;
    return true;
}

static void read_geometry(struct edd *edd)
{
    struct bios_regs regs = {.eax = 0x0800, .edx = edd->drive};

    bios_call(0x13, &regs);
    if (bios_carry(&regs))
        return;
    edd->last_cylinder = (uint16_t)((regs.ecx >> 8 & 0xff) + (regs.ecx << 2 & 0x300));
    edd->last_head = (uint8_t)(regs.edx >> 8);
    edd->track_sectors = regs.ecx & 0x3f;
}

/* Refuses zeros, which SeaBIOS gives for small SCSI disks. */
static bool use_geometry(struct disk *disk)
{
    disk->cylinders = disk->edd.last_cylinder + 1u;
    disk->heads = disk->edd.last_head + 1u;
    disk->track_sectors = disk->edd.track_sectors;
    disk->sectors = (uint64_t)disk->cylinders * disk->heads * disk->track_sectors;
    return disk->track_sectors;
}

/* AH=48h tells of other sectors than the drive has: so one is read. False: neither works. */
static bool measure_sector(struct disk *disk, bool told)
{
    struct disk smallest = *disk; /* for what comes may be less than it told */

    smallest.sector_bytes = SECTOR_BYTES;
    for (uint32_t tries = 0; tries < TRIES_MEASURE; tries++) {
        uint64_t bytes = SECTOR_BYTES_MAX;
        uint32_t status = read_marked(&smallest, 0, 1, &bytes);
        if (status == NO_FUNCTION) /* AH=41h told of it */
            return false;
        if (status || !is_sector_size(bytes))
            continue;
        if (bytes != disk->sector_bytes)
            note("%s: its sectors have %lu bytes, not %u as the BIOS says\n", disk->name, bytes,
                 disk->sector_bytes);
        disk->sector_bytes = (uint32_t)bytes;
        return true;
    }
    return told;
}

static enum lintel_medium medium_of(uint8_t number, const struct disk *disk)
{
    if (number < FIRST_DISK)
        return LINTEL_MEDIUM_FLOPPY;
    return disk->sector_bytes == 2048 ? LINTEL_MEDIUM_CD : LINTEL_MEDIUM_DISK;
}

static void add_drive(uint8_t number, struct disk *disks, uint32_t *count)
{
    struct disk *disk = &disks[*count];

    for (uint32_t i = 0; i < *count; i++)
        if (disks[i].handle == number)
            return;
    *disk = (struct disk){.handle = number, .sector_bytes = SECTOR_BYTES, .edd = {.drive = number}};
    fmt(disk->name, sizeof disk->name, "BIOS drive %02Xh", number);
    disk->removable = number < FIRST_DISK;
    read_version(&disk->edd);
    if (!disk->edd.version || number < FIRST_CD)
        read_geometry(&disk->edd);
    if (disk->edd.version && !measure_sector(disk, read_parameters(disk)))
        disk->edd.version = 0;
    if (!disk->edd.version && !use_geometry(disk)) {
        note("%s: no extensions and no geometry: left out\n", disk->name);
        return;
    }
    disk->medium = medium_of(number, disk);
    note("%s: %lu sectors of %u bytes%s\n", disk->name, disk->sectors, disk->sector_bytes,
         disk->edd.version ? "" : ", by cylinder, head and sector");
    ++*count;
}

static uint32_t floppy_count(void)
{
    uint16_t equipment = bda16(BDA_EQUIPMENT); /* bit 0: any; bits 6 and 7: how many more */

    return equipment & 1 ? MIN((equipment >> 6 & 3) + 1u, FLOPPIES) : 0;
}

enum err disk_find(uint8_t boot_drive, struct disk **disks, uint32_t *count, int32_t *boot)
{
    uint32_t floppies = floppy_count(), fixed = MIN(bda8(BDA_DISKS), 0x7fu);
    uint64_t base;

    TRY(memory_allocate(pages_of((floppies + fixed + 1) * sizeof **disks), &base));
    *disks = at_physical(base);
    *count = 0;
    for (uint32_t i = 0; i < floppies; i++)
        add_drive((uint8_t)i, *disks, count);
    for (uint32_t i = 0; i < fixed; i++)
        add_drive((uint8_t)(FIRST_DISK + i), *disks, count);
    add_drive(boot_drive, *disks, count); /* an El Torito CD is not among those counted */
    *boot = -1;
    for (uint32_t i = 0; i < *count; i++)
        if ((*disks)[i].handle == boot_drive)
            *boot = (int32_t)i;
    return OK;
}

#define FLOPPY_OUTPUT  0x3f2
#define MOTORS_OFF     0x0c /* no reset, DMA and interrupts as they are */
#define BDA_MOTORS     0x3f
#define MOTORS_RUN     0x0f
#define NO_FLOPPY_PORT 0xff

/* The BIOS is told, too: a kernel in real mode that goes on reading would find it waiting for no
 * motor to spin up. */
void disk_quiet(void)
{
    if (!floppy_count() || port_read(FLOPPY_OUTPUT) == NO_FLOPPY_PORT)
        return;
    port_write(FLOPPY_OUTPUT, MOTORS_OFF);
    bda8_clear(BDA_MOTORS, MOTORS_RUN);
}
