#ifndef KERNEL_FACTS_H
#define KERNEL_FACTS_H

/* Prints what was handed over, one `fact: name = value` a line, then the memory map and the stages;
 * `make run` compares the lines of both firmwares. */
void facts_print(void);

/* The loader's log, a line each. */
void facts_print_log(void);

#endif
