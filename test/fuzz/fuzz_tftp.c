/* Any bytes as a DHCP reply. What is learned must be text that names a server. */
#include "common/lib/mem.h"
#include "common/net/tftp.h"
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

/* Two replies: the first half, and all of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct tftp_server server = {0};
    char path[128];

    tftp_learn(&server, data, bytes / 2);
    tftp_learn(&server, data, bytes);
    check_text(server.root, sizeof server.root);
    if (tftp_complete(&server) != OK)
        return 0;
    check_text(server.disk.name, sizeof server.disk.name);
    if (tftp_path(&server, "loader/loader.conf", path, sizeof path) == OK)
        check_text(path, sizeof path);
    return 0;
}
