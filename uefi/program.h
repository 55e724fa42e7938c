/* Programs that firmware starts for us. */
#ifndef UEFI_PROGRAM_H
#define UEFI_PROGRAM_H

#include "common/firmware.h"

/* firmware.start */
enum err program_start(const struct program *program);

#endif
