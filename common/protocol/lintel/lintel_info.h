/* struct lintel_boot_info, as job_rules wants it. */
#ifndef LINTEL_PROTOCOL_LINTEL_LINTEL_INFO_H
#define LINTEL_PROTOCOL_LINTEL_LINTEL_INFO_H

#include "common/attempt/job.h"

uint64_t lintel_info_bytes(const struct job *job);
enum err lintel_info_build(const struct job *job, struct block *block, uint64_t *argument);
void lintel_info_seat_cpu(const struct job *job, uint64_t index, struct mp_seat *seat);
void lintel_info_tell_cpus(const struct job *job, uint64_t missing);

#endif
