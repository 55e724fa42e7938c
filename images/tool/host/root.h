/* Where the running system's own files lie. */
#pragma once

/* "/sys/..." as it is to be opened: behind the folder that LINTEL_ROOT names, where that is set, so
 * that a tree of files can play a machine. To be freed. */
char *root_path(const char *path);
