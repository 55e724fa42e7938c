/* How long is the log of what the firmware measured? */
#include "common/format/event_log.h"
#include "common/lib/mem.h"

#define LOG_MOST (4 * MIB) /* a log or an event longer than this is a wild one */

/* An event of the old format; a log of the new one begins with one, which says how long digests
 * are. */
#define OLD_EVENT_BYTES 28
#define OLD_EVENT       32

#define SPEC_ID_DIGESTS (OLD_EVENT + 24)
#define SPEC_ID_SIZES   (OLD_EVENT + 28) /* algorithm and bytes, of 16 bits each */
#define DIGESTS_MOST    16

#define NEW_DIGESTS 8
#define NEW_DIGEST  12 /* algorithm, digest, and so on; then the event's size, and the event */

static uint64_t digest_bytes(const uint8_t *log, uint32_t algorithm)
{
    uint32_t count = load32(log + SPEC_ID_DIGESTS), room = load32(log + OLD_EVENT_BYTES);
    if (count > DIGESTS_MOST || SPEC_ID_SIZES + 4 * count > OLD_EVENT + room)
        return 0;
    for (const uint8_t *size = log + SPEC_ID_SIZES; count--; size += 4)
        if (load16(size) == algorithm)
            return load16(size + 2);
    return 0;
}

/* 0: it makes no sense. */
static uint64_t new_event_bytes(const uint8_t *log, const uint8_t *event)
{
    uint32_t count = load32(event + NEW_DIGESTS);
    uint64_t at = NEW_DIGEST;
    if (count > DIGESTS_MOST)
        return 0;
    while (count--) {
        uint64_t bytes = digest_bytes(log, load16(event + at));
        if (!bytes)
            return 0;
        at += 2 + bytes;
    }
    return at + 4 + load32(event + at);
}

static uint64_t old_event_bytes(const uint8_t *event)
{
    return OLD_EVENT + (uint64_t)load32(event + OLD_EVENT_BYTES);
}

bool event_log_measure(struct event_log *log, const uint8_t *last)
{
    bool is_new = log->format == EVENT_LOG_2 && last != log->events;
    if (!last) {
        log->bytes = 0;
        return true;
    }
    if (last < log->events || last - log->events > (ptrdiff_t)LOG_MOST)
        return false;
    uint64_t bytes = is_new ? new_event_bytes(log->events, last) : old_event_bytes(last);
    log->bytes = (uint64_t)(last - log->events) + bytes;
    return bytes && bytes <= LOG_MOST;
}
