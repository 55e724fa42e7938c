"""The harness itself, with a stand-in for QEMU."""
import os
import subprocess
import time

import machine
import pytest

SPIN = "while :; do :; done"


@pytest.fixture
def stand_in(monkeypatch):
    """stand_in(script) -> a Machine that runs the shell's script in place of QEMU."""

    def make(script):
        monkeypatch.setattr(machine, "qemu_command", lambda *_: ["sh", "-c", script])
        return machine.Machine("bios", [])

    return make


@pytest.fixture
def halting(stand_in):
    """Says half a number, and the rest once a key came."""
    with stand_in("printf 'base 0x1'; read key; printf '234\\nlast 0x5'") as talker:
        yield talker


def test_half_a_number_is_no_match(halting):
    halting.wait_for("base 0x1")
    with pytest.raises(machine.MachineError, match="waited in vain for /base"):
        halting.wait_for(r"base (0x[0-9a-f]+)", silence=0.2)
    halting.type("\n")
    assert halting.wait_for(r"base (0x[0-9a-f]+)")[1] == "0x1234"


def test_the_end_of_output_ends_a_number(halting):
    halting.type("\n")
    assert halting.wait_for(r"last (0x[0-9a-f]+)")[1] == "0x5"


def test_who_says_something_is_waited_for(stand_in):
    with stand_in("for i in 1 2 3 4 5 6 7 8; do printf $i; sleep 0.25; done; read key") as slow:
        slow.wait_for("12345678", silence=1.5)
        with pytest.raises(machine.MachineError, match="(?s)in vain for /9/.*12345678"):
            slow.wait_for("9", silence=0.2)


def test_time_that_the_host_gives_to_others_does_not_count(stand_in):
    """Of two that always have work, on one processor, each waits half of the time."""
    with stand_in(SPIN) as busy, subprocess.Popen(["sh", "-c", SPIN]) as rival:
        try:
            for process in (busy.process, rival):
                os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
            own, clock = busy.own_time(), time.monotonic()
            time.sleep(1)
            assert busy.own_time() - own < 0.8 * (time.monotonic() - clock)
        finally:
            rival.kill()
