#!/usr/bin/env python3
"""Mutation test: does some test notice when the arithmetic is wrong?

Applies seeded one-place changes (a swapped operator, a number off by one, a dropped term or
statement) to the sources of some rooms, one at a time, in a scratch copy of the tree, rebuilds that
room's own tests and runs them. A mutant that no test notices is a survivor; survivors are listed
and the exit code is 1.

    tools/mutate.py                        # 20 mutants over metric, stats, attribution, plan
    tools/mutate.py --rooms stats --count 50 --seed 7
    tools/mutate.py --rooms results table sweep choice store      # whatever needs no LibTorch
    tools/mutate.py --rooms model family --count 10               # with LibTorch: 10 s a mutant

Rooms with tensors are built where one of them is asked for; of `sweep` the parts without are drawn
(granting, resuming), because its other tests take minutes. A source that no test of its room links
is not drawn.

Not counted, and drawn again: mutants that do not compile, and mutants whose compiled room has the
same code, byte for byte, as the original (the compiler proved them equivalent). The library's own
checks of subscripts are on, so that a step beyond the end of an array is an error and not luck.
Never drawn: sizes of character buffers and reserve(), which change no result. Nothing else is taken
for equivalent. Python's standard library only.
"""

import argparse
import hashlib
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOMS = ["metric", "stats", "attribution", "plan"]
# Rooms with tensors, and whose tests see them beside their own.
WITH_TENSORS = {"model": [], "family": ["model"]}
# Only binary operators have blanks around them (clang-format), template brackets, pointers and references do not.
SWAPS = {
    "<": ["<=", ">"], "<=": ["<", ">="], ">": [">=", "<"], ">=": [">", "<="], "==": ["!="], "!=": ["=="],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "+=": ["-="], "-=": ["+="], "*=": ["/="], "/=": ["*="],
    "&&": ["||"], "||": ["&&"],
}
WORDS = {
    "true": "false", "false": "true", "std::min": "std::max", "std::max": "std::min", "std::floor": "std::ceil",
    "std::ceil": "std::floor", "begin": "end",
}
# Of address space for a test: a mutated loop must not eat the machine. LibTorch maps much that it never touches.
MEMORY_LIMIT, MEMORY_LIMIT_WITH_TENSORS = 8 << 30, 48 << 30
TEST_TIMEOUT = 60


@dataclass(frozen=True)
class Mutant:
    kind: str
    file: str  # relative to the root
    begin: int
    end: int
    new: str

    def apply(self, text):
        return text[: self.begin] + self.new + text[self.end :]


def blanked(text):
    """The text with comments, literals, preprocessor lines, and assertions' and errors' texts
    blanked; same length."""
    chars = list(text)

    def blank(begin, end):
        for i in range(begin, end):
            if chars[i] != "\n":
                chars[i] = " "

    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#[^\n]*'
    for match in re.finditer(pattern, text, re.S | re.M):
        blank(*match.span())
    # What an assertion or an error says about a failure is not arithmetic; capacities change no result.
    skipped = r"HONES_ASSERT\(|\bthrow\b[^;]*;|static_assert\(|[\w.]+\.reserve\([^;]*;|std::array<char, \d+>"
    for match in re.finditer(skipped, "".join(chars)):
        begin, end = match.span()
        if match.group().endswith("("):
            end = closing("".join(chars), end - 1)
        blank(begin, end)
    return "".join(chars)


def closing(code, at):
    """The position after the bracket that closes the one at `at`."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    depth = 0
    for i in range(at, len(code)):
        if code[i] in pairs:
            depth += 1
        elif code[i] in pairs.values():
            depth -= 1
            if depth == 0:
                return i + 1
    return len(code)


def operand_end(code, at):
    """The end of the product-free operand that begins at `at`: names, calls, subscripts, casts."""
    i = at
    while i < len(code):
        cast = re.match(r"static_cast<[^()]*>(?=\()", code[i:])
        word = re.match(r"[A-Za-z_0-9.']+|::|->", code[i:])
        if cast:
            i += cast.end()
        elif code[i] in "([":
            i = closing(code, i)
        elif word:
            i += word.end()
        else:
            break
    return i


def mutants_of(file, text):
    code = blanked(text)
    found = []

    def add(kind, begin, end, new):
        found.append(Mutant(kind, file, begin, end, new))

    for match in re.finditer(r"(?<= )(<=|>=|==|!=|\+=|-=|\*=|/=|&&|\|\||[<>+\-*/%])(?= |\n)", code):
        for new in SWAPS[match.group()]:
            add("operator", *match.span(), new)
        if match.group() in "+-*/":
            begin = match.end() + re.match(r"\s*", code[match.end() :]).end()
            end = operand_end(code, begin)
            if end > begin:
                add("term", match.start() - 1, end, "\n" * text[match.start() - 1 : end].count("\n"))
    for match in re.finditer(r"(?<![\w.'])(\d+)(?![\w.'])", code):
        add("off by one", *match.span(), str(int(match.group()) + 1))
        if int(match.group()) > 0:
            add("off by one", *match.span(), str(int(match.group()) - 1))
    for match in re.finditer(r"!(?=[\w(])", code):
        add("operator", *match.span(), "")
    for match in re.finditer(r"\+\+|--", code):
        add("operator", *match.span(), "--" if match.group() == "++" else "++")
    for word, new in WORDS.items():
        for match in re.finditer(r"(?<![\w:])" + re.escape(word) + r"(?=\b)", code):
            if word != "begin" or code[match.end() : match.end() + 2] == "()":
                add("word", *match.span(), new)
    statement = r"^[ ]+((?:\+\+|--)[\w.\[\]]+|[\w.\->\[\]]+(?:\([^;{}]*\))?(?:\.\w+\([^;{}]*\)| [+\-*/]?= [^;{}]+)|continue|break);$"
    for match in re.finditer(statement, code, re.M):
        add("statement", match.start(1), match.end(), "")
    return found


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


class Tree:
    """The scratch copy with its build folder."""

    def __init__(self, root, scratch, jobs, tensors):
        self.source, self.build, self.jobs = scratch / "tree", scratch / ("build-tensors" if tensors else "build"), jobs
        self.options = [f"-DHONES_MODEL={'ON' if tensors else 'OFF'}", f"-DHONES_PYTHON_ENV={root / '.venv'}"]
        self.memory = MEMORY_LIMIT_WITH_TENSORS if tensors else MEMORY_LIMIT
        tracked = run(["git", "-C", str(root), "ls-files", "-z"]).stdout.split("\0")
        tracked = [n for n in filter(None, tracked) if (root / n).is_file() and not n.startswith(("docs/", "results/"))]
        if self.source.exists():
            known = set(tracked)
            for old in [f for f in self.source.rglob("*") if f.is_file()]:
                if str(old.relative_to(self.source)) not in known:
                    old.unlink()
        # Only what differs is written, and with the time of now: an older time would let the build keep a mutant's object.
        for name in tracked:
            target, content = self.source / name, (root / name).read_bytes()
            if not target.exists() or target.read_bytes() != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)

    def configure(self):
        done = run(["cmake", "-G", "Ninja", "-S", str(self.source), "-B", str(self.build), *self.options,
                    "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS=-D_GLIBCXX_ASSERTIONS"])
        if done.returncode != 0:
            sys.exit("mutate: the tree does not configure:\n" + done.stdout[-3000:])

    def tests_of(self, room):
        """ctest names of a room's own tests -> the targets that they run (cmake/HonesRoom.cmake:
        NAME.RANKS, test_NAME)."""
        listed = run(["ctest", "--test-dir", str(self.build), "--show-only=json-v1"])
        tests = {}
        for test in json.loads(listed.stdout)["tests"]:
            folder = next((p["value"] for p in test.get("properties", []) if p["name"] == "WORKING_DIRECTORY"), "")
            if Path(folder) == self.build / "tests" / room:
                tests[test["name"]] = "test_" + re.sub(r"\.\d+$", "", test["name"])
        return tests

    def compile(self, targets):
        return run(["ninja", "-C", str(self.build), "-j", str(self.jobs), *sorted(set(targets))])

    def failing(self, tests):
        """Names of the tests that fail."""
        report = run(["ctest", "--test-dir", str(self.build), "-j", str(self.jobs), "--timeout", str(TEST_TIMEOUT), "-R",
                      "^(" + "|".join(map(re.escape, tests)) + ")$"],
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (self.memory, self.memory)))
        failed = re.findall(r"^\s*\d+ - (\S+) \(", report.stdout, re.M)
        if (report.returncode != 0) != bool(failed):
            sys.exit("mutate: ctest said something unexpected:\n" + report.stdout[-3000:])
        return failed

    def code_of(self, room):
        """A digest of the room's object files."""
        digest = hashlib.sha256()
        for file in sorted((self.build / "src" / room).rglob("*.o")):
            digest.update(file.read_bytes())
        return digest.hexdigest()


def sources_of(tree, room):
    folders = [tree.source / "src" / room, tree.source / "include" / "hones" / room]
    files = [f for folder in folders if folder.is_dir() for f in folder.rglob("*.[ch]pp")]
    # A nested room (src/ROOM/OTHER with its own CMakeLists.txt) is another room.
    nested = [f.parent for folder in folders for f in folder.glob("*/CMakeLists.txt")]
    # A room of several libraries: what its tests do not link has no object and is nobody's to notice.
    objects = (tree.build / "src" / room).glob("CMakeFiles/*.dir/**/*.cpp.o")
    built = {re.sub(r"^CMakeFiles/[^/]*/", "", str(o.relative_to(tree.build / "src" / room))) for o in objects}
    left_out = {f for f in files if f.suffix == ".cpp" and f"{f.relative_to(folders[0])}.o" not in built}
    return sorted(f for f in files if f not in left_out and not any(n in f.parents for n in nested))


def draw(candidates, rng):
    """Rooms in turn, then a kind, then a place: rare kinds are as likely as frequent ones."""
    rooms = [room for room in candidates if candidates[room]]
    if not rooms:
        return None
    room = min(rooms, key=lambda r: (draw.taken[r], rooms.index(r)))
    kind = rng.choice(sorted({m.kind for m in candidates[room]}))
    mutant = rng.choice([m for m in candidates[room] if m.kind == kind])
    candidates[room].remove(mutant)
    return room, mutant


def describe(mutant, text):
    line = text.count("\n", 0, mutant.begin) + 1
    before = text.splitlines()[line - 1].strip()
    after = mutant.apply(text).splitlines()[line - 1].strip()
    return f"{mutant.file}:{line}", before, after or "(dropped)"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", nargs="+", default=ROOMS, help="rooms to mutate; those that do not exist are left out")
    parser.add_argument("--count", type=int, default=20, help="mutants that compile (default 20)")
    parser.add_argument("--seed", type=int, default=3407)
    parser.add_argument("--scratch", type=Path, help="folder for the copy (default build/mutate)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()

    root = Path(run(["git", "-C", str(Path(__file__).parent), "rev-parse", "--show-toplevel"]).stdout.strip())
    scratch = (options.scratch or root / "build" / "mutate").absolute()
    print(f"mutate: copying the tree to {scratch} and building it", flush=True)
    tree = Tree(root, scratch, options.jobs, tensors=bool(set(WITH_TENSORS) & set(options.rooms)))
    tree.configure()

    tests, candidates, code = {}, {}, {}
    for room in options.rooms:
        if not (tree.source / "src" / room).is_dir():
            print(f"mutate: no room {room} here")
            continue
        tests[room] = tree.tests_of(room)
        for other in WITH_TENSORS.get(room, []):
            tests[room] |= tree.tests_of(other)
        if not tests[room]:
            sys.exit(f"mutate: room {room} has no tests of its own")
        built = tree.compile(tests[room].values())
        if built.returncode != 0:
            sys.exit(f"mutate: room {room} does not build unchanged:\n" + built.stdout[-3000:])
        failed = tree.failing(tests[room])
        if failed:
            sys.exit(f"mutate: tests of room {room} fail unchanged: {', '.join(failed)}")
        code[room] = tree.code_of(room)
        candidates[room] = [m for f in sources_of(tree, room)
                            for m in mutants_of(str(f.relative_to(tree.source)), f.read_text())]
        print(f"mutate: room {room}: {len(candidates[room])} places, tests {' '.join(sorted(tests[room]))}", flush=True)
    if not candidates:
        sys.exit("mutate: nothing to mutate")

    rng = random.Random(options.seed)
    draw.taken = Counter({room: 0 for room in candidates})
    redrawn = Counter()
    survivors = []
    start = time.time()
    while sum(draw.taken.values()) < options.count:
        drawn = draw(candidates, rng)
        if drawn is None:
            print(f"mutate: no places left after {sum(draw.taken.values())} mutants")
            break
        room, mutant = drawn
        file = tree.source / mutant.file
        text = file.read_text()
        place, before, after = describe(mutant, text)
        try:
            file.write_text(mutant.apply(text))
            if tree.compile(tests[room].values()).returncode != 0:
                redrawn["did not compile"] += 1
                continue
            if tree.code_of(room) == code[room]:
                redrawn["same code"] += 1
                continue
            failed = tree.failing(tests[room])
        finally:
            file.write_text(text)
        draw.taken[room] += 1
        verdict = "killed  " if failed else "SURVIVED"
        print(f"{sum(draw.taken.values()):3}  {verdict}  {mutant.kind:10}  {place}\n       - {before}\n       + {after}", flush=True)
        if not failed:
            survivors.append(f"{place}: {before}  ->  {after}")

    total = sum(draw.taken.values())
    print(f"mutate: {total - len(survivors)} of {total} killed in {time.time() - start:.0f} s "
          f"(seed {options.seed}; drawn again: {redrawn['did not compile']} did not compile, {redrawn['same code']} same code)")
    for survivor in survivors:
        print(f"mutate: survivor {survivor}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
