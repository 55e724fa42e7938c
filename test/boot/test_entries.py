"""Entries as the Boot Loader Specification has them: unified kernel images, a second volume, and
those for other machines."""
import gzip
import struct
import subprocess

import pytest
from builder import BUILD, KERNEL, MIB, VOLUME, mtools, put_file
from entries import (add_xbootldr, choose_each, format_volume, make_entries_image, make_uki,
                     sfdisk, with_machine, with_section_moved)
from linux_guest import SERIAL, first_initrd, guest_facts, kernel, pad, second_initrd
from machine import Hardware

FIRMWARES = ("bios", "uefi")
AARCH64 = 0xaa64
SECTOR = BUILD / "test-kernels/sector.bin"
RELEASE = b'PRETTY_NAME="Linux in one file"\nID=one\nVERSION_ID="12.5"\n'


# ---- unified kernel images -----------------------------------------------------------------------

@pytest.mark.parametrize("firmware", FIRMWARES)
def test_unified_kernel_image(start, tmp_path, firmware):
    """Found by itself, shown by its own name and version, counted, and booted to user space. Debian's
    stub does not know .ucode, which BIOS puts before .initrd."""
    first, second = first_initrd(tmp_path).read_bytes(), second_initrd(tmp_path).read_bytes()
    initrds = [(".ucode", second), (".initrd", first)]
    if firmware == "uefi":
        initrds = [(".initrd", pad(first) + second)]
    uki, image = tmp_path / "one.efi", tmp_path / "uki.img"
    make_uki(uki, [(".osrel", RELEASE), (".cmdline", f"{SERIAL}\r quiet\nthree=four\n\0x\n".encode()),
                   (".linux", kernel("cloud-")), *initrds])
    make_entries_image(image, {"another": "kernel /absent\narchitecture X64"},
                       {"/EFI/Linux/one+03-00.efi": uki},
                       loader="timeout menu-force\nuki-on-bios yes\n")
    machine = start(firmware, [image], Hardware(keeps=True))
    machine.wait_for(r"2 +Linux in one file +12\.5")
    machine.type("2")
    machine.wait_for("guest: end")
    machine.wait_exit()
    facts = guest_facts(machine.output)
    assert facts["cmdline"] == f"{SERIAL}  quiet three=four"
    assert facts["second"] == "from the second initrd"
    assert facts["efi"] == ("yes" if firmware == "uefi" else "no")
    mtools("mtype", image, VOLUME, "::/EFI/Linux/one+02-01.efi")


EXTRAS = {"/os/disk.cred": b"secret", "/os/more.sysext.raw": b"an image",
          "/os/etc.confext.raw": b"another"}
EXTRA_LINES = "".join(f"extra {name}\n" for name in EXTRAS)


def seen_extras(output):
    return guest_facts(output)["extras"]


@pytest.mark.parametrize("firmware, key", [("bios", "linux"), ("uefi", "linux"), ("bios", "kernel")],
                         ids=["bios-linux", "uefi-linux", "bios-uki"])
def test_extras(start, tmp_path, firmware, key):
    """Where systemd looks for them, with the rights that its stub gives them."""
    first, second = first_initrd(tmp_path), second_initrd(tmp_path)
    uki, image = tmp_path / "one.efi", tmp_path / "extras.img"
    make_uki(uki, [(".linux", kernel("cloud-")), (".initrd", first)])
    initrds = "extra /os/second.cpio\n" + ("initrd /os/first.img\n" if key == "linux" else "")
    make_entries_image(image, {"extras": f"{key} /os/{key}\noptions {SERIAL} quiet\n"
                                         f"{EXTRA_LINES}{initrds}"},
                       {"/os/linux": kernel("cloud-"), "/os/kernel": uki, "/os/first.img": first,
                        "/os/second.cpio": second, **EXTRAS}, loader="timeout 0\n",
                       options=("--size", "128M"))
    machine = start(firmware, [image])
    machine.wait_for("guest: end")
    assert seen_extras(machine.output).split("./") == [
        "", "confext/etc.confext.raw 444 another ", "credentials/disk.cred 400 secret ",
        "sysext/more.sysext.raw 444 an image "]
    assert guest_facts(machine.output)["second"] == "from the second initrd"


def damaged_ukis(folder):
    """Of one that would boot."""
    path = folder / "good.efi"
    make_uki(path, [(".osrel", RELEASE), (".cmdline", b"quiet"), (".linux", b"no kernel" * 99)])
    good = path.read_bytes()
    return {"/overlap.efi": with_section_moved(good, ".cmdline", ".linux"),
            "/arm.efi": with_machine(good, AARCH64),
            "/cut.efi": good[:good.index(b"no kernel") + 100], "/good.efi": good}


BAD_UKIS = {
    "overlap": ("kernel /overlap.efi", r"sections \.cmdline and \.linux overlap in memory"),
    "machine": ("kernel /arm.efi", r"for another machine: for 64-bit ARM"),
    "cut": ("kernel /cut.efi", r"section \.linux.*is it truncated"),
    "linux": ("linux /good.efi", r"is a unified kernel image, not a Linux kernel"),
}


# What only the other firmware starts.
OTHERS = {
    "bios": {"kernel /good.efi\nprotocol efi": r"/good\.efi is an EFI program: UEFI starts such"},
    "uefi": {"kernel /sector.bin": r"/sector\.bin is a boot sector: BIOS starts such",
             "kernel disk:80h": r"disk:80h is a BIOS drive",
             "kernel disk:": r"disk: is a boot sector"},
}


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_bad_files(start, tmp_path, firmware):
    image, other = tmp_path / "bad.img", tmp_path / "other.img"
    other.write_bytes(bytes(8 * MIB))
    sfdisk(other, "label: dos\nlabel-id: 0x1234abcd\n1: start=2048, size=8192, type=83\n")
    entries = {title: lines for title, (lines, _) in BAD_UKIS.items()}
    entries["packed"] = "kernel /packed.gz"
    entries["volume"] = "kernel PARTUUID=1234abcd-01:/vmlinuz"
    messages = [message for _, message in BAD_UKIS.values()]
    messages += [r"packed\.gz: it is compressed by gzip, and damaged: its contents",
                 "no file system that Lintel reads"]
    for number, (lines, message) in enumerate(OTHERS[firmware].items()):
        entries[f"other {number}"] = lines
        messages.append(message)
    packed = gzip.compress(b"a")[:-8] + bytes(8)
    make_entries_image(image, entries, {**damaged_ukis(tmp_path), "/packed.gz": packed,
                                        "/sector.bin": SECTOR})
    machine = start(firmware, [image, other])
    machine.wait_for("volume")
    choose_each(machine, messages)


# ---- entries for others --------------------------------------------------------------------------

FOREIGN = {"arm": "linux /l\narchitecture aa64", "program": "efi /program.efi", "image": "uki /u",
           "web": "uki-url http://example/u.efi"}


def test_foreign_entries_are_hidden(start, tmp_path):
    image = tmp_path / "foreign.img"
    make_entries_image(image, {**FOREIGN, "mine": "kernel /k"})
    machine = start("bios", [image])
    machine.wait_for(r"1 +mine")
    for reason in (r"e0 is hidden: it is for the architecture aa64",
                   r"e1 is hidden: it is for UEFI", r"e2 is hidden: it is for UEFI.*uki-on-bios"):
        machine.wait_for(reason)
    assert "program" not in machine.output


def test_foreign_entries_are_all(start, tmp_path):
    image = tmp_path / "foreign.img"
    make_entries_image(image, FOREIGN)
    machine = start("bios", [image])
    machine.wait_for(r"4 +web")
    choose_each(machine, ["entry e0: is for the architecture aa64",
                          "entry e1: is for UEFI .`efi`., and this machine was booted by BIOS"])


def long_name(name, first):
    """The slots of a FAT long name, as they lie before the short one (which begins with `first`)."""
    units = [ord(c) for c in name] + [0]
    units += [0xffff] * (-len(units) % 13)
    checksum = 0
    for byte in first:
        checksum = ((checksum & 1) << 7 | checksum >> 1) + byte & 0xff
    slots = []
    for at in range(0, len(units), 13):
        part = units[at:at + 13]
        slots.append(struct.pack("<B5HBBB6HH2H", at // 13 + 1, *part[:5], 0xf, 0, checksum,
                                 *part[5:11], 0, *part[11:]))
    slots[-1] = bytes([slots[-1][0] | 0x40]) + slots[-1][1:]
    return b"".join(reversed(slots))


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_names_steer_no_terminal(start, tmp_path, firmware):
    """A file's name, which the menu and the log show, with what a terminal obeys in it."""
    image = tmp_path / "name.img"
    make_entries_image(image, {"mine": "kernel /k.elf\noptions test"}, {"/k.elf": KERNEL},
                       loader="timeout menu-force\ndefault e0\n")
    name, steering = "a-name-of-three-slots-in-all.conf", "\x1b]0;PWNED\x07\x1b[2J\x1b[31m\r\nFAKE.conf"
    put_file(image, VOLUME, f"/loader/entries/{name}", "title Three slots\n")
    content = image.read_bytes()
    at = content.index(long_name(name, b"A-NAME~1CON"))
    content = content.replace(long_name(name, b"A-NAME~1CON"), long_name(steering, b"A-NAME~1CON"))
    assert content[at:at + 32] != image.read_bytes()[at:at + 32]
    image.write_bytes(content)
    machine = start(firmware, [image])
    machine.wait_for(r"2 +Three slots")
    machine.type("\x1b[B")
    machine.wait_for(r"\?\]0;PWNED\?\?\[2J\?\[31m\?\?FAKE names no kernel")
    machine.type("1")
    machine.wait_passed()  # its log is text
    assert b"\x1b]0;" not in machine.received and b"\x07" not in machine.received


# ---- a second volume -----------------------------------------------------------------------------

def put_kernel(path, offset):
    """An entry whose kernel lies beside it, and nowhere else."""
    for folder in ("/loader", "/loader/entries"):
        mtools("mmd", path, offset, f"::{folder}")
    entry = path.parent / "beside.conf"
    entry.write_text("title beside\nkernel /beside.elf\noptions test\n")
    mtools("mcopy", path, offset, str(entry), "::/loader/entries/beside.conf")
    mtools("mcopy", path, offset, str(KERNEL), "::/beside.elf")


LOADER = "timeout 0\ndefault beside\n"


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_extended_boot_loader_partition(boot, tmp_path, firmware):
    image = tmp_path / "xbootldr.img"
    make_entries_image(image, {"on the first": "kernel /absent.elf"}, loader=LOADER)
    put_kernel(image, add_xbootldr(image))
    assert boot(firmware, [image]).facts["entry"] == "beside"


def test_boot_partition_of_an_mbr_disk(boot, tmp_path):
    image = tmp_path / "mbr.img"
    make_entries_image(image, {"on the first": "kernel /absent.elf"}, loader=LOADER,
                       options=("--layout", "mbr", "--size", "128M"))
    first = image.stat().st_size // 512
    with open(image, "r+b") as disk:
        disk.truncate((first << 9) + 41 * MIB)
    sfdisk(image, f"2: start={first}, size={40 * 2048}, type=ea\n", "--append")
    format_volume(image, first, 40)
    put_kernel(image, first * 512)
    assert boot("bios", [image]).facts["entry"] == "beside"


# ---- files on ext4 -------------------------------------------------------------------------------

UUID = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize("reference", [f"UUID={UUID}:", "LABEL=Second disk:"])
@pytest.mark.parametrize("firmware", FIRMWARES)
def test_files_on_ext4(start, tmp_path, firmware, reference):
    """Neither firmware reads ext4: Lintel itself does, also what an entry of the ESP names there."""
    image, other, tree = tmp_path / "esp.img", tmp_path / "other.img", tmp_path / "tree"
    (tree / "boot").mkdir(parents=True)
    (tree / "boot/kernel.elf").write_bytes(KERNEL.read_bytes())
    other.write_bytes(bytes(32 * MIB))
    sfdisk(other, "label: dos\nlabel-id: 0x1234abcd\n1: start=2048, type=83\n")
    subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-E", f"offset={MIB}", "-U", UUID,
                    "-L", "Second disk", "-d", tree, other, "30M"], check=True)
    make_entries_image(image, {"mine": f"kernel {reference}/boot/kernel.elf\noptions test"},
                       loader="timeout 0\n")
    start(firmware, [image, other]).wait_for(r"claims: (\d+) of \1 passed")
