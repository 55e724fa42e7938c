/* The flat GDT and the TSS that the kernel receives (Intel SDM 3A, 3.4.5, 7.2.3, 7.7; SYSRET's
 * selector arithmetic: Intel SDM 2B, SYSRET). */
#pragma once

#include <stdint.h>

/* Flat segments of all sizes (Intel SDM 3A, 3.4.5). Accessed is set in advance: the CPU then need
 * not write to the table when a selector is loaded. */
#define SEGMENT_CODE_64 UINT64_C(0x00af9b000000ffff)
#define SEGMENT_CODE_32 UINT64_C(0x00cf9b000000ffff)
#define SEGMENT_CODE_16 UINT64_C(0x00009b000000ffff) /* limit FFFFh */
#define SEGMENT_DATA_32 UINT64_C(0x00cf93000000ffff)
#define SEGMENT_DATA_16 UINT64_C(0x000093000000ffff) /* limit FFFFh */

#define GDT_KERNEL_CODE 0x08
#define GDT_KERNEL_DATA 0x10
#define GDT_USER_DATA   0x18 /* SYSRET order: STAR base 10h gives SS 18h and 64-bit CS 20h */
#define GDT_USER_CODE   0x20
#define GDT_TSS         0x28 /* two slots */
#define GDT_ENTRIES     7
#define GDT_BYTES       (GDT_ENTRIES * 8)
#define TSS_BYTES       104

#define IST_FAULT 1 /* every vector of the first-fault IDT uses this IST stack */

/* The TSS: IST1 set, no I/O bitmap, all else zero. `ist1_top` is a virtual address. */
void gdt_build_tss(uint8_t tss[TSS_BYTES], uint64_t ist1_top);

/* Its descriptor, available, in two slots of a GDT. 0: base 0, limit 0. */
void gdt_build_tss_descriptor(uint64_t descriptor[2], uint64_t tss_virtual);

/* Lintel's GDT with an available 64-bit TSS descriptor for `tss_virtual`. */
void gdt_build(uint64_t *gdt, uint64_t tss_virtual);

/* The GDT of the Limine protocol: flat code and data of each mode, and the TSS. */
#define GDT_MODES_CODE  0x28 /* 64-bit */
#define GDT_MODES_DATA  0x30
#define GDT_MODES_TSS   0x38 /* two slots */
#define GDT_MODES_BYTES (9 * 8)
void gdt_build_modes(uint64_t *gdt, uint64_t tss_virtual);

/* One 64-bit interrupt gate (16 bytes) in the code segment of a selector, DPL 0 (Intel SDM
 * 3A, 6.14.1). */
void idt_build_gate(uint64_t gate[2], uint16_t code, uint64_t handler_virtual, uint8_t ist);
