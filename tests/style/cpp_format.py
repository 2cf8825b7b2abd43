#!/usr/bin/env python3
"""C++ files are what clang-format 14 makes of them. Other versions format differently: without this one the check steps aside.

    tests/style/cpp_format.py [ROOT]
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

import repository

VERSION = "14"
WARNING = re.compile(r"^(?P<file>.+?):(?P<line>\d+):\d+: (?:error|warning): code should be clang-formatted")


def program() -> str:
    for name in (f"clang-format-{VERSION}", "clang-format"):
        found = shutil.which(name)
        if found and f"version {VERSION}." in subprocess.run([found, "--version"], capture_output=True, text=True).stdout:
            return found
    raise repository.SkipCheck(f"no clang-format {VERSION} is here, the formatting is not checked (Debian 12: clang-format)")


def first_lines(clang_format: str, root: pathlib.Path, files: list) -> list:
    """The first line of each file that would change."""
    told = subprocess.run([clang_format, "--dry-run", "--Werror", "--style=file", *map(str, files)],
                          capture_output=True, text=True)
    lines = {}
    for match in filter(None, map(WARNING.match, told.stderr.splitlines())):
        lines.setdefault(match["file"], match["line"])
    if told.returncode != 0 and not lines:  # it could not read a file, or the .clang-format
        return [f".clang-format:1: {told.stderr.strip().splitlines()[0]}; expected clang-format to work"]
    return [f"{pathlib.Path(file).relative_to(root).as_posix()}:{line}: is not what clang-format {VERSION} makes of it; "
            f"expected the file after {pathlib.Path(clang_format).name} -i" for file, line in lines.items()]


def check(root: pathlib.Path) -> list[str]:
    clang_format = program()
    files = repository.files(root, ".cpp", ".hpp")
    workers = os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        parts = [files[i::workers] for i in range(workers) if files[i::workers]]
        found = pool.map(lambda part: first_lines(clang_format, root, part), parts)
        return sorted(finding for part in found for finding in part)


if __name__ == "__main__":
    sys.exit(repository.main(check))
