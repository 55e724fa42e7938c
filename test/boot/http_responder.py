#!/usr/bin/python3
"""Answers HTTP requests on standard input and output with files of the folder in argv[1], whole or
(Range) in part. Where a file NAME.claims lies beside one, that is the length to claim, whatever is
sent; then the connection ends. Where NAME.then lies beside one, that is sent in its place: the file
has changed since its size was asked for (HEAD).

QEMU starts one for each connection that its guest opens (guestfwd), so no socket is needed.
"""
import re
import sys
from pathlib import Path
from urllib.parse import unquote


def read_request(stream):
    """(method, path, headers as one text) of the next request; None behind the last."""
    first = stream.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = ""
    while line := stream.readline().strip():
        headers += line.decode("latin-1") + "\n"
    return first[0], unquote(first[1]), headers


def answer(stream, status, length, *headers):
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {length}", "Content-Type: application/efi",
             *headers)
    stream.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())


def send_file(stream, method, file, headers):
    """False when the connection must end because less was sent than was claimed."""
    size = file.stat().st_size
    claims = file.with_name(f"{file.name}.claims")
    part = re.search(r"^range: bytes=(\d+)-(\d+)$", headers, re.IGNORECASE | re.MULTILINE)
    first, last = map(int, part.groups()) if part else (0, size - 1)
    if part:
        answer(stream, "206 Partial Content", last - first + 1,
               f"Content-Range: bytes {first}-{last}/{size}")
    else:
        answer(stream, "200 OK", claims.read_text() if claims.exists() else size)
    if method != "HEAD":
        with open(file, "rb") as content:
            content.seek(first)
            stream.write(content.read(last - first + 1))
    return not claims.exists()


def main():
    source, target = sys.stdin.buffer, sys.stdout.buffer
    going_on = True
    while going_on and (request := read_request(source)):
        method, path, headers = request
        file = Path(sys.argv[1], path.lstrip("/"))
        then = file.with_name(f"{file.name}.then")
        if method != "HEAD" and then.is_file():
            file = then
        if file.is_file():
            going_on = send_file(target, method, file, headers)
        else:
            answer(target, "404 Not Found", 0)
        target.flush()


if __name__ == "__main__":
    main()
