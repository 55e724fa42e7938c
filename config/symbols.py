#!/usr/bin/python3
"""Which function and which source line each address of the kernel's text belongs to, as one small
table that the kernel carries (kernel/machine/symbols.h). Usage: symbols.py [KERNEL.elf] TABLE.bin; without
a kernel the table is empty, for the first of two links. Text lies before all else in the kernel, so
that the table's size moves none of it.
"""
import re
import struct
import subprocess
import sys

HEADER = struct.Struct("<2Q2I")  # struct symbol_table
PLACE = struct.Struct("<I2H")
ROW = re.compile(r"^(\S+)\s+(\d+|-)\s+0x([0-9a-f]+)")
BOUNDS = {"kernel_start", "text_start", "text_end"}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def functions_of(kernel):
    """(address of the text, its bytes, [(offset, name)])"""
    rows = [line.split() for line in run("nm", "--numeric-sort", kernel).splitlines()]
    address = {name: int(value, 16) for value, _, name in rows}
    start, end = address["text_start"], address["text_end"]
    functions = [(int(value, 16) - start, name) for value, kind, name in rows
                 if kind in "tT" and name not in BOUNDS and start <= int(value, 16) < end]
    return start, end - start, functions


def lines_of(kernel, start):
    """[(offset, file, line)]: where a line begins that is not the one before."""
    rows = {}
    for text in run("objdump", "--wide", "--dwarf=decodedline", kernel).splitlines():
        match = ROW.match(text)
        if match and match[2] != "-" and int(match[3], 16) >= start:
            rows[int(match[3], 16) - start] = (match[1].rsplit("/", 1)[-1], int(match[2]))
    changes, last = [], None
    for offset, place in sorted(rows.items()):
        if place != last:
            changes.append((offset, *place))
        last = place
    return changes


def build(text, functions, lines):
    names, at = bytearray(), {}
    for _, name, *_ in functions + lines:
        if name not in at:
            at[name] = len(names)
            names += name.encode() + b"\0"
    places = [PLACE.pack(offset, at[name], line[0] if line else 0)
              for offset, name, *line in functions + lines]
    return HEADER.pack(*text, len(functions), len(lines)) + b"".join(places) + names


def main():
    *kernels, table = sys.argv[1:]
    text, functions, changes = (0, 0), [], []
    for kernel in kernels:
        *text, functions = functions_of(kernel)
        changes = lines_of(kernel, text[0])
    with open(table, "wb") as file:
        file.write(build(text, functions, changes))


if __name__ == "__main__":
    main()
