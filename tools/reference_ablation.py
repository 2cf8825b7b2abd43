#!/usr/bin/env python3
"""Masks the sets of an ablation with transformers and forward pre-hooks, and holds `hones_mpi
ablate` against it.

    tools/reference_ablation.py --model DIR --benchmark DIR --ablation DIR [--instances 4]
                                [--queries 1] [--rows 0,3,...]

Written from docs/method.md section 6 and docs/outputs.md; every run is a full forward pass in fp32
on the CPU. Redone are the first instances of every task in ablation.h5 under every row (or those
named): utility, status and answer_logprob. A cell may differ where the reference preferred its own
token by less than 1e-3 (retrieval: where candidates that changed places were less than 1e-3 apart
in log P - log(1 - P)), at most one cell or 0.5 % of a task's; log-probabilities must agree within
1e-3.

The drops, too: base, masked and both drops of ablation.csv are computed again from the stored
utilities (captions: from the stored counts).
"""
import argparse
import csv
import json
import pathlib
import sys

import h5py
import numpy as np
import torch

from reference import compare, metrics
from reference.data import Benchmark, utility
from reference.model import Reference

TOLERANCE = 1e-3


class Masked(Reference):
    """A reference whose every pass masks one set of heads and neurons."""

    def __init__(self, folder):
        super().__init__(folder, "eager")
        self.sets, self.masks = {}, {}
        for index, layer in enumerate(self.language.layers):
            layer.self_attn.o_proj.register_forward_pre_hook(self._set_hook(index))
            layer.mlp.down_proj.register_forward_pre_hook(self._mask_hook(index))

    def _set_hook(self, layer):
        def replace(module, args):
            heads = self.sets.get(layer)
            if not heads:
                return None
            z = args[0]
            split = z.view(*z.shape[:2], self.heads, -1)
            others = [head for head in range(self.heads) if head not in heads]
            edited = split.clone()
            for head in heads:
                edited[:, :, head] = split[:, :, others].mean(dim=2) if others else 0
            return (edited.view(z.shape),)
        return replace

    def _mask_hook(self, layer):
        def mask(module, args):
            neurons = self.masks.get(layer)
            if neurons is None:
                return None
            a = args[0].clone()
            a[..., neurons] = 0
            return (a,)
        return mask

    def mask(self, heads, neurons):
        self.sets, self.masks = {}, {}
        for layer, head in heads:
            self.sets.setdefault(int(layer), set()).add(int(head))
        for layer in set(neurons[:, 0].tolist()):
            self.masks[layer] = neurons[neurons[:, 0] == layer, 1].tolist()


class Task:
    def __init__(self, group):
        self.ids = [(a.decode(), b.decode()) for a, b in zip(group["instances/image_id"], group["instances/item_id"])]
        self.strategies = [s.decode() for s in group["rows/strategy"]]
        self.budgets, self.seeds = group["rows/budget"][()], group["rows/seed"][()]
        self.sets = [(group[f"rows/sets/{r}/heads"][()], group[f"rows/sets/{r}/neurons"][()])
                     for r in range(len(self.strategies))]
        self.cell, self.utility, self.log_prob = (
            np.concatenate([group[f"base/{name}"][()][None], group[f"rows/{name}"][()]])
            for name in ("cell", "utility", "answer_logprob"))
        self.bleu = (np.concatenate([group["base/bleu_counts"][()][None], group["rows/bleu_counts"][()]]).astype(np.int64)
                     if "bleu_counts" in group["base"] else None)
        self.corpus = group.attrs.get("caption_metric", b"") == b"corpus"


class Tally:
    def __init__(self):
        self.cells = self.small = self.large = 0
        self.log_prob = 0.0
        self.lines = []

    def differ(self, what, margin):
        small = margin < TOLERANCE
        self.small, self.large = self.small + small, self.large + (not small)
        self.lines.append(f"  {what}: margin {margin:.1e}")

    def failed(self):
        return self.large > 0 or self.small > max(1, 0.005 * self.cells) or self.log_prob > TOLERANCE


def answers(reference, task, name, case, number, rows, tally):
    pixels = reference.pixels(reference.picture(case))
    ids = reference.prompt_ids(case.texts[0])
    prompt = reference.embed(ids, pixels)
    reference.mask([], np.zeros((0, 2), int))
    plain = reference.answers(prompt, [reference.draft(ids, pixels)])[0][0]
    for row in [-1, *rows]:
        reference.mask(*(task.sets[row] if row >= 0 else ([], np.zeros((0, 2), int))))
        (answer,), logits, log_probs = reference.answers(prompt, [plain])
        value, _ = utility(name, case, reference.answer_text(answer))
        tally.cells += 1
        tally.log_prob = max(tally.log_prob, abs(log_probs[0] - float(task.log_prob[row + 1, number])))
        wanted = 1 if answer == plain else 2
        if abs(value - task.utility[row + 1, number]) > 1e-12 or wanted != task.cell[row + 1, number]:
            tally.differ(f"{name} {case.image_id} row {row}: {value} here, {task.utility[row + 1, number]} stored",
                         compare.smallest_margin(answer, logits[0]))


def query(reference, task, name, case, number, rows, tally):
    pixels = reference.pixels(reference.picture(case))
    prompts = [reference.embed(reference.prompt_ids(text), pixels) for text in case.texts]
    yes = reference.fixed_target(case.texts[0], "Yes")[0]
    relevance = np.zeros(len(case.texts), int)
    relevance[case.positive] = 1
    plain = None
    for row in [-1, *rows]:
        reference.mask(*(task.sets[row] if row >= 0 else ([], np.zeros((0, 2), int))))
        odds = np.array([metrics.yes_odds(reference.model.lm_head(reference.hidden(p)[:, -1]).numpy()[0], yes)
                         for p in prompts])
        log_p = np.vectorize(metrics.log_yes)(odds)
        plain = log_p if plain is None else plain
        value = metrics.ndcg5(log_p, relevance)
        tally.cells += 1
        tally.log_prob = max(tally.log_prob, abs(log_p[case.positive] - float(task.log_prob[row + 1, number])))
        if abs(value - task.utility[row + 1, number]) > 1e-12:
            gaps = np.abs(odds[:, None] - odds[None])[np.triu_indices(len(odds), 1)]
            tally.differ(f"{name} {case.image_id} row {row}: {value} here, {task.utility[row + 1, number]} stored",
                         float(gaps.min()))


def check_csv(folder, tasks):
    """Largest difference of base, masked and drops of ablation.csv from the stored values."""
    worst = 0.0
    with open(folder / "ablation.csv", encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            task = tasks[line["task"]]
            rows = [r for r in range(len(task.strategies)) if task.strategies[r] == line["strategy"]
                    and task.budgets[r] == int(line["budget"])
                    and line["seed"] in ("", "mean", str(task.seeds[r]))]
            bases, drops = [], []
            for r in rows:
                both = np.isfinite(task.utility[0]) & np.isfinite(task.utility[r + 1])
                if task.corpus:
                    base, masked = (metrics.bleu4(task.bleu[k][both].sum(axis=0).tolist()) for k in (0, r + 1))
                else:
                    base, masked = task.utility[0][both].mean(), task.utility[r + 1][both].mean()
                bases.append(base)
                drops.append(base - masked)
            base, drop = np.mean(bases), np.mean(drops)
            worst = max(worst, abs(base - float(line["base"])), abs(drop - float(line["absolute_drop"])),
                        abs(base - drop - float(line["masked"])),
                        abs(100 * drop / base - float(line["relative_drop_percent"])))
            if not float(line["ci_low"]) <= drop <= float(line["ci_high"]) and len(both) > 20:
                print(f"note: {line['task']} {line['strategy']} {line['budget']}: the drop lies outside its interval")
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "benchmark", "ablation"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--instances", type=int, default=4)
    parser.add_argument("--queries", type=int, default=1)
    parser.add_argument("--rows", help="indices between commas; all unless given")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    with h5py.File(args.ablation / "ablation.h5") as file:
        split = json.loads(bytes(file["settings_json"][()]))["ablate.split"]
        tasks = {name: Task(group) for name, group in file["tasks"].items()}
    benchmark, reference = Benchmark(args.benchmark, split), Masked(args.model)
    reference.picture = benchmark.picture
    failed = False
    for name, task in tasks.items():
        tally = Tally()
        rows = range(len(task.strategies)) if args.rows is None else [int(r) for r in args.rows.split(",")]
        limit = args.queries if name == "retrieval" else args.instances
        for number, case in enumerate(benchmark.cases(name, min(limit, len(task.ids)))):
            if (case.image_id, case.item_id) != task.ids[number]:
                raise SystemExit(f"reference_ablation: {name} instance {number} is {case.image_id} in the benchmark, "
                                 f"{task.ids[number][0]} in ablation.h5")
            (query if name == "retrieval" else answers)(reference, task, name, case, number, rows, tally)
        print(f"{name}: {tally.cells} cells, {tally.cells - tally.small - tally.large} equal, {tally.small} differ by a small "
              f"margin, {tally.large} otherwise; max |d answer_logprob| {tally.log_prob:.1e}", *tally.lines, sep="\n")
        failed = failed or tally.failed()
    worst = check_csv(args.ablation, tasks)
    print(f"ablation.csv: largest difference from the stored values {worst:.1e}")
    return 1 if failed or worst > 1e-9 else 0


if __name__ == "__main__":
    sys.exit(main())
