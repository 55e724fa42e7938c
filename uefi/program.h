/* Programs that firmware starts for us. */
#pragma once

#include "common/firmware.h"

/* firmware.start */
enum err program_start(const struct program *program);
