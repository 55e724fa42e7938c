"""What the tests of `lintel status` and of those who steer share: images with two entries, the state
on them, and what the tool says."""
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
from builder import BUILD, KERNEL  # noqa: E402

TOOL = BUILD / "lintel"
RESCUE = "title Rescue\nkernel /boot/kernel.elf\noptions test rescue\n"


def lintel(*arguments, **others):
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=100,
                          **others)


def succeed(*arguments, **others):
    done = lintel(*arguments, **others)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refuse(*arguments, **others):
    done = lintel(*arguments, **others)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def status(*arguments, **others):
    return lintel("status", *arguments, **others)


def lines(text):
    """Key -> what is told under it, in order."""
    told = {}
    for line in text.splitlines():
        key, value = line.split(":", 1)
        if key != "entry" or not value.strip().startswith("auto-"):  # what Lintel finds by itself
            told.setdefault(key, []).append(value.strip())
    return told


GPT = ("--layout", "gpt")
SMALL = ("--layout", "mbr", "--fat", "16")


def entry_image(path, *options, loader="timeout 5\ndefault lintel\n", entries={"rescue": RESCUE}):
    with tempfile.TemporaryDirectory() as folder:
        given = []
        for name, text in {"loader": loader, **entries}.items():
            file = Path(folder, f"{name}.conf")
            file.write_text(text)
            given += ["--loader-conf" if name == "loader" else "--entry", file]
        succeed("image", "-o", path, "--kernel", KERNEL, "--cmdline", "test", *given,
                *(options or SMALL))
    return path


# ---- a running machine --------------------------------------------------------------------------

EFIVARS = "sys/firmware/efi/efivars"
LOADER = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


class Running:
    """A tree of files that plays a machine whose /boot is the FAT volume of an image of ours; the
    tool sees it by LINTEL_ROOT."""

    def __init__(self, folder, image, uefi):
        self.folder, self.disk = Path(folder), Path(folder, "dev/vda")
        self.path("dev").mkdir(parents=True)
        subprocess.run(["cp", "--sparse=always", image, self.disk], check=True)
        partition, first, sectors = volume_of(image)
        self.device("vda", "254:0")
        self.device(f"vda/vda{partition}", f"254:{partition}", partition, first, sectors)
        self.write("proc/self/mountinfo",
                   f"21 1 254:{partition} / /boot rw shared:1 - vfat /dev/root rw\n")
        self.write("boot/.keep", "")
        if uefi:
            self.path(EFIVARS).mkdir(parents=True)
            self.path(EFIVARS).chmod(0o755)
        self.environment = {**os.environ, "LINTEL_ROOT": str(self.folder)}

    def path(self, name):
        return self.folder / name

    def write(self, name, content):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def device(self, name, numbers, partition=0, first=0, sectors=0):
        folder = f"sys/devices/{name}"
        self.write(f"{folder}/queue/logical_block_size", "512\n")
        for key, value in (("partition", partition), ("start", first), ("size", sectors)):
            if partition:
                self.write(f"{folder}/{key}", f"{value}\n")
        link = self.path(f"sys/dev/block/{numbers}")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../../devices/{name}")

    def variable(self, name, vendor=LOADER):
        path = self.path(f"{EFIVARS}/{name}-{vendor}")
        return path.read_bytes()[4:] if path.exists() else None

    def set_variable(self, name, value, vendor=LOADER, attributes=7):
        self.write(f"{EFIVARS}/{name}-{vendor}", struct.pack("<I", attributes) + value)

    def variables(self):
        """What of them the loader will see."""
        return {path.name.split("-", 1)[0]: path.read_bytes()[4:]
                for path in self.path(EFIVARS).glob(f"*-{LOADER}")}


def volume_of(image):
    """(number, first LBA, sectors) of an image's last partition."""
    table = json.loads(subprocess.run(["sfdisk", "--json", image], check=True, capture_output=True,
                                      text=True).stdout)["partitiontable"]["partitions"]
    return len(table), table[-1]["start"], table[-1]["size"]


def utf16(text):
    return (text + "\0").encode("utf-16-le")
