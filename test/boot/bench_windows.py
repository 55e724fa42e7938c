"""The kernel's windows, in guest time: all of the screen drawn anew, and a window that is moved."""
from builder import make_image
from machine import Hardware, Machine
from shell import Shell

WINDOWS = 7
STEPS = 32  # of `gui time`
REDRAW_MS, STEP_MS = 15, 1  # 1280 x 800 pixels, an instruction a nanosecond


def drawing_times(image, firmware):
    """Milliseconds: of a redraw, and of one step of a window."""
    options = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm"]
    with Machine(firmware, [image], Hardware(), options=options) as machine:
        shell = Shell(machine)
        shell.run("gui")
        for index in range(WINDOWS):
            shell.press(f"ctrl+{index + 1}")
        told = shell.find("gui time", r"drawn anew: (\d+) micro", rf"by {STEPS} steps: (\d+)")
    redraw, moves = (int(match[1]) / 1000 for match in told)
    return redraw, moves / STEPS


def add_window_rows(bench, row):
    image = bench.folder / "windows.img"
    make_image(image, "")
    redraw, step = drawing_times(image, "bios")
    row(f"{WINDOWS} windows, all drawn anew", redraw, "ms", REDRAW_MS)
    row("a window moved by a step", step, "ms", STEP_MS, 2)
