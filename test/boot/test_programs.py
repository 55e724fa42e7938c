"""Memory, threads and user programs of the kernel, over its shell: one boot for each firmware."""
import re
import subprocess

import pytest
from builder import BUILD, make_image
from machine import ROOT, Hardware
from shell import Shell

PROGRAMS = sorted((ROOT / "kernel/programs").glob("*.c"))
FAULTY = ROOT / "kernel/programs/faulty.c"
# What is typed, what is told, the function of faulty.c that is named.
FAULTS = {
    "n": (r"page fault \(vector 14\)", "writing: null pointer", "write_null"),
    "k": (r"page fault \(vector 14\)", "reading: the page is the kernel's", "read_kernel"),
    "t": (r"page fault \(vector 14\)", "reading: the page is the kernel's", "read_kernel_stack"),
    "s": (r"page fault \(vector 14\)", "writing: reserved, not committed", "overflow_stack"),
    "g": (r"page fault \(vector 14\)", "writing: guard page", "touch_guard"),
    "p": (r"general protection fault \(vector 13\)", "CS     0000000000000023", "stop_interrupts"),
    "f": (r"x87 floating-point error \(vector 16\)", "SS     000000000000001b", "divide_by_zero"),
}
RFLAGS_IF, RFLAGS_AC = 0x200, 0x40000


@pytest.fixture
def shell(start, images, request):
    modules = [BUILD / f"programs/{source.stem}.elf" for source in PROGRAMS]
    image = images.shared("programs.img", lambda path: make_image(path, modules=modules))
    return Shell(start(request.param, [image]))


@pytest.mark.parametrize("shell", ["bios", "uefi"], indirect=True)
def test_memory_threads_and_programs(shell):
    free = free_frames(shell)
    check_regions(shell)
    check_pages(shell)
    check_threads(shell)
    check_good_programs(shell)
    for kind in FAULTS:
        check_killed_program(shell, kind)
    check_flags_in_the_kernel(shell)
    check_program_that_never_ends(shell)
    check_nothing_is_lost(shell, free)
    shell.find("claims", r"^claims: (\d+) of \1 passed")
    check_halt(shell)


def check_halt(shell):
    """The processor sleeps, and no interrupt wakes it."""
    shell.machine.type("halt\n")
    shell.read("The processor is stopped.\n")
    registers = shell.machine.wait(lambda: "HLT=1" in (
        said := shell.machine.monitor.human("info registers")) and said, "a stopped processor")
    assert not int(re.search(r"RFL=(\w+)", registers)[1], 16) & RFLAGS_IF, registers


def test_a_cpu_that_lets_all_pages_execute(start, images):
    shell = Shell(start("bios", [images.standard("")], Hardware(cpu="qemu64,-nx")))
    check_pages(shell, no_execute=False)


def free_frames(shell):
    return int(shell.find("mem", r"^  frames: (\d+) of")[0][1])


def used_by_heap(shell):
    return shell.find("mem", r"used by (\d+) blocks")[0][1]


def place(shell, address):
    """The physical address, as QEMU translates; None: not mapped."""
    found = re.search(r"gpa: (0x[0-9a-f]+)", shell.machine.monitor.human(f"gva2gpa {address:#x}"))
    return found and int(found[1], 16)


# What is typed, of the region's 16 pages from page 0 on (addresses are offsets of pages from its
# begin); the answer; how many frames the space then holds for itself. `W` writes a RET.
PAGES = (
    ("touch 0", "reserved, not committed", 0),
    ("protect 0 1 read", "NOT_COMMITTED", 0),
    ("reserve 1 15", "ADDRESS_TAKEN", 0),
    ("commit 0 8", "OK", 0),
    ("touch 3", "demand-zero", 1),
    ("touch 3 write", "nothing was wrong", 1),
    ("W 3", "", 1),
    ("touch 7 write", "demand-zero", 2),
    ("touch 8", "reserved, not committed", 2),
    ("commit 2 14", "OK", 2),
    ("R 3", "0xc3,", 2),
    ("touch 3 execute", "protection", 2),
    ("protect 3 1 execute", "OK", 2),
    ("touch 3 execute", "nothing was wrong", 2),
    ("touch 3 write", "protection", 2),
    ("protect 3 1 read", "OK", 2),
    ("query 3", "PAGE_READONLY", 2),
    ("touch 3 write", "protection", 2),
    ("protect 3 1 none", "OK", 2),
    ("touch 3", "protection", 2),
    ("protect 3 1 guard", "OK", 2),
    ("touch 3", "guard page", 2),
    ("touch 3", "nothing was wrong", 2),
    ("R 3", "0xc3,", 2),
    ("decommit 3 1", "OK", 1),
    ("touch 3", "reserved, not committed", 1),
    ("commit 3 1", "OK", 1),
    ("touch 3", "demand-zero", 2),
    ("R 3", "0x0,", 2),
    ("commit 15 2", "NOT_RESERVED", 2),
    ("commit 0 0", "BAD_SIZE", 2),
    ("release 1", "NOT_A_REGION", 2),
    ("release 0", "OK", 0),
    ("touch 0", "not reserved", 0),
)


def check_pages(shell, no_execute=True):
    """The states that a page goes through, by real accesses on the processor."""
    base = int(shell.find("vm reserve 65536", r"region (\w{16})")[0][1], 16)
    held = int(shell.find("vm", r"frames of its own: (\d+)")[0][1])
    for line, answer, frames in PAGES:
        call, page, *others = line.split()
        address = base + int(page) * 4096 if call != "reserve" else int(page) * 4096
        if call == "reserve":
            others = [f"{base + int(others[0]) * 4096:x}"]
        elif others and others[0].isdigit():
            others[0] = str(int(others[0]) * 4096)
        typed = {"W": f"poke {address:x} 0xc3 1", "R": f"peek {address:x} 1",
                 "reserve": f"vm reserve {address} {' '.join(others)}"}.get(
                     call, f"vm {call} {address:x} {' '.join(others)}".strip())
        if not no_execute and (line, answer) == ("touch 3 execute", "protection"):
            answer = "nothing was wrong"
        shell.find(typed, re.escape(answer))
        shell.find("vm", rf"frames of its own: {held + frames}$")
    assert "it is sound" in shell.run("mem")


def check_regions(shell):
    """Each call by hand, with its errors by name; what is mapped, by QEMU's own walk."""
    base = int(shell.find("vm reserve 65536", r"region (\w{16})", "^OK$")[0][1], 16)
    shell.find(f"vm query {base:x}", rf"64 KiB  reserved +private, region {base:x}")
    shell.find(f"vm query {base + 65536:x}", rf"^  {base + 65536:016x} +\d{{9,}} KiB  free +$")
    shell.find("vm query 0", "^  0{16} +64 KiB  reserved +the system's$")
    shell.find("vm query kernel_main", "^  00007ffffffff000 .* reserved +the system's$")
    shell.find(f"vm touch {base:x}", "page fault: reserved, not committed")
    shell.find(f"vm commit {base:x} 8192", "^OK$")
    assert place(shell, base) is None
    shell.find(f"vm touch {base:x} write", "page fault: demand-zero")
    assert place(shell, base) is not None and place(shell, base + 4096) is None
    shell.find(f"vm touch {base:x} write", "page fault: nothing was wrong")
    shell.find(f"poke {base:x} 77")
    shell.find(f"pt {base:x}", "page is mapped|physical")
    shell.find(f"vm protect {base:x} 4096 read", "^OK$")
    shell.find(f"vm touch {base:x} write", "page fault: protection")
    shell.find(f"vm protect {base:x} 4096 guard", "^OK$")
    assert place(shell, base) is None
    shell.find(f"vm touch {base:x}", "page fault: guard page")
    shell.find(f"vm touch {base:x}", "page fault: nothing was wrong")
    shell.find(f"peek {base:x}", "4d|77")
    shell.find(f"vm protect {base:x} 4096 all", "all: wanted one of: none read")
    shell.find(f"vm commit {base + 65536:x} 1", "^NOT_RESERVED$")
    shell.find(f"vm release {base + 4096:x}", "^NOT_A_REGION$")
    shell.find(f"vm reserve 1 {base:x}", "^ADDRESS_TAKEN$")
    shell.find(f"vm decommit {base:x} 4096", "^OK$")
    assert place(shell, base) is None
    shell.find("vm", r"1 fault: protection", r"1 fault: guard page", r"1 fault: demand-zero",
               "^  frames of its own: 0$")
    shell.find(f"vm commit {base:x} 1 execute", "^OK$")
    shell.find(f"vm touch {base:x} execute", "page fault: demand-zero")  # and runs zeroes
    shell.find(f"vm touch {base:x} execute", "page fault: protection")  # which write to themselves
    shell.find("vm touch 0", "page fault: not reserved")
    shell.find("vm touch kernel_main", "page fault: nothing was wrong")
    shell.find("vm touch kernel_main execute", "BAD_ADDRESS")
    shell.find("vm touch 8000000000000000", "page fault: not reserved")
    shell.find("fault null", "null pointer")  # a touch that is over catches no fault
    shell.find(f"vm commit {base:x} 4096 read", "^OK$")
    shell.find(f"vm touch {base:x} write", "page fault: protection")
    shell.find(f"vm protect {base:x} 4096 write", "^OK$")
    shell.find(f"vm touch {base:x} write", "page fault: nothing was wrong")
    shell.find(f"vm release {base:x}", "^OK$")
    shell.find("vm nonsense", "nonsense: one word too many")
    check_sharing(shell)


def check_sharing(shell):
    shared, copied = (int(address, 16) for address in shell.find(
        "vm share 4096", r"shared region (\w+), copy-on-write region (\w+)")[0].groups())
    shell.find(f"vm touch {shared:x} write", "demand-zero")
    shell.find(f"vm touch {copied:x}", "demand-zero")
    assert place(shell, shared) == place(shell, copied)
    shell.find(f"vm touch {copied:x} write", "copy-on-write")
    assert place(shell, shared) != place(shell, copied)
    for region in (shared, copied):
        shell.find(f"vm release {region:x}", "^OK$")


def check_threads(shell):
    found = shell.find("threads test", r"counted to 1200000 in (\d+) ticks", "^threads test: passed$",
                       r"found taken (\d+) times")
    assert int(found[0][1]) > 1 and int(found[2][1]) > 0
    shell.find("threads", r"^  shell +ready")


def check_good_programs(shell):
    shell.machine.type("run hello.elf\n")
    shell.read("What is your name? ")
    shell.machine.type("Ada\n")
    assert "Hello, Ada, from user mode.\nhello.elf: ended with status 3" in shell.read()
    shell.find("run pages.elf", "32 pages touched", r"ended with status 0; 3\d demand-zero faults")
    for _ in range(2):  # the second one finds nothing that the first one left
        shell.find("run pi.elf", "^pi is 3.141592$", "ended with status 0")
    shell.find("run nobody.elf", "no module of that name")
    shell.find("cr", "^ *bit 21 SMAP")


def check_killed_program(shell, kind):
    told, reason, function = FAULTS[kind]
    shell.machine.type("run faulty.elf\n")
    shell.read("for ever)? ")
    shell.machine.type(kind)
    report = shell.read()
    assert re.search(told, report) and reason in report, report
    assert "faulty.elf: killed by its fault" in report
    line = int(re.search(rf"{function}\+0x\w+ \(faulty\.c:(\d+)\)", report)[1])
    source = FAULTY.read_text().splitlines()
    begin = next(i for i, text in enumerate(source, 1) if f" {function}(" in text)
    assert begin <= line <= begin + 5


def check_flags_in_the_kernel(shell):
    """A program's AC does not reach the kernel that interrupts it."""
    monitor = shell.machine.monitor
    names = subprocess.run(["nm", BUILD / "kernel/kernel.elf"], check=True, capture_output=True,
                           text=True).stdout
    end_of_c = int(re.search(r"(\w+) T interrupt_vectors", names)[1], 16)  # assembly lies last
    shell.machine.type("run faulty.elf\n")
    shell.read("for ever)? ")
    shell.machine.type("a")
    shell.machine.wait(monitor.stop_in_user_mode, "the program at work")
    monitor.execute("cont")
    for _ in range(3):
        said = shell.machine.wait(lambda: monitor.look_into_kernel_mode(end_of_c),
                                  "the kernel at work")
        assert not int(re.search(r"RFL=(\w+)", said)[1], 16) & RFLAGS_AC, said
    shell.machine.type("\x03")
    assert "faulty.elf: interrupted" in shell.read()


def check_program_that_never_ends(shell):
    shell.machine.type("run spin.elf\n")
    shell.read("Ctrl-C ends it.")
    shell.machine.type("\x03")
    assert "spin.elf: interrupted" in shell.read()
    shell.machine.type("run spin.elf\n")
    shell.read("Ctrl-C ends it.")
    shell.machine.wait(shell.machine.monitor.stop_in_user_mode, "the program at work")
    shell.machine.monitor.execute("inject-nmi")
    shell.machine.monitor.execute("cont")
    report = shell.read()
    assert "non-maskable interrupt" in report and "spin.elf: killed by its fault" in report
    shell.find("idt 2", "IST 1")  # else one at the kernel's first instruction had the program's stack


def check_nothing_is_lost(shell, free):
    """The heap keeps the pages that it has taken once; a second round takes no more."""
    left, blocks = free_frames(shell), used_by_heap(shell)
    check_good_programs(shell)
    check_killed_program(shell, "s")
    check_sharing(shell)
    assert (free_frames(shell), used_by_heap(shell)) == (left, blocks)
    assert free - left < 200
