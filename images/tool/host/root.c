/* Under which folder does the running system lie? */
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include <stdlib.h>

char *root_path(const char *path)
{
    const char *root = getenv("LINTEL_ROOT");

    return text_of("%s%s", root ? root : "", path);
}
