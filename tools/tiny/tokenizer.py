"""A tokenizer in the published LLaMA form: BPE with byte fallback, no pre-tokenizer.

Words of the grammar are one piece each, printed words are spelled in pieces of at most a given
number of letters.
"""
import collections
import json
import string

from . import prompts

SIZE = 1024
IMAGE, PAD = SIZE - 2, SIZE - 1
END = 2  # </s>
BLANK = "\u2581"


def grammar_words(scenes):
    """Every word that is not printed in a picture, as (text, follows a blank)."""
    words = collections.Counter()
    for template in (prompts.BEFORE_IMAGE, prompts.VQA, prompts.OCR, prompts.CAPTION, prompts.RETRIEVAL):
        for line in template.replace("{}", " ").split("\n"):
            for i, word in enumerate(line.split()):
                first = i == 0 and template is not prompts.BEFORE_IMAGE
                words[(word.strip(".,?:"), not first)] += 1
    for word in ("Yes", "No"):
        words[(word, True)] += 1
    for scene in scenes:
        texts = [c["text"] for c in scene["captions"]]
        for question in scene["questions"]:
            texts += [question["question"], question["answer"]]
        for text in texts:
            for word in text.split():
                word = word.strip(".,?:")
                if len(word) < 2 or not word.isupper():
                    words[(word, True)] += 1
    return words


class Trainer:
    """Plain BPE training on a list of words, all of equal weight."""

    def __init__(self):
        self.merges = []
        self.pieces = []

    def apply(self, symbols):
        for left, right in self.merges:
            symbols = self.merge(symbols, left, right)
        return symbols

    @staticmethod
    def merge(symbols, left, right):
        out, i = [], 0
        while i < len(symbols):
            if i + 1 < len(symbols) and symbols[i] == left and symbols[i + 1] == right:
                out.append(left + right)
                i += 2
            else:
                out.append(symbols[i])
                i += 1
        return out

    def train(self, words, most_merges, longest):
        words = [self.apply(list(word)) for word in words]
        while len(self.merges) < most_merges:
            pairs = collections.Counter()
            for word in words:
                for pair in zip(word, word[1:]):
                    if len((pair[0] + pair[1]).lstrip(BLANK)) <= longest:
                        pairs[pair] += 1
            if not pairs:
                return
            left, right = max(sorted(pairs), key=pairs.get)
            self.merges.append((left, right))
            self.pieces.append(left + right)
            words = [self.merge(word, left, right) for word in words]


def build(scenes, printed_letters):
    """tokenizer.json as a dictionary. `printed_letters`: the most letters of a piece of a printed
    word."""
    grammar = sorted((BLANK if blank else "") + word for word, blank in grammar_words(scenes))
    printed = collections.Counter(word["text"] for scene in scenes for word in scene["words"] if word["legible"])
    common = sorted(word for word, count in printed.items() if count >= 0.0005 * len(scenes))
    letters = [BLANK, *string.ascii_uppercase, *string.ascii_lowercase, *string.digits, *".,?!:;'\"-"]
    vocabulary = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *letters]
    room = SIZE - 2 - len(vocabulary)

    trainer = Trainer()
    trainer.train(grammar, room, longest=99)
    grammar_merges = len(trainer.merges)
    # A printed word never costs more tokens than it has letters: captions must fit the generation
    # limit.
    trainer.train([BLANK + letter for letter in string.ascii_uppercase], room, longest=1)
    trainer.train([BLANK + word for word in common], room, longest=printed_letters)
    pieces = list(dict.fromkeys(trainer.pieces))
    vocabulary += pieces
    vocabulary += [f"<unused{i}>" for i in range(SIZE - 2 - len(vocabulary))]
    print(f"tokenizer: {len(grammar)} words of the grammar in {grammar_merges} merges, {len(common)} printed words in "
          f"{len(trainer.merges) - grammar_merges}, {SIZE - 2 - len(vocabulary)} pieces left")

    def added(index, text):
        return {"id": index, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
                "normalized": False, "special": True}

    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>"), added(IMAGE, "<image>"),
                         added(PAD, "<pad>")],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": BLANK},
            {"type": "Replace", "pattern": {"String": " "}, "content": BLANK}]},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "<s>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": BLANK}, "content": " "}, {"type": "ByteFallback"},
            {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
                  "vocab": {piece: i for i, piece in enumerate(vocabulary)},
                  "merges": [f"{left} {right}" for left, right in trainer.merges]}}


def piece_ids(path):
    """Ids of a tokenizer.json by their pieces."""
    return json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]


def nearest(before, now):
    """For each id of the tokenizer.json `now` the ids of the one `before` that stand for it where
    it begins and where it ends: the same piece where there is one, else its first letter (with the
    blank) and its last."""
    old = piece_ids(before)
    begin, end = list(range(SIZE)), list(range(SIZE))
    for piece, i in piece_ids(now).items():
        begin[i] = old.get(piece, old.get(piece[:1 + piece.startswith(BLANK)], i))
        end[i] = old.get(piece, old.get(piece[-1], i))
    return begin, end


class Words:
    """Encodes text word by word with a cache: merges never cross a blank, so the ids are those of
    the whole text."""

    def __init__(self, path):
        import tokenizers
        self.tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self.cache = {}

    def whole(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def word(self, word):
        ids = self.cache.get(word)
        if ids is None:
            ids = self.cache[word] = self.whole(word)
        return ids

    def text(self, text):
        return [i for word in text.split(" ") for i in self.word(word)]


def save(scenes, path, printed_letters):
    path.write_text(json.dumps(build(scenes, printed_letters), ensure_ascii=False, indent=1), encoding="utf-8")
