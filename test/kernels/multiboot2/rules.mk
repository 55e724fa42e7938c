# Multiboot2 kernels: 32-bit ELF (with and without a framebuffer), the same as a flat file, and
# 64-bit ELF (relocatable; fixed; with one entry for both modes).
MULTIBOOT_FLAGS := -std=gnu11 -Os -g0 -ffreestanding -fno-stack-protector -fno-builtin \
                   -fno-asynchronous-unwind-tables -fcf-protection=none -mgeneral-regs-only \
                   $(WARNINGS) -I.
MULTIBOOT_32    := -m32 -fno-pic
MULTIBOOT_64    := -m64 -fPIE -fvisibility=hidden -mno-red-zone
MULTIBOOT_NASM  := $(NASM) -w+all -w+error -Itest/kernels/multiboot2/ -Itest/kernels/common/
MULTIBOOT_LINK  := $(LD) -nostdlib -z noexecstack --no-warn-rwx-segments --build-id=none
MULTIBOOT_PARTS  = $(patsubst test/kernels/%.c,build/test-kernels/obj/$(1)/%.o,\
                   $(wildcard test/kernels/common/*.c test/kernels/$(2)/*.c))

build/test-kernels/obj/32/%.o: test/kernels/%.c
	$(call say,CC,"$< (32)")
	@mkdir -p $(@D)
	$(Q)$(CC) $(MULTIBOOT_FLAGS) $(MULTIBOOT_32) -MMD -c $< -o $@

build/test-kernels/obj/64/%.o: test/kernels/%.c
	$(call say,CC,"$< (64)")
	@mkdir -p $(@D)
	$(Q)$(CC) $(MULTIBOOT_FLAGS) $(MULTIBOOT_64) -MMD -c $< -o $@

build/test-kernels/multiboot2-framebuffer.elf: MACROS := -DFRAMEBUFFER
build/test-kernels/multiboot2-flat.elf: MACROS := -DFLAT
build/test-kernels/multiboot2-fixed64.elf: MACROS := -DFIXED
build/test-kernels/multiboot2-no-services.elf: MACROS := -DFIXED -DNO_SERVICES
build/test-kernels/multiboot2-polyglot.elf: MACROS := -DPOLYGLOT

MULTIBOOT2_32 := $(addprefix build/test-kernels/multiboot2,.elf -framebuffer.elf -flat.elf)
MULTIBOOT2_64 := $(addprefix build/test-kernels/multiboot2-,64.elf fixed64.elf no-services.elf polyglot.elf)

$(MULTIBOOT2_32): build/test-kernels/%.elf: test/kernels/multiboot2/start32.asm \
        test/kernels/multiboot2/header.inc \
        test/kernels/common/start32.inc test/kernels/common/kernel32.ld \
        $(call MULTIBOOT_PARTS,32,multiboot2)
	$(call say,LD,$@)
	$(Q)$(MULTIBOOT_NASM) -f elf32 $(MACROS) $< -o $@.start.o
	$(Q)$(MULTIBOOT_LINK) -m elf_i386 -T test/kernels/common/kernel32.ld \
	    $@.start.o $(filter %.o,$^) -o $@

$(MULTIBOOT2_64): build/test-kernels/%.elf: test/kernels/multiboot2/start64.asm \
        test/kernels/multiboot2/header.inc \
        test/kernels/multiboot2/kernel64.ld \
        $(call MULTIBOOT_PARTS,64,multiboot2)
	$(call say,LD,$@)
	$(Q)$(MULTIBOOT_NASM) -f elf64 $(MACROS) $< -o $@.start.o
	$(Q)$(MULTIBOOT_LINK) -z max-page-size=4096 -T test/kernels/multiboot2/kernel64.ld \
	    $@.start.o $(filter %.o,$^) -o $@

build/test-kernels/multiboot2-flat.bin: build/test-kernels/multiboot2-flat.elf
	$(Q)$(OBJCOPY) -O binary $< $@

TEST_KERNELS += $(filter-out %-flat.elf,$(MULTIBOOT2_32)) $(MULTIBOOT2_64) \
                build/test-kernels/multiboot2-flat.bin
