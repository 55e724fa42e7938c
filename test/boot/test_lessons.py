"""The lessons of LESSONS.md: each boots from its disk and from Lintel's menu, is looked at from outside,
and stops in GDB by symbol."""
import re
import struct
import subprocess
from dataclasses import dataclass, replace

import pytest
from lesson import (BUILD, debugged_lesson, floppy_machine, follow, in_image, lesson_file, make_disk,
                    told_commands)
from machine import ROOT, Hardware

SOURCES = sorted((ROOT / "legacy/lessons").glob("[0-9]*.[ac]*"))
LINES_MAX = 130  # "about a hundred, with its comments"
COURSE = (ROOT / "LESSONS.md").read_text()


@dataclass(frozen=True)
class Lesson:
    """`says`: what the serial line ends up with, a regular expression; {drive}: the number of the BIOS's
    drive. `check(machine, drive)` looks from outside. `stops`: functions that GDB stops in. `ways`: to
    boot it, names in WAYS."""

    says: str
    stops: tuple
    check: callable = None
    ways: tuple = ("floppy", "menu")


def check_hello(machine, drive):
    """What the serial line was told stands on the screen, too; the CPU rests in `stop`."""
    assert f"from drive {drive}h".encode() in machine.monitor.text_screen()
    registers = machine.monitor.registers()
    assert registers["CS"] == registers["DS"] == registers["SS"] == 0
    assert registers["ESP"] in (0x7c00, 0x7bfa)  # or the timer's interrupt is being handled
    assert machine.monitor.physical_memory(0x7dfe, 2) == b"\x55\xaa"


def check_paging(machine, drive):
    """Identity, and three pages at 4 MiB: two show one frame."""
    registers = machine.monitor.registers()
    assert (registers["CR0"], registers["CR3"]) == (0x80010011, 0x20000)
    assert registers["CR2"] == 0x402000
    pages = {page.virtual: page for page in machine.monitor.pages()}
    assert len(pages) == 1024 + 3 and all(page.writable for page in pages.values())
    assert all(pages[address].physical == address for address in range(0, 0x400000, 0x1000))
    assert [pages[0x400000 + i * 0x1000].physical for i in range(3)] == [0x30000, 0x31000, 0x30000]
    assert "0000000000000000-0000000000403000 0000000000403000 -rw" in machine.monitor.human("info mem")
    assert machine.monitor.physical_memory(0x30000, 1) == b"\2"
    assert b"may be written now, and has 00000002" in machine.monitor.text_screen()


def check_long_mode(machine, drive):
    registers = machine.monitor.registers()
    assert (registers["CR0"], registers["CR3"], registers["CR4"]) == (0x80000011, 0x20000, 0x20)
    assert registers["EFER"] == 0x500 and registers["RBX"] == 0xfedcba9876543210
    assert b"lower half is 76543210" in machine.monitor.text_screen()
    assert "CS64" in machine.monitor.human("info registers")  # its L bit
    pages = machine.monitor.pages()
    assert [page.virtual for page in pages] == list(range(0, 0x200000, 0x1000))
    assert all(page.physical == page.virtual and page.writable for page in pages)


def check_kernel(machine, drive):
    """What it says of its tables is what QEMU's monitor shows; on BIOS it stands on the screen."""
    found = {claim: int(value, 16)
             for claim, value in re.findall(r"^(C\d+) +holds +([0-9A-F]{16}) ", machine.output,
                                            re.MULTILINE)}
    assert len(found) == 14 and "FAILS" not in machine.output
    registers = machine.monitor.registers()
    assert (found["C5"], found["C13"], found["C6"], found["C7"]) == tuple(
        registers[name] for name in ("CR0", "CR3", "CR4", "EFER"))
    assert (found["C9"], found["C11"]) == (registers["GDT"][0], registers["IDT"][0])
    pages = {page.virtual: page for page in machine.monitor.pages()}
    code = pages[registers["RIP"] & ~0xfff]
    assert code.physical == found["C16"] and code.executable and not code.writable
    assert found["C4"] & ~0xfff in pages and found["C18"] & ~0xfff not in pages
    if drive:
        assert b"C19  holds" in machine.monitor.text_screen()


def symbol(name, label):
    """The address of a label of a lesson."""
    listed = subprocess.run(["nm", lesson_file(name)], check=True, capture_output=True,
                            text=True).stdout
    return int(re.search(rf"^([0-9a-f]+) \w {label}$", listed, re.MULTILINE)[1], 16)


def check_screen_and_keys(machine, _):
    """The colours in video memory; what is told of vectors and data, against memory; keys."""
    blocks = machine.monitor.physical_memory(0xb8000 + 128, 32)
    assert blocks == bytes(byte for colour in range(16) for byte in (219, colour))
    low = machine.monitor.physical_memory(0, 0x500)
    vectors = re.findall(r"(\w\w)h .* (\w{4}):(\w{4})$", machine.output, re.M)
    for vector, segment, offset in vectors:
        at = int(vector, 16) * 4
        assert struct.unpack_from("<HH", low, at) == (int(offset, 16), int(segment, 16))
    told = [int(re.search(rf"^{what} +(\w{{4}})$", machine.output, re.M)[1], 16)
            for what in ("COM1 is at port", "equipment", "KiB of low memory", "columns, video mode")]
    assert told == [struct.unpack_from("<H", low, at)[0] for at in (0x400, 0x410, 0x413, 0x449)]
    assert len(vectors) == 6 and told[3] == 80 << 8 | 3
    for keys, echo in ((["a"], "1Eh, character 61h"), (["shift", "a"], "1Eh, character 41h"),
                       (["f1"], "3Bh, character 00h"), (["ret"], "1Ch, character 0Dh")):
        machine.monitor.move_keys(True, *keys)
        machine.monitor.move_keys(False, *reversed(keys))
        machine.wait_for(rf"scan code {echo}\n")
    assert machine.monitor.text_screen().startswith(b"00h division by zero  ")
    assert b"scan code 1Ch, character 0Dh" in machine.monitor.text_screen()


def block_told(sector):
    """What lesson 03 says of a first sector."""
    sector_bytes, reserved, tables, entries, sectors, of_table, of_track, heads = (
        struct.unpack_from(layout, sector, at)[0] for layout, at in (
            ("<H", 0x0b), ("<H", 0x0e), ("B", 0x10), ("<H", 0x11), ("<H", 0x13), ("<H", 0x16),
            ("<H", 0x18), ("<H", 0x1a)))
    return (rf"bytes of a sector +{sector_bytes}\s+sectors +{sectors}\s+sectors of a table +{of_table}\s+"
            rf"entries of the root +{entries}\s+sectors of a track +{of_track}\s+heads +{heads}\s+"
            rf"the root is at sector {reserved + tables * of_table}\n")


def check_parameter_block(machine, _):
    machine.wait_for(block_told(machine.monitor.physical_memory(0x7c00, 512)))
    assert b"the root is at sector 19 " in machine.monitor.text_screen()


def check_floppy(machine, drive):
    """A kernel lies behind the first sector of the floppy only; all of it is in memory then."""
    says = b"The kernel runs: all of its sectors are there." if drive == "00" else \
        b"Behind the first sector of this drive lies no kernel: boot from the floppy."
    assert re.search(rf"\.{{40}}\s+{says.decode()}\n$", machine.output), machine.output
    assert says in machine.monitor.text_screen()
    kernel = lesson_file("04").with_suffix(".bin").read_bytes()[512:]
    assert (machine.monitor.physical_memory(0x7e00, len(kernel)) == kernel) == (drive == "00")


def check_a20(machine, _):
    assert machine.output.count("Closed by all: line 20 is held") == 3
    for method in ("BIOS", "keyboard controller", "fast gate"):
        assert f"Opened by the {method}: line 20 is let through" in machine.output
    assert machine.monitor.registers()["A20"] == 1


FLAT = bytes.fromhex("0000000000000000" "ffff0000009acf00" "ffff00000092cf00")


def check_gdt(machine, _):
    """The descriptors, but for the bits that the CPU sets when it uses them."""
    registers = machine.monitor.registers()
    base, limit = registers["GDT"]
    table = bytearray(machine.monitor.physical_memory(base, limit + 1))
    table[13] &= ~1
    table[21] &= ~1
    assert table == FLAT and registers["CR0"] & 1 and registers["CS"] == 8 and registers["DS"] == 16
    row = machine.monitor.physical_memory(0xb8000 + 320, 160)
    assert row[::2].startswith(b"In protected mode") and row[1] == 0x0a


def check_interrupts(machine, _):
    told = re.search(r"Exception #DE at (\w{8})", machine.output)
    assert int(told[1], 16) == symbol("07-interrupts", "divide")
    machine.monitor.press("a")
    machine.wait_for(r"Scan code 0000001E\s+Scan code 0000009E")
    ticks = symbol("07-interrupts", "ticks")
    first = machine.monitor.physical_memory(ticks, 4)
    machine.wait(lambda: machine.monitor.physical_memory(ticks, 4) != first, "the next tick")
    registers = machine.monitor.registers()
    assert registers["IDT"] == (symbol("07-interrupts", "idt"), 40 * 8 - 1)


def check_memory(machine, _):
    """The ranges cover the machine's memory; what was tested is cleared."""
    ranges = re.findall(r"(\w{16}) \+ (\w{16}) (\w[\w ]*)$", machine.output, re.MULTILINE)
    usable = sum(int(length, 16) for _, length, kind in ranges if kind == "usable")
    assert 500 << 20 < usable < 512 << 20 and len(ranges) > 4
    assert machine.monitor.physical_memory(0x100000, 1 << 20) == bytes(1 << 20)
    assert "tested, and now 0, up to 04100000" in machine.output
    assert re.search(r"written to 000A0000\s+reads as FFFFFFFF", machine.output)


LESSONS = {
    "01-hello": Lesson(r"Hello\. .* from drive {drive}h", ("start", "say", "stop"), check_hello),
    "02-screen-and-keys": Lesson(r"Keys, please", ("main", "show_vectors", "echo"),
                                 check_screen_and_keys),
    "03-parameter-block": Lesson(r"sectors +2880[\s\S]*the root is at sector 19\n",
                                 ("begin", "show", "stop"), check_parameter_block),
    "04-floppy": Lesson(r"The kernel runs: .*\n|lies no kernel: .*\n",
                        ("read_all", "read_sector", "kernel"), check_floppy),
    "05-a20": Lesson(r"by the fast gate: line 20 is let through", ("is_held", "by_controller"),
                     check_a20),
    "06-gdt": Lesson(r"this is 32-bit code\.", ("main", "protected", "rest"), check_gdt),
    "07-interrupts": Lesson(r"Still here\. Keys, please", ("divide", "on_exception", "on_timer"),
                            check_interrupts),
    "08-memory": Lesson(r"written to 000F0000\s+reads as \w{8}", ("list", "test_range", "try_hole"),
                        check_memory),
    "09-paging": Lesson(r"at 00401000\n  not present, a write, by the kernel\n.* 00000001\n"
                        r".* 00402000\n  present, a write, by the kernel\n.* 00000002\n",
                        ("main", "main32", "paged", "on_page_fault", "rest"), check_paging),
    "10-long-mode": Lesson(r"upper half is FEDCBA98\n.* lower half is 76543210\n",
                           ("main", "check_cpu", "build_page_tables", "to_long_mode", "begin64", "rest"),
                           check_long_mode),
    "11-kernel": Lesson(r"C19  holds .*\n", ("start", "claim"), check_kernel, ("menu", "uefi")),
}


def page_of(name):
    """What the course says of a lesson."""
    return re.search(rf"^## {name[:2]} .*?(?=^## |\Z)", COURSE, re.MULTILINE | re.DOTALL)[0]


def shown_lines(name):
    """What it says is seen, as regular expressions: the lines of a block behind "See". Addresses of 64
    bits are the loader's choice, words of 16 the BIOS's."""
    block = re.search(r"\*\*See\.\*\*(?:(?!\*\*).)*?^```\n(.*?)^```$", page_of(name),
                      re.MULTILINE | re.DOTALL)
    return [re.sub(r"\b[0-9A-F]{4}([0-9A-F]{12})?\b", lambda number: f"[0-9A-F]{{{len(number[0])}}}",
                   re.escape(line)) + "$"
            for line in (block[1].splitlines() if block else [])]


# Where a lesson is started from; the BIOS's number of that drive, where it is a BIOS.
WAYS = {"floppy": ("bios", make_disk, "00"), "menu": ("bios", in_image, "80"),
        "uefi": ("uefi", in_image, "")}


@pytest.mark.parametrize("name, way", [(name, way) for name in LESSONS for way in LESSONS[name].ways])
def test_lesson(start, tmp_path, name, way):
    lesson = LESSONS[name]
    firmware, make, drive = WAYS[way]
    machine = start(firmware, *make(lesson_file(name), tmp_path))
    machine.wait_for(lesson.says.replace("{drive}", drive))
    for line in shown_lines(name):
        assert re.search(line, machine.output, re.MULTILINE), line
    if lesson.check:
        lesson.check(machine, drive)


@pytest.mark.parametrize("cpu", ["qemu32", "486"])
def test_a_cpu_without_long_mode_is_told(start, tmp_path, cpu):
    """Lesson 10; QEMU's 486 has CPUID, as late ones had, but none of the functions from 80000000h on."""
    disks, hardware = make_disk(lesson_file("10"), tmp_path)
    machine = start("bios", disks, replace(hardware, cpu=cpu))
    machine.wait_for(r"This CPU has no long mode\.")
    assert machine.monitor.registers()["CR0"] & 1 == 0


@pytest.mark.parametrize("options", ["", "-r 112 -s 2"])
@pytest.mark.parametrize("file, code, begin, says", [
    ("images/lesson03.img", "build/lessons/03-parameter-block.bin", 0x3e, ""),
    ("images/lesson03-lintel.img", "build/legacy/boot.bin", 0x5a, r"no volume of it \(1 looked at\)"),
], ids=["dd", "install"])
def test_parameter_block_leaves_the_files(start, tmp_path, options, file, code, begin, says):
    """What LESSONS.md tells a student to type, on a floppy with a file, keeps all of it."""
    floppy = tmp_path / "fat.img"
    made, *written = told_commands(file)
    follow([f"{made} {options}"], floppy)
    before = floppy.read_bytes()[:512]
    follow(written, floppy)
    follow(["mcopy -i {file} ::README.md {file}.copy", "fsck.fat -n {file}"], floppy)
    assert (tmp_path / "fat.img.copy").read_bytes() == (ROOT / "README.md").read_bytes()
    sector, code = floppy.read_bytes()[:512], (ROOT / code).read_bytes()
    assert sector[3:0x3e] == before[3:0x3e]
    assert sector[:3] + sector[begin:0x1a0] == code[:3] + code[begin:0x1a0]
    start("bios", *floppy_machine(floppy)).wait_for(says or block_told(before))


@pytest.mark.parametrize("once, says", [("on", r"^\.{23}!\.{17}\s+The kernel runs"),
                                        ("off", r"^\.{23}!!!!\s+The drive can not be read\.\n")])
def test_sectors_are_tried_again(start, tmp_path, once, says):
    """As LESSONS.md tells it, on a hard disk: QEMU's floppies give zeros for what can't be read, and
    no error."""
    rules = tmp_path / "rules"
    write, boot = told_commands("build/lesson04.rules")
    follow([write.replace('"on"', f'"{once}"')], rules)
    disk = re.search(r"file=(\S+)", boot)[1].replace("{file}", str(rules))
    start("bios", [disk], Hardware(board="pc")).wait_for(says)


def said_by_gdb(name, folder, commands):
    """What GDB answers to commands from before the machine's first instruction on."""
    with debugged_lesson(lesson_file(name), folder) as (machine, arguments):
        for command in commands:
            arguments += ["-ex", command]
        with subprocess.Popen([*arguments, "-batch"], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as gdb:
            try:
                machine.wait(lambda: gdb.poll() is not None, "the end of GDB")
            finally:
                gdb.kill()
                return gdb.stdout.read()


@pytest.mark.parametrize("name", LESSONS)
def test_gdb_stops_by_symbol(tmp_path, name):
    functions = LESSONS[name].stops
    said = said_by_gdb(name, tmp_path, [command for function in functions for command in (
        f"thbreak {function}", "continue", "info symbol $pc")])
    for function in functions:
        assert re.search(rf"^{function}( \+ \d+)? in section \.text", said, re.MULTILINE), said


def told_gdb_commands(name):
    typed = page_of(name).split("**Type.**")[1].split("**See.**")[0]
    return re.findall(r"`((?:thbreak|continue|stepi|x/|info|monitor|backtrace)\b[^`]*)`", typed)


@pytest.mark.parametrize("name", [name for name in LESSONS if told_gdb_commands(name)])
def test_gdb_takes_what_the_course_tells_to_type(tmp_path, name):
    commands = told_gdb_commands(name)
    said = said_by_gdb(name, tmp_path, ["thbreak start", "continue", *commands])
    assert said.count("\nTemporary breakpoint ") == commands.count("continue") + 1 > 1, said
    assert not re.search("^(Invalid|Undefined|Cannot|No symbol|Function .* not defined)", said,
                         re.MULTILINE), said


def test_every_lesson_is_tested_and_small():
    assert {path.stem for path in SOURCES} == set(LESSONS)
    long = {path.stem: len(path.read_text().splitlines()) for path in SOURCES
            if len(path.read_text().splitlines()) > LINES_MAX}
    assert not long
    assert {path.stem for path in BUILD.glob("*.elf")} >= {path.stem for path in SOURCES}


@pytest.mark.parametrize("name", LESSONS)
def test_the_course_has_a_page_for_every_lesson(name):
    page = page_of(name)
    assert re.findall(r"^\*\*([\w ]+)\.\*\*", page, re.MULTILINE) == [
        "Idea", "Type", "See", "Try", "In the product"]
    assert "**Try.**\n\n1. " in page and "\n3. " in page and "\n4. " not in page
    assert f"legacy/lessons/{name}." in page and f"make lesson N={name[:2]}" in page


def test_the_course_has_a_table_of_contents():
    titles = re.findall(r"^## (\d\d .*)$", COURSE, re.MULTILINE)
    rows = re.findall(r"^\| \[(\d\d .*?)\]\(#(.*?)\) \| ", COURSE, re.MULTILINE)
    assert titles == sorted(titles)
    assert rows == [(title, title.lower().replace(" ", "-")) for title in titles]


@pytest.mark.parametrize("name", LESSONS)
def test_what_a_page_names_in_the_product_is_there(name):
    """Files, and what is named behind one and a colon."""
    product = page_of(name).split("**In the product.**")[1]
    named = re.findall(r"`(\w+/[\w./]+)`(?::\s+`(\w+)`)?", product)
    missing = [(file, word) for file, word in named
               if not (ROOT / file).exists() or word and word not in (ROOT / file).read_text()]
    assert named and not missing


def test_the_walk_through_the_entry_names_its_labels():
    """In their order; variables and texts apart."""
    entry = (ROOT / "legacy/entry.asm").read_text()
    labels = [label for label, rest in re.findall(r"^(\w+):(.*)$", entry, re.MULTILINE)
              if "resb" not in rest and "resd" not in rest and "resq" not in rest
              and not label.startswith("text_") and label != "gdt_end"]
    table = page_of("10-long-mode").split("| label |")[1]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(cells)) == labels
