/* Which bits describe a segment, a task state or a gate? */
#include "common/memory/gdt.h"
#include "common/lib/mem.h"

/* Descriptor bits (Intel SDM 3A, 3.4.5). */
#define SEGMENT_DPL3    (UINT64_C(3) << 45)
#define SEGMENT_PRESENT (UINT64_C(1) << 47)

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

void gdt_build_tss_descriptor(uint64_t descriptor[2], uint64_t tss_virtual)
{
    descriptor[0] = SEGMENT_PRESENT | TSS_AVAILABLE | (tss_virtual ? TSS_BYTES - 1 : 0) |
                    (tss_virtual & 0xffffff) << 16 | (tss_virtual >> 24 & 0xff) << 56;
    descriptor[1] = tss_virtual >> 32;
}

void gdt_build(uint64_t *gdt, uint64_t tss_virtual)
{
    gdt[0] = 0;
    gdt[GDT_KERNEL_CODE / 8] = SEGMENT_CODE_64;
    gdt[GDT_KERNEL_DATA / 8] = SEGMENT_DATA_32;
    gdt[GDT_USER_DATA / 8] = SEGMENT_DATA_32 | SEGMENT_DPL3;
    gdt[GDT_USER_CODE / 8] = SEGMENT_CODE_64 | SEGMENT_DPL3;
    gdt_build_tss_descriptor(gdt + GDT_TSS / 8, tss_virtual);
}

void gdt_build_modes(uint64_t *gdt, uint64_t tss_virtual)
{
    gdt[0] = 0;
    gdt[1] = SEGMENT_CODE_16;
    gdt[2] = SEGMENT_DATA_16;
    gdt[3] = SEGMENT_CODE_32;
    gdt[4] = SEGMENT_DATA_32;
    gdt[GDT_MODES_CODE / 8] = SEGMENT_CODE_64;
    gdt[GDT_MODES_DATA / 8] = SEGMENT_DATA_32;
    gdt_build_tss_descriptor(gdt + GDT_MODES_TSS / 8, tss_virtual);
}

void idt_build_gate(uint64_t gate[2], uint16_t code, uint64_t handler_virtual, uint8_t ist)
{
    gate[0] = SEGMENT_PRESENT | INTERRUPT_GATE | (handler_virtual & 0xffff) | (uint64_t)code << 16 |
              (uint64_t)(ist & 7) << 32 | (handler_virtual >> 16 & 0xffff) << 48;
    gate[1] = handler_virtual >> 32;
}
