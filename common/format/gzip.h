/* Files compressed by gzip (RFC 1952). */
#pragma once

#include "common/lib/arena.h"
#include "common/lib/reader.h"

bool gzip_recognise(const uint8_t *head, uint64_t bytes);

/* Makes a reader what is packed in it, in the arena's memory. ERR_FORMAT: it is damaged. */
enum err gzip_unpack(struct reader *reader, struct arena *arena);
