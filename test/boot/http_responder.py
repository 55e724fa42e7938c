#!/usr/bin/python3
"""Answers one HTTP request on standard input and output with a file of the folder in argv[1]. Where
a file NAME.claims lies beside it, that is the length to claim, whatever is sent.

QEMU starts one for each connection that its guest opens (guestfwd), so no socket is needed.
"""
import sys
from pathlib import Path
from urllib.parse import unquote


def read_request(stream):
    """(method, path) of the request line; the headers are read and left."""
    method, path, _ = stream.readline().decode("latin-1").split()
    while stream.readline().strip():
        pass
    return method, unquote(path)


def answer(stream, status, length):
    stream.write(f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n"
                 "Content-Type: application/efi\r\nConnection: close\r\n\r\n".encode())


def claimed_length(file):
    claims = file.with_name(f"{file.name}.claims")
    return claims.read_text() if claims.exists() else file.stat().st_size


def main():
    method, path = read_request(sys.stdin.buffer)
    file = Path(sys.argv[1], path.lstrip("/"))
    if file.is_file():
        answer(sys.stdout.buffer, "200 OK", claimed_length(file))
        if method != "HEAD":
            sys.stdout.buffer.write(file.read_bytes())
    else:
        answer(sys.stdout.buffer, "404 Not Found", 0)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
