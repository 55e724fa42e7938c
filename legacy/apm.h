/* Advanced Power Management (APM BIOS Interface Specification 1.2). */
#ifndef LEGACY_APM_H
#define LEGACY_APM_H

#include "common/firmware.h"

/* firmware.connect_apm. */
enum err apm_connect(struct apm *apm);

#endif
