"""The harness itself: a stand-in for QEMU that says a line in two pieces."""
import machine
import pytest


@pytest.fixture
def halting(monkeypatch):
    """Says half a number, and the rest once a key came."""
    monkeypatch.setattr(machine, "qemu_command", lambda *_: [
        "sh", "-c", "printf 'base 0x1'; read key; printf '234\\nlast 0x5'"])
    with machine.Machine("bios", []) as talker:
        yield talker


def test_half_a_number_is_no_match(halting):
    halting.wait_for("base 0x1")
    with pytest.raises(machine.MachineError, match="did not say"):
        halting.wait_for(r"base (0x[0-9a-f]+)", seconds=0.2)
    halting.type("\n")
    assert halting.wait_for(r"base (0x[0-9a-f]+)")[1] == "0x1234"


def test_the_end_of_output_ends_a_number(halting):
    halting.type("\n")
    assert halting.wait_for(r"last (0x[0-9a-f]+)")[1] == "0x5"
