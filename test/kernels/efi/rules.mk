# An EFI program that tells what it was given.
build/test-kernels/program.o: test/kernels/efi/program.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UEFI_FLAGS) $(UNGUARDED) -c $< -o $@

build/test-kernels/program.so: build/test-kernels/program.o uefi/uefi.lds
	$(call say,LD,$@)
	$(Q)$(LINK_UEFI) /usr/lib/crt0-efi-x86_64.o $< /usr/lib/libgnuefi.a -o $@

build/test-kernels/program.efi: build/test-kernels/program.so
	$(call say,PE,$@)
	$(Q)$(OBJCOPY) -O efi-app-x86_64 --file-alignment 512 --section-alignment 4096 --strip-all \
	    -j .text -j .reloc -j .rodata -j .dynamic -j .rela -j .data -j .bss $< $@

TEST_KERNELS += build/test-kernels/program.efi
