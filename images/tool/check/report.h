/* A forecast in words. */
#pragma once

#include "images/tool/check/forecast.h"

/* After each step of the forecast, what it has found, on standard output. */
void report_machine(const struct forecast *forecast);
enum err report_kernel(const struct forecast *forecast);
void report_plan(const struct forecast *forecast);

/* The firmware's map alone: for a forecast that has no plan. */
void report_firmware_map(const struct forecast *forecast);

/* "rw-" and the like. */
const char *permissions_text(uint32_t map_flags);

/* What lies in a place, in short. */
const char *place_name(const struct attempt *attempt, uint64_t index);

/* Only has to fit: who starts takes the memory by itself. */
bool place_is_trial(const struct attempt *attempt, uint64_t index);

/* What a mapping is of: "kernel", "direct map", the name of a place. */
const char *mapping_name(const struct attempt *attempt, const struct mapping *mapping);

/* Shows all of memory, one to one or in the direct map. */
bool mapping_is_direct(const struct plan *plan, const struct mapping *mapping);

/* Joins the mapping at `index` with those behind it that continue it; returns the index behind. */
uint64_t joined_mapping(const struct plan *plan, uint64_t index, struct mapping *joined);
