/* What a front end supplies: facts (data) and firmware (verbs). The core reaches a machine in no
 * other way. A new firmware is one folder that fills these two and passes test/firmware_contract.c.
 */
#pragma once

#include "common/lib/err.h"
#include "common/lib/key.h"
#include "common/lintel.h"
#include <stdbool.h>
#include <stdint.h>

/* ---- data ------------------------------------------------------------------------------------ */

/* One range as the firmware told it, already in our types (memory/memmap.h translates). Nothing
 * about it is trusted: unsorted, overlapping, empty, unaligned, wrapping ranges are all expected.
 */
struct raw_range {
    uint64_t base; /* physical, bytes */
    uint64_t bytes;
    enum lintel_memory_type type;
};

struct raw_map {
    struct raw_range *ranges;
    uint64_t count;
    uint64_t
        capacity; /* no later memory_map() or leave() yields more ranges than this; 0 in `busy` */
    /* The firmware's own map, for kernels that want it: UEFI descriptors. NULL on BIOS. */
    const void *efi;
    uint64_t efi_bytes, efi_capacity_bytes;
    uint32_t efi_descriptor_bytes, efi_descriptor_version;
};

/* What a BIOS says of a drive (EDD 3.0: INT 13h AH=41h, 08h and 48h). In the order in which Linux
 * has it. */
struct edd {
    uint8_t drive, version; /* 30h for EDD 3.0; 0: no extensions */
    uint16_t interfaces;    /* CX of AH=41h */
    uint16_t last_cylinder; /* by the old geometry, where there is one */
    uint8_t last_head, track_sectors;
    uint8_t parameters[74];
};

struct disk_cache;

struct disk {
    char name[64];         /* for messages: "BIOS drive 80h", a UEFI device path's text */
    uint64_t handle;       /* the front end's own; of a BIOS the drive number (DL) */
    uint64_t sectors;      /* as the firmware says: a hint, and what lies behind is read all the
                              same, for only a read tells where a disk ends; 0: unknown */
    uint32_t sector_bytes; /* power of two, 512 to 4096; 0: a server, which has files only */
    enum lintel_medium medium;
    bool removable;
    uint8_t tftp_address[4]; /* IPv4, of a server by TFTP; else 0 */
    /* What a BIOS tells of its drives, else 0. Without extensions the drive is read by geometry. */
    uint32_t cylinders, heads, track_sectors;
    struct edd edd;
    char bus[16];             /* "PCI ATA"; "": not told */
    struct disk_cache *cache; /* the core's (storage/disk/cache.h) */
};

/* Which volume the loader came from, as far as the firmware or the first sector told. */
struct boot_origin {
    int32_t disk; /* index into facts.disks; -1: not known */
    bool has_first_lba;
    uint64_t first_lba; /* the volume's first sector, as UEFI tells it, or Lintel's installer did */
    bool has_guid;
    uint8_t guid[16]; /* UEFI: GPT unique partition GUID, as on disk */
    bool has_area;
    uint64_t area_lba; /* BIOS: of Lintel's own sectors on the disk (storage/area.h) */
    /* The server that the loader came from over the network, with LINTEL_MEDIUM_NETWORK; not one of
     * facts.disks. NULL: the loader came from a disk. */
    const struct disk *server;
    const void *dhcp_ack; /* what the DHCP server said last (RFC 2131, 2) */
    uint32_t dhcp_ack_bytes;
};

struct facts {
    enum lintel_firmware firmware;
    const char *firmware_type; /* "UEFI 2.70"; NULL: nothing more than the above is known */
    const char *firmware_name; /* who made it, and its version: "EDK II 1.00"; NULL: unknown */
    const char *loader_path; /* of the loader's own file, as the firmware names it; NULL: unknown */
    struct raw_map map;      /* as of start-up; plans use a fresh one from firmware.memory_map() */
    struct disk *disks;
    uint32_t disk_count;
    struct boot_origin origin;
    uint64_t rsdp, smbios, smbios3, efi_system_table; /* physical, 0: none */
    uint64_t efi_image_handle;                        /* the loader's, 0 on BIOS */
    uint8_t keyboard_flags; /* which lock keys are on, as a BIOS says (INT 16h AH=02h) */
    bool secure_boot;       /* firmware starts only what is signed: so does Lintel (protocol.c) */
    int64_t wall_clock;     /* seconds since 1970-01-01, 0: unknown */
    uint64_t tsc_hz;        /* 0: unknown */
    uint64_t first_tsc;     /* TSC at the loader's first chance to read it */
    struct lintel_cpu cpu;  /* hw/cpu.h fills it */
    /* The identity-mapped memory the core can touch ends here (physical, exclusive). */
    uint64_t reachable_end;
};

/* What the video BIOS says of the mode that it set (VBE 3.0, 4.3 to 4.5 and 4.13). In the order of
 * Multiboot2. */
struct vbe {
    uint16_t mode;
    uint16_t interface_segment, interface_offset, interface_bytes; /* 0: has none */
    uint8_t control[512], mode_info[256];
};

#define VIDEO_MODES 128

/* A framebuffer as the firmware set it up. `fb.pixels` and `fb.edid` are not filled. */
struct video {
    struct lintel_framebuffer fb;
    uint8_t edid[256];
    const struct vbe *vbe; /* the front end's; NULL: not set by a video BIOS */
    /* The screen's modes, as far as there is room: size, pitch and format are filled. */
    struct lintel_framebuffer modes[VIDEO_MODES];
    uint32_t mode_count;
};

/* The 32-bit interface to power management (APM 1.2, 4.6.1.4): real-mode segments, and sizes. In
 * the order in which Multiboot and Linux have it. */
struct apm {
    uint16_t version, code32_segment;
    uint32_t entry; /* offset in the 32-bit code segment */
    uint16_t code16_segment, data_segment;
    uint16_t flags;
    uint16_t code32_bytes, code16_bytes, data_bytes;
};

/* What the firmware measured into a TPM (TCG EFI Protocol 2.0, 6.5). */
enum event_log_format { EVENT_LOG_NONE, EVENT_LOG_1_2, EVENT_LOG_2 }; /* as TCG numbers them */

struct event_log {
    enum event_log_format format;
    const uint8_t *events;
    uint64_t bytes;
};

/* A program for the firmware to start: an EFI application, or a Linux kernel by its EFI entry. */
struct program {
    const char *name;        /* for messages */
    const struct disk *disk; /* that it came from, with the first sector of its volume there: the
                                program finds its other files by them. NULL: from memory only */
    uint64_t volume_first_lba;
    const char *path;  /* on that volume */
    const void *image; /* the whole file */
    uint64_t bytes;
    const char *options; /* UTF-8; the program gets them as UTF-16 (LoadOptions) */
    /* The initial file system, by LoadFile2 on LINUX_EFI_INITRD_MEDIA_GUID; 0 bytes: none. Read
     * when the program asks, straight to where it wants it. */
    uint64_t initrd_bytes;
    enum err (*read_initrd)(void *context, void *to);
    void *context;
};

/* ---- verbs ----------------------------------------------------------------------------------- */

struct firmware {
    /* Reads `sectors` sectors of the disk's own sector size to a physical (= current virtual)
     * address, which may have any alignment and may lie anywhere below reachable_end. Retries,
     * splits, bounces as the firmware needs. ERR_IO names drive, LBA and firmware status. */
    enum err (*read)(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to);

    /* Writes one sector of the disk's own size: where it still holds `before`, else ERR_CHANGED and
     * nothing is written. OK: it was read back, and holds `after`; a drive that said so and wrote
     * nothing is ERR_IO. NULL: nobody can write so (UEFI: file systems are the firmware's own). */
    enum err (*write_sector)(const struct disk *disk, uint64_t lba, const void *before,
                             const void *after);

    /* Gives a file of the FAT volume that begins there another name in its directory, and looks
     * whether it has it. ERR_UNSUPPORTED: nobody can do that; ERR_IO says why not. NULL: this
     * firmware knows no file systems (BIOS). */
    enum err (*rename)(const struct disk *disk, uint64_t volume_first_lba, const char *path,
                       const char *name);

    /* Files of origin.server, where there is one. A path is relative to the root that the loader
     * was found in there (storage/net/tftp.h), with "/" between names. fetch() brings a whole file
     * straight to its place, where the firmware can, and never more than `bytes` bytes.
     * ERR_NOT_FOUND where the server has no such file, ERR_CHANGED where the file has more or less
     * bytes, else ERR_IO: all name server, file and reason. */
    enum err (*fetch_size)(const char *path, uint64_t *bytes);
    enum err (*fetch)(const char *path, uint64_t bytes, void *to);

    /* One byte of UTF-8 text to the text screen and to the serial line at once; to the serial line
     * alone while set_video() shows graphics. "\n" ends a line, "\r" goes back to its start. The
     * screen obeys the ANSI sequences ESC[2J ESC[H ESC[row;colH ESC[K, and ESC[...m with 0, 1, 30
     * to 37 and 40 to 47 (ECMA-48), and shows one "?" for a character that its font lacks. */
    void (*put)(char c);

    /* The oldest key not yet read, from the keyboard or the serial line; never waits. `marked`:
     * what firmware makes of a keyboard's key, and would be another character on another layout,
     * tells that by its marks (lib/key.h); a firmware that can't tell leaves them out. */
    enum key (*key)(bool marked);

    /* Passes about that much time, letting the machine idle. */
    void (*wait)(uint32_t milliseconds);

    /* Sets the best mode for width x height (0 x 0: keep the current or preferred one) and
     * describes it. ERR_UNSUPPORTED (with a reason) when there is no linear framebuffer. */
    enum err (*set_video)(uint32_t width, uint32_t height, struct video *video);

    /* After set_video(): shows the text screen again, as the firmware itself sets it. */
    void (*set_text)(void);

    /* Connects the 32-bit interface of APM, for a kernel that wants it. ERR_UNSUPPORTED: this
     * machine has none. NULL: this firmware knows no APM (UEFI). */
    enum err (*connect_apm)(struct apm *apm);

    /* Memory for the loader itself; gone when the kernel runs. Page-aligned, with anything in it,
     * below 4 GiB on BIOS. ERR_NO_MEMORY. */
    enum err (*allocate)(uint64_t pages, uint64_t *physical);

    /* Takes exactly this range, which a plan chose from usable memory, or gives it back.
     * ERR_CHANGED when the firmware has used some of it since. */
    enum err (*reserve)(uint64_t physical, uint64_t pages);
    void (*release)(uint64_t physical, uint64_t pages);

    /* The map as of now. Loader-owned memory (allocate) shows as usable: it is free once the
     * kernel runs, but plan_build() must not place anything in it, so it is listed in `busy`.
     * Reserved ranges show as usable too. The arrays belong to the front end and live until the
     * next call. */
    enum err (*memory_map)(struct raw_map *map, struct raw_map *busy);

    /* Ends the firmware's services: after OK no verb may be called, no interrupt arrives, and `map`
     * is final, with loader-owned and reserved memory shown as usable. After an error the firmware
     * is still there. */
    enum err (*leave)(struct raw_map *map);

    /* Starts a program under the firmware's services. Returns when it returns: OK when it says
     * success, else ERR_IO or ERR_UNSUPPORTED (not started: the firmware's reason; Secure Boot's
     * refusal is named as such). NULL: this firmware starts no programs (BIOS). */
    enum err (*start)(const struct program *program);

    /* Variables of the firmware (UEFI 2.10, 8.2), by a GUID as in memory and an ASCII name. `kept`:
     * it outlasts a restart. get: *bytes is the room at `to`, then the value's size; ERR_NOT_FOUND;
     * ERR_UNSUPPORTED where it is larger. set: 0 bytes remove it. ERR_IO says why not. NULL: this
     * firmware has none (a BIOS whose disk has no place for them). */
    enum err (*get_variable)(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes);
    enum err (*set_variable)(const uint8_t vendor[16], const char *name, bool kept,
                             const void *value, uint64_t bytes);

    /* What set_variable() was given is kept from now on, all of it by one write, and forgotten
     * where that fails: then ERR_IO, ERR_CHANGED or ERR_FORMAT says why. leave(), restart(),
     * power_off() and give_up() do the same. NULL: each is kept at once (UEFI). */
    enum err (*commit_variables)(void);

    /* The log of its measurements up to now, in the firmware's own memory. ERR_UNSUPPORTED: there
     * is no TPM, or no such log. NULL: this firmware keeps none (BIOS). */
    enum err (*event_log)(struct event_log *log);

    /* Restarts the machine, as by its button. */
    void (*restart)(void) __attribute__((noreturn));

    /* Switches the machine off; without `now` it only says whether it could. Returns then, or on
     * failure: ERR_UNSUPPORTED, with the reason. */
    enum err (*power_off)(bool now);

    /* Gives the machine back to the firmware: the next boot device, or its setup. Does not return.
     */
    void (*give_up)(void) __attribute__((noreturn));
};

/* The one call that both front ends end in (boot.c). */
void boot_main(struct facts *facts, const struct firmware *firmware) __attribute__((noreturn));
