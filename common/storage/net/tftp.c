/* Which server did Lintel come from, and what is it asked for a file? */
#include "common/storage/net/tftp.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

/* A BOOTP packet (RFC 951, RFC 2131 figure 1): offsets and sizes of fields. */
#define YOUR_ADDRESS   16
#define SERVER_ADDRESS 20
#define FILE           108
#define FILE_BYTES     128
#define MAGIC          236
#define OPTIONS        240
#define MAGIC_VALUE    0x63538263 /* 63 82 53 63 on the wire */
#define BOOTP_REPLY    2

/* Options (RFC 2132). */
#define OPTION_PAD       0
#define OPTION_MASK      1
#define OPTION_ROUTER    3
#define OPTION_OVERLOAD  52
#define OPTION_SERVER_ID 54
#define OPTION_FILE      67
#define OPTION_END       255
#define OVERLOADS_FILE   1

struct option {
    const uint8_t *data;
    uint32_t bytes; /* 0: not there */
};

/* The first option of that code; options that leave the packet end it. */
static struct option find_option(const uint8_t *reply, uint64_t bytes, uint8_t code)
{
    uint64_t at = OPTIONS;

    while (at < bytes && reply[at] != OPTION_END) {
        if (reply[at] == OPTION_PAD) {
            at++;
            continue;
        }
        if (at + 2 > bytes || reply[at + 1] > bytes - at - 2)
            break;
        if (reply[at] == code)
            return (struct option){reply + at + 2, reply[at + 1]};
        at += 2u + reply[at + 1];
    }
    return (struct option){NULL, 0};
}

static bool is_set(const uint8_t address[4])
{
    return load32(address) != 0;
}

/* An address of 0 says nothing. */
static void learn_address(uint8_t to[4], const uint8_t *from)
{
    if (is_set(from))
        memcpy(to, from, 4);
}

static void learn_option(uint8_t to[4], const uint8_t *reply, uint64_t bytes, uint8_t code)
{
    struct option option = find_option(reply, bytes, code);

    if (option.bytes >= 4)
        learn_address(to, option.data);
}

/* The option, or the field where options don't overflow into it. Bytes that are no text would steer
 * a terminal, and are no name that a server gave. */
static void learn_file(struct tftp_server *server, const uint8_t *reply, uint64_t bytes)
{
    struct option file = find_option(reply, bytes, OPTION_FILE);
    struct option overload = find_option(reply, bytes, OPTION_OVERLOAD);
    uint32_t length = 0;

    if (!file.bytes && !(overload.bytes && *overload.data & OVERLOADS_FILE))
        file = (struct option){reply + FILE, FILE_BYTES};
    while (length < file.bytes && file.data[length]) {
        if (file.data[length] < ' ' || file.data[length] == 0x7f)
            return;
        length++;
    }
    if (!length)
        return;
    memcpy(server->root, file.data, length);
    server->root[length] = 0;
    net_cut_to_root(server->root);
}

void tftp_learn(struct tftp_server *server, const uint8_t *reply, uint64_t bytes)
{
    if (bytes < OPTIONS || reply[0] != BOOTP_REPLY || load32(reply + MAGIC) != MAGIC_VALUE)
        return;
    learn_option(server->address, reply, bytes, OPTION_SERVER_ID);
    learn_address(server->address, reply + SERVER_ADDRESS);
    learn_address(server->own, reply + YOUR_ADDRESS);
    learn_option(server->mask, reply, bytes, OPTION_MASK);
    learn_option(server->router, reply, bytes, OPTION_ROUTER);
    learn_file(server, reply, bytes);
}

enum err tftp_complete(struct tftp_server *server)
{
    const uint8_t *address = server->address;
    uint32_t mask = load32(server->mask);

    if (!is_set(address))
        return fail(ERR_NOT_FOUND, "the firmware booted from the network, but keeps no DHCP reply "
                                   "that names a server");
    if ((load32(address) ^ load32(server->own)) & mask)
        memcpy(server->gateway, server->router, sizeof server->gateway);
    server->disk.medium = LINTEL_MEDIUM_NETWORK;
    memcpy(server->disk.tftp_address, address, sizeof server->disk.tftp_address);
    fmt(server->disk.name, sizeof server->disk.name, "TFTP server %u.%u.%u.%u", address[0],
        address[1], address[2], address[3]);
    return OK;
}

enum err tftp_path(const struct tftp_server *server, const char *path, char *to, uint64_t capacity)
{
    uint64_t length = fmt(to, capacity, "%s%s", server->root, path);

    if (length < capacity)
        return OK;
    return fail(ERR_UNSUPPORTED, "%s: %s%s: the firmware takes names of at most %lu bytes",
                server->disk.name, server->root, path, capacity - 1);
}

/* The place behind the last '/' or '\' before `end`; the beginning where there is none. */
static char *last_name(char *path, char *end)
{
    while (end > path && end[-1] != '/' && end[-1] != '\\')
        end--;
    return end;
}

static bool is_efi(const char *name)
{
    return (name[0] | 0x20) == 'e' && (name[1] | 0x20) == 'f' && (name[2] | 0x20) == 'i' &&
           (name[3] == '/' || name[3] == '\\');
}

void net_cut_to_root(char *path)
{
    char *root = last_name(path, path + strlen(path));

    if (root > path) {
        char *inner = last_name(path, root - 1);
        char *outer = inner > path ? last_name(path, inner - 1) : inner;
        if (inner > path && is_efi(outer))
            root = outer;
    }
    *root = 0;
}
