/* What of Linux's command line is for the loader (boot protocol, "special command line options").
 */
#include "common/lib/mem.h"
#include "common/protocol/linux/linux.h"

/* Finds the next option of that name, such as "vga=", from `at` on; NULL: there is none. Returns
 * its value. */
static const char *find_option(const char *options, const char *at, const char *name)
{
    for (; *at; at++)
        if ((at == options || at[-1] == ' ') && strncmp(at, name, strlen(name)) == 0)
            return at + strlen(name);
    return NULL;
}

/* The last one counts. */
static const char *find_last(const char *options, const char *name)
{
    const char *value = NULL;

    for (const char *at = options; (at = find_option(options, at, name));)
        value = at;
    return value;
}

static uint32_t digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 : 16;
}

/* Decimal, or hexadecimal behind 0x. Returns what follows it; NULL: no number, or one of more than
 * 64 bits. */
static const char *take_number(const char *text, uint64_t *number)
{
    uint32_t base = 10;

    if (text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        text += 2;
    }
    if (digit_of(*text) >= base)
        return NULL;
    for (*number = 0; digit_of(*text) < base; text++)
        if (mul_wraps(*number, base, number) || add_wraps(*number, digit_of(*text), number))
            return NULL;
    return text;
}

static bool ends_word(const char *text)
{
    return *text == 0 || *text == ' ';
}

static bool is_word(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0 && ends_word(text + strlen(word));
}

bool linux_option_is(const char *options, const char *name, const char *word)
{
    const char *value = find_last(options, name);

    return value && is_word(value, word);
}

/* ---- mem= ------------------------------------------------------------------------------------ */

static uint32_t shift_of_unit(char unit)
{
    switch (unit | 0x20) {
    case 'k':
        return 10;
    case 'm':
        return 20;
    case 'g':
        return 30;
    case 't':
        return 40;
    default:
        return 0;
    }
}

uint64_t linux_memory_end(const char *options)
{
    uint64_t end = UINT64_MAX, number, bytes;

    for (const char *at = options; (at = find_option(options, at, "mem="));) {
        const char *unit = take_number(at, &number);
        if (unit && number && !mul_wraps(number, UINT64_C(1) << shift_of_unit(*unit), &bytes))
            end = MIN(end, bytes);
    }
    return end;
}

/* ---- vga= ------------------------------------------------------------------------------------ */

static const struct {
    const char *word;
    uint16_t mode;
} vga_words[] = {{"normal", 0xffff}, {"ext", 0xfffe}, {"ask", 0xfffd}};

bool linux_video_mode(const char *options, uint16_t *mode)
{
    const char *value = find_last(options, "vga=");
    uint64_t number;

    for (size_t i = 0; value && i < ARRAY_LENGTH(vga_words); i++)
        if (is_word(value, vga_words[i].word)) {
            *mode = vga_words[i].mode;
            return true;
        }
    const char *end = value ? take_number(value, &number) : NULL;
    if (!end || !ends_word(end) || number > UINT16_MAX)
        return false;
    *mode = (uint16_t)number;
    return true;
}

/* The numbers that Linux gives to VESA's modes: VESA's, plus 200h. The depth is the best there is.
 */
static const struct {
    uint16_t first, last, width, height;
} vga_modes[] = {
    {0x301, 0x301, 640, 480},   {0x303, 0x303, 800, 600},   {0x305, 0x305, 1024, 768},
    {0x307, 0x307, 1280, 1024}, {0x310, 0x312, 640, 480},   {0x313, 0x315, 800, 600},
    {0x316, 0x318, 1024, 768},  {0x319, 0x31b, 1280, 1024}, {0x31c, 0x31f, 1600, 1200},
};

bool linux_video_wish(const char *options, uint32_t *width, uint32_t *height)
{
    uint16_t mode;

    if (!linux_video_mode(options, &mode))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(vga_modes); i++) {
        if (mode < vga_modes[i].first || mode > vga_modes[i].last)
            continue;
        *width = vga_modes[i].width;
        *height = vga_modes[i].height;
        return true;
    }
    return false;
}
