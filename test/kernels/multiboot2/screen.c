#include "test/kernels/multiboot2/information.h"

#define RGB  1
#define TEXT 2

struct framebuffer {
    uint32_t base[2];
    uint32_t pitch, width, height;
    uint8_t bits_per_pixel, type;
    uint16_t reserved;
    uint8_t red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
};

/* Three squares at the top left: red, green, blue, each as bright as it goes. */
static void paint(const struct framebuffer *fb)
{
    const uint32_t colours[] = {
        ((1u << fb->red_bits) - 1) << fb->red_shift,
        ((1u << fb->green_bits) - 1) << fb->green_shift,
        ((1u << fb->blue_bits) - 1) << fb->blue_shift,
    };
    for (uint32_t y = 0; y < 16; y++)
        for (uint32_t x = 0; x < 48; x++)
            memcpy(at(fb->base[0] + y * fb->pitch + x * (fb->bits_per_pixel / 8)), &colours[x / 16],
                   fb->bits_per_pixel / 8);
}

void take_framebuffer(const struct tag *tag)
{
    const struct framebuffer *fb = (const struct framebuffer *)tag->words;
    print("framebuffer: base=%x pitch=%u %ux%u bpp=%u type=%u\n", fb->base[0], fb->pitch, fb->width,
          fb->height, fb->bits_per_pixel, fb->type);
    check(fb->base[1] == 0 && fb->base[0] && fb->width && fb->height,
          "framebuffer: it is somewhere");
    if (fb->type == TEXT) {
        check(tag->size == 32 && fb->base[0] == 0xb8000, "text screen");
        memcpy(at(0xb8000), "M\012B\012", 4);
        return;
    }
    check(fb->type == RGB && tag->size == 38 && fb->pitch >= fb->width * (fb->bits_per_pixel / 8),
          "framebuffer: RGB, lines that fit");
    if (fb->bits_per_pixel == 24 || fb->bits_per_pixel == 32)
        paint(fb);
}

void take_vbe(const struct tag *tag)
{
    const uint8_t *control = (const uint8_t *)&tag->words[2], *mode = control + 512;
    print("vbe: mode=%x version=%x pixels=%ux%u base=%x\n", tag->words[0] & 0xffff,
          control[4] | control[5] << 8, mode[18] | mode[19] << 8, mode[20] | mode[21] << 8,
          *(const uint32_t *)(mode + 40));
    check(tag->size == 16 + 512 + 256, "VBE: both blocks");
    check(same(control, "VESA", 4), "VBE: the signature");
    check(tag->words[0] & 0x4000, "VBE: the mode number says linear");
}
