"""What can a power cut leave of a command that writes, and who starts the machine then?

A cut leaves all writes up to one of them; or, because a disk may write in any order what it has not
been told to flush, that one and only what was flushed before it. States in which a firmware and the
first loader read the same are one."""
import os
import re
import shutil
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boot")]
from computer import Computer  # noqa: E402
from guest import ESP_MIB, FIRST, MIB  # noqa: E402
from machine import Hardware, Machine  # noqa: E402
from variables import GLOBAL, variables  # noqa: E402
from writes_log import SECTOR, read_log, recorded  # noqa: E402

TRACED = re.compile(r"blk_co_pwritev blk (\w+) bs \w+ offset (\d+) bytes (\d+) ")
ESP = slice(FIRST * SECTOR, FIRST * SECTOR + ESP_MIB * MIB)
CORE_END = 512 * SECTOR  # of GRUB's
# What the first loader says before it boots by itself: the one that was there, and Lintel.
SAYS = {"bios": r"(?P<old>the guest, by GRUB)|(?P<new>Boots in \d+ s)",
        "uefi": r"(?P<old>Boot in \d+ s)|(?P<new>Boots in \d+ s)"}


# ---- what was written ------------------------------------------------------------------------------

class Recorder(Computer):
    """A computer with one disk. What it writes there, and to its variables, is kept, write by write."""

    def __init__(self, firmware, disks, folder, *others, **more):
        super().__init__(firmware, disks, folder, *others, **more)
        self.before = {path: path.with_suffix(".before") for path in self.media}
        self.logs = {path: path.with_suffix(".log") for path in self.media}
        self.trace, self.files = Path(folder) / "trace", {}
        self.options += ("-trace", "blk_co_pwritev", "-D", str(self.trace))

    @property
    def media(self):
        return [path for path in (*self.disks, self.variables) if path]

    def drive(self, disk):
        return recorded(disk, self.logs[disk])

    def power_on(self):
        """Once only."""
        for path, before in self.before.items():
            shutil.copy(path, before)
        if self.variables:
            self.hardware = replace(self.hardware,
                                    variables=recorded(self.variables, self.logs[self.variables]))
        super().power_on()

    def count(self):
        return sum(1 for _ in self.writes())

    def writes(self):
        """(medium, write) of all so far, in order: QEMU's trace has that of several media."""
        lines = [TRACED.search(line).groups() for line in self.trace.read_text().splitlines()]
        logs = {path: read_log(log) for path, log in self.logs.items()}
        path_of = {}
        for number in {number for number, _, _ in lines}:
            ends = max(int(offset) + int(size) for other, offset, size in lines if other == number)
            path_of[number] = min((path for path in self.media if path.stat().st_size >= ends),
                                  key=lambda path: path.stat().st_size)
        for number, _, _ in lines:
            path = path_of[number]
            for write in logs[path]:
                yield path, write
                if write.data:
                    break
        for path, rest in logs.items():
            yield from ((path, write) for write in rest)


# ---- what a cut leaves -----------------------------------------------------------------------------

class Content:
    """Bytes, and a number that only depends on them: known without reading them all."""

    def __init__(self, content):
        self.bytes, self.mark = bytearray(content), 0

    def put(self, offset, data):
        """What lay there before."""
        place = slice(offset, offset + len(data))
        before = bytes(self.bytes[place])
        for at in range(0, len(data), SECTOR):
            old, new = before[at:at + SECTOR], data[at:at + SECTOR]
            if old != new:
                self.mark ^= hash((offset + at, old)) ^ hash((offset + at, new))
        self.bytes[place] = data
        return before


class Medium:
    """As it is now, and as it is certain to be after a cut."""

    def __init__(self, content, keeps_order):
        self.now, self.flushed, self.keeps_order = Content(content), Content(content), keeps_order
        self.pending = []

    def put(self, write):
        self.now.put(write.offset, write.data)
        self.pending.append(write)
        if write.flush or self.keeps_order:
            for done in self.pending:
                self.flushed.put(done.offset, done.data)
            self.pending = []


def states(recorder, begin, end):
    """{medium: Content} for each state that a cut after begin of writes() may leave, that before them
    first: to be looked at before the next."""
    media = {path: Medium(before.read_bytes(), path == recorder.variables)
             for path, before in recorder.before.items()}
    for number, (path, write) in enumerate(recorder.writes()):
        if number >= end:
            break
        if number == begin:
            yield {other: medium.now for other, medium in media.items()}
        is_state = number >= begin and write.data
        if is_state:
            flushed = {other: medium.flushed for other, medium in media.items()}
            before = flushed[path].put(write.offset, write.data)
            yield flushed
            flushed[path].put(write.offset, before)
        media[path].put(write)
        if is_state:
            yield {other: medium.now for other, medium in media.items()}


# ---- what is read of it ----------------------------------------------------------------------------

def bios_key(recorder, state):
    """GRUB reads its core, which ends before anything of Lintel's, which reads all."""
    disk = state[recorder.disks[0]]
    old = b"GRUB" in disk.bytes[:440]
    return old, zlib.crc32(disk.bytes[:CORE_END]) if old else disk.mark


def uefi_key(recorder, state):
    """The firmware reads what its boot menu names; what it starts, what lies in /loader."""
    content = bytes(state[recorder.variables].bytes)
    menu = {name: data for name, data in variables(content, GLOBAL).items()
            if re.fullmatch("BootOrder|BootNext|Boot[0-9A-F]{4}", name)}
    paths = b"".join(menu.values()).decode("utf-16-le", "ignore").lower()
    files = esp_files(state[recorder.disks[0]], recorder.trace.parent, recorder.files)
    read = {name: crc for name, crc in files.items() if name.startswith("loader/")
            or name.endswith("BOOTX64.EFI") or Path(name).name.lower() in paths}
    return tuple(sorted(menu.items())), tuple(sorted(read.items()))


def esp_files(disk, folder, known):
    """{path: CRC} of all but the kernels and what has not got its name yet."""
    if disk.mark not in known:
        image, files = folder / "esp.img", folder / "esp"
        shutil.rmtree(files, ignore_errors=True)
        files.mkdir()
        image.write_bytes(disk.bytes[ESP])
        subprocess.run(["mcopy", "-s", "-n", "-i", image, "::/EFI", "::/loader", files],
                       capture_output=True)
        known[disk.mark] = {str(path.relative_to(files)): zlib.crc32(path.read_bytes())
                            for path in files.rglob("*") if path.is_file() and path.suffix != ".new"}
    return known[disk.mark]


KEY = {"bios": bios_key, "uefi": uefi_key}


# ---- who starts it ---------------------------------------------------------------------------------

def spread(items, most):
    """So many of them, with the first and the last."""
    if len(items) <= most:
        return items
    return [items[number * (len(items) - 1) // (most - 1)] for number in range(most)]


def who_start(recorder, begin, end, most):
    """"old" or "new" for each state, all of which start somebody; `most`: of how many.
    LINTEL_STATES=all: of all."""
    distinct = {}
    for number, state in enumerate(states(recorder, begin, end)):
        distinct.setdefault(KEY[recorder.firmware](recorder, state), number)
    chosen = list(distinct.values())
    if os.environ.get("LINTEL_STATES") != "all":
        chosen = spread(chosen, most)
    return [who_starts(recorder, state) for number, state in enumerate(states(recorder, begin, end))
            if number in chosen]


def who_starts(recorder, state):
    copies = {path: path.with_suffix(".cut") for path in state}
    for path, content in state.items():
        copies[path].write_bytes(content.bytes)
    hardware = Hardware(memory="256M", disk="virtio-blk-pci", variables=copies.get(recorder.variables))
    with Machine(recorder.firmware, [copies[recorder.disks[0]]], hardware,
                 options=("-action", "reboot=reset")) as machine:
        found = machine.wait_for(SAYS[recorder.firmware])
        return found.lastgroup
