/* The other CPUs, and what has to be quiet when the kernel begins. */
#include "../lib/log.h"
#include "../machine/quiet.h"
#include "limine.h"

/* The state of interrupt controllers and IOMMUs is a promise from base revision 5 on. */
void limine_settle(struct job *job)
{
    const struct limine *limine = (const struct limine *)job;
    const struct facts *facts = job->boot->facts;
    bool strict = limine->image.base_revision >= 5;
    struct apic apic;

    quiet_io_apics(facts, strict);
    if (!strict)
        return;
    if (!limine_has(limine, LIMINE_KEEP_IOMMU))
        quiet_iommus(facts);
    if (apic_begin(&apic, &facts->cpu, false, facts->reachable_end) == OK)
        quiet_local_apic(facts, &apic, MP_UID_UNKNOWN);
}
