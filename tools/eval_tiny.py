#!/usr/bin/env python3
"""Scores a LLaVA checkpoint on scenes of `hones_mpi synth` with Hugging Face's own classes, in
fp32, greedily.

    tools/eval_tiny.py --checkpoint checkpoints/tiny-llava --scenes test --json scores.json

Prompts are those of the program (tools/tiny/prompts.py). Every score is computed with the pictures,
and again with pictures of one grey: what is left then was guessed from the question.
"""
import argparse
import collections
import json
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image

from tiny import data, metrics, prompts

NEW_TOKENS = 24
CANDIDATES = 50
GREY = 128


class Judge:
    def __init__(self, folder, batch):
        self.model = transformers.LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        self.images = transformers.CLIPImageProcessorPil.from_pretrained(folder)
        self.batch = batch
        self.image_token = "<image>" * self.model.config.image_seq_length
        self.yes = self.tokenizer("Yes", add_special_tokens=False).input_ids[0]
        last = self.model.model.language_model.layers[-1]
        last.post_attention_layernorm.register_forward_pre_hook(self.keep)

    def keep(self, _, inputs):
        """What the last layer's neurons meet, at the last prompt position of every row."""
        if inputs[0].shape[1] > 1:
            self.met = inputs[0][:, -1]

    def early_logits(self):
        """What the head reads there."""
        return self.model.lm_head(self.model.model.language_model.norm(self.met))

    def encode(self, prompt):
        return self.tokenizer("USER: " + self.image_token + prompt).input_ids

    def inputs(self, rows):
        """Left-padded batch of (pixels, token ids)."""
        longest = max(len(ids) for _, ids in rows)
        pad = self.model.config.text_config.pad_token_id
        ids = torch.tensor([[pad] * (longest - len(i)) + i for _, i in rows])
        mask = torch.tensor([[0] * (longest - len(i)) + [1] * len(i) for _, i in rows])
        pixels = self.images([Image.fromarray(p) for p, _ in rows], return_tensors="pt").pixel_values
        return {"input_ids": ids, "attention_mask": mask, "pixel_values": pixels}

    @torch.no_grad()
    def answers(self, items):
        """items: (pixels, prompt) pairs; the generated texts, and the share of first tokens that
        the head reads as they are already before the last layer's neurons."""
        order = sorted(range(len(items)), key=lambda i: len(items[i][1]))
        result, early = [""] * len(items), 0
        for start in range(0, len(order), self.batch):
            chosen = order[start:start + self.batch]
            inputs = self.inputs([(items[i][0], self.encode(items[i][1])) for i in chosen])
            out = self.model.generate(**inputs, max_new_tokens=NEW_TOKENS, do_sample=False)
            new = out[:, inputs["input_ids"].shape[1]:]
            early += int((self.early_logits().argmax(-1) == new[:, 0]).sum())
            for i, row in zip(chosen, new):
                result[i] = self.tokenizer.decode(row, skip_special_tokens=True).split("\n")[0].strip()
        return result, early / max(1, len(items))

    @torch.no_grad()
    def yes_scores(self, pixels, texts):
        """log P(Yes) after the prompt of each candidate, in double; and what the head makes of what
        is there before the last layer's neurons."""
        inputs = self.inputs([(pixels, self.encode(prompts.RETRIEVAL.format(text))) for text in texts])
        logits = self.model(**inputs, logits_to_keep=1).logits[:, -1]
        return self.log_yes(logits), self.log_yes(self.early_logits())

    def log_yes(self, logits):
        yes, logits = self.yes, logits.double()
        others = torch.cat([logits[:, :yes], logits[:, yes + 1:]], 1) - logits[:, yes:yes + 1]
        return -torch.log1p(others.exp().sum(1)).numpy()


class Test:
    def __init__(self, folder, limit, queries):
        self.scenes = data.load(folder)
        self.limit, self.queries = limit, queries
        self.pixels = [data.picture(folder, scene) for scene in self.scenes]
        with open(folder / "v2_mscoco_train2014_annotations.json", encoding="utf-8") as file:
            self.answers = {a["question_id"]: [x["answer"] for x in a["answers"]] for a in json.load(file)["annotations"]}

    def questions(self):
        return [(i, q) for i, scene in enumerate(self.scenes[:self.limit]) for q in scene["questions"]]

    def words(self):
        return [(i, w) for i, scene in enumerate(self.scenes[:self.limit]) for w in scene["words"] if w["legible"]]

    def pools(self):
        """Candidates of each query: the positive, then up to 16 that are false only in one thing
        (false captions, and captions of near twins), then the captions of other scenes that are
        most alike by TF-IDF. Drawn by seed."""
        captions = [(i, c["text"]) for i, scene in enumerate(self.scenes) for c in scene["captions"]]
        matrix = metrics.tfidf([text for _, text in captions])
        result = []
        for i in range(min(self.queries, self.limit)):
            scene, rng = self.scenes[i], np.random.default_rng(i)
            positive = rng.integers(5)
            family = scene["family"]["id"] if scene["family"] else None
            near = [foil["text"] for foil in scene["foils"] if foil["changed"] in ("word", "size", "count", "relation")]
            for other in self.scenes:
                if family is not None and other is not scene and other["family"] and other["family"]["id"] == family:
                    near.append(other["captions"][rng.integers(5)]["text"])
            near = [near[k] for k in rng.permutation(len(near))][:16]
            pool = list(dict.fromkeys([scene["captions"][positive]["text"], *near]))
            for k in np.argsort(-matrix @ matrix[5 * i + positive], kind="stable"):
                if len(pool) == CANDIDATES:
                    break
                if captions[k][0] != i and captions[k][1] not in pool:
                    pool.append(captions[k][1])
            result.append((i, pool, len(near)))
        return result


def mean(values):
    values = list(values)
    return float(np.mean(values)) if values else float("nan")


def score(judge, test, grey):
    blank = np.full((data.SIDE, data.SIDE, 3), GREY, np.uint8)
    see = (lambda i: blank) if grey else (lambda i: test.pixels[i])
    result = {}

    questions = test.questions()
    said, result["vqa_early"] = judge.answers([(see(i), prompts.VQA.format(q["question"])) for i, q in questions])
    kinds = collections.defaultdict(list)
    for (_, q), text in zip(questions, said):
        kinds[q["kind"]].append(text.lower() == q["answer"])
    result["vqa"] = mean(metrics.vqa_accuracy(t, test.answers[q["question_id"]]) for (_, q), t in zip(questions, said))
    result["vqa_exact"] = mean(value for values in kinds.values() for value in values)
    result["vqa_kinds"] = {kind: [mean(values), len(values)] for kind, values in sorted(kinds.items())}

    words = test.words()
    boxed = [prompts.draw_blue_box(see(i).copy(), w["box"]) for i, w in words]
    said, result["ocr_early"] = judge.answers([(pixels, prompts.OCR) for pixels in boxed])
    result["anls"] = mean(metrics.anls(t, w["text"]) for (_, w), t in zip(words, said))
    result["ocr_exact"] = mean(t == w["text"] for (_, w), t in zip(words, said))

    captions, result["caption_early"] = judge.answers([(see(i), prompts.CAPTION) for i in range(test.limit)])
    references = [[c["text"] for c in scene["captions"]] for scene in test.scenes[:test.limit]]
    result["bleu4"] = metrics.bleu4(captions, references)
    result["captions_distinct"] = len(set(captions))
    result["caption_examples"] = captions[:8]

    values, early, tops = [], [], []
    for i, pool, near in test.pools():
        scores, before = judge.yes_scores(see(i), pool)
        values.append(metrics.ndcg5(scores, 0))
        early.append(metrics.ndcg5(before, 0))
        tops.append((near, "near" if 0 < np.argmax(scores) <= near else "other"))
    result["ndcg5"], result["ndcg5_early"] = mean(values), mean(early)
    result["near_negatives"] = mean(near for near, _ in tops)
    return result


def chances(test):
    """What a guess without a picture gets: the commonest answer of each question kind, and of each
    question text."""
    by_kind, by_text = (collections.defaultdict(collections.Counter) for _ in range(2))
    for _, q in test.questions():
        by_kind[q["kind"]][q["answer"]] += 1
        by_text[q["question"]][q["answer"]] += 1
    total = len(test.questions())
    return {"vqa_by_kind": sum(max(c.values()) for c in by_kind.values()) / total,
            "vqa_by_text": sum(max(c.values()) for c in by_text.values()) / total,
            "ndcg5": sum(metrics.DISCOUNTS[:5]) / CANDIDATES}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--scenes", type=Path, required=True, help="folder that `hones_mpi synth` left")
    parser.add_argument("--limit", type=int, default=320, help="scenes")
    parser.add_argument("--queries", type=int, default=64, help="retrieval queries of 50 candidates")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the scores here")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    transformers.logging.set_verbosity_error()
    judge, test = Judge(args.checkpoint, args.batch), Test(args.scenes, args.limit, args.queries)
    scores = {"pictures": score(judge, test, grey=False), "grey": score(judge, test, grey=True), "chance": chances(test),
              "scenes": args.limit, "questions": len(test.questions()), "words": len(test.words()),
              "queries": args.queries}
    text = json.dumps(scores, indent=1, ensure_ascii=False)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
