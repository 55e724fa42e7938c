/* Which names does a volume hold as they are written? */
#include "images/tool/image/volume_path.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/lib/utf8.h"
#include <stdbool.h>

#define NAME_UNITS_MAX 255 /* of UTF-16, in FAT and Joliet */

/* ---- rules: each says what is wrong with a name, or NULL ------------------------------------- */

static const char *refuse_empty(const char *name, size_t length)
{
    (void)name;
    return length ? NULL : "is empty";
}

/* FAT drops them: `a.` would be the file `a`, and `..` another folder. */
static const char *refuse_ends(const char *name, size_t length)
{
    if (name[0] == ' ' || name[length - 1] == ' ')
        return "begins or ends with a blank";
    return name[length - 1] == '.' ? "ends with a dot" : NULL;
}

static const char *refuse_characters(const char *name, size_t length)
{
    for (const char *next = name; next < name + length;) {
        uint32_t character = utf8_next(&next);
        if (character == UTF8_REPLACEMENT)
            return "is no UTF-8";
        if (character < ' ' || character == 0x7f)
            return "has a control character";
        if (character < 0x80 && strchr("\\:*?\"<>|", (char)character))
            return "has one of the characters \\ : * ? \" < > |";
    }
    return NULL;
}

static const char *refuse_long(const char *name, size_t length)
{
    size_t units = 0;

    for (const char *next = name; next < name + length;)
        units += utf8_next(&next) > 0xffff ? 2 : 1;
    return units > NAME_UNITS_MAX ? "is longer than 255 characters" : NULL;
}

/* DOS, its heirs and mtools open a device there, whatever follows behind a dot. */
static const char *refuse_device(const char *name, size_t length)
{
    static const char *const devices[] = {"con", "prn", "aux", "nul", "clock$", "com?", "lpt?"};
    char base[8] = "";

    for (size_t i = 0; i < length && i < sizeof base && name[i] != '.'; i++)
        base[i] = name[i];
    if (base[sizeof base - 1])
        return NULL;
    if (base[3] >= '0' && base[3] <= '9')
        base[3] = '?'; /* which no name has here */
    for (size_t i = 0; i < ARRAY_LENGTH(devices); i++)
        if (text_equal(base, devices[i]))
            return "is the name of a device (as con, prn, aux, nul, com1 and lpt1 are)";
    return NULL;
}

static const char *(*const rules[])(const char *name, size_t length) = {
    refuse_empty, refuse_ends, refuse_characters, refuse_long, refuse_device,
};

/* ---- paths ----------------------------------------------------------------------------------- */

static enum err check_name(const char *path, const char *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        const char *why = rules[i](name, length);
        if (why)
            return fail(ERR_FORMAT, "no volume holds a name that %s: `%.*s` in `%s`", why,
                        (int)length, name, path);
    }
    return OK;
}

enum err volume_path_check(const char *path)
{
    const char *last = text_last((char *)(uintptr_t)path, '/');

    if (path[0] != '/' || !last[1])
        return fail(
            ERR_FORMAT,
            "`%s` is no path on the volume: a path begins with / and ends with a file's name",
            path);
    for (const char *name = path; *name;) {
        size_t length = 0;
        for (name++; name[length] && name[length] != '/';)
            length++;
        TRY(check_name(path, name, length));
        name += length;
    }
    return OK;
}
