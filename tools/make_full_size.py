#!/usr/bin/env python3
"""Synthetic annotation files of COCO's size and count, for measuring `hones_mpi prepare`; not for
the repository.

    tools/make_full_size.py --out DIR [--share 1.0] [--pictures SIZE]
    /usr/bin/time -v build/release/hones_mpi prepare --source DIR --out B

82,783 images, 414,113 captions, 63,686 images with 239,506 text instances, 443,757 questions with
ten answers each, in the official file names and formats. Texts are random words with COCO's
lengths, so that pools are as hard to search. --pictures writes a file of so many bytes for every
image (prepare digests pictures and does not decode them; 160,000 is COCO's mean). The same --share
and --seed give the same bytes.
"""
import argparse
import json
import pathlib
import random

IMAGES, CAPTIONS, TEXT_IMAGES, TEXTS, QUESTIONS = 82_783, 414_113, 63_686, 239_506, 443_757
ANSWERS = ("yes", "no", "2", "red", "white", "a dog", "tennis", "on the table", "1", "blue", "left", "kitchen")


def spread(total: int, over: int, least: int, rng: random.Random) -> list[int]:
    """`over` counts of at least `least` whose sum is `total`."""
    counts = [least] * over
    for _ in range(total - least * over):
        counts[rng.randrange(over)] += 1
    return counts


class Words:
    """A vocabulary with Zipf's frequencies, as captions have."""

    def __init__(self, rng: random.Random, size: int = 9_000):
        letters = "etaoinshrdlucmfwypvbgk"
        self.rng = rng
        self.words = ["".join(rng.choice(letters) for _ in range(rng.randint(2, 9))) for _ in range(size)]
        self.weights = [1 / (rank + 3) for rank in range(size)]

    def lines(self, count: int, shortest: int, longest: int) -> list[str]:
        lengths = [self.rng.randint(shortest, longest) for _ in range(count)]
        drawn = iter(self.rng.choices(self.words, self.weights, k=sum(lengths)))
        return [" ".join(next(drawn) for _ in range(length)) for length in lengths]


def write(path: pathlib.Path, value: dict) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)
    print(f"{path}: {path.stat().st_size / 1e6:.0f} MB", flush=True)


def name_of(image: int) -> str:
    return f"COCO_train2014_{image:012d}.jpg"


def captions(ids: list[int], total: int, words: Words, rng: random.Random) -> dict:
    owners = [image for image, count in zip(ids, spread(total, len(ids), 5, rng)) for _ in range(count)]
    rng.shuffle(owners)
    lines = words.lines(total, 7, 15)
    return {"info": {}, "licenses": [],
            "images": [{"license": 1, "file_name": name_of(i), "coco_url": f"http://images/{i}.jpg", "height": 480, "width": 640,
                        "date_captured": "2013-11-14 21:53:38", "flickr_url": f"http://flickr/{i}.jpg", "id": i} for i in ids],
            "annotations": [{"image_id": image, "id": 37 + 2 * n, "caption": line[:1].upper() + line[1:] + rng.choice((".", "", " ", "."))}
                            for n, (image, line) in enumerate(zip(owners, lines))]}


def scene_text(ids: list[int], total: int, words: Words, rng: random.Random) -> dict:
    counts = spread(total, len(ids), 0, rng)
    lines = iter(words.lines(total, 1, 1))
    anns, by_image, number = {}, {}, 45_000
    for image, count in zip(ids, counts):
        by_image[str(image)] = []
        for _ in range(count):
            number += 1
            x, y, w, h = rng.uniform(-3, 600), rng.uniform(-3, 450), rng.uniform(4, 120), rng.uniform(4, 40)
            legible = rng.random() < 0.6
            box = [round(v, 1) for v in (x, y, w, h)]
            mask = [round(v, 1) for v in (x, y, x + w, y, x + w, y + h, x, y + h)]
            anns[str(number)] = {"id": number, "image_id": image, "bbox": box, "mask": mask, "area": round(w * h, 2),
                                 "class": "machine printed", "legibility": "legible" if legible else "illegible",
                                 "language": "english", "utf8_string": next(lines).upper() if legible else ""}
            by_image[str(image)].append(number)
    return {"info": {}, "cats": {}, "anns": anns, "imgToAnns": by_image,
            "imgs": {str(i): {"id": i, "file_name": name_of(i), "width": 640, "height": 480, "set": "train"} for i in ids}}


def questions(ids: list[int], total: int, words: Words, rng: random.Random) -> tuple[dict, dict]:
    lines = iter(words.lines(total, 4, 9))
    asked, annotated = [], []
    for image, count in zip(ids, spread(total, len(ids), 1, rng)):
        for k in range(count):
            asked.append({"image_id": image, "question": next(lines).capitalize() + "?", "question_id": 1000 * image + k})
            answer = rng.choice(ANSWERS)
            annotated.append({"question_type": "what is", "multiple_choice_answer": answer, "image_id": image, "answer_type": "other",
                              "question_id": 1000 * image + k,
                              "answers": [{"answer": answer if n < 7 else rng.choice(ANSWERS), "answer_confidence": "yes", "answer_id": n}
                                          for n in range(1, 11)]})
    head = {"info": {}, "data_type": "mscoco", "data_subtype": "train2014", "license": {}}
    return {**head, "task_type": "Open-Ended", "questions": asked}, {**head, "annotations": annotated}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--share", type=float, default=1.0, help="of COCO's counts")
    parser.add_argument("--pictures", type=int, default=1_000, help="bytes of each picture file")
    parser.add_argument("--seed", type=int, default=3407)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    words = Words(rng)
    part = lambda count: max(1, round(count * args.share))  # noqa: E731
    ids = sorted(rng.sample(range(9, 581_930), part(IMAGES)))
    (args.out / "images").mkdir(parents=True, exist_ok=True)
    write(args.out / "captions_train2014.json", captions(ids, part(CAPTIONS), words, rng))
    write(args.out / "cocotext.v2.json", scene_text(sorted(rng.sample(ids, part(TEXT_IMAGES))), part(TEXTS), words, rng))
    asked, annotated = questions(ids, part(QUESTIONS), words, rng)
    write(args.out / "v2_OpenEnded_mscoco_train2014_questions.json", asked)
    write(args.out / "v2_mscoco_train2014_annotations.json", annotated)
    for image in ids:
        (args.out / "images" / name_of(image)).write_bytes(rng.randbytes(args.pictures))
    print(f"{args.out / 'images'}: {len(ids):,} files of {args.pictures:,} bytes")


if __name__ == "__main__":
    main()
