"""An update of Lintel itself on a BIOS's disk: a whole loader in the second slot, started once. What
`lintel install` writes there, test/tool/test_live.py sees; here the loaders do their part."""
import struct

import pytest
from builder import make_image
from machine import Hardware
from state import SECTOR, Pair, area_of

SLOT_BYTES = 256 << 10
CHECKSUM_AT, STAGE_OFFSET_AT = 0x0C, 0x28
PLACE, HEAD_SUM, CODE_BYTES = 0x1A8, 0x1B2, 440
TRIAL_SECTOR = 3
PENDING, STARTED = b"\1", b"\2"
FROM_FIRST_SECTOR = b"\x66\x0f\xb7\x4e\xb6\x66\xc1\xe1\x04"  # legacy/entry.asm: its first two instructions
ALL_HOLD = r"claims: (\d+) of \1 passed"


def sum_of(stage):
    return sum(word for (word,) in struct.iter_unpack("<I", stage)) & 0xFFFFFFFF


def head_sum(stage):
    """As legacy/boot.asm sums it."""
    total = 0
    for (word,) in struct.iter_unpack("<I", stage[:512]):
        total = total + word & 0xFFFFFFFF
        total = (total << 1 | total >> 31) & 0xFFFFFFFF
    return total


class Update:
    def __init__(self, path, state=PENDING, change=lambda stage: None):
        """An update that is the loader itself, with what `change` does to it."""
        make_image(path, "test", "--layout", "mbr")
        self.path, self.area = path, area_of(path)
        image = bytearray(path.read_bytes())
        self.slots = [self.area - 2 * SLOT_BYTES, self.area - SLOT_BYTES]
        size = struct.unpack_from("<I", image, self.slots[0] + 8)[0]
        stage = image[self.slots[0]:self.slots[0] + size]
        struct.pack_into("<Q", stage, STAGE_OFFSET_AT, self.slots[1])
        change(stage)
        struct.pack_into("<I", stage, CHECKSUM_AT, 0)
        struct.pack_into("<I", stage, CHECKSUM_AT, -sum_of(stage) & 0xFFFFFFFF)
        image[self.slots[1]:self.slots[1] + size] = stage
        sector = bytearray(image[:CODE_BYTES].ljust(SECTOR - 2, b"\0") + b"\x55\xaa")
        struct.pack_into("<Q", sector, PLACE, self.slots[1] // SECTOR)
        struct.pack_into("<I", sector, HEAD_SUM, head_sum(stage))
        at = self.area + TRIAL_SECTOR * SECTOR
        image[at:at + SECTOR] = sector
        path.write_bytes(image)
        pair = Pair.read(path, self.area)
        pair.put(0, pair.sector(1, b"\x0b\1" + state))
        pair.write(path)

    def state(self):
        """Trial, and which slot's loader ran last."""
        values = Pair.read(self.path, self.area).values()
        running = struct.unpack_from("<Q", values["LintelRunning"])[0]
        return values["LintelTrial"], self.slots.index(running)


def resets(stage):
    """Where real mode goes on behind the head, it jumps to the processor's first instruction."""
    at = stage.index(FROM_FIRST_SECTOR, SECTOR)
    stage[at:at + 5] = b"\xea\x00\x00\xff\xff"


def boot(start, update):
    machine = start("bios", [update.path], Hardware(keeps=True), options=("-action", "reboot=reset"))
    machine.wait_for(ALL_HOLD)
    machine.wait_exit()
    return machine.output


def test_update_is_started(start, tmp_path):
    update = Update(tmp_path / "disk.img")
    before = update.path.read_bytes()
    assert "An update of Lintel is on trial." in boot(start, update)
    assert update.state() == (STARTED, 1)
    after = update.path.read_bytes()
    changed = {i // SECTOR * SECTOR for i in range(0, len(after), SECTOR)
               if after[i:i + SECTOR] != before[i:i + SECTOR]}
    assert changed <= {update.area, update.area + SECTOR}


def test_next_start_is_the_old_loader_s(start, tmp_path):
    update = Update(tmp_path / "disk.img", STARTED)
    assert "on trial" not in boot(start, update)
    assert update.state() == (STARTED, 0)


def test_update_that_resets_is_left(start, tmp_path):
    update = Update(tmp_path / "disk.img", change=resets)
    output = boot(start, update)
    assert output.count("An update of Lintel is on trial.") == 1
    assert update.state() == (STARTED, 0)


def test_disk_that_can_not_be_written(start, tmp_path):
    """The update is not tried, for it would be tried for ever."""
    update = Update(tmp_path / "disk.img", change=resets)
    machine = start("bios", [f"{update.path},readonly=on"],
                    Hardware(disk="virtio-blk-pci", keeps=True))
    machine.wait_for("The update of Lintel does not start, and this one goes on: ")
    machine.wait_for(ALL_HOLD)


@pytest.mark.parametrize("damage", ["sector", "state"])
def test_nothing_to_try(start, tmp_path, damage):
    update = Update(tmp_path / "disk.img")
    with open(update.path, "r+b") as disk:
        disk.seek(update.area + (TRIAL_SECTOR if damage == "sector" else 0) * SECTOR)
        disk.write(bytes(SECTOR) if damage == "sector" else b"\xff" * SECTOR)
    output = boot(start, update)
    assert ("The update of Lintel does not start" in output) == (damage == "sector")
