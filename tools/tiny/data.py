"""Scenes as arrays: pictures, token ids of everything said about them, and dense labels for every
patch."""
import collections
import json
import string
from pathlib import Path

import numpy as np
from PIL import Image

from . import prompts
from .tokenizer import END

SIDE, PATCH = 80, 8
GRID = SIDE // PATCH
COLOURS = ["red", "orange", "yellow", "green", "blue", "purple", "pink", "black"]
SHAPES = ["circle", "square", "triangle", "star", "heart", "diamond"]
KINDS = ["relation", "side", "color", "shape", "count", "size", "exist", "word"]
TEXT = 24   # tokens of a caption
QUESTION = 16
WORDS = 3   # legible words of a scene
POINT_BINS = 20  # places along an axis

# Dense labels of a patch; 0 or -1 where there is nothing.
DENSE = {"colour": len(COLOURS) + 1, "shape": len(SHAPES) + 1, "size": 3, "letter": 27, "dx": 15, "dy": 17, "index": 5}


def load(folder):
    with open(Path(folder) / "scenes.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def picture(folder, scene):
    return np.asarray(Image.open(Path(folder) / "images" / scene["file_name"]).convert("RGB"))


def cells(box):
    """The patches that a box touches, with the share of the patch that it covers."""
    x, y, w, h = box
    for row in range(max(0, int(y // PATCH)), min(GRID - 1, int((y + h - 1e-6) // PATCH)) + 1):
        for column in range(max(0, int(x // PATCH)), min(GRID - 1, int((x + w - 1e-6) // PATCH)) + 1):
            across = min(x + w, (column + 1) * PATCH) - max(x, column * PATCH)
            down = min(y + h, (row + 1) * PATCH) - max(y, row * PATCH)
            yield row, column, across * down / PATCH**2


def dense_labels(scene):
    labels = np.zeros((len(DENSE) + 1, GRID, GRID), np.int8)  # the last: which word, 1..3
    labels[4:7] = -1
    best = np.zeros((GRID, GRID))
    for thing in scene["objects"]:
        for row, column, share in cells(thing["box"]):
            if share > max(0.2, best[row, column]):
                best[row, column] = share
                labels[0, row, column] = COLOURS.index(thing["colour"]) + 1
                labels[1, row, column] = SHAPES.index(thing["shape"]) + 1
                labels[2, row, column] = 2 if thing["size"] == "large" else 1
    best[:] = 0
    for number, word in enumerate(w for w in scene["words"] if w["legible"]):
        for index, letter in enumerate(word["letters"]):
            x, y = letter["box"][:2]
            for row, column, share in cells(letter["box"]):
                if share > max(0.2, best[row, column]):
                    best[row, column] = share
                    labels[3, row, column] = ord(letter["letter"]) - ord("A") + 1
                    labels[4, row, column] = int(x) - column * PATCH + 7
                    labels[5, row, column] = int(y) - row * PATCH + 9
                    labels[6, row, column] = index
                    labels[7, row, column] = number + 1
    return labels.reshape(len(labels), -1)


def marks(words, true, false):
    """For each token of the false caption: 1 or 0 where a noun or a printed word ends a phrase that
    is right or wrong, else -1. Phrases are compared word by word; nothing is marked where that does
    not work."""
    left, right = true.split(" "), false.split(" ")
    result, wrong = [], False
    for i, word in enumerate(right):
        ids = words.word(word)
        plain = word.strip(".,")
        wrong = wrong or (len(left) == len(right) and left[i] != word)
        ends = plain.rstrip("s") in SHAPES or (len(plain) > 2 and plain.isupper())
        result += [-1] * (len(ids) - 1) + [int(not wrong) if ends and len(left) == len(right) else -1]
        wrong = wrong and not ends
    return result


def points(words, text, scene):
    """For each token: where the object or the printed word is whose name ends there, as a pair of
    bins; -1 elsewhere and where the name fits none or several."""
    result, colour = [], None
    for word in text.split(" "):
        plain = word.strip(".,?")
        places = []
        if plain in COLOURS:
            colour = plain
        elif plain in SHAPES:
            places = [o["centre"] for o in scene["objects"] if o["shape"] == plain and o["colour"] == colour]
            colour = None
        elif len(plain) > 2 and plain.isupper():
            boxes = [w["box"] for w in scene["words"] if w["legible"] and w["text"] == plain]
            places = [(x + w / 2, y + h / 2) for x, y, w, h in boxes]
        bins = [-1, -1]
        if len(places) == 1:
            bins = [min(POINT_BINS - 1, max(0, int(p * POINT_BINS / SIDE))) for p in places[0]]
        result += [[-1, -1]] * (len(words.word(word)) - 1) + [bins]
    return result


def spelled(ids, printed, first, rest, single):
    """(index, 1 or 0) for each piece of the printed words in a text's ids: does a word of the
    picture begin with the pieces so far? `printed`: ids of the picture's words; `first`, `rest`:
    ids of pieces that begin and go on a word; `single`: those of `first` that are one letter, words
    of the grammar where nothing goes on."""
    result, start = [], 0
    while start < len(ids):
        end = start + 1
        while ids[start] in first and end < len(ids) and ids[end] in rest:
            end += 1
        if end - start > 1 or (ids[start] in first and ids[start] not in single):
            for k in range(start, end):
                result.append((k, int(any(word[:k + 1 - start] == ids[start:k + 1] for word in printed))))
        start = end
    return result


def central(captions):
    """Index of the caption whose n-grams (n = 1 to 4) are covered best by the others: what a model
    says that must please all five references at once."""
    grams = [[collections.Counter(zip(*(words[i:] for i in range(n)))) for n in range(1, 5)]
             for words in (caption.rstrip(".").split(" ") for caption in captions)]
    scores = []
    for k, own in enumerate(grams):
        score = 1.0
        for n in range(4):
            covered = collections.Counter()
            for other in grams[:k] + grams[k + 1:]:
                covered |= own[n] & other[n]
            score *= (covered.total() + 0.1) / (own[n].total() + 0.1)
        scores.append(score)
    return int(np.argmax(scores))


def put(row, ids):
    if len(ids) > len(row):
        raise ValueError(f"{len(ids)} tokens, room for {len(row)}")
    row[:len(ids)] = ids


def prepare(folder, out, words):
    """Leaves one .npy per array in `out`; both training processes map them into memory."""
    out.mkdir(parents=True, exist_ok=True)
    scenes = load(folder)
    n = len(scenes)
    arrays = {
        "pixels": np.zeros((n, SIDE, SIDE, 3), np.uint8),
        "dense": np.zeros((n, len(DENSE) + 1, GRID * GRID), np.int8),
        "boxes": np.zeros((n, WORDS, 4), np.float32),
        "printed": np.full((n, WORDS, 6), -1, np.int16),
        "questions": np.full((n, 4, QUESTION), -1, np.int16),
        "answers": np.full((n, 4, 2), -1, np.int16),
        "kinds": np.full((n, 4), -1, np.int8),
        "captions": np.full((n, 5, TEXT), -1, np.int16),
        "foils": np.full((n, 10, TEXT), -1, np.int16),
        "foil_marks": np.full((n, 10, TEXT), -1, np.int8),
        "caption_marks": np.full((n, 5, TEXT), -1, np.int8),
        "question_points": np.full((n, 4, QUESTION, 2), -1, np.int8),
        "caption_points": np.full((n, 5, TEXT, 2), -1, np.int8),
        "central": np.zeros(n, np.int8),
        "family": np.full(n, -1, np.int64),
    }
    for i, scene in enumerate(scenes):
        arrays["pixels"][i] = picture(folder, scene)
        arrays["dense"][i] = dense_labels(scene)
        for k, word in enumerate(w for w in scene["words"] if w["legible"]):
            arrays["boxes"][i, k] = word["box"]
            put(arrays["printed"][i, k], words.word(word["text"]))
        for k, question in enumerate(scene["questions"]):
            put(arrays["questions"][i, k], words.text(question["question"]))
            put(arrays["answers"][i, k], words.text(question["answer"]))
            put(arrays["question_points"][i, k], points(words, question["question"], scene))
            arrays["kinds"][i, k] = KINDS.index(question["kind"])
        for k, caption in enumerate(scene["captions"]):
            put(arrays["captions"][i, k, :TEXT - 1], words.text(caption["text"]))
            put(arrays["caption_points"][i, k], points(words, caption["text"], scene))
            put(arrays["caption_marks"][i, k], marks(words, caption["text"], caption["text"]))
        arrays["central"][i] = central([caption["text"] for caption in scene["captions"]])
        for k, foil in enumerate(scene["foils"]):
            put(arrays["foils"][i, k], words.text(foil["text"]))
            put(arrays["foil_marks"][i, k], marks(words, scene["captions"][foil["caption"]]["text"], foil["text"]))
        if scene["family"]:
            arrays["family"][i] = scene["family"]["id"]
        if i % 10000 == 9999:
            print(f"prepared {i + 1} of {n} scenes", flush=True)
    for name, array in arrays.items():
        np.save(out / f"{name}.npy", array)


class Data:
    NAMES = ["pixels", "dense", "boxes", "printed", "questions", "answers", "kinds", "captions", "foils", "foil_marks",
             "caption_marks", "question_points", "caption_points", "central", "family"]

    def __init__(self, folder, words):
        for name in self.NAMES:
            setattr(self, name, np.load(Path(folder) / f"{name}.npy", mmap_mode="r"))
        self.size = len(self.pixels)
        before, after = prompts.VQA.split("{}")
        self.vqa = words.whole(before.rstrip(" ")), words.whole(after.strip(" "))
        before, after = prompts.RETRIEVAL.split("{}")
        self.retrieval = words.whole(before.rstrip(" ")), words.whole(after.strip(" "))
        self.ocr, self.caption = words.whole(prompts.OCR), words.whole(prompts.CAPTION)
        self.yes, self.no = words.word("Yes"), words.word("No")
        printed = np.array(self.printed)
        self.first = set(np.unique(printed[:, :, 0]).tolist()) - {-1}
        self.rest = set(np.unique(printed[:, :, 1:]).tolist()) - {-1}
        self.single = {words.word(letter)[0] for letter in string.ascii_uppercase}

    def letters(self, start, ids, i):
        """Marks of the printed words in `ids`, which begin at position `start` of a prompt about
        picture i."""
        words = [real(row) for row in self.printed[i]]
        return [(start + k, mark) for k, mark in spelled(ids, words, self.first, self.rest, self.single)]


# Tasks of a segment, for averaging losses.
VQA_TASK, OCR_TASK, CAPTION_TASK, RETRIEVAL_TASK = range(4)


def real(row):
    return [int(t) for t in row if t >= 0]


class Batch:
    """Pictures of some scenes, and two groups of segments that follow each picture: short answers
    and captions, and candidates. `labels` holds the token to predict at each position, -1 where
    nothing is asked."""

    def __init__(self, data, indices, rng, box_share=0.6, pairs=1, word_share=0.0, central_share=0.0):
        self.pixels = np.array(data.pixels[indices])
        self.dense = np.array(data.dense[indices])
        self.inside = np.zeros((len(indices), GRID * GRID), np.int64)
        answers, candidates = [], []
        for place, i in enumerate(indices):
            order = rng.permutation(int((data.kinds[i] >= 0).sum()))
            if rng.random() < word_share:  # a question for a printed word first, where the scene has one
                order = order[np.argsort(data.kinds[i, order] != KINDS.index("word"), kind="stable")]
            segments = []
            if rng.random() < box_share:
                k = rng.integers(int((data.printed[i, :, 0] >= 0).sum()))
                prompts.draw_blue_box(self.pixels[place], data.boxes[i, k])
                self.inside[place] = self.dense[place, 7] == k + 1
                segments.append((data.ocr, real(data.printed[i, k]), OCR_TASK, [], [], []))
            for k in order[:3 - len(segments)]:
                start, question = len(data.vqa[0]), real(data.questions[i, k])
                segments.append((data.vqa[0] + question + data.vqa[1], real(data.answers[i, k]), VQA_TASK, [],
                                 self.spots(start, data.question_points[i, k]), data.letters(start, question, i)))
            while len(segments) < 3:
                segments.append(segments[-1])
            said = rng.permutation(5)
            told = data.central[i] if rng.random() < central_share else said[0]
            segments.append((data.caption, real(data.captions[i, told]), CAPTION_TASK, [], [], []))
            answers.append(segments)
            candidates.append([c for k in range(pairs) for c in self.two_candidates(data, i, said[1 + k], rng)])
        self.groups = [self.arrange(answers), self.arrange(candidates)]

    @staticmethod
    def spots(start, token_points):
        return [(start + p, xy) for p, xy in enumerate(token_points) if xy[0] >= 0]

    @staticmethod
    def two_candidates(data, i, said, rng):
        lot = rng.random()
        foils = int((data.foils[i, :, 0] >= 0).sum())
        if data.family[i] >= 0 and lot < 0.45:
            other = data.family[i] * 8 + (i % 8 + rng.integers(1, 8)) % 8
            false, false_marks = data.captions[other, rng.integers(5)], None
        elif lot < 0.85 and foils:
            k = rng.integers(foils)
            false, false_marks = data.foils[i, k], data.foil_marks[i, k]
        else:
            false, false_marks = data.captions[(i + 8 + rng.integers(data.size - 16)) % data.size, rng.integers(5)], None
        result = []
        start = len(data.retrieval[0])
        spots = Batch.spots(start, data.caption_points[i, said])
        for text, token_marks, answer in ((data.captions[i, said], data.caption_marks[i, said], data.yes),
                                          (false, false_marks, data.no)):
            text = real(text)
            prompt = data.retrieval[0] + text + data.retrieval[1]
            spans = [] if token_marks is None else [(start + p, int(m)) for p, m in enumerate(token_marks[:len(text)])
                                                    if m >= 0]
            result.append((prompt, answer, RETRIEVAL_TASK, spans, spots if answer is data.yes else [],
                           data.letters(start, text, i)))
        return result

    @staticmethod
    def arrange(segments):
        rows = [segment for scene in segments for segment in scene]
        length = max(len(row[0]) + len(row[1]) for row in rows)
        ids = np.zeros((len(rows), length), np.int64)
        labels = np.full((len(rows), length), -1, np.int64)
        tasks = np.array([row[2] for row in rows])
        token_marks = np.full((len(rows), length), -1, np.int64)
        token_points = np.full((len(rows), length, 2), -1, np.int64)
        token_letters = np.full((len(rows), length), -1, np.int64)
        for r, (prompt, answer, _, spans, spots, letters) in enumerate(rows):
            whole = prompt + answer
            ids[r, :len(whole)] = whole
            labels[r, len(prompt) - 1:len(whole)] = answer + [END]
            for position, mark in spans:
                token_marks[r, position] = mark
            for position, xy in spots:
                token_points[r, position] = xy
            for position, mark in letters:
                token_letters[r, position] = mark
        shape = (len(segments), len(segments[0]), length)
        return {"ids": ids.reshape(shape), "labels": labels.reshape(shape), "marks": token_marks.reshape(shape),
                "points": token_points.reshape(*shape, 2), "letters": token_letters.reshape(shape),
                "tasks": tasks.reshape(shape[:2])}
