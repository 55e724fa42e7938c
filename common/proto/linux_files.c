/* What comes with a Linux kernel: initrds and the command line. */
#include "linux_job.h"
#include "../lib/mem.h"

#define INITRD_ALIGNMENT 4

enum err linux_initrd_bytes(const struct linux_files *files, uint64_t *bytes)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < files->initrd_count; i++)
        if (add_wraps(sum, align_up(files->initrds[i]->bytes, INITRD_ALIGNMENT), &sum))
            return fail(ERR_NO_MEMORY, "the initrds have more than 2^64 bytes together");
    *bytes = sum;
    return OK;
}

enum err linux_read_initrds(const struct linux_files *files, void *to)
{
    uint8_t *next = to;

    for (uint64_t i = 0; i < files->initrd_count; i++) {
        const struct source *initrd = files->initrds[i];
        uint64_t bytes = align_up(initrd->bytes, INITRD_ALIGNMENT);
        TRY(source_load(initrd, 0, initrd->bytes, next));
        memset(next + initrd->bytes, 0, bytes - initrd->bytes);
        next += bytes;
    }
    return OK;
}

enum err linux_check_options(const struct linux_files *files, const struct linux_image *image)
{
    uint64_t bytes = strlen(files->options);

    if (bytes <= image->options_most)
        return OK;
    return fail(
        ERR_UNSUPPORTED, "%s: the command line has %llu bytes, and this kernel takes at most %llu",
        files->kernel->name, (unsigned long long)bytes, (unsigned long long)image->options_most);
}

enum err linux_load_kernel(struct linux_job *job)
{
    return source_load(job->files->kernel, job->image.setup_bytes, job->image.payload_bytes,
                       at_physical(job->kernel->physical));
}

/* As high as the kernel can use it: there it is in nobody's way. */
enum err linux_load_initrds(struct linux_job *job)
{
    struct claim_wish wish = {.name = "initrd", .first = MIB, .end = job->image.initrd_end};

    TRY(linux_initrd_bytes(job->files, &wish.bytes));
    if (!wish.bytes)
        return OK;
    if (job->image.above_4gib && job->image.entry == LINUX_ENTRY_64)
        wish.end = 0;
    TRY(claims_take(&job->claims, &wish, &job->initrd));
    return linux_read_initrds(job->files, at_physical(job->initrd->physical));
}

/* ---- vga= ------------------------------------------------------------------------------------ */

/* The numbers that Linux gives to VESA's modes: VESA's, plus 200h. The depth is the best there is.
 */
static const struct {
    uint16_t first, last, width, height;
} vga_modes[] = {
    {0x301, 0x301, 640, 480},   {0x303, 0x303, 800, 600},   {0x305, 0x305, 1024, 768},
    {0x307, 0x307, 1280, 1024}, {0x310, 0x312, 640, 480},   {0x313, 0x315, 800, 600},
    {0x316, 0x318, 1024, 768},  {0x319, 0x31b, 1280, 1024}, {0x31c, 0x31f, 1600, 1200},
};

static uint32_t digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 : 16;
}

/* Decimal, or hexadecimal behind 0x; what is no number or is too large is 0. */
static uint32_t number_of(const char *text)
{
    uint32_t base = 10, number = 0;

    if (text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        text += 2;
    }
    for (; *text && *text != ' '; text++) {
        if (digit_of(*text) >= base || number > 0xffff)
            return 0;
        number = number * base + digit_of(*text);
    }
    return number;
}

/* The last one counts. */
static const char *find_vga(const char *options)
{
    const char *found = NULL;

    for (const char *at = options; *at; at++)
        if ((at == options || at[-1] == ' ') && strncmp(at, "vga=", 4) == 0)
            found = at + 4;
    return found;
}

bool linux_video_wish(const char *options, uint32_t *width, uint32_t *height)
{
    const char *value = find_vga(options);
    uint32_t mode = value ? number_of(value) : 0;

    for (size_t i = 0; i < ARRAY_LENGTH(vga_modes); i++) {
        if (mode < vga_modes[i].first || mode > vga_modes[i].last)
            continue;
        *width = vga_modes[i].width;
        *height = vga_modes[i].height;
        return true;
    }
    return false;
}
