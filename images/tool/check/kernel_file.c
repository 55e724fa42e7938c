/* What kind of kernel does a file of the host hold? */
#include "images/tool/check/kernel_file.h"
#include "images/tool/host/file.h"

enum err kernel_file_open(const struct entry *entry, struct arena *arena,
                          struct kernel_file *kernel)
{
    struct content content;

    TRY(file_map(entry->kernel, &content));
    kernel->source = source_from_memory(entry->kernel, content.bytes, content.size);
    return protocol_find(entry, &kernel->source, arena, &kernel->protocol);
}
