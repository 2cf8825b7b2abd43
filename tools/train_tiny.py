#!/usr/bin/env python3
"""Trains checkpoints/tiny-llava on scenes of `hones_mpi synth`.

    hones_mpi synth --images 60000 --seed 20261 --near-twins 0.35 --out scenes
    hones_mpi synth --images 640 --seed 20262 --near-twins 0.35 --out validation
    tools/train_tiny.py --scenes scenes --validation validation --state state --minutes 50 \\
        --out checkpoints/tiny-llava

    # goes on from a checkpoint, with its tokenizer
    tools/train_tiny.py --from checkpoints/tiny-llava --rate 0.4 ...
    # with a new one: printed words in longer pieces
    tools/train_tiny.py --from checkpoints/tiny-llava --letters 3 ...
    # its FFN neurons drawn anew
    tools/train_tiny.py --from checkpoints/tiny-llava --new-neurons --seed 2 ...

It may be stopped at any time: called again with the same --state folder it goes on. The learning
rate falls with the time used, so --minutes is kept on a busy machine too. Two one-thread processes
average their gradients: on two cores that is several times faster than one process with two
threads.

On a busy Linux machine `nice` and `renice` may do nothing: with kernel.sched_autogroup_enabled = 1
the processor is shared equally between sessions first, and what counts is the session's own
priority, /proc/PID/autogroup.
"""
import argparse
import ctypes.util
import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path


PENALTIES = (0.05, 0.05, 0.1, 0.2)  # routing, sparsity, early, bulk


def four_numbers(text):
    numbers = tuple(map(float, text.split(",")))
    if len(numbers) != len(PENALTIES):
        raise argparse.ArgumentTypeError(f"{text}: expected four numbers")
    return numbers


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, help="folder of training scenes")
    parser.add_argument("--validation", type=Path, help="folder of other scenes, for the learning curve")
    parser.add_argument("--state", type=Path, required=True, help="folder for arrays, the training state and the curve")
    parser.add_argument("--from", dest="begin", type=Path, help="checkpoint whose weights and tokenizer a new state begins with")
    parser.add_argument("--letters", type=int, help="most letters of a piece of a printed word, in a tokenizer of its own "
                        "(default: that of --from, else 1)")
    parser.add_argument("--new-neurons", action="store_true", help="draw the FFN neurons of the decoder anew, from --seed, and "
                        "keep all else of --from")
    parser.add_argument("--minutes", type=float, default=50.0, help="training time, over all calls (min)")
    parser.add_argument("--batch", type=int, default=12, help="scenes a step and process")
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rates, for a training that goes on")
    parser.add_argument("--boxes", type=float, default=0.6, help="share of the pictures with a box to read")
    parser.add_argument("--words", type=float, default=0.0, help="share of the questions that ask whether a word is printed "
                        "(0: as the scenes have them)")
    parser.add_argument("--central", type=float, default=0.0, help="share of the pictures described by the caption that the "
                        "others cover best, the rest by any of the five")
    parser.add_argument("--pairs", type=int, default=1, help="pairs of a true and a false candidate of each picture (1 to 4)")
    parser.add_argument("--penalties-from", type=float, default=0.8, help="share of the time after which the penalties act")
    parser.add_argument("--penalties", type=four_numbers, default=PENALTIES,
                        metavar="R,S,D,B", help="weights of the penalties: routing, sparsity, early, bulk (%(default)s)")
    parser.add_argument("--neurons", type=int, default=512, help="FFN neurons of a decoder layer")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the checkpoint here at the end")
    parser.add_argument("--export", action="store_true", help="write the checkpoint of the state there is, train nothing")
    args = parser.parse_args()
    if args.new_neurons and not args.begin:
        parser.error("--new-neurons: only with --from, which says what is kept")
    if args.begin and not (args.begin / "model.safetensors").exists():
        parser.error(f"--from: {args.begin}/model.safetensors: no such file; expected a checkpoint that --out has written")
    if args.export and not args.out:
        parser.error("--export: expected --out, where the checkpoint goes")
    if not args.export and not (args.scenes and args.validation):
        parser.error("expected --scenes and --validation, folders of `hones_mpi synth`")
    return args


def with_tcmalloc():
    """Starts this program again with tcmalloc in front of malloc: four times faster, since glibc
    gives every large tensor back to the system."""
    library = ctypes.util.find_library("tcmalloc_minimal")
    if library is None:
        print("tcmalloc was not found (Debian: libtcmalloc-minimal4): training will be several times slower.")
    elif "tcmalloc" not in os.environ.get("LD_PRELOAD", ""):
        os.environ["LD_PRELOAD"] = library
        os.environ["TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD"] = str(1 << 40)
        os.execv(sys.executable, [sys.executable, *sys.argv])


VISION_ALONE = 0.05   # share of the time in which the vision tower learns alone from dense labels
SAVE_EVERY, VALIDATE_EVERY = 120.0, 180.0  # s


def rate(share):
    return min(1.0, share / 0.01 + 0.02) * max(0.0, 1.0 - share)


def penalty_weights(share, start, full):
    return [w * min(1.0, max(0.0, (share - start) / 0.1)) for w in full]


def work(rank, args):
    import numpy as np
    import torch
    import torch.distributed as dist

    from tiny import data, losses, prompts, tokenizer
    from tiny.model import Model
    from tiny.optim import Optimiser

    torch.set_num_threads(1)
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29517")
    dist.init_process_group("gloo", rank=rank, world_size=args.processes)
    words = tokenizer.Words(args.state / "tokenizer.json")
    torch.manual_seed(args.seed)
    model = Model([1, *words.whole(prompts.BEFORE_IMAGE)], args.neurons)
    if args.begin:
        from tiny import export as checkpoint
        checkpoint.load(model, args.begin, args.state / "tokenizer.json", args.new_neurons)
    optimiser = Optimiser(model)
    training, validation = data.Data(args.state / "training", words), data.Data(args.state / "validation", words)
    used, step = 0.0, 0
    state_file = args.state / "state.pt"
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        optimiser.load(state["optimiser"])
        used, step = state["used"], state["step"]

    def say(line):
        if rank == 0:
            print(f"{used / 60:6.1f} min  step {step:5d}  {line}", flush=True)

    def save():
        temporary = state_file.with_suffix(".tmp")
        torch.save({"optimiser": optimiser.state(), "used": used, "step": step}, temporary)
        os.replace(temporary, state_file)

    say(f"{sum(p.numel() for p in model.parameters()):,} parameters, {training.size:,} scenes, "
        f"{args.processes} processes of {args.batch} scenes")
    budget = args.minutes * 60
    last = time.monotonic()
    next_save, next_validation = used + SAVE_EVERY, used + VALIDATE_EVERY
    recent = {}
    while used < budget:
        share = used / budget
        generator = np.random.default_rng([args.seed, step, rank])
        batch = data.Batch(training, generator.choice(training.size, args.batch, replace=False), generator,
                           args.boxes, args.pairs, args.words, args.central)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = model.features(batch.pixels)
            loss = losses.dense_loss(model, features, batch)
            parts = {"dense": loss}
            if args.begin or share >= VISION_ALONE:
                weight = 0.06 if args.begin else 0.3 + (0.06 - 0.3) * (share - VISION_ALONE) / (1 - VISION_ALONE)
                answers, more = losses.answer_loss(model, features, batch, penalty_weights(share, args.penalties_from, args.penalties))
                loss = weight * loss + answers
                parts |= more
        loss.backward()
        optimiser.step(args.rate * rate(share))
        step += 1
        now = time.monotonic()
        clock = torch.tensor([used + now - last])
        dist.broadcast(clock, 0)
        used, last = float(clock), now
        for name, value in parts.items():
            recent.setdefault(name, []).append(float(value.detach()))
        if step % 50 == 0:
            say("  ".join(f"{k} {sum(v) / len(v):.3f}" for k, v in recent.items()))
            recent = {}
        if rank == 0 and (used >= next_validation or used >= budget):
            next_validation = used + VALIDATE_EVERY
            scores = validate(model, optimiser, validation)
            say("validation  " + "  ".join(f"{k} {v:.3f}" for k, v in scores.items()))
            with open(args.state / "curve.jsonl", "a", encoding="utf-8") as curve:
                curve.write(json.dumps({"minutes": round(used / 60, 2), "step": step,
                                        "scenes": step * args.batch * args.processes, **scores}) + "\n")
        if rank == 0 and (used >= next_save or used >= budget):
            next_save = used + SAVE_EVERY
            save()
    dist.barrier()
    dist.destroy_process_group()


def validate(model, optimiser, validation, scenes=192):
    """Teacher-forced shares of right answers with the averaged weights; every token of an answer
    must be right."""
    import numpy as np
    import torch

    from tiny import data
    current = optimiser.weights.clone()
    optimiser.weights.copy_(optimiser.average)
    counts = {}
    names = ["vqa", "ocr", "caption", "retrieval"]
    with torch.no_grad():
        for start in range(0, scenes, 16):
            batch = data.Batch(validation, np.arange(start, start + 16) % validation.size, np.random.default_rng(start))
            groups = batch.groups
            ids = [torch.from_numpy(g["ids"]) for g in groups]
            everything = torch.ones(16, sum(i[0].numel() for i in ids), dtype=torch.bool)
            hidden, _ = model.decode(model.features(batch.pixels), ids, everything)
            guesses = model.decoder.lm_head(model.decoder.norm(hidden)).argmax(-1).view(16, -1)
            offset = 0
            for group, i in zip(groups, ids):
                size = i[0].numel()
                labels = torch.from_numpy(group["labels"])
                part = guesses[:, offset:offset + size].view_as(labels)
                right = ((part == labels) | (labels < 0)).all(-1)
                for task, value in zip(group["tasks"].flatten(), right.flatten().tolist()):
                    counts.setdefault(names[task], []).append(value)
                offset += size
    optimiser.weights.copy_(current)
    return {name: sum(v) / len(v) for name, v in sorted(counts.items())}


def keep_beginning(args):
    """What a state began with stays its own: another beginning would be taken for granted and
    change nothing."""
    weights = args.begin and hashlib.sha256((args.begin / "model.safetensors").read_bytes()).hexdigest()
    beginning = {"from": weights, "letters": args.letters, "new_neurons": args.new_neurons, "neurons": args.neurons}
    file = args.state / "beginning.json"
    if not file.exists():
        file.write_text(json.dumps(beginning) + "\n")
        return
    before = json.loads(file.read_text())
    for name, value in beginning.items():
        if before[name] != value:
            sys.exit(f"train_tiny.py: {file}: this state began with {name} = {before[name]}, not {value}: give the same "
                     "again, or another --state")


def prepare(args):
    from tiny import data, tokenizer
    args.state.mkdir(parents=True, exist_ok=True)
    keep_beginning(args)
    if not (args.state / "tokenizer.json").exists():
        if args.begin and not args.letters:
            shutil.copyfile(args.begin / "tokenizer.json", args.state / "tokenizer.json")
        else:
            tokenizer.save(data.load(args.scenes), args.state / "tokenizer.json", args.letters or 1)
    words = tokenizer.Words(args.state / "tokenizer.json")
    # Arrays hold token ids: those of another tokenizer would train a model that never meets its own
    # pieces.
    digest = hashlib.sha256((args.state / "tokenizer.json").read_bytes()).hexdigest()
    for name, folder in (("training", args.scenes), ("validation", args.validation)):
        done = args.state / name / "done"
        if not done.exists() or done.read_text() != digest:
            data.prepare(folder, args.state / name, words)
            done.write_text(digest)


def export(args):
    import torch

    from tiny import export as checkpoint
    from tiny import prompts, tokenizer
    from tiny.model import Model
    words = tokenizer.Words(args.state / "tokenizer.json")
    state = torch.load(args.state / "state.pt", weights_only=True)
    model = Model([1, *words.whole(prompts.BEFORE_IMAGE)], args.neurons)
    start = 0
    for parameter in model.parameters():
        parameter.data.copy_(state["optimiser"]["average"][start:start + parameter.numel()].view_as(parameter))
        start += parameter.numel()
    checkpoint.save(model, args.state / "tokenizer.json", args.out)
    print(f"{args.out}: after {state['used'] / 60:.1f} min and {state['step']} steps")


def main():
    args = arguments()
    if args.export:
        return export(args)
    with_tcmalloc()
    prepare(args)
    import torch.multiprocessing
    torch.multiprocessing.spawn(work, (args,), args.processes)
    if args.out:
        export(args)


if __name__ == "__main__":
    main()
