/* ELF64 as it lies in a file (System V gABI 4.3, chapters 4 and 5), little-endian like the machine.
 * Field names are the specification's, so that messages can quote them. */
#pragma once

#include <stdint.h>

#define ELF_MAGIC "\177ELF"

#define EI_CLASS   4
#define EI_DATA    5
#define EI_VERSION 6

#define ELFCLASS64  2
#define ELFDATA2LSB 1
#define EV_CURRENT  1
#define EM_X86_64   62

#define ET_EXEC 2
#define ET_DYN  3
#define PN_XNUM 0xffff /* the true count is in section header 0 */

struct elf_header {
    uint8_t e_ident[16];
    uint16_t e_type, e_machine;
    uint32_t e_version;
    uint64_t e_entry, e_phoff, e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
};

#define PT_LOAD    1
#define PT_DYNAMIC 2
#define PT_INTERP  3
#define PT_NOTE    4

#define PF_X 1
#define PF_W 2

struct elf_program {
    uint32_t p_type, p_flags;
    uint64_t p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
};

#define SHT_PROGBITS 1
#define SHT_SYMTAB   2
#define SHT_STRTAB   3
#define SHT_NOTE     7

struct elf_section {
    uint32_t sh_name, sh_type;
    uint64_t sh_flags, sh_addr, sh_offset, sh_size;
    uint32_t sh_link, sh_info;
    uint64_t sh_addralign, sh_entsize;
};

#define STT_FUNC  2
#define STB_WEAK  2
#define SHN_UNDEF 0
#define SHN_ABS   0xfff1

struct elf_sym {
    uint32_t st_name;
    uint8_t st_info, st_other;
    uint16_t st_shndx;
    uint64_t st_value, st_size;
};

struct elf_note { /* the name and then the descriptor follow, each padded to 4 bytes */
    uint32_t n_namesz, n_descsz, n_type;
};

#define DT_NULL     0
#define DT_NEEDED   1
#define DT_PLTRELSZ 2
#define DT_SYMTAB   6
#define DT_RELA     7
#define DT_RELASZ   8
#define DT_RELAENT  9
#define DT_SYMENT   11
#define DT_REL      17
#define DT_RELSZ    18
#define DT_PLTREL   20
#define DT_JMPREL   23
#define DT_RELRSZ   35
#define DT_RELR     36
#define DT_RELRENT  37
#define DT_FLAGS_1  0x6ffffffb

#define DF_1_PIE 0x08000000

struct elf_dynamic {
    uint64_t d_tag, d_val;
};

#define R_X86_64_NONE      0
#define R_X86_64_64        1
#define R_X86_64_GLOB_DAT  6
#define R_X86_64_JUMP_SLOT 7
#define R_X86_64_RELATIVE  8

struct elf_rela {
    uint64_t r_offset, r_info, r_addend; /* the type is the low half of r_info, the symbol
                                            the high one */
};
