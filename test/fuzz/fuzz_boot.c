/* The whole loader on a fake machine: whatever the files say, whichever verb fails at whatever
 * call, and whatever the firmware says of its memory, a boot ends with a clean error and all memory
 * given back, or with a plan that holds; and no byte is written outside of what was taken. */
#include "common/attempt/attempt.h"
#include "common/format/crc32.h"
#include "common/hw/interrupts.h"
#include "common/lib/mem.h"
#include "test/fuzz/boot_checks.h"
#include "test/fuzz/boot_disk.h"
#include "test/fuzz/boot_firmware.h"
#include "test/fuzz/boot_kernels.h"
#include "test/unit/acpi_tables.h"
#include "test/unit/fake_machine.h"
#include <stdlib.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* ---- the input ------------------------------------------------------------------------------- */

static struct {
    const uint8_t *next;
    size_t left;
} input;

/* 0 behind the end: no input at all is a plain boot. */
static uint32_t take_byte(void)
{
    if (!input.left)
        return 0;
    input.left--;
    return *input.next++;
}

static uint32_t take_below(uint32_t limit)
{
    return take_byte() % limit;
}

static bool take_flag(uint32_t flags, uint32_t bit)
{
    return flags >> bit & 1;
}

/* Addresses near every border that there is. */
static uint64_t take_address(void)
{
    static const uint64_t bases[] = {
        0,
        PAGE_BYTES,
        PLAN_LOW_END - 64 * KIB,
        MIB,
        2 * MIB,
        FAKE_MEMORY_BASE,
        FAKE_MEMORY_BASE + 3 * MIB,
        FAKE_MEMORY_BASE + 5 * MIB,
        PLAN_LOCAL_APIC,
        4 * GIB,
        UINT64_C(1) << 40,
        UINT64_C(1) << 46,
        UINT64_C(1) << 47,
        UINT64_C(1) << 48,
        UINT64_C(1) << 52,
        UINT64_MAX - 16 * MIB + 1,
    };
    static const uint64_t units[] = {1, PAGE_BYTES, 16 * PAGE_BYTES, MIB};
    uint64_t base = bases[take_below(ARRAY_LENGTH(bases))], steps = take_byte();

    return base + (steps & 0x7f) * units[take_below(ARRAY_LENGTH(units))] -
           (steps & 0x80 ? PAGE_BYTES : 0);
}

static uint64_t take_size(void)
{
    static const uint64_t sizes[] = {
        1,          0,   PAGE_BYTES - 1,        PAGE_BYTES, 256 * KIB,         MIB,
        64 * MIB,   GIB, 4 * GIB - 1,           0,          UINT64_C(1) << 40, UINT64_C(1) << 47,
        UINT64_MAX, 2,   UINT64_MAX - 64 * KIB, 3 * MIB + 5};

    return sizes[take_below(ARRAY_LENGTH(sizes))];
}

/* ---- in the place of the loader's own -------------------------------------------------------- */

enum err __real_attempt_carry_out(struct attempt *attempt);
enum err __wrap_attempt_carry_out(struct attempt *attempt);
void __wrap_handoff_enter_with_services(uint64_t entry, const struct handoff_registers *registers)
    __attribute__((noreturn));
void __wrap_interrupts_mask_local_apic(const struct facts *facts, const struct apic *apic,
                                       uint32_t uid);

/* An attempt that returns has failed, or its program has ended. */
enum err __wrap_attempt_carry_out(struct attempt *attempt)
{
    current = attempt;
    enum err err = __real_attempt_carry_out(attempt);
    current = NULL;
    must(fake_reserved_pages() == 0, "memory that was not given back");
    must(err != ERR_BUG, err_message());
    must(err != OK || was_entered, "success without a start");
    return err;
}

void __wrap_handoff_enter_with_services(uint64_t entry, const struct handoff_registers *registers)
{
    must(is_reserved(entry, 1) && is_reserved(registers->rbx, 8), "nothing is there");
    longjmp(fake_way_out, FAKE_HANDED_OFF);
}

int __wrap_cpu_entropy(const struct lintel_cpu *cpu, uint8_t out[32]);

/* The same in each run, and quick. */
int __wrap_cpu_entropy(const struct lintel_cpu *cpu, uint8_t out[32])
{
    memset(out, (int)cpu->features, 32);
    return 1;
}

/* Its registers are nowhere. */
void __wrap_interrupts_mask_local_apic(const struct facts *facts, const struct apic *apic,
                                       uint32_t uid)
{
    (void)facts, (void)apic, (void)uid;
}

static enum err start(const struct program *program)
{
    must(is_reserved((uintptr_t)program->image, program->bytes), "an image that was not loaded");
    check_handoff();
    if (fails(START))
        return fail(ERR_UNSUPPORTED, "start() fails");
    if (!program->initrd_bytes || program->initrd_bytes > MIB)
        return OK;
    void *initrd = malloc(program->initrd_bytes);
    enum err err = program->read_initrd(program->context, initrd);
    free(initrd);
    return err;
}

/* A CPU comes in when it is called. */
static void hear(uint32_t id, uint32_t command)
{
    struct mp_page *page = at_physical(current->plan.places[PLACE_TRAMPOLINE].physical);

    if (command == APIC_INIT || page->gate != id)
        return;
    page->gate = MP_NOBODY;
    ((struct mp_mailbox *)at_physical(page->mailbox - current->plan.direct_map))->parked = 1;
}

/* ---- the machine ----------------------------------------------------------------------------- */

static bool is_real(uint64_t base, uint64_t bytes)
{
    for (size_t i = 0; i < ARRAY_LENGTH(areas); i++)
        if (base - areas[i].base < areas[i].bytes &&
            bytes <= areas[i].bytes - (base - areas[i].base))
            return true;
    return false;
}

/* Any, but no memory that the loader could reach and that is not there. */
static void add_range(void)
{
    uint64_t base = take_address(), bytes = take_size();
    enum lintel_memory_type type = take_below(LINTEL_MEMORY_TYPES + 2);

    if (type == LINTEL_MEMORY_USABLE && base < REACHABLE_END && !is_real(base, bytes))
        type = LINTEL_MEMORY_RESERVED;
    fake_map_add(base, bytes, type);
}

static void set_screen(uint32_t kind)
{
    struct video video = {.fb = {.base_physical = 0xe0000000,
                                 .bytes = 640 * 480 * 4,
                                 .width = 640,
                                 .height = 480,
                                 .pitch = 640 * 4,
                                 FAKE_XRGB,
                                 .edid_bytes = 128},
                          .mode_count = VIDEO_MODES};

    if (kind == 1)
        return;
    if (kind > 1) {
        video.fb.base_physical = take_address();
        video.fb.bytes = take_size();
        video.fb.height = take_byte() << 24;
        video.fb.pitch = take_byte() << 24;
    }
    fake_video(&video);
}

static void list_cpus(struct facts *facts)
{
    facts->rsdp = ACPI_TABLES_BASE;
    facts->tsc_hz = 1000; /* nobody is waited for */
    fake_apic(take_flag(take_byte(), 0), hear);
}

static void add_uefi(struct facts *facts)
{
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    facts->efi_system_table = facts->efi_image_handle = FAKE_MEMORY_BASE;
    firmware.start = start;
    firmware.event_log = event_log;
    firmware.get_variable = get_variable;
    firmware.set_variable = set_variable;
    firmware.connect_apm = NULL;
}

static void choose_features(struct facts *facts)
{
    static const uint32_t bits[] = {48, 36, 46, 52};
    uint32_t flags = take_byte();

    facts->reachable_end = REACHABLE_END;
    facts->wall_clock = 1;
    facts->secure_boot = take_flag(flags, 0);
    facts->cpu.physical_bits = bits[flags >> 1 & 3];
    facts->cpu.features ^= take_flag(flags, 3) ? LINTEL_CPU_NX : 0;
    facts->cpu.features ^= take_flag(flags, 4) ? LINTEL_CPU_1GIB : 0;
    facts->cpu.features ^= take_flag(flags, 5) ? LINTEL_CPU_LA57 : 0;
    fake_levels(take_flag(flags, 6) ? 5 : 4);
    if (take_flag(flags, 7))
        list_cpus(facts);
}

static void choose_failures(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(failures); i++)
        failures[i] = (struct failure){take_below(VERBS), 1 + take_below(48)};
    lie = (struct failure){take_below(VERBS), 1 + take_below(16)};
    lie_kind = take_below(LIES);
    fake_grow_map_at_leave(lie.verb == LEAVE && lie_kind == GROWS ? 1000 : 0);
}

static void begin_firmware(void)
{
    firmware = fake_firmware;
    firmware.read = read;
    firmware.put = put_char;
    firmware.key = key;
    firmware.wait = pass_time;
    firmware.allocate = allocate;
    firmware.reserve = reserve;
    firmware.memory_map = memory_map;
    firmware.leave = leave;
    firmware.set_video = set_video;
    firmware.fetch_size = fetch_size;
    firmware.fetch = fetch;
    firmware.connect_apm = connect_apm;
    memset(calls, 0, sizeof calls);
    has_lied = was_entered = false;
    current = NULL;
    silent_milliseconds = 0;
    quits = false;
}

/* Its memory is there for all boots: the fake machine's own would be slow. */
static void add_memory(void)
{
    machine.memory = at_physical(FAKE_MEMORY_BASE);
    machine.memory_bytes = MAIN_BYTES;
    machine.allocate_from = FAKE_MEMORY_BASE;
    fake_map_add(FAKE_MEMORY_BASE, MAIN_BYTES, LINTEL_MEMORY_USABLE);
    fake_map_add(0, 2 * MIB, LINTEL_MEMORY_USABLE);
    fake_map_add(areas[0].base + areas[0].bytes, MIB - areas[0].base - areas[0].bytes,
                 LINTEL_MEMORY_RESERVED);
}

static void end_machine(void)
{
    machine.memory = NULL;
    fake_end();
    poison_again();
}

static struct facts *begin_machine(uint32_t flags)
{
    struct facts *facts = fake_begin(0);

    begin_firmware();
    add_memory();
    if (take_flag(flags, 0))
        add_uefi(facts);
    keys_left = flags >> 1 & 3;
    set_screen(flags >> 3 & 3);
    choose_features(facts);
    choose_failures();
    for (uint32_t count = take_below(16); count; count--)
        add_range();
    return facts;
}

/* ---- the files ------------------------------------------------------------------------------- */

static char conf_text[TEXT_ROOM], entry_text[TEXT_ROOM];

static void choose_conf(uint32_t flags)
{
    snprintf(conf_text, sizeof conf_text,
             "timeout 0\nconsole text\nuki-on-bios yes\nentry fuzz.conf\n%s",
             take_flag(flags, 0) ? "zero-memory yes\n" : "");
}

static void choose_entry(uint32_t flags)
{
    static const char *const options[] = {"",
                                          "options quiet\n",
                                          "options vga=0x314\n",
                                          "options mem=1M\n",
                                          "options x mem=4M vga=0x314\n",
                                          "options edd=off\n",
                                          "options mem=0x11000000\n",
                                          "options\n"};

    snprintf(entry_text, sizeof entry_text, "kernel /boot/kernel\n%s%s%s%s",
             take_flag(flags, 1) ? "module /boot/module an argument\n" : "",
             take_flag(flags, 2) ? "initrd /boot/initrd\n" : "",
             take_flag(flags, 3) ? "initrd /boot/module\n" : "", options[flags >> 4 & 7]);
}

static void choose_text(uint32_t flags)
{
    choose_conf(flags);
    choose_entry(flags);
    if (!take_flag(flags, 7))
        return;
    size_t length = strlen(entry_text);
    for (; input.left && length < sizeof entry_text - 1; length++)
        entry_text[length] = (char)take_byte();
    entry_text[length] = 0;
}

/* Small runs of bytes here and there. */
static void patch_kernel(void)
{
    for (uint32_t count = take_below(16); count; count--) {
        uint32_t run = 1 + take_below(8), low = take_byte(), at = low | take_byte() << 8;
        for (; run; run--)
            kernel_file.bytes[at++ % kernel_file.size] = (uint8_t)take_byte();
    }
}

/* Stored, not deflated: fuzz_gzip has the rest. */
static void pack_kernel(void)
{
    static const uint8_t head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    uint64_t size = MIN(kernel_file.size, UINT16_MAX), at = sizeof head + 5;
    uint32_t sum = crc32(0, kernel_file.bytes, size);

    memmove(kernel_file.bytes + at, kernel_file.bytes, size);
    memcpy(kernel_file.bytes, head, sizeof head);
    kernel_file.bytes[sizeof head] = 1;
    store_bytes(kernel_file.bytes + sizeof head + 1, size, 2);
    store_bytes(kernel_file.bytes + sizeof head + 3, ~size, 2);
    store_bytes(kernel_file.bytes + at + size, sum, 4);
    store_bytes(kernel_file.bytes + at + size + 4, size, 4);
    kernel_file.size = at + size + 8;
}

static void choose_kernel(uint32_t kind, uint32_t flags)
{
    kernels[kind].build();
    patch_kernel();
    mend_multiboot();
    if (take_flag(flags, 1))
        kernel_file.size = 1 + kernel_file.size * take_byte() / 256;
    if (take_flag(flags, 0))
        pack_kernel();
}

static void put_files(void)
{
    set_file(kernel_slot, CLUSTER_KERNEL, kernel_file.bytes, kernel_file.size);
    set_file(conf_slot, CLUSTER_CONF, conf_text, strlen(conf_text));
    set_file(entry_slot, CLUSTER_ENTRY, entry_text, strlen(entry_text));
}

static void serve_files(void)
{
    fake_serve("loader/loader.conf", conf_text, strlen(conf_text));
    fake_serve("loader/entries/fuzz.conf", entry_text, strlen(entry_text));
    fake_serve("boot/kernel", kernel_file.bytes, kernel_file.size);
    fake_serve("boot/module", image_cluster(&disk_image, CLUSTER_MODULE), MODULE_BYTES);
    fake_serve("boot/initrd", image_cluster(&disk_image, CLUSTER_INITRD), INITRD_BYTES);
}

/* ---- a boot ---------------------------------------------------------------------------------- */

static void check_end(int way_out)
{
    must(way_out != FAKE_STUCK, "a boot that never ends");
    must(way_out != FAKE_DEAD_END || has_lied, err_message());
    if (way_out == FAKE_HANDED_OFF) {
        check_handoff();
        must(!machine.facts.secure_boot, "what nobody has verified");
    } else if (way_out == FAKE_GAVE_UP) {
        must(fake_reserved_pages() == 0, "memory that was not given back");
    }
    check_writes();
}

/* The input: a kernel, flags of the machine, of the entry and of the kernel's file, and then what
 * each of these takes. Returns whether a kernel, or a program, was started. */
static bool boot(const uint8_t *data, size_t bytes)
{
    input.next = data;
    input.left = bytes;
    uint32_t kind = take_below(ARRAY_LENGTH(kernels)), flags = take_byte();
    uint32_t entry_flags = take_byte(), kernel_flags = take_byte();
    struct facts *facts = begin_machine(flags);

    choose_kernel(kind, kernel_flags);
    choose_text(entry_flags);
    put_files();
    if (take_flag(flags, 5))
        serve_files();
    fake_disk_in_memory(disk_image.bytes, disk_image.size, IMAGE_SECTOR);
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        boot_main(facts, &firmware);
    check_end(way_out);
    end_machine();
    return was_entered;
}

/* Each kernel boots as it stands, where it can: from a disk and from a server, alone and with files
 * and memory to be cleared, packed or not, with one CPU and with more. */
static void check_kernel(uint8_t kind, bool uefi)
{
    const struct kernel *kernel = &kernels[kind];

    for (uint32_t variant = 0; variant < 16; variant += 1 + kernel->needs_disk) {
        const uint8_t data[] = {kind, (uint8_t)(uefi | (variant & 1) << 5),
                                (uint8_t)(variant & 2 ? kernel->files | 1 : 0), variant >> 2 & 1,
                                (uint8_t)(variant >> 3 << 7)};
        if (!boot(data, sizeof data)) {
            fprintf(stderr, "%s does not boot: %s\n", kernel->name, err_message());
            abort();
        }
    }
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    make_memory();
    make_disk();
    begin_acpi_tables();
    add_local_apic(1, 0, 1);
    add_local_apic(2, 1, 1);
    add_local_apic(3, 2, 1);
    for (uint8_t kind = 0; kind < ARRAY_LENGTH(kernels); kind++) {
        if (!kernels[kind].needs_uefi)
            check_kernel(kind, false);
        if (!kernels[kind].needs_bios)
            check_kernel(kind, true);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    boot(data, bytes);
    return 0;
}
