/* What do the Windows names of the calls for virtual memory do here? (memoryapi.h, winnt.h) */
#include "kernel/lib/text.h"
#include "kernel/shell/shell.h"
#include "kernel/vm/memory.h"

#define COUNT(array)      (sizeof(array) / sizeof *(array))
#define INVALID_PARAMETER 87
#define MEM_COMMIT        0x1000
#define MEM_RESERVE       0x2000
#define MEM_DECOMMIT      0x4000
#define MEM_RELEASE       0x8000

/* PAGE_... names, their values, and the protection here. PAGE_GUARD joins another. */
static const struct name {
    const char *name;
    uint32_t value, protection;
} names[] = {
    {"PAGE_NOACCESS", 0x01, VM_NO_ACCESS},
    {"PAGE_READONLY", 0x02, VM_READ},
    {"PAGE_READWRITE", 0x04, VM_READ | VM_WRITE},
    {"PAGE_EXECUTE_READ", 0x20, VM_READ | VM_EXECUTE},
    {"PAGE_EXECUTE_READWRITE", 0x40, VM_READ | VM_WRITE | VM_EXECUTE}, /* BAD_PROTECTION */
    {"PAGE_GUARD", 0x100, VM_GUARD},
    {"MEM_COMMIT", MEM_COMMIT, 0},
    {"MEM_RESERVE", MEM_RESERVE, 0},
    {"MEM_DECOMMIT", MEM_DECOMMIT, 0},
    {"MEM_RELEASE", MEM_RELEASE, 0},
    {"NULL", 0, 0},
};

#define NAME_BYTES 40

static const char *protection_name(const struct vm_info *info, uint32_t protection,
                                   char name[NAME_BYTES])
{
    uint32_t i = 0;
    bool copies = info->type == VM_SECTION_COPIED && protection & VM_WRITE;
    while (i < 4 && names[i].protection != (protection & ~VM_GUARD))
        i++;
    text_print(name, NAME_BYTES, "%s%s", copies ? "PAGE_WRITECOPY" : names[i].name,
               protection & VM_GUARD ? " | PAGE_GUARD" : "");
    return name;
}

/* UINT32_MAX, which no call takes: there is no such PAGE_... value. */
static uint32_t protection_of(uint64_t value)
{
    for (uint32_t i = 0; i < 5; i++)
        if (names[i].value == (value & ~UINT64_C(0x100)))
            return names[i].protection | (value & 0x100 ? VM_GUARD : 0);
    return UINT32_MAX;
}

/* ---- what the calls do ----------------------------------------------------------------------- */

/* What GetLastError() says there. */
static uint32_t error_of(enum vm_status status)
{
    static const uint16_t errors[] = {
        [VM_ADDRESS_TAKEN] = 487, [VM_NOT_RESERVED] = 487, [VM_NOT_COMMITTED] = 487,
        [VM_NOT_A_REGION] = 487,  [VM_NO_ADDRESS] = 8,     [VM_NO_MEMORY] = 8};
    return errors[status] ? errors[status] : INVALID_PARAMETER;
}

static void tell(enum vm_status status, const char *reason)
{
    uint32_t error = error_of(status);
    if (status == VM_OK)
        print_colour(COLOUR_GOOD, "  TRUE\n");
    else
        print_colour(COLOUR_BAD, "  FALSE or NULL; error %u, ERROR_%s; here %s%s\n", error,
                     error == 8     ? "NOT_ENOUGH_MEMORY"
                     : error == 487 ? "INVALID_ADDRESS"
                                    : "INVALID_PARAMETER",
                     vm_status_name(status), reason);
}

static void allocate(const uint64_t *a)
{
    uint32_t protection = protection_of(a[3]);
    uint64_t base = a[0];
    enum vm_status status = VM_OK;
    if (a[2] == 0 || a[2] & ~(uint64_t)(MEM_RESERVE | MEM_COMMIT)) {
        tell(VM_BAD_PROTECTION, ": the third argument is MEM_RESERVE, MEM_COMMIT or both");
        return;
    }
    bool reserves = a[2] & MEM_RESERVE || a[0] == 0;
    if (reserves)
        status = vm_reserve(&shell_space, a[0], a[1], protection, &base);
    if (status == VM_OK && a[2] & MEM_COMMIT)
        status = vm_commit(&shell_space, a[0] ? a[0] : base, a[1], protection);
    if (status == VM_OK)
        print_colour(COLOUR_GOOD, "  %016lx\n", base & -FRAME_BYTES);
    else
        tell(status, "");
}

/* 0: none begins there. */
static uint64_t region_bytes(uint64_t region)
{
    struct vm_info info;
    uint64_t end = region;
    for (vm_query(&shell_space, end, &info); region && info.region == region;
         vm_query(&shell_space, end, &info))
        end = info.base + info.bytes;
    return end - region;
}

static void release(const uint64_t *a)
{
    uint64_t bytes = a[1] ? a[1] : region_bytes(a[0]);
    if (a[2] == MEM_RELEASE && a[1])
        tell(VM_BAD_SIZE, ": with MEM_RELEASE the size is 0, and means the whole region");
    else if (a[2] == MEM_RELEASE)
        tell(vm_release(&shell_space, a[0]), "");
    else if (a[2] == MEM_DECOMMIT)
        tell(bytes ? vm_decommit(&shell_space, a[0], bytes) : VM_NOT_A_REGION, "");
    else
        tell(VM_BAD_SIZE, ": the third argument is MEM_DECOMMIT or MEM_RELEASE");
}

static void protect(const uint64_t *a)
{
    struct vm_info info;
    char name[NAME_BYTES];
    vm_query(&shell_space, a[0], &info);
    enum vm_status status = vm_protect(&shell_space, a[0], a[1], protection_of(a[2]));
    tell(status, "");
    if (status == VM_OK)
        print("  old = %s\n", protection_name(&info, info.protection, name));
}

/* A base address is that of the page that was asked for, also where the pages before are alike. */
void windows_query(uint64_t address)
{
    struct vm_info info;
    char before[NAME_BYTES], now[NAME_BYTES];
    vm_query(&shell_space, address, &info);
    if (address >= shell_space.end) {
        tell(VM_BAD_ADDRESS, ": these addresses are the system's");
        return;
    }
    uint64_t page = address & -FRAME_BYTES, bytes = info.base + info.bytes - page;
    protection_name(&info, info.reserved_with, before);
    protection_name(&info, info.protection, now);
    print("  BaseAddress        %016lx\n  AllocationBase     %016lx\n"
          "  AllocationProtect  %s\n  RegionSize         %lu, %lxh\n",
          page, info.region, info.region ? before : "0", bytes, bytes);
    print("  State              %s\n  Protect            %s\n  Type               %s\n",
          info.committed ? "MEM_COMMIT 1000h"
          : info.region  ? "MEM_RESERVE 2000h"
                         : "MEM_FREE 10000h",
          info.committed ? now
          : info.region  ? "0"
                         : "PAGE_NOACCESS",
          !info.region              ? "0"
          : info.type == VM_PRIVATE ? "MEM_PRIVATE 20000h"
                                    : "MEM_MAPPED 40000h");
}

static void query(const uint64_t *a)
{
    windows_query(a[0]);
}

/* ---- reading a call -------------------------------------------------------------------------- */

/* `arguments`: n a number or names joined by |; & a variable's address or sizeof, which is passed
 * over. */
static const struct call {
    const char *name, *arguments, *usage;
    void (*run)(const uint64_t *arguments);
} calls[] = {
    {"VirtualAlloc", "nnnn", "address or NULL, bytes, MEM_..., PAGE_...", allocate},
    {"VirtualFree", "nnn", "address, bytes, MEM_...", release},
    {"VirtualProtect", "nnn&", "address, bytes, PAGE_..., &old", protect},
    {"VirtualQuery", "n&&", "address, &info, sizeof(info)", query},
};

static bool is_letter(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static const char *skip(const char *text, char wanted)
{
    while (*text == ' ')
        text++;
    return wanted && *text == wanted ? text + 1 : text;
}

/* One word, a number or a name; NULL: neither. */
static const char *take_word(const char *text, uint64_t *value)
{
    char word[32];
    const char *end;
    uint32_t length = 0;
    for (text = skip(text, 0); is_letter(*text) && length < sizeof word - 1; text++)
        word[length++] = *text;
    word[length] = 0;
    bool has_prefix = word[0] == '0' && word[1] == 'x';
    *value |= option_number(word + 2 * has_prefix, has_prefix ? 16 : 10, &end);
    bool known = length && *end == 0;
    for (uint32_t i = 0; i < COUNT(names) && !known; i++)
        if ((known = text_equal(word, names[i].name)))
            *value |= names[i].value;
    if (!known)
        print_colour(COLOUR_BAD, "  `%s`: wanted a number, decimal or 0x, or a name\n", word);
    return known ? text : NULL;
}

/* The text behind it; NULL: there is none of this kind. */
static const char *take_argument(const char *text, char kind, uint64_t *value)
{
    *value = 0;
    if (kind == '&') {
        while (*text && *text != ',' && !(*text == ')' && *skip(text + 1, ';') == 0))
            text++;
        return text;
    }
    while ((text = take_word(text, value)) && *(text = skip(text, 0)) == '|')
        text++;
    return text;
}

static void run_call(const struct call *call, const char *text)
{
    uint64_t values[4];
    uint32_t i = 0;
    for (; call->arguments[i]; i++) {
        text = take_argument(text, call->arguments[i], &values[i]);
        if (!text)
            return;
        text = skip(text, 0);
        if (*text != (call->arguments[i + 1] ? ',' : ')'))
            break;
        text++;
    }
    if (call->arguments[i] || *skip(skip(text, ';'), 0))
        print_colour(COLOUR_BAD, "  wanted %s(%s)\n", call->name, call->usage);
    else
        call->run(values);
}

bool windows_call(const char *text)
{
    for (const struct call *call = calls; call < calls + COUNT(calls); call++) {
        uint32_t length = (uint32_t)text_length(call->name), i = 0;
        while (i < length && text[i] == call->name[i])
            i++;
        if (i < length || *skip(text + i, 0) != '(')
            continue;
        run_call(call, skip(text + i, '('));
        return true;
    }
    return false;
}
