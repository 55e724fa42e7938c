"""What several tests of the host tool need built."""
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def killer(tmp_path_factory):
    library = tmp_path_factory.mktemp("killer") / "kill_at_write.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library,
                    Path(__file__).with_name("kill_at_write.c"), "-ldl"], check=True)
    return library
