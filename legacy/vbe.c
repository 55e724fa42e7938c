/* Which mode of the screen suits a kernel's wish, and where its pixels lie (VBE 3.0). */
#include "legacy/vbe.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "legacy/bios.h"
#include "legacy/console.h"

#define VBE_OK        0x004fu
#define VERSION_LEAST 0x0200u /* linear framebuffers */
#define VERSION_3     0x0300u
#define MODES_MOST    512u /* a list that is longer has lost its end mark */
#define MODES_END     0xffffu
#define USE_LINEAR    0x4000u

#define DEFAULT_WIDTH  1024u
#define DEFAULT_HEIGHT 768u

struct __attribute__((packed)) vbe_info { /* VBE 3.0, 4.3 */
    char signature[4];
    uint16_t version;
    uint32_t oem, capabilities, modes; /* far pointers but the second */
    uint16_t memory;                   /* in units of 64 KiB */
    uint8_t rest[492];
};

struct vbe_color {
    uint8_t bits, shift;
};

struct __attribute__((packed)) vbe_mode { /* VBE 3.0, 4.4 */
    uint16_t attributes;
    uint8_t windows[14];
    uint16_t pitch, width, height;
    uint8_t cell_width, cell_height, planes, bits_per_pixel, banks, memory_model;
    uint8_t bank_kib, image_pages, reserved;
    struct vbe_color red, green, blue, filler;
    uint8_t color_mode;
    uint32_t base, reserved2;
    uint16_t reserved3;
    uint16_t linear_pitch; /* from here on VBE 3.0 */
    uint8_t banked_pages, linear_pages;
    struct vbe_color linear_red, linear_green, linear_blue, linear_filler;
    uint8_t rest[194];
};

_Static_assert(sizeof(struct vbe_info) == 512, "what the BIOS writes");
_Static_assert(sizeof(struct vbe_mode) == 256, "what the BIOS writes");

#define ATTRIBUTES_NEEDED  0x99u /* supported, colour, graphics, linear framebuffer */
#define MODEL_DIRECT_COLOR 6

/* Where the BIOS puts its answers. */
#define INFO ((struct vbe_info *)bounce)
#define MODE ((struct vbe_mode *)(bounce + 1024))
#define EDID (bounce + 2048)

static bool call(uint16_t function, uint32_t ebx, uint32_t ecx, uint32_t edx, void *low)
{
    struct bios_regs regs = {
        .eax = function,
        .ebx = ebx,
        .ecx = ecx,
        .edx = edx,
        .es = segment_of(low),
    };

    bios_call(0x10, &regs);
    return (regs.eax & 0xffff) == VBE_OK;
}

static bool read_info(void)
{
    memset(INFO, 0, sizeof *INFO);
    memcpy(INFO->signature, "VBE2", 4);
    return call(0x4f00, 0, 0, 0, INFO) && memcmp(INFO->signature, "VESA", 4) == 0 &&
           INFO->version >= VERSION_LEAST;
}

/* ---- the monitor (VESA E-EDID A.2) ----------------------------------------------------------- */

#define EDID_BYTES      128u
#define EDID_EXTENSIONS 126
#define EDID_TIMING     54 /* the preferred one */

static bool read_edid_block(uint32_t number, uint8_t *to)
{
    uint8_t sum = 0;

    memset(EDID, 0, EDID_BYTES);
    if (!call(0x4f15, 1, 0, number, EDID))
        return false;
    for (uint32_t i = 0; i < EDID_BYTES; i++)
        sum += EDID[i];
    if (sum)
        return false;
    memcpy(to, EDID, EDID_BYTES);
    return true;
}

static uint32_t read_edid(uint8_t *edid)
{
    static const uint8_t header[8] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};

    if (!read_edid_block(0, edid) || memcmp(edid, header, sizeof header) != 0)
        return 0;
    if (edid[EDID_EXTENSIONS] && read_edid_block(1, edid + EDID_BYTES))
        return 2 * EDID_BYTES;
    return EDID_BYTES;
}

static void prefer(const uint8_t *edid, uint32_t edid_bytes, uint32_t *width, uint32_t *height)
{
    const uint8_t *timing = edid + EDID_TIMING;

    *width = timing[2] | (timing[4] & 0xf0u) << 4;
    *height = timing[5] | (timing[7] & 0xf0u) << 4;
    if (edid_bytes && load16(timing) && *width && *height) /* pixel clock 0: not a timing */
        return;
    *width = DEFAULT_WIDTH;
    *height = DEFAULT_HEIGHT;
}

/* ---- modes ----------------------------------------------------------------------------------- */

static bool color_fits(struct vbe_color color, uint32_t bits_per_pixel)
{
    return color.bits && color.bits <= 8 && color.shift + color.bits <= bits_per_pixel;
}

/* Describes the mode that lies in MODE; false when it is of no use or not to be believed. */
static bool describe(uint16_t version, uint16_t memory, struct lintel_framebuffer *fb)
{
    const struct vbe_mode *mode = MODE;
    bool v3 = version >= VERSION_3 && mode->linear_pitch;
    struct vbe_color red = v3 ? mode->linear_red : mode->red;
    struct vbe_color green = v3 ? mode->linear_green : mode->green;
    struct vbe_color blue = v3 ? mode->linear_blue : mode->blue;
    uint32_t bpp = mode->bits_per_pixel;

    *fb = (struct lintel_framebuffer){
        .base_physical = mode->base,
        .width = mode->width,
        .height = mode->height,
        .pitch = v3 ? mode->linear_pitch : mode->pitch,
        .bits_per_pixel = mode->bits_per_pixel,
        .red_shift = red.shift,
        .red_bits = red.bits,
        .green_shift = green.shift,
        .green_bits = green.bits,
        .blue_shift = blue.shift,
        .blue_bits = blue.bits,
    };
    fb->bytes = (uint64_t)fb->pitch * fb->height;
    return (mode->attributes & ATTRIBUTES_NEEDED) == ATTRIBUTES_NEEDED && mode->planes <= 1 &&
           mode->memory_model == MODEL_DIRECT_COLOR &&
           (bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32) && color_fits(red, bpp) &&
           color_fits(green, bpp) && color_fits(blue, bpp) && fb->width && fb->height &&
           fb->pitch >= fb->width * ((bpp + 7) / 8) && fb->base_physical >= MIB &&
           fb->base_physical + fb->bytes <= UINT64_C(1) << 32 && fb->bytes <= memory * 64 * KIB;
}

/* Higher is better: modes that fit by size, then those that don't, smallest first; then depth. */
static int64_t rate(const struct lintel_framebuffer *fb, uint32_t width, uint32_t height)
{
    int64_t area = (int64_t)fb->width * fb->height;
    bool fits = fb->width <= width && fb->height <= height;

    return (fits ? area : -area) * 64 + fb->bits_per_pixel;
}

/* The best mode's number, or MODES_END. Lists what it sees in video->modes. */
static uint16_t choose(uint32_t width, uint32_t height, struct video *video)
{
    struct lintel_framebuffer *best = &video->fb;
    static uint16_t modes[MODES_MOST];
    uint16_t version = INFO->version, memory = INFO->memory, chosen = MODES_END;

    far_read(modes, INFO->modes, sizeof modes);
    for (uint32_t i = 0; i < MODES_MOST && modes[i] != MODES_END; i++) {
        struct lintel_framebuffer fb;
        memset(MODE, 0, sizeof *MODE);
        if (!call(0x4f01, 0, modes[i], 0, MODE) || !describe(version, memory, &fb))
            continue;
        if (video->mode_count < VIDEO_MODES)
            video->modes[video->mode_count++] = fb;
        if (chosen == MODES_END || rate(&fb, width, height) > rate(best, width, height)) {
            *best = fb;
            chosen = modes[i];
        }
    }
    return chosen;
}

/* For kernels that go on with VBE by themselves. */
static const struct vbe *report(uint16_t mode)
{
    static struct vbe vbe;
    struct bios_regs regs = {.eax = 0x4f0a}; /* the protected-mode interface */

    vbe = (struct vbe){.mode = mode | USE_LINEAR};
    memcpy(vbe.control, INFO, sizeof vbe.control);
    if (call(0x4f01, 0, mode, 0, MODE))
        memcpy(vbe.mode_info, MODE, sizeof vbe.mode_info);
    bios_call(0x10, &regs);
    if ((regs.eax & 0xffff) == VBE_OK) {
        vbe.interface_segment = regs.es;
        vbe.interface_offset = (uint16_t)regs.edi;
        vbe.interface_bytes = (uint16_t)regs.ecx;
    }
    return &vbe;
}

enum err vbe_set_video(uint32_t width, uint32_t height, struct video *video)
{
    const struct lintel_framebuffer *fb = &video->fb;

    if (!read_info())
        return fail(ERR_UNSUPPORTED, "the video BIOS has no VBE 2.0 or later");
    *video = (struct video){0};
    uint32_t edid_bytes = read_edid(video->edid);
    if (!width || !height)
        prefer(video->edid, edid_bytes, &width, &height);
    uint16_t mode = choose(width, height, video);
    if (mode == MODES_END)
        return fail(ERR_UNSUPPORTED, "the video BIOS has no linear mode with 15 bits or more");
    if (!call(0x4f02, mode | USE_LINEAR, 0, 0, bounce))
        return fail(ERR_UNSUPPORTED, "the video BIOS refuses its own mode %Xh", mode);
    console_graphics();
    video->fb.edid_bytes = edid_bytes;
    video->vbe = report(mode);
    note("video: mode %Xh, %u x %u, %u bits\n", mode, fb->width, fb->height, fb->bits_per_pixel);
    return OK;
}
