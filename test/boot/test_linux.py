"""Linux, and what else speaks its boot protocol, by each of the ways into a kernel. Every marker is
printed by the booted software itself."""
import struct
import subprocess

import pytest
from builder import BUILD, change_files
from linux_guest import (INSTALLER, IPXE, MEMDISK, MEMTEST, MEMTEST_32, SERIAL, edd_initrd,
                         guest_facts, kernel, linux_image, user_space_image)
from machine import Hardware

FIRMWARES = ("bios", "uefi")
GIB = 1 << 20  # KiB
# /proc/sys/kernel/bootloader_type: Linux's own EFI entry, and a loader without a number.
EFI_STUB, UNASSIGNED = "33", "255"
# memtest86+ measures caches and memory before it shows itself: small ones are quick.
MEMTEST_PC = Hardware(cpu="max,l3-cache=off", memory="128M")


def run_to_user_space(start, firmware, image, hardware=Hardware()):
    machine = start(firmware, [image], hardware)
    machine.wait_for("guest: end")
    machine.wait_exit()
    facts = guest_facts(machine.output)
    assert facts["second"] == "from the second initrd"
    return facts


# ---- 64-bit and EFI entry --------------------------------------------------------------------------

@pytest.mark.parametrize("firmware, flavour", [("bios", "cloud-"), ("uefi", "cloud-"), ("uefi", "")],
                         ids=["bios-cloud", "uefi-cloud", "uefi-ordinary"])
def test_kernel_to_user_space(start, tmp_path, firmware, flavour):
    image = user_space_image(tmp_path, kernel(flavour), "quiet one=two")
    facts = run_to_user_space(start, firmware, image)
    assert facts["cmdline"] == f"{SERIAL} quiet one=two"
    assert facts["efi"] == ("yes" if firmware == "uefi" else "no")
    assert facts["loader"] == (EFI_STUB if firmware == "uefi" else UNASSIGNED)
    assert 0.4 * GIB < int(facts["memory"]) < 0.5 * GIB


def with_old_efi_entry(bzimage, path):
    """As kernels were before their EFI entry knew LoadFile2: the PE file's image version is 0.0."""
    data = bytearray(bzimage.read_bytes())
    pe, = struct.unpack_from("<I", data, 0x3c)
    struct.pack_into("<HH", data, pe + 24 + 44, 0, 0)
    path.write_bytes(data)
    return path


def test_kernel_with_an_old_efi_entry(start, tmp_path):
    """Entered in 64-bit mode when the firmware has left, with its initrds above 4 GiB."""
    old = with_old_efi_entry(kernel("cloud-"), tmp_path / "old")
    facts = run_to_user_space(start, "uefi", user_space_image(tmp_path, old, "quiet"),
                              Hardware(memory="6G"))
    assert facts["efi"] == "yes"
    assert facts["loader"] == UNASSIGNED
    assert facts["screen"].startswith("0 EFI VGA")
    assert facts["gib_4"] == "1"
    assert 5.5 * GIB < int(facts["memory"]) < 6 * GIB


def test_pixels_and_disks_on_bios(start, tmp_path):
    """The ordinary kernel has a driver for VESA's framebuffer, which the loader sets up, and one
    that shows what its real-mode part would have asked the BIOS about disks. Its initrds lie above
    4 GiB."""
    image = user_space_image(tmp_path, kernel(), "quiet vga=791", edd_initrd(tmp_path, kernel()))
    with open(image, "r+b") as disk:
        disk.seek(440)
        disk.write(bytes.fromhex("78563412"))
    facts = run_to_user_space(start, "bios", image, Hardware(memory="6G"))
    assert facts["screen"].startswith("0 VESA VGA")
    assert facts["gib_4"] == "1"
    assert 5.5 * GIB < int(facts["memory"]) < 6 * GIB
    words = facts["dev80"].split()
    assert words[:2] == ["0x30", "Fixed"]
    assert words[-3:] == ["15", str((128 << 20) // 512), "0x12345678"]


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_installer_with_its_large_initrd(start, tmp_path, firmware):
    """Its init runs, and says so, when all of the 40 MB have been unpacked."""
    image = tmp_path / "installer.img"
    linux_image(image, INSTALLER / "linux", f"{SERIAL} DEBIAN_FRONTEND=text",
                INSTALLER / "initrd.gz")
    machine = start(firmware, [image], Hardware(memory="1G"))
    machine.wait_for(r"Run /init as init process")


# ---- memtest86+: an old protocol, not relocatable, at 1 MiB ---------------------------------------

@pytest.mark.parametrize("program", [MEMTEST, MEMTEST_32], ids=["64-bit", "32-bit"])
def test_memtest_on_bios(start, tmp_path, program):
    image = tmp_path / "memtest.img"
    linux_image(image, program, "")
    machine = start("bios", [image], MEMTEST_PC)
    machine.wait(lambda: memtest_is_there(machine, "bios"), "memtest86+")


def memtest_is_there(machine, firmware):
    """On a framebuffer it draws blue, around the middle."""
    if firmware == "bios":
        return b"Memtest86+ v6" in machine.monitor.text_screen()
    width, height, pixels = machine.monitor.pixels()
    middle = (height // 2 * width + width // 2) * 3
    return tuple(pixels[middle:middle + 3]) == (0, 0, 0xaa)


def test_memtest_on_uefi(start, tmp_path):
    image = tmp_path / "memtest.img"
    linux_image(image, MEMTEST, "")
    machine = start("uefi", [image], MEMTEST_PC)
    machine.wait(lambda: memtest_is_there(machine, "uefi"), "memtest86+")


# ---- kernels that must lie where the loader lives -------------------------------------------------

@pytest.mark.parametrize("firmware, probe, cpu, said", [
    ("bios", "64", "max", "64 bits"), ("bios", "64", "qemu64", "64 bits"),
    ("bios", "32", "max", "32 bits"), ("bios", "real", "max", "real mode"),
    ("uefi", "uefi", "max", "64 bits")])
def test_kernel_in_the_loaders_place(start, tmp_path, firmware, probe, cpu, said):
    """Moved there by the handoff; it looks at all of its bytes, its registers, memory above 4 GiB or the
    BIOS."""
    image = tmp_path / "probe.img"
    linux_image(image, BUILD / f"test-kernels/probe-{probe}", "one two")
    machine = start(firmware, [image], Hardware(cpu=cpu, memory="6G"))
    assert machine.wait_for(r"probe: (.*)\n")[1].strip() == f"{said}, all there: one two"


# ---- real mode -----------------------------------------------------------------------------------

def test_ipxe_in_real_mode(start, tmp_path):
    """It runs its script, and stays on the screen."""
    script = tmp_path / "script.ipxe"
    script.write_text("#!ipxe\necho script of ours\nprompt\n")
    image = tmp_path / "ipxe.img"
    linux_image(image, IPXE, "", script)
    machine = start("bios", [image])
    machine.wait(lambda: b"script of ours" in machine.monitor.text_screen(), "the script")


FLOPPY_SECTOR = r"""
        bits 16
        org 7c00h
        xor ax, ax
        mov ds, ax
        mov ax, 201h            ; the second sector, by the BIOS that memdisk put itself into
        mov bx, 7e00h
        mov es, ax
        xor dx, dx
        mov es, dx
        mov cx, 2
        int 13h
        mov si, 7e00h
        mov dx, 3f8h
.next:  lodsb
        out dx, al
        test al, al
        jnz .next
.stop:  hlt
        jmp .stop
        times 510 - ($ - $$) db 0
        dw 0aa55h
        db "read from the floppy", 13, 10, 0
        times 1474560 - ($ - $$) db 0
"""


def test_memdisk_with_a_floppy(start, tmp_path):
    source, floppy = tmp_path / "floppy.asm", tmp_path / "floppy.img"
    source.write_text(FLOPPY_SECTOR)
    subprocess.run(["nasm", "-f", "bin", source, "-o", floppy], check=True)
    image = tmp_path / "memdisk.img"
    linux_image(image, MEMDISK, "floppy", floppy)
    start("bios", [image]).wait_for("read from the floppy")


# ---- bad input -----------------------------------------------------------------------------------

def spoilt(bzimage, offset, layout, value):
    data = bytearray(bzimage.read_bytes())
    struct.pack_into(layout, data, offset, value)
    return bytes(data)


# What an entry says, what lies at the path that it names, and what the message must say.
BAD = {
    "cut": ("linux /cut", lambda: MEMTEST.read_bytes()[:100000], "it is cut off"),
    "empty": ("linux /empty\ninitrd /nothing", MEMTEST.read_bytes, "/nothing is empty"),
    "gone": ("linux /gone\ninitrd /nowhere", MEMTEST.read_bytes, "there is no nowhere"),
    "huge": ("linux /huge\ninitrd /big", MEMTEST.read_bytes, "of memory in one piece"),
    "long": ("linux /long\noptions " + "x" * 256, MEMTEST.read_bytes, "takes at most 255"),
    "old": ("linux /old", lambda: spoilt(MEMTEST, 0x206, "<H", 0x202), "needs 2.03 or later"),
    "place": ("linux /place", lambda: spoilt(MEMTEST, 0x258, "<Q", 0xfffff000),
              "kernel must lie at FFFFF000h"),
    "sects": ("linux /sects", lambda: spoilt(MEMTEST, 0x1f1, "B", 255)[:100000],
              "255 sectors of real-mode code"),
}


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_bad_input_leads_back_to_the_menu(start, tmp_path, firmware):
    """One machine tries them all twice, each by its number in the menu; nothing is left behind
    that keeps memtest86+ from its place at 1 MiB then."""
    image = tmp_path / "bad.img"
    linux_image(image, MEMTEST, "")
    changes = {"/loader/loader.conf": "auto-entries no\ntimeout menu-force\ndefault lintel\n",
               "/big": bytes(70 << 20), "/nothing": b""}
    for name, (lines, content, _) in BAD.items():
        changes[f"/{name}"] = content()
        changes[f"/loader/entries/{name}.conf"] = f"title {name}\nsort-key {name}\n{lines}\n"
    change_files(image, changes)
    machine = start(firmware, [image], Hardware(cpu=MEMTEST_PC.cpu, memory="64M"))
    machine.wait_for("place")
    for number, (_, _, message) in enumerate(list(BAD.values()) * 2):
        seen = machine.words.count(message)
        machine.type(str(number % len(BAD) + 1))
        machine.wait(lambda: machine.words.count(message) > seen, message)
    machine.type(str(len(BAD) + 1))
    machine.wait(lambda: memtest_is_there(machine, firmware), "memtest86+")
