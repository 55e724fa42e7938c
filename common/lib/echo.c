/* Which keys are only what was just sent? */
#include "common/lib/echo.h"
#include "common/lib/mem.h"
#include "common/lib/terminal.h"

#define SENT_BYTES        4096 /* the text of some screens */
#define RUN               8    /* so many in order, */
#define DIFFERENT         3    /* and so many of them different, are no accident */
#define HELD_MOST         128
#define WAITS_MOST        3 /* a key that is held comes again after 33 ms, and is none of a run */
#define WAIT_MILLISECONDS 10
#define SILENT_LOOKS      50 /* as the menu looks for keys: a second */

static struct {
    void (*put)(char c);
    enum key (*key)(void);
    void (*wait)(uint32_t milliseconds);
    struct terminal terminal;
    char sent[SENT_BYTES]; /* a ring: characters of ASCII, for of all else no key is made */
    uint64_t total;        /* ever sent */
    uint64_t next;         /* what is to come back next; `total`: nothing */
    bool heard, any;       /* something has come back; since the line was silent last */
    uint32_t silent_looks;
    enum key held[HELD_MOST]; /* keys whose neighbours had to be seen first */
    uint32_t held_first, held_count;
} echo;

void echo_attach(void (*put)(char c), enum key (*key)(void), void (*wait)(uint32_t milliseconds))
{
    memset(&echo, 0, sizeof echo);
    echo.put = put;
    echo.key = key;
    echo.wait = wait;
}

bool echo_heard(void)
{
    return echo.heard;
}

static bool is_text(uint32_t character)
{
    return character >= ' ' && character <= '~';
}

void echo_put(char c)
{
    if (terminal_read(&echo.terminal, c) == TERMINAL_CHARACTER && is_text(echo.terminal.character))
        echo.sent[echo.total++ % SENT_BYTES] = (char)echo.terminal.character;
    echo.put(c);
}

/* ---- the first time -------------------------------------------------------------------------- */

static bool stands_at(uint64_t at)
{
    for (uint32_t i = 0; i < echo.held_count; i++)
        if (at + i >= echo.total || (enum key)echo.sent[(at + i) % SENT_BYTES] != echo.held[i])
            return false;
    return true;
}

/* Where the keys that are held were sent, in this order; `total`: nowhere. */
static uint64_t find_sent(void)
{
    uint64_t at = echo.total - MIN(echo.total, SENT_BYTES);

    while (at < echo.total && !stands_at(at))
        at++;
    return at;
}

static uint32_t count_different(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < echo.held_count; i++) {
        uint32_t same = 0;
        while (echo.held[same] != echo.held[i])
            same++;
        count += same == i;
    }
    return count;
}

static enum key get_soon(void)
{
    enum key key;

    for (uint32_t waits = 0; (key = echo.key()) == KEY_NONE && waits < WAITS_MOST; waits++)
        echo.wait(WAIT_MILLISECONDS);
    return key;
}

/* A person's key comes alone; who sends text that stands on the screen, as fast, is an echo. */
static enum key listen(enum key key)
{
    echo.held_first = echo.held_count = 0;
    while (key != KEY_NONE) {
        echo.held[echo.held_count++] = key;
        uint64_t at = find_sent();
        if (at == echo.total)
            break;
        echo.next = at + echo.held_count;
        echo.heard = echo.any = echo.held_count >= RUN && count_different() >= DIFFERENT;
        if (echo.heard || echo.held_count == HELD_MOST)
            break;
        key = get_soon();
    }
    if (echo.heard)
        echo.held_count = 0;
    return echo.held_count ? echo.held[echo.held_first++] : KEY_NONE;
}

/* ---- from then on ---------------------------------------------------------------------------- */

/* Until all has come back, or the line is silent: some bytes may be lost. A line from which nothing
 * comes back any more has no echo. */
static enum key compare(enum key key)
{
    echo.next = MAX(echo.next, echo.total - MIN(echo.total, SENT_BYTES));
    if (echo.next == echo.total)
        return key;
    if ((enum key)echo.sent[echo.next % SENT_BYTES] == key) {
        echo.next++;
        echo.any = true;
    }
    return KEY_NONE;
}

static void look_at_silence(void)
{
    if (++echo.silent_looks < SILENT_LOOKS)
        return;
    if (echo.next < echo.total && !echo.any)
        echo.heard = false;
    echo.next = echo.total;
    echo.any = false;
    echo.silent_looks = 0;
}

enum key echo_key(void)
{
    if (echo.held_first < echo.held_count)
        return echo.held[echo.held_first++];
    enum key key = echo.key();
    if (key == KEY_NONE) {
        look_at_silence();
        return KEY_NONE;
    }
    echo.silent_looks = 0;
    if (!is_text((uint32_t)key))
        return key;
    return echo.heard ? compare(key) : listen(key);
}
