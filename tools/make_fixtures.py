#!/usr/bin/env python3
"""Makes the fixtures under tests/data that compare this program with Pillow, tokenizers and
transformers.

    tools/make_fixtures.py [images] [image_ops] [tokenizer] [model] [decoder] [greedy] [ptb]
    (all of them without arguments)

Needs the versions pinned in tools/versions.env plus Pillow < 13, scikit-image and scikit-learn
(their photographs). greedy draws its scenes with build/release/hones_mpi; ptb needs java and
pycocoevalcap. The fixtures are committed: tests never need Python. Two runs with the same versions
write the same bytes.
"""
import importlib
import pathlib
import sys
import warnings

KINDS = ("images", "image_ops", "tokenizer", "model", "decoder", "greedy", "ptb")


def main() -> int:
    kinds = sys.argv[1:] or KINDS
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        print(f"make_fixtures: unknown kind {unknown[0]}; expected some of {', '.join(KINDS)}", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore", message="Palette images with Transparency")  # one of the odd pictures
    data = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data"
    for kind in kinds:
        print(f"make_fixtures: {kind}", flush=True)
        importlib.import_module(f"fixtures.{kind}").make(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
