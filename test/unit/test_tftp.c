/* What DHCP replies say of the server, whole and damaged. */
#include "common/lib/mem.h"
#include "common/storage/net/tftp.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FILE_AT    108
#define OPTIONS_AT 240

static struct tftp_server server;

/* A reply of exactly so many bytes: reading behind it shows under ASan. */
struct reply {
    uint8_t bytes[1024];
    size_t size;
};

static struct reply reply_begin(const char *file)
{
    static const uint8_t magic[] = {0x63, 0x82, 0x53, 0x63};
    struct reply reply = {.bytes = {2, 1, 6}, .size = OPTIONS_AT};

    memcpy(reply.bytes + 236, magic, sizeof magic);
    memcpy(reply.bytes + 16, (uint8_t[]){10, 0, 2, 15}, 4);
    memcpy(reply.bytes + 20, (uint8_t[]){10, 0, 2, 2}, 4);
    memcpy(reply.bytes + FILE_AT, file, strlen(file));
    return reply;
}

static void add_option(struct reply *reply, uint8_t code, const void *data, size_t bytes)
{
    reply->bytes[reply->size++] = code;
    reply->bytes[reply->size++] = (uint8_t)bytes;
    memcpy(reply->bytes + reply->size, data, bytes);
    reply->size += bytes;
}

static void add_address(struct reply *reply, uint8_t code, uint8_t a, uint8_t b, uint8_t c,
                        uint8_t d)
{
    add_option(reply, code, (uint8_t[]){a, b, c, d}, 4);
}

static void learn(const struct reply *reply)
{
    uint8_t *copy = malloc(reply->size);

    memcpy(copy, reply->bytes, reply->size);
    tftp_learn(&server, copy, reply->size);
    free(copy);
}

static int set_up(void **state)
{
    (void)state;
    server = (struct tftp_server){0};
    return 0;
}

static void expect(const char *name, const char *path)
{
    char to[64];

    assert_int_equal(tftp_complete(&server), OK);
    assert_string_equal(server.disk.name, name);
    assert_int_equal(server.disk.medium, LINTEL_MEDIUM_NETWORK);
    assert_memory_equal(server.disk.tftp_address, server.address, 4);
    assert_int_equal(tftp_path(&server, "loader/loader.conf", to, sizeof to), OK);
    assert_string_equal(to, path);
}

static void test_plain_reply(void **state)
{
    struct reply reply = reply_begin("boot/lintel.pxe");

    (void)state;
    learn(&reply);
    expect("TFTP server 10.0.2.2", "boot/loader/loader.conf");
    assert_int_equal(load32(server.gateway), 0);
}

static void test_file_as_option(void **state)
{
    struct reply reply = reply_begin("ignored/x");

    (void)state;
    add_option(&reply, 0, "", 0); /* pads: the second byte is one, too */
    add_option(&reply, 67, "from/option\0junk", 16);
    learn(&reply);
    expect("TFTP server 10.0.2.2", "from/loader/loader.conf");
}

static void test_file_field_that_holds_options(void **state)
{
    struct reply reply = reply_begin("\x43\x03/x/");

    (void)state;
    add_option(&reply, 52, "\1", 1);
    learn(&reply);
    expect("TFTP server 10.0.2.2", "loader/loader.conf");
}

static void test_server_behind_a_router(void **state)
{
    struct reply reply = reply_begin("x");

    (void)state;
    memcpy(reply.bytes + 20, (uint8_t[]){10, 0, 3, 2}, 4);
    add_address(&reply, 1, 255, 255, 255, 0);
    add_option(&reply, 3, (uint8_t[]){10, 0, 2, 1, 10, 0, 2, 9}, 8);
    learn(&reply);
    expect("TFTP server 10.0.3.2", "loader/loader.conf");
    assert_memory_equal(server.gateway, ((uint8_t[]){10, 0, 2, 1}), 4);
}

static void test_server_on_our_net(void **state)
{
    struct reply reply = reply_begin("x");

    (void)state;
    add_address(&reply, 1, 255, 255, 255, 0);
    add_address(&reply, 3, 10, 0, 2, 1);
    learn(&reply);
    expect("TFTP server 10.0.2.2", "loader/loader.conf");
    assert_int_equal(load32(server.gateway), 0);
}

static void test_server_by_identifier_only(void **state)
{
    struct reply reply = reply_begin("x");

    (void)state;
    memset(reply.bytes + 20, 0, 4);
    add_address(&reply, 54, 192, 168, 7, 255);
    learn(&reply);
    expect("TFTP server 192.168.7.255", "loader/loader.conf");
}

static void test_proxy_overrides(void **state)
{
    struct reply ack = reply_begin("much/longer/than/theirs"), proxy = reply_begin("p/lintel.pxe");

    (void)state;
    add_address(&ack, 1, 255, 255, 255, 0);
    add_address(&ack, 3, 10, 0, 2, 1);
    memset(proxy.bytes + 16, 0, 4);
    memcpy(proxy.bytes + 20, (uint8_t[]){10, 9, 9, 9}, 4);
    learn(&ack);
    learn(&proxy);
    expect("TFTP server 10.9.9.9", "p/loader/loader.conf");
    assert_memory_equal(server.gateway, ((uint8_t[]){10, 0, 2, 1}), 4);
}

static void test_no_reply_of_use(void **state)
{
    struct reply request = reply_begin("x"), no_magic = reply_begin("x"), none = reply_begin("x");

    (void)state;
    request.bytes[0] = 1;
    no_magic.bytes[237]++;
    memset(none.bytes + 20, 0, 4);
    learn(&request);
    learn(&no_magic);
    learn(&none);
    for (struct reply cut = reply_begin("x"); cut.size-- > 1;)
        learn(&cut);
    assert_int_equal(tftp_complete(&server), ERR_NOT_FOUND);
}

/* Options that end anywhere, or reserve more than there is. */
static void test_cut_options(void **state)
{
    struct reply reply = reply_begin("a/x");

    (void)state;
    add_address(&reply, 1, 255, 255, 255, 0);
    add_option(&reply, 67, "b/x", 3);
    for (size_t size = OPTIONS_AT; size <= reply.size; size++) {
        struct reply cut = reply;
        cut.size = size;
        set_up(NULL);
        learn(&cut);
        assert_string_equal(server.root, size == reply.size ? "b/" : "a/");
    }
    add_option(&reply, 67, "", 0);
    reply.bytes[OPTIONS_AT] = 255; /* the end comes first */
    set_up(NULL);
    learn(&reply);
    assert_string_equal(server.root, "a/");
}

static void test_name_that_is_no_text(void **state)
{
    struct reply escape = reply_begin("\x1b[2J/x"), delete = reply_begin("a\x7f/x");

    (void)state;
    learn(&escape);
    learn(&delete);
    assert_string_equal(server.root, "");
}

static void test_longest_names(void **state)
{
    struct reply reply = reply_begin("");
    char name[256], to[NET_PATH_BYTES];

    (void)state;
    memset(name, 'n', sizeof name);
    name[254] = '/';
    add_option(&reply, 67, name, 255);
    learn(&reply);
    assert_int_equal(strlen(server.root), 255);
    assert_int_equal(tftp_complete(&server), OK);
    assert_int_equal(tftp_path(&server, "", to, sizeof to), OK);
    assert_int_equal(tftp_path(&server, "x", to, sizeof to), ERR_UNSUPPORTED);
}

static const struct {
    const char *path, *root;
} roots[] = {
    {"", ""},
    {"lintel.pxe", ""},
    {"/lintel.pxe", "/"},
    {"a/b/lintel.pxe", "a/b/"},
    {"a\\lintel.pxe", "a\\"},
    {"EFI/BOOT/BOOTX64.EFI", ""},
    {"/efi/boot/bootx64.efi", "/"},
    {"a/Efi\\lintel/lintelx64.efi", "a/"},
    {"EFI/lintelx64.efi", "EFI/"},
    {"BOOT/x", "BOOT/"},
    {"/BOOT/x", "/BOOT/"},
    {"prefi/b/x", "prefi/b/"},
    {"http://10.0.2.100/EFI/BOOT/BOOTX64.EFI", "http://10.0.2.100/"},
    {"http://host:8080/a/lintelx64.efi", "http://host:8080/a/"},
};

static void test_roots(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(roots); i++) {
        char *path = strdup(roots[i].path);

        net_cut_to_root(path);
        assert_string_equal(path, roots[i].root);
        free(path);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(test_##name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(plain_reply),
        TEST(file_as_option),
        TEST(file_field_that_holds_options),
        TEST(server_behind_a_router),
        TEST(server_on_our_net),
        TEST(server_by_identifier_only),
        TEST(proxy_overrides),
        TEST(no_reply_of_use),
        TEST(cut_options),
        TEST(name_that_is_no_text),
        TEST(longest_names),
        TEST(roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
