"""The kernel's shell: every command, over the serial line and by QEMU's keys, against what QEMU's
monitor says from outside. One boot for each firmware, and one for a text screen."""
import re
import struct

import pytest
from builder import KERNEL, make_image
from machine import ROOT, Hardware
from report import parse_report
from shell import PROMPT, Shell

SCREENSHOTS = ROOT / "build/screenshots"
FAULTS_SOURCE = ROOT / "kernel/machine/deliberate_fault.c"
# OVMF puts the power management of "pc" where QEMU's own port is not: ACPI must find it.
HARDWARE = {"bios": Hardware(cpus=2), "uefi": Hardware(board="pc", cpus=2)}
HALF = 1 << 63
# Kind, what is told, the function of kernel/machine/deliberate_fault.c that is named.
FAULTS = {
    "null": (r"page fault \(vector 14\)", "null pointer", "read_null_page"),
    "stack": (r"double fault \(vector 8\)", "stack guard hit", "overflow_stack"),
    "wx": (r"page fault \(vector 14\)", "the page is read-only", "write_to_text"),
    "nx": (r"page fault \(vector 14\)", "the page is not executable", "execute_data"),
    "ud": (r"invalid opcode \(vector 6\)", "RIP", "execute_undefined"),
    "divide": (r"divide error \(vector 0\)", "RIP", "divide_by_zero"),
    "protection": (r"general protection fault \(vector 13\), error code 0x1f8", "RIP",
                   "load_bad_segment"),
    "double": (r"double fault \(vector 8\)", "CR2 fffffffffffffff8", "push_without_stack"),
    "breakpoint": (r"breakpoint \(vector 3\)", "RIP", "stop_at_breakpoint"),
}


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_every_command(start, images, firmware):
    shell = Shell(start(firmware, [images.standard("")], HARDWARE[firmware]))
    report = parse_report(shell.boot)
    check_help(shell)
    check_what_the_loader_told(shell, firmware, report)
    check_processor(shell)
    check_descriptors(shell)
    check_ranges(shell)
    check_translations(shell, report)
    check_memory(shell, report)
    check_firmware_tables(shell)
    for kind in FAULTS:
        check_fault(shell, kind)
    check_keyboard(shell)
    check_echo(shell)
    check_test_card(shell, SCREENSHOTS / f"card-{firmware}.png")
    shell.find("claims", r"^claims: (\d+) of \1 passed")
    shell.machine.type("poweroff\n")
    assert shell.machine.wait_exit() == 0


def check_help(shell):
    commands = re.findall(r"^  ([a-z0-9]+) ", shell.run("help"), re.MULTILINE)
    assert len(commands) >= 25 and max(map(len, shell.run("help").splitlines())) < 80
    for command in commands:
        shell.find(f"help {command}", rf"^{command}\b")
    shell.find("no-such", "no such command")
    shell.find("help no-such", "no such command")
    shell.find("   a20  ", "address line 20|A20")
    shell.find("help  vm", "^vm reserve BYTES", "^vm release REGION")
    shell.find("vm  query   10000", "free")
    for line, complaint in (("vmquery 0", "vmquery: no such command"),
                            ("a20 now", "now: one word too many"),
                            ("poke 0", "too few words: wanted poke ADDRESS VALUE"),
                            ("hexdump 0 0x", "0x: wanted a number"),
                            ("vm reserve 18446744073709555712", "18446744073709555712: wanted a number"),
                            ("number -9223372036854775809", "-9223372036854775809: wanted a number"),
                            ("pt fffffffffffffffff", "f+: wanted hexadecimal digits"),
                            ("vm share 0", "BAD_SIZE"),
                            ("fault return", "none happened"),
                            ("threads tests", "tests: wanted one of: test")):
        shell.find(line, f"^{complaint}")


def check_what_the_loader_told(shell, firmware, report):
    shell.find("info", rf"^fact: firmware = {firmware.upper()}$", "^fact: loader = Lintel")
    shell.find("log", "^log: ")
    shell.find("time", r"^  firmware +0 .*#", r"^  handoff .*#", r"^  the kernel: \d+ ms after")
    shell.find("a20", "A20 was on" if firmware == "bios" else "UEFI firmware hands over")
    shell.find("disk", r"\(Lintel booted from it\)\n  disk, \d{5,} sectors of 512 bytes",
               r"EDD version 3\.0" if firmware == "bios" else r"Pci\(",
               "^The boot volume: partition 2")
    sides = shell.run("map").splitlines()[1:]
    normal = re.findall(r"^memory: ([0-9a-f]+) - ([0-9a-f]+) (.*)$", shell.boot, re.M)
    assert [f"{int(first, 16):x}-{int(end, 16):x} {kind}" for first, end, kind in normal] == [
        " ".join(row[38:].split(maxsplit=1)) for row in sides if row[38:].strip()]
    assert sides[0][:38].split()[0].startswith("0-") and sides[0][38:].strip()  # side by side
    raw = [int(row.split("-")[0], 16) for row in sides if row[:38].strip()]
    assert len(raw) > 5 and raw == sorted(raw) and len(normal) == int(report.facts["memory-ranges"])


def check_processor(shell):
    registers = shell.machine.monitor.registers()
    text = shell.run("cr")
    for name in ("CR0", "CR3", "CR4", "EFER"):
        assert int(re.search(rf"^{name} +([0-9a-f]+)", text, re.M)[1], 16) == registers[name]
    shell.find("cr", r"bit 0  PE .*(\n.*)*bit 31 PG", r"bit 20 SMEP", r"bit 11 NXE",
               r"PA0 write-back +1 write-through .*\n  PA4 .*7 write-combining")
    shell.find("cpu", r"\bla57\b", r"\bsmep\b", r"\bnx\b", r"CPU 0: APIC id 0.*runs this kernel",
               r"CPU 1: APIC id 1")


def check_descriptors(shell):
    registers = shell.machine.monitor.registers()
    shell.find("gdt", f"^GDT at {registers['GDT'][0]:016x}, limit 55",
               "08  00af9b000000ffff  code, DPL 0, present", "20 .*code, DPL 3", "28 .*TSS, type b")
    base, limit = registers["GDT"]
    table = shell.machine.monitor.virtual_memory(base, limit + 1)
    for selector in range(8, limit, 8):
        if selector == 0x30:
            shell.find("gdt 30", "30: no descriptor begins there")
            continue
        bits = drawn_bits(shell.run(f"gdt {selector:x}"))
        assert bits == table[selector:selector + (8 if selector < 0x28 else 16)]
    shell.find("gdt 8", "L: 64-bit code", "P: present", r"R: readable; A: accessed")
    shell.find("gdt 10", "X: data", "W: writable", "D/B: 32 bits")
    shell.find("gdt 28", "S: system", r"\|1011 \|", r"^   63-32 +31-0 ")
    shell.find("gdt 38", "38: no descriptor begins there")
    shell.find("idt", f"^IDT at {registers['IDT'][0]:016x}, limit 4095", r"\(timer\) came \d+",
               r"\(COM1\) came \d+")
    shell.find("idt 14", "page fault: interrupt gate, present, DPL 0, code 08, IST 0",
               r"interrupt_vectors\+0xe0 \(vectors.asm:\d+\)")
    shell.find("idt 8", "IST 1")
    shell.find("idt 256", "there are 256 vectors")
    shell.find("tss", r"IST1 ffffff00\w{8}  the fault stack")


def drawn_bits(text):
    """The bytes of the numbers that diagrams show, the first number's first; each is drawn from its
    highest bit down to bit 0."""
    data, number = b"", 0
    for bits, names, values in re.findall(r"^ +([0-9- ]+)\n  \+[+-]+\n  (\|.*)\n  (\|.*)\n  \+", text,
                                          re.M):
        assert len(names) == len(values) < 78
        for field, value in zip(bits.split(), values.strip("|").split("|")):
            high, _, low = field.partition("-")
            count = int(high) - int(low or high) + 1
            value = int(value, 2 if count <= 16 else 16)
            assert value >> count == 0 or count >= 39  # of a page: shown as the address that it is
            number |= value << (int(low or high) if count < 39 else 0)
        if int(low or high) == 0:
            data, number = data + number.to_bytes(8, "little"), 0
    return data


def check_ranges(shell):
    """`pt` alone, page by page, against QEMU's own walk."""
    ranges = [(int(first, 16), int(last, 16), int(physical, 16), flags, cache) for
              first, last, physical, flags, cache in
              re.findall(r"^(\w{16})-(\w{16}) +(\w+) r(.{4}) (.*)$", shell.run("pt"), re.M)]
    pages = shell.machine.monitor.pages()
    assert pages and ranges
    index = 0
    for page in sorted(pages, key=lambda page: page.virtual):
        while not ranges[index][0] <= page.virtual <= ranges[index][1]:
            index += 1
        first, _, physical, flags, cache = ranges[index]
        assert page.physical == physical + page.virtual - first
        assert ("w" in flags) == page.writable and ("x" in flags) == page.executable
        assert ("u" in flags) == page.user and ("g" in flags) == ("G" in page.flags)
        assert (cache == "uncached") == ("C" in page.flags and "T" in page.flags and
                                         cache != "write-combining")
    assert index == len(ranges) - 1


def check_translations(shell, report):
    direct_map = int(report.facts["direct-map"], 16)
    for place in ("kernel_main", "kernel_main+1234", f"{direct_map + 0x1000:x}",
                  "direct_map+fee00000", "ffffff0000001000", "0x0", "1000",
                  f"{direct_map + (1 << 39):x}"):
        text = shell.run(f"pt {place}")
        end = re.search(r"^(\w{16}) is (?:physical (\w+), |not mapped)", text, re.M)
        address = int(end[1], 16)
        address -= (1 << 64) if address >= HALF else 0
        theirs = shell.machine.monitor.human(f"gva2gpa {address}")
        if end[2]:
            assert int(end[2], 16) == int(re.search(r"gpa: (0x[0-9a-f]+)", theirs)[1], 16), text
        else:
            assert "Unmapped" in theirs, theirs
        # The address, then its entries.
        drawn = struct.unpack_from("<Q", bits := drawn_bits(text))[0], bits[8:]
        entries = re.findall(r"at physical (\w+): \w+$", text, re.M)
        assert drawn == (address % (1 << 64), b"".join(
            entry for place in entries if (entry := shell.machine.monitor.physical_memory(
                int(place, 16), 8))[0] & 1)), text
    shell.find("pt kernel_main", r"PML5 index 511", r"; P: present", r"NX: executable",
               r"; R/W: read-only", r"page of 4 KiB:\n  read-only, executable, supervisor, write")
    shell.find("pt direct_map+fee00000", f"^{direct_map + 0xfee00000:x} is",
               r"uncached \(PA3\)", "NX: no execute", "PS: large page", r"^   63 62-59 .* 7  6 5 ")
    shell.find("pt 100000000000000", "not canonical")
    shell.find("pt nowhere", "nowhere: wanted hexadecimal digits, direct_map or the name")


def check_memory(shell, report):
    direct_map = int(report.facts["direct-map"], 16)
    monitor = shell.machine.monitor
    free = max((int(end, 16) - 0x3000 for _, end, kind in re.findall(
        r"^memory: (\w+) - (\w+) (usable)$", shell.boot, re.M)
        if int(end, 16) < 1 << 32), default=0)
    shell.run(f"poke {direct_map + free:x} 0x1122334455667788")
    shell.run(f"poke {direct_map + free + 2:x} 0xabcd 2")
    assert monitor.physical_memory(free, 8) == struct.pack("<Q", 0x11223344abcd7788)
    shell.find(f"peek {direct_map + free:x}", r": 0x11223344abcd7788,")
    shell.find(f"peek {direct_map + free + 3:x} 1", r": 0xab, 171")
    shell.find("peek 0", "is not mapped")
    shell.find("poke kernel_main 1 1", "not mapped writable")
    shell.find("peek kernel_main 3", "3: wanted one of: 1 2 4 8")
    text = shell.run("hexdump kernel_main 40")
    shown = bytes.fromhex("".join(row[18:66] for row in text.splitlines()))
    start = int(text[:16], 16)
    assert shown == monitor.virtual_memory(start, 40)
    shell.find("hexdump 0 32", "is not mapped")


def check_firmware_tables(shell):
    text = shell.run("acpi")
    for table in ("RSDP", "FACP", "APIC", "DSDT"):
        assert re.search(rf"^  {table} .*checksum ok", text, re.M), text
    assert "checksum off" not in text
    shell.find("smbios", "checksum ok", r'type   1  system .*"QEMU"', r"type 127  end")
    ours = re.findall(r"^  (\w\w):(\w\w)\.(\d)  (\w{4}:\w{4})", shell.run("pci"), re.M)
    theirs = re.findall(r"Bus +(\d+), device +(\d+), function (\d+):\n.*?PCI device (\w{4}:\w{4})",
                        shell.machine.monitor.human("info pci").replace("\r", ""))
    assert sorted((int(bus, 16), int(device, 16), int(function), name)
                  for bus, device, function, name in ours) == sorted(
        (int(bus), int(device), int(function), name) for bus, device, function, name in theirs)


def lines_of(function):
    """First and last line of a function of kernel/machine/deliberate_fault.c."""
    lines = FAULTS_SOURCE.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if re.search(rf"\b{function}\b", line))
    last = next(i for i in range(first, len(lines)) if lines[i] == "}")
    return first + 1, last + 1


def check_fault(shell, kind):
    told, reason, function = FAULTS[kind]
    _, _, place = shell.find(f"fault {kind}", told, reason,
                             rf"{function}\+0x[0-9a-f]+ \(deliberate_fault.c:(\d+)\)")
    first, last = lines_of(function)
    assert first <= int(place[1]) <= last


def as_terminal_shows(received):
    """The first line that a terminal ends up with."""
    cells, column = [], 0
    for character in re.sub(r"\x1b\[[0-9;]*m", "", received.decode()):
        if character == "\n":
            break
        if character == "\b":
            column -= 1
        elif character != "\r":
            cells[column:column + 1] = [character]
            column += 1
    return "".join(cells).rstrip()


def check_keyboard(shell):
    """Shift, caps lock, arrows, Home, End, Delete, Backspace, history; the same by a terminal."""
    before = shell.prompt_at()
    shell.press("shift+x", "caps_lock", "y", "caps_lock", "1", "left", "left", "delete", "end",
                "backspace", "shift+1", "home", "q", "ret")
    shell.read("\n")
    assert "qX!: no such command" in shell.read()
    assert as_terminal_shows(shell.machine.received[before:]) == PROMPT + "qX!"
    shell.press("up", "left", "z", "ret")
    shell.read("\n")
    assert "qXz!: no such command" in shell.read()
    before = shell.prompt_at()
    shell.press("up", "up", "down", "down", "a", "2", "0", "ret")
    shell.read("\n")
    assert "20" in shell.read()
    assert as_terminal_shows(shell.machine.received[before:]) == PROMPT + "a20"
    shell.machine.type("\033[A\033[A\033[A\033[H1\033[3~\033[F2\x7f\r")
    shell.read("\n")
    assert "1X!: no such command" in shell.read()
    keys = int(shell.find("idt", r"\(keyboard\) came (\d+) times")[0][1])
    shell.press("shift_r+7", "ret")
    shell.read("\n")
    assert "&: no such command" in shell.read()
    shell.find("idt", rf"\(keyboard\) came {keys + 6} times")  # three keys, down and up


def check_echo(shell):
    shell.machine.type("echo\n")
    shell.read("echo\n")
    shell.press("a", "up")
    text = shell.read("scan code c8")  # the last of the four bytes that `up` is
    shell.machine.type("b\033[A\x04")
    text += shell.read()
    for line in (r"scan code 1e  'a'", r"scan code 9e$", r"scan code e0$", r"scan code 48  up",
                 r"byte +62  'b'", r"byte +1b$", r"byte +41  up", r"byte +04  control 4"):
        assert re.search(line, text, re.M), (line, text)


def check_test_card(shell, picture):
    monitor = shell.machine.monitor
    before = monitor.pixels()
    shell.machine.type("draw\n")
    shell.read("brings the text back.\n")
    width, height, _ = before
    shell.machine.wait(lambda: monitor.pixels()[2][-3:] == b"\xff\xff\xff",
                             "the last pixel of the card's frame")
    card = monitor.pixels()[2]
    bars = [card[3 * (20 * width + width * (2 * bar + 1) // 16):][:3] for bar in range(8)]
    assert bars == [bytes.fromhex(colour) for colour in (
        "ffffff", "ffff00", "00ffff", "00ff00", "ff00ff", "ff0000", "0000ff", "000000")]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    monitor.screenshot(picture)
    assert (width, height) == monitor.pixels()[:2]
    shell.press("spc")
    shell.read()


def without_framebuffer(path):
    """The kernel, which no longer wishes for a framebuffer: flags of its note's request."""
    kernel = bytearray(KERNEL.read_bytes())
    note = struct.pack("<3I8sI", 7, 32, 1, b"Lintel", 1)  # up to the ABI's version
    flags = kernel.index(note) + len(note)
    struct.pack_into("<I", kernel, flags, struct.unpack_from("<I", kernel, flags)[0] & ~1)
    path.write_bytes(kernel)
    return path


def test_text_screen(start, tmp_path):
    """A screen of 25 lines, read from: output waits for a key. And a restart."""
    image = tmp_path / "text.img"
    make_image(image, "", kernel=without_framebuffer(tmp_path / "kernel.elf"))
    shell = Shell(start("bios", [image], Hardware(board="pc")))
    shell.find("draw", "There is no framebuffer")
    shell.find("disk", r"floppy, 5760 sectors of 512 ", r"80 cylinders, 2 heads, 36 .*\n  no EDD",
               r"\d+ cylinders, 16 heads, 63 sectors a track\n  EDD .*, on PCI ATA")
    shell.press("h", "e", "l", "p", "ret")
    shell.read("help\n")
    shell.machine.wait(lambda: b"a key shows more" in shell.machine.monitor.text_screen()
                             and shell.machine.output.count("\n", shell.said) >= 23,
                             "a full screen")
    first = shell.machine.output[shell.said:]
    assert first.count("\n") == 23 and PROMPT not in first, first
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    shell.machine.monitor.screenshot(SCREENSHOTS / "text.png")
    shell.press("spc")
    assert "help NAME" in shell.read()
    shell.machine.type("reboot\n")
    assert shell.machine.wait_exit() == 0
