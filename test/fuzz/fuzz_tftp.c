/* Any bytes as a DHCP reply, and as a URL. What is learned must be text that names a server. */
#include "common/lib/mem.h"
#include "common/storage/net/url.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_text(const char *text, size_t room)
{
    size_t length = 0;

    for (; length < room && text[length]; length++)
        if ((uint8_t)text[length] < ' ' || text[length] == 0x7f)
            abort();
    if (length == room)
        abort();
}

static void check_server(const struct url_server *server)
{
    char url[URL_BYTES];

    check_text(server->root, sizeof server->root);
    check_text(server->host, sizeof server->host);
    check_text(server->disk.name, sizeof server->disk.name);
    if (url_of(server, "loader/loader.conf", url) == OK)
        check_text(url, sizeof url);
}

/* Two replies: the first half, and all of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct tftp_server server = {0};
    struct url_server web = {0};
    char path[128];

    if (url_learn(&web, (const char *)data, bytes) == OK)
        check_server(&web);
    tftp_learn(&server, data, bytes / 2);
    tftp_learn(&server, data, bytes);
    check_text(server.root, sizeof server.root);
    if (tftp_complete(&server) != OK)
        return 0;
    check_text(server.disk.name, sizeof server.disk.name);
    if (tftp_path(&server, "loader/loader.conf", path, sizeof path) == OK)
        check_text(path, sizeof path);
    if (url_learn_tftp(&web, &server) == OK)
        check_server(&web);
    return 0;
}
