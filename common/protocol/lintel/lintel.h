/* Lintel's own protocol, for who wants to know what it would do: the host's `lintel check`. */
#ifndef LINTEL_PROTOCOL_LINTEL_LINTEL_H
#define LINTEL_PROTOCOL_LINTEL_LINTEL_H

#include "common/attempt/job.h"

extern const struct job_rules lintel_rules;

/* Sets the job's rules, and reads the headers of the kernel and the resident image. Errors as
 * elf_parse(); ERR_UNSUPPORTED: the kernel has no Lintel note. */
enum err lintel_parse(struct job *job, const struct source *kernel);

#endif
