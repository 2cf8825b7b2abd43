#!/usr/bin/env python3
"""A table of runs of the same sweep on different numbers of ranks, from their run.json and
progress.jsonl.

    tools/scaling_table.py results/scaling/ranks-1 results/scaling/ranks-2 ...

Seconds are those of the two stages (loading and writing apart), speed-up and efficiency are against
the first folder, the busy share is the mean over ranks at the end of the head stage. Standard
library only.
"""
import json
import pathlib
import sys


def busy(folder):
    share = []
    with open(folder / "progress.jsonl", encoding="utf-8") as lines:
        for line in lines:
            progress = json.loads(line)
            if progress["phase"] == "heads" and progress["ranks"]:
                share = [rank["busy_share"] for rank in progress["ranks"]]
    return sum(share) / len(share) if share else float("nan")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print(f"{'ranks':>6} {'nodes':>6} {'load s':>8} {'heads s':>9} {'neurons s':>10} {'speed-up':>9} {'efficiency':>11} {'busy':>6}")
    first = None
    for folder in map(pathlib.Path, sys.argv[1:]):
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if run["cells_taken_over"] or run["interruptions"]:
            print(f"{folder}: interrupted, its times are not those of one run", file=sys.stderr)
        phases = run["phases"]
        seconds = phases["heads"] + phases["neurons"]
        first = first or (run["ranks"], seconds)
        speed_up = first[1] / seconds * first[0]
        print(f"{run['ranks']:>6} {len(set(run['hosts'])):>6} {phases['load']:>8.1f} {phases['heads']:>9.1f} "
              f"{phases['neurons']:>10.1f} {speed_up:>9.2f} {speed_up / run['ranks']:>11.2f} {busy(folder):>6.2f}")


if __name__ == "__main__":
    main()
