#!/usr/bin/env python3
"""The tables of tools/study.sh as Markdown, from its folders.

    tools/study_table.py results/study
"""
import csv
import pathlib
import sys

NAMES = {"hones": "hones", "hones_after_mean": "after mean", "no_head": "no_head", "rand_head": "rand_head", "random": "random"}


def rows(file):
    with open(file, encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def drop(row):
    base = float(row["base"])
    percent = [100 * float(row[name]) / base for name in ("absolute_drop", "ci_low", "ci_high")]
    return f"{percent[0]:.1f} [{percent[1]:.1f}, {percent[2]:.1f}]"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    main_rows = [row for row in rows(folder / "ablate/ablation.csv") if row["seed"] in ("", "mean")]
    tasks = list(dict.fromkeys(row["task"] for row in main_rows))
    neurons = [row for row in main_rows if row["strategy"] != "heads"]
    budgets = sorted({int(row["budget"]) for row in neurons})

    print("Relative drop in percent [95 % interval] by neurons masked:\n")
    print("| task (unmasked) | neurons | " + " | ".join(NAMES.values()) + " |")
    print("|---" * (2 + len(NAMES)) + "|")
    for task in tasks:
        for budget in budgets:
            found = {row["strategy"]: row for row in neurons if row["task"] == task and int(row["budget"]) == budget}
            print(f"| {task} ({float(found['hones']['base']):.3f}) | {budget} | "
                  + " | ".join(drop(found[name]) for name in NAMES) + " |")

    print("\nHow much more absolute drop `hones` costs than the other [paired 95 % interval], p:\n")
    comparisons = rows(folder / "ablate/comparisons.csv")
    others = [name for name in NAMES if name != "hones"]
    print("| task | neurons | " + " | ".join(f"than {NAMES[name]}" for name in others) + " |")
    print("|---" * (2 + len(others)) + "|")
    for task in tasks:
        for budget in budgets:
            found = {row["against"]: row for row in comparisons
                     if row["task"] == task and int(row["budget"]) == budget and row["strategy"] == "hones"}
            print(f"| {task} | {budget} | " + " | ".join(
                f"{float(found[name]['difference']):+.3f} [{float(found[name]['ci_low']):+.3f}, "
                f"{float(found[name]['ci_high']):+.3f}], {float(found[name]['p_two_sided']):.3g}" for name in others) + " |")

    print("\nBest heads replaced together, relative drop in percent:\n")
    heads = [row for row in main_rows if row["strategy"] == "heads"]
    ks = sorted({int(row["budget"]) for row in heads})
    print("| task | " + " | ".join(map(str, ks)) + " |")
    print("|---" * (1 + len(ks)) + "|")
    for task in tasks:
        found = {int(row["budget"]): row for row in heads if row["task"] == task}
        print(f"| {task} | " + " | ".join(f"{float(found[k]['relative_drop_percent']):.0f}" for k in ks) + " |")

    print("\nVariants: relative drop in percent, `hones` / after mean:\n")
    variants = {"main": "ablate", **{name.name.removeprefix("ablate-"): name.name
                                     for name in sorted(folder.glob("ablate-*")) if (name / "ablation.csv").exists()}}
    some = [budget for budget in budgets if budget != budgets[1]]
    print("| variant | " + " | ".join(f"{task} {budget}" for task in tasks for budget in some) + " |")
    print("|---" * (1 + len(tasks) * len(some)) + "|")
    for name, where in variants.items():
        values = {(row["task"], int(row["budget"]), row["strategy"]): float(row["relative_drop_percent"])
                  for row in rows(folder / where / "ablation.csv") if row["seed"] == ""}
        print(f"| {name} | " + " | ".join(
            f"{values[task, budget, 'hones']:.1f} / {values[task, budget, 'hones_after_mean']:.1f}"
            for task in tasks for budget in some) + " |")


if __name__ == "__main__":
    main()
