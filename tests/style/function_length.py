#!/usr/bin/env python3
"""The longest function has 60 lines. Catalogues of settings, which are tables, are apart.

    tests/style/function_length.py [ROOT]
"""
import pathlib
import re
import sys

import cpp_functions
import repository

LONGEST = 60
CATALOGUE = re.compile(r"src/app/settings/\w*catalogue\.cpp$")


def check(root: pathlib.Path) -> list[str]:
    findings = []
    for file in repository.files(root, ".cpp", ".hpp"):
        name = file.relative_to(root).as_posix()
        if CATALOGUE.match(name):
            continue
        try:
            found = cpp_functions.functions(file.read_text())
        except cpp_functions.Unreadable as error:
            findings.append(f"{name}:{error.line}: a bracket without its other half; expected C++ that this check can read")
            continue
        findings += [f"{name}:{function.line}: {function.name} has {function.lines} lines; expected {LONGEST} at most: split it"
                     for function in found if function.lines > LONGEST]
    return findings


if __name__ == "__main__":
    sys.exit(repository.main(check))
