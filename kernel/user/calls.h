/* What a user program may ask for: the numbers in RAX. Shared with the programs. */
#pragma once

#include <stdint.h>

enum call {
    CALL_EXIT,     /* (status): does not return */
    CALL_WRITE,    /* (text, bytes): bytes written, 1,024 at most */
    CALL_READ,     /* (buffer, bytes): waits for at least one; bytes read */
    CALL_SLEEP,    /* (ticks of 10 ms) */
    CALL_RESERVE,  /* (address or 0, bytes, protection): address of the region */
    CALL_COMMIT,   /* (address, bytes, protection) */
    CALL_DECOMMIT, /* (address, bytes) */
    CALL_RELEASE,  /* (region) */
    CALL_PROTECT,  /* (address, bytes, protection) */
    CALL_QUERY,    /* (address, struct vm_info *) */
    CALLS,
};

/* A result below 0 is an error: minus an enum vm_status, or one of these. */
#define ERROR_POINTER (-100) /* the program may not touch what it points to */
#define ERROR_CALL    (-101) /* no such number */
