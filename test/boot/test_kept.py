"""What is kept from boot to boot: in variables on UEFI, in two sectors of the disk on BIOS. Every row
means the same on both, and from outside nothing else of the disk has changed."""
import shutil
import sys
from dataclasses import dataclass, field

import pytest
from cells import Screen
from machine import CONFIG, ROOT, Hardware
from variables import add_variables, decode, encode, variables

sys.path.append(str(ROOT / "test/tool"))
from steered import Pair, area_of  # noqa: E402

SECTOR = 512
IDS = {"LoaderEntryDefault": 1, "LoaderEntryOneShot": 2, "LoaderEntryLastBooted": 3, "LoaderConfigTimeout": 4,
       "LoaderConfigTimeoutOneShot": 5, "LoaderEntrySelected": 6, "LoaderTimeInitUSec": 7,
       "LoaderTimeMenuUSec": 8, "LoaderTimeExecUSec": 9, "LintelRunning": 12}
KEPT = [name for name, number in IDS.items() if number <= 5]
ENTRY = "title {0}\nkernel /boot/kernel.elf\noptions test\nsort-key {0}\n"
FILES = {f"/loader/entries/{name}.conf": ENTRY.format(name) for name in ("first", "second", "third")}


def records(values):
    return b"".join(bytes([IDS[name], len(text)]) + text.encode() for name, text in values.items())


class Disk:
    """A BIOS's, whose area keeps."""

    def __init__(self, image, folder):
        self.image, self.offset = image, area_of(image)
        self.hardware = Hardware(keeps=True)

    def preset(self, values):
        pair = Pair.read(self.image, self.offset)
        pair.put(1, pair.sector(7, records(values)))
        pair.write(self.image)

    def all(self):
        pair = Pair.read(self.image, self.offset)
        data, values = pair.sectors[pair.newest][16:], {}
        while data and data[0]:
            values[data[0]], data = data[2:2 + data[1]], data[2 + data[1]:]
        return {name: values[number] for name, number in IDS.items() if number in values}

    def kept(self):
        return {name: value.decode() for name, value in self.all().items() if name in KEPT}

    def may_change(self):
        """Sectors of the image, in a boot that writes once."""
        return {self.offset // SECTOR + 1 - Pair.read(self.image, self.offset).newest}


class Flash:
    def __init__(self, image, folder):
        self.path = folder / "variables.fd"
        shutil.copyfile(CONFIG["firmware"]["uefi_variables"], self.path)
        self.hardware = Hardware(keeps=True, variables=self.path)

    def preset(self, values):
        add_variables(self.path, {name: encode(text) for name, text in values.items()})

    def kept(self):
        return {name: decode(value)[0] for name, value in variables(self.path.read_bytes()).items()}

    def may_change(self):
        return set()


KEEPERS = {"bios": Disk, "uefi": Flash}


@dataclass(frozen=True)
class Row:
    """`keys`: what each key typed must bring to the screen, before the first of them the menu."""

    boots: str
    conf: str = "timeout 0\ndefault first\n"
    before: dict = field(default_factory=dict)
    after: dict = None  # None: as before
    menu: str = None
    keys: tuple = ()


MENU = "Screen and serial line"
DOWN, HOME, ENTER = "\x1b[B", "\x1b[H", "\r"
ROWS = {
    "nothing": Row("first"),
    "default": Row("second", before={"LoaderEntryDefault": "second.conf"}),
    "default-glob": Row("third", before={"LoaderEntryDefault": "th*"}),
    "one-shot": Row("third", before={"LoaderEntryDefault": "second.conf", "LoaderEntryOneShot": "third.conf"},
                    after={"LoaderEntryDefault": "second.conf"}),
    "time-out": Row("second", before={"LoaderConfigTimeout": "menu-force"}, menu=MENU, keys=(("2", None),)),
    "time-out-once": Row("second", before={"LoaderConfigTimeoutOneShot": "menu-force"}, after={}, menu=MENU,
                         keys=(("2", None),)),
    "time-out-ends": Row("first", "timeout menu-force\ndefault first\n", {"LoaderConfigTimeout": "2"},
                         menu="Boots in 1 second"),
    "both-once": Row("third", before={"LoaderConfigTimeoutOneShot": "2", "LoaderEntryOneShot": "third.conf"},
                     after={}, menu="Boots in 1 second"),
    "saved": Row("third", "timeout 0\ndefault @saved\n", {"LoaderEntryLastBooted": "third.conf"}),
    "saves": Row("second", "timeout menu-force\ndefault @saved\n", {"LoaderEntryLastBooted": "third.conf"},
                 {"LoaderEntryLastBooted": "second.conf"}, MENU, (("2", None),)),
    "saves-the-first": Row("second", "timeout menu-force\ndefault @saved\n", {},
                           {"LoaderEntryLastBooted": "second.conf"}, MENU, (("2", None),)),
    "d": Row("first", "timeout menu-force\ndefault first\n", {}, {"LoaderEntryDefault": "second.conf"}, MENU,
             ((DOWN, "second: kernel"), ("d", "Enter makes it the default"),
              (ENTER, "second boots by default from now on."), ("1", None))),
    "d-again": Row("first", "timeout menu-force\ndefault first\n", {"LoaderEntryDefault": "third.conf"},
                   {"LoaderEntryDefault": "second.conf"}, MENU,
                   ((HOME, "first: kernel"), (DOWN, "second: kernel"), ("d", "Enter makes it the default"),
                    (ENTER, "second boots by default from now on."), ("1", None))),
    "gone": Row("first", before={"LoaderEntryDefault": "gone.conf"},
                menu="LoaderEntryDefault gone.conf matches no entry", keys=(("1", None),)),
}


def changed(before, after):
    """Sectors."""
    assert len(before) == len(after)
    return {at // SECTOR for at in range(0, len(before), SECTOR)
            if before[at:at + SECTOR] != after[at:at + SECTOR]}


@pytest.mark.parametrize("firmware", KEEPERS)
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_kept_alike(start, special_image, tmp_path, firmware, row):
    image = special_image(FILES | {"/loader/loader.conf": row.conf})
    keeper = KEEPERS[firmware](image, tmp_path)
    if row.before:
        keeper.preset(row.before)
    before, allowed = image.read_bytes(), keeper.may_change()
    machine = start(firmware, [image], keeper.hardware)
    if row.menu:
        screen = Screen(machine)
        screen.wait_for_text(row.menu)
        for key, shown in row.keys[:-1]:
            screen.press(key, shown)
        if row.keys:
            machine.type(row.keys[-1][0])
    machine.wait_passed()
    assert f"fact: entry = {row.boots}\n" in machine.output
    assert keeper.kept() == (row.before if row.after is None else row.after)
    assert changed(before, image.read_bytes()) <= (allowed if row.before or row.after else set())
