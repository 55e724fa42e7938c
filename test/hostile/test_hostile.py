"""A slice of `make torture`: hostile firmware, disks and files, a boot for each."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from row import boot  # noqa: E402
from torture import all_rows  # noqa: E402


@pytest.mark.parametrize("row", [row for row in all_rows() if row.sliced], ids=str)
def test_hostile(images, tmp_path, row):
    outcome = boot(row, images, tmp_path)
    assert outcome.good, outcome.said
