/* A kernel that asks for everything that Lintel offers, checks what it gets, claim by claim, and
 * then lets one look at it. */
#include "kernel/claims/claims.h"
#include "kernel/console/console.h"
#include "kernel/machine/original.h"
#include "kernel/machine/power.h"
#include "kernel/machine/processors.h"
#include "kernel/shell/shell.h"

LINTEL_REQUEST(.flags = LINTEL_REQUEST_FRAMEBUFFER | LINTEL_REQUEST_CPUS,
               .stack_bytes = WISHED_STACK_BYTES, .framebuffer_width = WISHED_WIDTH,
               .framebuffer_height = WISHED_HEIGHT, .paging_levels = WISHED_PAGING_LEVELS);

const struct lintel_boot_info *boot;

void kernel_main(const struct lintel_boot_info *info) __attribute__((noreturn));

void kernel_main(const struct lintel_boot_info *info)
{
    boot = info;
    original_keep_sector();
    processors_start();
    memory_look_for_zeroes();
    console_open();
    print_colour(COLOUR_TITLE, "The Lintel kernel, brought here by %s\n", boot->loader);
    facts_print();
    if (option_given("log"))
        facts_print_log();

    page_tables_walk();
    bool noticed = !option_given("sabotage") || sabotage_all();
    bool passed = claims_check() && noticed;
    fault_if_asked();
    if (option_given("test"))
        end_test(passed);
    shell_run();
}
