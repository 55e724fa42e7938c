/* Advanced Power Management (APM BIOS Interface Specification 1.2). */
#pragma once

#include "common/firmware.h"

/* firmware.connect_apm. */
enum err apm_connect(struct apm *apm);

/* firmware.power_off. */
enum err apm_power_off(bool now);
