#!/usr/bin/python3
"""`make torture`: boots every row of the tables beside this file, and counts what came of it.

    ROWS=PATTERN    only the rows whose name (FIRMWARE-NAME) holds this regular expression
"""
import importlib
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from row import CORRECT, ERROR, HANG, OTHER, RESET, WRONG, boot
from ways import Images

HERE = Path(__file__).resolve().parent
COUNTS = {CORRECT: "correct boots", ERROR: "named errors", HANG: "hangs", RESET: "resets",
          WRONG: "wrong boots", OTHER: "not what their rows say"}


def all_rows():
    """Of every table, rows_*.py: its ROWS."""
    tables = [importlib.import_module(file.stem) for file in sorted(HERE.glob("rows_*.py"))]
    rows = [row for table in tables for row in table.ROWS]
    names = [str(row) for row in rows]
    assert len(names) == len(set(names)), "two rows of one name"
    return rows


def boot_alone(row, images):
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        return boot(row, images, Path(folder))


def main(jobs, pattern=""):
    rows = [row for row in all_rows() if re.search(pattern, str(row))]
    counts, told = dict.fromkeys(COUNTS, 0), 0
    with tempfile.TemporaryDirectory(prefix="torture-") as folder, \
            ThreadPoolExecutor(int(jobs)) as pool:
        images = Images(folder)
        boots = {pool.submit(boot_alone, row, images): row for row in rows}
        for number, done in enumerate(as_completed(boots), 1):
            outcome = done.result()
            counts[outcome.kind] += 1
            told += outcome.told
            print(f"[{number} of {len(rows)}] {boots[done]}: {outcome.kind}", flush=True)
            if not outcome.good:
                print(outcome.said, flush=True)
    print(f"boots: {len(rows)}; lies told: {told}; "
          + ", ".join(f"{COUNTS[kind]}: {count}" for kind, count in counts.items()))
    sys.exit(counts[CORRECT] + counts[ERROR] != len(rows) or not rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
