"""The kernel's shell over the serial line."""
import re

PROMPT = "lintel> "


class Shell:
    """Types a command, returns what was said before the next prompt."""

    def __init__(self, machine):
        self.machine = machine
        self.said = 0  # how much of the output belongs to what is over
        self.boot = self.read()  # what the kernel said before its first prompt

    def read(self, until=PROMPT):
        """What is said up to `until`."""
        output = self.machine.wait(
            lambda: until in (said := self.machine.output)[self.said:] and said, repr(until))
        at = output.index(until, self.said)
        text = output[self.said:at]
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
        """Keys by QEMU's names, each held with those joined to it by "+". The keyboard's buffer is
        small: each has left it before the next one comes."""
        for key in keys:
            for down in (True, False):
                self.machine.monitor.move_keys(down, *key.split("+"))
                self.machine.wait(lambda: not self.machine.monitor.is_keyboard_full(),
                                  f"who fetches {key}")

    def prompt_at(self):
        """Where the last prompt is in what was received; more of it may be on its way."""
        return self.machine.received.rindex(PROMPT.encode())
