/* What firmware left behind: ACPI tables, SMBIOS structures. */
#include "kernel/lib/bytes.h"
#include "kernel/machine/acpi.h"
#include "kernel/machine/page_tables.h"
#include "kernel/shell/shell.h"

/* ---- ACPI ------------------------------------------------------------------------------------ */

static void print_text(const char *text, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        print("%c", text[i] >= ' ' && text[i] <= '~' ? text[i] : ' ');
}

static void print_checksum(uint8_t sum)
{
    if (sum == 0)
        print_colour(COLOUR_GOOD, "checksum ok");
    else
        print_colour(COLOUR_BAD, "checksum off by %u", sum);
}

static void show_acpi(void)
{
    const struct rsdp *rsdp = direct(boot->rsdp_physical);
    const struct acpi_table *table;
    if (!boot->rsdp_physical) {
        print("The loader found no RSDP.\n");
        return;
    }
    print("  RSDP %10lx%7u bytes  revision %u  ", boot->rsdp_physical,
          rsdp->revision >= 2 ? rsdp->length : RSDP_BYTES_1, rsdp->revision);
    print_checksum(sum_of(rsdp, RSDP_BYTES_1));
    print("  ");
    print_text(rsdp->oem, sizeof rsdp->oem);
    print("\n");
    for (uint32_t i = 0; (table = acpi_table(i)); i++) {
        print("  ");
        print_text(table->signature, 4);
        print(" %10lx%7u bytes  revision %u  ", address_of(table) - boot->direct_map, table->length,
              table->revision);
        print_checksum(sum_of(table, table->length));
        print("  ");
        print_text(table->oem, sizeof table->oem);
        print(" ");
        print_text(table->oem_table, sizeof table->oem_table);
        print("\n");
    }
}

/* ---- SMBIOS (DSP0134 3.6) -------------------------------------------------------------------- */

struct smbios {
    const uint8_t *entry;
    uint8_t entry_bytes;
    const uint8_t *first;
    uint64_t bytes;
};

/* 5.2.1 and 5.2.2: where the entry points say that the structures lie. */
static bool find_smbios(struct smbios *smbios)
{
    bool is_64 = boot->smbios3_physical;
    uint64_t physical = is_64 ? boot->smbios3_physical : boot->smbios_physical, table = 0;
    uint32_t bytes = 0;
    if (!physical)
        return false;
    smbios->entry = direct(physical);
    smbios->entry_bytes = smbios->entry[is_64 ? 6 : 5];
    memcpy(&table, smbios->entry + (is_64 ? 16 : 24), is_64 ? 8 : 4);
    memcpy(&bytes, smbios->entry + (is_64 ? 12 : 22), is_64 ? 4 : 2);
    smbios->first = direct(table);
    smbios->bytes = bytes;
    return mapped_with(address_of(smbios->first), bytes, 0);
}

static const char *structure_name(uint8_t type)
{
    static const char *const names[UINT8_MAX + 1] = {[0] = "firmware",
                                                     [1] = "system",
                                                     [2] = "board",
                                                     [3] = "chassis",
                                                     [4] = "processor",
                                                     [7] = "cache",
                                                     [8] = "port",
                                                     [9] = "slot",
                                                     [11] = "OEM strings",
                                                     [16] = "memory array",
                                                     [17] = "memory device",
                                                     [19] = "memory array address",
                                                     [20] = "memory device address",
                                                     [32] = "boot status",
                                                     [127] = "end"};
    return names[type] ? names[type] : "";
}

/* 6.1.3: strings follow the formatted part, each ends in 0, and a further 0 ends them all. */
static const uint8_t *print_structure(const uint8_t *at, const uint8_t *end)
{
    uint8_t type = at[0], bytes = at[1];
    uint16_t handle;
    memcpy(&handle, at + 2, sizeof handle);
    print("  %04x  type %3u  %-22s%3u bytes ", handle, type, structure_name(type), bytes);
    at += bytes;
    const uint8_t *strings = at;
    for (; at < end && *at; at++) {
        print(" \"");
        for (; at < end && *at; at++)
            print("%c", *at >= ' ' && *at <= '~' ? *at : '.');
        print("\"");
    }
    print("\n");
    return at + (at == strings ? 2 : 1);
}

static void show_smbios(void)
{
    struct smbios smbios;
    if (!find_smbios(&smbios)) {
        print("The loader found none.\n");
        return;
    }
    print("SMBIOS %s, %lu bytes at physical %lx, entry point ",
          boot->smbios3_physical ? "3 (64-bit)" : "2 (32-bit)", smbios.bytes,
          address_of(smbios.first) - boot->direct_map);
    print_checksum(sum_of(smbios.entry, smbios.entry_bytes));
    print("\n");
    const uint8_t *end = smbios.first + smbios.bytes;
    for (const uint8_t *at = smbios.first; end - at >= 4 && at[1] >= 4 && end - at >= at[1];)
        at = print_structure(at, end);
}

const struct command firmware_commands[] = {
    {"acpi", "", "ACPI tables, with their checksums", NULL, show_acpi},
    {"smbios", "", "SMBIOS structures and their strings", NULL, show_smbios},
    {0},
};
