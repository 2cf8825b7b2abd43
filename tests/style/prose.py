#!/usr/bin/env python3
"""Prose in .md files has at most 100 columns; tables, code, addresses and lines of one word apart.

The README: at most 80 lines, all of at most 100 columns.

    tests/style/prose.py [ROOT]
"""
import pathlib
import re
import sys

import repository

COLUMNS, README_LINES = 100, 80
ADDRESS = re.compile(r"https?://\S+")
FENCE = re.compile(r"^\s*(`{3,}|~{3,})")


def prose_lines(text: str):
    """(line, text) of what can be wrapped: no tables, no fenced or indented code; an address counts for nothing."""
    fence, blank_before = None, True
    for number, line in enumerate(text.splitlines(), 1):
        marker = FENCE.match(line)
        if marker and (fence is None or marker.group(1).startswith(fence)):
            fence = marker.group(1) if fence is None else None
        elif fence is None and not line.lstrip().startswith("|") and not (line.startswith("    ") and blank_before):
            if len(line.split()) > 1:
                yield number, ADDRESS.sub("", line)
        blank_before = not line.strip() or (blank_before and line.startswith("    "))


def check(root: pathlib.Path) -> list[str]:
    findings = []
    for file in repository.files(root, ".md"):
        name, text = file.relative_to(root).as_posix(), file.read_text()
        whole = name == "README.md"
        lines = enumerate(text.splitlines(), 1) if whole else prose_lines(text)
        findings += [f"{name}:{number}: has {len(line)} columns; expected {COLUMNS} at most"
                     for number, line in lines if len(line) > COLUMNS]
        if whole and len(text.splitlines()) > README_LINES:
            findings.append(f"{name}:{README_LINES + 1}: the README has {len(text.splitlines())} lines; "
                            f"expected {README_LINES} at most")
    return findings


if __name__ == "__main__":
    sys.exit(repository.main(check))
