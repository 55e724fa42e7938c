/* The parts of the contract's test (firmware_contract.c) to each other. */
#pragma once

#include "test/firmware_contract.h"

struct contract {
    const struct facts *facts;
    const struct firmware *firmware;
    const struct contract_after *after;
    void (*put)(char c);
    uint64_t capacity, efi_capacity_bytes; /* as memory_map() announced */
    uint32_t asked, passed;
    char why[160]; /* the first complaint about the promise at hand */
};

extern struct contract contract;

/* Notes that the promise at hand is broken; later complaints about it are not kept. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void expect(bool holds, const char *what);
void expect_ok(enum err err, const char *verb);

/* Memory for a check; NULL, with a complaint, where there is none. */
uint8_t *take(uint64_t bytes);

/* firmware_contract_memory.c */
void check_allocate(void);
void check_allocate_too_much(void);
void check_memory_map(void);
void check_reserve(void);
void check_reserve_of_others(void);
void check_leave(void);
