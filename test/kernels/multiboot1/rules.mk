# Multiboot kernels: ELF32 with a framebuffer, and a flat file. MULTIBOOT_...: multiboot2/rules.mk.
MULTIBOOT1 := $(addprefix build/test-kernels/multiboot1,.elf -flat.elf)

build/test-kernels/multiboot1-flat.elf: MACROS := -DFLAT

$(MULTIBOOT1): build/test-kernels/%.elf: test/kernels/multiboot1/start.asm \
        test/kernels/common/start32.inc test/kernels/common/kernel32.ld \
        $(patsubst test/kernels/%.c,build/test-kernels/obj/32/%.o,\
        $(wildcard test/kernels/common/*.c test/kernels/multiboot1/*.c))
	$(call say,LD,$@)
	$(Q)$(MULTIBOOT_NASM) -f elf32 $(MACROS) $< -o $@.start.o
	$(Q)$(MULTIBOOT_LINK) -m elf_i386 -T test/kernels/common/kernel32.ld \
	    $@.start.o $(filter %.o,$^) -o $@

build/test-kernels/multiboot1-flat.bin: build/test-kernels/multiboot1-flat.elf
	$(Q)$(OBJCOPY) -O binary $< $@

TEST_KERNELS += build/test-kernels/multiboot1.elf build/test-kernels/multiboot1-flat.bin
