"""What is kept from boot to boot: in variables on UEFI, in two sectors of the disk on BIOS. Every row
means the same on both, and from outside nothing else of the disk has changed."""
import re
import shutil
from dataclasses import dataclass, field

import pytest
from builder import BUILD
from cells import Screen
from entries import wrapped
from machine import CONFIG, Hardware
from state import KEPT, SECTOR, Pair, area_of, begin_state
from variables import add_variables, decode, encode, variables

ENTRY = "title {0}\nkernel /boot/kernel.elf\noptions test\nsort-key {0}\n"
FILES = {f"/loader/entries/{name}.conf": ENTRY.format(name) for name in ("first", "second", "third")}


class Disk:
    """A BIOS's, whose area keeps."""

    def __init__(self, image, folder):
        self.image, self.offset = image, area_of(image)
        self.hardware = Hardware(keeps=True)

    def preset(self, values):
        begin_state(self.image, values)

    def all(self):
        return Pair.read(self.image, self.offset).values()

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


# ---- a BIOS's disk that was damaged, or can't be written to ----------------------------------------

CONF = {"/loader/loader.conf": "timeout 0\ndefault first\n"}
LIVE = {"/loader/loader.conf": "timeout menu-force\ndefault first\n"}
ONCE = {"LoaderEntryOneShot": "third.conf"}
REFUSED = r"nothing is kept of this boot: BIOS drive 80h: sector \d+ cannot be (read|written): the BIOS says"


def test_torn_sector_leaves_the_state_before_it(start, special_image):
    image = special_image(FILES | LIVE)
    pair = begin_state(image, {"LoaderEntryDefault": "second.conf"})
    pair.put(0, pair.sector(8, pair.sectors[1][16:].replace(b"second", b"third1")))
    pair.tear(0)
    pair.write(image)
    machine = start("bios", [image], Hardware(keeps=True))
    screen = Screen(machine)
    screen.wait_for_text("second: kernel")
    screen.press(DOWN, "third: kernel")
    screen.press("d", "Enter makes it the default")
    screen.press("\r", "third boots by default from now on.")
    machine.type("1")
    machine.wait_passed()
    now = Pair.read(image, area_of(image))
    assert now.newest == 0 and now.values()["LoaderEntryDefault"] == b"third.conf"


def test_damaged_state_stays_and_boots(start, special_image):
    image = special_image(FILES | LIVE)
    pair = begin_state(image, {"LoaderEntryDefault": "second.conf"})
    for index in (0, 1):
        pair.put(index, b"not Lintel's".ljust(SECTOR))
    pair.write(image)
    before = image.read_bytes()
    machine = start("bios", [image], Hardware(keeps=True))
    screen = Screen(machine)
    screen.wait_for_text("first: kernel")
    screen.press("d", "Enter makes it the default")
    screen.press("\r", "both state sectors are damaged")
    machine.type("1")
    machine.wait_passed()
    assert image.read_bytes() == before


@pytest.mark.parametrize("wish", [{}, ONCE], ids=["nothing", "once"])
def test_disk_that_is_read_only_boots(start, special_image, wish):
    """It says so where something was to be kept."""
    image = special_image(FILES | CONF)
    if wish:
        begin_state(image, wish)
    machine = start("bios", [f"{image},readonly=on"], Hardware(disk="virtio-blk-pci", keeps=True))
    machine.wait_passed()
    assert f"fact: entry = {'third' if wish else 'first'}\n" in machine.output
    assert bool(re.search(REFUSED, machine.output)) == bool(wish)


@pytest.mark.parametrize("once", [True, False], ids=["once", "always"])
def test_write_that_fails(start, special_image, tmp_path, once):
    image, rules = special_image(FILES | CONF), tmp_path / "errors.conf"
    pair = begin_state(image, ONCE)
    rules.write_text(f'[inject-error]\nevent = "write_aio"\nerrno = "5"\n'
                     f'sector = "{pair.offset // SECTOR}"\nonce = "{"on" if once else "off"}"\n')
    machine = start("bios", [f"blkdebug:{rules}:{image}"], Hardware(keeps=True))
    machine.wait_passed()
    assert "fact: entry = third\n" in machine.output
    assert bool(re.search(REFUSED, machine.output)) != once
    assert ("LoaderEntryOneShot" in Pair.read(image, pair.offset).values()) != once


@pytest.mark.parametrize("act", ["reboot", "poweroff"])
def test_one_boot_that_can_not_be_forgotten(start, special_image, tmp_path, act):
    """A machine that restarts or is switched off at each start is lost: it asks."""
    image, rules = special_image(FILES | CONF), tmp_path / "errors.conf"
    pair = begin_state(image, {"LoaderEntryOneShot": f"auto-{act}"})
    rules.write_text(f'[inject-error]\nevent = "write_aio"\nerrno = "5"\n'
                     f'sector = "{pair.offset // SECTOR}"\n')
    machine = start("bios", [f"blkdebug:{rules}:{image}"], Hardware(keeps=True))
    machine.wait_for(wrapped(r"Error BIOS drive 80h: sector \d+ cannot be (read|written)"))
    machine.wait_for("show the same menu")
    machine.type("1")
    machine.wait_passed()


def test_boot_times_are_kept_where_a_state_was_begun(start, special_image):
    kernel = (BUILD / "test-kernels/multiboot2-framebuffer.elf").read_bytes()
    image = special_image(CONF | {"/boot/other": kernel, "/loader/entries/first.conf":
                                  "kernel /boot/other\noptions stay\nsort-key a\n"})
    begin_state(image)
    before = image.read_bytes()
    machine = start("bios", [image], Hardware(keeps=True))
    machine.wait_for("multiboot2: ")
    pair = Pair.read(image, area_of(image))
    told = pair.values()
    assert told["LoaderEntrySelected"] == b"first.conf"
    assert 0 < int(told["LoaderTimeInitUSec"]) < int(told["LoaderTimeExecUSec"])
    assert told["LintelRunning"][8:].startswith(b"0.")
    assert changed(before, image.read_bytes()) <= {pair.offset // SECTOR + i for i in (0, 1)}
