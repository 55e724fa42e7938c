/* A server whose files are named by URLs (RFC 3986). Both of the UEFI front end's ways that know
 * URLs take what they ask for from here; the transfer is theirs. */
#pragma once

#include "common/storage/net/tftp.h"

#define URL_BYTES 2048 /* with the final 0 */

struct url_server {
    struct disk disk;          /* for origin.server */
    char root[NET_PATH_BYTES]; /* what stands before every path: a URL that ends in '/' */
    char host[NET_PATH_BYTES]; /* its host, with the port where it has one */
};

/* Learns the server from the URL that Lintel itself was loaded from, of which nothing is trusted;
 * a 0 ends it early. ERR_UNSUPPORTED: it is too long, or not SCHEME://HOST/PATH. */
enum err url_learn(struct url_server *server, const char *url, uint64_t bytes);

/* Learns it from what DHCP told: the root there, which may itself be a URL (iPXE's users let DHCP
 * name a script so), else is one of files by TFTP. */
enum err url_learn_tftp(struct url_server *server, const struct tftp_server *tftp);

/* The URL of the file that has this path below the root; bytes that a URL may not hold are written
 * %XX. ERR_UNSUPPORTED: it is too long. */
enum err url_of(const struct url_server *server, const char *path, char url[URL_BYTES]);
