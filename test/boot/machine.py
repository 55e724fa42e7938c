"""One QEMU machine: starts it, reads its serial line, types, asks its monitor, always ends it."""
import contextlib
import os
import re
import socket
import subprocess
import threading
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from monitor import Monitor

ROOT = Path(__file__).resolve().parent.parent.parent
CONFIG = tomllib.loads((ROOT / "config/machines.toml").read_text())
PASSED = CONFIG["firmware_exit"]["passed"]
FAILED = CONFIG["firmware_exit"]["failed"]
# Seconds that a wait goes on: while the machine says nothing new, by its own time; and of the clock,
# whatever it says.
SILENCE = 60
PATIENCE = 600
GATHER = 0.005  # seconds: bytes come one by one, and each look at them is a look at all
# Linux's most for everybody: a guest gives up a serial line whose other end reads nothing for long.
PIPE_BYTES = 1 << 20
TAIL_LINES = 60  # that a failure shows
# The menu moves the cursor (ECMA-48, 8.3.21) where a line of text would end: words stay apart.
CURSOR = re.compile(rb"\x1b\[[0-9;]*H")
# CSI sequences (ECMA-48, 5.4), the two-character escapes, and what GRUB and OVMF send besides.
ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()][0-9A-Za-z]|\x1b[=>78cM]|[\x00\x08\r]")


class MachineError(AssertionError):
    """The machine did not do what a test waited for; the message ends with what it said."""


@dataclass(frozen=True)
class Hardware:
    """What QEMU is asked to be. `options` are further QEMU arguments. `code` is the file of UEFI
    itself, `variables` the one where it keeps its variables; without one they begin empty and are
    forgotten. `keeps`: what a guest writes reaches the disks' files."""

    board: str = CONFIG["ordinary"]["board"]
    cpu: str = CONFIG["ordinary"]["cpu"]
    memory: str = CONFIG["ordinary"]["memory"]
    cpus: int = CONFIG["ordinary"]["cpus"]
    disk: str = "ide-hd"
    options: tuple = field(default=())
    code: str = CONFIG["firmware"]["uefi_code"]
    variables: Path = None
    keeps: bool = False

    def arguments(self):
        return ["-machine", self.board, "-cpu", self.cpu, "-m", self.memory,
                "-smp", str(self.cpus), *self.options]


def firmware_arguments(firmware, hardware):
    if firmware == "bios":
        return []
    empty = f"snapshot=on,file={CONFIG['firmware']['uefi_variables']}"
    keep = f"file={hardware.variables}" if hardware.variables else empty
    return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={hardware.code}",
            "-drive", f"if=pflash,format=raw,unit=1,{keep}"]


def disk_arguments(disks, hardware):
    """In boot order."""
    device, snapshot = hardware.disk, "off" if hardware.keeps else "on"
    arguments = []
    for index, disk in enumerate(disks):
        bus = f",bus=ide.{index}" if device == "ide-hd" else f",serial=lintel{index}"
        arguments += ["-drive",
                      f"if=none,id=disk{index},format=raw,snapshot={snapshot},file={disk}",
                      "-device", f"{device},drive=disk{index},bootindex={index + 1}{bus}"]
    return arguments


def qemu_command(firmware, disks, hardware):
    """All that is the same for every use: tests, tour, debugger, a person's window."""
    return ["qemu-system-x86_64", "-accel", "tcg", *hardware.arguments(), "-nic", "none",
            "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
            *firmware_arguments(firmware, hardware),
            *disk_arguments(disks, hardware)]


class Patience:
    """With a wait that has just begun."""

    def __init__(self, machine, silence):
        self.machine, self.silence = machine, silence
        self.end = time.monotonic() + max(PATIENCE, silence)
        self.received, self.last = None, 0

    def is_over(self):
        now = self.machine.own_time()
        if self.received != (received := len(self.machine.received)):
            self.received, self.last = received, now
        return now - self.last > self.silence or time.monotonic() > self.end


class Machine:
    """Use as a context manager. `say` is called with each line of serial output as it comes. A
    detached machine does not feel the terminal's Ctrl-C."""

    def __init__(self, firmware, disks, hardware=Hardware(), say=None, options=(), detached=False):
        ours, theirs = socket.socketpair()
        command = qemu_command(firmware, disks, hardware) + [
            "-display", "none", "-chardev", "stdio,id=serial,signal=off",
            "-serial", "chardev:serial", "-chardev", f"socket,id=qmp,fd={theirs.fileno()}",
            "-mon", "chardev=qmp,mode=control", *options]
        self.say = say
        self.received = b""
        self.closed = False
        self.delay = 0
        self.changed = threading.Condition()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, pass_fds=[theirs.fileno()],
                                        start_new_session=detached, pipesize=PIPE_BYTES)
        theirs.close()
        self.socket = ours
        self.socket.settimeout(SILENCE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self._monitor = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.socket):
            try:
                stream.close()
            except BrokenPipeError:
                pass

    def _read(self):
        said = 0
        while data := os.read(self.process.stdout.fileno(), 65536):
            with self.changed:
                self.received += data
                self.changed.notify_all()
            if self.say:
                said = self._stream(said)
            time.sleep(GATHER)
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _stream(self, said):
        lines = self.output.split("\n")[:-1]
        for line in lines[said:]:
            self.say(line)
        return len(lines)

    @property
    def monitor(self):
        if self._monitor is None:
            self._monitor = Monitor(self.socket)
        return self._monitor

    @property
    def output(self):
        """All that came over the serial line so far, without terminal escapes."""
        apart = CURSOR.sub(b" ", self.received)
        return ESCAPES.sub(b"", apart).decode("utf-8", "replace")

    @property
    def words(self):
        """The output as one line: the menu breaks a long message where its screen ends."""
        return re.sub(r"\s+", " ", self.output)

    def own_time(self):
        """Seconds that passed for the machine: without those in which a thread of QEMU's that had
        work waited for a processor of the host (Linux, Documentation/scheduler/sched-stats.rst)."""
        with contextlib.suppress(OSError):  # a thread may end, and QEMU
            for thread in Path(f"/proc/{self.process.pid}/task").iterdir():
                self.delay = max(self.delay, int((thread / "schedstat").read_text().split()[1]))
        return time.monotonic() - self.delay / 1e9

    def wait(self, look, what, silence=SILENCE):
        """Until look() is true, which is asked again at each output and each tenth of a second; its
        answer."""
        patience = Patience(self, silence)
        while True:
            closed, seen = self.closed, len(self.received)
            if answer := look():
                return answer
            if closed:
                raise self.error(f"QEMU ended before {what}")
            if patience.is_over():
                raise self.error(f"waited in vain for {what}")
            with self.changed:
                self.changed.wait_for(lambda: self.closed or len(self.received) > seen, 0.1)

    def wait_for(self, pattern, silence=SILENCE):
        """The first match of a regular expression in the output; fails once QEMU has ended."""
        return self.wait(lambda: self._match(pattern, self.output)
                         or self._match(pattern, self.words), f"/{pattern}/", silence)

    def _match(self, pattern, text):
        """None also for a match that the next character could make longer: output comes in pieces,
        and half a number looks like a number."""
        match = re.search(pattern, text, re.MULTILINE)
        if match and match.end() == len(text) and not self.closed:
            longer = re.compile(pattern, re.MULTILINE).match(text + text[-1:], match.start())
            if longer and longer.end() > match.end():
                return None
        return match

    def wait_exit(self, silence=SILENCE):
        """QEMU's exit status: what the kernel wrote to isa-debug-exit, doubled, plus 1."""
        self.wait(lambda: self.closed, "QEMU's end", silence)
        self.reader.join()
        return self.process.wait(SILENCE)

    def wait_passed(self, what="not passed"):
        """Until a kernel of ours ends QEMU, and says so that all is well."""
        status = self.wait_exit()
        if status != PASSED:
            raise self.error(f"{what}: exit status {status}")

    def type(self, text):
        """A serial port takes 16 bytes at once; who reads a key's sequence waits for the rest of it
        by the guest's clock."""
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def error(self, what):
        lines = self.output.splitlines()
        failed = [f"  {line}" for line in lines if "FAILED" in line]
        return MachineError("\n".join([what, *failed, "It said last:", *lines[-TAIL_LINES:]]))
