/* PE32+ images for x86-64 (Microsoft PE Format; UEFI 2.10, 2.1.1): headers and sections. Every
 * field that is used is checked; a refusal names the file, the field and its value. */
#pragma once

#include "common/lib/arena.h"
#include "common/lib/reader.h"

#define PE_NAME_BYTES 9 /* of a section, and a 0 */

enum pe_subsystem { PE_EFI_APPLICATION = 10, PE_EFI_BOOT_DRIVER, PE_EFI_RUNTIME_DRIVER };

struct pe_section {
    char name[PE_NAME_BYTES];
    uint32_t virtual, memory_bytes;   /* relative to where the image is loaded */
    uint32_t file_offset, file_bytes; /* inside the file; 0 bytes: all of it is zero */
    uint32_t content_bytes;           /* of file_bytes, those that are no padding */
};

struct pe {
    const struct reader *reader;
    uint32_t subsystem;
    uint32_t image_bytes; /* SizeOfImage */
    struct pe_section *sections;
    uint32_t section_count;
};

/* True when the file begins like a PE file for any machine at all: for choosing a protocol. A file
 * that can't be read is none. */
bool pe_recognise(const struct reader *reader);

/* Reads headers into arena memory. ERR_FORMAT: not PE32+, damaged or self-contradicting.
 * ERR_UNSUPPORTED: for another machine, which the message names. */
enum err pe_parse(const struct reader *reader, struct arena *arena, struct pe *pe);

/* ERR_FORMAT: two sections share bytes of the file or of memory; names both. */
enum err pe_check_overlap(const struct pe *pe);

/* The first section of that name at or behind index `first`, before index `end`; NULL: none. */
const struct pe_section *pe_find(const struct pe *pe, const char *name, uint32_t first,
                                 uint32_t end);
