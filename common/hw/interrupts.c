/* How are interrupt controllers and IOMMUs made to rest? */
#include "common/hw/interrupts.h"
#include "common/hw/acpi.h"
#include "common/lib/mem.h"

/* MADT (ACPI 6.5, 5.2.12), DMAR (VT-d 4.1, 8.1) and IVRS (48882, 5.2): entries behind the header.
 */
#define MADT_ENTRIES      44
#define MADT_IO_APIC      1
#define MADT_LOCAL_NMI    4
#define MADT_LOCAL_X2_NMI 10
#define NMI_ALL           UINT8_MAX
#define NMI_X2_ALL        UINT32_MAX
#define REMAPPING_ENTRIES 48
#define DMAR_DRHD         0

/* Interrupt entries of both kinds of APIC. */
#define ENTRY_MODE(entry) ((entry) >> 8 & 7)
#define ENTRY_LOW         (1u << 13)
#define ENTRY_LEVEL       (1u << 15)
#define ENTRY_MASKED      (1u << 16)
#define ENTRY_NMI         (4u << 8)
#define ENTRY_KEPT        0xffff58ffu /* what an NMI line's mode, polarity and trigger leave */

static bool is_maskable(uint32_t entry, bool all)
{
    uint32_t mode = ENTRY_MODE(entry);
    return mode <= 1 || (all && (mode == 4 || mode == 7));
}

static bool find_table(const struct facts *facts, const char *signature, struct acpi_table *table)
{
    const struct acpi acpi = {.rsdp = facts->rsdp, .first = 0, .end = facts->reachable_end};
    return acpi_find(&acpi, signature, table) == OK;
}

/* Registers at a physical address; NULL: none that the loader reaches. */
static volatile uint32_t *registers_at(const struct facts *facts, uint64_t physical)
{
    bool reachable = physical >= MIB && physical % 16 == 0 && physical < facts->reachable_end &&
                     facts->reachable_end - physical >= 4096;
    return reachable ? at_physical(physical) : NULL;
}

/* ---- I/O APICs ------------------------------------------------------------------------------- */

#define IO_SELECT  0 /* registers, in words */
#define IO_WINDOW  4
#define IO_VERSION 1
#define IO_ENTRIES 16

static uint32_t io_read(volatile uint32_t *registers, uint32_t index)
{
    registers[IO_SELECT] = index;
    return registers[IO_WINDOW];
}

static void mask_io_apic(volatile uint32_t *registers, bool all)
{
    uint32_t count = (io_read(registers, IO_VERSION) >> 16 & 0xff) + 1;
    for (uint32_t i = 0; i < count && i < 240; i++) {
        uint32_t entry = io_read(registers, IO_ENTRIES + 2 * i);
        if (is_maskable(entry, all))
            registers[IO_WINDOW] = entry | ENTRY_MASKED;
    }
}

/* The next entry of a table whose entries begin with type and length, one byte each. */
static const uint8_t *next_entry(const struct acpi_table *table, uint32_t *at)
{
    if (table->length < 2 || *at > table->length - 2)
        return NULL;
    const uint8_t *entry = table->bytes + *at;
    if (entry[1] < 2 || entry[1] > table->length - *at)
        return NULL;
    *at += entry[1];
    return entry;
}

void interrupts_mask_io_apics(const struct facts *facts, bool all)
{
    struct acpi_table madt;
    const uint8_t *entry;
    if (!find_table(facts, "APIC", &madt))
        return;
    for (uint32_t at = MADT_ENTRIES; (entry = next_entry(&madt, &at));) {
        if (entry[0] != MADT_IO_APIC || entry[1] < 12)
            continue;
        volatile uint32_t *registers = registers_at(facts, load32(entry + 4));
        if (registers)
            mask_io_apic(registers, all);
    }
}

/* ---- the local APIC -------------------------------------------------------------------------- */

static void mask_local(const struct apic *apic, uint32_t place)
{
    uint32_t entry = apic_read(apic, place);
    if (is_maskable(entry, true))
        apic_write(apic, place, entry | ENTRY_MASKED);
}

/* `flags`: MPS INTI flags (ACPI 6.5, table 5.26). */
static uint32_t nmi_entry(uint32_t entry, uint32_t flags)
{
    return (entry & ENTRY_KEPT) | ENTRY_NMI | ENTRY_MASKED | ((flags & 3) == 3 ? ENTRY_LOW : 0) |
           ((flags >> 2 & 3) == 3 ? ENTRY_LEVEL : 0);
}

uint32_t interrupts_masked_line(const struct facts *facts, uint32_t uid, uint32_t line,
                                uint32_t entry)
{
    struct acpi_table madt;
    const uint8_t *nmi;
    if (!is_maskable(entry, true))
        return entry;
    entry |= ENTRY_MASKED;
    if (!find_table(facts, "APIC", &madt))
        return entry;
    for (uint32_t at = MADT_ENTRIES; (nmi = next_entry(&madt, &at));) {
        if (nmi[0] == MADT_LOCAL_NMI && nmi[1] >= 6 && nmi[5] == line &&
            (nmi[2] == NMI_ALL || nmi[2] == uid))
            entry = nmi_entry(entry, load16(nmi + 3));
        if (nmi[0] == MADT_LOCAL_X2_NMI && nmi[1] >= 9 && nmi[8] == line &&
            (load32(nmi + 4) == NMI_X2_ALL || load32(nmi + 4) == uid))
            entry = nmi_entry(entry, load16(nmi + 2));
    }
    return entry;
}

void interrupts_mask_local_apic(const struct facts *facts, const struct apic *apic, uint32_t uid)
{
    /* In the order in which the version register counts them. */
    static const uint16_t places[] = {APIC_ERROR,   APIC_TIMER,   APIC_LINT0, APIC_LINT1,
                                      APIC_COUNTER, APIC_THERMAL, APIC_CMCI};
    uint32_t count = (apic_read(apic, APIC_VERSION) >> 16 & 0xff) + 1;

    apic_write(apic, APIC_SPURIOUS, INTERRUPTS_SPURIOUS);
    apic_write(apic, APIC_PRIORITY, 0);
    for (uint32_t i = 0; i < count && i < ARRAY_LENGTH(places); i++)
        mask_local(apic, places[i]);
    for (uint32_t line = 0; line < 2; line++) {
        uint32_t place = APIC_LINT0 + 0x10 * line;
        apic_write(apic, place, interrupts_masked_line(facts, uid, line, apic_read(apic, place)));
    }
}

/* ---- IOMMUs ---------------------------------------------------------------------------------- */

#define VTD_COMMAND   (0x18 / 4)
#define VTD_STATUS    (0x1c / 4)
#define VTD_LASTING   0x96ffffffu /* status bits that are commands, and no one-shot ones */
#define VTD_DMA       (1u << 31)
#define VTD_INTERRUPT (1u << 25)
#define AMD_CONTROL   (0x18 / 4)
#define AMD_ENABLED   1u

#define SPINS 1000000

static void turn_off(volatile uint32_t *registers, uint32_t bit)
{
    if (!(registers[VTD_STATUS] & bit))
        return;
    registers[VTD_COMMAND] = registers[VTD_STATUS] & VTD_LASTING & ~bit;
    for (uint32_t i = 0; i < SPINS && registers[VTD_STATUS] & bit; i++)
        __asm__ volatile("pause");
}

static void disable_vtd(const struct facts *facts, const struct acpi_table *dmar)
{
    uint32_t length;
    for (uint32_t at = REMAPPING_ENTRIES; at + 16 <= dmar->length; at += length) {
        const uint8_t *entry = dmar->bytes + at;
        length = load16(entry + 2);
        if (length < 4)
            return;
        volatile uint32_t *registers = registers_at(facts, load64(entry + 8));
        if (load16(entry) != DMAR_DRHD || !registers)
            continue;
        turn_off(registers, VTD_INTERRUPT);
        turn_off(registers, VTD_DMA);
    }
}

/* The three kinds of blocks that describe an IOMMU, of growing detail. */
static bool is_ivhd(uint8_t type)
{
    return type == 0x10 || type == 0x11 || type == 0x40;
}

static void disable_amd(const struct facts *facts, const struct acpi_table *ivrs)
{
    uint32_t length;
    for (uint32_t at = REMAPPING_ENTRIES; at + 16 <= ivrs->length; at += length) {
        const uint8_t *entry = ivrs->bytes + at;
        length = load16(entry + 2);
        if (length < 4)
            return;
        volatile uint32_t *registers = registers_at(facts, load64(entry + 8));
        if (is_ivhd(entry[0]) && registers)
            registers[AMD_CONTROL] &= ~AMD_ENABLED;
    }
}

void interrupts_disable_iommus(const struct facts *facts)
{
    struct acpi_table table;
    if (find_table(facts, "DMAR", &table))
        disable_vtd(facts, &table);
    if (find_table(facts, "IVRS", &table))
        disable_amd(facts, &table);
}
