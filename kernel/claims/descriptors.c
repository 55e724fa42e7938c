/* Claims C9 to C12: descriptor tables and interrupts. */
#include "kernel/claims/claims.h"
#include "kernel/lib/bytes.h"

/* A code or data descriptor without limit and accessed bit: base, type, DPL, present, size. In long
 * mode the limit is not looked at; the processor sets the accessed bit by itself. */
static uint64_t essence(uint64_t descriptor)
{
    const uint64_t limit = UINT64_C(0x008f00000000ffff), accessed = UINT64_C(1) << 40;
    return descriptor & ~limit & ~accessed;
}

static bool check_segments(const uint64_t *gdt)
{
    /* Size bits: L for code, D/B is meaningless for 64-bit data and not looked at. */
    static const struct {
        const char *name;
        uint64_t wanted;
    } segments[] = {{"null", 0},
                    {"kernel code", 0x00209a0000000000},
                    {"kernel data", 0x0000920000000000},
                    {"user data", 0x0000f20000000000},
                    {"user code", 0x0020fa0000000000}};
    const uint64_t d_bit = UINT64_C(1) << 54;
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        bool is_code = segments[i].wanted >> 43 & 1;
        uint64_t found = essence(gdt[i]) & ~(is_code ? 0 : d_bit);
        if (found != segments[i].wanted)
            return violated("%s descriptor is %#lx, wanted %#lx besides limit and accessed bit",
                            segments[i].name, gdt[i], segments[i].wanted);
    }
    return true;
}

bool gdt_is_good(struct table_register gdtr)
{
    return must(gdtr.limit == GDT_BYTES - 1, "GDT limit is %u, wanted %u", gdtr.limit,
                GDT_BYTES - 1) &&
           must(mapped_with(gdtr.base, GDT_BYTES, 0), "GDT at %#lx is not mapped", gdtr.base) &&
           check_segments((const uint64_t *)gdtr.base);
}

bool gdt_is_promised(void)
{
    return gdt_is_good(read_gdtr());
}

static bool check_tss_descriptor(const uint64_t *gdt)
{
    uint64_t low = gdt[SELECTOR_TSS / 8];
    uint8_t type = low >> 40 & 0xff;
    uint64_t limit = (low & 0xffff) | (low >> 32 & 0xf0000);
    return must(type == TYPE_TSS_BUSY && limit == TSS_BYTES - 1,
                "TSS descriptor has type %#x and limit %lu, wanted %#x and %u", type, limit,
                TYPE_TSS_BUSY, TSS_BYTES - 1);
}

bool tss_is_good(struct table_register gdtr)
{
    if (!check_tss_descriptor((const uint64_t *)gdtr.base))
        return false;
    const struct tss *tss = tss_in(gdtr);
    if (!mapped_with(address_of(tss), TSS_BYTES, 0))
        return violated("TSS at %#lx is not mapped", address_of(tss));
    uint64_t top = tss->ist[IST_FAULT - 1];
    struct tss wanted = {.ist = {top}, .io_bitmap = tss->io_bitmap};
    return must(memcmp(tss, &wanted, sizeof wanted) == 0,
                "TSS at %#lx has other fields than IST1 that are not 0", address_of(tss)) &&
           must(tss->io_bitmap >= TSS_BYTES, "I/O bitmap lies at %u, wanted none (%u)",
                tss->io_bitmap, TSS_BYTES) &&
           must(top % 16 == 0 && mapped_with(top - PAGE_BYTES, PAGE_BYTES, RIGHT_WRITE),
                "IST1 is %#lx, wanted the top of a writable stack", top);
}

bool tss_is_promised(void)
{
    return must(read_tr() == SELECTOR_TSS, "TR is %#x, wanted %#x", read_tr(), SELECTOR_TSS) &&
           tss_is_good(read_gdtr());
}

static bool check_gate(uint32_t vector, const struct gate *gate)
{
    uint64_t handler = gate_handler(gate);
    return must(gate->selector == SELECTOR_CODE && gate->type == GATE_INTERRUPT &&
                    gate->ist == IST_FAULT,
                "gate %u has selector %#x, type %#x, IST %u, wanted %#x, %#x, %u", vector,
                gate->selector, gate->type, gate->ist, SELECTOR_CODE, GATE_INTERRUPT, IST_FAULT) &&
           must(mapped_with(handler, 1, RIGHT_EXECUTE),
                "gate %u leads to %#lx, which is not executable", vector, handler);
}

bool idt_is_promised(void)
{
    struct table_register idtr = read_idtr();
    const uint32_t bytes = IDT_GATES * sizeof(struct gate);
    if (idtr.limit != bytes - 1)
        return violated("IDT limit is %u, wanted %u", idtr.limit, bytes - 1);
    if (!mapped_with(idtr.base, bytes, 0))
        return violated("IDT at %#lx is not mapped", idtr.base);
    const struct gate *gates = (const struct gate *)idtr.base;
    for (uint32_t vector = 0; vector < IDT_GATES; vector++)
        if (!check_gate(vector, &gates[vector]))
            return false;
    return true;
}

bool interrupt_controllers_are_masked(void)
{
    uint8_t primary = in8(PIC_PRIMARY), secondary = in8(PIC_SECONDARY);
    return must(primary == 0xff && secondary == 0xff, "masks are %#x and %#x, wanted 0xff and 0xff",
                primary, secondary);
}
