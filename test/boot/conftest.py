"""What every boot test uses: machines that always end."""
import pytest
from builder import change_files, make_image
from machine import Hardware, Machine, MachineError
from report import parse_report

MACHINES = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed over what a machine said shows all that it did."""
    report = (yield).get_result()
    if call.excinfo and not call.excinfo.errisinstance(MachineError):
        report.sections += [("Serial line", str(machine.error("")))
                            for machine in item.stash.get(MACHINES, [])]


@pytest.fixture
def start(request):
    """start(firmware, disks, hardware) -> a running Machine, ended with the test."""

    def start_machine(firmware, disks, hardware=Hardware(), **options):
        machine = Machine(firmware, disks, hardware, **options)
        request.addfinalizer(machine.stop)
        request.node.stash.setdefault(MACHINES, []).append(machine)
        return machine

    return start_machine


@pytest.fixture
def boot(start):
    """Boots to the end and returns the kernel's Report, having seen that all of it passed."""

    def boot_machine(firmware, disks, hardware=Hardware()):
        machine = start(firmware, disks, hardware)
        machine.wait_passed()
        report = parse_report(machine.output)
        if not report.complete:
            raise machine.error(f"{report.passed} of {report.checked} claims hold")
        return report

    return boot_machine


@pytest.fixture
def special_image(tmp_path):
    """special_image(changes) -> the ordinary image, files replaced, added or (None) left out."""

    def make(changes, command_line="test"):
        path = tmp_path / "special.img"
        make_image(path, command_line)
        change_files(path, changes)
        return path

    return make
