/* Which GUIDs and serial numbers does a disk get? */
#include "images/tool/image/identity.h"
#include <stdio.h>
#include <string.h>

/* FNV-1a with 128 bits: spreads well and is short; nothing here has to withstand an attacker. */
#define FNV_BASIS                                                                                  \
    ((unsigned __int128)0x6c62272e07bb0142 << 64 | (unsigned __int128)0x62b821756295c58d)
#define FNV_PRIME ((unsigned __int128)1 << 88 | 0x13b)

static void add(struct identity *identity, const void *from, size_t bytes)
{
    const uint8_t *next = from;
    while (bytes--)
        identity->hash = (identity->hash ^ *next++) * FNV_PRIME;
}

static void add_text(struct identity *identity, const char *text)
{
    add(identity, text, strlen(text) + 1);
}

struct identity identity_of(const struct tree *tree, const char *layout)
{
    struct identity identity = {FNV_BASIS};
    add_text(&identity, layout);
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_file *file = &tree->files[i];
        add_text(&identity, file->path);
        add(&identity, &file->content.size, sizeof file->content.size);
        add(&identity, &file->crc32, sizeof file->crc32);
    }
    return identity;
}

void identity_of_stage(const struct identity *identity, uint8_t bytes[16])
{
    struct identity own = *identity;
    add_text(&own, "second stage");
    memcpy(bytes, &own.hash, sizeof own.hash);
}

void identity_of_parts(const struct identity_parts *parts, uint8_t bytes[16])
{
    struct identity identity = {FNV_BASIS};
    add(&identity, &parts->disk_bytes, sizeof parts->disk_bytes);
    add(&identity, &parts->first_lba, sizeof parts->first_lba);
    add(&identity, &parts->sectors, sizeof parts->sectors);
    add(&identity, parts->disk_guid, sizeof parts->disk_guid);
    add(&identity, parts->volume_guid, sizeof parts->volume_guid);
    add(&identity, &parts->serial, sizeof parts->serial);
    identity_of_stage(&identity, bytes);
}

void identity_uuid(const struct identity *identity, const char *part, char text[UUID_TEXT_BYTES])
{
    struct identity own = *identity;
    add_text(&own, part);
    uint64_t high = (uint64_t)(own.hash >> 64), low = (uint64_t)own.hash;
    high = (high & ~UINT64_C(0xf000)) | 0x8000;             /* version 8 */
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62; /* variant of RFC 9562 */
    snprintf(text, UUID_TEXT_BYTES, "%08x-%04x-%04x-%04x-%012lx", (unsigned)(high >> 32),
             (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff), (unsigned)(low >> 48),
             low & 0xffffffffffff);
}

uint32_t identity_serial(const struct identity *identity, const char *part)
{
    struct identity own = *identity;
    add_text(&own, part);
    uint32_t serial = (uint32_t)(own.hash >> 64 ^ own.hash);
    return serial ? serial : 1;
}
