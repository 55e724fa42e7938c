/* Which of what comes is a person's key? */
#include "common/menu/keys.h"
#include "common/lib/mem.h"

#define GAP_WAITS         5 /* firmware may look at its lines every 20 ms only */
#define WAIT_MILLISECONDS 10
#define NOISY_LOOKS       (500 / KEYS_LOOK_MILLISECONDS)
#define BYTES_A_LOOK      64 /* a line may never pause */

static enum key look(const struct keys *keys)
{
    return keys->keymap ? keymap_apply(keys->keymap, keys->firmware->key(true))
                        : keys->firmware->key(false);
}

static enum key get_soon(const struct keys *keys)
{
    enum key key;

    for (uint32_t waits = 0; (key = look(keys)) == KEY_NONE && waits < GAP_WAITS; waits++)
        keys->firmware->wait(WAIT_MILLISECONDS);
    return key;
}

static void gather(struct keys *keys, enum key key)
{
    keys->next = keys->count = 0;
    while (key != KEY_NONE) {
        keys->burst[keys->count++] = key;
        if (keys->count == ARRAY_LENGTH(keys->burst))
            break;
        key = get_soon(keys);
    }
}

static bool is_number(const enum key *burst, uint32_t count)
{
    while (count && burst[count - 1] >= '0' && burst[count - 1] <= '9')
        count--;
    return count == 0;
}

static bool is_wish(const struct keys *keys)
{
    const enum key *burst = keys->burst;
    uint32_t count = keys->count, lower = burst[0] | 0x20;

    if (count == 1)
        return burst[0] < KEY_UNKNOWN;
    if (count == ARRAY_LENGTH(keys->burst))
        return false;
    count -= burst[count - 1] == KEY_ENTER;
    return is_number(burst, count) ||
           (count == 1 && (lower == 'q' || lower == 'd' || lower == 'r'));
}

void keys_forget(struct keys *keys)
{
    keys->count = 0;
}

static void begin_babble(struct keys *keys)
{
    keys_forget(keys);
    keys->noisy_looks = NOISY_LOOKS;
    keys->babbled = true;
}

static void wait_for_silence(struct keys *keys)
{
    uint32_t bytes = 0;

    while (bytes < BYTES_A_LOOK && look(keys) != KEY_NONE)
        bytes++;
    keys->noisy_looks = bytes ? NOISY_LOOKS : keys->noisy_looks - 1;
}

static enum key obey(struct keys *keys, enum key key)
{
    if (key == KEY_NONE || key > KEY_UNKNOWN)
        return key;
    gather(keys, key);
    if (is_wish(keys))
        return keys->burst[keys->next++];
    begin_babble(keys);
    return KEY_NONE;
}

enum key keys_next(struct keys *keys)
{
    if (keys->next < keys->count)
        return keys->burst[keys->next++];
    if (!keys->noisy_looks)
        return obey(keys, look(keys));
    wait_for_silence(keys);
    return KEY_NONE;
}

/* ---- before the menu ------------------------------------------------------------------------- */

/* One, or one that is held and comes again and again. */
static bool is_one_key(const struct keys *keys)
{
    for (uint32_t i = 0; i < keys->count; i++)
        if (keys->burst[i] != keys->burst[0])
            return false;
    return keys->burst[0] != KEY_ENTER && keys->burst[0] != KEY_UNKNOWN;
}

enum waiting keys_begin(struct keys *keys, const struct firmware *firmware,
                        const struct keymap *keymap, uint32_t looks)
{
    enum key key;

    *keys = (struct keys){.firmware = firmware, .keymap = keymap};
    while ((key = look(keys)) == KEY_NONE && looks--)
        firmware->wait(KEYS_LOOK_MILLISECONDS);
    if (key == KEY_NONE)
        return NOTHING;
    gather(keys, key);
    enum waiting waiting = is_one_key(keys) ? A_KEY : BABBLE;
    if (waiting == BABBLE || keys->count > 1)
        begin_babble(keys); /* there may be more of it */
    keys->babbled = waiting == BABBLE;
    keys_forget(keys);
    return waiting;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static enum key wait_for(struct keys *keys, enum key (*get)(struct keys *keys))
{
    enum key key;

    while ((key = get(keys)) == KEY_NONE)
        keys->firmware->wait(KEYS_LOOK_MILLISECONDS);
    return key;
}

enum key keys_wait(struct keys *keys)
{
    return wait_for(keys, keys_next);
}

static enum key get_any(struct keys *keys)
{
    return look(keys);
}

enum key keys_wait_typed(struct keys *keys)
{
    return wait_for(keys, get_any);
}
