/* A kernel that checks what the Limine protocol promises it, and ends QEMU with a verdict. */
#include "test/kernels/limine/machine.h"

#define EXIT_PORT   0xf4
#define EXIT_PASSED 0x10
#define EXIT_FAILED 0x11

static void __attribute__((noreturn)) end(void)
{
    put(failures ? "limine: not all checks hold\r\n" : "limine: all checks hold: ");
    put_hex(checks);
    put("\r\n");
    __asm__ volatile("outl %0, %1"
                     :
                     : "a"(failures ? EXIT_FAILED : EXIT_PASSED), "Nd"((uint16_t)EXIT_PORT));
    for (;;)
        __asm__ volatile("cli; hlt");
}

void arrive(const struct arrival *arrival)
{
    put("limine: base revision ");
    put_hex(REVISION);
    put("\r\n");
    CHECK(memory_map.response && direct_map.response && paging_mode.response &&
          executable_address.response);
    if (failures)
        end();
    put(paging_mode.response->values[0] ? "limine: 5 levels\r\n" : "limine: 4 levels\r\n");
    check_memory_map();
    check_machine(arrival, 0);
    check_mappings();
    check_answers();
    check_tables();
    check_screen();
    check_files();
    check_interrupt_controllers();
    check_cpus();
    end();
}
