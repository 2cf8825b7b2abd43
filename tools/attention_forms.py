#!/usr/bin/env python3
"""Forms of attention over a prompt tree, timed: why the engine attends as it does
(docs/performance.md).

    tools/attention_forms.py [--heads 16] [--dim 32] [--rows 4] [--trunk 590] [--branches 50]
                             [--length 35] [--threads 1]

    merged    fused attention over the trunk and over the own branch, combined by their log-sum-exp
              (the engine's)
    masked    fused attention over everything under the tree's mask: pairs that see nothing of each
              other are computed and dropped
    scores    softmax(q k' + mask) v with all scores in memory
    separate  every branch with the trunk in front of it, as a prompt of its own

Milliseconds of CPU a layer and row, the best of several; the largest difference to `scores`; what a
row holds beside q, k, v and the result.
"""

import argparse
import time

import torch
from torch.nn.functional import scaled_dot_product_attention

flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


def tree_mask(trunk, branches, length):
    total = trunk + branches * length
    allowed = torch.zeros(total, total, dtype=torch.bool)
    allowed[:, :trunk] = True
    allowed[:trunk, :trunk] = torch.ones(trunk, trunk, dtype=torch.bool).tril()
    for b in range(branches):
        begin = trunk + b * length
        allowed[begin:begin + length, begin:begin + length] = torch.ones(length, length, dtype=torch.bool).tril()
    return torch.zeros(total, total).masked_fill(~allowed, float("-inf"))


def merged(q, k, v, trunk, branches, length):
    rows, heads, total, dim = q.shape
    head = flash(q[:, :, :trunk], k[:, :, :trunk], v[:, :, :trunk], 0.0, True)[0]
    if total == trunk:
        return head
    to_trunk, to_trunk_sum = flash(q[:, :, trunk:], k[:, :, :trunk], v[:, :, :trunk], 0.0, False)

    def by_branch(x):
        return x[:, :, trunk:].unflatten(2, (branches, length)).transpose(1, 2).reshape(rows * branches, heads, length, dim)

    own, own_sum = flash(by_branch(q), by_branch(k), by_branch(v), 0.0, True)
    own = own.unflatten(0, (rows, branches)).transpose(1, 2).reshape(rows, heads, -1, dim)
    own_sum = own_sum.unflatten(0, (rows, branches)).transpose(1, 2).reshape(rows, heads, -1)
    share = torch.sigmoid(to_trunk_sum - own_sum).unsqueeze(-1)
    return torch.cat([head, torch.lerp(own, to_trunk, share)], 2)


def separate(q, k, v, trunk, branches, length):
    rows, heads, _, dim = q.shape
    parts = []
    for b in range(branches):
        begin = trunk + b * length
        at = torch.cat([torch.arange(trunk), torch.arange(begin, begin + length)])
        parts.append(flash(q[:, :, at], k[:, :, at], v[:, :, at], 0.0, True)[0][:, :, trunk:])
    return torch.cat([flash(q[:, :, :trunk], k[:, :, :trunk], v[:, :, :trunk], 0.0, True)[0], *parts], 2)


def scores(q, k, v, mask):
    return torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + mask, -1) @ v


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in [("heads", 16), ("dim", 32), ("rows", 4), ("trunk", 590), ("branches", 50), ("length", 35), ("threads", 1)]:
        parser.add_argument("--" + name, type=int, default=value)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    total = args.trunk + args.branches * args.length
    q, k, v = (torch.randn(args.rows, args.heads, total, args.dim) for _ in range(3))
    mask = tree_mask(args.trunk, args.branches, args.length)
    shape = (args.trunk, args.branches, args.length)
    sizes = {"merged": 3 * (total - args.trunk) * args.heads * args.dim, "masked": mask.numel() / args.rows,
             "scores": args.heads * total * total, "separate": (args.trunk + args.length) * args.heads * args.dim * 3}
    forms = {"merged": lambda: merged(q, k, v, *shape), "masked": lambda: scaled_dot_product_attention(q, k, v, mask),
             "scores": lambda: torch.cat([scores(q[r:r + 1], k[r:r + 1], v[r:r + 1], mask) for r in range(args.rows)]),
             "separate": lambda: separate(q, k, v, *shape)}
    with torch.inference_mode():
        expected = forms["scores"]()
        print(f"{args.trunk} + {args.branches} x {args.length} positions, {args.heads} heads of {args.dim}, {args.rows} rows, fp32")
        for name, form in forms.items():
            difference = (form() - expected).abs().max().item()
            best = float("inf")
            for _ in range(5):
                start = time.process_time()
                form()
                best = min(best, time.process_time() - start)
            print(f"{name:9s} {1000 * best / args.rows:8.2f} ms   difference {difference:.1e}   {4 * sizes[name] / 2**20:8.1f} MiB a row")


if __name__ == "__main__":
    main()
