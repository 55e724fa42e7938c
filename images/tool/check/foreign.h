/* Kernels of other protocols than Lintel's own: what the loader knows of them before it boots
 * them. */
#ifndef LINTEL_TOOL_CHECK_FOREIGN_H
#define LINTEL_TOOL_CHECK_FOREIGN_H

#include "images/tool/check/kernel_file.h"

/* Appends it to a text, to be freed. Errors are the loader's, of a file that it would not boot. */
enum err foreign_describe(const struct kernel_file *kernel, struct arena *arena, char **text);

#endif
