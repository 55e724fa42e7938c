/* What firmware measured into a TPM. */
#pragma once

#include "common/firmware.h"

/* firmware.event_log */
enum err tpm_event_log(struct event_log *log);
