"""Compares what two programs left over the same work, for tools/same_as.sh.

    tools/same_as.py OLD NEW SAME_HDF5

HDF5 files are compared object by object, run.json field by field, all else byte by byte. Every
difference is a line; the last line counts. What does not count, by name:

- the git commit, wherever it stands; progress.jsonl, logs/, *.log, ledger.h5.previous, and halfway/,
  a run where it was stopped;
- of run.json: times, hosts, seconds of phases, checkpoints, scheduling, the program's path; of a run
  with several ranks, or one that was interrupted, also what depends on who computed what when (TIMED).
  A field that the new program alone writes is told, and is no difference;
- of ledgers: counts and seconds of checkpoints, and of such runs the group `state`;
- of the run `crossed`, which goes on with the old program's ledger: which environment made a cell.
"""
import json
import pathlib
import re
import subprocess
import sys

TIMES = {"start", "end", "seconds", "hosts", "git_commit", "checkpoints", "scheduling"}
TIMED = {"cells_by_rank", "cells_written_by_rank", "collective_writes", "positions",
         "forward_equivalents", "decode_equivalents", "cells_taken_over", "interruptions"}
COMMIT = re.compile(rb'"git_commit": ?"[^"]*"')
LEFT_OUT = {"progress.jsonl", "ledger.h5.previous"}
FOLDERS_LEFT_OUT = {"logs", "halfway"}


def files(root: pathlib.Path) -> dict[str, pathlib.Path]:
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        left_out = path.name in LEFT_OUT or path.suffix == ".log" or FOLDERS_LEFT_OUT & set(name.parts)
        if path.is_file() and not left_out:
            found[str(name)] = path
    return found


def is_timed(folder: pathlib.Path) -> bool:
    """Whether the work of the run in this folder was shared out by the clock."""
    record = folder / "run.json"
    if not record.exists():
        return True  # stopped
    run = json.loads(record.read_text())
    return run["ranks"] > 1 or run["interruptions"] > 0


class Judge:
    def __init__(self, old: pathlib.Path, new: pathlib.Path, same_hdf5: str):
        self.old, self.new, self.same_hdf5 = old, new, same_hdf5
        self.compared = 0
        self.differences: list[str] = []
        self.added: set[str] = set()  # fields of run.json that the new program alone writes

    def check(self, same: bool, what: str) -> None:
        self.compared += 1
        if not same:
            self.differences.append(what)

    def hdf5(self, name: str, a: pathlib.Path, b: pathlib.Path) -> None:
        excepted = ["* attribute git_commit"]
        if a.name == "ledger.h5":
            excepted += ["/state attribute checkpoints", "/state attribute checkpoint_seconds"]
            if is_timed(a.parent) or is_timed(b.parent):
                excepted.append("/state*")
        if name.startswith("crossed/"):
            excepted += ["*/heads/environment", "/environments*", "/ attribute environments"]
        command = [self.same_hdf5, "--count"] + [word for pattern in excepted for word in ("--except", pattern)]
        done = subprocess.run([*command, str(a), str(b)], capture_output=True, text=True)
        lines = done.stdout.splitlines()
        counted = re.fullmatch(r"(\d+) compared", lines[-1]) if lines else None
        if not counted:
            self.check(False, f"{name}: {done.stderr.strip().splitlines()[-1]}")
            return
        self.compared += int(counted[1])
        self.differences += [f"{name}: {line}" for line in lines[:-1]]

    def json(self, name: str, a, b, at: str = "") -> None:
        """Leaf by leaf, both ways."""
        if isinstance(a, dict) and isinstance(b, dict):
            for key in sorted(a.keys() | b.keys()):
                place = f"{at}.{key}" if at else key
                if key not in b or key not in a:
                    self.check(False, f"{name}: {place}: only in the {'first' if key in a else 'second'}")
                else:
                    self.json(name, a[key], b[key], place)
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for i, (left, right) in enumerate(zip(a, b)):
                self.json(name, left, right, f"{at}[{i}]")
        else:
            # json.dumps: 1 is not 1.0, and two NaN are equal.
            left, right = json.dumps(a), json.dumps(b)
            self.check(left == right, f"{name}: {at}: {left} against {right}")

    def run_json(self, name: str, a: pathlib.Path, b: pathlib.Path) -> None:
        timed = is_timed(a.parent) or is_timed(b.parent)
        runs = []
        for path in (a, b):
            run = json.loads(path.read_text())
            for key in TIMES | (TIMED if timed else set()):
                run.pop(key, None)
            run["phases"] = sorted(run.get("phases", {}))
            run["command_line"] = run.get("command_line", [])[1:]
            runs.append(run)
        for key in runs[1].keys() - runs[0].keys():
            self.added.add(key)
            del runs[1][key]
        self.json(name, *runs)

    def code(self, name: str, a: pathlib.Path, b: pathlib.Path) -> None:
        codes = [path.read_text().strip() for path in (a, b)]
        words = [path.with_suffix(".log").read_text(errors="replace").strip().splitlines()[-1:] for path in (a, b)]
        said = "; ".join(f"{side} {code}" + (f" ({line[0]})" if code != "0" and line else "")
                         for side, code, line in zip(("the first with", "the second with"), codes, words))
        self.check(codes == ["0", "0"], f"{name[:-5]}: ended, {said}")

    def bytes(self, name: str, a: pathlib.Path, b: pathlib.Path) -> None:
        left, right = (COMMIT.sub(b'"git_commit": ""', path.read_bytes()) for path in (a, b))
        if left == right:
            self.check(True, name)
        elif a.suffix == ".safetensors":
            self.check(False, f"{name}: {', '.join(other_tensors(left, right)) or 'other header'}")
        else:
            parted = (i for i, (x, y) in enumerate(zip(left, right)) if x != y)
            at = next(parted, min(len(left), len(right)))
            self.check(False, f"{name}: bytes differ, first at {at}, line {left[:at].count(10) + 1}")

    def compare(self) -> None:
        left, right = files(self.old), files(self.new)
        for name in sorted(left.keys() | right.keys()):
            if name not in left or name not in right:
                self.check(False, f"{name}: only in the {'first' if name in left else 'second'}")
                continue
            a, b = left[name], right[name]
            if a.suffix == ".h5":
                self.hdf5(name, a, b)
            elif a.name == "run.json":
                self.run_json(name, a, b)
            elif a.suffix == ".code":
                self.code(name, a, b)
            else:
                self.bytes(name, a, b)


def other_tensors(a: bytes, b: bytes) -> list[str]:
    parts = []
    for data in (a, b):
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8:8 + size])
        header.pop("__metadata__", None)
        values = data[8 + size:]
        parts.append({name: (tensor["dtype"], tensor["shape"], values[slice(*tensor["data_offsets"])])
                      for name, tensor in header.items()})
    names = parts[0].keys() | parts[1].keys()
    return sorted(name for name in names if parts[0].get(name) != parts[1].get(name))


def main() -> int:
    judge = Judge(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3])
    judge.compare()
    for line in judge.differences:
        print(line)
    for field in sorted(judge.added):
        print(f"note: run.json of the second program alone holds {field}")
    runs = len(list(judge.old.glob("*.code")))
    print(f"{runs} runs of each program, {judge.compared:,} comparisons, {len(judge.differences):,} differences")
    return 1 if judge.differences else 0


if __name__ == "__main__":
    sys.exit(main())
