"""Images whose menu leads to many kinds of files, so that one boot of a firmware shows many things;
and the disks and files that the entries name."""
import os
import struct
import subprocess
import tempfile
from pathlib import Path

from builder import BUILD, EPOCH, LINTEL, MIB, make_empty, mtools

GUESTS = BUILD / "guests"
XBOOTLDR = "bc13c2ff-59e6-4262-a352-b275fd6f7172"
MENU = "timeout menu-force\nauto-entries no\n"  # nothing but what a test writes


def make_entries_image(path, entries, files=(), loader=MENU, options=()):
    """entries: title -> lines; they stand in the menu in that order. files: path -> bytes, text or
    a Path."""
    with tempfile.TemporaryDirectory() as folder:
        given = [option for index, (title, lines) in enumerate(entries.items())
                 for option in ("--entry", write(folder, f"e{index}.conf",
                                                 f"title {title}\nsort-key {index}\n{lines}\n"))]
        given += ["--loader-conf", write(folder, "loader.conf", loader)]
        for index, (name, content) in enumerate(dict(files).items()):
            host = content if isinstance(content, Path) else write(folder, f"f{index}", content)
            given += ["--file", f"{host}={name}"]
        subprocess.run([LINTEL, "image", "--output", path, *given, *options], check=True)


def write(folder, name, content):
    path = Path(folder, name)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def wrapped(pattern):
    """The pattern for a message that the menu may wrap at any space."""
    return pattern.replace(" ", r"\s+")


def choose_each(machine, cases, first=1):
    """Boots the menu's entries from that number on: each of them fails with its message."""
    for number, message in enumerate(cases, first):
        machine.type(str(number))
        machine.wait_for(wrapped(message))


# ---- partitions ----------------------------------------------------------------------------------

def sfdisk(path, script, *options):
    subprocess.run(["sfdisk", "--quiet", *options, path], input=script, text=True, check=True)


def format_volume(path, first_lba, mib, label="VOLUME"):
    """A FAT file system from that sector on, which does not know how many sectors lie before it."""
    subprocess.run(["mkfs.fat", "--invariant", "-h", "0", f"--offset={first_lba}", "-n", label,
                    path, str(mib * 1024)], check=True, stdout=subprocess.DEVNULL)


def add_xbootldr(path, mib=40):
    """Appends an extended boot loader partition to a GPT disk; returns its offset in bytes."""
    first = os.path.getsize(path)
    os.truncate(path, first + (mib + 1) * MIB)
    subprocess.run(["sgdisk", "--move-second-header", f"--new=0:{first // 512}:+{mib}M",
                    f"--typecode=0:{XBOOTLDR}", path], check=True, stdout=subprocess.DEVNULL)
    format_volume(path, first // 512, mib, "XBOOTLDR")
    return first


# ---- syslinux ------------------------------------------------------------------------------------

def make_syslinux(path, script, first_lba, label):
    """A disk with one volume that syslinux has made bootable. It reaches the serial line, and its
    prompt, by files of that volume."""
    make_empty(path, 48 * MIB)
    sfdisk(path, script)
    format_volume(path, first_lba, 32, label)
    subprocess.run([GUESTS / "usr/bin/syslinux", "--offset", str(first_lba * 512), "--install",
                    path], check=True, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    with tempfile.TemporaryDirectory() as folder:
        config = write(folder, "c", "SERIAL 0 115200\nPROMPT 1\nTIMEOUT 0\n")
        mtools("mcopy", path, first_lba * 512, str(config), "::/syslinux.cfg")


# ---- PE files ------------------------------------------------------------------------------------

def make_uki(path, sections, stub=GUESTS / "usr/lib/systemd/boot/efi/linuxx64.efi.stub"):
    """sections: name -> bytes or a Path, laid out one behind the other."""
    address, options = 0x100000, []
    with tempfile.TemporaryDirectory() as folder:
        for index, (name, content) in enumerate(sections):
            host = content if isinstance(content, Path) else write(folder, f"s{index}", content)
            options += ["--add-section", f"{name}={host}",
                        "--change-section-vma", f"{name}={address:#x}"]
            address += (os.path.getsize(host) + 0xfffff) & ~0xfffff
        subprocess.run(["objcopy", *options, stub, path], check=True)


def with_machine(content, machine):
    """A PE file that says it is for another machine."""
    changed = bytearray(content)
    struct.pack_into("<H", changed, struct.unpack_from("<I", changed, 60)[0] + 4, machine)
    return bytes(changed)


def with_section_moved(content, name, onto):
    """A PE file whose section `name` begins where `onto` does."""
    changed = bytearray(content)
    header = struct.unpack_from("<I", changed, 60)[0]
    count, optional = struct.unpack_from("<H12xH", changed, header + 6)
    rows = {changed[at:at + 8].rstrip(b"\0").decode(): at
            for at in range(header + 24 + optional, header + 24 + optional + count * 40, 40)}
    changed[rows[name] + 12:rows[name] + 16] = changed[rows[onto] + 12:rows[onto] + 16]
    return bytes(changed)
