# What looks like a Linux kernel, by its only entry: 64-bit, 32-bit, or a zImage's in real mode. It
# must lie where the BIOS loader lives, or (uefi) where OVMF's boot services have their data.
LINUX_PROBES := $(addprefix build/test-kernels/probe-,64 32 real uefi)
TEST_KERNELS += $(LINUX_PROBES)

$(LINUX_PROBES): PROBE = -DBITS=$(@:build/test-kernels/probe-%=%) -DADDRESS=10000h
build/test-kernels/probe-uefi: PROBE = -DBITS=64 -DADDRESS=0A00000h
$(LINUX_PROBES): test/kernels/linux/probe.asm
	$(call say,NASM,$@)
	@mkdir -p $(@D)
	$(Q)$(NASM) -f bin -w+all -w+error $(PROBE) $< -o $@
