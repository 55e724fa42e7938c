/* The framebuffer by EFI_GRAPHICS_OUTPUT_PROTOCOL, and the monitor's EDID (UEFI 2.10, 12.9). */
#include "uefi/gop.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "uefi/console.h"
#include "uefi/path.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

#define MODES_MOST 1024 /* a screen with more has lost count */

typedef EFI_GRAPHICS_OUTPUT_MODE_INFORMATION mode_info;

struct screen {
    EFI_GRAPHICS_OUTPUT_PROTOCOL *gop;
    EFI_HANDLE handle;
};

static bool is_linear(const mode_info *info)
{
    return info && (info->PixelFormat == PixelRedGreenBlueReserved8BitPerColor ||
                    info->PixelFormat == PixelBlueGreenRedReserved8BitPerColor ||
                    info->PixelFormat == PixelBitMask);
}

/* The first screen whose pixels lie in memory. A handle with a device path is a real one; the
 * console's own, which copies to all screens, has none and is no last resort. */
static enum err find_screen(struct screen *screen)
{
    EFI_HANDLE *handles;
    UINTN count = protocol_handles((EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID, &handles);

    if (!count)
        return fail(ERR_UNSUPPORTED, "the firmware drives no screen");
    for (UINTN i = 0; i < count && !screen->gop; i++) {
        EFI_GRAPHICS_OUTPUT_PROTOCOL *gop =
            protocol_on(handles[i], (EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID);
        if (gop && gop->Mode && gop->Mode->Info && is_linear(gop->Mode->Info) &&
            path_on(handles[i]))
            *screen = (struct screen){gop, handles[i]};
    }
    uefi_boot->FreePool(handles);
    if (!screen->gop)
        return fail(ERR_UNSUPPORTED, "the firmware's screen has no pixels in "
                                     "memory, only a copy service (PixelBltOnly)");
    return OK;
}

/* Pixels of a mode that fits the wish; the wished size itself beats all; 0: does not fit. */
static uint64_t merit(const mode_info *info, uint32_t width, uint32_t height)
{
    if (!is_linear(info) || info->HorizontalResolution > width || info->VerticalResolution > height)
        return 0;
    return (uint64_t)info->HorizontalResolution * info->VerticalResolution;
}

/* One of its modes, for FreePool(); NULL: it has none of this number. */
static mode_info *query(EFI_GRAPHICS_OUTPUT_PROTOCOL *gop, uint32_t mode)
{
    mode_info *info = NULL;
    UINTN bytes = 0;

    return EFI_ERROR(gop->QueryMode(gop, mode, &bytes, &info)) ? NULL : info;
}

static uint32_t count_modes(const EFI_GRAPHICS_OUTPUT_PROTOCOL *gop)
{
    return MIN(gop->Mode->MaxMode, MODES_MOST);
}

static uint32_t best_mode(EFI_GRAPHICS_OUTPUT_PROTOCOL *gop, uint32_t width, uint32_t height)
{
    uint32_t best = gop->Mode->Mode;
    uint64_t most = merit(gop->Mode->Info, width, height);

    for (uint32_t i = 0; i < count_modes(gop); i++) {
        mode_info *info = query(gop, i);
        if (!info)
            continue;
        if (merit(info, width, height) > most) {
            most = merit(info, width, height);
            best = i;
        }
        uefi_boot->FreePool(info);
    }
    return best;
}

static void set_field(uint32_t mask, uint8_t *shift, uint8_t *bits)
{
    *shift = mask ? (uint8_t)__builtin_ctz(mask) : 0;
    *bits = mask ? (uint8_t)(32 - __builtin_clz(mask) - *shift) : 0;
}

static EFI_PIXEL_BITMASK masks_of(const mode_info *info)
{
    if (info->PixelFormat == PixelRedGreenBlueReserved8BitPerColor)
        return (EFI_PIXEL_BITMASK){0x0000ff, 0x00ff00, 0xff0000, 0xff000000};
    if (info->PixelFormat == PixelBlueGreenRedReserved8BitPerColor)
        return (EFI_PIXEL_BITMASK){0xff0000, 0x00ff00, 0x0000ff, 0xff000000};
    return info->PixelInformation;
}

/* A pixel has as many bits as its masks (UEFI 2.10, 12.9.2, PixelInformation), and takes whole
 * bytes: some firmware gives no mask for the two bits that 10-10-10 leaves. */
static void set_format(const mode_info *info, struct lintel_framebuffer *fb)
{
    EFI_PIXEL_BITMASK masks = masks_of(info);
    uint32_t all = masks.RedMask | masks.GreenMask | masks.BlueMask | masks.ReservedMask;

    fb->bits_per_pixel = all ? (uint8_t)(32 - __builtin_clz(all)) : 0;
    if (fb->bits_per_pixel > 24)
        fb->bits_per_pixel = 32;
    set_field(masks.RedMask, &fb->red_shift, &fb->red_bits);
    set_field(masks.GreenMask, &fb->green_shift, &fb->green_bits);
    set_field(masks.BlueMask, &fb->blue_shift, &fb->blue_bits);
}

/* Size, pitch (0: too long) and format of a mode, as it would be. */
static void describe_mode(const mode_info *info, struct lintel_framebuffer *fb)
{
    set_format(info, fb);
    uint64_t pitch = (uint64_t)info->PixelsPerScanLine * ((fb->bits_per_pixel + 7u) / 8);
    fb->width = info->HorizontalResolution;
    fb->height = info->VerticalResolution;
    fb->pitch = pitch <= UINT32_MAX ? (uint32_t)pitch : 0;
}

static void list_modes(EFI_GRAPHICS_OUTPUT_PROTOCOL *gop, struct video *video)
{
    for (uint32_t i = 0; i < count_modes(gop) && video->mode_count < VIDEO_MODES; i++) {
        mode_info *info = query(gop, i);
        if (!info)
            continue;
        if (is_linear(info))
            describe_mode(info, &video->modes[video->mode_count++]);
        uefi_boot->FreePool(info);
    }
}

static enum err describe(const EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *mode,
                         struct lintel_framebuffer *fb)
{
    if (!mode || !is_linear(mode->Info))
        return fail(ERR_UNSUPPORTED, "the firmware's screen has pixels in memory no more");
    describe_mode(mode->Info, fb);
    fb->base_physical = mode->FrameBufferBase;
    fb->bytes = (uint64_t)fb->pitch * fb->height;
    if (fb->bytes > mode->FrameBufferSize)
        return fail(ERR_UNSUPPORTED,
                    "the firmware describes one of %u x %u pixels of %u bits, %u in a line, in %lu "
                    "bytes at %lXh",
                    fb->width, fb->height, fb->bits_per_pixel, mode->Info->PixelsPerScanLine,
                    mode->FrameBufferSize, fb->base_physical);
    return OK;
}

/* The active EDID may be the user's override of what the monitor said. */
static void copy_edid(EFI_HANDLE handle, struct video *video)
{
    const EFI_EDID_ACTIVE_PROTOCOL *edid =
        protocol_on(handle, (EFI_GUID)EFI_EDID_ACTIVE_PROTOCOL_GUID);

    if (!edid || !edid->Edid || edid->SizeOfEdid < 128)
        edid = protocol_on(handle, (EFI_GUID)EFI_EDID_DISCOVERED_PROTOCOL_GUID);
    if (!edid || !edid->Edid)
        return;
    video->fb.edid_bytes = MIN(edid->SizeOfEdid, (UINT32)sizeof video->edid) / 128 * 128;
    memcpy(video->edid, edid->Edid, video->fb.edid_bytes);
}

static struct screen changed; /* whose mode was changed; gop NULL: none */
static uint32_t first_mode;

void gop_restore(void)
{
    if (changed.gop)
        changed.gop->SetMode(changed.gop, first_mode);
    changed.gop = NULL;
}

static void set_mode(const struct screen *screen, uint32_t mode)
{
    uint32_t before = screen->gop->Mode->Mode;

    if (mode == before) /* would cost a cleared screen */
        return;
    EFI_STATUS status = screen->gop->SetMode(screen->gop, mode);
    if (EFI_ERROR(status)) {
        note("uefi: the screen refuses mode %u: %s\n", mode, status_name(status));
    } else if (!changed.gop) {
        changed = *screen;
        first_mode = before;
    }
}

enum err gop_set_video(uint32_t width, uint32_t height, struct video *video)
{
    struct screen screen = {0};
    struct video found = {0};

    console_flush();
    TRY(find_screen(&screen));
    uint32_t mode = screen.gop->Mode->Mode;
    if (width && height)
        mode = best_mode(screen.gop, width, height);
    set_mode(&screen, mode);
    TRY(describe(screen.gop->Mode, &found.fb));
    copy_edid(screen.handle, &found);
    list_modes(screen.gop, &found);
    console_graphics();
    *video = found;
    return OK;
}
