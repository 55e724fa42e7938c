"""The kernel's shell over the serial line."""
import re
import time

from machine import PATIENCE

PROMPT = "lintel> "


class Shell:
    """Types a command, returns what was said before the next prompt."""

    def __init__(self, machine):
        self.machine = machine
        self.said = 0  # how much of the output belongs to what is over
        self.boot = self.read()  # what the kernel said before its first prompt

    def read(self, until=PROMPT):
        """What is said up to `until`."""
        end = time.monotonic() + PATIENCE
        with self.machine.changed:
            while (at := self.machine.output.find(until, self.said)) < 0:
                if self.machine.closed:
                    raise self.machine.error(f"QEMU ended before it said {until!r}")
                if not self.machine.changed.wait(end - time.monotonic()):
                    raise self.machine.error(f"did not say {until!r}")
            text = self.machine.output[self.said:at]
            self.said = at + len(until)
        return text

    def run(self, command):
        """The answer, without the echo of the command."""
        self.machine.type(command + "\n")
        echo, _, answer = self.read().partition("\n")
        if echo != command:
            raise self.machine.error(f"typed {command!r}, the shell shows {echo!r}")
        return answer

    def find(self, command, *patterns):
        """Runs it and looks for each pattern; returns the matches."""
        answer = self.run(command)
        matches = [re.search(pattern, answer, re.MULTILINE) for pattern in patterns]
        missing = [pattern for pattern, match in zip(patterns, matches) if not match]
        if missing:
            raise AssertionError(f"{command!r} did not say {missing}, but:\n{answer}")
        return matches

    def press(self, *keys):
        """Keys by QEMU's names, each held with those joined to it by "+". The shell answers each
        but caps lock; QEMU's keyboard forgets what a busy machine has not fetched."""
        for key in keys:
            seen, held = len(self.machine.received), key.split("+")
            self.machine.monitor.move_keys(True, *held)
            if key != "caps_lock":
                self.machine.wait_until(lambda: len(self.machine.received) > seen, f"key {key}")
            self.machine.monitor.move_keys(False, *held)

    def prompt_at(self):
        """Where the last prompt is in what was received; more of it may be on its way."""
        return self.machine.received.rindex(PROMPT.encode())
