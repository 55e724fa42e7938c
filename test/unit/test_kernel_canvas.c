/* What is drawn on a canvas, against a picture that is drawn pixel by pixel; and nothing beside it.
 */
#include "kernel/gui/canvas.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define WIDTH  40
#define HEIGHT 30
#define GUARD  64 /* pixels in front and behind */
#define FAR    (1 << 30)
#define ROUNDS 20000

static uint32_t memory[GUARD + WIDTH * HEIGHT + GUARD], wanted[HEIGHT][WIDTH];
static struct canvas canvas;

static int begin(void **state)
{
    (void)state;
    memset(memory, 0xa5, sizeof memory);
    memset(wanted, 0xa5, sizeof wanted);
    canvas_begin(&canvas, memory + GUARD, WIDTH, HEIGHT);
    srand(1);
    return 0;
}

static int32_t any(void)
{
    int32_t near = rand() % 80 - 20;
    return rand() % 8 ? near : rand() % 2 ? FAR : -FAR;
}

static struct rect any_rect(void)
{
    return (struct rect){any(), any(), any(), any()};
}

static void check(void)
{
    for (int i = 0; i < GUARD; i++) {
        assert_int_equal(memory[i], 0xa5a5a5a5);
        assert_int_equal(memory[GUARD + WIDTH * HEIGHT + i], 0xa5a5a5a5);
    }
    assert_memory_equal(memory + GUARD, wanted, sizeof wanted);
}

/* Pixel by pixel, and the damage of exactly these. */
static void fill_wanted(struct rect rect, uint32_t rgb, struct rect *damage)
{
    for (int32_t y = 0; y < HEIGHT; y++)
        for (int32_t x = 0; x < WIDTH; x++)
            if (rect_holds(rect, x, y) && rect_holds(canvas.clip, x, y)) {
                wanted[y][x] = rgb;
                *damage = rect_around(*damage, rect_of(x, y, 1, 1));
            }
}

static void fills_what_is_within(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct rect rect = any_rect(), damage = {0};
        const struct rect all = rect_of(0, 0, WIDTH, HEIGHT);
        canvas.clip = rand() % 2 ? rect_common(any_rect(), all) : all;
        canvas.damage = (struct rect){0};
        canvas_fill(&canvas, rect, round);
        fill_wanted(rect, round, &damage);
        check();
        assert_int_equal(rect_is_empty(canvas.damage), rect_is_empty(damage));
        if (!rect_is_empty(damage))
            assert_memory_equal(&canvas.damage, &damage, sizeof damage);
    }
}

static void draws_glyphs_of_the_font(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        int32_t left = any(), top = any();
        uint8_t character = (uint8_t)rand();
        struct rect damage = {0};
        canvas_glyph(&canvas, left, top, character, round);
        for (int32_t y = 0; y < GLYPH_HEIGHT; y++)
            for (int32_t x = 0; x < GLYPH_WIDTH; x++)
                if (font[character][y] & 0x80 >> x)
                    fill_wanted(rect_of(left + x, top + y, 1, 1), round, &damage);
        check();
    }
}

static void copies_another_one(void **state)
{
    (void)state;
    static uint32_t pixels[7 * 5];
    struct canvas from;
    canvas_begin(&from, pixels, 7, 5);
    for (uint32_t i = 0; i < 7 * 5; i++)
        pixels[i] = i;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        int32_t left = any(), top = any();
        struct rect damage = {0};
        canvas_copy(&canvas, left, top, &from);
        for (int32_t y = 0; y < 5; y++)
            for (int32_t x = 0; x < 7; x++)
                fill_wanted(rect_of(left + x, top + y, 1, 1), pixels[y * 7 + x], &damage);
        check();
    }
}

/* A line has both its ends, and no gap: each row or column between them has a pixel. */
static void draws_lines(void **state)
{
    (void)state;
    for (uint32_t round = 1; round < 2000; round++) {
        int32_t x = rand() % WIDTH, y = rand() % HEIGHT, to_x = rand() % WIDTH,
                to_y = rand() % HEIGHT, seen = 0;
        int32_t along = abs(to_x - x) > abs(to_y - y) ? abs(to_x - x) : abs(to_y - y);
        canvas_line(&canvas, x, y, to_x, to_y, 1, round);
        for (int32_t i = 0; i < WIDTH * HEIGHT; i++)
            seen += memory[GUARD + i] == round;
        assert_int_equal(seen, along + 1);
        assert_int_equal(memory[GUARD + y * WIDTH + x], round);
        assert_int_equal(memory[GUARD + to_y * WIDTH + to_x], round);
    }
}

static void prints_at_most_what_there_is_room_for(void **state)
{
    (void)state;
    canvas_print(&canvas, 3, -4, 7, "%s %d: a long text that leaves the canvas", "row", 3);
    struct rect damage = {0};
    const char *text = "row 3";
    for (int32_t i = 0; i < 5; i++)
        for (int32_t y = 0; y < GLYPH_HEIGHT; y++)
            for (int32_t x = 0; x < GLYPH_WIDTH; x++)
                if (font[(uint8_t)text[i]][y] & 0x80 >> x)
                    fill_wanted(rect_of(3 + i * GLYPH_WIDTH + x, y - 4, 1, 1), 7, &damage);
    check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fills_what_is_within, begin),
        cmocka_unit_test_setup(draws_glyphs_of_the_font, begin),
        cmocka_unit_test_setup(copies_another_one, begin),
        cmocka_unit_test_setup(draws_lines, begin),
        cmocka_unit_test_setup(prints_at_most_what_there_is_room_for, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
