/* What DHCP told the firmware of the server that it loaded Lintel from. Both front ends' PXE calls
 * take what they ask for from here; the transfer is the firmware's. */
#pragma once

#include "common/firmware.h"

#define NET_PATH_BYTES 256

struct tftp_server {
    struct disk disk;          /* for origin.server */
    uint8_t address[4];        /* IPv4, as on the wire */
    uint8_t gateway[4];        /* towards the server; 0: it is on our own net */
    char root[NET_PATH_BYTES]; /* what stands before every path: "" or something that ends in '/' */
    uint8_t own[4], mask[4], router[4]; /* as DHCP says */
};

/* Learns from one DHCP or BOOTP reply (RFC 2131, RFC 2132, RFC 4578), of which nothing is trusted;
 * a later reply (of a proxy or a boot server) adds to an earlier one and overrides it. */
void tftp_learn(struct tftp_server *server, const uint8_t *reply, uint64_t bytes);

/* When all is learned: names the server. ERR_NOT_FOUND when no reply told of one. */
enum err tftp_complete(struct tftp_server *server);

/* The path that the server is asked for, in at most `capacity` bytes with the final 0.
 * ERR_UNSUPPORTED when it is longer. */
enum err tftp_path(const struct tftp_server *server, const char *path, char *to, uint64_t capacity);

/* Cuts the loader's own path, or its URL, to the root of the files that belong to it: the directory
 * that it lies in, or the one above EFI/BOOT or EFI/<any other>. */
void net_cut_to_root(char *path);
