/* The processor: features, control registers, all CPUs. */
#include "kernel/machine/cpu.h"
#include "kernel/machine/page_tables.h"
#include "kernel/shell/shell.h"

/* ---- features -------------------------------------------------------------------------------- */

/* Intel SDM 2A, CPUID; AMD APM 3, E: from bit 0 on, words separated by spaces, "-" for none. */
static const struct feature_word {
    uint32_t leaf;
    enum { EBX, ECX, EDX } in;
    const char *names;
} feature_words[] = {
    {1, EDX,
     "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 psn clfsh - ds "
     "acpi "
     "mmx fxsr sse sse2 ss htt tm - pbe"},
    {1, ECX,
     "sse3 pclmulqdq dtes64 monitor ds-cpl vmx smx est tm2 ssse3 cnxt-id sdbg fma cx16 xtpr pdcm - "
     "pcid dca sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave osxsave avx f16c rdrand "
     "hypervisor"},
    {7, EBX,
     "fsgsbase tsc-adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm pqm - mpx pqe avx512f "
     "avx512dq rdseed adx smap avx512-ifma - clflushopt clwb pt avx512pf avx512er avx512cd sha "
     "avx512bw avx512vl"},
    {7, ECX,
     "prefetchwt1 avx512-vbmi umip pku ospke waitpkg avx512-vbmi2 cet-ss gfni vaes vpclmulqdq "
     "avx512-vnni avx512-bitalg tme avx512-vpopcntdq - la57"},
    {0x80000001, EDX,
     "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr-opt 1gib rdtscp - lm "
     "3dnowext 3dnow"},
    {0x80000001, ECX,
     "lahf cmp-legacy svm extapic cr8 lzcnt sse4a misalignsse 3dnowprefetch osvw ibs xop skinit "
     "wdt "
     "- lwp fma4 tce - nodeid - tbm topoext"},
};

/* The names of the bits that are set, up to 78 columns a line. */
static void print_set(const char *names, uint64_t bits)
{
    uint32_t column = 0;
    for (uint32_t bit = 0; *names; bit++) {
        uint32_t length = 0;
        while (names[length] && names[length] != ' ')
            length++;
        if (bits >> bit & 1 && names[0] != '-') {
            column = column + length + 1 > 76 ? 0 : column;
            print(column ? " " : "\n  ");
            for (uint32_t i = 0; i < length; i++)
                print("%c", names[i]);
            column += length + 1;
        }
        names += length + (names[length] == ' ');
    }
}

static void print_processors(void)
{
    for (uint64_t i = 0; i < boot->processor_count; i++) {
        const struct lintel_processor *processor = &boot->processors[i];
        bool waits = processor->entry == NULL;
        print("  CPU %lu: APIC id %u, ACPI UID %u, %s\n", i, processor->apic_id,
              processor->acpi_uid,
              i == 0  ? "runs this kernel"
              : waits ? "waits in Lintel's loop"
                      : "has been started, and halts");
    }
    if (boot->processors_missing)
        print("  %lu more did not answer\n", boot->processors_missing);
}

static void show_cpu(void)
{
    const struct lintel_cpu *cpu = &boot->cpu;
    print_colour(COLOUR_TITLE, "%s %s\n", cpu->vendor, cpu->brand);
    print("  family %u, model %u, stepping %u; addresses of %u physical and %u linear bits\n",
          cpu->family, cpu->model, cpu->stepping, cpu->physical_bits, cpu->linear_bits);
    print("  TSC: %lu MHz", boot->tsc_hz / 1000000);
    for (const struct feature_word *word = feature_words;
         word < feature_words + sizeof feature_words / sizeof *feature_words; word++) {
        struct cpuid r = cpuid_leaf(word->leaf);
        uint32_t values[] = {[EBX] = r.b, [ECX] = r.c, [EDX] = r.d};
        print_set(word->names, values[word->in]);
    }
    print("\n");
    print_processors();
}

/* ---- control registers ----------------------------------------------------------------------- */

struct bit {
    uint8_t bit;
    const char *name, *meaning;
};

/* Intel SDM 3A, 2.5. */
static const struct bit cr0_bits[] = {
    {0, "PE", "protected mode"},
    {1, "MP", "WAIT heeds TS"},
    {2, "EM", "no x87: its instructions trap"},
    {3, "TS", "task switched: x87 and SSE trap"},
    {4, "ET", "387: always set"},
    {5, "NE", "x87 errors by exception"},
    {16, "WP", "read-only pages hold for the kernel, too"},
    {18, "AM", "alignment checks allowed"},
    {29, "NW", "not write-through"},
    {30, "CD", "caches disabled"},
    {31, "PG", "paging"},
};
static const struct bit cr4_bits[] = {
    {0, "VME", "virtual 8086 extensions"},
    {1, "PVI", "protected-mode virtual interrupts"},
    {2, "TSD", "RDTSC for the kernel only"},
    {3, "DE", "debugging extensions"},
    {4, "PSE", "4 MiB pages outside long mode"},
    {5, "PAE", "64-bit page-table entries"},
    {6, "MCE", "machine checks"},
    {7, "PGE", "global pages"},
    {8, "PCE", "RDPMC for all"},
    {9, "OSFXSR", "SSE"},
    {10, "OSXMMEXCPT", "SSE errors by exception"},
    {11, "UMIP", "SGDT and its like for the kernel only"},
    {12, "LA57", "5-level paging"},
    {13, "VMXE", "Intel virtualization"},
    {14, "SMXE", "safer mode"},
    {16, "FSGSBASE", "FS and GS base by instruction"},
    {17, "PCIDE", "process-context identifiers"},
    {18, "OSXSAVE", "XSAVE"},
    {19, "KL", "key locker"},
    {20, "SMEP", "the kernel can't execute user pages"},
    {21, "SMAP", "the kernel can't reach user pages"},
    {22, "PKE", "protection keys for user pages"},
    {23, "CET", "control-flow enforcement"},
    {24, "PKS", "protection keys for kernel pages"},
};
static const struct bit cr3_bits[] = {
    {3, "PWT", "top table write-through"},
    {4, "PCD", "top table uncached"},
};
static const struct bit efer_bits[] = {
    {0, "SCE", "SYSCALL and SYSRET"},   {8, "LME", "long mode enabled"},
    {10, "LMA", "long mode active"},    {11, "NXE", "no-execute bit"},
    {12, "SVME", "AMD virtualization"}, {13, "LMSLE", "segment limits in long mode"},
    {14, "FFXSR", "fast FXSAVE"},       {15, "TCE", "translation cache extension"},
};

static void print_register(const char *name, uint64_t value, const struct bit *bits, uint32_t count)
{
    print_colour(COLOUR_TITLE, "%-5s%016lx\n", name, value);
    for (uint32_t i = 0; i < count; i++)
        if (value >> bits[i].bit & 1)
            print("  bit %-3u%-11s%s\n", bits[i].bit, bits[i].name, bits[i].meaning);
    print("  clear:");
    for (uint32_t i = 0; i < count; i++)
        if (!(value >> bits[i].bit & 1))
            print(" %s", bits[i].name);
    print("\n");
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void show_control_registers(void)
{
    print_register("CR0", read_cr0(), cr0_bits, COUNT(cr0_bits));
    print_colour(COLOUR_TITLE, "CR2  %016lx\n", read_cr2());
    print("  the address of the last page fault\n");
    print_register("CR3", read_cr3(), cr3_bits, COUNT(cr3_bits));
    print("  the top table lies at physical %#lx\n", read_cr3() & ENTRY_ADDRESS);
    print_register("CR4", read_cr4(), cr4_bits, COUNT(cr4_bits));
    print_colour(COLOUR_TITLE, "CR8  %016lx\n", read_cr8());
    print("  the local APIC holds back interrupts up to this priority\n");
    print_register("EFER", read_msr(MSR_EFER), efer_bits, COUNT(efer_bits));
    if (!cpu_has(LINTEL_CPU_PAT))
        return;
    uint64_t pat = read_msr(MSR_PAT);
    print_colour(COLOUR_TITLE, "PAT  %016lx\n", pat);
    for (uint32_t i = 0; i < 8; i++)
        print("%s%u %-16s%s", i % 4 ? " " : "  PA", i, cache_name(pat >> 8 * i & 0xff),
              i % 4 == 3 ? "\n" : "");
}

const struct command processor_commands[] = {
    {"cpu", "", "processor features, and all processors", NULL, show_cpu},
    {"cr", "", "control registers, every bit by name", NULL, show_control_registers},
    {0},
};
