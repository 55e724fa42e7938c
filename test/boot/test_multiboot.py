"""Multiboot2 and Multiboot: kernels of ours that check each tag from inside, files that must be
refused, kernels that lie where the loader does, and Xen."""
import re
import struct
import zlib

import pytest
from builder import BUILD, MODULE, PIE_KERNEL, make_image
from linux_guest import GUESTS, first_initrd, guest_facts, kernel as linux
from machine import Hardware
from test_network import by_tftp

KERNELS = BUILD / "test-kernels"
FIRMWARES = ("bios", "uefi")
MAGIC = struct.pack("<II", 0xE85250D6, 0)
MIB = 1 << 20
RAM = 512 * MIB
OPTIONS = "some words, and  more"
ARGUMENT = "the module's own words"
ENTRY = f"""options {OPTIONS}
module /boot/module {ARGUMENT}
module /boot/empty
initrd /boot/initrd
"""
MODULES = {"module": MODULE.read_bytes(), "empty": b"", "initrd": bytes(range(256)) * 20}
LOADER_NAME = "Lintel 0.1.0 (command lines as from GRUB 2)"


@pytest.fixture
def multiboot_image(tmp_path):
    """multiboot_image(entries, files, loader_conf) -> an image with these entries (name -> text)
    and files of /boot (name -> bytes or path), besides one ordinary kernel."""

    def make(entries, files, loader_conf):
        options = []
        for name, content in files.items():
            if isinstance(content, bytes):
                path = tmp_path / f"{name}.file"
                path.write_bytes(content)
                content = path
            options += ["--file", f"{content}=/boot/{name}"]
        for name, text in entries.items():
            path = tmp_path / f"{name}.conf"
            path.write_text(text)
            options += ["--entry", path]
        (tmp_path / "loader.conf").write_text(loader_conf)
        image = tmp_path / "multiboot.img"
        make_image(image, "test", "--loader-conf", tmp_path / "loader.conf", *options,
                   kernel=PIE_KERNEL)
        return image

    return make


@pytest.fixture
def start_kernel(start, multiboot_image):
    """Boots one of our kernels with all modules."""

    def boot(firmware, kernel, options=OPTIONS, **others):
        entry = ENTRY.replace(OPTIONS, options)
        image = multiboot_image({"it": f"kernel /boot/kernel\n{entry}"},
                                {**MODULES, "kernel": KERNELS / kernel}, "default it\n")
        return start(firmware, [image], **others)

    return boot


# ---- every tag, from inside --------------------------------------------------------------------

BIOS_TAGS = {1, 2, 3, 4, 5, 6, 8, 10, 13, 14}
UEFI_TAGS = {1, 2, 3, 4, 6, 8, 12, 13, 14, 15, 17, 20}
SERVICES_TAGS = UEFI_TAGS - {4, 6, 17} | {18, 21}
SECTIONS, VBE, LOAD_BASE = {9}, {7}, {21}

# Firmware and kernel, the tags that it must see, and the mode that it must be entered in.
MULTIBOOT2 = [
    ("bios", "multiboot2.elf", BIOS_TAGS | SECTIONS, "protected"),
    ("bios", "multiboot2-framebuffer.elf", BIOS_TAGS | SECTIONS | VBE, "protected"),
    ("bios", "multiboot2-flat.bin", BIOS_TAGS, "protected"),
    ("bios", "multiboot2-64.elf", BIOS_TAGS | SECTIONS | LOAD_BASE, "protected"),
    ("bios", "multiboot2-fixed64.elf", BIOS_TAGS | SECTIONS, "protected"),
    ("uefi", "multiboot2-framebuffer.elf", UEFI_TAGS | SECTIONS, "protected"),
    ("uefi", "multiboot2-64.elf", SERVICES_TAGS | SECTIONS, "long"),
    ("bios", "multiboot2-polyglot.elf", BIOS_TAGS | SECTIONS | LOAD_BASE, "protected"),
    ("uefi", "multiboot2-polyglot.elf", SERVICES_TAGS | SECTIONS, "long"),
]
MULTIBOOT1 = [("bios", "multiboot1.elf"), ("bios", "multiboot1-flat.bin"),
              ("uefi", "multiboot1.elf")]


def find_ranges(machine):
    return [(int(base, 16), int(size, 16), int(kind)) for base, size, kind in
            re.findall(r"^range: (\w+) (\w+) (\d)", machine.output, re.MULTILINE)]


def expect_modules(machine):
    given = zip(MODULES.values(), (ARGUMENT, "", ""))
    for number, (content, argument) in enumerate(given):
        machine.wait_for(rf"^module {number}: at=\w+ bytes={len(content)} "
                         rf"crc32={zlib.crc32(content):x} text={argument}\|")


def expect_memory(machine, firmware):
    """QEMU's memory, but for what the firmware keeps, and the sizes that the map itself says."""
    ranges = find_ranges(machine)
    available = sum(size for _, size, kind in ranges if kind == 1)
    assert RAM - 16 * MIB < available < RAM
    lower, upper = map(int, machine.wait_for(r"^memory: lower=(\d+) upper=(\d+)").groups())
    assert lower == (639 if firmware == "bios" else 640)
    base, size, _ = next(row for row in ranges if row[2] == 1 and row[0] <= MIB < row[0] + row[1])
    assert upper * 1024 == base + size - MIB
    assert (firmware == "bios") == (not any(kind in (3, 4) for _, _, kind in ranges))


def expect_same_text(machine):
    machine.wait_for(rf"^command line: {OPTIONS}")
    machine.wait_for("^loader: " + re.escape(LOADER_NAME) + "$")
    expect_modules(machine)


@pytest.mark.parametrize("firmware, kernel, tags, mode", MULTIBOOT2)
def test_multiboot2_kernel_finds_every_tag(start_kernel, firmware, kernel, tags, mode):
    machine = start_kernel(firmware, kernel)
    machine.wait_passed("the kernel found mistakes")
    machine.wait_for(rf"^entered: eax=36d76289 .* {mode}$")
    expect_same_text(machine)
    assert set(map(int, machine.wait_for(r"^tags:([ \d]*)$")[1].split())) == tags
    if 6 in tags:
        expect_memory(machine, firmware)
    if firmware == "bios":
        machine.wait_for(r"^boot device: 80 1 ffffffff$")  # the second partition
    usual = "polyglot" in kernel and firmware == "uefi"
    assert usual == ("its usual entry is called, in 64-bit mode" in machine.words)
    if 21 in tags:
        base = int(machine.wait_for(r"^load base: (\w+)$")[1], 16)
        assert base == RAM - 2 * MIB  # as high as it may lie, which the kernel asks for


@pytest.mark.parametrize("firmware, kernel", MULTIBOOT1)
def test_multiboot1_kernel_finds_everything(start_kernel, firmware, kernel):
    machine = start_kernel(firmware, kernel)
    machine.wait_passed("the kernel found mistakes")
    machine.wait_for(r"^entered: eax=2badb002 .* protected$")
    flags = int(machine.wait_for(r"^flags: (\w+)$")[1], 16)
    elf, bios = kernel.endswith(".elf"), firmware == "bios"
    assert flags == 0x124D | elf << 5 | bios << 1 | bios << 10 | (bios and elf) << 11
    expect_same_text(machine)
    expect_memory(machine, firmware)
    if bios:
        machine.wait_for(r"^boot device: 8001ffff$")


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_monitor_agrees(start_kernel, firmware):
    """What QEMU sees from outside, while the kernel waits."""
    machine = start_kernel(firmware, "multiboot2-framebuffer.elf", OPTIONS + " stay")
    machine.wait_for("^multiboot2: waits$")
    monitor = machine.monitor
    rsdt = int(machine.wait_for(r"^rsdp \d+: rsdt=(\w+)")[1], 16)
    assert monitor.physical_memory(rsdt, 4) == b"RSDT"
    module = int(machine.wait_for(r"^module 0: at=(\w+)")[1], 16)
    assert monitor.physical_memory(module, len(MODULES["module"])) == MODULES["module"]
    assert monitor.registers()["CR0"] & 0x80000001 == 1

    screen = machine.wait_for(r"^framebuffer: base=(\w+) pitch=\d+ (\d+)x(\d+) bpp=(\d+) type=1$")
    base = int(screen[1], 16)
    assert f"{base:#x}" in re.search(r"VGA controller.*?BAR0: (.*?)\n", monitor.human("info pci"),
                                     re.DOTALL)[1]
    width, height, pixels = monitor.pixels()
    assert (width, height) == (int(screen[2]), int(screen[3])) == (800, 600)
    assert [pixels[x * 3:x * 3 + 3] for x in (8, 24, 40)] == [b"\xff\0\0", b"\0\xff\0", b"\0\0\xff"]


@pytest.mark.parametrize("firmware, card", [("bios", "virtio-net-pci"),
                                            ("uefi", "virtio-net-pci,romfile=")])
def test_dhcp_reply_comes_along(start, tmp_path, firmware, card):
    folder = tmp_path / "server"
    make_image(folder, "", "--layout", "netboot", kernel=BUILD / "kernel/kernel.elf")
    (folder / "boot/kernel").write_bytes((KERNELS / "multiboot2.elf").read_bytes())
    (folder / "loader/entries/lintel.conf").write_text("kernel /boot/kernel\n")
    machine = start(firmware, [], by_tftp(firmware, card, folder))
    machine.wait_passed("the kernel found mistakes")
    machine.wait_for(r"^network: 10\.0\.2\.15$")


# ---- what must be refused ----------------------------------------------------------------------

def read_kernel(name):
    return bytearray((KERNELS / name).read_bytes())


def edit_header(kernel, change):
    """A kernel whose Multiboot2 header `change` edited, with a right checksum again."""
    kernel = bytearray(kernel)
    start = kernel.index(MAGIC)
    length = struct.unpack_from("<I", kernel, start + 8)[0]
    header = kernel[start:start + length]
    change(header)
    header[12:16] = struct.pack("<I", -sum(struct.unpack_from("<3I", header)) & 0xFFFFFFFF)
    kernel[start:start + length] = header
    return bytes(kernel)


def find_tag(header, kind):
    at = 16
    while struct.unpack_from("<H", header, at)[0] != kind:
        at += (struct.unpack_from("<I", header, at + 4)[0] + 7) & ~7
    return at


def change_tag(name, kind, offset, *values):
    """A kernel in one of whose tags 32-bit fields have changed."""
    return edit_header(read_kernel(name), lambda header: struct.pack_into(
        f"<{len(values)}I", header, find_tag(header, kind) + offset, *values))


def wrong_checksum():
    kernel = read_kernel("multiboot2.elf")
    kernel[kernel.index(MAGIC) + 12] ^= 1
    return bytes(kernel)


def move_kernel(name, to, efi64_entry=False):
    """A 64-bit kernel that is linked to another physical address than 2 MiB."""
    kernel = read_kernel(name)
    first, count = struct.unpack_from("<Q", kernel, 32)[0], struct.unpack_from("<H", kernel, 56)[0]
    for program in range(first, first + count * 56, 56):
        physical = struct.unpack_from("<Q", kernel, program + 24)[0]
        struct.pack_into("<Q", kernel, program + 24, physical - 2 * MIB + to)

    def move_entry(header):
        at = find_tag(header, 9) + 8
        struct.pack_into("<I", header, at, struct.unpack_from("<I", header, at)[0] - 2 * MIB + to)

    return edit_header(kernel, move_entry) if efi64_entry else bytes(kernel)


# What makes the kernel (or None: a good one), more lines of its entry, and the message.
REFUSED = {
    "tag": (lambda: change_tag("multiboot2.elf", 4711, 0, 4711), "",
            r"has tag 4711, which Lintel does not know"),
    "request": (lambda: change_tag("multiboot2.elf", 1, 8, 22), "",
                r"requires information of type 22, which Lintel does not know"),
    "checksum": (wrong_checksum, "", r"the checksum of its Multiboot2 header is"),
    "place": (lambda: move_kernel("multiboot2-no-services.elf", 0xF0000000), "",
              r"/boot/place must lie at F0000000h to .*, but at F0000000h there is no memory, up to "
              r"F0\w+h: link it elsewhere, or give its header a relocatable tag"),
    "range": (lambda: change_tag("multiboot2-64.elf", 10, 8, 0xE0000000, 0xE0FFFFFF), "",
              r"/boot/range needs \d+ KiB of memory in one piece from E0000000h to E1000000h, but "
              r"nothing there is free: its relocatable tag allows no other"),
    "missing": (None, "module /boot/gone\n", r"module: .*gone"),
    "memory": (None, "module /boot/module\nmodule /boot/large\n",
               r"/boot/large needs 65536 KiB of memory in one piece from 100000h"),
}


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_refused_with_everything_given_back(start, multiboot_image, firmware):
    """One entry after the other from the menu, each with its message; then a good one boots, and
    lies where it lies when nothing was tried before."""
    files = {**MODULES, "large": bytes(64 * MIB), "good": bytes(read_kernel("multiboot2.elf"))}
    entries = {"zz": f"sort-key zz\nkernel /boot/good\n{ENTRY}"}
    for number, (name, (make, more, _)) in enumerate(REFUSED.items()):
        files[name] = make() if make else files["good"]
        entries[name] = f"sort-key a{number}\nkernel /boot/{name}\n{more}"
    image = multiboot_image(entries, files, "auto-entries no\ntimeout menu-force\ndefault zz\n")
    machine = start(firmware, [image], Hardware(memory="64M"))
    machine.wait_for(r"zz: kernel")
    for number, (_, _, message) in enumerate(REFUSED.values()):
        machine.type(str(number + 1))
        machine.wait_for(rf"Error[^$]*?{message}".replace(" ", r"\s+"))
    machine.type(str(len(REFUSED) + 1))
    machine.wait_passed("the kernel found mistakes")
    machine.wait_for(r"^module 0: at=107000 ")


# ---- kernels that lie where somebody else still is ---------------------------------------------

def test_kernel_in_the_loaders_place_on_bios(start_kernel, start, multiboot_image):
    """The loader's code and stack are where the kernel wants to lie: the handoff moves it."""
    kernel = move_kernel("multiboot2-no-services.elf", 0x10000)
    image = multiboot_image({"it": f"kernel /boot/kernel\n{ENTRY}"},
                            {**MODULES, "kernel": kernel}, "default it\n")
    machine = start("bios", [image])
    machine.wait_passed("the kernel found mistakes")
    machine.wait_for(r"^entered: .* at=10040 protected$")
    expect_same_text(machine)


FIRMWARES_OWN = 0x1E400000  # boot services data of OVMF with 512 MiB


def test_kernel_in_the_firmwares_place_on_uefi(start, multiboot_image):
    """Refused with boot services alive; without them the handoff moves it."""
    entries = {"alive": "sort-key a\nkernel /boot/alive\n",
               "left": f"sort-key b\nkernel /boot/left\n{ENTRY}"}
    files = {**MODULES, "alive": move_kernel("multiboot2-fixed64.elf", FIRMWARES_OWN, True),
             "left": move_kernel("multiboot2-no-services.elf", FIRMWARES_OWN)}
    image = multiboot_image(entries, files, "timeout menu-force\ndefault left\n")
    machine = start("uefi", [image])
    machine.wait_for(r"left: kernel")
    machine.type("1")
    machine.wait_for(r"needs\s+a\s+relocatable\s+tag")
    machine.type("2")
    machine.wait_passed("the kernel found mistakes")
    machine.wait_for(rf"^entered: .* at={FIRMWARES_OWN + 0x40:x} protected$")
    expect_same_text(machine)


def test_lintel_boots_itself(start, multiboot_image):
    """Its second stage is a flat Multiboot2 kernel, linked to where it runs already."""
    image = multiboot_image({"self": "sort-key a\nkernel /lintel/stage2.bin\n",
                             "next": "sort-key b\nkernel /boot/kernel-pie.elf\noptions test\n"}, {},
                            "timeout menu-force\ndefault self\n")
    machine = start("bios", [image])
    machine.wait_for(r"self: kernel")
    machine.type("\r")
    machine.wait_for(r"(?s)self: kernel.*Lintel.*self: kernel")
    machine.type("2")
    machine.wait_passed("the second Lintel booted nothing")


# ---- Xen ---------------------------------------------------------------------------------------

# TCG's SMAP and SMEP stop Xen 4.17 as it starts dom0.
XEN_CPU = "max,-smap,-smep"
XEN = """kernel /boot/xen
options console=com1 com1=115200,8n1 dom0_mem=400M noreboot
module /boot/vmlinuz first-word console=hvc0 quiet
module /boot/initramfs
"""


@pytest.mark.parametrize("firmware, protocol", [("bios", "multiboot2"), ("uefi", "multiboot2"),
                                                ("bios", "multiboot1")])
def test_xen_brings_dom0_to_user_space(start, multiboot_image, tmp_path, firmware, protocol):
    files = {"xen": GUESTS / "boot/xen-4.17-amd64.gz",
             "vmlinuz": linux(), "initramfs": first_initrd(tmp_path)}
    image = multiboot_image({"xen": f"protocol {protocol}\n{XEN}"}, files, "default xen\n")
    machine = start(firmware, [image], Hardware(memory="1G", cpu=XEN_CPU))
    machine.wait_for(r"guest: end = end")
    facts = guest_facts(machine.output)
    assert facts["cmdline"] == "first-word console=hvc0 quiet"
    assert facts["efi"] == ("yes" if firmware == "uefi" else "no")
    machine.wait_for(r"Xen version 4\.17")
    machine.wait_exit()
