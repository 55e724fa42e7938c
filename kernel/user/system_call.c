#include "system_call.h"
#include "../machine/descriptors.h"
#include "../machine/instructions.h"
#include "../threads/thread.h"
#include "../vm/memory.h"
#include "calls.h"
#include "program.h"

#define MSR_STAR      0xc0000081
#define MSR_LSTAR     0xc0000082
#define MSR_FMASK     0xc0000084
#define EFER_SCE      UINT64_C(1)
#define CR0_TS        UINT64_C(8)
#define SELECTOR_DATA 0x10                  /* SYSRET takes the two behind it: 18h, 20h */
#define RFLAGS_OFF    UINT64_C(0x47700)     /* AC, NT, IOPL, DF, IF, TF */
#define TEXT_MAX      (64 * UINT64_C(1024)) /* bytes of one call */

struct system_call { /* as system_call.asm pushes it */
    uint64_t number, arguments[5];
};

typedef int64_t (*call)(const uint64_t *arguments);

extern uint64_t system_call_stack; /* system_call.asm */
extern const uint8_t system_call_entry[];
int64_t system_call_dispatch(const struct system_call *call); /* system_call.asm calls it */

/* Whether the program itself could touch all of that; brings it into memory. */
static bool may_touch(uint64_t address, uint64_t bytes, enum vm_access access)
{
    struct vm *space = space_in_use();
    uint64_t end;
    if (__builtin_add_overflow(address, bytes, &end))
        return false;
    for (uint64_t at = address; at < end; at = (at | (FRAME_BYTES - 1)) + 1)
        if (vm_fault(space, at, access) > VM_FAULT_COPY)
            return false;
    return true;
}

static int64_t do_exit(const uint64_t *arguments)
{
    program_end((int64_t)arguments[0]);
}

static int64_t do_write(const uint64_t *arguments)
{
    uint64_t bytes = arguments[1] < TEXT_MAX ? arguments[1] : TEXT_MAX;
    if (!may_touch(arguments[0], bytes, VM_FOR_READ))
        return ERROR_POINTER;
    program_print((const char *)arguments[0], bytes);
    return (int64_t)bytes;
}

static int64_t do_read(const uint64_t *arguments)
{
    uint64_t bytes = arguments[1] < TEXT_MAX ? arguments[1] : TEXT_MAX;
    if (!may_touch(arguments[0], bytes, VM_FOR_WRITE))
        return ERROR_POINTER;
    return (int64_t)program_read((char *)arguments[0], bytes);
}

static int64_t do_sleep(const uint64_t *arguments)
{
    thread_sleep(arguments[0]);
    return 0;
}

static int64_t do_reserve(const uint64_t *arguments)
{
    uint64_t base;
    enum vm_status status = vm_reserve(space_in_use(), arguments[0], arguments[1], &base);
    return status == VM_OK ? (int64_t)base : -(int64_t)status;
}

static int64_t do_commit(const uint64_t *arguments)
{
    return -(int64_t)vm_commit(space_in_use(), arguments[0], arguments[1], (uint32_t)arguments[2]);
}

static int64_t do_decommit(const uint64_t *arguments)
{
    return -(int64_t)vm_decommit(space_in_use(), arguments[0], arguments[1]);
}

static int64_t do_release(const uint64_t *arguments)
{
    return -(int64_t)vm_release(space_in_use(), arguments[0]);
}

static int64_t do_protect(const uint64_t *arguments)
{
    return -(int64_t)vm_protect(space_in_use(), arguments[0], arguments[1], (uint32_t)arguments[2]);
}

static int64_t do_query(const uint64_t *arguments)
{
    struct vm_info info;
    enum vm_status status = vm_query(space_in_use(), arguments[0], &info);
    if (status != VM_OK)
        return -(int64_t)status;
    if (!may_touch(arguments[1], sizeof info, VM_FOR_WRITE))
        return ERROR_POINTER;
    *(struct vm_info *)arguments[1] = info;
    return 0;
}

static const call calls[CALLS] = {
    [CALL_EXIT] = do_exit,         [CALL_WRITE] = do_write,     [CALL_READ] = do_read,
    [CALL_SLEEP] = do_sleep,       [CALL_RESERVE] = do_reserve, [CALL_COMMIT] = do_commit,
    [CALL_DECOMMIT] = do_decommit, [CALL_RELEASE] = do_release, [CALL_PROTECT] = do_protect,
    [CALL_QUERY] = do_query,
};

int64_t system_call_dispatch(const struct system_call *call)
{
    return call->number < CALLS ? calls[call->number](call->arguments) : ERROR_CALL;
}

void kernel_stack_use(uint64_t stack_top)
{
    system_call_stack = stack_top;
    ((struct tss *)tss_address())->rsp[0] = stack_top;
}

/* Nobody saves floating-point registers here: with CR0.TS set their use is an exception. */
void system_calls_open(void)
{
    write_msr(MSR_STAR, (uint64_t)SELECTOR_DATA << 48 | (uint64_t)SELECTOR_CODE << 32);
    write_msr(MSR_LSTAR, (uint64_t)system_call_entry);
    write_msr(MSR_FMASK, RFLAGS_OFF);
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
    write_cr0(read_cr0() | CR0_TS);
}
