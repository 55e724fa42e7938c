/* What does a program ask of the kernel? */
#include "kernel/machine/cpu.h"
#include "kernel/machine/descriptors.h"
#include "kernel/threads/thread.h"
#include "kernel/user/calls.h"
#include "kernel/user/program.h"
#include "kernel/vm/memory.h"

#define MSR_STAR      0xc0000081
#define MSR_LSTAR     0xc0000082
#define MSR_FMASK     0xc0000084
#define EFER_SCE      UINT64_C(1)
#define CR4_SMAP      (UINT64_C(1) << 21)
#define SELECTOR_DATA 0x10              /* SYSRET takes the two behind it: 18h, 20h */
#define RFLAGS_OFF    UINT64_C(0x47700) /* AC, NT, IOPL, DF, IF, TF */
#define TEXT_BYTES    1024              /* of one call at most */

struct system_call { /* as system_call.asm pushes it */
    uint64_t number, arguments[5];
};

extern const uint8_t system_call_entry[];                     /* system_call.asm */
int64_t system_call_dispatch(const struct system_call *call); /* system_call.asm calls it */

static int64_t do_write(struct vm *space, uint64_t from, uint64_t bytes)
{
    char text[TEXT_BYTES];
    bytes = bytes < sizeof text ? bytes : sizeof text;
    if (!vm_copy(space, from, text, bytes, VM_FOR_READ))
        return ERROR_POINTER;
    program_print(text, bytes);
    return (int64_t)bytes;
}

static int64_t do_read(struct vm *space, uint64_t to, uint64_t bytes)
{
    char text[TEXT_BYTES];
    bytes = bytes < sizeof text ? bytes : sizeof text;
    if (!vm_copy(space, to, NULL, bytes, VM_FOR_WRITE)) /* before anything typed could be lost */
        return ERROR_POINTER;
    bytes = program_read(text, bytes);
    return vm_copy(space, to, text, bytes, VM_FOR_WRITE) ? (int64_t)bytes : ERROR_POINTER;
}

static int64_t do_reserve(struct vm *space, uint64_t address, uint64_t bytes, uint32_t protection)
{
    uint64_t base;
    enum vm_status status = vm_reserve(space, address, bytes, protection, &base);
    return status == VM_OK ? (int64_t)base : -(int64_t)status;
}

static int64_t do_query(struct vm *space, uint64_t address, uint64_t to)
{
    struct vm_info info;
    vm_query(space, address, &info);
    return vm_copy(space, to, &info, sizeof info, VM_FOR_WRITE) ? 0 : ERROR_POINTER;
}

int64_t system_call_dispatch(const struct system_call *call)
{
    const uint64_t *arguments = call->arguments, first = arguments[0], second = arguments[1];
    uint32_t protection = arguments[2] <= UINT32_MAX ? (uint32_t)arguments[2] : UINT32_MAX;
    struct vm *space = space_in_use();
    switch (call->number) {
    case CALL_EXIT:
        program_end((int64_t)first);
    case CALL_WRITE:
        return do_write(space, first, second);
    case CALL_READ:
        return do_read(space, first, second);
    case CALL_SLEEP:
        thread_sleep(first);
        return 0;
    case CALL_RESERVE:
        return do_reserve(space, first, second, protection);
    case CALL_COMMIT:
        return -(int64_t)vm_commit(space, first, second, protection);
    case CALL_DECOMMIT:
        return -(int64_t)vm_decommit(space, first, second);
    case CALL_RELEASE:
        return -(int64_t)vm_release(space, first);
    case CALL_PROTECT:
        return -(int64_t)vm_protect(space, first, second, protection);
    case CALL_QUERY:
        return do_query(space, first, second);
    default:
        return ERROR_CALL;
    }
}

/* With SMAP a stray access of the kernel's to a program's page is a fault: vm_copy() needs none. */
void system_calls_open(void)
{
    write_msr(MSR_STAR, (uint64_t)SELECTOR_DATA << 48 | (uint64_t)SELECTOR_CODE << 32);
    write_msr(MSR_LSTAR, (uint64_t)system_call_entry);
    write_msr(MSR_FMASK, RFLAGS_OFF);
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
    if (cpu_has(LINTEL_CPU_SMAP))
        write_cr4(read_cr4() | CR4_SMAP);
}
