#!/usr/bin/python3
"""Turns a console font (PSF 1 with its Unicode table, 8x16) into 256 glyphs in Latin-1 order; in the
place of the control characters 80h to 9Fh stand others that titles have.

usage: psf_to_bin.py FONT.psf.gz OUT.bin

OUT.bin holds 256 x 16 bytes: a row a byte, leftmost pixel in bit 7. Code points that the font lacks
get the glyph of "?". Then come the code points of glyphs 80h to 9Fh, 16 bits each. The PSF format: https://www.win.tue.nl/~aeb/linux/kbd/font-formats-1.html
"""

import gzip
import struct
import sys

MODE_512_GLYPHS = 0x01
MODE_HAS_TABLE = 0x02
SEQUENCE = 0xFFFE
SEPARATOR = 0xFFFF
HEIGHT = 16
EXTRAS_AT = 0x80
# What Latin-9 and Latin-5 have besides Latin-1, and typography.
EXTRAS = "\u0152\u0153\u0160\u0161\u017d\u017e\u0178\u20ac\u011e\u011f\u0130\u0131\u015e\u015f" \
         "\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2022\u2026\u2122\u2039\u203a" \
         "\u2190\u2191\u2192\u2193\u2588\u2591"


def unicode_table(words):
    """Which glyph shows which code point; sequences of combining characters are passed over."""
    glyph_of, glyph, in_sequence = {}, 0, False
    for word in words:
        if word == SEPARATOR:
            glyph, in_sequence = glyph + 1, False
        elif word == SEQUENCE:
            in_sequence = True
        elif not in_sequence:
            glyph_of.setdefault(word, glyph)
    return glyph_of


def character_of(glyph):
    is_extra = EXTRAS_AT <= glyph < EXTRAS_AT + len(EXTRAS)
    return ord(EXTRAS[glyph - EXTRAS_AT]) if is_extra else glyph


def convert(psf):
    magic, mode, height = struct.unpack_from("<HBB", psf)
    if magic != 0x0436 or height != HEIGHT or not mode & MODE_HAS_TABLE:
        sys.exit("psf_to_bin.py: not a PSF 1 font, 16 pixels high, with a Unicode table")
    count = 512 if mode & MODE_512_GLYPHS else 256
    glyphs = [psf[4 + HEIGHT * i : 4 + HEIGHT * (i + 1)] for i in range(count)]
    table = psf[4 + HEIGHT * count :]
    glyph_of = unicode_table(word for (word,) in struct.iter_unpack("<H", table))
    unknown = glyph_of[ord("?")]
    drawn = b"".join(glyphs[glyph_of.get(character_of(i), unknown)] for i in range(256))
    return drawn + struct.pack(f"<{len(EXTRAS)}H", *map(ord, EXTRAS))


def main():
    source, target = sys.argv[1:]
    with gzip.open(source) as file:
        font = convert(file.read())
    with open(target, "wb") as file:
        file.write(font)


if __name__ == "__main__":
    main()
