/* The 8254 interval timer. */
#ifndef KERNEL_PIT_H
#define KERNEL_PIT_H

#define PIT_HZ        1193182
#define PIT_CHANNEL_0 0x40
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
/* Low byte, then high byte. */
#define PIT_PERIODIC 0x34 /* channel 0, mode 2 */
#define PIT_ONE_SHOT 0xb0 /* channel 2, mode 0: output rises at the end */

#endif
