"""The unified benchmark as docs/benchmark.md 2 describes it, and what docs/method.md section 1 asks
about each instance."""
import json
import math
import pathlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from . import captions, metrics

TASKS = ("vqa", "ocr", "caption", "retrieval")


@dataclass
class Case:
    """One instance of a task."""
    image_id: str
    item_id: str
    file_name: str
    texts: list[str]                       # what the user says; for retrieval one text per candidate
    target: str = ""                       # fixed-set target, or empty: open-ended
    references: list[str] = field(default_factory=list)
    box: list[float] | None = None         # drawn in blue
    positive: int = 0                      # index of the positive candidate


def _lines(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


class Benchmark:
    def __init__(self, folder: pathlib.Path, split: str = "discovery"):
        self.folder, self.split = folder, split
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.images = (folder / manifest["images"]).resolve()
        self.records = _lines(folder / f"{split}.jsonl")
        self.by_image = {record["image_id"]: record for record in self.records}

    def cases(self, task: str, limit: int) -> list[Case]:
        if task == "retrieval":
            return [self._query(line) for line in _lines(self.folder / "retrieval" / f"{self.split}.jsonl")[:limit]]
        return [getattr(self, f"_{task}")(record) for record in self.records[:limit]]

    def captions(self) -> list[list[str]]:
        """The references of every discovery instance: what IDF counts."""
        return [[caption["text"] for caption in record["captions"]] for record in self.records]

    @staticmethod
    def _vqa(record: dict) -> Case:
        vqa = record["vqa"]
        text = f"Question: {vqa['question']} Answer the question briefly using one or a few words."
        return Case(record["image_id"], str(vqa["question_id"]), record["file_name"], [text], vqa["target"], vqa["answers"])

    @staticmethod
    def _ocr(record: dict) -> Case:
        ocr = record["ocr"]
        text = "Please transcribe the text inside the blue box. Output text only."
        return Case(record["image_id"], str(ocr["ann_id"]), record["file_name"], [text], ocr["text"], [ocr["text"]], ocr["bbox"])

    @staticmethod
    def _caption(record: dict) -> Case:
        return Case(record["image_id"], "", record["file_name"], ["Describe the image in one sentence."],
                    references=[caption["text"] for caption in record["captions"]])

    def _query(self, line: dict) -> Case:
        ids = [candidate["caption_id"] for candidate in line["candidates"]]
        texts = [f"Candidate: {candidate['text']} Does the candidate correctly describe the image? Answer exactly Yes or No."
                 for candidate in line["candidates"]]
        return Case(line["image_id"], str(line["positive"]), self.by_image[line["image_id"]]["file_name"], texts, "Yes",
                    positive=ids.index(line["positive"]))

    def picture(self, case: Case) -> Image.Image:
        with Image.open(self.images / case.file_name) as image:
            pixels = np.array(image.convert("RGB"))
        if case.box is not None:
            draw_box(pixels, case.box)
        return Image.fromarray(pixels)


def draw_box(pixels: np.ndarray, box: list[float]) -> None:
    """docs/benchmark.md 2.6: blue, three pixels wide, around the rectangle's inclusive edge."""
    height, width = pixels.shape[:2]
    x, y, w, h = box
    x0, y0 = max(0, math.floor(x)), max(0, math.floor(y))
    x1, y1 = min(width, math.ceil(x + w)) - 1, min(height, math.ceil(y + h)) - 1
    stroke = np.zeros((height, width), bool)
    stroke[max(0, y0 - 1):y1 + 2, max(0, x0 - 1):x1 + 2] = True
    if x1 - 2 >= x0 + 2 and y1 - 2 >= y0 + 2:
        stroke[y0 + 2:y1 - 1, x0 + 2:x1 - 1] = False
    pixels[stroke] = (0, 0, 255)


def chat(text: str) -> str:
    return f"USER: <image>\n{text} ASSISTANT:"


def utility(task: str, case: Case, answer: str) -> tuple[float, list[int] | None]:
    """Utility of an answer's text, and for captions its ten counts."""
    if task == "vqa":
        return metrics.vqa_accuracy(answer, case.references), None
    if task == "ocr":
        return metrics.anls(answer, case.references), None
    tokens = captions.caption_tokens
    counts = metrics.bleu_counts(tokens(answer), [tokens(reference) for reference in case.references])
    return metrics.bleu4(counts), counts


def check_box_vectors(folder: pathlib.Path) -> list[str]:
    """What disagrees with the blue boxes of tests/data/metrics/image_ops.json."""
    wrong = []
    for case in json.loads((folder / "image_ops.json").read_text(encoding="utf-8"))["cases"]:
        if case["op"] == "overlay":
            pixels = np.zeros((case["height"], case["width"], 3), np.uint8)
            draw_box(pixels, case["bbox"])
            rows = ["".join(".#"[int(value > 0)] for value in row) for row in pixels[:, :, 2]]
            if rows != case["expected"]["painted_rows"]:
                wrong.append(f"image_ops {case['id']}: painted {rows}")
    return wrong
