/* What a file of the server holds that the network card's ROM booted from (PXE 2.1). */
#include "legacy/pxe.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/storage/net/tftp.h"
#include "legacy/bios.h"

/* Functions of the API (PXE 2.1, 3.3 to 3.5). */
#define UNDI_SHUTDOWN   0x05
#define STOP_UNDI       0x15
#define TFTP_OPEN       0x20
#define TFTP_CLOSE      0x21
#define TFTP_READ       0x22
#define TFTP_GET_FSIZE  0x25
#define UNLOAD_STACK    0x70
#define GET_CACHED_INFO 0x71

#define CACHED_ACK   2 /* the DHCP server's last word */
#define CACHED_REPLY 3 /* that of the proxy or boot server, where there is one */

#define STATUS_OPEN_TIMEOUT   0x32
#define STATUS_READ_TIMEOUT   0x35
#define STATUS_FILE_NOT_FOUND 0x3b

#define TFTP_PORT    0x4500u /* 69 in network order */
#define PACKET_BYTES 1432u   /* fits an Ethernet frame, and is the most that iPXE asks for */
#define NAME_BYTES   128u

#define ACK_BYTES_MAX 1472u /* PXE 2.1, 3.4.1: the options have 1,236 bytes at most */

struct __attribute__((packed)) file_name {
    uint8_t server[4], gateway[4];
    char name[NAME_BYTES];
};

/* What the functions take and give; it lies at the start of the bounce buffer. */
static union __attribute__((packed)) parameters {
    struct __attribute__((packed)) {
        uint16_t status;
        struct file_name file;
        uint32_t bytes;
    } size;
    struct __attribute__((packed)) {
        uint16_t status;
        struct file_name file;
        uint16_t port, packet_bytes;
    } open;
    struct __attribute__((packed)) {
        uint16_t status, number, bytes, offset, segment;
    } read;
    struct __attribute__((packed)) {
        uint16_t status, packet, bytes, offset, segment, limit;
    } cached;
} *const parameters = (void *)bounce;

#define PARAMETERS_BYTES 512u
#define PACKET           (bounce + PARAMETERS_BYTES) /* what the card brings lies behind them */
#define PACKET_ROOM      (BOUNCE_BYTES - PARAMETERS_BYTES)

extern const uint32_t bang_pxe, pxenv_plus; /* pxe.asm */
extern uint32_t pxe_entry;
extern const uint8_t pxe_handler[];

static struct tftp_server server;

/* Returns the ROM's status, 0 when all is well. */
static uint16_t call(uint16_t function)
{
    struct bios_regs regs = {.ebx = function, .es = segment_of(bounce)};

    real_call((uint32_t)(uintptr_t)pxe_handler, &regs); /* in segment 0, like all of .real */
    return regs.eax & 0xffff ? MAX(parameters->read.status, 1) : 0;
}

static enum err fail_with(uint16_t status, const char *path)
{
    const char *name = server.disk.name, *root = server.root;

    switch (status) {
    case STATUS_FILE_NOT_FOUND:
        return fail(ERR_NOT_FOUND, "%s: it has no file %s%s", name, root, path);
    case STATUS_OPEN_TIMEOUT:
    case STATUS_READ_TIMEOUT:
        return fail(ERR_IO, "%s: %s%s: the server does not answer (PXE status %02Xh)", name, root,
                    path, status);
    }
    return fail(ERR_IO, "%s: %s%s: PXE status %02Xh", name, root, path, status);
}

/* ---- the server ------------------------------------------------------------------------------ */

/* All bytes of such a structure sum up to 0. */
static bool is_sound(const uint8_t *structure, const char *signature, uint8_t bytes)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + structure[i]);
    return bytes && sum == 0 && memcmp(structure, signature, strlen(signature)) == 0;
}

/* PXE 2.1, 3.1 and 3.2: !PXE is the newer one. */
static bool find_entry(void)
{
    uint8_t newer[UINT8_MAX], older[UINT8_MAX];

    far_read(newer, bang_pxe, sizeof newer);
    far_read(older, pxenv_plus, sizeof older);
    if (is_sound(newer, "!PXE", newer[4]))
        pxe_entry = load32(newer + 0x10);
    else if (is_sound(older, "PXENV+", older[8]))
        pxe_entry = load32(older + 0x0a);
    return pxe_entry != 0;
}

/* Returns the packet's length; it lies in PACKET. */
static uint32_t learn_from(uint16_t packet)
{
    parameters->cached = (typeof(parameters->cached)){
        .packet = packet,
        .bytes = PACKET_ROOM,
        .offset = PARAMETERS_BYTES,
        .segment = segment_of(bounce),
    };
    if (call(GET_CACHED_INFO) != 0)
        return 0;
    uint32_t bytes = MIN(parameters->cached.bytes, PACKET_ROOM);
    tftp_learn(&server, PACKET, bytes);
    return bytes;
}

static void keep_ack(uint32_t bytes, struct boot_origin *origin)
{
    static uint8_t ack[ACK_BYTES_MAX];

    origin->dhcp_ack = ack;
    origin->dhcp_ack_bytes = MIN(bytes, ACK_BYTES_MAX);
    memcpy(ack, PACKET, origin->dhcp_ack_bytes);
}

enum err pxe_find_server(struct boot_origin *origin)
{
    if (!find_entry())
        return fail(ERR_UNSUPPORTED, "the PXE ROM that loaded Lintel gives neither a !PXE nor a "
                                     "PXENV+ structure: start the machine again, or another way");
    keep_ack(learn_from(CACHED_ACK), origin);
    learn_from(CACHED_REPLY);
    TRY(tftp_complete(&server));
    origin->server = &server.disk;
    return OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static enum err name_file(const char *path, struct file_name *file)
{
    memcpy(file->server, server.address, sizeof file->server);
    memcpy(file->gateway, server.gateway, sizeof file->gateway);
    return tftp_path(&server, path, file->name, sizeof file->name);
}

enum err pxe_fetch_size(const char *path, uint64_t *bytes)
{
    memset(&parameters->size, 0, sizeof parameters->size);
    TRY(name_file(path, &parameters->size.file));
    uint16_t status = call(TFTP_GET_FSIZE);
    if (status)
        return fail_with(status, path);
    *bytes = parameters->size.bytes;
    return OK;
}

static enum err open_file(const char *path, uint32_t *packet_bytes)
{
    memset(&parameters->open, 0, sizeof parameters->open);
    TRY(name_file(path, &parameters->open.file));
    parameters->open.port = TFTP_PORT;
    parameters->open.packet_bytes = PACKET_BYTES;
    uint16_t status = call(TFTP_OPEN);
    if (status)
        return fail_with(status, path);
    *packet_bytes = parameters->open.packet_bytes;
    if (*packet_bytes <= PACKET_ROOM)
        return OK;
    call(TFTP_CLOSE);
    return fail(ERR_IO, "%s: %s%s: the PXE ROM was asked for packets of %u bytes, and says %u",
                server.disk.name, server.root, path, PACKET_BYTES, *packet_bytes);
}

/* One packet into the bounce buffer. */
static enum err read_packet(const char *path, uint32_t *bytes)
{
    parameters->read = (typeof(parameters->read)){
        .offset = PARAMETERS_BYTES,
        .segment = segment_of(bounce),
    };
    uint16_t status = call(TFTP_READ);
    if (status)
        return fail_with(status, path);
    *bytes = parameters->read.bytes;
    return OK;
}

/* A packet that is not full is the last one; an empty one is, whatever the ROM calls full. */
static enum err read_packets(const char *path, uint32_t packet_bytes, uint64_t bytes, uint8_t *to)
{
    uint64_t done = 0;
    uint32_t now = 0;

    do {
        TRY(read_packet(path, &now));
        if (now > packet_bytes || now > bytes - done)
            return fail(ERR_CHANGED, "%s: %s%s: more than the %lu bytes that it had a moment ago",
                        server.disk.name, server.root, path, bytes);
        memcpy(to + done, PACKET, now);
        done += now;
    } while (now && now == packet_bytes);
    if (done < bytes)
        return fail(ERR_CHANGED, "%s: %s%s: the transfer ended after %lu of %lu bytes",
                    server.disk.name, server.root, path, done, bytes);
    return OK;
}

enum err pxe_fetch(const char *path, uint64_t bytes, void *to)
{
    uint32_t packet_bytes = 0;

    TRY(open_file(path, &packet_bytes));
    enum err err = read_packets(path, packet_bytes, bytes, to);
    call(TFTP_CLOSE);
    return err;
}

/* ---- the end --------------------------------------------------------------------------------- */

void pxe_quiet(void)
{
    static const uint16_t functions[] = {UNDI_SHUTDOWN, UNLOAD_STACK, STOP_UNDI};

    for (uint32_t i = 0; i < ARRAY_LENGTH(functions) && pxe_entry; i++) {
        memset(bounce, 0, PARAMETERS_BYTES);
        call(functions[i]);
    }
    pxe_entry = 0;
}
