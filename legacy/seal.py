#!/usr/bin/python3
"""Writes the second stage's checksum: the sum of all its 32-bit words becomes 0 modulo 2^32."""

import array
import sys

MAGIC = b"LNT2"
MAGIC_AT, BYTES_AT, CHECKSUM_AT = 4, 8, 12


def seal(stage: bytearray) -> None:
    size = int.from_bytes(stage[BYTES_AT:BYTES_AT + 4], "little")
    if stage[MAGIC_AT:MAGIC_AT + 4] != MAGIC or size != len(stage) or size % 512:
        sys.exit(f"not a second stage: {len(stage)} bytes, the header says {size}")
    stage[CHECKSUM_AT:CHECKSUM_AT + 4] = bytes(4)
    total = sum(array.array("I", bytes(stage)))
    stage[CHECKSUM_AT:CHECKSUM_AT + 4] = (-total % 2**32).to_bytes(4, "little")


if __name__ == "__main__":
    source, target = sys.argv[1:]
    with open(source, "rb") as file:
        content = bytearray(file.read())
    seal(content)
    with open(target, "wb") as file:
        file.write(content)
