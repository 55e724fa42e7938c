/* What has to be quiet when the kernel begins. */
#include "limine.h"

void limine_settle(struct job *job)
{
    (void)job;
}
