/* What files for a shell assign: what is told is what a shell that runs them finds. */
#include "images/tool/kernels/assignments.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CASES  3000
#define NAME   "LINE"
#define SECOND "MORE"

/* Nothing that a shell could do harm with: there is no PATH, and no redirection. */
static const char *const parts[] = {
    NAME "=",
    NAME "=",
    NAME "=",
    SECOND "=",
    "OTHER=",
    NAME "+=",
    "a",
    "b",
    "a",
    " ",
    " ",
    "\n",
    "\n",
    "\n",
    ";",
    "'x y'",
    "\"x y\"",
    "'a\"\n'",
    "\"'\\\"\\$\\\\\\a\"",
    "\"$LINE z\"",
    "\"${LINE}${MORE}\"",
    "'",
    "\"",
    "\\",
    "\\\n",
    "\\ ",
    "#",
    "$LINE",
    "${LINE}",
    "$OTHER",
    "${X:-y}",
    "$(:)",
    "$(",
    ")",
    "`:`",
    "`",
    "=",
    "&&",
    "||",
    "export ",
    "if ",
    "then\n",
    "fi\n",
    "{ ",
    "}",
    "!",
    "$",
    "\t",
    "~",
    "unset LINE",
    "$'",
    "*",
    "\r",
};

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

static const char *name_case(unsigned number)
{
    static char name[16];

    snprintf(name, sizeof name, "case%u", number);
    return name;
}

static void write_cases(void)
{
    for (unsigned i = 0; i < CASES; i++) {
        FILE *file = fopen(name_case(i), "w");
        fputs(random_below(2) ? NAME "=" : "", file);
        for (uint32_t count = 1 + random_below(8); count; count--)
            fputs(parts[random_below(sizeof parts / sizeof *parts)], file);
        fclose(file);
    }
}

/* One shell runs them all, each in a process of its own, and says what it finds; nothing of one
 * that did not come to the end. */
static void ask_shell(void)
{
    FILE *script = fopen("script", "w");

    fprintf(script,
            "PATH=/nowhere; i=0; while [ $i -lt %u ]; do\n"
            "(. ./case$i >/dev/null; printf '%%s|%%s' \"${LINE-(none)}\" \"${MORE-(none)}\")\n"
            "printf '\\000'; i=$((i + 1)); done\n",
            CASES);
    fclose(script);
    run("/bin/sh script >found 2>/dev/null </dev/null");
}

static void test_a_shell_finds_the_same(void **state)
{
    unsigned compared = 0, assigned = 0;
    char told[1024], *found = NULL;
    size_t room = 0;

    (void)state;
    write_cases();
    ask_shell();
    FILE *answers = fopen("found", "r");
    for (unsigned i = 0; i < CASES; i++) {
        struct assignment list[] = {{NAME, NULL}, {SECOND, NULL}};
        assert_true(getdelim(&found, &room, 0, answers) > 0);
        if (assignments_read(name_case(i), list, 2) == OK && *found) {
            snprintf(told, sizeof told, "%s|%s", list[0].value ? list[0].value : "(none)",
                     list[1].value ? list[1].value : "(none)");
            if (strcmp(told, found) != 0)
                run("cat %s >&2", name_case(i));
            assert_string_equal(told, found);
            compared++;
            assigned += list[0].value && list[0].value[0];
        }
        free(list[0].value);
        free(list[1].value);
    }
    fclose(answers);
    free(found);
    assert_true(compared > CASES / 10 && assigned > CASES / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_shell_finds_the_same, scratch_begin, scratch_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
