"""lintel check: the loader's decisions on the host, against what a machine does."""
import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
from builder import KERNEL, LINTEL, MODULE, PIE_KERNEL  # noqa: E402
from machine import ROOT  # noqa: E402

MAPS = ROOT / "test/maps"


def lintel(*arguments):
    return subprocess.run([LINTEL, "check", *map(str, arguments)], capture_output=True, text=True)


def check(*arguments):
    done = lintel(*arguments)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    assert done.stdout.endswith("This kernel would boot.\n")
    return done.stdout


def refusal(*arguments):
    done = lintel(*arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def mappings(text):
    """(from, to, physical, permissions, cache, what) of each row."""
    rows = re.findall(r"^  (\w{16}) to (\w{16}) +(\w+)  (r[w-][x-])  (\S+) +(\S.*)$", text,
                      re.MULTILINE)
    return [(int(first, 16), int(last, 16), int(physical, 16), may, cache, what)
            for first, last, physical, may, cache, what in rows]


def memory_map(text):
    """The map that the kernel sees: (first, last, type)."""
    rows = text.split("Memory map that the kernel sees")[1]
    found = re.findall(r"^ +(\w+) to +(\w+)  \d+ \w+ +(\S.*)$", rows, re.MULTILINE)
    return [(int(first, 16), int(last, 16), kind) for first, last, kind in found]


# ---- what it shows ----------------------------------------------------------------------------

def test_segments_are_what_readelf_says():
    shown = re.findall(r"^  (\w{16}) +\w+ .*  (r[w-][x-])$", check(KERNEL), re.MULTILINE)
    listing = subprocess.run(["readelf", "-lW", KERNEL], capture_output=True, text=True).stdout
    loads = re.findall(r"LOAD +\w+ 0x(\w+) \w+ \w+ \w+ (R)( |W)( |E)", listing)
    assert shown == [(address, (read + write + execute).lower().replace(" ", "-").replace("e", "x"))
                     for address, read, write, execute in loads]


@pytest.mark.parametrize("options", [(), ("--firmware", "uefi"), ("--cpu", "-la57"),
                                     ("--memory", "6G"), ("--cpu", "-1gib", "--memory", "64M")])
def test_mappings_keep_the_protocol(options):
    """C13, C14 and C18 of PROTOCOL.md, and no two rows overlap."""
    rows = mappings(check(KERNEL, "--module", MODULE, *options))
    assert all(first >= 1 << 63 for first, *_ in rows)
    assert all(a[1] < b[0] for a, b in zip(rows, rows[1:]))
    writable = [row for row in rows if "w" in row[3]]
    for _, _, physical, may, _, _ in rows:
        if "x" in may:
            assert not [w for w in writable if w[2] <= physical <= w[2] + w[1] - w[0]]
    assert {what for *_, what in rows} == {"direct map", "stack", "fault stack", "fault reporter",
                                          "handoff program", "kernel"}


def test_memory_map_holds_every_place():
    text = check(KERNEL, "--module", MODULE)
    places = re.findall(r"^ +(\w+)  \d+ \w+ +(kernel|reclaimable) +(\S.*)$", text, re.MULTILINE)
    assert {name for *_, name in places} >= {"kernel", "stack", "page tables", "PROTOCOL.md"}
    ranges = memory_map(text)
    for physical, kind, name in places:
        assert [1 for first, last, of in ranges
                if of == kind and first <= int(physical, 16) <= last], name


@pytest.mark.parametrize("options", [(), ("--memory", "64M"), ("--firmware", "uefi")])
def test_plan_goes_around_the_loader(options):
    """The loader's own memory is free for the kernel, and so no place lies in it."""
    text = check(KERNEL, "--module", MODULE, *options)
    row = r"^ +(\w+)  (\d+) KiB +usable +the loader, until the kernel runs$"
    base, kib = re.search(row, text, re.MULTILINE).groups()
    first, last = int(base, 16), int(base, 16) + int(kib) * 1024 - 1
    usable = [(low, high) for low, high, of in memory_map(text) if of == "usable"]
    assert [1 for low, high in usable if low <= first <= last <= high]
    places = re.findall(r"^ +(\w+)  \d+ \w+ +(?:kernel|reclaimable) ", text, re.MULTILINE)
    assert places and not [place for place in places if first <= int(place, 16) <= last]


def test_screen_that_the_kernel_wishes_for():
    text = check(KERNEL)
    base, what = re.search(r"^ +(\w+)  4000 KiB +framebuffer +(.*)$", text, re.MULTILINE).groups()
    assert what == "1280 x 800, 32 bits a pixel"
    first = int(base, 16)
    assert (first, first + 4000 * 1024 - 1, "framebuffer") in memory_map(text)
    assert re.search(rf"{base} +rw- +write-combining +direct map", text)


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.map")), ids=lambda path: path.stem)
def test_recorded_maps(path):
    """A plan, or the message that says what does not fit; on UEFI where the map comes from UEFI."""
    done = lintel(KERNEL, "--map", path)
    firmware = "UEFI" if " efi:" in path.read_text() else "BIOS"
    assert done.stdout.startswith(f"Machine: {firmware}")
    assert done.returncode == 0 or "needs" in done.stderr, done.stderr


def test_forecast_is_what_a_machine_does(boot_facts):
    """Where the plan does not hang on the firmware's own memory."""
    text = check(KERNEL, "--module", MODULE, "--memory", "512M")
    usable = int(re.findall(r"(\d+) KiB are usable", text)[-1]) * 1024
    assert f"entry {int(boot_facts['kernel-virtual'], 16):x}"[:14] in text
    assert abs(int(boot_facts["usable-bytes"]) - usable) < 1 << 18


@pytest.fixture(scope="module")
def boot_facts(tmp_path_factory):
    from builder import make_image
    from machine import Machine
    from report import parse_report
    image = tmp_path_factory.mktemp("forecast") / "image.img"
    make_image(image, "test")
    with Machine("bios", [image]) as machine:
        machine.wait_exit()
        return parse_report(machine.output).facts


def test_static_pie_slides():
    text = check(PIE_KERNEL)
    assert "a static PIE" in text and "each boot takes another" in text


def test_cpu_features_shape_the_plan():
    assert "Mappings, 5 levels" in check(KERNEL)
    assert "Mappings, 4 levels" in check(KERNEL, "--cpu", "-la57")
    assert "Mappings, 4 levels" in check(KERNEL, "--cpu", "nx,pge,bits=36")
    pages = [int(re.search(r"Page tables: (\d+) pages", check(KERNEL, "--cpu", cpu))[1])
             for cpu in ("-la57", "-la57,-1gib")]
    assert pages[0] < pages[1]


def test_drawing(tmp_path):
    drawing = tmp_path / "plan.svg"
    kernel = tmp_path / "a<b&c.elf"
    kernel.write_bytes(KERNEL.read_bytes())
    text = check(kernel, "--svg", drawing)
    root = xml.parse(drawing).getroot()
    words = ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(word.startswith("a<b&c.elf on BIOS") for word in words)
    for first, *_ in mappings(text):
        assert f"{first:016x}" in words
    assert words.count("guard page: 4 KiB") >= 2
    assert "href" not in drawing.read_text()


# ---- refusals ---------------------------------------------------------------------------------

def altered(tmp_path, offset, value):
    kernel = bytearray(KERNEL.read_bytes())
    kernel[offset:offset + len(value)] = value
    path = tmp_path / "altered.elf"
    path.write_bytes(kernel)
    return path


def test_the_loaders_own_message(tmp_path):
    """As test/boot/test_bad_input.py reads it from a machine's screen."""
    foreign = altered(tmp_path, 18, b"\xb7\0")
    assert re.search(r"altered\.elf.*e_machine.*183", refusal(foreign))


def test_kernel_without_a_note():
    assert re.search(r"without a Lintel note|PT_INTERP", refusal("/bin/true"))


def test_other_kinds_of_files():
    assert "is no kernel that Lintel knows" in refusal(MODULE)
    assert "No such file" in refusal("/absent")


@pytest.mark.parametrize("revision, identity", [(0, True), (6, False)])
def test_limine_kernel(tmp_path, revision, identity):
    """Its plan is made by the same code; that protocol's direct map may do everything."""
    text = check(ROOT / f"build/test-kernels/limine-{revision}.elf", "--svg", tmp_path / "x.svg")
    assert "is a Limine kernel" in text and " rwx " in text
    assert ("  0000000000001000 to " in text) == identity
    assert ">rwx<" in (tmp_path / "x.svg").read_text()


def test_what_a_kernel_has_no_use_for():
    linux = ROOT / "build/guests/boot/memtest86+x64.bin"
    assert "gets no `module`" in refusal(linux, "--module", MODULE)
    assert "there is nothing to draw" in refusal(linux, "--svg", "x.svg")
    for name, other, only in (("sector.bin", "uefi", "BIOS"), ("program.efi", "bios", "UEFI")):
        kernel = ROOT / "build/test-kernels" / name
        assert f"starts on {only} only" in refusal(kernel, "--firmware", other)
        assert lintel(kernel, "--firmware", only.lower()).returncode == 0


# What the loader knows of a kernel for another protocol.
FOREIGN = {
    "build/test-kernels/sector.bin": r"is a boot sector\n  for BIOS only; 1 KiB",
    "build/test-kernels/program.efi": r"is an EFI program\n  for UEFI only",
    "build/test-kernels/multiboot2.elf": r"is a Multiboot2 kernel\n  header at [0-9a-f]+h; \d+ seg",
    "build/guests/boot/memtest86+x64.bin": r"is a Linux kernel\n  boot protocol 2\.12, .* 64-bit",
    "build/guests/boot/xen-4.17-amd64.efi": r"is an EFI program\n",
}


@pytest.mark.parametrize("kernel", FOREIGN)
def test_kernels_of_other_protocols(kernel):
    done = lintel(ROOT / kernel)
    assert done.returncode == 0 and re.search(FOREIGN[kernel], done.stdout), done


def test_too_little_memory(tmp_path):
    (tmp_path / "large.bin").write_bytes(bytes(32 << 20))
    done = lintel(KERNEL, "--memory", "16M", "--module", tmp_path / "large.bin")
    assert done.returncode == 1
    assert "Memory map of the firmware" in done.stdout
    assert re.search(r"large\.bin needs 32768 KiB of memory in one piece", done.stderr)


def inflate_last_segment(elf, memory_bytes):
    """Says of the last segment that is loaded that it has so many bytes in memory."""
    headers, each, count = *struct.unpack_from("<Q", elf, 32), *struct.unpack_from("<HH", elf, 54)
    loads = [at for at in range(headers, headers + each * count, each)
             if struct.unpack_from("<I", elf, at)[0] == 1]
    struct.pack_into("<Q", elf, loads[-1] + 40, memory_bytes)


@pytest.mark.parametrize("memory, file_bytes, memory_bytes", [
    ("64M", 0, 1 << 30), ("64M", 1 << 30, 0), ("6G", 3 << 30, 0)])
def test_kernel_that_lies_costs_the_host_no_more_than_its_machine(tmp_path, memory, file_bytes,
                                                                  memory_bytes):
    elf = bytearray((ROOT / "build/test-kernels/limine-3.elf").read_bytes())
    if memory_bytes:
        inflate_last_segment(elf, memory_bytes)
    path = tmp_path / "kernel.elf"
    path.write_bytes(elf)
    os.truncate(path, max(file_bytes, len(elf)))
    process = subprocess.Popen([LINTEL, "check", path, "--memory", memory],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert usage.ru_maxrss < 100 << 10  # KiB
    assert process.returncode == 1 and re.search(r"no \d+ KiB of memory left for the loader", said)


@pytest.mark.parametrize("text, message", [
    ("0 9f000 e820:1\nnonsense\n", r"line 2: is neither"), ("", r"no range of memory"),
    ("bits 99\n0 9f000 e820:1\n", r"line 1: is neither")])
def test_map_that_is_none(tmp_path, text, message):
    path = tmp_path / "a.map"
    path.write_text(text)
    assert re.search(message, refusal(KERNEL, "--map", path))
