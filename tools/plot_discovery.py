#!/usr/bin/env python3
"""Pictures of a discovery, and of an ablation beside it, as PNG and PDF.

    tools/plot_discovery.py results/demo --ablation results/demo-ablation --out results/figures

    heads.<task>       importance of every head, by the metric and by the plain answer's
                       log-probability, side by side
    layers             how the selected neurons spread over the layers, every task
    drop               relative drop by strategy and budget, with 95 % intervals (with --ablation)
    head_budget        drop when the best heads are replaced together, elbow marked (likewise)

Made for print in grey: maps are read by their numbers' sign and size in one diverging scale whose
halves differ in lightness, bars by hatching, lines by markers. Needs matplotlib and h5py
(tools/setup.sh --python).
"""
import argparse
import csv
import pathlib

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

METRICS = {"vqa_accuracy": "VQA accuracy", "anls": "ANLS", "bleu4": "BLEU-4", "ndcg5": "NDCG@5",
           "textvqa_accuracy": "TextVQA accuracy", "gqa_accuracy": "GQA accuracy"}
STRATEGIES = {"hones": "HONES", "hones_after_mean": "HONES, after mean", "no_head": "no head", "rand_head": "random heads",
              "random": "random neurons"}
FILLS = [("0.15", ""), ("0.45", "///"), ("0.62", "..."), ("0.78", "xx"), ("0.95", ""), ("0.95", "\\\\"), ("0.45", "--")]
MARKERS = ["o", "s", "^", "D", "v", "P"]


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def metric_name(group):
    return METRICS.get(text(group.attrs["metric"]).split(":")[0], text(group.attrs["metric"]))


def save(figure, out, name):
    for ending in ("png", "pdf"):
        figure.savefig(out / f"{name}.{ending}", dpi=160, bbox_inches="tight")
    plt.close(figure)
    print(out / f"{name}.png")


def head_map(axes, values, title, top, unit):
    layers, heads = values.shape
    largest = max(np.nanmax(np.abs(values)), 1e-12)
    # White at 0; losses dark red-brown, gains light blue: in grey they are dark and light.
    scale = matplotlib.colors.LinearSegmentedColormap.from_list("drop", [(0, "#9ecae1"), (0.5, "#ffffff"), (0.72, "#fdae6b"), (1, "#7f2704")])
    norm = matplotlib.colors.TwoSlopeNorm(0, -max(largest / 4, -min(0, np.nanmin(values))), largest)
    image = axes.imshow(values, cmap=scale, norm=norm, origin="lower", aspect="auto")
    axes.set(title=title, xlabel="head", ylabel="layer")
    axes.set_xticks(range(0, heads, max(1, heads // 8)))
    axes.set_yticks(range(0, layers, max(1, layers // 8)))
    for rank, (layer, head) in enumerate(top[:10]):
        dark = values[layer, head] > 0.6 * largest
        axes.text(head, layer, str(rank + 1), ha="center", va="center", fontsize=7, color="white" if dark else "black")
    for layer, head in np.argwhere(values < -0.02 * largest):  # in grey a gain must not look like a drop
        if (layer, head) not in [tuple(at) for at in top[:10]]:
            axes.text(head, layer, "\u2212", ha="center", va="center", fontsize=7)
    axes.figure.colorbar(image, ax=axes, label=unit)


def logprob_drop(group, layers, heads):
    values = group["heads/answer_logprob"][()].astype(np.float64)
    cell = group["heads/cell"][()]
    values[(cell != 1) & (cell != 2)] = np.nan
    with np.errstate(invalid="ignore"):
        return np.nanmean(values[:, :1] - values[:, 1:], axis=0).reshape(layers, heads)


def draw_heads(file, out):
    layers, heads = int(file.attrs["layers"]), int(file.attrs["heads"])
    for task, group in file["tasks"].items():
        figure, (left, right) = plt.subplots(1, 2, figsize=(10, 0.9 + 0.45 * min(layers, 24)))
        importance = group["heads/importance"][()]
        head_map(left, importance, "by the metric", group["heads/top"][()], f"drop of {metric_name(group)}")
        drop = logprob_drop(group, layers, heads)
        order = [divmod(int(i), heads) for i in np.argsort(-np.nan_to_num(drop, nan=-np.inf), axis=None)]
        head_map(right, drop, "by the plain answer's log-probability", order, "drop of log-probability (nats)")
        done = int((group["instances/status"][()] == 1).sum())
        figure.suptitle(f"{task}: each head replaced alone, {done} instances; the numbers are ranks, a minus: better without it", y=1.02)
        figure.subplots_adjust(wspace=0.35)
        save(figure, out, f"heads.{task}")


def draw_layers(file, out):
    layers = int(file.attrs["layers"])
    figure, axes = plt.subplots(figsize=(7, 3.2))
    tasks = list(file["tasks"].items())
    width = 0.8 / len(tasks)
    for t, (task, group) in enumerate(tasks):
        top = group["neurons/top"][()]
        counts = np.bincount(top[:, 0], minlength=layers)
        axes.bar(np.arange(layers) + (t - (len(tasks) - 1) / 2) * width, 100 * counts / max(1, len(top)), width,
                 label=f"{task} ({len(top)})", color=FILLS[t % 7][0], hatch=FILLS[t % 7][1], edgecolor="black", linewidth=0.5)
    axes.set(title="Where the selected neurons lie", xlabel="layer", ylabel="share of the task's neurons (%)")
    axes.set_xticks(range(layers) if layers <= 16 else range(0, layers, 4))
    axes.legend(title="task (neurons)", frameon=False)
    save(figure, out, "layers")


def rows_of(folder):
    with open(folder / "ablation.csv", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["seed"] in ("", "mean")]
    for row in rows:
        for name in ("base", "masked", "absolute_drop", "relative_drop_percent", "ci_low", "ci_high"):
            row[name] = float(row[name])
        row["budget"] = int(row["budget"])
    return rows


def relative(row):
    """Drop and interval in percent of the base."""
    scale = 100 / row["base"] if row["base"] else float("nan")
    return row["relative_drop_percent"], scale * row["ci_low"], scale * row["ci_high"]


def panels(tasks, height=3.0):
    columns = min(2, len(tasks))
    figure, axes = plt.subplots(-(-len(tasks) // columns), columns, squeeze=False,
                                figsize=(5 * columns, height * -(-len(tasks) // columns)))
    for spare in axes.flat[len(tasks):]:
        spare.axis("off")
    return figure, axes.flat


def draw_drops(rows, total, out):
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    rows = [row for row in rows if row["strategy"] != "heads"]
    if not rows:
        return
    strategies = list(dict.fromkeys(row["strategy"] for row in rows))
    figure, axes = panels(tasks)
    for axis, task in zip(axes, tasks):
        budgets = sorted({row["budget"] for row in rows if row["task"] == task})
        width = 0.85 / len(strategies)
        for s, strategy in enumerate(strategies):
            chosen = [row for row in rows if row["task"] == task and row["strategy"] == strategy]
            at = np.array([budgets.index(row["budget"]) for row in chosen]) + (s - (len(strategies) - 1) / 2) * width
            values = np.array([relative(row) for row in chosen])
            axis.bar(at, values[:, 0], width, color=FILLS[s % 7][0], hatch=FILLS[s % 7][1], edgecolor="black", linewidth=0.5,
                     yerr=np.maximum(0, [values[:, 0] - values[:, 1], values[:, 2] - values[:, 0]]), capsize=2,
                     error_kw={"linewidth": 0.8}, label=STRATEGIES.get(strategy, strategy))
        base = next(row["base"] for row in rows if row["task"] == task)
        axis.set_xticks(range(len(budgets)), [f"{budget}\n({100 * budget / total:.2g} %)" for budget in budgets])
        axis.axhline(0, color="black", linewidth=0.8)
        low, high = axis.get_ylim()
        axis.set_ylim(min(low, -1), max(high, 5))  # nothing dropped must look like nothing
        axis.set(title=f"{task}, unmasked {base:.3f}", xlabel="neurons masked (share of all)", ylabel="relative drop (%)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False, bbox_to_anchor=(0.5, -0.04))
    figure.suptitle(f"What masking costs on the {rows[0]['split']} split; bars: 95 % intervals over instances")
    figure.tight_layout()
    save(figure, out, "drop")


def draw_budget(rows, elbows, out):
    rows = [row for row in rows if row["strategy"] == "heads"]
    if not rows:
        return
    figure, axis = plt.subplots(figsize=(6.5, 3.6))
    for t, task in enumerate(dict.fromkeys(row["task"] for row in rows)):
        chosen = sorted((row for row in rows if row["task"] == task), key=lambda row: row["budget"])
        values = np.array([relative(row) for row in chosen])
        budgets = [row["budget"] for row in chosen]
        grey = str(0.75 * t / 4)
        axis.plot(budgets, values[:, 0], marker=MARKERS[t % 6], color=grey, markersize=4, label=task,
                  linestyle=["-", "--", "-.", ":"][t % 4])
        axis.fill_between(budgets, values[:, 1], values[:, 2], color=grey, alpha=0.12, linewidth=0)
        if task in elbows:
            at = int(np.argmin(np.abs(np.array(budgets) - elbows[task])))
            axis.plot(budgets[at], values[at, 0], marker="o", markersize=11, markerfacecolor="none", color=grey)
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set(title="The best heads replaced together; circles: elbows", xlabel="heads", ylabel="relative drop (%)")
    axis.legend(frameon=False)
    save(figure, out, "head_budget")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("discovery", type=pathlib.Path, help="folder of a discover run")
    parser.add_argument("--ablation", type=pathlib.Path, help="folder of an ablate run")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the pictures (default: DISCOVERY/figures)")
    args = parser.parse_args()
    out = args.out or args.discovery / "figures"
    file = args.discovery / "discovery.h5"
    if not file.exists():
        parser.error(f"{file} is not there: expected the folder of a finished discover run")
    out.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update({"font.size": 9, "axes.titlesize": 9, "hatch.linewidth": 0.5})
    with h5py.File(file) as discovery:
        draw_heads(discovery, out)
        draw_layers(discovery, out)
        total = int(discovery.attrs["layers"]) * int(discovery.attrs["d_ff"])
    if args.ablation:
        rows = rows_of(args.ablation)
        with h5py.File(args.ablation / "ablation.h5") as ablation:
            elbows = {task: float(group.attrs["elbow_heads"]) for task, group in ablation["tasks"].items()
                      if "elbow_heads" in group.attrs}
        draw_drops(rows, total, out)
        draw_budget(rows, elbows, out)


if __name__ == "__main__":
    main()
