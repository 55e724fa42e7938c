/* What firmware measured into a TPM, by EFI_TCG2_PROTOCOL (TCG EFI Protocol 2.0, 6). */
#include "uefi/tpm.h"
#include "common/format/event_log.h"
#include "common/lib/mem.h"
#include "uefi/memory.h"
#include "uefi/protocol.h"

static const EFI_GUID tcg2_guid = {
    0x607f766c, 0x7455, 0x42be, {0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f}};

struct tcg2 {
    void *get_capability;
    EFI_STATUS(EFIAPI *get_event_log)
    (struct tcg2 *this, UINT32 format, EFI_PHYSICAL_ADDRESS *events, EFI_PHYSICAL_ADDRESS *last,
     BOOLEAN *truncated);
};

static bool get(struct tcg2 *tcg2, enum event_log_format format, struct event_log *log)
{
    EFI_PHYSICAL_ADDRESS events = 0, last = 0;
    BOOLEAN truncated = FALSE;

    if (EFI_ERROR(tcg2->get_event_log(tcg2, format, &events, &last, &truncated)) || !events)
        return false;
    *log = (struct event_log){.format = format, .events = at_physical(events)};
    return event_log_measure(log, memory_room(events), last ? at_physical(last) : NULL);
}

/* Firmware with an old TPM keeps the old format only. */
enum err tpm_event_log(struct event_log *log)
{
    struct tcg2 *tcg2 = protocol_anywhere(tcg2_guid);

    if (!tcg2)
        return fail(ERR_UNSUPPORTED, "this firmware knows no TPM");
    if (get(tcg2, EVENT_LOG_2, log) || get(tcg2, EVENT_LOG_1_2, log))
        return OK;
    return fail(ERR_UNSUPPORTED, "the firmware has no TPM, or no log of it that makes sense");
}
