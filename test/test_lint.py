"""Every file in git is formatted, and static checks find nothing in it."""
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("part", ["format", "c", "shell", "python"])
def test_lint(part):
    done = subprocess.run(["make", "-s", f"lint-{part}"], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
