/* The running system's loader.conf. */
#pragma once

#include "images/tool/live/machine.h"

/* Beside the entries, where there is none yet: a menu for three seconds, and a kernel that fails
 * before it starts gives way to the next. */
enum err boot_config_write(const struct live *live);

/* Takes it away where it is still what boot_config_write() wrote. */
enum err boot_config_remove(const struct live *live);
