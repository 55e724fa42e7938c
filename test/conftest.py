"""Makes one test run of all: cmocka programs and fuzz targets become pytest items, beside the boot
tests, and the last line printed counts them all."""
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "boot")]
from programs import FuzzFile, UnitFile  # noqa: E402
from ways import Images  # noqa: E402


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Shared by all pytest-xdist workers of this run."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if own.name.startswith("popen-") else own
    return Images(shared / "images")


def pytest_collect_file(file_path, parent):
    folder, name = file_path.parent.name, file_path.name
    if file_path.suffix == ".c":
        if (folder, name[:5]) == ("unit", "test_") or name == "firmware_contract.c":
            return UnitFile.from_parent(parent, path=file_path)
        if (folder, name[:5]) == ("fuzz", "fuzz_"):
            return FuzzFile.from_parent(parent, path=file_path)
    return None


def pytest_unconfigure(config):
    """The line that a person, and a machine, looks for."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(config, "workerinput") or reporter is None:
        return
    counts = {kind: len(reporter.getreports(kind)) for kind in ("passed", "failed", "error",
                                                                "skipped")}
    line = f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed"
    if counts["skipped"]:
        line += f", {counts['skipped']} skipped"
    print(line, flush=True)
