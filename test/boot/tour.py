#!/usr/bin/python3
"""`make run`: boots images/lintel.img every way in, streams what the kernel says, and compares.

Ends with one table: a column for each way in, a row for each fact, and with build/boot.html, the same
as drawings. Exit status 0 only if every claim holds on each and the facts that must agree do.
"""
import subprocess
import sys
import tempfile

from machine import ROOT, Hardware, Machine, MachineError
from report import parse_report
from shell import Shell
from ways import WAYS, Images

TOUR = [WAYS[name] for name in ("bios", "uefi", "grub-disk", "grub-efi")]
MAY_DIFFER = {  # why a fact need not be the same on each way in
    "firmware": "it is what differs",
    "usable-bytes": "UEFI keeps memory for its runtime services",
    "reclaimable-bytes": "UEFI boot services' own memory comes on top",
    "memory-ranges": "each firmware reserves its own",
    "kernel-physical": "placed where each memory map has room",
    "framebuffer": "each firmware offers its own modes",
    "efi-system-table": "there is one on UEFI only",
    "smbios": "each firmware publishes its own tables",
    "edid": "not every firmware passes it on",
    "boot-time": "the boots begin at different moments",
    "tsc-hz": "measured against each firmware's clock",
}
MIB = 1 << 20
LOGS = ROOT / "build/logs"
PAGE = ROOT / "build/boot.html"


def boot(way, disks):
    """(Report, error or None)"""
    print(f"\n--- {way.title}")
    with Machine(way.firmware, disks, Hardware(),
                 lambda line: print(f"{way.title:>10} | {line}", flush=True)) as machine:
        try:
            machine.wait_for(r"^claims: .*\n")
            keep_log(way, machine)
            return parse_report(machine.output), None
        except MachineError as error:
            return parse_report(machine.output), str(error).splitlines()[0]


def keep_log(way, machine):
    """The serial line's log, with the drawings' share of it: what `map` and `pt` show."""
    shell = Shell(machine)
    shell.run("map")
    shell.run("pt")
    LOGS.mkdir(parents=True, exist_ok=True)
    (LOGS / f"{way.name}.log").write_bytes(machine.received)


def make_page():
    logs = [LOGS / f"{name}.log" for name in ("bios", "uefi")]
    if all(log.exists() for log in logs):
        subprocess.run([ROOT / "build/lintel", "report", *logs, "-o", PAGE], check=True)
        print(f"\nThe boots as drawings: {PAGE.relative_to(ROOT)}")


def rows_of(report):
    """What the table shows of one boot: row -> text."""
    rows = {"claims": f"{report.passed} of {report.checked}"}
    for name, value in report.facts.items():
        rows[name] = megabytes(value) if name in ("usable-bytes", "reclaimable-bytes") else value
    rows.update(stage_times(report))
    return rows


def megabytes(text):
    return f"{int(text) / MIB:.1f} MiB"


def stage_times(report):
    """How long each stage took in the guest's own time; the last one ends at the kernel's entry."""
    hz = int(report.facts.get("tsc-hz", 0))
    marks = list(report.stages.items())
    return {f"time: {name}": f"{(after - ticks) * 1000 / hz:.1f} ms"
            for (name, ticks), (_, after) in zip(marks, marks[1:]) if hz}


def print_table(columns):
    """Marks what differs: "*" with the reason where it may, "!" where it must not."""
    names = list(dict.fromkeys(name for rows in columns for name in rows))
    table = [["", *(way.title for way in TOUR), ""]]
    wrong = []
    for name in names:
        values = [rows.get(name, "-") for rows in columns]
        remark = ""
        if len(set(values)) > 1 and not name.startswith("time: "):
            remark = f"* {MAY_DIFFER[name]}" if name in MAY_DIFFER else "! must be the same"
            wrong += [name] if remark[0] == "!" else []
        table.append([name, *(clip(value) for value in values), remark])
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]) - 1)]
    print()
    for row in table:
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths))
        print(f"{cells}  {row[-1]}".rstrip())
    return wrong


def clip(text, length=22):
    return text if len(text) <= length else text[:length - 3] + "..."


def main():
    image = ROOT / "images/lintel.img"
    with tempfile.TemporaryDirectory() as folder:
        images = Images(folder)
        results = [boot(way, [images.grub(way), image] if way.recipe else [image]) for way in TOUR]
    differing = print_table([rows_of(report) for report, _ in results])
    make_page()
    problems = [f"{way.title}: {error or 'a claim failed'}"
                for way, (report, error) in zip(TOUR, results) if error or not report.complete]
    problems += [f"{name} differs" for name in differing]
    print("\n" + ("\n".join(problems) or "Every claim holds on every way in."))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
