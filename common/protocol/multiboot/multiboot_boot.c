/* How does a Multiboot kernel want to be booted, and with what? */
#include "common/format/pe.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

/* ---- the kernel ------------------------------------------------------------------------------ */

static enum err parse_header(uint32_t version, const uint8_t *head, uint64_t bytes,
                             const char *name, struct multiboot_header *header)
{
    return version == 1 ? multiboot1_parse(head, bytes, name, header)
                        : multiboot2_parse(head, bytes, name, header);
}

/* The EFI entry counts only there, with the tag for boot services, and then no other does
 * (Multiboot2, 3.1.8). Of a kernel that has the tag and no such entry the specification says
 * nothing; GRUB calls its usual entry, with the services alive and in 64-bit mode, and NOVA, which
 * leaves the services itself, relies on that. */
static void choose_entry(const struct attempt *attempt, struct multiboot *multiboot)
{
    struct multiboot_header *header = &multiboot->header;

    if (attempt_facts(attempt)->firmware != LINTEL_FIRMWARE_UEFI || !header->efi_services)
        return;
    multiboot->info.efi_services = true;
    if (!header->has_efi64_entry)
        return;
    header->has_entry = true;
    header->entry = header->efi64_entry;
}

static enum err parse_kernel(const struct attempt *attempt, uint32_t version,
                             struct multiboot *multiboot)
{
    const struct reader *reader = &attempt->kernel.reader;
    uint64_t bytes = MIN(reader->bytes, PROTOCOL_HEAD_BYTES);
    struct arena *arena = &attempt->machine->arena;
    uint8_t *head;

    TRY(arena_take(arena, bytes, (void **)&head));
    TRY(reader_read(reader, 0, bytes, head));
    TRY(parse_header(version, head, bytes, reader->name, &multiboot->header));
    choose_entry(attempt, multiboot);
    return multiboot_image_parse(reader, &multiboot->header, arena, &multiboot->image);
}

/* ---- modules --------------------------------------------------------------------------------- */

/* From 1 MiB upwards, where also kernels reach them that map little memory before they look. */
static enum err add_module(struct attempt *attempt, const struct reader *reader)
{
    const struct region module = {
        .bytes = 1, /* an empty one has a place, too */
        .type = LINTEL_MEMORY_KERNEL,
        .windows = {{.first = MIB, .end = MULTIBOOT_END, .lowest = true}},
        .window_count = 1,
    };

    return wishes_add_file(&attempt->wishes, reader, module, &attempt->machine->arena);
}

static enum err add_modules(struct attempt *attempt, struct multiboot *multiboot, const char *key,
                            const struct entry_file *list)
{
    struct multiboot_info *info = &multiboot->info;
    struct file *files = multiboot->files + info->module_count;

    TRY(attempt_open_files(attempt, key, list, files));
    for (; list; list = list->next, files++) {
        multiboot->modules[info->module_count++].text = list->argument;
        TRY(add_module(attempt, &files->reader));
    }
    return OK;
}

/* The entry's modules, and then what it calls initial file systems. */
static enum err wish_for_modules(struct attempt *attempt, struct multiboot *multiboot,
                                 uint64_t count)
{
    struct arena *arena = &attempt->machine->arena;

    TRY(ARENA_TAKE(arena, count, &multiboot->files));
    TRY(ARENA_TAKE(arena, count, &multiboot->modules));
    multiboot->info.modules = multiboot->modules;
    multiboot->first_module = attempt->wishes.region_count;
    TRY(add_modules(attempt, multiboot, "module", attempt->entry->modules));
    return add_modules(attempt, multiboot, "initrd", attempt->entry->initrds);
}

static enum err wish_for_memory(struct attempt *attempt, struct multiboot *multiboot)
{
    uint64_t modules =
        entry_count_files(attempt->entry->modules) + entry_count_files(attempt->entry->initrds);

    TRY(wishes_begin(&attempt->wishes, multiboot->image.segment_count + modules + 1,
                     &attempt->machine->arena));
    TRY(multiboot_wish_for_image(attempt, multiboot));
    TRY(wish_for_modules(attempt, multiboot, modules));
    attempt->wishes.information_window =
        (struct region_window){.first = MIB, .end = MULTIBOOT_END, .lowest = true};
    multiboot_wish_for_symbols(attempt, multiboot);
    return OK;
}

/* ---- the screen ------------------------------------------------------------------------------ */

#define CONSOLE "its console tag requires a console; its header says that it can use "

/* Multiboot2, 3.1.9: a console that the machine has must be one that the kernel can use. UEFI
 * always has pixels only; on BIOS the text screen stays for kernels that do not ask. */
static enum err wish_for_screen(struct attempt *attempt, const struct multiboot_header *header)
{
    static const char *const required[] = {
        CONSOLE "none",
        CONSOLE "a framebuffer",
        CONSOLE "EGA text",
        CONSOLE "a framebuffer or EGA text",
    };
    bool bios = attempt_facts(attempt)->firmware == LINTEL_FIRMWARE_BIOS;
    const char *why = required[header->wants_framebuffer | header->knows_text << 1];
    bool needs_pixels = header->needs_console && !(header->knows_text && bios);

    if (needs_pixels && !header->wants_framebuffer)
        return fail(ERR_UNSUPPORTED, "%s: %s, which is not here", attempt->kernel.reader.name, why);
    attempt->wishes.screen = (struct screen_wish){.wanted = header->wants_framebuffer || !bios,
                                                  .width = header->width,
                                                  .height = header->height,
                                                  .required = needs_pixels ? why : NULL};
    return OK;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static enum err open_version(struct attempt *attempt, uint32_t version)
{
    struct multiboot *multiboot;

    TRY(ARENA_TAKE(&attempt->machine->arena, 1, &multiboot));
    attempt->protocol = multiboot;
    multiboot->info.facts = attempt_facts(attempt);
    multiboot->info.volume = attempt->kernel.fs->volume;
    multiboot->info.options = attempt->entry->options;
    TRY(parse_kernel(attempt, version, multiboot));
    attempt->wishes.mode = multiboot->info.efi_services ? ENTRY_WITH_SERVICES : ENTRY_PROTECTED;
    TRY(wish_for_memory(attempt, multiboot));
    TRY(wish_for_screen(attempt, &multiboot->header));
    if (attempt->machine->firmware->connect_apm) /* so far, room for it is counted */
        multiboot->info.apm = &multiboot->apm;
    return OK;
}

static enum err open1(struct attempt *attempt)
{
    return open_version(attempt, 1);
}

static enum err open2(struct attempt *attempt)
{
    return open_version(attempt, 2);
}

/* When all is loaded: a BIOS that a boot comes back to has no APM connected. */
static void connect_apm(const struct attempt *attempt, struct multiboot *multiboot)
{
    struct multiboot_info *info = &multiboot->info;

    if (info->apm && attempt->machine->firmware->connect_apm(&multiboot->apm) != OK)
        info->apm = NULL;
}

/* One that starts in 32-bit mode only ends here, and without a word of its own. */
static void tell_entry(const struct multiboot *multiboot)
{
    if (multiboot->info.efi_services && !multiboot->header.has_efi64_entry)
        say("%s: its header takes EFI boot services and has no EFI64 entry: its usual entry is "
            "called, in 64-bit mode with the services alive, as by GRUB\n",
            multiboot->image.reader->name);
}

static enum err finish(struct attempt *attempt)
{
    struct multiboot *multiboot = attempt->protocol;
    struct multiboot_info *info = &multiboot->info;
    const struct multiboot_image *image = &multiboot->image;
    uint64_t slide = 0;

    info->relocated = multiboot->header.relocatable;
    if (info->relocated)
        slide = attempt_place(attempt, 0)->physical - image->first; /* wraps downwards */
    info->load_base = (uint32_t)(image->first + slide);
    attempt->entry_point = image->entry + slide;
    for (uint64_t i = 0; i < info->module_count; i++) {
        uint64_t first = attempt_place(attempt, multiboot->first_module + i)->physical;
        multiboot->modules[i].first = (uint32_t)first;
        multiboot->modules[i].end = (uint32_t)(first + multiboot->files[i].reader.bytes);
    }
    multiboot_finish_symbols(attempt, multiboot);
    tell_entry(multiboot);
    connect_apm(attempt, multiboot);
    return OK;
}

static enum err make_map(struct attempt *attempt, struct multiboot_info *info, bool counts)
{
    struct multiboot_map *map = &info->map;

    info->raw = attempt->raw;
    map->count = map->capacity = attempt->map.capacity;
    TRY(ARENA_TAKE(&attempt->machine->arena, map->capacity, &map->ranges));
    return counts ? OK : multiboot_make_map(info, &attempt->free);
}

static enum err build(struct attempt *attempt, struct buffer *buffer)
{
    struct multiboot *multiboot = attempt->protocol;
    struct multiboot_info *info = &multiboot->info;
    void *information = NULL;

    info->video = attempt->has_video ? &attempt->video : NULL;
    info->text_screen = info->facts->firmware == LINTEL_FIRMWARE_BIOS && !info->video;
    TRY(make_map(attempt, info, buffer_counts(buffer)));
    if (multiboot->header.version == 1)
        TRY(multiboot1_build(info, buffer, &information));
    else
        TRY(multiboot2_build(info, buffer, &information));
    attempt->registers.rax =
        multiboot->header.version == 1 ? MULTIBOOT1_BOOT_MAGIC : MULTIBOOT2_BOOT_MAGIC;
    attempt->registers.rbx = (uintptr_t)information;
    return OK;
}

/* ---- the rows of protocol.c's table ---------------------------------------------------------- */

/* Xen's EFI program has the header of its ELF file in it, but no addresses of its own. */
static bool is_only_efi(const struct candidate *file, uint32_t version)
{
    struct multiboot_header header;

    if (!pe_recognise(file->reader))
        return false;
    return parse_header(version, file->head, file->head_bytes, "", &header) == OK &&
           !header.has_addresses;
}

static bool is_multiboot1(const struct candidate *file)
{
    return multiboot1_recognise(file->head, file->head_bytes) && !is_only_efi(file, 1);
}

static bool is_multiboot2(const struct candidate *file)
{
    return multiboot2_recognise(file->head, file->head_bytes) && !is_only_efi(file, 2);
}

static enum err explain1(const struct candidate *file)
{
    return multiboot_explain(file, 1);
}

static enum err explain2(const struct candidate *file)
{
    return multiboot_explain(file, 2);
}

static enum err describe(const struct attempt *attempt, protocol_print *print)
{
    const struct multiboot *multiboot = attempt->protocol;
    const struct multiboot_header *header = &multiboot->header;
    const struct multiboot_image *image = &multiboot->image;

    print("header at %lXh; %u segments, %lXh to %lXh%s; entry %lXh%s", header->offset,
          image->segment_count, image->first, image->end,
          header->relocatable ? " or elsewhere" : "", image->entry,
          header->efi_services ? "; takes EFI boot services" : "");
    return OK;
}

const struct protocol protocol_multiboot1 = {
    .key = "multiboot1",
    .name = "a Multiboot kernel",
    .recognise = is_multiboot1,
    .explain = explain1,
    .hooks = {.open = open1, .finish = finish, .build = build},
    .describe = describe,
};
const struct protocol protocol_multiboot2 = {
    .key = "multiboot2",
    .name = "a Multiboot2 kernel",
    .recognise = is_multiboot2,
    .explain = explain2,
    .hooks = {.open = open2, .finish = finish, .build = build},
    .describe = describe,
};
