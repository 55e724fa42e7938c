/* Variables, as UEFI has them, in the state sectors of the disk that Lintel was installed on. */
#pragma once

#include "common/firmware.h"

/* Reads them. False: there is no place for any. */
bool variable_find(const struct facts *facts);

/* firmware.get_variable, firmware.set_variable, firmware.commit_variables. What tells of one boot
 * is written with what is to be kept. As the last thing before a kernel it is written alone, too,
 * but only where a state was begun before: no disk is written to that nobody ever asked to keep
 * anything. */
enum err variable_get(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes);
enum err variable_set(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                      uint64_t bytes);
enum err variable_commit(void);
