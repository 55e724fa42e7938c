/* lintel image: makes a bootable image of a kernel. */
#include "common/lib/mem.h"
#include "images/tool/host/command.h"
#include "images/tool/host/progress.h"
#include "images/tool/host/text.h"
#include "images/tool/image/embedded.h"
#include "images/tool/image/image_files.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first is the default, here and below. */
static const struct layout *const layouts[] = {&layout_gpt, &layout_mbr, &layout_floppy,
                                               &layout_iso, &layout_netboot};
static const char *const sector_sizes[] = {"512", "4096"}, *const fat_kinds[] = {"32", "16"};

enum image_option {
    OPTION_INITRD = OPTION_LONG,
    OPTION_TITLE,
    OPTION_ENTRY,
    OPTION_FILE,
    OPTION_LOADER_CONF,
    OPTION_KEYMAP,
    OPTION_SECTOR_BYTES,
    OPTION_FAT,
    OPTION_FAT_VBR,
    OPTION_LOGICAL,
    OPTION_INACTIVE,
    OPTION_SECOND_STAGE,
    OPTION_APPLICATION,
};

static const struct option_row options[] = {
    {'o', "output", "FILE", "the image, or netboot's folder, to make"},
    {'k', "kernel", "FILE[=NAME]",
     "becomes /boot/NAME, with a boot entry of its own:\n"
     "`lintel`, for `default` in loader.conf"},
    {'m', "module", "FILE[=NAME ARGS]",
     "becomes /boot/NAME and is handed to the kernel, with\n"
     "ARGS as its command line, else with crc32=SUM"},
    {OPTION_INITRD, "initrd", "FILE[=NAME]", "the same, as an initial RAM disk"},
    {'c', "cmdline", "WORDS", "the kernel's command line"},
    {OPTION_TITLE, "title", "TEXT", "of the entry, in the menu"},
    {OPTION_ENTRY, "entry", "FILE.conf", "a further boot entry, as it is"},
    {OPTION_FILE, "file", "FILE=/PATH", "a further file"},
    {OPTION_LOADER_CONF, "loader-conf", "FILE",
     "becomes /loader/loader.conf, as it is; else the kernel\n"
     "boots at once"},
    {OPTION_KEYMAP, "keymap", "NAME", "the menu's keyboard: a layout such as de, fr or us-dvorak"},
    {'l', "layout", "LAYOUT", "of the image"},
    {'s', "size", "BYTES", "of the disk, such as 256M; else what the files need"},
    {OPTION_SECTOR_BYTES, "sector-bytes", "N", "of the disk"},
    {OPTION_FAT, "fat", "BITS", "mbr: of the volume"},
    {OPTION_FAT_VBR, "fat-vbr", NULL, "mbr: the volume boots by itself, too"},
    {OPTION_LOGICAL, "logical", NULL, "mbr: in a logical partition"},
    {OPTION_INACTIVE, "inactive", NULL, "mbr: without the active flag"},
    {OPTION_SECOND_STAGE, "second-stage", "FILE", "another BIOS second stage than Lintel's"},
    {OPTION_APPLICATION, "application", "FILE", "another UEFI application than Lintel's"},
    {0},
};

static const char *word_at(int key, size_t index)
{
    if (key == 'l')
        return index < ARRAY_LENGTH(layouts) ? layouts[index]->name : NULL;
    if (key == OPTION_SECTOR_BYTES)
        return index < ARRAY_LENGTH(sector_sizes) ? sector_sizes[index] : NULL;
    if (key == OPTION_FAT)
        return index < ARRAY_LENGTH(fat_kinds) ? fat_kinds[index] : NULL;
    return NULL;
}

static const struct syntax syntax = {
    .command = "image",
    .operands = "-o FILE --kernel FILE [OPTION]...",
    .purpose =
        "Makes a disk, floppy or CD image that boots the kernel on BIOS and UEFI, or a folder\n"
        "for a TFTP or HTTP server. The same files make the same bytes.",
    .options = options,
    .word_at = word_at,
    .notes =
        "Examples:\n"
        "  lintel image -o disk.img --kernel kernel.elf --module data.bin --cmdline \"quiet\"\n"
        "  lintel image -o xen.img --kernel xen --module vmlinuz=\"dom0 root=/dev/sda1 ro\"\n"
        "  lintel image -o boot.iso --kernel kernel.elf --layout iso\n\n"
        "FILE is as much as names a file, up to a = or the end; NAME ends at the first blank, and "
        "is\n"
        "FILE's own where it is left out. Names that FAT can't hold as they are written are "
        "refused."};

/* ---- the command line ------------------------------------------------------------------------ */

struct choices {
    struct image_request request;
    const char *output, *second_stage, *application;
    const struct layout *layout;
    uint64_t bytes;                  /* 0: not given, */
    uint32_t sector_bytes, fat_bits; /* nor these */
    bool fat_vbr, logical, inactive;
};

static enum err choose_layout(const char *name, const struct layout **layout)
{
    size_t index;

    TRY(parse_word(&syntax, 'l', name, &index));
    *layout = layouts[index];
    return OK;
}

static enum err choose_number(int key, const char *text, uint32_t *number)
{
    size_t index;

    TRY(parse_word(&syntax, key, text, &index));
    *number = (uint32_t)atoi(text);
    return OK;
}

static enum err add_addition(struct image_request *request, enum addition_kind kind,
                             const char *value)
{
    if (request->addition_count == ADDITIONS_MAX)
        return fail(ERR_UNSUPPORTED, "more than %u files are asked for", ADDITIONS_MAX);
    request->additions[request->addition_count++] = (struct addition){kind, value};
    return OK;
}

/* Where the value of an option belongs that is any text; NULL: it is none of those. */
static const char **text_choice(struct choices *choices, int key)
{
    switch (key) {
    case 'o':
        return &choices->output;
    case 'k':
        return &choices->request.kernel;
    case 'c':
        return &choices->request.cmdline;
    case OPTION_TITLE:
        return &choices->request.title;
    case OPTION_LOADER_CONF:
        return &choices->request.loader_conf;
    case OPTION_KEYMAP:
        return &choices->request.keymap;
    case OPTION_SECOND_STAGE:
        return &choices->second_stage;
    case OPTION_APPLICATION:
        return &choices->application;
    default:
        return NULL;
    }
}

static enum err take(void *context, int key, const char *value)
{
    struct choices *choices = context;
    const char **text = text_choice(choices, key);

    if (text)
        *text = value;
    else if (key == OPTION_FAT_VBR)
        choices->fat_vbr = true;
    else if (key == OPTION_LOGICAL)
        choices->logical = true;
    else if (key == OPTION_INACTIVE)
        choices->inactive = true;
    switch (key) {
    case 'm':
        return add_addition(&choices->request, ADD_MODULE, value);
    case OPTION_INITRD:
        return add_addition(&choices->request, ADD_INITRD, value);
    case OPTION_ENTRY:
        return add_addition(&choices->request, ADD_ENTRY, value);
    case OPTION_FILE:
        return add_addition(&choices->request, ADD_FILE, value);
    case 'l':
        return choose_layout(value, &choices->layout);
    case 's':
        TRY(parse_bytes("--size", value, &choices->bytes));
        return choices->bytes ? OK : fail(ERR_FORMAT, "--size: an image has more than 0 bytes");
    case OPTION_SECTOR_BYTES:
        return choose_number(key, value, &choices->sector_bytes);
    case OPTION_FAT:
        return choose_number(key, value, &choices->fat_bits);
    default:
        return OK;
    }
}

/* What was asked for that the layout has no use for, or lacks; NULL: it makes sense. */
static const char *contradiction(const struct choices *choices)
{
    const struct layout *layout = choices->layout;
    bool mbr = choices->fat_bits || choices->fat_vbr || choices->logical || choices->inactive;
    bool has_entry = choices->request.kernel;

    for (size_t i = 0; i < choices->request.addition_count; i++)
        has_entry |= choices->request.additions[i].kind == ADD_ENTRY;
    if (!choices->output || !*choices->output)
        return "--output is missing";
    if (!has_entry)
        return "--kernel is missing";
    if (mbr && !layout->has_mbr)
        return "--fat, --fat-vbr, --logical and --inactive are for --layout mbr";
    if (choices->sector_bytes && layout->fixed_sectors)
        return "--sector-bytes is for disks";
    if (choices->bytes && layout->fixed_size)
        return "--size is for disks and floppies";
    return NULL;
}

/* ---- making ---------------------------------------------------------------------------------- */

static enum err choose_loader(const struct choices *choices, struct image *image)
{
    image->stage = embedded_stage2;
    image->application = embedded_efi;
    if (choices->second_stage)
        TRY(file_map(choices->second_stage, &image->stage));
    return choices->application ? file_map(choices->application, &image->application) : OK;
}

static enum err make_draft(const struct choices *choices, struct image *image)
{
    uint64_t bytes = 0;
    TRY(choose_loader(choices, image));
    TRY(image_add_files(image, choices->layout, &choices->request));
    TRY(image_check(&image->tree));
    TRY(draft_check(choices->output));
    image->identity = identity_of(&image->tree, choices->layout->name);
    for (size_t i = 0; i < image->tree.count; i++)
        bytes += image->tree.files[i].content.size;
    step_begin(choices->output, bytes);
    TRY(choices->layout->make(image));
    step_begin(NULL, 0);
    return OK;
}

static enum err make(const struct choices *choices)
{
    struct image image = {
        .output = choices->output,
        .bytes = choices->bytes,
        .sector_bytes = choices->sector_bytes ? choices->sector_bytes : 512,
        .fat_bits = choices->fat_bits ? choices->fat_bits : 32,
        .boot_in_volume = choices->fat_vbr,
        .logical = choices->logical,
        .inactive = choices->inactive,
    };
    TRY(draft_open(&image.draft, choices->output,
                   "; dd writes the image to a disk then, and `lintel install` puts Lintel beside "
                   "what a disk holds"));
    image.tree.draft = &image.draft;
    TRY(make_draft(choices, &image));
    return choices->layout->is_folder ? OK : draft_deliver(&image.draft, choices->output);
}

int command_image(int argc, char **argv)
{
    struct choices choices = {.layout = layouts[0]};
    int operand = options_parse(&syntax, argc, argv, take, &choices);

    if (operand < argc)
        options_refuse(&syntax, "`%s` is one word too many", argv[operand]);
    const char *wrong = contradiction(&choices);
    if (wrong)
        options_refuse(&syntax, "%s", wrong);
    return command_end(make(&choices));
}
