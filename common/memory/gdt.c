#include "common/memory/gdt.h"
#include "common/lib/mem.h"

/* Segment descriptor bits (Intel SDM 3A, 3.4.5). Accessed is set in advance: the CPU then need not
 * write to the table when a selector is loaded. */
#define SEGMENT_ACCESSED  (UINT64_C(1) << 40)
#define SEGMENT_WRITABLE  (UINT64_C(1) << 41) /* of data; of code: readable */
#define SEGMENT_CODE      (UINT64_C(1) << 43)
#define SEGMENT_NO_SYSTEM (UINT64_C(1) << 44)
#define SEGMENT_DPL3      (UINT64_C(3) << 45)
#define SEGMENT_PRESENT   (UINT64_C(1) << 47)
#define SEGMENT_LONG      (UINT64_C(1) << 53)
#define SEGMENT_32BIT     (UINT64_C(1) << 54)
#define SEGMENT_4GIB      (UINT64_C(1) << 55 | UINT64_C(0xf) << 48 | 0xffff) /* base 0 */

#define FLAT                                                                                       \
    (SEGMENT_4GIB | SEGMENT_PRESENT | SEGMENT_NO_SYSTEM | SEGMENT_WRITABLE | SEGMENT_ACCESSED)
#define FLAT_DATA (FLAT | SEGMENT_32BIT)
#define FLAT_CODE (FLAT | SEGMENT_CODE | SEGMENT_LONG)

#define REAL_SIZE /* limit FFFFh, 16-bit */                                                        \
    (UINT64_C(0xffff) | SEGMENT_PRESENT | SEGMENT_NO_SYSTEM | SEGMENT_WRITABLE | SEGMENT_ACCESSED)

#define TSS_AVAILABLE  (UINT64_C(0x9) << 40)
#define INTERRUPT_GATE (UINT64_C(0xe) << 40)

#define TSS_IST1   36 /* Intel SDM 3A, figure 8-11 */
#define TSS_IO_MAP 102

void gdt_build_tss(uint8_t tss[TSS_BYTES], uint64_t ist1_top)
{
    memset(tss, 0, TSS_BYTES);
    store_bytes(tss + TSS_IST1, ist1_top, 8);
    store_bytes(tss + TSS_IO_MAP, TSS_BYTES, 2); /* behind the limit: there is none */
}

/* No TSS: base 0, limit 0. */
static void build_tss_descriptor(uint64_t descriptor[2], uint64_t tss_virtual)
{
    descriptor[0] = SEGMENT_PRESENT | TSS_AVAILABLE | (tss_virtual ? TSS_BYTES - 1 : 0) |
                    (tss_virtual & 0xffffff) << 16 | (tss_virtual >> 24 & 0xff) << 56;
    descriptor[1] = tss_virtual >> 32;
}

void gdt_build(uint64_t *gdt, uint64_t tss_virtual)
{
    gdt[0] = 0;
    gdt[GDT_KERNEL_CODE / 8] = FLAT_CODE;
    gdt[GDT_KERNEL_DATA / 8] = FLAT_DATA;
    gdt[GDT_USER_DATA / 8] = FLAT_DATA | SEGMENT_DPL3;
    gdt[GDT_USER_CODE / 8] = FLAT_CODE | SEGMENT_DPL3;
    build_tss_descriptor(gdt + GDT_TSS / 8, tss_virtual);
}

void gdt_build_modes(uint64_t *gdt, uint64_t tss_virtual)
{
    gdt[0] = 0;
    gdt[1] = REAL_SIZE | SEGMENT_CODE;
    gdt[2] = REAL_SIZE;
    gdt[3] = FLAT_DATA | SEGMENT_CODE;
    gdt[4] = FLAT_DATA;
    gdt[GDT_MODES_CODE / 8] = FLAT_CODE;
    gdt[GDT_MODES_DATA / 8] = FLAT_DATA;
    build_tss_descriptor(gdt + GDT_MODES_TSS / 8, tss_virtual);
}

void idt_build_gate(uint64_t gate[2], uint16_t code, uint64_t handler_virtual, uint8_t ist)
{
    gate[0] = SEGMENT_PRESENT | INTERRUPT_GATE | (handler_virtual & 0xffff) | (uint64_t)code << 16 |
              (uint64_t)(ist & 7) << 32 | (handler_virtual >> 16 & 0xffff) << 48;
    gate[1] = handler_virtual >> 32;
}
