#!/usr/bin/env python3
"""Redoes a head and neuron sweep with transformers and forward pre-hooks, and holds `hones_mpi
discover` against it.

    tools/reference_sweep.py --model DIR --benchmark DIR --discovery DIR
                             [--tasks vqa,ocr,caption,retrieval] [--instances 16] [--queries 4]
                             [--stored-check all|N] [--program build/release/hones_mpi]
                             [--dump-instances 16] [--dump-heads 1] [--json FILE]
    (its metrics against the public evaluators' values)
    tools/reference_sweep.py --vectors tests/data/metrics

It is written from docs/method.md, docs/benchmark.md and docs/models.md, shares no code with the
program, and is slow: every run is a full forward pass in fp32 on the CPU. Run discover with the
same --instances and --queries, fp32, operator mean.

Exit code 0 when, for every task,
- every cell (answer, utility, status) is equal, or differs where the reference itself preferred its
  own token to the program's by less than 1e-3 at the first differing position (retrieval: where no
  two candidates that changed places were 1e-3 apart in log P - log(1 - P)), and at most one cell or
  0.5 % of them differ;
- every value of heads/answer_logprob, and every candidate's log P - log(1 - P), is within 1e-3;
- with --program, every contribution c of a single instance (the program's own activations, generate
  --dump), plain and under --dump-heads of the stored heads, is within 1e-5: max |difference| /
  max |c| over a layer's neurons, of c itself, the worst layer of every redone instance; without
  --program a note says that this was not compared;
- every sum in discovery.h5 is within what follows from that (tools/reference/compare.py, Sums).
  Sums can be compared only when discovery.h5 holds no other instances; else a note says that they
  were not.
Needs the Python packages of tools/versions.env.
"""
import argparse
import json
import pathlib
import sys
import time

import h5py
import torch

from reference import data, metrics
from reference.compare import Stored, Tally
from reference.data import Benchmark
from reference.model import LIMIT, Reference
from reference.program import compare_dumps
from reference.sweep import Sweep

WANTED = {"intervention.operator": "mean", "discover.prompts": "paper", "discover.open_target_join": "separate",
          "answer.max_new_tokens": LIMIT}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "benchmark", "discovery", "program", "json", "vectors"):
        parser.add_argument(f"--{name}", type=pathlib.Path)
    parser.add_argument("--tasks", default=",".join(data.TASKS))
    parser.add_argument("--instances", type=int, default=16)
    parser.add_argument("--queries", type=int, default=4)
    parser.add_argument("--stored-check", default="all", help="how many of the stored heads' sums are redone")
    parser.add_argument("--dump-instances", type=int, help="of each task; all that are redone unless given")
    parser.add_argument("--dump-heads", type=int, default=1, help="stored heads of each; the plain run is in every dump")
    parser.add_argument("--attention", choices=("eager", "sdpa"), default="eager")
    args = parser.parse_args()
    if not args.vectors and not (args.model and args.benchmark and args.discovery):
        parser.error("--model, --benchmark and --discovery, or --vectors")
    unknown = set(args.tasks.split(",")) - set(data.TASKS)
    if unknown:
        parser.error(f"unknown task {sorted(unknown)[0]}")
    return args


def check_vectors(folder: pathlib.Path) -> int:
    wrong = metrics.check_vectors(folder) + data.check_box_vectors(folder)
    print(*wrong or [f"every metric agrees with {folder}"], sep="\n")
    return 1 if wrong else 0


def check_settings(file: h5py.File) -> None:
    settings = json.loads(bytes(file["settings_json"][()]))
    for key, value in WANTED.items():
        if settings[key] != value:
            raise SystemExit(f"reference_sweep: discovery.h5 was made with {key} = {settings[key]}; the reference knows {value}")
    if file.attrs["dtype"].decode() != "fp32":
        raise SystemExit(f"reference_sweep: discovery.h5 was made in {file.attrs['dtype'].decode()}, not in fp32")


def table(tallies: list[Tally], heads: int) -> str:
    lines = [f"{'task':<10} {'instances':>9} {'cells':>6} {'equal':>6} {'small margin':>12} {'large':>6} {'may':>4} "
             f"{'max |d logprob|':>15} {'least margin':>12}  result"]
    for tally in tallies:
        small = sum(difference.small() for difference in tally.differences)
        least = f"{tally.smallest_margin:.2e}" if tally.task != "retrieval" else "-"
        lines.append(f"{tally.task:<10} {tally.instances:>9} {tally.cells:>6} {tally.equal:>6} {small:>12} "
                     f"{len(tally.differences) - small:>6} {tally.allowed():>4} {tally.log_prob:>15.2e} {least:>12}  "
                     f"{'FAILED' if tally.failures else 'equal' if not tally.differences else 'passed'}")
    lines.append("")
    names = list(dict.fromkeys(name for tally in tallies for name in tally.contributions))
    lines.append("contributions, max |difference| over max |c| of the layer (sums: over their measure); 1e-5 may")
    for name in names:
        values = "  ".join(f"{tally.task} {tally.contributions[name]:.2e}" for tally in tallies if name in tally.contributions)
        lines.append(f"  {name:<30} {values}")
    for tally in tallies:
        if tally.task == "retrieval":
            lines.append(f"retrieval: max |difference| of log P - log(1 - P) {tally.log_odds:.2e}")
        elif tally.drafts_corrected:
            lines.append(f"{tally.task}: {tally.drafts_corrected} plain answers where cached decoding and the check part")
    for tally in tallies:
        for found in tally.differences:
            head = "plain" if found.column == 0 else f"head {(found.column - 1) // heads}:{(found.column - 1) % heads}"
            lines.append(f"{found.task} image {found.image_id} {head}: margin {found.margin:.2e}; {found.what}")
        lines += [f"note {tally.task}: {note}" for note in tally.notes]
        lines += [f"FAILED {tally.task}: {failure}" for failure in tally.failures]
    return "\n".join(lines)


def as_json(tallies: list[Tally], seconds: float) -> dict:
    def finite(value: float) -> float | None:
        return value if value < float("inf") else None

    return {"seconds": round(seconds, 1), "tasks": {tally.task: {
        "instances": tally.instances, "cells": tally.cells, "equal": tally.equal, "may_differ": tally.allowed(),
        "differences": [{"image_id": found.image_id, "column": found.column, "margin": finite(found.margin), "what": found.what}
                        for found in tally.differences],
        "answer_logprob_max_difference": tally.log_prob, "log_odds_max_difference": tally.log_odds,
        "smallest_margin": finite(tally.smallest_margin), "drafts_corrected": tally.drafts_corrected,
        "contributions": tally.contributions, "notes": tally.notes,
        "failures": tally.failures} for tally in tallies}}


def main() -> int:
    args = arguments()
    if args.vectors:
        return check_vectors(args.vectors)
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"reference_sweep: {time.monotonic() - began:6.0f} s  {text}", file=sys.stderr, flush=True)

    tallies = []
    with h5py.File(args.discovery / "discovery.h5") as file:
        check_settings(file)
        stored_check = None if args.stored_check == "all" else int(args.stored_check)
        sweep = Sweep(Reference(args.model, args.attention), Benchmark(args.benchmark), stored_check, say)
        for task in args.tasks.split(","):
            stored = Stored(file[f"tasks/{task}"])
            limit = args.queries if task == "retrieval" else args.instances
            tally = sweep.run(task, stored, limit)
            if args.program:
                instances = limit if args.dump_instances is None else args.dump_instances
                compare_dumps(sweep, args.program.resolve(), args.model, task, stored, instances, args.dump_heads, tally)
            else:
                tally.notes.append("contributions of single instances not compared: no --program")
            tally.conclude()
            tallies.append(tally)
            print(table([tally], sweep.reference.heads), file=sys.stderr, flush=True)
    print(table(tallies, sweep.reference.heads))
    if args.json:
        args.json.write_text(json.dumps(as_json(tallies, time.monotonic() - began), indent=1) + "\n", encoding="utf-8")
    return 1 if any(tally.failures for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
