/* What firmware measured into a TPM. */
#ifndef UEFI_TPM_H
#define UEFI_TPM_H

#include "common/firmware.h"

/* firmware.event_log */
enum err tpm_event_log(struct event_log *log);

#endif
