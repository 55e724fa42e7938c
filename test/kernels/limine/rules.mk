# Kernels for the Limine protocol, one for each base revision, and a position-independent one.
LIMINE_REVISIONS := 0 1 2 3 4 5 6
LIMINE_KERNELS   := $(LIMINE_REVISIONS:%=build/test-kernels/limine-%.elf) build/test-kernels/limine-pie.elf
LIMINE_FLAGS     := $(FREESTANDING) $(UNGUARDED) -fvisibility=hidden
LIMINE_SOURCES   := $(wildcard test/kernels/limine/*.c)

build/test-kernels/limine-%.elf: REVISION = $(@:build/test-kernels/limine-%.elf=%)
build/test-kernels/limine-%.elf: MODEL = -fno-pic -mcmodel=kernel
build/test-kernels/limine-%.elf: LINKED = -static
build/test-kernels/limine-pie.elf: REVISION = 3
build/test-kernels/limine-pie.elf: MODEL = -fPIE
build/test-kernels/limine-pie.elf: LINKED = -pie --no-dynamic-linker -z text --defsym=position_independent=1

$(LIMINE_KERNELS): $(LIMINE_SOURCES) $(wildcard test/kernels/limine/*.h) test/kernels/limine/entry.asm test/kernels/limine/kernel.ld
	$(call say,KERNEL,$@)
	@mkdir -p $@.parts
	$(Q)$(NASM) -f elf64 $(NASM_FLAGS) test/kernels/limine/entry.asm -o $@.parts/entry.o
	$(Q)for c in $(LIMINE_SOURCES); do \
	    $(CC) $(LIMINE_FLAGS) $(MODEL) -DREVISION=$(REVISION) -c $$c -o $@.parts/$$(basename $$c .c).o || exit; done
	$(Q)$(LINK) $(LINKED) -z max-page-size=4096 -T test/kernels/limine/kernel.ld $@.parts/*.o -o $@

TEST_KERNELS += $(LIMINE_KERNELS)
