/* The initial file system, for a program that asks firmware's drivers for it. */
#pragma once

#include "common/firmware.h"

/* Offers a program's initial file system to it, where nobody offers one yet (UEFI 2.10, 13.1.2). */
enum err initrd_offer(const struct program *program);

/* Ends that. What went wrong while the program read it; OK also when it never did. */
enum err initrd_withdraw(void);
