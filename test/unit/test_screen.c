/* The grid of cells on framebuffers of every format, read back pixel by pixel and compared with the
 * font. */
#include "common/lib/font.h"
#include "common/lib/mem.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/fake_screen.h"

#define PAPER_RGB 0x101820 /* plain text's */
#define MARGIN    0x5a     /* what lies behind the framebuffer's last byte */

static uint8_t *memory; /* of the framebuffer */
static struct lintel_framebuffer fb;
static bool has_video;
static uint32_t text_calls;

static enum err set_video(uint32_t width, uint32_t height, struct video *video)
{
    assert_true(width == 0 && height == 0);
    if (!has_video)
        return ERR_UNSUPPORTED;
    memset(video, 0, sizeof *video);
    video->fb = fb;
    return OK;
}

static void set_text(void)
{
    text_calls++;
}

static enum err memory_map(struct raw_map *map, struct raw_map *busy)
{
    *map = *busy = (struct raw_map){0};
    return OK;
}

static const struct firmware firmware = {
    .put = put, .set_video = set_video, .set_text = set_text, .memory_map = memory_map};
static struct screen screen;

struct format {
    uint8_t bits, red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
};
static const struct format formats[] = {
    {32, 16, 8, 8, 8, 0, 8}, {32, 0, 8, 8, 8, 16, 8}, {24, 16, 8, 8, 8, 0, 8},
    {16, 11, 5, 5, 6, 0, 5}, {15, 10, 5, 5, 5, 0, 5},
};

static void make_framebuffer(const struct format *format, uint32_t width, uint32_t height)
{
    uint32_t pitch = width * ((format->bits + 7u) / 8) + 24;

    free(memory);
    memory = malloc((uint64_t)pitch * height + PAGE_BYTES);
    memset(memory, 0, (uint64_t)pitch * height);
    memset(memory + (uint64_t)pitch * height, MARGIN, PAGE_BYTES);
    has_video = true;
    fb = (struct lintel_framebuffer){.base_physical = (uintptr_t)memory,
                                     .bytes = (uint64_t)pitch * height,
                                     .width = width,
                                     .height = height,
                                     .pitch = pitch,
                                     .bits_per_pixel = format->bits,
                                     .red_shift = format->red_shift,
                                     .red_bits = format->red_bits,
                                     .green_shift = format->green_shift,
                                     .green_bits = format->green_bits,
                                     .blue_shift = format->blue_shift,
                                     .blue_bits = format->blue_bits};
}

static int set_up(void **state)
{
    (void)state;
    fake_screen_begin();
    has_video = false;
    fake_blind(false);
    text_calls = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(memory);
    memory = NULL;
    return 0;
}

static uint32_t field(uint32_t rgb, uint32_t from, uint32_t bits, uint32_t shift)
{
    return (rgb >> from & 0xff) >> (8 - bits) << shift;
}

static bool pixel_is(uint32_t x, uint32_t y, uint32_t rgb)
{
    uint32_t value = 0, bytes = (fb.bits_per_pixel + 7u) / 8;

    memcpy(&value, memory + (uint64_t)y * fb.pitch + x * bytes, bytes);
    return value == (field(rgb, 16, fb.red_bits, fb.red_shift) |
                     field(rgb, 8, fb.green_bits, fb.green_shift) |
                     field(rgb, 0, fb.blue_bits, fb.blue_shift));
}

/* Row and column from 1. */
static void assert_glyph(uint32_t r, uint32_t c, uint8_t glyph, uint32_t ink, uint32_t back)
{
    uint32_t scale = MIN(fb.width / 640, fb.height / 400);
    uint32_t left = (fb.width - 640 * scale) / 2 + (c - 1) * 8 * scale;
    uint32_t top = (fb.height - 400 * scale) / 2 + (r - 1) * 16 * scale;

    for (uint32_t y = 0; y < 16 * scale; y++)
        for (uint32_t x = 0; x < 8 * scale; x++)
            if (!pixel_is(left + x, top + y,
                          font[glyph][y / scale] & 0x80 >> x / scale ? ink : back))
                fail_msg("row %u column %u is not glyph %02x at %u, %u", r, c, glyph, x, y);
}

static void draws_in_every_format(void **state)
{
    static const uint32_t sizes[][2] = {{640, 400},  {800, 600},  {1024, 768},
                                        {1366, 768}, {1280, 800}, {1920, 1200}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
        for (size_t k = 0; k < ARRAY_LENGTH(sizes); k++) {
            set_up(NULL);
            make_framebuffer(&formats[i], sizes[k][0], sizes[k][1]);
            screen_open(&screen, &firmware, CONSOLE_AUTO);
            screen_at(&screen, 1, 1, COLOURS_PLAIN);
            screen_put(&screen, "A");
            screen_at(&screen, 24, 79, COLOURS_CHOSEN);
            screen_put(&screen, "g");
            screen_show(&screen);
            assert_glyph(1, 1, 'A', 0xd8dee9, PAPER_RGB);
            assert_glyph(24, 79, 'g', 0x101820, 0xe8b45a);
            assert_glyph(25, 80, ' ', 0, PAPER_RGB);
            assert_true(pixel_is(0, 0, PAPER_RGB) &&
                        pixel_is(fb.width - 1, fb.height - 1, PAPER_RGB));
            for (uint32_t byte = 0; byte < PAGE_BYTES; byte++)
                assert_int_equal(memory[fb.bytes + byte], MARGIN);
            assert_int_equal(text_calls, 0);
        }
}

/* The terminal gets what the font has not. */
static void draws_what_the_font_has(void **state)
{
    (void)state;
    uint8_t euro;

    make_framebuffer(&formats[0], 640, 400);
    screen_open(&screen, &firmware, CONSOLE_AUTO);
    screen_at(&screen, 3, 5, COLOURS_PLAIN);
    screen_put(&screen, "\xc3\xbc\xe2\x82\xac\xe6\x97\xa5.\xff\xc2\x9b");
    screen_show(&screen);
    assert_true(font_find(0x20ac, &euro) && euro >= 0x80 && euro < 0xa0);
    const uint8_t expected[] = {0xfc, euro, '?', '.', '?', '?'};
    for (uint32_t i = 0; i < sizeof expected; i++)
        assert_glyph(3, 5 + i, expected[i], 0xd8dee9, PAPER_RGB);
    assert_non_null(strstr(stream, "\xc3\xbc\xe2\x82\xac\xe6\x97\xa5\033[3;8H.??"));
}

static void sends_only_what_changes(void **state)
{
    (void)state;
    screen_open(&screen, &firmware, CONSOLE_AUTO);
    screen_at(&screen, 3, 5, COLOURS_PLAIN);
    screen_put(&screen, "some words");
    screen_at(&screen, 3, 40, COLOURS_PLAIN);
    screen_put(&screen, "others");
    screen_show(&screen);
    stream_bytes = 0;
    memset(stream, 0, sizeof stream);
    screen_at(&screen, 3, 8, COLOURS_PLAIN);
    screen_put(&screen, "a");
    screen_show(&screen);
    assert_string_equal(stream, "\033[3;5H\033[0msoma words\033[0m\033[1;1H");
    screen_show(&screen);
    assert_string_equal(stream, "\033[3;5H\033[0msoma words\033[0m\033[1;1H\033[1;1H");
    screen_erase(&screen);
    screen_show(&screen);
    assert_not_shown("words");
    assert_not_shown("others");
}

static void takes_the_text_screen_otherwise(void **state)
{
    (void)state;
    screen_open(&screen, &firmware, CONSOLE_AUTO);
    assert_int_equal(text_calls, 1);
    make_framebuffer(&formats[0], 639, 480);
    screen_open(&screen, &firmware, CONSOLE_FRAMEBUFFER);
    assert_int_equal(text_calls, 2);
    make_framebuffer(&formats[0], 640, 480);
    screen_open(&screen, &firmware, CONSOLE_TEXT);
    assert_int_equal(text_calls, 3);
    screen_close(&screen);
    assert_int_equal(text_calls, 4);
    for (uint64_t i = 0; i < fb.bytes; i++)
        assert_int_equal(memory[i], 0);
}

/* Nothing reaches a cell that is not there. */
static void draws_on_nothing_that_is_no_screen(void **state)
{
    (void)state;
    make_framebuffer(&formats[0], 640, 400);
    fake_blind(true);
    screen_open(&screen, &firmware, CONSOLE_AUTO);
    screen_show(&screen);
    assert_null(screen.fb.pixels);
    assert_true(text_calls > 0);
    for (uint64_t byte = 0; byte < fb.bytes; byte++)
        assert_int_equal(memory[byte], 0);
}

static void stays_inside(void **state)
{
    (void)state;
    char text[300];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    screen_open(&screen, &firmware, CONSOLE_TEXT);
    screen_at(&screen, 26, 1, COLOURS_PLAIN);
    screen_put(&screen, "below");
    screen_at(&screen, 0, 0, COLOURS_PLAIN);
    screen_put(&screen, "%s", text);
    screen_at(&screen, 5, 70, COLOURS_PLAIN);
    screen_text(&screen, text, 200);
    screen_fill(&screen, (struct box){20, 70, 100, 100}, COLOURS_PLAIN);
    for (uint32_t i = 0; i < 80; i++)
        assert_int_equal(screen.cells[3][i].character, ' ');
    assert_int_equal(screen.cells[4][79].character, 'x');
}

static void cuts_and_wraps(void **state)
{
    (void)state;
    screen_open(&screen, &firmware, CONSOLE_TEXT);
    screen_at(&screen, 1, 1, COLOURS_PLAIN);
    screen_field(&screen, "z\xc3\xbcrich", 6);
    screen_put(&screen, "|");
    screen_at(&screen, 2, 1, COLOURS_PLAIN);
    screen_field(&screen, "z\xc3\xbcrich", 5);
    screen_put(&screen, "|");
    screen_at(&screen, 3, 1, COLOURS_PLAIN);
    screen_field(&screen, "zz", 1);
    screen_put(&screen, "|");
    screen_at(&screen, 4, 1, COLOURS_PLAIN);
    assert_int_equal(
        screen_wrap(&screen, (struct box){4, 1, 9, 8}, "one two three\nfour\n\nverylongword x"), 6);
    screen_show(&screen);
    assert_int_equal(find("z~rich|"), 1);
    assert_int_equal(find("z~...|"), 2);
    assert_int_equal(find(".|"), 2);
    assert_int_equal(find("one two"), 4);
    assert_int_equal(find("three"), 5);
    assert_int_equal(find("four"), 6);
    assert_int_equal(find("verylong"), 8);
    assert_int_equal(find("word x"), 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draws_in_every_format),
        TEST(draws_what_the_font_has),
        TEST(sends_only_what_changes),
        TEST(takes_the_text_screen_otherwise),
        TEST(draws_on_nothing_that_is_no_screen),
        TEST(stays_inside),
        TEST(cuts_and_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
