/* One try to boot a Multiboot kernel. The steps, in order, stand in boot_multiboot() at the end. */
#include "common/storage/reference.h"
#include "common/format/pe.h"
#include "common/handoff/dead_end.h"
#include "common/handoff/leap.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

struct job {
    struct boot *boot;
    const struct entry *entry;
    const struct file *kernel;
    struct multiboot_header header;
    struct multiboot_image image;
    struct claims claims;
    struct leap leap;
    struct file *files; /* the modules' */
    struct multiboot_module *modules;
    struct multiboot_info info;
    struct video video;
    struct apm apm;
    struct memmap scratch;
    struct claim *block; /* that the information lies in */
};

/* ---- modules --------------------------------------------------------------------------------- */

static enum err open_files(struct job *job, const struct entry_file *from, const char *what)
{
    struct multiboot_info *info = &job->info;
    for (; from; from = from->next) {
        uint64_t i = info->module_count++;
        job->modules[i].text = from->argument;
        if (reference_open(&job->boot->volumes, job->entry->fs, from->path, &job->files[i]) != OK)
            return fail(ERR_NOT_FOUND, "%s: %s", what, err_message());
    }
    return OK;
}

/* The entry's modules, and then what it calls initial file systems. */
static enum err open_modules(struct job *job)
{
    const struct entry *entry = job->entry;
    uint64_t count = entry_count_files(entry->modules) + entry_count_files(entry->initrds);
    TRY(ARENA_TAKE(&job->boot->machine.arena, count, &job->files));
    TRY(ARENA_TAKE(&job->boot->machine.arena, count, &job->modules));
    job->info.modules = job->modules;
    TRY(open_files(job, entry->modules, "module"));
    return open_files(job, entry->initrds, "initrd");
}

/* From 1 MiB upwards, where also kernels reach them that map little memory before they look. */
static enum err load_module(struct job *job, const struct source *source,
                            struct multiboot_module *module)
{
    const struct claim_wish wish = {.name = source->name,
                                    .bytes = MAX(source->bytes, 1),
                                    .first = MIB,
                                    .end = MULTIBOOT_END,
                                    .lowest = true};
    struct claim *claim;
    TRY(claims_take(&job->claims, &wish, &claim));
    module->first = (uint32_t)claim->physical;
    module->end = (uint32_t)(claim->physical + source->bytes);
    return source_load(source, 0, source->bytes, at_physical(claim->physical));
}

/* ---- loading --------------------------------------------------------------------------------- */

static enum err load_all(struct job *job)
{
    struct multiboot_image *image = &job->image;
    timeline_mark(&job->boot->timeline, "load");
    TRY(multiboot_place(image, &job->header, &job->claims));
    if (job->info.efi_services && !image->in_place)
        return fail(ERR_NO_MEMORY,
                    "%s: wants to run while EFI boot services live, but they hold the memory at "
                    "%lXh that it is linked to: it needs a relocatable tag",
                    image->source->name, image->first);
    TRY(multiboot_load(image));
    job->info.relocated = job->header.relocatable;
    job->info.load_base = (uint32_t)(image->first + image->slide);
    for (uint64_t i = 0; i < job->info.module_count; i++)
        TRY(load_module(job, &job->files[i].source, &job->modules[i]));
    return multiboot_load_symbols(image, &job->claims, &job->boot->machine.arena,
                                  &job->info.symbols);
}

/* Multiboot2, 3.1.9: one that the machine has must be one that the kernel can use. */
static enum err check_console(const struct job *job)
{
    static const char *const uses[] = {"none", "a framebuffer", "EGA text",
                                       "a framebuffer or EGA text"};
    const struct multiboot_header *header = &job->header;
    if (!header->needs_console || (header->wants_framebuffer && job->info.video) ||
        (header->knows_text && job->info.text_screen))
        return OK;
    return fail(ERR_UNSUPPORTED,
                "%s: its console tag requires a console; its header says that it can use %s, which "
                "is not here",
                job->image.source->name, uses[header->wants_framebuffer | header->knows_text << 1]);
}

/* UEFI always has pixels only; on BIOS the text screen stays for kernels that do not ask. */
static enum err set_screen(struct job *job)
{
    bool bios = job->boot->machine.facts->firmware == LINTEL_FIRMWARE_BIOS;
    struct multiboot_info *info = &job->info;

    if (job->header.wants_framebuffer || !bios) {
        if (job->boot->machine.firmware->set_video(job->header.width, job->header.height,
                                                   &job->video) == OK)
            info->video = &job->video;
        else
            say("%s\n", err_message());
    }
    info->text_screen = bios && !info->video;
    return check_console(job);
}

static void connect_apm(struct job *job)
{
    const struct firmware *firmware = job->boot->machine.firmware;
    if (firmware->connect_apm && firmware->connect_apm(&job->apm) == OK)
        job->info.apm = &job->apm;
}

/* ---- the information ------------------------------------------------------------------------- */

/* Room for the firmware's last map, which may be longer than any before. */
static enum err reserve_map(struct job *job)
{
    struct multiboot_info *info = &job->info;
    struct arena *arena = &job->boot->machine.arena;
    struct raw_map busy;

    TRY(job->boot->machine.firmware->memory_map(&info->raw, &busy));
    job->scratch.capacity = info->map.capacity = 2 * MEMMAP_CAPACITY(info->raw.capacity) + 1;
    TRY(ARENA_TAKE(arena, job->scratch.capacity, &job->scratch.ranges));
    return ARENA_TAKE(arena, info->map.capacity, &info->map.ranges);
}

static uint64_t block_bytes(const struct job *job)
{
    return job->header.version == 1 ? multiboot1_bytes(&job->info) : multiboot2_bytes(&job->info);
}

static enum err take_block(struct job *job)
{
    const struct claim_wish wish = {.name = "Multiboot information",
                                    .bytes = block_bytes(job),
                                    .first = MIB,
                                    .end = MULTIBOOT_END,
                                    .lowest = true};
    return claims_take(&job->claims, &wish, &job->block);
}

static enum err build_information(struct job *job)
{
    const struct claim *block = job->block;
    uint8_t *to = at_physical(block->physical);

    TRY(multiboot_make_map(&job->info, &job->scratch));
    memset(to, 0, block->bytes);
    if (job->header.version == 1)
        return multiboot1_build(&job->info, to, block->bytes, (uint32_t)block->physical);
    return multiboot2_build(&job->info, to, block->bytes);
}

/* ---- the way in ------------------------------------------------------------------------------ */

/* The CPU stays as UEFI 2.10, 2.3.4 describes it, with firmware's own stack and tables. */
static void __attribute__((noreturn)) enter_with_services(const struct job *job)
{
    uint64_t entry = job->image.entry + job->image.slide;
    __asm__ volatile("cld\n\tandq $-16, %%rsp\n\tcallq *%2\n1:\thlt\n\tjmp 1b"
                     :
                     : "a"((uint64_t)MULTIBOOT2_BOOT_MAGIC), "b"(job->block->physical), "r"(entry)
                     : "memory");
    __builtin_unreachable();
}

static void describe_entry(struct job *job)
{
    job->leap = (struct leap){
        .mode = HANDOFF_PROTECTED,
        .entry = job->image.entry + job->image.slide,
        .registers.rax = job->header.version == 1 ? MULTIBOOT1_BOOT_MAGIC : MULTIBOOT2_BOOT_MAGIC,
        .registers.rbx = job->block->physical,
    };
}

/* The information was built while an error could still be shown, and is built once more from the
 * final map. It fitted a moment ago: if not, firmware has broken its word on the last map. */
static enum err leave_and_enter(struct job *job)
{
    describe_entry(job);
    TRY(leap_prepare(&job->leap, &job->claims));
    loader_interface_tell_execution(&job->boot->interface);
    timeline_mark(&job->boot->timeline, "leave");
    TRY(job->boot->machine.firmware->leave(&job->info.raw));
    if (build_information(job) != OK)
        dead_end(job->boot->machine.facts->firmware, job->info.video, err_message());
    leap_enter(&job->leap);
}

static enum err carry_out(struct job *job)
{
    struct raw_map busy;

    TRY(load_all(job));
    TRY(reserve_map(job));
    connect_apm(job);
    TRY(set_screen(job));
    TRY(take_block(job));
    TRY(job->boot->machine.firmware->memory_map(&job->info.raw, &busy));
    TRY(build_information(job));
    if (job->info.efi_services)
        enter_with_services(job);
    return leave_and_enter(job);
}

/* The EFI entry counts only there, with the tag for boot services, and then no other does
 * (Multiboot2, 3.1.8). */
static void choose_entry(struct job *job)
{
    struct multiboot_header *header = &job->header;
    if (job->boot->machine.facts->firmware != LINTEL_FIRMWARE_UEFI || !header->efi_services ||
        !header->has_efi64_entry)
        return;
    job->info.efi_services = header->has_entry = true;
    header->entry = header->efi64_entry;
}

static enum err parse_kernel(struct job *job, uint32_t version)
{
    const struct source *source = &job->kernel->source;
    uint64_t bytes = MIN(source->bytes, PROTOCOL_HEAD_BYTES);
    uint8_t *head;

    TRY(arena_take(&job->boot->machine.arena, bytes, (void **)&head));
    TRY(source_read(source, 0, bytes, head));
    if (version == 1)
        TRY(multiboot1_parse(head, bytes, source->name, &job->header));
    else
        TRY(multiboot2_parse(head, bytes, source->name, &job->header));
    choose_entry(job);
    return multiboot_image_parse(source, &job->header, &job->boot->machine.arena, &job->image);
}

static enum err boot_multiboot(struct boot *boot, const struct entry *entry,
                               const struct file *kernel, uint32_t version)
{
    struct job *job;

    TRY(ARENA_TAKE(&boot->machine.arena, 1, &job));
    *job = (struct job){.boot = boot, .entry = entry, .kernel = kernel};
    job->info.facts = boot->machine.facts;
    job->info.volume = kernel->fs->volume;
    job->info.options = entry->options;
    TRY(parse_kernel(job, version));
    TRY(open_modules(job));
    claims_begin(&job->claims, boot->machine.facts, boot->machine.firmware, &boot->machine.arena);
    enum err err = carry_out(job);
    claims_release(&job->claims);
    return fail(err, "entry %s: %s", entry->id, err_message());
}

/* ---- the rows of protocol.c's table ------------------------------------------------------------- */

/* Xen's EFI program has the header of its ELF file in it, but no addresses of its own. */
static bool is_only_efi(const struct candidate *file, uint32_t version)
{
    struct multiboot_header header;

    if (!pe_recognise(file->source))
        return false;
    enum err err = version == 1 ? multiboot1_parse(file->head, file->head_bytes, "", &header)
                                : multiboot2_parse(file->head, file->head_bytes, "", &header);
    return err == OK && !header.has_addresses;
}

static bool is_multiboot1(const struct candidate *file)
{
    return multiboot1_recognise(file->head, file->head_bytes) && !is_only_efi(file, 1);
}

static bool is_multiboot2(const struct candidate *file)
{
    return multiboot2_recognise(file->head, file->head_bytes) && !is_only_efi(file, 2);
}

static enum err boot_multiboot1(struct boot *boot, const struct entry *entry,
                                const struct file *kernel)
{
    return boot_multiboot(boot, entry, kernel, 1);
}

static enum err boot_multiboot2(struct boot *boot, const struct entry *entry,
                                const struct file *kernel)
{
    return boot_multiboot(boot, entry, kernel, 2);
}

const struct protocol protocol_multiboot1 = {
    .key = "multiboot1",
    .name = "a Multiboot kernel",
    .recognise = is_multiboot1,
    .boot = boot_multiboot1,
};
const struct protocol protocol_multiboot2 = {
    .key = "multiboot2",
    .name = "a Multiboot2 kernel",
    .recognise = is_multiboot2,
    .boot = boot_multiboot2,
};
