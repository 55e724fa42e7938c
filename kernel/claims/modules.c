/* Claim C24: modules hold what their files hold. */
#include "kernel/claims/claims.h"

#define CRC_POLYNOMIAL 0xedb88320u /* as zlib's crc32 and GPT headers have it, reflected */

static uint32_t crc_table[256];

static void fill_crc_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? CRC_POLYNOMIAL : 0);
        crc_table[byte] = sum;
    }
}

static uint32_t crc_of(const uint8_t *bytes, uint64_t count)
{
    uint32_t sum = UINT32_MAX;
    for (uint64_t i = 0; i < count; i++)
        sum = sum >> 8 ^ crc_table[(sum ^ bytes[i]) & 0xff];
    return ~sum;
}

static bool check_place(const struct lintel_module *module)
{
    uint64_t base = module->base_physical;
    if (base % PAGE_BYTES || module->data != direct(base))
        return violated("%s: data at %#lx, physical %#lx, wanted a page in the direct map",
                        module->path, address_of(module->data), base);
    for (uint64_t at = 0, end; at < module->bytes; at = end - base) {
        uint32_t type = memory_stretch_at(base + at, &end);
        if (type != LINTEL_MEMORY_KERNEL)
            return violated("%s: physical %#lx is %s, wanted kernel", module->path, base + at,
                            memory_type_name(type));
    }
    return true;
}

static bool check_tail(const struct lintel_module *module)
{
    const uint8_t *bytes = module->data;
    for (uint64_t i = module->bytes; i % PAGE_BYTES; i++)
        if (bytes[i])
            return violated("%s: byte %lu behind the end of %lu is %#x, wanted 0", module->path, i,
                            module->bytes, bytes[i]);
    return true;
}

/* An argument crc32=XXXXXXXX is what whoever made the boot entry knows of the file. */
static bool check_content(const struct lintel_module *module)
{
    const char *digits, *end;
    if (!option_split(module->argument, "crc32", &digits))
        return true;
    uint64_t wanted = option_number(digits, 16, &end);
    uint32_t found = crc_of(module->data, module->bytes);
    return must(found == wanted, "%s: CRC-32 is %08x, wanted %08lx", module->path, found, wanted);
}

bool modules_are_whole(void)
{
    fill_crc_table();
    for (uint64_t i = 0; i < boot->module_count; i++) {
        const struct lintel_module *module = &boot->modules[i];
        if (!check_place(module) || !check_tail(module) || !check_content(module))
            return false;
    }
    return boot->module_count || remark("there are none");
}
