#!/usr/bin/env python3
"""The forms `rows` and `prefix` of `hones_mpi bench`: the head sweep as users of transformers do
it, timed.

Started by `hones_mpi bench --forms rows,prefix`, with the model, benchmark, threads and dtype of
the run.

rows     every head replaced by a forward pre-hook; heads are the rows of a batch, whose size is the
         fastest of several tried before the clock starts; keys and values in buffers allocated
         once; fused attention; logits where they are read alone; the picture encoded once an
         instance. Answers run on until every row has ended.
prefix   retrieval only: keys and values of what the candidates' prompts share are computed once a
         batch, the rest of each prompt behind them.

Every layer costs these forms the same, so they compute --heads times the layers in cells, in
batches at different layers, and --candidates of each query's candidates; times are scaled to all
cells and candidates (the shared part of prefix only to all cells). Before anything is timed,
embeddings, buffers and hooks are held against the forward pass of the whole model.
"""
import argparse
import json
import math
import pathlib
import time

import torch
from transformers import DynamicCache

from reference import data
from reference.data import Benchmark
from reference.model import Reference

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
BATCHES = (2, 4, 8, 16)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", choices=("rows", "prefix"), required=True)
    for name in ("model", "benchmark", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--tasks", default=",".join(data.TASKS))
    parser.add_argument("--limits", default="", help="TASK=N,...: most new tokens")
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="fp32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--instances", type=int, default=1)
    parser.add_argument("--heads", type=int, default=2, help="of each layer, as a number of cells; 0: all")
    parser.add_argument("--candidates", type=int, default=5, help="of each query; 0: all")
    return parser.parse_args()


class Buffers(DynamicCache):
    """Keys and values in buffers that are written in place: nothing is copied when a sequence
    grows."""

    def __init__(self, layers: int, room: int):
        super().__init__()
        self.room, self.held = room, 0
        self.pairs: list[tuple[torch.Tensor, torch.Tensor] | None] = [None] * layers

    def update(self, keys, values, layer_idx, *args, **kwargs):
        if self.pairs[layer_idx] is None:
            shape = (*keys.shape[:2], self.room, keys.shape[3])
            self.pairs[layer_idx] = (keys.new_empty(shape), values.new_empty(shape))
        end = self.held + keys.shape[2]
        for buffer, fresh in zip(self.pairs[layer_idx], (keys, values)):
            buffer[:, :, self.held:end] = fresh
        if layer_idx == len(self.pairs) - 1:
            self.held = end
        return tuple(buffer[:, :, :end] for buffer in self.pairs[layer_idx])

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return self.held

    def get_mask_sizes(self, query_length, layer_idx: int = 0):
        length = query_length if isinstance(query_length, int) else query_length.shape[0]
        return self.held + length, 0


class Rival:
    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.reference = Reference(args.model, "sdpa")
        self.reference.model.to(DTYPES[args.dtype])
        self.model, self.language = self.reference.model, self.reference.language
        for layer in self.language.layers:  # the reference's own hook is written to be read
            layer.self_attn.o_proj._forward_pre_hooks.clear()
        self.layers, self.heads = self.reference.layers, self.reference.heads
        self.replaced: tuple[int, list[int]] | None = None
        for index, layer in enumerate(self.language.layers):
            layer.self_attn.o_proj.register_forward_pre_hook(self._hook(index))
        text = self.model.config.text_config
        width, queries = text.hidden_size, self.heads * text.head_dim
        key_values = text.num_key_value_heads * text.head_dim
        self.position = 2 * width * (2 * queries + 2 * key_values + 3 * text.intermediate_size)
        self.pair, self.head = 4 * queries, 2 * width * text.vocab_size

    def _hook(self, layer: int):
        def replace(module, args):
            if self.replaced is None or self.replaced[0] != layer:
                return None
            z = args[0].unflatten(-1, (self.heads, -1)).clone()  # [rows, T, H, Dh]
            rows, heads = torch.arange(len(z)), torch.tensor(self.replaced[1])
            own = z[rows, :, heads]
            z[rows, :, heads] = (z.sum(dim=2) - own) / (self.heads - 1)
            return (z.flatten(-2),)
        return replace

    # ---- the model ----

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        found = self.model.get_image_features(pixel_values=pixels.to(self.model.dtype))
        found = getattr(found, "pooler_output", found)
        return torch.cat(list(found)) if isinstance(found, (list, tuple)) else found.flatten(0, -2)

    def embed(self, ids: list[int], features: torch.Tensor | None) -> torch.Tensor:
        row = torch.tensor([ids])
        embeds = self.model.get_input_embeddings()(row)
        if features is not None:
            embeds[row == self.model.config.image_token_id] = features
        return embeds

    def next_ids(self, embeds: torch.Tensor, cache: Buffers | None) -> torch.Tensor:
        seen = self.language(inputs_embeds=embeds, past_key_values=cache, use_cache=cache is not None).last_hidden_state
        return self.model.lm_head(seen[:, -1]).float()

    def answers(self, prompt: torch.Tensor, rows: int, limit: int) -> list[list[int]]:
        cache = Buffers(self.layers, prompt.shape[1] + limit)
        best = self.next_ids(prompt.expand(rows, -1, -1), cache).argmax(-1)
        found = [[int(token)] for token in best]
        while len(found[0]) < limit and not all(self.reference.eos & set(ids) for ids in found):
            best = self.next_ids(self.model.get_input_embeddings()(best[:, None]), cache).argmax(-1)
            for ids, token in zip(found, best):
                ids.append(int(token))
        return [self.reference.until_end(ids) for ids in found]

    def through(self, begin: int, end: int) -> float:
        """FLOPs of the matrix products of positions [begin, end) of a causal sequence."""
        pairs = (end * (end + 1) - begin * (begin + 1)) / 2
        return self.layers * ((end - begin) * self.position + pairs * self.pair)

    # ---- what is timed ----

    def batches(self, rows: int, cells: int):
        """Rows of heads at different layers, as many as there are cells to compute."""
        for number in range(math.ceil(cells / rows)):
            yield number % self.layers, [(number // self.layers * rows + row) % self.heads for row in range(rows)]

    def fastest(self, once) -> int:
        """The batch size with the least CPU time a row."""
        sizes = [size for size in BATCHES if size <= self.heads and size <= self.cells()] or [1]
        costs = {}
        for size in sizes:
            begin = time.process_time()
            once(size)
            costs[size] = (time.process_time() - begin) / size
        return min(costs, key=costs.get)

    def cells(self) -> int:
        wanted = self.args.heads or self.heads
        return self.layers * min(wanted, self.heads)

    def case(self, case, benchmark: Benchmark, limit: int, form: str) -> dict:
        args = self.args
        pixels = self.reference.pixels(benchmark.picture(case))
        texts = case.texts if len(case.texts) == 1 else case.texts[:args.candidates or None]
        prompts = [self.reference.prompt_ids(text) for text in texts]
        shared = min(len(ids) for ids in prompts) - 1
        while any(ids[:shared] != prompts[0][:shared] for ids in prompts):
            shared -= 1
        spent = {"shared": 0.0, "own": 0.0, "picture": 0.0}
        clock = {key: 0.0 for key in spent}
        flops = {"shared": 0.0, "own": 0.0}

        def timed(part: str, run):
            cpu, wall = time.process_time(), time.monotonic()
            value = run()
            spent[part] += time.process_time() - cpu
            clock[part] += time.monotonic() - wall
            return value

        features = timed("picture", lambda: self.features(self.reference.pixels(benchmark.picture(case))))
        embeds = timed("picture", lambda: [self.embed(ids, features) for ids in prompts])
        self._check(prompts[0], pixels, embeds[0], shared)

        def generate(rows: int):
            for ids in self.answers(embeds[0], rows, limit):
                flops["own"] += self.through(0, len(prompts[0]) + len(ids) - 1) + len(ids) * self.head

        def ranked(rows: int):
            for prompt in embeds:
                self.next_ids(prompt.expand(rows, -1, -1), None)
                flops["own"] += rows * (self.through(0, prompt.shape[1]) + self.head)

        def trunk(rows: int) -> Buffers:
            cache = Buffers(self.layers, max(len(ids) for ids in prompts))
            self.next_ids(embeds[0][:, :shared].expand(rows, -1, -1), cache)
            flops["shared"] += rows * self.through(0, shared)
            return cache

        def behind(rows: int, cache: Buffers):
            for prompt in embeds:
                cache.held = shared
                self.next_ids(prompt[:, shared:].expand(rows, -1, -1), cache)
                flops["own"] += rows * (self.through(shared, prompt.shape[1]) + self.head)

        if form == "prefix":
            rows = self.fastest(lambda size: behind(size, trunk(size)))
        else:
            once = generate if len(case.texts) == 1 else ranked
            rows = self.fastest(once)
        flops.update(shared=0.0, own=0.0)
        done = 0
        for layer, heads in self.batches(rows, self.cells()):
            self.replaced = (layer, heads)
            if form == "prefix":
                cache = timed("shared", lambda: trunk(rows))
                timed("own", lambda: behind(rows, cache))
            else:
                timed("own", lambda: once(rows))
            self.replaced = None
            done += rows
        all_cells = 1 + self.layers * self.heads
        scale = all_cells / done
        own = scale * len(case.texts) / len(texts)
        return {"cells": all_cells, "cells_measured": done, "batch": rows,
                "cpu_seconds": spent["picture"] + scale * spent["shared"] + own * spent["own"],
                "seconds": clock["picture"] + scale * clock["shared"] + own * clock["own"],
                "useful_flops": scale * flops["shared"] + own * flops["own"]}

    def _check(self, ids: list[int], pixels: torch.Tensor, embeds: torch.Tensor, shared: int) -> None:
        """What is timed computes what the whole model does."""
        whole = self.model(input_ids=torch.tensor([ids]), pixel_values=pixels.to(self.model.dtype), use_cache=False).logits[0, -1]
        cache = Buffers(self.layers, len(ids))
        self.next_ids(embeds[:, :shared], cache)
        parts = self.next_ids(embeds[:, shared:], cache)[0]
        tolerance = 1e-3 if self.model.dtype == torch.float32 else 0.25
        if not torch.allclose(whole.float(), parts, atol=tolerance, rtol=tolerance):
            raise SystemExit(f"reference_bench: logits differ from the whole model's by {float((whole - parts).abs().max())}")


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    rival, benchmark = Rival(args), Benchmark(args.benchmark)
    limits = dict(pair.split("=") for pair in args.limits.split(",") if pair)
    rows = []
    for task in args.tasks.split(","):
        if args.form == "prefix" and task != "retrieval":
            continue
        cases = [rival.case(case, benchmark, int(limits.get(task, 24)), args.form)
                 for case in benchmark.cases(task, args.instances)]
        row = {"task": task, "form": args.form, "instances": len(cases), "batch": cases[0]["batch"]}
        for name in ("cells", "cells_measured", "cpu_seconds", "seconds", "useful_flops"):
            row[name] = sum(case[name] for case in cases)
        if task == "retrieval" and args.candidates:
            row["candidates_measured"] = args.candidates
        rows.append(row)
    args.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
