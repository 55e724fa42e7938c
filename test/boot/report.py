"""What the kernel says on the serial line, as data."""
import re
from dataclasses import dataclass


@dataclass
class Report:
    """One boot, as the kernel told it."""

    facts: dict   # name -> text
    stages: dict  # name -> TSC ticks at its beginning, in order
    claims: dict  # number -> (verdict, text)
    passed: int = 0
    checked: int = 0

    @property
    def complete(self):
        return 0 < self.checked == self.passed == len(self.claims)


def parse_report(output):
    facts = dict(re.findall(r"^fact: (.+?) = (.*)$", output, re.MULTILINE))
    stages = {name: int(ticks) for name, ticks in
              re.findall(r"^stage: (\S+) (\d+)", output, re.MULTILINE)}
    claims = {int(number): (verdict, text) for number, verdict, text in
              re.findall(r"^C(\d+) +(\w+) *(.*)$", output, re.MULTILINE)}
    report = Report(facts, stages, claims)
    last = re.search(r"^claims: (\d+) of (\d+) passed", output, re.MULTILINE)
    if last:
        report.passed, report.checked = map(int, last.groups())
    return report
