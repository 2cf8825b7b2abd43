#!/usr/bin/env python3
"""Line coverage of src and include by room, from an instrumented build whose tests have run.

    tools/coverage.py BUILD_FOLDER [--least 85]

A line counts as covered when any object that holds it ran it. Python's standard library and gcov
only.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path


def room_of(name):
    """src/metric/vqa.cpp and include/hones/metric/vqa.hpp -> metric; None for what is not ours."""
    parts = Path(name).parts
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ("include", "hones") and len(parts) > 3:
        return parts[2]
    return None


def reports(build):
    """gcov's JSON documents, one an object file."""
    data = sorted(build.rglob("*.gcda"))
    if not data:
        sys.exit(f"coverage: no .gcda under {build}: was it built with HONES_COVERAGE=ON, and did its tests run?")
    for begin in range(0, len(data), 50):
        files = [str(f.absolute()) for f in data[begin : begin + 50]]
        done = subprocess.run(["gcov", "--json-format", "--stdout", *files], cwd=build, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"coverage: gcov failed: {done.stderr.strip()}")
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                yield json.loads(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--least", type=float, default=85.0, help="percent of all lines below which this fails (default 85)")
    parser.add_argument("--files", action="store_true", help="also list every file below that share")
    options = parser.parse_args()

    root = Path(__file__).resolve().parent.parent
    lines = defaultdict(dict)  # file -> line -> ran
    for report in reports(options.build):
        for file in report["files"]:
            path = os.path.normpath(os.path.join(report.get("current_working_directory", "."), file["file"]))
            name = os.path.relpath(path, root)
            if name.startswith("..") or room_of(name) is None:
                continue
            for line in file["lines"]:
                number = line["line_number"]
                lines[name][number] = lines[name].get(number, False) or line["count"] > 0

    rooms = defaultdict(lambda: [0, 0])
    for name, ran in lines.items():
        for key in (room_of(name), "all"):
            rooms[key][0] += sum(ran.values())
            rooms[key][1] += len(ran)
    # A room that no test touches leaves no data at all; it must not vanish from the table.
    silent = sorted({d.parent.name for d in (root / "src").glob("*/CMakeLists.txt")} - set(rooms))

    print(f"{'room':14}{'lines':>8}{'covered':>10}{'share':>9}")
    for room in sorted(rooms, key=lambda r: (r == "all", r)):
        covered, total = rooms[room]
        print(f"{room:14}{total:8}{covered:10}{100 * covered / total:8.1f}%")
    for room in silent:
        print(f"{room:14}    no data: not built or not run")
    if options.files:
        for name in sorted(lines):
            share = 100 * sum(lines[name].values()) / len(lines[name])
            if share < options.least:
                missed = [n for n, ran in sorted(lines[name].items()) if not ran]
                print(f"{share:6.1f}%  {name}: lines {' '.join(map(str, missed))}")
    covered, total = rooms["all"]
    share = 100 * covered / total
    if share < options.least:
        print(f"coverage: {share:.1f} % of the lines, expected at least {options.least:g} %")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
