#!/usr/bin/env python3
"""Includes follow the arrows between rooms, through headers too, and docs/design.md draws the arrows that CMake has.

    tests/style/arrows.py [ROOT]

Every source is followed through the headers that it reaches, with the rooms that its library knows (ROOMS, and theirs).
"""
import os
import pathlib
import re
import sys

import repository
from rooms import Library, Rooms

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]')
DESIGN = "docs/design.md"
# Which rooms may see these headers of others; LibTorch's need the word TORCH instead.
ONLY_IN = {"mpi.h": "comm", "nccl.h": "comm", "hdf5.h": "store", "hdf5_hl.h": "store"}
LIBTORCH = ("ATen/", "c10/", "torch/", "caffe2/")


class Includes:
    """Follows includes from sources; a wrong one is told once, where it stands."""

    def __init__(self, root: pathlib.Path, rooms: Rooms):
        self.root, self.rooms = root, rooms
        self.findings = {}
        self.lines = {}  # of a file: [(line, "<" or '"', what)]

    def of(self, file: str) -> list:
        if file not in self.lines:
            text = (self.root / file).read_text()
            self.lines[file] = [(number, *match.groups()) for number, line in enumerate(text.splitlines(), 1)
                                if (match := INCLUDE.match(line))]
        return self.lines[file]

    def resolve(self, file: str, kind: str, what: str, library: Library):
        """The repository's file that an include means, None for one of the system."""
        if what.startswith("hones/"):
            return "include/" + what
        if kind == "<":
            return None
        places = [os.path.normpath(f"{folder}/{what}") for folder in (os.path.dirname(file), f"src/{library.folder}", "src")]
        return next((place for place in places if (self.root / place).is_file()), places[-1])

    def tell(self, file: str, line: int, text: str) -> None:
        self.findings.setdefault((file, line), f"{file}:{line}: {text}")

    def follow(self, start: str, library: Library) -> None:
        known, waiting, seen = self.rooms.closures[library.name], [start], {start}
        while waiting:
            file = waiting.pop()
            through = "" if file == start else f", reached from {start}"
            for line, kind, what in self.of(file):
                target = self.resolve(file, kind, what, library)
                if target is None:
                    self.check_system(file, line, what, library, through)
                elif not (self.root / target).is_file():
                    self.tell(file, line, f"includes {what}; expected a file of this repository, {target} is none")
                elif self.is_private(target, file):
                    self.tell(file, line, f"includes {what}; expected no header of another room's src")
                elif not self.may_include(target, library, known, start):
                    self.tell(file, line, f"includes {what}{through}; expected what library {library.name} knows "
                                          f"({library.where}): {' '.join(sorted(known - {library.name})) or 'nothing'}")
                elif target not in seen:
                    seen.add(target)
                    waiting.append(target)

    def is_private(self, target: str, file: str) -> bool:
        """In the src of a room that has public headers, and not of the file's own room."""
        room = pathlib.PurePath(target).parts[1]
        return (target.startswith("src/") and not file.startswith(f"src/{room}/")
                and (self.root / "include/hones" / room).is_dir())

    def may_include(self, target: str, library: Library, known: set, start: str) -> bool:
        if not library.folder:  # of src/CMakeLists.txt: the precompiled header, a source of the room it is compiled for
            return target.startswith(("include/hones/" + start.split("/")[1] + "/", str(pathlib.PurePath(start).parent) + "/"))
        return any(owner.name in known for owner in self.rooms.owners(target))

    def check_system(self, file: str, line: int, what: str, library: Library, through: str) -> None:
        room = ONLY_IN.get(what)
        if room and library.folder.split("/")[0] != room:
            self.tell(file, line, f"includes <{what}>{through} of library {library.name}; expected only in room {room}")
        if what.startswith(LIBTORCH) and not library.torch:
            self.tell(file, line, f"includes LibTorch's <{what}>{through} of library {library.name}; expected only in "
                                  f"rooms with the word TORCH ({library.where} has none)")


def check_includes(root: pathlib.Path, rooms: Rooms) -> list:
    includes = Includes(root, rooms)
    compiled = {source: library for library in rooms.libraries.values() for source in library.sources}
    names = [file.relative_to(root).as_posix() for file in repository.files(root, ".cpp", ".hpp")]
    names = [name for name in names if name.startswith(("src/", "include/"))]
    for name in (name for name in names if name.endswith(".cpp")):
        if name in compiled:
            includes.follow(name, compiled[name])
        else:
            includes.tell(name, 1, "is compiled by no library; expected its name in a CMakeLists.txt below src")
    for name in (name for name in names if name.endswith(".hpp")):
        follow_header(includes, rooms, name)
    return list(includes.findings.values())


def follow_header(includes: Includes, rooms: Rooms, name: str) -> None:
    """A header by itself, whoever includes it: right where it is right for one of the libraries it may belong to."""
    least = None
    for library in rooms.owners(name):
        trial = Includes(includes.root, rooms)
        trial.follow(name, library)
        if least is None or len(trial.findings) < len(least):
            least = trial.findings
    if least is None:
        includes.tell(name, 1, "belongs to no room; expected a library of this folder in src")
    includes.findings = (least or {}) | includes.findings


def check_graph(rooms: Rooms) -> list:
    strange = [f"{library.where}: {library.name} knows {name}; expected a room, there is none of this name"
               for library, name in rooms.strangers]
    return strange + [f"{rooms.libraries[cycle[0]].where}: {', '.join(cycle)} know one another; expected arrows without a cycle"
                      for cycle in rooms.cycles()]


def design_rows(text: str) -> list:
    """(line, rooms, words of the column "knows") of the table below "## Rooms", planned rooms left out."""
    rows, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            inside = line == "## Rooms"
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not inside or not line.startswith("| `") or cells[1].startswith("planned"):
            continue
        rows.append((number, re.findall(r"`([\w/]+)`", cells[0]), re.findall(r"[\w/]+", cells[-1])))
    return rows


class Design:
    """The table of docs/design.md beside CMake's arrows, both between folders of src."""

    def __init__(self, root: pathlib.Path, rooms: Rooms):
        self.rooms = rooms
        self.rows = design_rows((root / DESIGN).read_text())
        self.names = {name for _, names, _ in self.rows for name in names}
        self.folders = {library.folder for library in rooms.libraries.values() if library.folder}

    def room_of(self, folder: str) -> str:
        """A folder without a row of its own is part of the one above it: base/version of base."""
        return folder if folder in self.names or "/" not in folder else folder.rsplit("/", 1)[0]

    def drawn(self) -> dict:
        known = {name: {word for word in words if word in self.names} for _, names, words in self.rows for name in names}
        return {name: self.closure(name, known) for name in known}

    def built(self) -> dict:
        known = {}
        for library in filter(lambda one: one.folder, self.rooms.libraries.values()):
            others = {self.room_of(self.rooms.libraries[name].folder) for name in library.knows}
            known.setdefault(self.room_of(library.folder), set()).update(others)
        return {name: self.closure(name, known) for name in known}

    @staticmethod
    def closure(name: str, known: dict) -> set:
        found, waiting = set(), [name]
        while waiting:
            for other in known.get(waiting.pop(), set()) - found:
                found.add(other)
                waiting.append(other)
        return found - {name}

    def check(self) -> list:
        if not self.rows:
            return [f"{DESIGN}:1: has no table of rooms; expected one below \"## Rooms\", with the column \"knows\" last"]
        rowless = sorted({self.room_of(folder) for folder in self.folders} - self.names)
        findings = [f"{DESIGN}:{self.rows[0][0]}: room {name} has no row; expected every folder of src with a library"
                    for name in rowless]
        drawn, built, above = self.drawn(), self.built(), set()
        torch = {self.room_of(library.folder) for library in self.rooms.libraries.values() if library.torch}
        for line, names, words in self.rows:
            for name in names:
                findings += [f"{DESIGN}:{line}: {name} {fault}" for fault in self.faults(name, words, drawn, built, above, torch)]
            above |= set(names)
        return findings

    def faults(self, name: str, words: list, drawn: dict, built: dict, above: set, torch: set) -> list:
        if name not in built:
            return ["is no room; expected a folder of src with a library, or the word \"planned\""]
        if "all" in words:
            return []
        faults = [f"knows {other}, which stands below it; expected rooms in the order of their knowledge"
                  for other in words if other in self.names - above]
        missing, superfluous = sorted(built[name] - drawn[name]), sorted(drawn[name] - built[name])
        if missing:
            faults.append(f"does not say that it knows {' '.join(missing)}; expected the ROOMS of its CMakeLists.txt")
        if superfluous:
            faults.append(f"is said to know {' '.join(superfluous)}; expected the ROOMS of its CMakeLists.txt")
        if ("LibTorch" in words) != (name in torch):
            faults.append("is compiled with TORCH; expected \"LibTorch\" in its last column" if name in torch
                          else "is said to know LibTorch; expected that only where a library of it has the word TORCH")
        return faults


def check(root: pathlib.Path) -> list:
    rooms = Rooms(root)
    return check_graph(rooms) + check_includes(root, rooms) + Design(root, rooms).check()


if __name__ == "__main__":
    sys.exit(repository.main(check))
