/* A folder for drafts, which vanishes when the program ends, however it ends. */
#pragma once

#include "common/lib/err.h"

/* Makes the program's only one, in the folder `parent`; *folder, its path, lives as long. ERR_IO
 * says what the system does. */
enum err scratch_make(const char *parent, const char **folder);

/* Its path; NULL while there is none. */
const char *scratch_folder(void);
