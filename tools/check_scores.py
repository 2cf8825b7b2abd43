#!/usr/bin/env python3
"""Compares `hones_mpi score` with pycocoevalcap (BLEU, with its tokenizer) and with scikit-learn
(NDCG) on drawn data.

    tools/check_scores.py [--program build/release/hones_mpi] [--sets 600] [--queries 600]
                          [--seed 3407]

Needs java (Debian: default-jre-headless) and from PyPI pycocoevalcap, scikit-learn. Ends with 1
when anything differs by more than 1e-9, for BLEU relative to the value.
"""
import argparse
import contextlib
import io
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
from sklearn.metrics import ndcg_score

from fixtures import ptb

TOLERANCE = 1e-9
WORDS = """a the two three red large small man woman dog cat bus train kite pizza surfboard street park table holds rides eats sits stands
walks on in near next to of with and is are wearing looking at his her white black young group people""".split()


def caption(rng: random.Random) -> str:
    """Plain words with the punctuation of captions; one in five of awkward pieces."""
    if rng.random() < 0.2:
        return ptb.line(rng) or "a"
    words = rng.choices(WORDS, k=rng.randint(3, 14))
    if rng.random() < 0.2:
        words[rng.randrange(len(words))] += rng.choice([",", "'s", ".", " -", "-shirt", "n't", '"', ";", " (", ")"])
    text = " ".join(words)
    return rng.choice([text, text.capitalize(), text.capitalize() + ".", text + " .", f" {text} "])


def altered(text: str, rng: random.Random) -> str:
    """A hypothesis near a reference, so that 4-grams match."""
    words = text.split()
    for _ in range(rng.randint(0, 3)):
        words[rng.randrange(len(words))] = rng.choice(WORDS)
    return " ".join(words[: rng.randint(max(1, len(words) - 3), len(words))])


def score(program: str, metric: str, predictions: list[dict], references: list[dict]) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, lines in (("predictions", predictions), ("references", references)):
            files.append(pathlib.Path(folder) / f"{name}.jsonl")
            files[-1].write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        command = [program, "score", "--metric", metric, "--predictions", files[0], "--references", files[1], "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Tally:
    def __init__(self, what: str):
        self.what, self.values, self.wrong, self.largest = what, 0, 0, 0.0

    def compare(self, ours: float, theirs: float, relative: bool) -> None:
        difference = abs(ours - theirs) / (abs(theirs) if relative and theirs else 1.0)
        self.values += 1
        self.wrong += not difference <= TOLERANCE
        self.largest = max(self.largest, difference)

    def report(self) -> bool:
        print(f"{self.what}: {self.values} values, {self.wrong} differ, largest difference {self.largest:.1e}")
        return self.wrong == 0


def check_bleu(program: str, sets: int, rng: random.Random) -> bool:
    references = {number: [caption(rng) for _ in range(5)] for number in range(sets)}
    hypotheses = {number: altered(rng.choice(texts), rng) if rng.random() < 0.8 else caption(rng) for number, texts in references.items()}
    tokenizer = PTBTokenizer()
    with contextlib.redirect_stderr(io.StringIO()):
        wanted = tokenizer.tokenize({number: [{"caption": text} for text in texts] for number, texts in references.items()})
        said = tokenizer.tokenize({number: [{"caption": text}] for number, text in hypotheses.items()})
    corpus, sentences = Bleu(4).compute_score(wanted, said, verbose=0)
    ours = score(program, "bleu4:sentence:lines", [{"id": number, "prediction": text} for number, text in hypotheses.items()],
                 [{"id": number, "references": texts} for number, texts in references.items()])
    of_corpus, of_sentences = Tally(f"corpus BLEU-1 to 4 of {sets} caption sets"), Tally("sentence BLEU-4")
    for order, value in enumerate(corpus, 1):
        of_corpus.compare(ours["parts"][f"corpus_bleu{order}"], value, relative=True)
    for item, value in zip(ours["items"], sentences[3], strict=True):
        of_sentences.compare(item["value"], value, relative=True)
    print(f"corpus BLEU-4 {corpus[3]:.6f}, {sum(value > 0.01 for value in sentences[3])} sentences above 0.01")
    return of_corpus.report() & of_sentences.report()


def check_ndcg(program: str, queries: int, rng: random.Random) -> bool:
    predictions, references, tally = [], [], Tally("NDCG@5, ties averaged")
    values = []
    for number in range(queries):
        size = rng.choice([5, 10, 50])
        scores = [rng.choice([rng.random(), rng.randint(0, 3) / 4]) for _ in range(size)]
        relevance = [int(rng.random() < 0.1) * rng.randint(1, 3) for _ in range(size)]
        relevance[rng.randrange(size)] = 1
        predictions.append({"id": number, "scores": scores})
        references.append({"id": number, "relevance": relevance})
        values.append(ndcg_score([np.exp2(relevance) - 1], [scores], k=5))
    ours = score(program, "ndcg5:tie_average", predictions, references)
    for item, value in zip(ours["items"], values, strict=True):
        tally.compare(item["value"], value, relative=False)
    tally.compare(ours["value"], float(np.mean(values)), relative=False)
    print(f"{ours['parts']['queries_with_ties']:.0f} of {queries} queries have ties")
    return tally.report()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/hones_mpi")
    parser.add_argument("--sets", type=int, default=600)
    parser.add_argument("--queries", type=int, default=600)
    parser.add_argument("--seed", type=int, default=3407)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    good = check_bleu(options.program, options.sets, rng)
    return 0 if check_ndcg(options.program, options.queries, rng) & good else 1


if __name__ == "__main__":
    sys.exit(main())
