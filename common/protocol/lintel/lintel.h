/* Lintel's own protocol (PROTOCOL.md): what its files share. */
#pragma once

#include "common/attempt/upper_half.h"

/* One attempt's own. */
struct lintel {
    struct elf image;
    struct lintel_request request;
    struct file *modules;          /* as many as regions behind the kernel's */
    struct lintel_boot_info *info; /* as built last */
};

/* The protocol's rules for the address space: for tests. */
extern const struct space_rules lintel_space;

/* A note is there, good or bad. (lintel_note.c) */
bool lintel_has_note(const struct reader *reader, struct arena *arena);

/* ERR_FORMAT: it is there, but in no PT_NOTE segment. (lintel_note.c) */
enum err lintel_explain_note(const struct reader *reader, struct arena *arena);

/* ERR_UNSUPPORTED: there is none, or one that asks for what this Lintel does not know. ERR_FORMAT:
 * it is damaged, or there are two. (lintel_note.c) */
enum err lintel_read_note(const struct reader *reader, struct arena *arena,
                          struct lintel_request *request);

/* Hooks (lintel_info.c). */
enum err lintel_build(struct attempt *attempt, struct buffer *buffer);
void lintel_fill_mailbox(const struct attempt *attempt, uint64_t index, struct mp_mailbox *mailbox);
void lintel_tell_cpus(const struct attempt *attempt, uint64_t missing);
