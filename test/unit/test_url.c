/* Servers whose files are named by URLs: what a URL, or DHCP, says of them. */
#include "common/lib/mem.h"
#include "common/storage/net/url.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct url_server server;

/* From bytes that end where they end: reading behind them shows under ASan. */
static enum err learn(const char *url)
{
    uint64_t bytes = strlen(url);
    char *copy = malloc(bytes ? bytes : 1);

    memcpy(copy, url, bytes);
    server = (struct url_server){0};
    enum err err = url_learn(&server, copy, bytes);
    free(copy);
    return err;
}

static void assert_server(const char *name, const char *host, const char *root)
{
    assert_string_equal(server.disk.name, name);
    assert_string_equal(server.host, host);
    assert_string_equal(server.root, root);
    assert_int_equal(server.disk.medium, LINTEL_MEDIUM_NETWORK);
}

static void test_server_and_root_of_a_url(void **state)
{
    (void)state;
    assert_int_equal(learn("http://10.0.2.2/EFI/BOOT/BOOTX64.EFI"), OK);
    assert_server("HTTP server 10.0.2.2", "10.0.2.2", "http://10.0.2.2/");
    assert_int_equal(learn("tftp://boot:69/a/b/lintel.efi"), OK);
    assert_server("TFTP server boot:69", "boot:69", "tftp://boot:69/a/b/");
    assert_int_equal(learn("https://host/a/lintel.efi?to=/EFI/x#/y"), OK);
    assert_server("HTTPS server host", "host", "https://host/a/");
    assert_int_equal(url_learn(&server, "http://host/lintel.efi\0/more", 28), OK);
    assert_server("HTTP server host", "host", "http://host/");
}

static void assert_refused(const char *url, const char *said)
{
    assert_int_equal(learn(url), ERR_UNSUPPORTED);
    if (!strstr(err_message(), said))
        fail_msg("no '%s' in: %s", said, err_message());
}

static void test_what_is_no_such_url_is_refused(void **state)
{
    static const char *const others[] = {
        "",        "http:/host/x", "http//host/x", "://host/x",
        "file:/x", "file:///x",    "http://host",  "host/http://x"};
    char longest[NET_PATH_BYTES + 1] = "http://h/";

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_refused(others[i], "which is not SCHEME://HOST/PATH");
    assert_refused("http://host/\x1b[2J", "byte 12 is 1Bh");
    assert_refused("http://host/\xc3\xa4", "byte 12 is C3h");
    assert_refused("http://a host/x", "byte 8 is 20h");
    memset(longest + 9, 'x', sizeof longest - 10);
    assert_refused(longest, "booted from a URL of 256 bytes");
    longest[sizeof longest - 2] = 0;
    assert_int_equal(learn(longest), OK);
}

static void test_server_that_dhcp_named(void **state)
{
    struct tftp_server tftp = {.address = {10, 0, 2, 2}};

    (void)state;
    assert_int_equal(url_learn_tftp(&server, &tftp), OK);
    assert_server("TFTP server 10.0.2.2", "10.0.2.2", "tftp://10.0.2.2/");
    memcpy(tftp.root, "boot files/efi/menu/", 21);
    assert_int_equal(url_learn_tftp(&server, &tftp), OK);
    assert_server("TFTP server 10.0.2.2", "10.0.2.2", "tftp://10.0.2.2/boot%20files/efi/menu/");
    memcpy(tftp.root, "http://web/menus/", 18);
    assert_int_equal(url_learn_tftp(&server, &tftp), OK);
    assert_server("HTTP server web", "web", "http://web/menus/");
}

static void test_url_of_a_file(void **state)
{
    char url[URL_BYTES], path[URL_BYTES];

    (void)state;
    assert_int_equal(learn("http://h/x"), OK);
    assert_int_equal(url_of(&server, "boot/a-b_c.~+9Z", url), OK);
    assert_string_equal(url, "http://h/boot/a-b_c.~+9Z");
    assert_int_equal(url_of(&server, "a b?#%\xc3\xa4", url), OK);
    assert_string_equal(url, "http://h/a%20b%3F%23%25%C3%A4");
    memset(path, 'x', sizeof path);
    path[URL_BYTES - 1 - strlen("http://h/")] = 0;
    assert_int_equal(url_of(&server, path, url), OK);
    assert_int_equal(strlen(url), URL_BYTES - 1);
    path[URL_BYTES - 1 - strlen("http://h/")] = 'x';
    path[URL_BYTES - strlen("http://h/")] = 0;
    assert_int_equal(url_of(&server, path, url), ERR_UNSUPPORTED);
    memset(path, ' ', 700);
    path[700] = 0;
    assert_int_equal(url_of(&server, path, url), ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_and_root_of_a_url),
        cmocka_unit_test(test_what_is_no_such_url_is_refused),
        cmocka_unit_test(test_server_that_dhcp_named),
        cmocka_unit_test(test_url_of_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
