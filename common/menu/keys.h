/* Which of what comes is a person's key? A serial line may send back all that it is sent (a modem,
 * a terminal server, a shell at its other end), or talk by itself: no byte tells, but a person's
 * come one by one.
 *
 * A burst are characters with less than 50 ms between them. It is a wish only when it is one
 * character, or what a script sends: a number, and Enter; q, d or r, and Enter. All else is babble:
 * nothing of it is obeyed, nor what comes before the line was silent for half a second. Keys that
 * are sequences (arrows) don't wait for the end of a burst. */
#pragma once

#include "common/firmware.h"
#include "common/format/keymap.h"

struct keys {
    const struct firmware *firmware;
    const struct keymap *keymap; /* of the keyboard; NULL: a US one */
    enum key burst[8];           /* a longer one is no wish */
    uint32_t next, count;
    uint32_t noisy_looks; /* so many without a byte, and the line is silent again */
    bool babbled;         /* for the user to clear */
};

enum waiting { NOTHING, A_KEY, BABBLE };

/* What was there before the menu is no wish, but may be a call for it: a key, pressed or held, or
 * babble, as Enter is here, which may be the end of a line that came back. `looks`: so many looks
 * for a key that is held. */
enum waiting keys_begin(struct keys *keys, const struct firmware *firmware,
                        const struct keymap *keymap, uint32_t looks);

/* The next key that is a wish; KEY_NONE: there is none yet. To be called every
 * KEYS_LOOK_MILLISECONDS. */
#define KEYS_LOOK_MILLISECONDS 20
enum key keys_next(struct keys *keys);

/* Drops what else came in the burst of the last key. */
void keys_forget(struct keys *keys);

/* The next key, waited for. In text that is shown while it is typed every key is one. */
enum key keys_wait(struct keys *keys);
enum key keys_wait_typed(struct keys *keys);
