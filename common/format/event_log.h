/* The length of the log that firmware keeps of what it measured into a TPM: it tells only where the
 * last event begins (TCG EFI Protocol 2.0, 6.5; TCG PC Client Platform Firmware Profile 1.05, 10).
 */
#pragma once

#include "common/firmware.h"
#include <stdbool.h>

/* Fills log->bytes, from its format and events. `room`: bytes that it may have, and that may be
 * read. `last`: where its last event begins; NULL: it has none. False: it makes no sense. */
bool event_log_measure(struct event_log *log, uint64_t room, const uint8_t *last);
