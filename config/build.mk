# What a build may choose: compilers, flags and versions. Override on the command line: make CC=clang
CC      := gcc
NASM    := nasm
LD      := ld
OBJCOPY := objcopy
STRIP   := strip
PYTHON  := /usr/bin/python3
PYTEST  := pytest-3
JOBS    := $(shell nproc)

# Fixed, so that the same tree makes the same bytes.
export SOURCE_DATE_EPOCH ?= 1767225600

WARNINGS := -Wall -Wextra -Werror
# No red zone: real-mode interrupts and firmware run on our stack. General registers only: nobody has
# saved the others for us.
FREESTANDING := -std=gnu11 -g -ffreestanding -fno-asynchronous-unwind-tables \
                -mno-red-zone -mgeneral-regs-only -ffunction-sections -fdata-sections \
                -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) -I.
# The loader's stack is guarded: by a word that common/handoff/canary.c makes, and on BIOS by absent
# pages below it, which no frame is large enough to step over. What stays with a kernel, and kernels, are not.
GUARDED   := -fstack-protector-strong -mstack-protector-guard=global -Wframe-larger-than=8192
UNGUARDED := -fno-stack-protector
# The loader waits for disks, and its second stage has to fit into low memory: small counts.
CORE_FLAGS   := $(FREESTANDING) $(GUARDED) -Oz -fPIC -fvisibility=hidden
LEGACY_FLAGS := $(FREESTANDING) $(GUARDED) -Oz -fno-pic -mcmodel=small
RESIDENT_FLAGS := $(FREESTANDING) $(UNGUARDED) -Oz -fPIC -fvisibility=hidden
UEFI_FLAGS   := $(CORE_FLAGS) -isystem /usr/include/efi -isystem /usr/include/efi/x86_64 -DGNU_EFI_USE_MS_ABI
KERNEL_FLAGS := $(FREESTANDING) $(UNGUARDED) -O2 -fPIE -fvisibility=hidden
# User mode is as any compiler expects it: red zone, SSE.
PROGRAM_FLAGS := $(filter-out -mno-red-zone -mgeneral-regs-only,$(FREESTANDING)) $(UNGUARDED) -O2 -fno-pic
NASM_FLAGS   := -g -F dwarf -w+all -w+error -Ibuild/

LINK          := $(LD) -nostdlib -z noexecstack --build-id=none --gc-sections
LINK_RESIDENT := $(LINK) -pie --no-dynamic-linker -z text -z max-page-size=16 -T common/resident/resident.ld
LINK_LEGACY   := $(LINK) -static --no-warn-rwx-segments -z max-page-size=4096 -T legacy/legacy.ld
LINK_UEFI     := $(LINK) -shared -Bsymbolic -z nocombreloc -z norelro --no-undefined -T uefi/uefi.lds
# What debuggers read is most of the kernel's file, which has to fit on a floppy.
LINK_KERNEL   := $(LINK) -static --compress-debug-sections=zlib -z max-page-size=4096 -T kernel/kernel.ld
LINK_PROGRAM  := $(LINK) -static -z max-page-size=4096 -T kernel/programs/program.ld

# The host tests' variants of the same code: the objects that ship, and the same sources under sanitizers.
HOST_FLAGS := -std=gnu11 -g -O1 $(WARNINGS) -I.
# The fake firmware (test/unit) takes the place of the instructions that a program cannot run.
HOST_LINK  := -lcmocka -Wl,--wrap=handoff_enter -Wl,--wrap=handoff_levels \
              -Wl,--wrap=dead_end -Wl,--wrap=apic_begin -Wl,--wrap=apic_send \
              -Wl,--wrap=apic_can_leave_x2apic -Wl,--wrap=apic_leave_x2apic -Wl,--wrap=mtrr_read \
              -Wl,--wrap=probe_keeps -Wl,--wrap=probe_room
# And in a fuzzer of the whole loader (test/fuzz/fuzz_boot.c):
WHOLE_BOOT_LINK := -Wl,--wrap=attempt_carry_out -Wl,--wrap=handoff_enter_with_services \
                   -Wl,--wrap=interrupts_mask_local_apic -Wl,--wrap=cpu_entropy
SANITIZE   := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# The font of screens, from Debian's console-setup-linux.
FONT_PSF := /usr/share/consolefonts/Lat15-VGA16.psf.gz
