/* Firmware's variables. */
#pragma once

#include "common/firmware.h"

/* firmware.get_variable, firmware.set_variable */
enum err variable_get(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes);
enum err variable_set(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                      uint64_t bytes);
