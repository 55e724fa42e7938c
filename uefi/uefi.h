/* The parts of the UEFI front end, to each other. The core knows common/firmware.h only. Calls go
 * to Microsoft's calling convention through gnu-efi's prototypes (EFIAPI); addresses are physical
 * and equal to virtual ones (UEFI 2.10, 2.3.4). */
#ifndef LINTEL_UEFI_H
#define LINTEL_UEFI_H

#include "common/firmware.h"
#include <efi.h>

extern EFI_HANDLE uefi_image;
extern EFI_SYSTEM_TABLE *uefi_system;
extern EFI_BOOT_SERVICES *uefi_boot;

/* The name of an EFI status code, for messages. */
const char *status_name(EFI_STATUS status);

/* The interface of `protocol` on a handle (or anywhere); NULL when there is none. */
void *protocol_on(EFI_HANDLE handle, EFI_GUID protocol);
void *protocol_anywhere(EFI_GUID protocol);

/* All handles with `protocol`: *handles is for FreePool() when the count is not 0. */
UINTN protocol_handles(EFI_GUID protocol, EFI_HANDLE **handles);

/* ---- memory.c: firmware.h says what these do ------------------------------------------------- */

enum err memory_allocate(uint64_t pages, uint64_t *physical);
enum err memory_claim(uint64_t physical, uint64_t pages);
void memory_release(uint64_t physical, uint64_t pages);
enum err memory_map(struct raw_map *map, struct raw_map *busy);
enum err memory_leave(struct raw_map *map);

/* A map that later calls of memory_map() leave alone, and the end of what it describes. */
enum err memory_first_map(struct raw_map *map, uint64_t *end);

/* Gives back all that memory_allocate() took, and the maps. */
void memory_free_all(void);

/* ---- path.c: device paths (UEFI 2.10, chapter 10) -------------------------------------------- */

/* The node after `node`; NULL at the path's end and behind a node that is shorter than its
 * header. */
const EFI_DEVICE_PATH *path_next(const EFI_DEVICE_PATH *node);

/* What its nodes take, without the one that ends it. */
uint64_t path_bytes(const EFI_DEVICE_PATH *path);

/* Writes that one. */
void path_end(void *to);

/* The device path of a handle; NULL: it has none. */
const EFI_DEVICE_PATH *path_on(EFI_HANDLE handle);

/* The last node of this type in any instance of the path; NULL when there is none. */
const EFI_DEVICE_PATH *path_find(const EFI_DEVICE_PATH *path, uint8_t type, uint8_t subtype);

/* What follows in `path` behind all nodes of `parent`; NULL when it does not begin with them. */
const EFI_DEVICE_PATH *path_behind(const EFI_DEVICE_PATH *path, const EFI_DEVICE_PATH *parent);

/* The path as text, cut to `bytes` with the final 0; `otherwise` where firmware can't say it. */
void path_text(const EFI_DEVICE_PATH *path, const char *otherwise, char *to, uint64_t bytes);

/* The file that a loaded image's path names, "\\EFI\\BOOT\\BOOTX64.EFI"; NULL: none, or too long.
 */
const char *path_of_file(const EFI_DEVICE_PATH *path);

/* ---- disk.c ---------------------------------------------------------------------------------- */

/* Lists every whole disk with a medium in it. ERR_NO_MEMORY. */
enum err disk_list(struct disk **disks, uint32_t *count);
enum err disk_read(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to);

/* Finds the drivers of the disks anew: a program may have stopped them, and started others. */
void disk_refresh(void);

/* Its device path; NULL: it has none. */
const EFI_DEVICE_PATH *disk_path(const struct disk *disk);

/* ---- volume.c -------------------------------------------------------------------------------- */

/* Which disk and partition a handle's device path lies on; none for one that firmware loaded from
 * memory or over the network. */
struct boot_origin disk_origin(EFI_HANDLE volume, const struct disk *disks, uint32_t count);

/* The handle of the partition that begins there; of the whole disk where firmware knows none. */
EFI_HANDLE disk_volume(const struct disk *disk, uint64_t first_lba);

/* ---- pxe.c, http.c, ipxe.c: firmware.h says what the verbs do -------------------------------- */

/* When the loader came from that device over the network, *server is where from; else it stays as
 * it is. ERR_UNSUPPORTED, ERR_NOT_FOUND: it did, but that server can't be asked for more. */
enum err pxe_find_server(EFI_HANDLE device, const struct disk **server);
void pxe_quiet(void); /* stops all network cards: for the last moment before boot services end */
void pxe_keep_ack(EFI_HANDLE device, struct boot_origin *origin); /* where there is one */
enum err pxe_fetch_size(const char *path, uint64_t *bytes);
enum err pxe_fetch(const char *path, uint64_t bytes, void *to);
enum err http_find_server(EFI_HANDLE device, const struct disk **server);
enum err http_fetch_size(const char *path, uint64_t *bytes);
enum err http_fetch(const char *path, uint64_t bytes, void *to);
enum err ipxe_find_server(EFI_HANDLE device, const struct disk **server);
enum err ipxe_fetch_size(const char *path, uint64_t *bytes);
enum err ipxe_fetch(const char *path, uint64_t bytes, void *to);

/* What the replies tell that the PXE base code of a device keeps; nothing where it has none.
 * ERR_UNSUPPORTED: they are of IPv6. */
struct tftp_server;
enum err pxe_learn(EFI_HANDLE device, struct tftp_server *server);

/* ---- program.c: starts programs; firmware.h says how ----------------------------------------- */

enum err program_start(const struct program *program);

/* ---- initrd.c ---------------------------------------------------------------------------------
 */

/* Offers a program's initial file system to it, where nobody offers one yet (UEFI 2.10, 13.1.2). */
enum err initrd_offer(const struct program *program);

/* Ends that. What went wrong while the program read it; OK also when it never did. */
enum err initrd_withdraw(void);

/* ---- console.c ------------------------------------------------------------------------------- */

void console_begin(void);
void console_put(char c);
void console_flush(void);
void console_graphics(void); /* are shown from now on: text goes to the serial line alone */
void console_text(void);     /* firmware.set_text */
enum key console_key(void);

/* ---- serial.c: a serial line besides firmware's console, where there is one ------------------ */

void serial_begin(void);
void serial_put(char c, bool graphics);
enum key serial_key(void);

/* ---- clock.c --------------------------------------------------------------------------------- */

void clock_wait(uint32_t milliseconds);
uint64_t clock_tsc_hz(void);   /* 0: unknown */
int64_t clock_wall_time(void); /* seconds since 1970-01-01 UTC; 0: unknown */

/* ---- gop.c ----------------------------------------------------------------------------------- */

enum err gop_set_video(uint32_t width, uint32_t height, struct video *video);

/* Sets the mode again in which firmware's own text console draws. */
void gop_restore(void);

/* ---- tpm.c: firmware.h says what the verb does ----------------------------------------------- */

enum err tpm_event_log(struct event_log *log);

/* ---- variable.c: firmware.h says what the verbs do ------------------------------------------- */

enum err variable_get(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes);
enum err variable_set(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                      uint64_t bytes);

#endif
