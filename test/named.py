"""Runs the tests of one name, and builds only what they need: `make test T=NAME`.

    plan          test_plan*, wherever there are some: unit tests, boot tests, tool tests
    boot/menu     only those in test/boot; fuzz/fat is a fuzz target
    boot/menu::test_chosen_by_number                  one test; test/boot/test_menu.py::test_chosen_by_number is the same
"""
import re
import subprocess
import sys
import textwrap

from programs import ROOT, VARIANTS

TEST = ROOT / "test"
KINDS = ("unit", "boot", "hostile", "tool", "fleet", ".")


def find(name):
    """The files that a name means, without what stands behind "::"."""
    path = name.partition("::")[0]
    if (ROOT / path).is_file():
        return [ROOT / path]
    kind, _, stem = path.removeprefix("test/").rpartition("/")
    stem = re.sub(r"^test_|\.(c|py)$", "", stem)
    prefix = "fuzz" if kind == "fuzz" else "test"
    return [file for folder in ([kind] if kind else KINDS)
            for file in sorted((TEST / folder).glob(f"{prefix}_{stem}*"))
            if file.suffix in (".c", ".py")]


def text_of(file, seen):
    """A test's text with that of the modules beside it that it uses."""
    seen.add(file)
    text = file.read_text()
    beside = [file.with_name(f"{name}.py") for name in re.findall(r"^from (\w+) import", text, re.M)]
    return text + "".join(text_of(other, seen) for other in beside
                          if other not in seen and other.exists())


def goals(file):
    """What make has to build for a test."""
    if file.suffix == ".c":
        folders = ["fuzz"] if file.parent.name == "fuzz" else [f"unit/{v}" for v in VARIANTS]
        return [f"build/{folder}/{file.stem}" for folder in folders]
    text = text_of(file, set())
    return [goal for goal, sign in (("machine-tests", "build/"), ("guests", "GUESTS"))
            if sign.lower() in text.lower()]


def main(jobs, name):
    files = find(name) if name else []
    if not files:
        known = sorted({file.stem[5:] for kind in KINDS for file in (TEST / kind).glob("test_*.*")})
        names = textwrap.fill(", ".join(known), 100)
        sys.exit(f"{__doc__}\nNo test is named '{name}'. The names are:\n{names}")
    needed = dict.fromkeys(goal for file in files for goal in goals(file))
    if needed:
        subprocess.run(["make", "--no-print-directory", f"-j{jobs}", *needed], cwd=ROOT, check=True)
    _, separator, test = name.partition("::")
    workers = [] if separator else ["-n", jobs]
    done = subprocess.run(["pytest-3", "-q", *workers,
                           *(f"{file.relative_to(ROOT)}{separator}{test}" for file in files)],
                          cwd=ROOT)
    sys.exit(done.returncode)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:  # make has said why
        sys.exit(error.returncode)
