/* A user program's file: what is loaded where, and each way in which its headers can lie. */
#include "kernel/user/image.h"
#include "test/unit/vm_space.h"
#include <elf.h>

#define FIRST UINT64_C(0x10000)
#define END   UINT64_C(0x7ffffffff000)
#define TEXT  UINT64_C(0x400000)
#define DATA  UINT64_C(0x402000)

static struct image image;

/* A program of two segments, and a table of symbols. */
static struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segments[3];
    struct {
        uint64_t text, text_bytes;
        uint32_t functions, lines;
        struct place places[2];
        char names[8];
    } symbols;
    uint8_t text[FRAME_BYTES + 100], data[64];
} file;

static void invalidate(uint64_t address)
{
    (void)address;
}

static void make_file(void)
{
    file = (struct file){
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_type = ET_EXEC,
                   .e_machine = EM_X86_64,
                   .e_entry = TEXT + 8,
                   .e_phoff = offsetof(struct file, segments),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 3},
        .segments = {{.p_type = PT_LOAD,
                      .p_flags = PF_R | PF_X,
                      .p_offset = offsetof(struct file, text),
                      .p_vaddr = TEXT,
                      .p_filesz = sizeof file.text,
                      .p_memsz = sizeof file.text},
                     {.p_type = PT_LOAD,
                      .p_flags = PF_R | PF_W,
                      .p_offset = offsetof(struct file, data),
                      .p_vaddr = DATA + 40,
                      .p_filesz = sizeof file.data,
                      .p_memsz = 3 * FRAME_BYTES},
                     {.p_type = 0x6c6e746c,
                      .p_offset = offsetof(struct file, symbols),
                      .p_filesz = sizeof file.symbols,
                      .p_memsz = sizeof file.symbols}},
        .symbols = {TEXT, sizeof file.text, 1, 1, {{8, 0, 0}, {8, 4, 7}}, "fun\0x.c"},
    };
    memset(file.text, 0xc3, sizeof file.text);
    memset(file.data, 7, sizeof file.data);
}

static int begin(void **state)
{
    (void)state;
    make_file();
    begin_space(FIRST, END, invalidate);
    vm.user = true;
    return 0;
}

static int end(void **state)
{
    (void)state;
    end_space();
    return 0;
}

static const char *check(void)
{
    return image_check(&image, &file, sizeof file);
}

static const char *load(void)
{
    const char *problem = check();
    return problem ? problem : image_load(&image, &vm);
}

static uint8_t byte_at(uint64_t address)
{
    uint8_t byte;
    assert_true(vm_copy(&vm, address, &byte, 1, VM_FOR_READ));
    return byte;
}

static void test_program_is_loaded(void **state)
{
    (void)state;
    assert_null(load());
    assert_int_equal(image.entry, TEXT + 8);
    assert_ptr_equal(image.symbols, &file.symbols);
    assert_int_equal(byte_at(TEXT), 0xc3);
    assert_int_equal(byte_at(TEXT + sizeof file.text - 1), 0xc3);
    assert_int_equal(byte_at(TEXT + sizeof file.text), 0);
    assert_int_equal(byte_at(DATA + 39), 0);
    assert_int_equal(byte_at(DATA + 40), 7);
    assert_int_equal(byte_at(DATA + 40 + sizeof file.data), 0);
    assert_int_equal(byte_at(DATA + 39 + 3 * FRAME_BYTES), 0);
    assert_int_equal(vm_fault(&vm, TEXT, VM_FOR_WRITE), VM_FAULT_PROTECTION);
    assert_int_equal(vm_fault(&vm, DATA, VM_FOR_EXECUTE), VM_FAULT_PROTECTION);
    assert_int_equal(vm_fault(&vm, TEXT, VM_FOR_EXECUTE), VM_FAULT_NONE);
    assert_int_equal(image.stack_top % 16, 8);
    assert_int_equal(vm_fault(&vm, image.stack_top - 8, VM_FOR_WRITE), VM_FAULT_DEMAND_ZERO);
    assert_int_equal(vm_fault(&vm, END - 64 * 1024, VM_FOR_WRITE), VM_FAULT_DEMAND_ZERO);
    assert_int_equal(vm_fault(&vm, END - 64 * 1024 - 1, VM_FOR_WRITE), VM_FAULT_RESERVED);
}

#define REFUSED(change, why)                                                                       \
    do {                                                                                           \
        begin(NULL);                                                                               \
        change;                                                                                    \
        const char *problem = load();                                                              \
        assert_non_null(problem);                                                                  \
        assert_string_equal(problem, why);                                                         \
    } while (0)

static void test_lies_are_refused(void **state)
{
    Elf64_Ehdr *header = &file.header;
    Elf64_Phdr *segment = &file.segments[1];
    (void)state;
    REFUSED(header->e_ident[1] = 'e', "not an ELF64 file");
    REFUSED(header->e_ident[EI_CLASS] = ELFCLASS32, "not an ELF64 file");
    REFUSED(header->e_type = ET_DYN, "not a static program for x86-64");
    REFUSED(header->e_machine = EM_AARCH64, "not a static program for x86-64");
    REFUSED(header->e_entry = TEXT - 1, "its entry point lies outside its code");
    REFUSED(header->e_entry = TEXT + sizeof file.text, "its entry point lies outside its code");
    REFUSED(header->e_entry = DATA + 40, "its entry point lies outside its code");
    REFUSED(header->e_phentsize = 32, "its program headers are strange");
    REFUSED(header->e_phnum = 17, "its program headers are strange");
    REFUSED(header->e_phoff = sizeof file - 8,
            "its program headers lie beyond the end of the file");
    REFUSED(header->e_phoff = UINT64_MAX - 7, "its program headers lie beyond the end of the file");
    REFUSED(segment->p_offset = sizeof file - 63, "a segment lies beyond the end of the file");
    REFUSED(segment->p_offset = UINT64_MAX, "a segment lies beyond the end of the file");
    REFUSED(segment[1].p_filesz = sizeof file, "a segment lies beyond the end of the file");
    REFUSED(segment->p_filesz = UINT64_MAX, "a segment lies beyond the end of the file");
    REFUSED(segment->p_memsz = 63, "a segment's sizes are wrong");
    REFUSED(segment->p_memsz = UINT64_MAX, "a segment's sizes are wrong");
    REFUSED(segment->p_flags |= PF_X, "a segment is writable and executable");
    REFUSED(segment->p_vaddr = TEXT + FRAME_BYTES + 200, "two segments share a page");
    REFUSED(segment->p_vaddr = 0, "a segment lies outside the lower half");
    REFUSED(segment->p_vaddr = FIRST - 1, "a segment lies outside the lower half");
    REFUSED(segment->p_vaddr = UINT64_C(0xffff800000000000),
            "a segment lies outside the lower half");
    REFUSED(segment->p_vaddr = END - 3 * FRAME_BYTES, "a segment lies where the stack goes");
#define DAMAGED(change) REFUSED(change, "its table of symbols is damaged")
    DAMAGED(file.segments[2].p_filesz = 23);
    DAMAGED(file.segments[2].p_offset += 4);
    DAMAGED(file.symbols.text_bytes = UINT64_MAX - TEXT + 1);
    DAMAGED(file.symbols.functions = 4);
    DAMAGED(file.symbols.functions = UINT32_MAX);
    DAMAGED(file.symbols.lines = UINT32_MAX);
    DAMAGED(file.symbols.functions = file.symbols.lines = UINT32_C(1) << 31);
    DAMAGED((file.symbols.functions = 3, file.symbols.lines = 0)); /* no name has room */
    DAMAGED(file.symbols.places[1].name = sizeof file.symbols.names);
    DAMAGED(file.symbols.names[7] = 'x');
    REFUSED(frames_take(&frames, frames.free - 5), "NO_MEMORY");
    begin(NULL);
    assert_string_equal(image_check(&image, &file, sizeof file.header - 1), "not an ELF64 file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_program_is_loaded, begin, end),
        cmocka_unit_test(test_lies_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
