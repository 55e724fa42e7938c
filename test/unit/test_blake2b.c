/* BLAKE2b against b2sum of GNU coreutils, at all sizes around the block's. */
#include "common/lib/blake2b.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void digest_text(const uint8_t *digest, char *text)
{
    for (int i = 0; i < BLAKE2B_BYTES; i++)
        sprintf(text + 2 * i, "%02x", digest[i]);
}

static void agrees_with_b2sum(void **state)
{
    static const size_t sizes[] = {0, 1, 127, 128, 129, 255, 256, 257, 100000};
    static char bytes[100000];
    (void)state;
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char command[128], text[2 * BLAKE2B_BYTES + 1], theirs[sizeof text] = "";
        uint8_t digest[BLAKE2B_BYTES];
        blake2b(bytes, sizes[i], digest);
        digest_text(digest, text);
        snprintf(command, sizeof command, "head -c %zu /dev/zero | tr '\\0' x | b2sum", sizes[i]);
        FILE *stream = popen(command, "r");
        assert_non_null(fgets(theirs, sizeof theirs, stream));
        pclose(stream);
        assert_string_equal(text, theirs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_b2sum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
