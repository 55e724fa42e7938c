/* The order of versions, by the examples of the UAPI version format specification and beyond. */
#include "common/entries/entry.h"
#include "common/lib/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Oldest first: every pair of each list is compared both ways round. */
static const char *const specification[] = {
    "122.1",   "123~rc1-1",  "123",   "123-a",   "123-a.1", "123-1",  "123-1.1",
    "123-3.1", "123^patch1", "123^1", "123.a-1", "123.1-1", "123a-1", "124-1",
};

static const char *const kernels[] = {
    "",
    "5.9.0-rc1",
    "5.10.0",
    "6.1.0-9-amd64",
    "6.1.0-18-amd64",
    "6.1.0-18-cloud-amd64",
    "6.10.0",
    "18446744073709551616.1",
    "18446744073709551617",
};

static const char *const words[] = {"~",  "",  "0",       "A",       "B", "a",
                                    "ab", "b", "bar-123", "foo-123", "1"};

/* No number counts as 0, then the rest decides. */
static const char *const zeros[] = {"1~", "1", "1.0", "1.00.a", "1.b", "1.1"};

/* What is no part of a version only separates. */
static const char *const separated[] = {"1_", "1.2", "1.3.3", "1+1", "1_2_3"};

static const struct {
    const char *a, *b;
} equal[] = {
    {"", ""},    {"1.2", "1.2"}, {"1.02", "1.2"}, {"1_2", "1_2"}, {"_1", "1"},
    {"1_", "1"}, {"1+", "1"},    {"+1", "1"},     {"0", "000"},   {"11\xce\xb1", "11\xce\xb2"},
};

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void check_order(const char *const *list, int count)
{
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            if (sign(version_compare(list[i], list[j])) != sign(i - j))
                fail_msg("%s against %s: %d", list[i], list[j], version_compare(list[i], list[j]));
}

static void test_orders(void **state)
{
    (void)state;
    check_order(specification, ARRAY_LENGTH(specification));
    check_order(kernels, ARRAY_LENGTH(kernels));
    check_order(words, ARRAY_LENGTH(words));
    check_order(zeros, ARRAY_LENGTH(zeros));
    check_order(separated, ARRAY_LENGTH(separated));
}

static void test_equal(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(equal); i++)
        assert_int_equal(version_compare(equal[i].a, equal[i].b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
