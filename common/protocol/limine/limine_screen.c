/* What is a kernel told of the framebuffer, with the monitor's EDID and the modes that there are?
 */
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"

#define MODEL_RGB 1

struct framebuffers_response {
    uint64_t revision, count, list;
};

struct pixel_format {
    uint16_t bits_per_pixel;
    uint8_t model;
    uint8_t red_bits, red_shift, green_bits, green_shift, blue_bits, blue_shift;
} __attribute__((packed, aligned(2)));

struct framebuffer {
    uint64_t pixels, width, height, pitch;
    struct pixel_format format;
    uint8_t unused[6];
    uint64_t edid_bytes, edid;
    uint64_t mode_count, modes;
};

struct mode {
    uint64_t pitch, width, height;
    struct pixel_format format;
};

_Static_assert(offsetof(struct framebuffer, edid_bytes) == 48, "the protocol's framebuffer");
_Static_assert(sizeof(struct framebuffer) == 80, "the protocol's framebuffer");
_Static_assert(sizeof(struct mode) == 40, "the protocol's video mode");

static struct pixel_format format_of(const struct lintel_framebuffer *fb)
{
    return (struct pixel_format){
        .bits_per_pixel = fb->bits_per_pixel,
        .model = MODEL_RGB,
        .red_bits = fb->red_bits,
        .red_shift = fb->red_shift,
        .green_bits = fb->green_bits,
        .green_shift = fb->green_shift,
        .blue_bits = fb->blue_bits,
        .blue_shift = fb->blue_shift,
    };
}

static enum err add_modes(const struct video *video, struct buffer *buffer, struct framebuffer *to)
{
    struct mode *modes;
    uint64_t *list;
    TRY(buffer_take(buffer, video->mode_count * sizeof *list, (void **)&list));
    TRY(buffer_take(buffer, video->mode_count * sizeof *modes, (void **)&modes));
    for (uint32_t i = 0; i < video->mode_count; i++) {
        const struct lintel_framebuffer *fb = &video->modes[i];
        modes[i] = (struct mode){fb->pitch, fb->width, fb->height, format_of(fb)};
        list[i] = (uintptr_t)buffer_virtual(buffer, &modes[i]);
    }
    to->mode_count = video->mode_count;
    to->modes = (uintptr_t)buffer_virtual(buffer, list);
    return OK;
}

enum err limine_framebuffers(const struct limine *limine, struct buffer *buffer, void **out)
{
    const struct video *video = &limine->attempt->video;
    const struct lintel_framebuffer *fb = &video->fb;
    struct framebuffers_response *response;
    struct framebuffer *to;
    uint64_t *list;
    if (!limine->attempt->has_video)
        return OK;
    TRY(buffer_take(buffer, sizeof *response, (void **)&response));
    TRY(buffer_take(buffer, sizeof *list, (void **)&list));
    TRY(buffer_take(buffer, sizeof *to, (void **)&to));
    to->pixels = (uintptr_t)buffer_virtual(buffer, at_physical(fb->base_physical));
    to->width = fb->width;
    to->height = fb->height;
    to->pitch = fb->pitch;
    to->format = format_of(fb);
    to->edid_bytes = fb->edid_bytes;
    if (fb->edid_bytes)
        TRY(buffer_copy(buffer, video->edid, fb->edid_bytes, (const void **)&to->edid));
    TRY(add_modes(video, buffer, to));
    *list = (uintptr_t)buffer_virtual(buffer, to);
    *response = (struct framebuffers_response){1, 1, (uintptr_t)buffer_virtual(buffer, list)};
    *out = response;
    return OK;
}
