"""EFI programs: what they are given, that they come back to the menu, and who is refused. One boot
of OVMF shows many."""
import re
import struct
from pathlib import Path

from builder import BUILD
from entries import GUESTS, choose_each, make_entries_image, with_machine, wrapped
from grub import PREAMBLE, core_image

PROGRAM = BUILD / "test-kernels/program.efi"
AARCH64 = 0xaa64
TOLD = r"program: options=\[(.*)\] bytes=(\d+) (finds itself|is lost) free=(\d+) end"


FAILED = wrapped(r"ended with the error EFI_VOLUME_CORRUPTED: made to fail")


def as_driver(content):
    """Its Subsystem says: EFI boot service driver."""
    changed = bytearray(content)
    struct.pack_into("<H", changed, struct.unpack_from("<I", changed, 60)[0] + 24 + 68, 11)
    return bytes(changed)


def told(machine, count):
    """What the program said the count-th time, when the menu is there again: a key that comes before
    is no wish."""
    machine.wait(lambda: len(re.findall(rf"{TOLD}[\s\S]*?show the same menu",
                                        machine.output)) >= count, f"the menu, {count} times")
    return machine.wait(lambda: re.findall(TOLD, machine.output)[count - 1:],
                        f"/{TOLD}/, {count} times")[0]


REFUSED = {
    "for another machine": ("efi /arm.efi", r"for another machine: for 64-bit ARM"),
    "a driver": ("efi /driver.efi", r"Subsystem is 11, not 10"),
    "not Linux": ("linux /program.efi", r"/program\.efi is an EFI program, not a Linux kernel"),
    "no such protocol": ("kernel /program.efi\nprotocol grub",
                         r"no protocol `grub`; Lintel knows lintel, "),
    "with initrd": ("efi /program.efi\ninitrd /program.efi", r"an EFI program gets no `initrd`"),
    "cut": ("efi /cut.efi", r"/cut\.efi.*is it truncated"),
}


def test_own_program(start, tmp_path):
    image, program = tmp_path / "efi.img", PROGRAM.read_bytes()
    entries = {"returns": "efi /tools/program.efi\noptions first gr\u00fc\u00df \U0001f600",
               "fails": "kernel /tools/program.efi\noptions fail",
               "restarts": "efi /tools/program.efi\noptions restart",
               **{title: lines for title, (lines, _) in REFUSED.items()}}
    make_entries_image(image, entries, {
        "/tools/program.efi": program, "/program.efi": program,
        "/arm.efi": with_machine(program, AARCH64), "/driver.efi": as_driver(program),
        "/cut.efi": program[:1500]})
    machine = start("uefi", [image])
    machine.wait_for("returns")
    machine.type("1")
    options, length, itself, _ = told(machine, 1)
    assert options == r"first gr\u00fc\u00df \ud83d\ude00"
    assert (length, itself) == ("28", "finds itself")
    free = []
    for count in range(2, 6):
        machine.type("2")
        options, length, _, pages = told(machine, count)
        assert (options, length) == ("fail", "10")
        free.append(pages)
        machine.wait(lambda: len(re.findall(FAILED, machine.output)) == count - 1,
                     f"/{FAILED}/, {count - 1} times")
    assert len(set(free[1:])) == 1, free
    choose_each(machine, [message for _, message in REFUSED.values()], first=4)
    machine.type("3")
    told(machine, 6)
    machine.type("1")
    assert told(machine, 7)[2] == "finds itself"


def test_other_programs(start, tmp_path):
    """iPXE finds no network and returns; GRUB and systemd-boot are told to."""
    image = tmp_path / "others.img"
    menu = "set timeout=-1\nmenuentry 'GRUB is here' { exit }\n"
    grub = core_image("x86_64-efi", PREAMBLE + menu)
    make_entries_image(image, {
        "the first": "efi /ipxe.efi", "the second": "kernel /grub.efi",
        "the third": "efi /systemd.efi", "the fourth": "efi /EFI/refind/refind_x64.efi"}, {
            "/ipxe.efi": Path("/usr/lib/ipxe/ipxe.efi"), "/grub.efi": grub,
            "/systemd.efi": GUESTS / "usr/lib/systemd/boot/efi/systemd-bootx64.efi",
            "/EFI/refind/refind_x64.efi": GUESTS / "usr/share/refind/refind/refind_x64.efi",
            "/EFI/refind/refind.conf": "textonly true\ntimeout 0\n"})
    machine = start("uefi", [image])
    machine.wait_for("the fourth")
    machine.type("1")
    machine.wait_for(r"iPXE 1\.[\s\S]*ended with the error")
    machine.type("2")
    machine.wait_for(r"GRUB is here")
    machine.type("\r")
    machine.wait_for(r"GRUB is here[\s\S]*the fourth")
    machine.type("3")
    machine.wait_for(r"Reboot Into Firmware")
    machine.type("Q")
    machine.wait_for(r"Reboot Into Firmware[\s\S]*the fourth")
    machine.type("4")
    machine.wait_for(r"rEFInd")
