/* What is typed at the kernel's shell: scan codes, terminal sequences, the line; and ACPI's S5. */
#include "kernel/console/keys.h"
#include "kernel/machine/acpi.h"
#include "kernel/shell/line.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- scan codes ------------------------------------------------------------------------------ */

static void check_codes(const uint8_t *codes, size_t count, const int *keys)
{
    struct scan_state state = {0};
    for (size_t i = 0; i < count; i++) {
        int key = scan_decode(&state, codes[i]);
        if (key != KEY_NONE)
            assert_int_equal(key, *keys++);
    }
    assert_int_equal(*keys, KEY_NONE);
}
#define CHECK_CODES(codes, ...)                                                                    \
    check_codes((const uint8_t *)(codes), sizeof(codes) - 1, (const int[]){__VA_ARGS__, KEY_NONE})

static void test_scan_codes(void **state)
{
    (void)state;
    CHECK_CODES("\x1e\x9e\x30\xb0", 'a', 'b');
    CHECK_CODES("\x2a\x1e\x9e\xaa\x1e", 'A', 'a');                           /* left shift */
    CHECK_CODES("\x36\x02\xb6\x02", '!', '1');                               /* right shift */
    CHECK_CODES("\x3a\xba\x1e\x02\x2a\x1e\xaa\x3a\x1e", 'A', '1', 'a', 'a'); /* caps lock */
    CHECK_CODES("\x1d\x20\x9d\x20", 4, 'd');                                 /* control */
    CHECK_CODES("\xe0\x48\xe0\xc8\xe0\x4b\xe0\x53", KEY_UP, KEY_LEFT, KEY_DELETE);
    CHECK_CODES("\xe0\x2a\xe0\x47\xe0\xaa\x1e", KEY_HOME, 'a'); /* a shift that nobody pressed */
    CHECK_CODES("\x2a\xe0\x2a\xe0\xaa\x1e", 'A');               /* and doesn't lift a real one */
    CHECK_CODES("\x1c\x0e\x0f\x39", KEY_ENTER, KEY_BACKSPACE, KEY_TAB, ' ');
    CHECK_CODES("\x28\x2a\x28\x0c\x29\x2b", '\'', '"', '_', '~', '|');
}

static void check_bytes(const char *bytes, const int *keys)
{
    struct terminal_state state = {0};
    for (; *bytes; bytes++) {
        int key = terminal_decode(&state, (uint8_t)*bytes);
        if (key != KEY_NONE)
            assert_int_equal(key, *keys++);
    }
    assert_int_equal(*keys, KEY_NONE);
}
#define CHECK_BYTES(bytes, ...) check_bytes(bytes, (const int[]){__VA_ARGS__, KEY_NONE})

static void test_terminal_sequences(void **state)
{
    (void)state;
    CHECK_BYTES("a\r\x7f", 'a', KEY_ENTER, KEY_BACKSPACE);
    CHECK_BYTES("\033[A\033[D\033OC\033[H\033OF", KEY_UP, KEY_LEFT, KEY_RIGHT, KEY_HOME, KEY_END);
    CHECK_BYTES("\033[3~\033[1~\033[4~\033[5~x", KEY_DELETE, KEY_HOME, KEY_END, KEY_PAGE_UP, 'x');
    CHECK_BYTES("\033[1;5Ax", KEY_UP, 'x');
    CHECK_BYTES("\033\033[B\033y", KEY_DOWN, 'y');
    CHECK_BYTES("\033[99~\033[zq", 'q');
}

/* ---- the line -------------------------------------------------------------------------------- */

static void type(struct line *line, const char *text)
{
    for (; *text; text++)
        line_key(line, *text);
}

static void test_history(void **state)
{
    struct line line = {0};
    (void)state;
    for (int i = 0; i < 20; i++) {
        line_begin(&line);
        type(&line, (char[]){'c', (char)('a' + i), 0});
        assert_true(line_key(&line, KEY_ENTER));
    }
    line_begin(&line);
    assert_true(line_key(&line, KEY_ENTER)); /* an empty line is not kept */
    line_begin(&line);
    type(&line, "ct");
    line_key(&line, KEY_ENTER); /* nor the same once more */
    line_begin(&line);
    type(&line, "draft");
    for (int i = 0; i < 30; i++)
        line_key(&line, KEY_UP);
    assert_string_equal(line.text, "ce"); /* the oldest of 16 */
    line_key(&line, KEY_DOWN);
    assert_string_equal(line.text, "cf");
    for (int i = 0; i < 30; i++)
        line_key(&line, KEY_DOWN);
    assert_string_equal(line.text, "draft"); /* what was being typed is not lost */
    assert_int_equal(line.cursor, 5);
}

/* The same edits by memmove. */
static struct model {
    char text[200];
    size_t length, cursor;
} model;

static void model_key(int key)
{
    size_t behind = model.length - model.cursor;
    char *at = model.text + model.cursor;
    if (key == KEY_LEFT && model.cursor > 0) {
        model.cursor--;
    } else if (key == KEY_RIGHT && behind) {
        model.cursor++;
    } else if (key == KEY_HOME) {
        model.cursor = 0;
    } else if (key == KEY_END) {
        model.cursor = model.length;
    } else if (key == KEY_BACKSPACE && model.cursor > 0) {
        memmove(at - 1, at, behind + 1);
        model.cursor--;
        model.length--;
    } else if (key == KEY_DELETE && behind) {
        memmove(at, at + 1, behind);
        model.length--;
    } else if (key >= ' ' && key < 0x7f && model.length < LINE_MAX) {
        memmove(at + 1, at, behind + 1);
        *at = (char)key;
        model.cursor++;
        model.length++;
    }
}

static void test_editing_agrees_with_a_model(void **state)
{
    static const int special[] = {KEY_LEFT, KEY_RIGHT,  KEY_HOME,      KEY_END,
                                  KEY_LEFT, KEY_DELETE, KEY_BACKSPACE, KEY_PAGE_UP};
    struct line line = {0};
    (void)state;
    line_begin(&line);
    for (int i = 0; i < 300000; i++) {
        int key = rand() % 5 ? 'a' + rand() % 26 : special[rand() % 8];
        if (rand() % 500 == 0) {
            line_key(&line, 'U' - 'A' + 1);
            model = (struct model){0};
        }
        assert_false(line_key(&line, key));
        model_key(key);
        assert_string_equal(line.text, model.text);
        assert_int_equal(line.cursor, model.cursor);
        assert_int_equal(line.length, model.length);
    }
}

/* ---- S5 -------------------------------------------------------------------------------------- */

#define FIND(aml, types) acpi_find_s5((const uint8_t *)(aml), sizeof(aml) - 1, types)

static void test_sleep_types(void **state)
{
    uint8_t types[2];
    (void)state;
    assert_true(FIND("xx\x08_S5_\x12\x06\x04\x00\x00\x00\x00zz", types)); /* QEMU: Zero */
    assert_true(types[0] == 0 && types[1] == 0);
    assert_true(FIND("\x08\\_S5_\x12\x0a\x04\x0a\x05\x0a\x07\x00\x00", types)); /* from the root */
    assert_true(types[0] == 5 && types[1] == 7);
    assert_true(FIND("\x08_S5_\x12\x4a\x00\x04\x01\x0a\x03\x00\x00", types)); /* two length bytes */
    assert_true(types[0] == 1 && types[1] == 3);
    assert_false(FIND("\x10_S5_\x12\x06\x04\x00\x00\x00\x00", types)); /* a scope, not a name */
    assert_false(FIND("\x08_S5_\x14\x06\x04\x00\x00\x00\x00", types)); /* a method */
    assert_false(FIND("\x08_S5_\x12\xc6\x04\x0a", types));             /* cut */
    assert_false(FIND("", types));
}

static void test_sleep_types_in_damaged_code(void **state)
{
    static const char aml[] = "\x08_S5_\x12\x0a\x04\x0a\x05\x0a\x07";
    uint8_t types[2];
    (void)state;
    for (int i = 0; i < 100000; i++) {
        size_t bytes = (size_t)rand() % sizeof aml;
        uint8_t *copy = malloc(bytes ? bytes : 1); /* the sanitizer sees a byte too far */
        memcpy(copy, aml, bytes);
        for (int flips = rand() % 3; flips > 0 && bytes; flips--)
            copy[(size_t)rand() % bytes] = (uint8_t)rand();
        acpi_find_s5(copy, bytes, types);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan_codes),  cmocka_unit_test(test_terminal_sequences),
        cmocka_unit_test(test_history),     cmocka_unit_test(test_editing_agrees_with_a_model),
        cmocka_unit_test(test_sleep_types), cmocka_unit_test(test_sleep_types_in_damaged_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
