/* What people are told of an installation in the gap or BIOS boot partition. */
#pragma once

#include "images/tool/live/area.h"

/* `in_use`: by the running system. */
void area_tell_install(const struct area *area, enum area_step step, const struct volume *boot,
                       bool in_use);
void area_tell_uninstall(const struct area *area);
