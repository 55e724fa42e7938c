#!/usr/bin/python3
"""`make fleet`: a full Debian 12 moves to Lintel and back, on BIOS and on UEFI at once. STEPS is the
table of contents of what is proved. Each step says how long it took; the last line is N passed, N
failed."""
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from debian import (BROKEN, BUILD, FLEET, Debian, FleetError, add_packages,  # noqa: E402
                    broken_kernel, fetch_upgrade, first_kernel, make_tree)
from machine import MachineError  # noqa: E402

PROGRAMS = {"debootstrap": "debootstrap", "sfdisk": "fdisk", "mke2fs": "e2fsprogs",
            "mcopy": "mtools", "mkfs.fat": "dosfstools", "qemu-system-x86_64": "qemu-system-x86"}
TRIES = 3


class Unmet(AssertionError):
    """A command did what it should not."""


def expect(holds, what):
    if not holds:
        raise Unmet(what)


def expect_same(before, now):
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    expect(not changed, f"changed: {', '.join(changed)}")


class Move:
    """One Debian on its way. `first` and `newest`: its kernel's versions before and behind the
    upgrade."""

    def __init__(self, debian, newest):
        self.debian, self.first, self.newest = debian, first_kernel(), newest
        self.before = None
        self.uefi = debian.firmware == "uefi"
        # systemd's own tool where the firmware has variables: it knows nothing of Lintel.
        self.steer = "bootctl" if self.uefi else "lintel"

    # ---- there ---------------------------------------------------------------------------------

    def grub_is_installed(self):
        self.debian.install_grub()

    def grub_boots_it(self):
        self.debian.power_on()
        self.debian.boot_up()
        self.expect_boot(self.first, by_grub=True)
        self.before = self.debian.what_starts_it()

    def package_changes_no_boot(self):
        self.debian.succeed("dpkg -i lintel.deb")
        self.debian.refuse("lintel status")
        expect_same(self.before, self.debian.what_starts_it())

    def lintel_is_installed(self):
        self.debian.succeed("lintel install --dry-run /dev/vda")
        expect_same(self.before, self.debian.what_starts_it())
        self.debian.succeed("lintel install /dev/vda")
        self.expect_entries(self.first)

    def lintel_boots_it(self):
        self.restart_into(self.first)
        self.debian.succeed("lintel status")

    def bootctl_reads_it(self):
        status = self.debian.run("bootctl status").output
        expect("Product: Lintel" in status, status)
        listed = self.debian.succeed("bootctl list")
        expect(f"id: {entry(self.first)}" in listed, listed)

    # ---- kernels come and go -------------------------------------------------------------------

    def kernel_is_upgraded(self):
        self.debian.succeed("dpkg -i upgrade.deb")
        expect(f"lintel-{self.newest}+03-00.conf" in self.debian.entries(), self.debian.entries())

    def new_kernel_boots_and_is_blessed(self):
        self.restart_into(self.newest)
        if self.uefi:
            self.debian.succeed("systemctl is-active systemd-bless-boot.service")
        self.debian.succeed("systemctl is-active lintel-bless.service")
        self.expect_entries(self.first, self.newest)
        self.debian.succeed("lintel status")

    def initramfs_is_updated(self):
        self.debian.succeed(f"update-initramfs -u -k {self.newest}")

    def one_shot_is_obeyed_once(self):
        """And by then the default is a kernel that does not come up."""
        self.debian.succeed("INITRD=No dpkg -i broken.deb")
        self.debian.succeed(f"{self.steer} set-oneshot {entry(self.first)}")
        self.restart_into(self.first)

    def broken_kernel_falls_back(self):
        said = self.restart_into(self.newest)
        panics = said.count("Kernel panic")
        expect(panics == TRIES, f"{panics} panics")
        expect(f"lintel-{BROKEN}+00-03.conf" in self.debian.entries() or not self.uefi,
               self.debian.entries())

    def broken_kernel_goes(self):
        self.debian.succeed(f"dpkg -r linux-image-{BROKEN}")
        self.expect_entries(self.first, self.newest)

    def default_is_obeyed(self):
        self.debian.succeed(f"{self.steer} set-default {entry(self.first)}")
        self.restart_into(self.first)
        self.debian.succeed(f"{self.steer} set-default ''")

    # ---- and back ------------------------------------------------------------------------------

    def package_stays_while_it_is_needed(self):
        said = self.debian.refuse("dpkg -r lintel")
        expect("lintel uninstall" in said, said)

    def lintel_is_uninstalled(self):
        self.debian.succeed("lintel uninstall")
        expect_same(self.before, self.debian.what_starts_it())

    def grub_boots_it_again(self):
        self.debian.restart()
        self.debian.boot_up()
        self.expect_boot(self.newest, by_grub=True)
        expect_same(self.before, self.debian.what_starts_it())

    def package_goes(self):
        self.debian.succeed("dpkg -P lintel")
        self.debian.power_off()

    # --------------------------------------------------------------------------------------------

    def restart_into(self, version):
        """By Lintel; what was said on the way."""
        self.debian.restart()
        said = self.debian.boot_up()
        self.expect_boot(version, by_grub=False)
        return said

    def expect_entries(self, *versions):
        """Nor any other, and none is counted."""
        found = self.debian.entries()
        expect(found == [entry(version) for version in versions], f"there are {', '.join(found)}")

    def expect_boot(self, version, by_grub):
        expect(self.debian.kernel == version, f"{self.debian.kernel} runs, not {version}")
        expect(self.debian.booted_by_grub == by_grub, f"GRUB started it: {not by_grub}")


def entry(version):
    return f"lintel-{version}.conf"


BOTH, UEFI = ("bios", "uefi"), ("uefi",)
STEPS = (
    (BOTH, "GRUB is installed as Debian's installer does it", Move.grub_is_installed),
    (BOTH, "GRUB boots Debian", Move.grub_boots_it),
    (BOTH, "its package changes nothing that starts the machine", Move.package_changes_no_boot),
    (BOTH, "lintel install, while it runs", Move.lintel_is_installed),
    (BOTH, "Lintel boots Debian", Move.lintel_boots_it),
    (UEFI, "bootctl status and list know Lintel and its entry", Move.bootctl_reads_it),
    (BOTH, "a kernel upgrade by dpkg brings an entry with tries", Move.kernel_is_upgraded),
    (BOTH, "the new kernel boots, and is blessed", Move.new_kernel_boots_and_is_blessed),
    (BOTH, "update-initramfs", Move.initramfs_is_updated),
    (BOTH, "a broken kernel comes; a one-shot entry boots another", Move.one_shot_is_obeyed_once),
    (BOTH, "the broken kernel is tried, and given up, by itself", Move.broken_kernel_falls_back),
    (BOTH, "its removal takes its entry along", Move.broken_kernel_goes),
    (BOTH, "a default is obeyed", Move.default_is_obeyed),
    (BOTH, "the package refuses to go while it is needed", Move.package_stays_while_it_is_needed),
    (BOTH, "lintel uninstall: all is byte for byte as before", Move.lintel_is_uninstalled),
    (BOTH, "GRUB boots Debian again, and nothing has changed", Move.grub_boots_it_again),
    (BOTH, "the package goes", Move.package_goes),
)


def say(firmware, seconds, verdict, title, why=""):
    print(f"{firmware:4} {seconds:5.0f} s  {verdict}  {title}{why}", flush=True)


def run_steps(move):
    """(passed, failed). Behind a step that failed the others prove nothing."""
    firmware = move.debian.firmware
    steps = [step for firmwares, *step in STEPS if firmware in firmwares]
    with move.debian:
        for passed, (title, step) in enumerate(steps):
            begin = time.monotonic()
            try:
                step(move)
            except (Unmet, MachineError) as error:
                say(firmware, time.monotonic() - begin, "FAILED", title, f": {error}")
                for missed, _ in steps[passed + 1:]:
                    say(firmware, 0, "FAILED", missed, ": not reached")
                return passed, len(steps) - passed
            say(firmware, time.monotonic() - begin, "passed", title)
    return len(steps), 0


def check_host():
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        raise FleetError(f"packages are missing: apt-get install {' '.join(missing)}")
    if os.geteuid():
        raise FleetError("this takes root, as debootstrap does: sudo make fleet")


def main():
    try:
        check_host()
        begin = time.monotonic()
        make_tree()
        newest, upgrade = fetch_upgrade()
        lintel, = BUILD.glob("lintel_*_amd64.deb")
        add_packages({"lintel": lintel, "upgrade": upgrade, "broken": broken_kernel()})
        moves = [Move(Debian(firmware), newest) for firmware in BOTH]
    except FleetError as error:
        sys.exit(f"make fleet: {error}")
    say("both", time.monotonic() - begin, "made  ", f"Debian with {first_kernel()}, to get {newest}")
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(run_steps, moves))
    passed, failed = map(sum, zip(*results))
    print(f"serial lines: {FLEET}/*.log")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
