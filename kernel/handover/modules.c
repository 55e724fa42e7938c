/* Which module has a name? */
#include "kernel/handover/handover.h"
#include "kernel/lib/text.h"

const struct lintel_module *module_find(const char *name)
{
    for (uint64_t i = 0; i < boot->module_count; i++) {
        const char *path = boot->modules[i].path, *last = path;
        for (const char *at = path; *at; at++)
            if (*at == '/')
                last = at + 1;
        if (text_equal(path, name) || text_equal(last, name))
            return &boot->modules[i];
    }
    return NULL;
}
