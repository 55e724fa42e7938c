"""lintel report: a page of drawings from what the kernel said on serial lines."""
import random
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as xml
from html.parser import HTMLParser
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
from builder import LINTEL  # noqa: E402
from machine import ROOT, SILENCE  # noqa: E402

BROWSER = "chromium"
LOG = """\
The Lintel kernel, brought here by Lintel 0.1.0\r
fact: loader = Lintel 0.1.0\r
fact: firmware = {firmware}\r
fact: cpu = <b>vendor & Sons</b>\r
fact: usable-bytes = 534769664\r
fact: direct-map = 0xffff800000000000\r
fact: memory-ranges = 3\r
memory: 0000000000000000 - 0000000000001000 reserved\r
memory: 0000000000001000 - 000000000009f000 usable\r
memory: 0000000000100000 - 0000000020000000 usable\r
fact: tsc-hz = 1000000000\r
stage: firmware 1000000\r
stage: config 3500000\r
stage: kernel-entry 9000000\r
C1  ok   64-bit mode\r
C2  FAILED  RDI points to the boot information: it is 0x17, wanted more\r
claims: 1 of 2 passed\r
\x1b[33mlintel> \x1b[0mmap\r
\x1b[33mThe BIOS's E820 map                   What the kernel may rely on\r
\x1b[0m          0-1000        usable        \x1b[32m          0-1000        reserved\x1b[0m\r
       1000-9fc00       usable               1000-9f000       usable\r
      9fc00-a0000       reserved      \r
      9fc00-a0000       reserved      \r
     100000-200000      usable             100000-20000000    usable\r
     200000-20000000    usable        \r
lintel> pt\r
ffff800000000000-ffff80001fffffff            0 rw--g write-back\r
ffffffff80000000-ffffffff8000ffff     1fe00000 r-x-g write-back\r
2 ranges; virtual, physical, rights, caching\r
lintel> """


def report(page, *logs):
    return subprocess.run([LINTEL, "report", *logs, "-o", page], capture_output=True, text=True)


@pytest.fixture
def logs(tmp_path):
    paths = [tmp_path / f"{firmware}.log" for firmware in ("BIOS", "UEFI")]
    for path in paths:
        path.write_bytes(LOG.format(firmware=path.stem).encode())
    return paths


def make_page(tmp_path, *logs):
    page = tmp_path / "boot.html"
    done = report(page, *logs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return page


class Checker(HTMLParser):
    """Every element that must be closed is, in order; what would load something is not there."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "img", "iframe", "object")
        assert not {"src", "href", "onload"} & {name for name, _ in attributes}
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in ("rect", "path")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_is_complete(tmp_path, logs):
    text = make_page(tmp_path, *logs).read_text()
    checker = Checker()
    checker.feed(text)
    assert not checker.open and "url(" not in text and "@import" not in text
    assert "&lt;b>vendor &amp; Sons&lt;/b>" in text
    drawings = [xml.fromstring(drawing) for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]
    said = [[element.text for element in drawing.iter("text")] for drawing in drawings]
    timeline, spaces, memories = said[0], said[1:3], said[3:5]
    assert {"firmware 2.5", "config 5.5", "8.0 ms", "2.5 ms", "5.5 ms"} <= set(timeline)
    for space, memory in zip(spaces, memories):
        assert {"ffffffff80000000", "r-x-g write-back", "64 KiB", "1fe00000  usable",
                "absent: 127 TiB", "512 MiB", "0  direct map", "absent: 15 EiB"} <= set(space)
        assert memory.count("usable") == 4 and memory.count("usable and 1 more") == 1
        assert memory.count("reserved") == 1 and memory.count("reserved and 1 more") == 1
        assert "9fc00" in memory and "1000" in memory and "511 MiB" in memory
    assert text.count("holds</td>") == 2 and text.count("FAILED</td>") == 2


def test_what_is_the_same_lies_at_the_same_height(tmp_path, logs):
    text = make_page(tmp_path, logs[0]).read_text()
    drawing = re.findall(r"<svg.*?</svg>", text, re.DOTALL)[2]
    boxes = [{name: float(rect.get(name)) for name in ("x", "y", "height")}
             for rect in xml.fromstring(drawing).iter("rect") if rect.get("class") == "usable"]
    left, right = sorted((box for box in boxes if box["y"] == min(box["y"] for box in boxes)),
                         key=lambda box: box["x"])
    assert (left["y"], left["height"]) == (right["y"], right["height"]) and left["x"] < right["x"]


def test_ranges_that_touch_are_drawn_so(tmp_path, logs):
    text = make_page(tmp_path, logs[0]).read_text()
    drawing = re.findall(r"<svg.*?</svg>", text, re.DOTALL)[2]
    boxes = [[float(rect.get(name)) for name in ("x", "y", "height")]
             for rect in xml.fromstring(drawing).iter("rect")]
    right = sorted((y, height) for x, y, height in boxes if x == max(box[0] for box in boxes))
    (_, _), (upper, height), (lower, _) = right
    assert upper + height == pytest.approx(lower, abs=0.11)


def test_the_last_boot_counts(tmp_path, logs):
    logs[0].write_bytes(logs[0].read_bytes() + LOG.format(firmware="UEFI").encode())
    text = make_page(tmp_path, logs[0]).read_text()
    assert "UEFI" in text and "BIOS" not in text and text.count("holds</td>") == 1


def test_without_the_shells_part(tmp_path, logs):
    logs[0].write_bytes(logs[0].read_bytes().split(b"claims:")[0])
    assert "type <code>pt</code>" in make_page(tmp_path, logs[0]).read_text()


def test_refusals(tmp_path, logs):
    (tmp_path / "other").write_text("GRUB loading.\n")
    for log, message in ((tmp_path / "none", "No such file"), (tmp_path / "other", "says nothing"),
                         (tmp_path, "not a regular file, but a folder")):
        done = report(tmp_path / "page", log)
        assert done.returncode == 1 and message in done.stderr
    done = report(tmp_path / "no/page", *logs)
    assert done.returncode == 1 and "No such file" in done.stderr


def test_damaged_logs(tmp_path, logs):
    """Bytes changed, lost and doubled: a page or a refusal, nothing else."""
    whole, chance = logs[0].read_bytes(), random.Random(7)
    for _ in range(150):
        log = bytearray(whole)
        for _ in range(chance.randrange(1, 30)):
            at = chance.randrange(len(log))
            piece = log[at:at + chance.randrange(60)]
            log[at:at + chance.randrange(4)] = chance.choice((
                bytes([chance.randrange(256)]), b"", piece, b"f" * 20, b"\0", b"\x1b["))
        logs[0].write_bytes(log)
        assert report(tmp_path / "page", logs[0]).returncode in (0, 1)


def test_a_browser_shows_it(tmp_path, logs):
    page, picture = make_page(tmp_path, *logs), ROOT / "build/screenshots/report.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.unlink(missing_ok=True)
    done = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                           f"--user-data-dir={tmp_path / 'browser'}", "--window-size=1300,900",
                           f"--screenshot={picture}", page.as_uri()], capture_output=True,
                          timeout=SILENCE)
    assert picture.exists(), done.stderr.decode()
    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1300, 900)
    assert len(data) > 20000, "the page is blank"
