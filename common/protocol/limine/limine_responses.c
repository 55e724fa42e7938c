/* What is the answer to each request? */
#include "common/hw/cpu.h"
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"
#include "common/version.h"

#define FIRMWARE_BIOS   0
#define FIRMWARE_EFI_64 2

#define ENTROPY_COUNT 48 /* the request's member */
#define ENTROPY_MAX   512

#define MICROSECONDS UINT64_C(1000000)

struct response { /* all members that a small response has behind its revision are 64 bits wide */
    uint64_t revision;
    uint64_t values[4];
};

static enum err respond(struct buffer *buffer, struct response values, void **out)
{
    struct response *response;
    TRY(buffer_take(buffer, sizeof *response, (void **)&response));
    *response = values;
    *out = response;
    return OK;
}

static bool is_efi(const struct limine *limine)
{
    return attempt_facts(limine->attempt)->firmware == LINTEL_FIRMWARE_UEFI;
}

/* ---- what needs no more than a few values ---------------------------------------------------- */

static enum err respond_empty(const struct limine *limine, struct buffer *buffer, void **out)
{
    (void)limine;
    return respond(buffer, (struct response){0}, out);
}

static enum err bootloader_info(const struct limine *limine, struct buffer *buffer, void **out)
{
    const char *name, *version;
    (void)limine;
    TRY(buffer_copy_text(buffer, "Lintel", &name));
    TRY(buffer_copy_text(buffer, LINTEL_VERSION, &version));
    return respond(buffer, (struct response){0, {(uintptr_t)name, (uintptr_t)version}}, out);
}

static enum err command_line(const struct limine *limine, struct buffer *buffer, void **out)
{
    return respond(buffer, (struct response){0, {limine->command_line}}, out);
}

static enum err firmware_type(const struct limine *limine, struct buffer *buffer, void **out)
{
    uint64_t type = is_efi(limine) ? FIRMWARE_EFI_64 : FIRMWARE_BIOS;
    return respond(buffer, (struct response){0, {type}}, out);
}

static enum err direct_map(const struct limine *limine, struct buffer *buffer, void **out)
{
    return respond(buffer, (struct response){0, {limine->attempt->plan.direct_map}}, out);
}

static enum err paging_mode(const struct limine *limine, struct buffer *buffer, void **out)
{
    return respond(buffer, (struct response){0, {limine->attempt->plan.paging.levels == 5}}, out);
}

static enum err executable_address(const struct limine *limine, struct buffer *buffer, void **out)
{
    const struct plan *plan = &limine->attempt->plan;
    return respond(
        buffer, (struct response){0, {plan->places[PLACE_KERNEL].physical, plan->kernel_virtual}},
        out);
}

static enum err date(const struct limine *limine, struct buffer *buffer, void **out)
{
    int64_t time = attempt_facts(limine->attempt)->wall_clock;
    return time ? respond(buffer, (struct response){0, {(uint64_t)time}}, out) : OK;
}

static enum err tsc_frequency(const struct limine *limine, struct buffer *buffer, void **out)
{
    uint64_t hz = attempt_facts(limine->attempt)->tsc_hz;
    return hz ? respond(buffer, (struct response){0, {hz}}, out) : OK;
}

static uint64_t microseconds(uint64_t ticks, uint64_t hz)
{
    return ticks / hz * MICROSECONDS + ticks % hz * MICROSECONDS / hz;
}

/* The TSC starts with the machine. */
static enum err performance(const struct limine *limine, struct buffer *buffer, void **out)
{
    const struct facts *facts = attempt_facts(limine->attempt);
    uint64_t hz = facts->tsc_hz;
    if (!hz)
        return OK;
    return respond(
        buffer,
        (struct response){0, {0, microseconds(facts->first_tsc, hz), microseconds(cpu_tsc(), hz)}},
        out);
}

/* ---- firmware tables ------------------------------------------------------------------------- */

static uint64_t address_of(const struct limine *limine, uint64_t physical, bool is_physical)
{
    return !physical ? 0 : is_physical ? physical : limine->attempt->plan.direct_map + physical;
}

static enum err rsdp(const struct limine *limine, struct buffer *buffer, void **out)
{
    uint64_t physical = attempt_facts(limine->attempt)->rsdp;
    bool is_physical = limine->image.base_revision == 3;
    if (!physical)
        return OK;
    return respond(buffer, (struct response){0, {address_of(limine, physical, is_physical)}}, out);
}

static bool is_middle(const struct limine *limine)
{
    return limine->image.base_revision == 3 || limine->image.base_revision == 4;
}

static enum err smbios(const struct limine *limine, struct buffer *buffer, void **out)
{
    const struct facts *facts = attempt_facts(limine->attempt);
    bool is_physical = is_middle(limine);
    if (!facts->smbios && !facts->smbios3)
        return OK;
    return respond(buffer,
                   (struct response){0,
                                     {address_of(limine, facts->smbios, is_physical),
                                      address_of(limine, facts->smbios3, is_physical)}},
                   out);
}

static enum err efi_system_table(const struct limine *limine, struct buffer *buffer, void **out)
{
    uint64_t physical = attempt_facts(limine->attempt)->efi_system_table;
    if (!physical)
        return OK;
    return respond(buffer, (struct response){0, {address_of(limine, physical, is_middle(limine))}},
                   out);
}

static enum err efi_memory_map(const struct limine *limine, struct buffer *buffer, void **out)
{
    const struct raw_map *raw = &limine->attempt->raw;
    const void *map;
    if (!raw->efi)
        return OK;
    TRY(buffer_copy(buffer, raw->efi, raw->efi_bytes, &map));
    return respond(buffer,
                   (struct response){0,
                                     {(uintptr_t)map, raw->efi_bytes, raw->efi_descriptor_bytes,
                                      raw->efi_descriptor_version}},
                   out);
}

static enum err event_log(const struct limine *limine, struct buffer *buffer, void **out)
{
    const struct event_log *log = &limine->event_log;
    const void *events = NULL;
    if (!log->format)
        return OK;
    if (log->bytes)
        TRY(buffer_copy(buffer, log->events, log->bytes, &events));
    return respond(buffer, (struct response){0, {log->format, log->bytes, (uintptr_t)events}}, out);
}

/* ---- entropy --------------------------------------------------------------------------------- */

static uint64_t entropy_count(const struct limine *limine)
{
    if (!limine_has(limine, LIMINE_ENTROPY))
        return 0;
    return MIN(limine_member(&limine->image, LIMINE_ENTROPY, ENTROPY_COUNT), ENTROPY_MAX);
}

static enum err entropy(const struct limine *limine, struct buffer *buffer, void **out)
{
    uint64_t count = entropy_count(limine), *values;
    uint8_t some[32];
    TRY(buffer_take(buffer, count * sizeof *values, (void **)&values));
    for (uint64_t i = 0; i < count; i += sizeof some / sizeof *values) {
        cpu_entropy(&attempt_facts(limine->attempt)->cpu, some);
        memcpy(values + i, some, MIN(sizeof some, (count - i) * sizeof *values));
    }
    uint64_t address = count ? (uintptr_t)buffer_virtual(buffer, values) : 0;
    return respond(buffer, (struct response){0, {count, address}}, out);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Device trees, the terminal and the parameters of Flanterm, which draws for another loader, have
 * no row: requests for them stay as they are, as the protocol says of what a loader does not have.
 */
static limine_respond *const responders[LIMINE_FEATURES] = {
    [LIMINE_BOOTLOADER_INFO] = bootloader_info,
    [LIMINE_COMMAND_LINE] = command_line,
    [LIMINE_FIRMWARE_TYPE] = firmware_type,
    [LIMINE_STACK_SIZE] = respond_empty,
    [LIMINE_HHDM] = direct_map,
    [LIMINE_FRAMEBUFFER] = limine_framebuffers,
    [LIMINE_PAGING_MODE] = paging_mode,
    [LIMINE_MP] = limine_cpus,
    [LIMINE_MEMORY_MAP] = limine_memory_map,
    [LIMINE_ENTRY_POINT] = respond_empty,
    [LIMINE_EXECUTABLE_FILE] = limine_executable_file,
    [LIMINE_MODULES] = limine_modules,
    [LIMINE_RSDP] = rsdp,
    [LIMINE_SMBIOS] = smbios,
    [LIMINE_EFI_SYSTEM_TABLE] = efi_system_table,
    [LIMINE_EFI_MEMORY_MAP] = efi_memory_map,
    [LIMINE_EVENT_LOG] = event_log,
    [LIMINE_DATE] = date,
    [LIMINE_EXECUTABLE_ADDRESS] = executable_address,
    [LIMINE_PERFORMANCE] = performance,
    [LIMINE_KEEP_IOMMU] = respond_empty,
    [LIMINE_TSC_FREQUENCY] = tsc_frequency,
    [LIMINE_ENTROPY] = entropy,
};

/* In the loaded image, which the loader still sees at its physical address. */
static void write_image(const struct limine *limine, uint64_t offset, uint64_t value)
{
    uint8_t *image = at_physical(attempt_place(limine->attempt, 0)->physical);
    memcpy(image + offset, &value, sizeof value);
}

/* Answers a request; its address in the image is where it finds that. */
static enum err answer(struct limine *limine, enum limine_feature feature, struct buffer *buffer)
{
    void **response = &limine->responses[feature];

    *response = NULL;
    if (!limine_has(limine, feature) || !responders[feature])
        return OK;
    TRY(responders[feature](limine, buffer, response));
    if (*response && !buffer_counts(buffer))
        write_image(limine,
                    limine->image.requests[feature] + offsetof(struct limine_request, response),
                    (uintptr_t)buffer_virtual(buffer, *response));
    return OK;
}

enum err limine_build(struct attempt *attempt, struct buffer *buffer)
{
    struct limine *limine = attempt->protocol;
    const struct limine_image *image = &limine->image;

    TRY(buffer_copy_text(buffer, attempt->entry->options, (const char **)&limine->command_line));
    for (size_t i = 0; i < LIMINE_FEATURES; i++)
        TRY(answer(limine, i, buffer));
    if (image->tag != LIMINE_NONE && !buffer_counts(buffer)) {
        write_image(limine, image->tag + 8, image->base_revision);
        write_image(limine, image->tag + 16, 0);
    }
    return OK;
}
