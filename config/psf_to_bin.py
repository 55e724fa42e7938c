#!/usr/bin/python3
"""Turns a console font (PSF 1 with its Unicode table, 8x16) into 256 glyphs in Latin-1 order.

usage: psf_to_bin.py FONT.psf.gz OUT.bin

OUT.bin holds 256 x 16 bytes: a row a byte, leftmost pixel in bit 7. Code points that the font lacks
get the glyph of "?". The PSF format: https://www.win.tue.nl/~aeb/linux/kbd/font-formats-1.html
"""

import gzip
import struct
import sys

MODE_512_GLYPHS = 0x01
MODE_HAS_TABLE = 0x02
SEQUENCE = 0xFFFE
SEPARATOR = 0xFFFF
HEIGHT = 16


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


def latin1_glyphs(psf):
    """The glyphs of code points 0 to 255, one after the other."""
    magic, mode, height = struct.unpack_from("<HBB", psf)
    if magic != 0x0436 or height != HEIGHT or not mode & MODE_HAS_TABLE:
        sys.exit("psf_to_bin.py: not a PSF 1 font, 16 pixels high, with a Unicode table")
    count = 512 if mode & MODE_512_GLYPHS else 256
    glyphs = [psf[4 + HEIGHT * i : 4 + HEIGHT * (i + 1)] for i in range(count)]
    table = psf[4 + HEIGHT * count :]
    glyph_of = unicode_table(word for (word,) in struct.iter_unpack("<H", table))
    return b"".join(glyphs[glyph_of.get(c, glyph_of[ord("?")])] for c in range(256))


def main():
    source, target = sys.argv[1:]
    with gzip.open(source) as file:
        glyphs = latin1_glyphs(file.read())
    with open(target, "wb") as file:
        file.write(glyphs)


if __name__ == "__main__":
    main()
