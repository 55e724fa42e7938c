/* Advanced Power Management (APM BIOS Interface Specification 1.2). */
#pragma once

#include "common/firmware.h"

/* firmware.connect_apm. */
enum err apm_connect(struct apm *apm);
