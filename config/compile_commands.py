"""Writes compile_commands.json, by which editors and clang's tools know how a file is compiled, from the
commands of `make -nB V=1`. A file that is compiled several times is listed as it is at first: as it
ships."""
import json
import re
import shlex
import sys
from pathlib import Path


def compilations(lines):
    for line in lines:
        found = re.search(r" -[cS] (\S+\.c) ", line)
        if found:
            yield found[1], shlex.split(line)


entries = {}
for file, words in compilations(sys.stdin.read().replace("\\\n", " ").splitlines()):
    entries.setdefault(file, {"directory": str(Path.cwd()), "file": file, "arguments": words})
Path(sys.argv[1]).write_text(json.dumps(list(entries.values()), indent=1) + "\n")
