/* Bits of control registers, and numbers of MSRs (Intel SDM 3A, 2.5; SDM 4). The assembly has them,
 * too, by way of handoff/offsets.c. */
#pragma once

#define DR7_AT_RESET   0x400
#define MXCSR_AT_RESET 0x1f80

#define CR0_PE (1u << 0)
#define CR0_MP (1u << 1)
#define CR0_ET (1u << 4)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_NW (1u << 29)
#define CR0_CD (1u << 30)
#define CR0_PG (1u << 31)

#define CR4_PAE        (1u << 5)
#define CR4_PGE        (1u << 7)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_LA57       (1u << 12)
#define CR4_SMEP       (1u << 20)

#define MSR_EFER 0xc0000080
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10) /* the CPU sets it by itself */
#define EFER_NXE (1u << 11)

#define MSR_APIC_BASE            0x1b
#define MSR_XAPIC_DISABLE_STATUS 0xbd
#define MSR_MTRR_CAPABILITIES    0xfe
#define MSR_ARCH_CAPABILITIES    0x10a
#define MSR_MTRR_VARIABLE        0x200 /* base and mask in turn */
#define MSR_PAT                  0x277
#define MSR_MTRR_DEF_TYPE        0x2ff
#define MSR_X2APIC               0x800 /* the APIC's registers, one for each 16 bytes of an xAPIC's */
#define MSR_FS_BASE              0xc0000100 /* GS_BASE and KERNEL_GS_BASE follow */
