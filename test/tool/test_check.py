"""lintel check: the loader's decisions on the host, against what a machine does."""
import gzip
import os
import re
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
sys.path.append(str(Path(__file__).resolve().parent.parent / "hostile"))
from builder import KERNEL, LINTEL, MODULE, PIE_KERNEL, make_image  # noqa: E402
from entries import make_uki  # noqa: E402
from machine import Machine, ROOT  # noqa: E402
from report import parse_report  # noqa: E402
from rows_files import ALL as HOSTILE_FILES  # noqa: E402

MAPS = ROOT / "test/maps"
KERNELS = ROOT / "build/test-kernels"
GUESTS = ROOT / "build/guests/boot"
LINUX = GUESTS / "vmlinuz-6.1.0-57-amd64"
MEMTEST = GUESTS / "memtest86+x64.bin"


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


def places(text):
    """Name -> (where it lies when the kernel begins, bytes, type, where it is loaded)."""
    table = text.split("Places in physical memory")[1].split("\n\n")[0]
    units = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    found = re.findall(r"^ +(\w+)  (\d+) (\w+) +(\w+) +([^,\n]+)(?:, loaded to (\w+)h)?", table,
                       re.MULTILINE)
    return {name: (int(first, 16), int(size) * units[unit], kind, int(loaded or first, 16))
            for first, size, unit, kind, name, loaded in found}


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
                                          "handoff", "kernel"}


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
    loader = re.findall(row, text, re.MULTILINE)
    assert len(loader) == (1 if "uefi" in options else 2)
    taken = [first for first, _, kind, _ in places(text).values() if kind != "usable"]
    usable = [(low, high) for low, high, of in memory_map(text) if of == "usable"]
    for base, kib in loader:
        first, last = int(base, 16), int(base, 16) + int(kib) * 1024 - 1
        assert [1 for low, high in usable if low <= first <= last <= high]
        assert taken and not [place for place in taken if first <= place <= last]


def test_loader_holds_more_for_a_kernel_that_costs_more(boot_folder):
    """Limine's requests are read in a copy of the image."""
    small, large = [int(re.findall(r"(\d+) KiB +usable +the loader", check(kernel))[-1])
                    for kernel in (KERNELS / "multiboot2.elf", boot_folder / "limine-6.elf")]
    assert small + 100 < large


@pytest.fixture
def boot_folder(tmp_path):
    """The test kernels for Limine, with the modules that they name themselves."""
    folder = tmp_path / "boot"
    folder.mkdir()
    for kernel in KERNELS.glob("limine-*.elf"):
        shutil.copy(kernel, folder)
    (folder / "internal.bin").write_bytes(b"internal")
    (folder / "packed.gz").write_bytes(gzip.compress(b"internal"))
    return folder


def test_screen_that_the_kernel_wishes_for():
    text = check(KERNEL)
    base, what = re.search(r"^ +(\w+)  4000 KiB +framebuffer +(.*)$", text, re.MULTILINE).groups()
    assert what == "1280 x 800, 32 bits a pixel"
    first = int(base, 16)
    assert (first, first + 4000 * 1024 - 1, "framebuffer") in memory_map(text)
    assert re.search(rf"{base} +rw- +write-combining +direct map", text)


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.map")), ids=lambda path: path.stem)
@pytest.mark.parametrize("kernel", [KERNEL, KERNELS / "multiboot2.elf", LINUX],
                         ids=lambda kernel: kernel.name)
def test_recorded_maps(kernel, path):
    """A plan, or the message that says what does not fit; on UEFI where the map comes from UEFI."""
    done = lintel(kernel, "--map", path)
    firmware = "UEFI" if " efi:" in path.read_text() else "BIOS"
    assert done.stdout.startswith(f"Machine: {firmware}")
    assert done.returncode == 0 or re.search(" needs .* KiB|must lie at", done.stderr), done.stderr


# ---- what a machine does -----------------------------------------------------------------------

NEAR = 1 << 18  # bytes: how far the loader's own memory may be off


def boot(folder, kernel, *options):
    """What the kernel says when BIOS boots it, with a module."""
    image = folder / "image.img"
    make_image(image, "test", *options, kernel=kernel)
    with Machine("bios", [image]) as machine:
        machine.wait_exit()
        return machine.output


def test_forecast_is_what_a_machine_does(tmp_path):
    """Where the plan does not hang on the firmware's own memory."""
    text = check(KERNEL, "--module", MODULE, "--memory", "512M")
    facts = parse_report(boot(tmp_path, KERNEL)).facts
    usable = int(re.findall(r"(\d+) KiB are usable", text)[-1]) * 1024
    assert f"entry {int(facts['kernel-virtual'], 16):x}"[:14] in text
    assert abs(int(facts["usable-bytes"]) - usable) < NEAR
    assert abs(int(facts["kernel-physical"], 16) - places(text)["kernel"][0]) < NEAR


def test_forecast_of_a_multiboot2_kernel_is_what_a_machine_does(tmp_path):
    """It lies where it was linked, and all else right behind it."""
    kernel = KERNELS / "multiboot2.elf"
    text = check(kernel, "--module", MODULE, "--map", MAPS / "seabios-q35-512M.map")
    forecast = places(text)
    said = boot(tmp_path, kernel)
    entry, = re.search(r"; entry (\w+)h$", text, re.MULTILINE).groups()
    assert f" ebx={forecast['boot information'][0]:x} " in said
    assert f" at={entry.lower()} protected" in said
    module, size, *_ = forecast[MODULE.name]
    assert f"module 0: at={module:x} bytes={size} " in said
    ranges = [(int(base, 16), int(base, 16) + int(size, 16) - 1, kind == "1") for base, size, kind
              in re.findall(r"^range: (\w+) (\w+) (\d)$", said, re.MULTILINE)]
    told = [(int(first, 16), int(last, 16), kind == "usable") for first, last, kind
            in re.findall(r"^ +(\w+) to +(\w+)  \d+ \w+ +(\w+)$", text, re.MULTILINE)]
    assert told == ranges


# ---- Lintel's own kernels ----------------------------------------------------------------------

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


# ---- every protocol ----------------------------------------------------------------------------

TABLES = "64-bit mode, on page tables of its own"
LONG = "64-bit mode, with memory mapped one to one"
PROTECTED = "32-bit mode, without paging"
SERVICES = "64-bit mode, while EFI boot services live"
PROGRAM = "started by the firmware"
EFI_OPTIONS = ("--firmware", "uefi")
INITRD = ("--initrd", MODULE)
MODULES = ("--module", MODULE)

# Kernel, options: what it is, how it is entered, and where parts of it lie: all, or a few.
FORECASTS = [
    (KERNEL, (), "a Lintel kernel, linked to stay", TABLES, {}),
    (PIE_KERNEL, EFI_OPTIONS, "a Lintel kernel, a static PIE", TABLES, {}),
    (LINUX, INITRD, "a Linux kernel\n  boot protocol 2.15, with an EFI entry", LONG,
     {"kernel": 0x1000000, "initrd": None}),
    (LINUX, EFI_OPTIONS + INITRD, "a Linux kernel", PROGRAM, {LINUX.name: None, "initrd": None}),
    (MEMTEST, (), "a Linux kernel\n  boot protocol 2.12", LONG, {"kernel": 0x100000}),
    (GUESTS / "memtest86+ia32.bin", (), "a Linux kernel", PROTECTED, {"kernel": 0x100000}),
    (KERNELS / "probe-uefi", EFI_OPTIONS, "a Linux kernel", LONG, {"kernel": 0xa00000}),
    (KERNELS / "probe-32", (), "a Linux kernel", PROTECTED, {"kernel": 0x10000}),
    (KERNELS / "probe-real", INITRD, "a Linux kernel", "real mode",
     {"kernel": 0x10000, "kernel's real-mode part": None, "initrd": None}),
    (KERNELS / "multiboot1.elf", MODULES, "a Multiboot kernel\n  header at 1004h; 2 segments",
     PROTECTED, {"kernel": 0x100000, MODULE.name: 0x106000}),
    (KERNELS / "multiboot1-flat.bin", EFI_OPTIONS, "a Multiboot kernel\n  header at 4h", PROTECTED,
     {"kernel": 0x100000}),
    (KERNELS / "multiboot2.elf", MODULES, "a Multiboot2 kernel\n  header at 1000h; 2 segments",
     PROTECTED, {"kernel": 0x100000, "symbols": None}),
    (KERNELS / "multiboot2.elf", EFI_OPTIONS, "a Multiboot2 kernel", PROTECTED,
     {"kernel": 0x100000}),
    (KERNELS / "multiboot2-64.elf", EFI_OPTIONS, "a Multiboot2 kernel", SERVICES, {"kernel": None}),
    (KERNELS / "multiboot2-fixed64.elf", EFI_OPTIONS, "a Multiboot2 kernel", SERVICES,
     {"kernel": 0x200000}),
    (KERNELS / "multiboot2-64.elf", (), "a Multiboot2 kernel", PROTECTED, {"kernel": None}),
    (GUESTS / "xen-4.17-amd64.gz", MODULES, "a Multiboot2 kernel", PROTECTED, {"kernel": None}),
    (KERNELS / "sector.bin", (), "a boot sector\n  for BIOS only; 1024 bytes at 7C00h", "real mode",
     {"boot sector": 0x7c00}),
    (KERNELS / "program.efi", (), "an EFI program\n  for UEFI only", PROGRAM,
     {"program.efi": None}),
    (GUESTS / "xen-4.17-amd64.efi", (), "an EFI program", PROGRAM, {"xen-4.17-amd64.efi": None}),
]


@pytest.mark.parametrize("kernel, options, what, entered, where", FORECASTS, ids=[
    f"{kernel.name}-{'uefi' if 'uefi' in options else ''}" for kernel, options, *_ in FORECASTS])
def test_every_protocol(tmp_path, kernel, options, what, entered, where):
    assert_forecast(tmp_path, kernel, options, what, entered, where)


def assert_forecast(folder, kernel, options, what, entered, where):
    text = check(kernel, *options, "--svg", folder / "plan.svg")
    assert f"{kernel.name} is {what}" in text
    assert re.search(rf"^  is (entered in )?{entered}", text, re.MULTILINE)
    uefi = "uefi" in options or entered == PROGRAM
    assert text.startswith(f"Machine: {'UEFI' if uefi else 'BIOS'};")
    assert ("Mappings" in text) == ("Page tables: " in text) == (entered in (TABLES, LONG))
    found = places(text)
    for name, first in where.items():
        assert first in (found[name][0], None) and "unknown" not in found[name]
    assert_drawing(folder / "plan.svg", text)


@pytest.mark.parametrize("options", [(), EFI_OPTIONS])
@pytest.mark.parametrize("revision, identity", [("0", True), ("3", False), ("6", False),
                                                ("pie", False)])
def test_limine_kernel(tmp_path, boot_folder, revision, identity, options):
    """Its plan is made by the same code; that protocol's direct map may do everything."""
    kernel = boot_folder / f"limine-{revision}.elf"
    assert_forecast(tmp_path, kernel, options, "a Limine kernel", TABLES,
                    {"kernel": None, "internal.bin": None, "packed.gz": None,
                     "executable file": None})
    text = check(kernel, *options, *MODULES, "--svg", tmp_path / "x.svg")
    assert places(text)[MODULE.name] and " rwx " in text
    assert (("rwx", "write-back", "one to one") in [row[3:] for row in mappings(text)]) == identity
    assert ("  0000000000001000 to " in text) == identity
    assert ">rwx<" in (tmp_path / "x.svg").read_text()


def test_limine_kernel_whose_own_modules_are_missing(boot_folder):
    """They are looked for from its folder, however that is named."""
    done = subprocess.run([LINTEL, "check", "boot/limine-6.elf"], cwd=boot_folder.parent,
                          capture_output=True, text=True)
    assert done.returncode == 0 and "internal.bin" in places(done.stdout)
    (boot_folder / "internal.bin").unlink()
    message = refusal(boot_folder / "limine-6.elf")
    assert re.search(r"module: .*/boot/internal\.bin: No such file", message)


def test_unified_kernel_image(tmp_path):
    """BIOS boots its sections; on UEFI its own stub starts it."""
    uki = tmp_path / "one.efi"
    make_uki(uki, [(".osrel", b"ID=one\nNAME=One\n"), (".cmdline", b"vga=0x318"),
                   (".initrd", MODULE), (".linux", MEMTEST)])
    says = "a unified kernel image\n  title One, "
    assert_forecast(tmp_path, uki, (), says, LONG, {"kernel": 0x100000, "initrd": None})
    assert "gets a framebuffer of 1024 x 768" in check(uki)
    assert "gets a framebuffer" not in check(uki, "--options", "vga=normal")
    assert_forecast(tmp_path, uki, EFI_OPTIONS, says, PROGRAM, {"one.efi": None})


def test_what_must_lie_where_the_loader_is_gets_there_in_the_end():
    """Low memory is the BIOS loader's, and what OVMF has at A00000h its own, until the end."""
    for kernel, firmware, name in (("sector.bin", "bios", "boot sector"),
                                   ("probe-32", "bios", "kernel"), ("probe-real", "bios", "kernel"),
                                   ("probe-uefi", "uefi", "kernel")):
        first, _, _, loaded = places(check(KERNELS / kernel, "--firmware", firmware))[name]
        assert first < 1 << 24 < loaded


def test_initrd_lies_as_high_as_kernel_and_loader_reach():
    old = KERNELS / "probe-64"
    assert places(check(LINUX, *INITRD, "--memory", "6G"))["initrd"][0] > 1 << 32
    assert places(check(old, *INITRD, "--memory", "6G"))["initrd"][0] < 1 << 32
    assert places(check(LINUX, *INITRD, "--options", "mem=256M"))["initrd"][0] < 256 << 20


def test_files_are_given_in_order():
    text = check(KERNELS / "multiboot2.elf", *MODULES, "--module", ROOT / "README.md", "--initrd",
                 ROOT / "LICENSE")
    first = [places(text)[name][0] for name in (MODULE.name, "README.md", "LICENSE")]
    assert first == sorted(first)
    initrds = [ROOT / "README.md", MODULE]
    text = check(LINUX, *(word for path in initrds for word in ("--initrd", path)))
    assert places(text)["initrd"][1] == sum(path.stat().st_size + 3 & ~3 for path in initrds)


# ---- drawings ----------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"
BAR = 250  # pixels: how wide one is; and letters, as browsers draw them:
LETTER, DIGIT = 7.3, 7.2


def words_of(drawing):
    return ["".join(node.itertext()) for node in xml.parse(drawing).getroot().iter(f"{SVG}text")]


def test_drawing(tmp_path):
    drawing = tmp_path / "plan.svg"
    kernel = tmp_path / "a<b&c.elf"
    kernel.write_bytes(KERNEL.read_bytes())
    text = check(kernel, "--svg", drawing)
    words = words_of(drawing)
    assert any(word.startswith("a<b&c.elf on BIOS") for word in words)
    assert words.count("guard page: 4 KiB") >= 2
    assert "href" not in drawing.read_text()
    assert_drawing(drawing, text)


def test_drawing_of_a_move(tmp_path):
    check(KERNELS / "sector.bin", "--svg", tmp_path / "plan.svg")
    words = words_of(tmp_path / "plan.svg")
    assert words.count("boot sector") == 2 and words.count("the loader") == 3
    assert [word for word in words if "Virtual" in word] == []
    assert 'class="arrow"' in (tmp_path / "plan.svg").read_text()


def test_drawing_shortens_names_that_are_too_long(tmp_path):
    """Between characters, wherever these are in UTF-8."""
    drawing = tmp_path / "plan.svg"
    for name in ("a-long-name-" * 9, *("x" * shift + "öüß" * 30 for shift in range(2))):
        (tmp_path / name).write_bytes(b"1")
        text = check(KERNELS / "multiboot2.elf", "--module", tmp_path / name, "--svg", drawing)
        assert [1 for word in words_of(drawing)
                if word.endswith("...") and name.startswith(word[:-3])]
        assert_drawing(drawing, text)


def assert_drawing(drawing, text):
    """All that the report tells is there, and nothing lies over anything else."""
    words = words_of(drawing)
    assert all(f"{first:016x}" in words for first, *_ in mappings(text))
    trials = re.findall(r"  (\S+), or wherever else it takes memory$", text, re.MULTILINE)
    assert all(f"{first:x}" in words for name, (first, *_) in places(text).items()
               if name not in trials)
    root = xml.parse(drawing).getroot()
    columns, addresses, names = {}, {}, {}
    for node in root.iter(f"{SVG}rect"):
        if node.get("width") == f"{BAR - 1}.0":
            columns.setdefault(float(node.get("x")) // 1, []).append(
                (float(node.get("y")), float(node.get("y")) + float(node.get("height"))))
    for node in root.iter(f"{SVG}text"):
        x, y = float(node.get("x")), float(node.get("y"))
        assert x + LETTER * len(node.text) < float(root.get("width")) or x > BAR
        if node.get("class") == "address":
            addresses.setdefault(x, []).append(y)
        elif node.get("class") in ("name", "may") and y > 100:
            left = x - 8 if node.get("class") == "name" else x + 8 - BAR
            names.setdefault((left, y), {})[node.get("class")] = node.text
    assert len(columns) == (2 if "Mappings" in text else 1)
    for bars in columns.values():
        assert all(end < next for (_, end), (next, _) in zip(sorted(bars), sorted(bars)[1:]))
    for lines in addresses.values():
        assert all(below - line > 11 for line, below in zip(sorted(lines), sorted(lines)[1:]))
    assert not set(trials) & {line["name"] for line in names.values()}
    for line in names.values():
        assert LETTER * len(line["name"]) + DIGIT * len(line["may"]) < BAR - 20, line


# ---- refusals ---------------------------------------------------------------------------------

def altered(tmp_path, offset, value, kernel=KERNEL):
    content = bytearray(kernel.read_bytes())
    content[offset:offset + len(value)] = value
    path = tmp_path / "altered"
    path.write_bytes(content)
    return path


def test_the_loaders_own_message(tmp_path):
    """As test/boot/test_bad_input.py reads it from a machine's screen."""
    foreign = altered(tmp_path, 18, b"\xb7\0")
    assert re.search(r"altered.*e_machine.*183", refusal(foreign))


def test_kernel_without_a_note():
    assert re.search(r"without a Lintel note|PT_INTERP", refusal("/bin/true"))


def test_other_kinds_of_files():
    assert "is no kernel that Lintel knows" in refusal(MODULE)
    assert "No such file" in refusal("/absent")


# Kernel, where it is spoilt, by what: what the loader says.
DAMAGED = [
    (LINUX, 0x206, b"\x02\x02", r"version 2\.02 of the Linux boot protocol"),
    (LINUX, 0x1f1, b"\xff", r"altered: "),
    (KERNELS / "multiboot2.elf", 0x1008, b"\xff\xff\0\0", 
     r"checksum of its Multiboot2 header at 1000h is .*; Lintel boots"),
    (KERNELS / "multiboot2.elf", 0x1018, b"\x63\0\0\0", r"altered: .*99"),
    (KERNELS / "multiboot1.elf", 24, b"\0\0\0\x10", r"entry point 10000000h is in none"),
    (KERNELS / "program.efi", 0x3c, b"\0", r"is no kernel that Lintel knows"),
    (KERNELS / "sector.bin", 510, b"\0\0", r"is no kernel that Lintel knows"),
]


@pytest.mark.parametrize("kernel, offset, value, message", DAMAGED,
                         ids=[f"{row[0].name}-{row[1]:x}" for row in DAMAGED])
def test_damaged_files_of_other_protocols(tmp_path, kernel, offset, value, message):
    assert re.search(message, refusal(altered(tmp_path, offset, value, kernel)))


def multiboot_header(*words):
    return struct.pack(f"<{len(words) + 1}I", *words, -sum(words) & 0xFFFFFFFF)


def without_note(content=KERNEL):
    """The section stays, but no program header shows it."""
    content = bytearray(content.read_bytes())
    first, count = struct.unpack_from("<Q16xH", content, 32)[0], content[56]
    note = next(at for at in range(first, first + count * 56, 56) if content[at] == 4)
    content[note:note + 4] = bytes(4)
    return content


MB1, MB2 = multiboot_header(0x1BADB002, 0), multiboot_header(0xE85250D6, 0, 16)
NEARLY = {
    "1-late": (lambda: bytes(9000) + MB1, r"Multiboot header at 2328h does not end in .* 8 KiB"),
    "1-cut": (lambda: bytes(8184) + MB1, r"Multiboot header at 1FF8h does not end in .* 8 KiB"),
    "1-odd": (lambda: bytes(6) + MB1, r"Multiboot header at 6h is not aligned to 4 bytes"),
    "1-sum": (lambda: bytes(8) + MB1[:8] + bytes(4),
              r"checksum of its Multiboot header at 8h is 0h, but E4524FFEh would be right"),
    "2-late": (lambda: bytes(40000) + MB2, r"Multiboot2 header at 9C40h does not end in .* 32 KiB"),
    "2-very-late": (lambda: bytes(2 << 20) + MB2, r"Multiboot2 header at 200000h does not end in"),
    "2-odd": (lambda: bytes(4) + MB2, r"Multiboot2 header at 4h is not aligned to 8 bytes"),
    "2-long": (lambda: multiboot_header(0xE85250D6, 0, 40000),
               r"Multiboot2 header at 0h does not end in the first 32 KiB"),
    "by chance": (lambda: bytes(9000) + MB1[:8] + bytes(4), "is no kernel that Lintel knows"),
    "ELF32": (lambda: (KERNELS / "multiboot1.elf").read_bytes().replace(MB1[:4], bytes(4)),
              r"is no 64-bit ELF file: such are booted as Multiboot kernels, but in the first"),
    "note": (without_note, r"has a Lintel note, but in no PT_NOTE segment"),
}


@pytest.mark.parametrize("name", NEARLY)
def test_what_keeps_a_file_from_its_protocol(tmp_path, name):
    make, message = NEARLY[name]
    (tmp_path / "nearly").write_bytes(make())
    said = refusal(tmp_path / "nearly")
    assert re.search(message, said) and "; Lintel boots" in said.replace("; it boots", "; Lintel boots")


def test_only_what_is_loaded_makes_a_limine_kernel(tmp_path):
    """Its requests' common words, in what lies behind the last segment."""
    common = struct.pack("<2Q", 0xC7B1DD30DF4C8B88, 0x0A82E883A194F07B)
    kernel = (KERNELS / "multiboot2-64.elf").read_bytes()
    (tmp_path / "kernel.elf").write_bytes(kernel + bytes(-len(kernel) % 8) + common)
    assert "is a Multiboot2 kernel" in check(tmp_path / "kernel.elf")


def test_what_a_kernel_has_no_use_for():
    assert "gets no `module`" in refusal(MEMTEST, *MODULES)
    assert "gets no `initrd`" in refusal(KERNEL, *INITRD)
    assert "gets no `initrd`" in refusal(KERNELS / "program.efi", *INITRD)
    assert "gets no `options`" in refusal(KERNELS / "sector.bin", "--options", "words")
    assert re.search("the command line has 3000 bytes", refusal(LINUX, "--options", "x" * 3000))


@pytest.mark.parametrize("kernel, other, message", [
    ("sector.bin", "uefi", "boot sector: BIOS starts such, but this machine was booted by UEFI"),
    ("program.efi", "bios", "program: UEFI starts such, but this machine was booted by BIOS"),
    ("probe-real", "uefi", "starts in real mode only, which needs a BIOS")])
def test_kernels_of_one_firmware(kernel, other, message):
    """Where none is named, it is the one that starts them."""
    assert message in refusal(KERNELS / kernel, "--firmware", other)
    assert message not in check(KERNELS / kernel)


def test_too_little_memory(tmp_path):
    (tmp_path / "large.bin").write_bytes(bytes(32 << 20))
    done = lintel(KERNEL, "--memory", "16M", "--module", tmp_path / "large.bin")
    assert done.returncode == 1
    assert "Memory map of the firmware" in done.stdout
    assert re.search(r"large\.bin needs 32768 KiB of memory in one piece", done.stderr)


# Kernel, options, bytes of memory: what does not fit, where and why.
TOO_SMALL = [
    (LINUX, (), "64M", r"kernel needs 65120 KiB .* from 1000000h to 100000000h, .* has 4\d{4} KiB"),
    (LINUX, EFI_OPTIONS, "96M", r"kernel needs 65120 KiB of memory in one piece"),
    (MEMTEST, ("--initrd", LINUX), "8M", r"initrd needs 8054 KiB of memory in one piece"),
    (KERNELS / "multiboot2.elf", ("--module", LINUX), "8M", r"vmlinuz.* needs 8054 KiB"),
    (KERNELS / "multiboot1-flat.bin", ("--module", LINUX), "8M", r"vmlinuz.* needs 8054 KiB"),
    (KERNELS / "probe-real", ("--initrd", LINUX), "8M", r"initrd needs 8054 KiB"),
]


@pytest.mark.parametrize("kernel, options, memory, message", TOO_SMALL,
                         ids=[f"{row[0].name}-{row[2]}" for row in TOO_SMALL])
def test_too_little_memory_for_other_protocols(kernel, options, memory, message):
    said = refusal(kernel, *options, "--memory", memory)
    assert re.search(message, said), said


def test_too_little_memory_for_an_efi_program(tmp_path):
    """So far as the loader knows: for the file."""
    path = tmp_path / "a.map"
    path.write_text("0 a0000 efi:7:f\n100000 200000 efi:7:f\n")
    message = refusal(GUESTS / "xen-4.17-amd64.efi", "--map", path)
    assert "xen-4.17-amd64.efi needs 2762 KiB of memory in one piece" in message


def test_place_that_a_kernel_insists_on(tmp_path):
    """What the firmware has there till the end is no obstacle but where its services live on."""
    kernel, path = KERNELS / "multiboot2-fixed64.elf", tmp_path / "a.map"
    for kind, message in ((4, "there is reclaimable, up to 21905Bh: .* needs a relocatable tag"), (0, "reserved")):
        path.write_text(f"0 a0000 efi:7:f\n100000 100000 efi:7:f\n200000 100000 efi:{kind}:f\n"
                        "300000 8000000 efi:7:f\n")
        said = refusal(kernel, "--map", path)
        assert re.search(f"fixed64.elf must lie at 200000h to 21905Bh, but at 200000h .*{message}", said)
    path.write_text(path.read_text().replace("efi:0", "efi:4"))
    kernel = KERNELS / "multiboot2-no-services.elf"
    first, _, _, loaded = places(check(kernel, "--map", path))["kernel"]
    assert first == 0x200000 < loaded


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
    elf = bytearray((KERNELS / "limine-3.elf").read_bytes())
    if memory_bytes:
        inflate_last_segment(elf, memory_bytes)
    path = tmp_path / "kernel.elf"
    path.write_bytes(elf)
    os.truncate(path, max(file_bytes, len(elf)))
    assert_bounded(path, memory)


def test_packed_kernel_that_lies_costs_the_host_no_more_than_its_machine(tmp_path):
    (tmp_path / "kernel.gz").write_bytes(gzip.compress(bytes(range(256)) * 9999, 0)[:-4] +
                                         struct.pack("<I", 1 << 30))
    said = assert_bounded(tmp_path / "kernel.gz", "64M")
    assert "kernel.gz: it is compressed by gzip, and has 1048576 KiB unpacked: " in said


# A process begins with the peak of the one that it was forked from: so that must be a small one.
PEAK_OF_CHILD = """
import resource, subprocess, sys
process = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
print(process.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, process.stderr)
"""


def assert_bounded(kernel, memory):
    told = subprocess.run([sys.executable, "-c", PEAK_OF_CHILD, LINTEL, "check", kernel,
                           "--memory", memory], check=True, capture_output=True, text=True)
    status, peak_kib, said = told.stdout.split(maxsplit=2)
    assert int(peak_kib) < 100 << 10
    assert status == "1" and re.search(r"no \d+ KiB of memory left for the loader", said)
    return said


@pytest.mark.parametrize("text, message", [
    ("0 9f000 e820:1\nnonsense\n", r"line 2: is neither"), ("", r"no range of memory"),
    ("bits 99\n0 9f000 e820:1\n", r"line 1: is neither")])
def test_map_that_is_none(tmp_path, text, message):
    path = tmp_path / "a.map"
    path.write_text(text)
    assert re.search(message, refusal(KERNEL, "--map", path))


# ---- files that lie -----------------------------------------------------------------------------

@pytest.mark.parametrize("firmware", ["bios", "uefi"])
@pytest.mark.parametrize("make, expected", HOSTILE_FILES.values(), ids=HOSTILE_FILES.keys())
def test_files_that_lie_are_told_of_as_the_loader_does(tmp_path, firmware, make, expected):
    """The boots of the same files: test/hostile/rows_files.py."""
    (tmp_path / "hostile").write_bytes(make())
    done = subprocess.run([LINTEL, "check", "hostile", "--firmware", firmware], cwd=tmp_path,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == (1 if expected else 0), done.stderr
    assert re.search(expected, done.stderr), done.stderr
