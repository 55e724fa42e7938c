/* In what do the base revisions differ? Mappings, and the machine's state. */
#include "common/hw/registers.h"
#include "common/memory/gdt.h"
#include "common/protocol/limine/limine.h"

/* Base revision 0: everything. */
static enum attribute attributes_of_all(enum lintel_memory_type type, bool above_4gib)
{
    (void)above_4gib;
    return type == LINTEL_MEMORY_FRAMEBUFFER ? ATTRIBUTE_WRITE_COMBINING : ATTRIBUTE_WRITE_BACK;
}

/* 1 and 2: everything below 4 GiB, and above it what is neither reserved nor bad. */
static enum attribute attributes_of_low(enum lintel_memory_type type, bool above_4gib)
{
    switch (type) {
    case LINTEL_MEMORY_RESERVED:
    case LINTEL_MEMORY_MMIO:
    case LINTEL_MEMORY_PERSISTENT:
    case LINTEL_MEMORY_BAD:
        return above_4gib ? ATTRIBUTE_ABSENT : ATTRIBUTE_WRITE_BACK;
    default:
        return attributes_of_all(type, above_4gib);
    }
}

/* 3: what a kernel uses. */
static enum attribute attributes_of_memory(enum lintel_memory_type type, bool above_4gib)
{
    switch (type) {
    case LINTEL_MEMORY_USABLE:
    case LINTEL_MEMORY_RECLAIMABLE:
    case LINTEL_MEMORY_KERNEL:
    case LINTEL_MEMORY_FRAMEBUFFER:
        return attributes_of_all(type, above_4gib);
    default:
        return ATTRIBUTE_ABSENT;
    }
}

/* 4 and up: firmware tables, too. */
static enum attribute attributes_of_tables(enum lintel_memory_type type, bool above_4gib)
{
    switch (type) {
    case LINTEL_MEMORY_ACPI_RECLAIMABLE:
    case LINTEL_MEMORY_ACPI_NVS:
    case LINTEL_MEMORY_EFI_RUNTIME_CODE:
    case LINTEL_MEMORY_EFI_RUNTIME_DATA:
        return ATTRIBUTE_WRITE_BACK;
    default:
        return attributes_of_memory(type, above_4gib);
    }
}

struct space_rules limine_space_rules(uint64_t base_revision)
{
    return (struct space_rules){
        .lowest = LIMINE_LOWEST,
        .advice = "a Limine kernel lives at FFFFFFFF80000000h or above: link it there",
        .mixed = true,
        .identity = base_revision == 0,
        .local_apic = base_revision >= 5,
        .write_combining = 5,
        .gaps = base_revision < 3 ? ATTRIBUTE_WRITE_BACK : ATTRIBUTE_ABSENT,
        .attribute_of = base_revision == 0   ? attributes_of_all
                        : base_revision < 3  ? attributes_of_low
                        : base_revision == 3 ? attributes_of_memory
                                             : attributes_of_tables,
    };
}

/* From base revision 5 on there is to be no IDT, so that a first fault cannot be reported. */
struct cpu_rules limine_cpu_rules(uint64_t base_revision)
{
    return (struct cpu_rules){
        /* PA0 WB, PA1 WT, PA2 UC-, PA3 UC, PA4 WP, PA5 WC, PA6 UC-, PA7 UC */
        .pat = UINT64_C(0x0007010500070406),
        .cr0 = CR0_PE | CR0_ET | CR0_WP | CR0_PG,
        .cr4 = CR4_PAE,
        .reports = base_revision < 5,
        .code = GDT_MODES_CODE,
        .data = GDT_MODES_DATA,
        .fs_gs = GDT_MODES_DATA,
        .tss = GDT_MODES_TSS,
        .gdt_bytes = GDT_MODES_BYTES,
        .build_gdt = gdt_build_modes,
    };
}
