"""QEMU's monitor (QMP): a witness from outside of what the guest says about itself."""
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Page:
    """One line of `info tlb`: a mapping as QEMU's own page walker sees it."""

    virtual: int
    physical: int
    flags: str

    @property
    def executable(self):
        return "X" not in self.flags  # QEMU prints X for the execute-disable bit

    @property
    def writable(self):
        return "W" in self.flags

    @property
    def user(self):
        return "U" in self.flags


def parse_registers(text):
    """Registers by name; descriptor tables as (base, limit), segments as selectors."""
    values = {name: int(value, 16)
              for name, value in re.findall(r"\b([A-Z][A-Z0-9]+) *=([0-9a-f]+)", text)}
    for name, base, limit in re.findall(r"\b([GI]DT)= +([0-9a-f]+) ([0-9a-f]+)", text):
        values[name] = (int(base, 16), int(limit, 16))
    return values


class Monitor:
    """Speaks QMP over an already connected socket."""

    def __init__(self, socket):
        self.stream = socket.makefile("rw")
        self.stream.readline()  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while line := self._read_line(command):
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(f"QMP {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise RuntimeError(f"QMP {command}: QEMU has gone")

    def _read_line(self, command):
        try:
            return self.stream.readline()
        except TimeoutError:
            raise RuntimeError(f"QMP {command}: no answer") from None

    def human(self, line):
        return self.execute("human-monitor-command", **{"command-line": line})

    def screenshot(self, path):
        self.execute("screendump", filename=str(path), format="png")

    def pixels(self):
        """The screen as (width, height, RGB bytes)."""
        with tempfile.NamedTemporaryFile(suffix=".ppm") as picture:
            self.execute("screendump", filename=picture.name)
            kind, size, depth, data = Path(picture.name).read_bytes().split(b"\n", 3)
        assert (kind, depth) == (b"P6", b"255")
        width, height = map(int, size.split())
        return width, height, data

    def text_screen(self):
        """The characters of a VGA text screen."""
        return self.physical_memory(0xb8000, 4000)[::2]

    def press(self, *keys):
        for key in keys:
            self.execute("send-key", keys=[{"type": "qcode", "data": key}])

    def press_together(self, *keys):
        self.execute("send-key", keys=[{"type": "qcode", "data": key} for key in keys])

    def move_keys(self, down, *keys):
        self.execute("input-send-event", events=[
            {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}}
            for key in keys])

    def is_keyboard_full(self):
        """Whether a byte waits in the keyboard's controller; its status is at port 64h."""
        return bool(int(self.human("i /b 0x64").split("=")[1], 16) & 1)

    def stop_in_user_mode(self):
        """The machine stands afterwards; false: not there, and it runs on."""
        self.execute("stop")
        if "CPL=3" in self.human("info registers"):
            return True
        self.execute("cont")
        return False

    def look_into_kernel_mode(self, end, looks=200):
        """The registers, should one of some looks find the machine there, below an address; it
        runs on."""
        for _ in range(looks):
            said = self.human("info registers")
            if "CPL=0" in said and parse_registers(said)["RIP"] < end:
                return said
        return None

    def registers(self):
        return parse_registers(self.human("info registers"))

    def all_registers(self):
        """The same of every CPU, in order."""
        return [parse_registers(text)
                for text in re.split(r"CPU#\d+", self.human("info registers -a"))[1:]]

    def pages(self):
        rows = re.findall(r"^([0-9a-f]{16}): ([0-9a-f]{16}) ([-A-Z]{9})",
                          self.human("info tlb"), re.MULTILINE)
        return [Page(int(virtual, 16), int(physical, 16), flags)
                for virtual, physical, flags in rows]

    def physical_memory(self, address, size):
        with tempfile.NamedTemporaryFile() as dump:
            self.execute("pmemsave", val=address, size=size, filename=dump.name)
            return Path(dump.name).read_bytes()

    def virtual_memory(self, address, size):
        if address >= 1 << 63:
            address -= 1 << 64  # QMP's integers are signed
        with tempfile.NamedTemporaryFile() as dump:
            self.execute("memsave", val=address, size=size, filename=dump.name)
            return Path(dump.name).read_bytes()
