# For every machine. QEMU always speaks x86-64, in real mode, too.
set pagination off
set confirm off
set architecture i386:x86-64
# Code is yet to be read over the places where breakpoints will be, so they must not be written
# into memory: use hbreak and thbreak. QEMU has no limit on their number.
