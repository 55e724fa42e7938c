# What looks like a Linux kernel: probe-64 and probe-32 are entered so; probe-real is a zImage.
LINUX_PROBES := $(addprefix build/test-kernels/,probe-64 probe-32 probe-real)
TEST_KERNELS += $(LINUX_PROBES)

$(LINUX_PROBES): test/kernels/linux/probe.asm
	$(call say,NASM,$@)
	@mkdir -p $(@D)
	$(Q)$(NASM) -f bin -w+all -w+error -DBITS=$(subst probe-,,$(@F)) $< -o $@
