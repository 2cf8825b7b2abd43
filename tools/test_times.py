#!/usr/bin/env python3
"""Which tests the time goes into: a table of the last run of tools/test.sh, or of any output of ctest.

    tools/test_times.py [LOG] [--from SECONDS]      (build/release/ctest.log; tests of 5 s and more have a row)
"""
import argparse
import pathlib
import re
import sys

RESULT = re.compile(r"^ *\d+/\d+ Test +#\d+: (\S+) \.*(?:\*\*\*| +)(.*?) +([\d.]+) sec")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", nargs="?", default="build/release/ctest.log", type=pathlib.Path)
    parser.add_argument("--from", dest="least", default=5.0, type=float)
    arguments = parser.parse_args()
    try:
        text = arguments.log.read_text()
    except OSError as error:
        print(f"{arguments.log}: {error.strerror}; expected the output of ctest: run tools/test.sh", file=sys.stderr)
        return 2
    times = sorted(((float(match[3]), match[1]) for match in map(RESULT.match, text.splitlines()) if match), reverse=True)
    if not times:
        print(f"{arguments.log}: holds no result of a test; expected the output of ctest", file=sys.stderr)
        return 2
    rows = [(name, seconds) for seconds, name in times if seconds >= arguments.least]
    rest = [seconds for seconds, _ in times if seconds < arguments.least]
    rows.append((f"the other {len(rest)}", sum(rest)))
    rows.append((f"all {len(times)}", sum(seconds for seconds, _ in times)))
    print("| test | seconds |\n|---|---:|")
    for name, seconds in rows:
        print(f"| {name} | {seconds:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
