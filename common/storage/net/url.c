/* Which URL has a file of the server? */
#include "common/storage/net/url.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

/* Copies a URL without what follows its path (RFC 3986, 3.4 and 3.5). */
static enum err take_text(struct url_server *server, const char *url, uint64_t bytes)
{
    uint64_t length = 0;

    for (; length < bytes && url[length] && !strchr("?#", url[length]); length++)
        if (url[length] <= ' ' || url[length] > '~')
            return fail(ERR_UNSUPPORTED, "booted from a URL whose byte %lu is %02Xh: no URL has it",
                        length, (uint8_t)url[length]);
    if (length >= sizeof server->root)
        return fail(ERR_UNSUPPORTED, "booted from a URL of %lu bytes, at most %u are supported",
                    length, NET_PATH_BYTES - 1);
    memcpy(server->root, url, length);
    server->root[length] = 0;
    return OK;
}

/* The part between "://" and the next '/'; NULL when there is none. */
static const char *find_host(const char *url, uint64_t *bytes)
{
    const char *colon = strchr(url, ':'), *host, *end;

    if (!colon || colon == url || strncmp(colon, "://", 3) != 0)
        return NULL;
    host = colon + 3;
    end = strchr(host, '/');
    if (!end || end == host)
        return NULL;
    *bytes = (uint64_t)(end - host);
    return host;
}

/* "HTTP server 10.0.2.2": the scheme in capitals. */
static enum err name_server(struct url_server *server)
{
    uint64_t bytes;
    const char *host = find_host(server->root, &bytes);
    char scheme[16];
    uint32_t i = 0;

    if (!host)
        return fail(ERR_UNSUPPORTED, "booted from the URL %s, which is not SCHEME://HOST/PATH",
                    server->root);
    for (; i < sizeof scheme - 1 && server->root[i] != ':'; i++)
        scheme[i] = server->root[i] >= 'a' && server->root[i] <= 'z'
                        ? (char)(server->root[i] - 'a' + 'A')
                        : server->root[i];
    scheme[i] = 0;
    fmt(server->host, sizeof server->host, "%.*s", (int)bytes, host);
    fmt(server->disk.name, sizeof server->disk.name, "%s server %s", scheme, server->host);
    server->disk.medium = LINTEL_MEDIUM_NETWORK;
    return OK;
}

enum err url_learn(struct url_server *server, const char *url, uint64_t bytes)
{
    TRY(take_text(server, url, bytes));
    TRY(name_server(server));
    net_cut_to_root(server->root);
    return OK;
}

enum err url_learn_tftp(struct url_server *server, const struct tftp_server *tftp)
{
    const uint8_t *address = tftp->address;
    char url[URL_BYTES];
    uint64_t unused;

    if (find_host(tftp->root, &unused)) {
        TRY(take_text(server, tftp->root, sizeof tftp->root));
        return name_server(server);
    }
    fmt(server->root, sizeof server->root, "tftp://%u.%u.%u.%u/", address[0], address[1],
        address[2], address[3]);
    TRY(url_of(server, tftp->root, url));
    TRY(take_text(server, url, sizeof url));
    return name_server(server);
}

/* ASCII letters, digits and some signs; the rest is written %XX (RFC 3986, 2.1). */
static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '/' ||
           c == '-' || c == '.' || c == '_' || c == '~' || c == '+';
}

enum err url_of(const struct url_server *server, const char *path, char url[URL_BYTES])
{
    uint64_t length = fmt(url, URL_BYTES, "%s", server->root);

    for (const char *c = path; *c && length < URL_BYTES; c++)
        length +=
            fmt(url + length, URL_BYTES - length, is_plain(*c) ? "%c" : "%%%02X", (uint8_t)*c);
    if (length < URL_BYTES)
        return OK;
    return fail(ERR_UNSUPPORTED, "%s: %s: the URL is too long", server->disk.name, path);
}
