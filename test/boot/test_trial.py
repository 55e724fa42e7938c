"""First sectors that Lintel keeps beside its own on a BIOS's disk: of an update that gets one try, and
of the loader that was there before."""
import pytest
from builder import BUILD
from machine import Hardware
from state import SECTOR, Pair, area_of
from test_auto_entries import ENDS, titles

PREVIOUS, TRIAL = 2, 3  # sectors of the area (common/storage/area.h)
TRIAL_RECORD = 11       # of a state: 1 pending, 2 started
KEEPS = Hardware(keeps=True)
# Says "T" on COM1 and resets the machine by its chip set.
RESETS = bytes.fromhex("b054baf803ee b002baf90cee b006ee f4".replace(" ", "")).ljust(510, b"\0") + b"\x55\xaa"
OTHER = (BUILD / "test-kernels/sector.bin").read_bytes()[:SECTOR]


def keep(image, index, sector, trial=None):
    with open(image, "r+b") as disk:
        disk.seek(area_of(image) + index * SECTOR)
        disk.write(sector)
    if trial:
        pair = Pair.read(image, area_of(image))
        pair.put(1, pair.sector(7, bytes([TRIAL_RECORD, 1, trial])))
        pair.write(image)


def trial_of(image):
    pair = Pair.read(image, area_of(image))
    data = pair.sectors[pair.newest][16:]
    while data[0] != TRIAL_RECORD:
        data = data[2 + data[1]:]
    return data[2]


def test_update_that_resets_gets_one_try(start, special_image):
    image = special_image({})
    keep(image, TRIAL, RESETS, trial=1)
    machine = start("bios", [image], KEEPS, options=("-action", "reboot=reset"))
    machine.wait_for("An update of Lintel is on trial")
    machine.wait_passed()
    assert machine.output.count("on trial") == 1
    assert trial_of(image) == 2


def test_update_boots(start, special_image):
    """Here the same second stage once more."""
    image = special_image({})
    keep(image, TRIAL, image.read_bytes()[:SECTOR], trial=1)
    machine = start("bios", [image], KEEPS)
    machine.wait_for("An update of Lintel is on trial")
    machine.wait_passed()
    assert machine.output.count("on trial") == 1
    assert trial_of(image) == 2


@pytest.mark.parametrize("trial, said", [(1, True), (2, False)])
def test_update_that_is_not_there(start, special_image, trial, said):
    image = special_image({})
    keep(image, TRIAL, bytes(SECTOR), trial)
    machine = start("bios", [image], KEEPS)
    machine.wait_passed()
    assert ("does not start, and this one goes on" in machine.output) == said
    assert trial_of(image) == 2


def test_update_that_can_not_be_marked(start, special_image):
    """It would be tried for ever: where the disk takes no write, it is not started."""
    image = special_image({})
    keep(image, TRIAL, RESETS, trial=1)
    drive = f"if=none,id=kept,format=raw,readonly=on,file={image}"
    hardware = Hardware(options=("-drive", drive, "-device", "virtio-blk-pci,drive=kept,bootindex=0"))
    machine = start("bios", [], hardware)
    machine.wait_for("does not start, and this one goes on")
    machine.wait_passed()
    assert trial_of(image) == 1


def test_previous_loader(start, special_image):
    """As the BIOS starts the disk."""
    image = special_image({"/loader/loader.conf": "timeout menu-force\n"})
    keep(image, PREVIOUS, OTHER)
    machine = start("bios", [image])
    assert titles(machine)[2:] == ["Previous loader", *ENDS["bios"]]
    machine.type("3")
    told = machine.wait_for(r"sector: dl=(\w+) eax=(\w+) at=(\S+) .* end")
    assert told.groups() == ("80", "00000000", "0000:7c00")
