/* Unified kernel images (UAPI.5): PE files whose sections are a kernel and what it boots with. */
#pragma once

#include "common/format/pe.h"

struct uki {
    struct pe pe;
    uint32_t base_end;                   /* sections before this index belong to all profiles */
    uint32_t profile_first, profile_end; /* those of the profile, which take precedence */
};

/* True when it is a PE file with a section .linux; for choosing a protocol. */
bool uki_recognise(const struct reader *reader, struct arena *arena);

/* Errors as pe_parse(); ERR_FORMAT also for sections that overlap; ERR_NOT_FOUND: it has no .linux,
 * and so is none, or no profile of that number. 0 is the first one, or that of an image
 * without any. */
enum err uki_open(const struct reader *reader, uint32_t profile, struct arena *arena,
                  struct uki *uki);

/* Goes over to another profile. ERR_NOT_FOUND: there is none of that number. */
enum err uki_choose(struct uki *uki, uint32_t profile);

/* NULL: there is none of that name. */
const struct pe_section *uki_find(const struct uki *uki, const char *name);

/* A section that stands there again, though all but profiles have one of each (UAPI.5); NULL: none.
 */
const char *uki_find_twice(const struct uki *uki);

/* A section's contents as text, with white space at its end cut off; "" where there is no such
 * section. ERR_FORMAT: it is longer than any text should be. */
enum err uki_text(const struct uki *uki, const char *name, struct arena *arena, char **text);

/* Its .cmdline in one line: control characters, such as line ends, are blanks. */
enum err uki_command_line(const struct uki *uki, struct arena *arena, char **text);

/* A section's contents, named after the file and the section. */
enum err uki_part(const struct uki *uki, const struct pe_section *section, struct arena *arena,
                  struct reader_part *part);
