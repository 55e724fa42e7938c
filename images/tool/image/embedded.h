/* The loader's files inside the tool (embedded.asm), as the build made them. */
#pragma once

#include "images/tool/host/file.h"

extern const struct content embedded_boot;     /* 512 bytes: the first sector */
extern const struct content embedded_boot_pxe; /* what precedes the second stage in lintel.pxe */
extern const struct content embedded_stage2;   /* whole sectors of 512 bytes, sealed */
extern const struct content embedded_efi;      /* the UEFI application */
