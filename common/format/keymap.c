/* Which character does a key of this keyboard type? */
#include "common/format/keymap.h"
#include "common/format/conf.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"

static const struct conf_key levels[KEYMAP_LEVELS] = {{"plain"}, {"shift"}, {"altgr"}};

const char keymap_us[KEYMAP_ALTGR][KEYMAP_KEYS] = {
    "`1234567890-=qwertyuiop[]asdfghjkl;'\\zxcvbnm,./",
    "~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"|ZXCVBNM<>?"};

static bool is_graphic(uint32_t character)
{
    return (character > ' ' && character < 0x7f) ||
           (character > 0xa0 && character != UTF8_REPLACEMENT);
}

static enum err read_level(const struct conf *conf, uint32_t *characters)
{
    const char *text = conf->value;
    uint32_t count = 0;

    while (*text && count < KEYMAP_KEYS && is_graphic(characters[count] = utf8_next(&text)))
        count++;
    if (*text || count < KEYMAP_KEYS)
        return fail(ERR_FORMAT, "%s:%u: %s needs %u characters in UTF-8, with no blank", conf->name,
                    conf->line, conf->key, KEYMAP_KEYS);
    return OK;
}

enum err keymap_parse(const char *name, const char *text, uint64_t bytes, struct arena *arena,
                      struct keymap *keymap)
{
    bool found[KEYMAP_LEVELS] = {0};
    struct conf conf;

    TRY(conf_begin(&conf, name, text, bytes, arena));
    while (conf_next(&conf)) {
        size_t level = conf_find_key(&conf, levels, KEYMAP_LEVELS, sizeof levels[0]);
        if (level == KEYMAP_LEVELS)
            continue;
        TRY(read_level(&conf, keymap->characters[level]));
        found[level] = true;
    }
    if (*conf.damage)
        return fail(ERR_FORMAT, "%s %s", name, conf.damage);
    for (size_t i = 0; i < KEYMAP_LEVELS; i++)
        if (!found[i])
            return fail(ERR_FORMAT, "%s has no line `%s`", name, levels[i].name);
    return OK;
}

/* Of the key that a US keyboard lacks firmware makes one of these. */
static bool is_shifted_102nd(enum key character)
{
    return character == '|' || character == '>';
}

static bool find_key(enum key key, enum key character, uint32_t *level, uint32_t *index)
{
    *level = is_shifted_102nd(character);
    *index = KEYMAP_KEYS - 1;
    if (key & KEY_102ND)
        return true;
    for (*level = 0; *level < KEYMAP_ALTGR; ++*level)
        for (*index = 0; *index < KEYMAP_KEYS - 1; ++*index)
            if (keymap_us[*level][*index] == (char)character)
                return true;
    return false;
}

enum key keymap_apply(const struct keymap *keymap, enum key key)
{
    enum key character = key & (KEY_FROM_KEYBOARD - 1);
    uint32_t level, index;

    if (!(key & KEY_FROM_KEYBOARD) || !find_key(key, character, &level, &index))
        return character;
    return (enum key)keymap->characters[key & KEY_WITH_ALT ? KEYMAP_ALTGR : level][index];
}
