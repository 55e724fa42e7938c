/* Any bytes as a user program's file: it is refused, or its entry point lies in a page that may be
 * executed; no page is writable and executable, and the space gives back all that it took. */
#include "kernel/user/image.h"
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static uint8_t memory[FRAMES * FRAME_BYTES] __attribute__((aligned(4096)));
static uint64_t bitmap[FRAMES / 64];
static struct frames frames;
static struct heap heap;

static void must(int holds)
{
    if (!holds)
        abort();
}

static void *grow(uint64_t bytes)
{
    static uint8_t room[1 << 17] __attribute__((aligned(4096)));
    return heap.bytes + bytes <= sizeof room ? room + heap.bytes : NULL;
}

static void invalidate(uint64_t address)
{
    (void)address;
}

static void check_space(struct vm *vm, const struct image *image)
{
    struct vm_info info;
    vm_query(vm, image->entry, &info);
    must(info.committed && info.protection == (VM_READ | VM_EXECUTE));
    vm_query(vm, image->stack_top, &info);
    must(info.committed && info.protection == (VM_READ | VM_WRITE));
}

/* Eight bytes for each segment of a file whose header is right; all addresses lie close together.
 */
static size_t make_file(uint8_t *file, const uint8_t *data, size_t bytes)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)file;
    Elf64_Phdr *segment = (Elf64_Phdr *)(header + 1);
    *header = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                           .e_type = ET_EXEC,
                           .e_machine = EM_X86_64,
                           .e_entry = 0x10000 + data[0] * 0x800,
                           .e_phoff = sizeof *header,
                           .e_phentsize = sizeof *segment,
                           .e_phnum = (Elf64_Half)(bytes / 8 % 8)};
    for (unsigned i = 0; i < header->e_phnum; i++, data += 8)
        segment[i] = (Elf64_Phdr){.p_type = data[1] % 3,
                                  .p_flags = data[2],
                                  .p_offset = data[3],
                                  .p_vaddr = 0x10000 + data[4] * 0x800,
                                  .p_filesz = data[5],
                                  .p_memsz = data[6] * 16 + data[7] * 0x400};
    return sizeof *header + header->e_phnum * sizeof *segment;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct image image;
    uint8_t made[sizeof(Elf64_Ehdr) + 7 * sizeof(Elf64_Phdr)] __attribute__((aligned(8)));
    struct vm vm = {
        .spans = {.heap = &heap},
        .tables = {.frames = &frames, .physical = memory, .levels = 4, .invalidate = invalidate},
        .first = 0x10000,
        .end = 0x7ffffffff000,
        .user = true,
        .nx = ENTRY_NX,
    };
    if (bytes % 2 && bytes > 8) {
        bytes = make_file(made, data, bytes);
        data = made;
    }
    uint8_t *file = malloc(bytes); /* what lies behind its end is poisoned */
    must(file || !bytes);
    memcpy(file, data, bytes);
    frames_begin(&frames, bitmap, FRAMES);
    frames_add(&frames, 1, FRAMES - 1);
    heap_begin(&heap, grow);
    vm.tables.root = tables_take_frame(&vm.tables);
    if (!image_check(&image, file, bytes) && !image_load(&image, &vm))
        check_space(&vm, &image);
    vm_end(&vm);
    must(frames.free == FRAMES - 2 && heap.blocks == 0);
    free(file);
    return 0;
}
