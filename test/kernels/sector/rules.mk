# A boot sector that tells what it was handed.
build/test-kernels/sector.bin: test/kernels/sector/sector.asm
	$(call say,NASM,$<)
	@mkdir -p $(@D)
	$(Q)$(NASM) -f bin -w+all -w+error $< -o $@

TEST_KERNELS += build/test-kernels/sector.bin
