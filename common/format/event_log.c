/* How long is the log of what the firmware measured? */
#include "common/format/event_log.h"
#include "common/lib/mem.h"

#define LOG_MOST (4 * MIB) /* a log that is longer is a wild one */

/* An event of the old format; a log of the new one begins with one, which says how long digests
 * are. */
#define OLD_EVENT_BYTES 28
#define OLD_EVENT       32

#define SPEC_ID_DIGESTS (OLD_EVENT + 24)
#define SPEC_ID_SIZES   (OLD_EVENT + 28) /* algorithm and bytes, of 16 bits each */
#define DIGESTS_MOST    16

#define NEW_DIGESTS 8
#define NEW_DIGEST  12 /* algorithm, digest, and so on; then the event's size, and the event */

/* The log's first event says it. 0: it does not. */
static uint64_t digest_bytes(const uint8_t *log, uint64_t room, uint32_t algorithm)
{
    if (room < SPEC_ID_SIZES)
        return 0;
    uint64_t count = load32(log + SPEC_ID_DIGESTS);
    uint64_t end = OLD_EVENT + (uint64_t)load32(log + OLD_EVENT_BYTES);
    if (count > DIGESTS_MOST || SPEC_ID_SIZES + 4 * count > MIN(end, room))
        return 0;
    for (const uint8_t *size = log + SPEC_ID_SIZES; count--; size += 4)
        if (load16(size) == algorithm)
            return load16(size + 2);
    return 0;
}

/* Where the event at this place ends; 0: it makes no sense. */
static uint64_t new_event_end(const uint8_t *log, uint64_t room, uint64_t at)
{
    if (room < at + NEW_DIGEST)
        return 0;
    uint32_t count = load32(log + at + NEW_DIGESTS);
    if (count > DIGESTS_MOST)
        return 0;
    for (at += NEW_DIGEST; count--;) {
        uint64_t bytes = room < at + 2 ? 0 : digest_bytes(log, room, load16(log + at));
        if (!bytes)
            return 0;
        at += 2 + bytes;
    }
    return room < at + 4 ? 0 : at + 4 + load32(log + at);
}

static uint64_t old_event_end(const uint8_t *log, uint64_t room, uint64_t at)
{
    return room < at + OLD_EVENT ? 0 : at + OLD_EVENT + load32(log + at + OLD_EVENT_BYTES);
}

bool event_log_measure(struct event_log *log, uint64_t room, const uint8_t *last)
{
    uint64_t at = (uintptr_t)last - (uintptr_t)log->events; /* large, where that wraps */

    log->bytes = 0;
    if (!last)
        return true;
    room = MIN(room, LOG_MOST);
    if (at >= room)
        return false;
    log->bytes = log->format == EVENT_LOG_2 && at ? new_event_end(log->events, room, at)
                                                  : old_event_end(log->events, room, at);
    return log->bytes && log->bytes <= room;
}
