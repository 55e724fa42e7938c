/* Which record of the state is a variable, and what does it say? */
#include "common/storage/state_variable.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"

#define TEXT_UNITS (STATE_VALUE_BYTES + 1) /* with its 0: one has a byte at least */

const uint8_t vendor_loader[16] = {0x82, 0xb0, 0x67, 0x4a, 0x4c, 0x0a, 0xcf, 0x41,
                                   0xb6, 0xc7, 0x44, 0x0b, 0x29, 0xbb, 0x8c, 0x4f};
const uint8_t vendor_lintel[16] = {0xdf, 0x3d, 0x09, 0xad, 0xa5, 0xd8, 0x32, 0x4c,
                                   0x85, 0xc3, 0x94, 0x3b, 0xfe, 0x2a, 0x0f, 0x1f};

struct place {
    const uint8_t *vendor;
    char name[28];
    uint8_t id;
};

static const struct place places[] = {
    {vendor_loader, "LoaderEntryDefault", STATE_DEFAULT},
    {vendor_loader, "LoaderEntryOneShot", STATE_ONE_SHOT},
    {vendor_loader, "LoaderEntryLastBooted", STATE_LAST_BOOTED},
    {vendor_loader, "LoaderConfigTimeout", STATE_TIMEOUT},
    {vendor_loader, "LoaderConfigTimeoutOneShot", STATE_TIMEOUT_ONE_SHOT},
    {vendor_loader, "LoaderEntrySelected", STATE_SELECTED},
    {vendor_loader, "LoaderTimeInitUSec", STATE_TIME_INIT},
    {vendor_loader, "LoaderTimeMenuUSec", STATE_TIME_MENU},
    {vendor_loader, "LoaderTimeExecUSec", STATE_TIME_EXEC},
    {vendor_lintel, "LintelTries", STATE_TRIES},
    {vendor_lintel, "LintelTrial", STATE_TRIAL},
    {vendor_lintel, "LintelRunning", STATE_RUNNING},
};

/* NULL: it has none. */
static const struct place *find(const uint8_t vendor[16], const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        if (memcmp(places[i].vendor, vendor, 16) == 0 && strcmp(places[i].name, name) == 0)
            return &places[i];
    return NULL;
}

static bool is_text(const struct place *place)
{
    return place->vendor == vendor_loader;
}

enum err state_get_variable(const struct state *state, const uint8_t vendor[16], const char *name,
                            void *to, uint64_t *bytes)
{
    const struct place *place = find(vendor, name);
    uint32_t length = 0;
    const uint8_t *value = place ? state_get(state, place->id, &length) : NULL;
    char text[STATE_VALUE_BYTES + 1];
    uint16_t units[TEXT_UNITS];
    uint64_t size = length, room = *bytes;

    if (!value)
        return fail(ERR_NOT_FOUND, "there is no %s", name);
    if (is_text(place)) {
        memcpy(text, value, length);
        text[length] = 0;
        size = 2 * (utf8_to_utf16(text, units) + 1);
        value = (const uint8_t *)units;
    }
    *bytes = size;
    if (size > room)
        return fail(ERR_UNSUPPORTED, "%s has %lu bytes: %lu are too few for it", name, size, room);
    memcpy(to, value, size);
    return OK;
}

static enum err set_text(struct state *state, const struct place *place, const void *value,
                         uint64_t bytes)
{
    char text[3 * TEXT_UNITS + 1];
    uint16_t units[TEXT_UNITS];
    uint32_t length = 0;

    if (bytes % 2)
        return fail(ERR_FORMAT, "%s: %lu bytes are no UTF-16 text", place->name, bytes);
    if (bytes > sizeof units)
        return fail(ERR_NO_MEMORY, "%s: a text of %lu characters is too long: %u at most",
                    place->name, bytes / 2, STATE_VALUE_BYTES);
    memcpy(units, value, bytes);
    while (length < bytes / 2 && units[length])
        length++;
    utf8_from_utf16(units, length, text);
    return state_set(state, place->id, text, (uint32_t)strlen(text));
}

enum err state_set_variable(struct state *state, const uint8_t vendor[16], const char *name,
                            bool kept, const void *value, uint64_t bytes)
{
    const struct place *place = find(vendor, name);

    if (!place)
        return kept ? fail(ERR_UNSUPPORTED, "a BIOS's disk has no place for %s", name) : OK;
    if (bytes && is_text(place))
        return set_text(state, place, value, bytes);
    return state_set(state, place->id, value, (uint32_t)MIN(bytes, UINT32_MAX));
}
