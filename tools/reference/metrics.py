"""The metrics of docs/benchmark.md sections 3 and 7, written from that page for
reference_sweep.py."""
import json
import math
import pathlib
import re
from collections import Counter

import numpy as np

# ---- 3.1 VQAv2 accuracy, variant normalize_always ----

_PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_NUMBERS = {"none": "0", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
            "eight": "8", "nine": "9", "ten": "10"}
_ONE_APOSTROPHE = """
aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's how'd how'll how's isn't it'd it'll
ma'am mightn't might've mustn't must've needn't not've o'clock oughtn't shan't should've shouldn't somebody'll
somebody's someone'd someone'll someone's something'd something'll that's there'd there're there's they'd they'll
they're they've wasn't we've weren't what'll what're what's what've when's where'd where's where've who'd who'll who's
who've why'll why're why's won't would've wouldn't y'all you'd you'll you're you've ain't
""".split()
_TWO_APOSTROPHES = """
couldn't've hadn't've he'd've it'd've mightn't've shouldn't've somebody'd've someone'd've something'd've there'd've
they'd've who'd've wouldn't've you'd've
""".split()
_CONTRACTIONS = {"twas": "'twas", "shed've": "she'd've", "she'dve": "she'd've", "wed've": "we'd've", "we'dve": "we'd've",
                 "yall'll": "y'all'll", "y'allll": "y'all'll", "yall'd've": "y'all'd've", "y'alld've": "y'all'd've",
                 "y'all'dve": "y'all'd've", "ow's'at": "'ow's'at", "'ows'at": "'ow's'at", "'ow'sat": "'ow's'at",
                 "somebody'd": "somebodyd", "let's": "let's", "she's": "she's"}
for _word in _ONE_APOSTROPHE:
    _CONTRACTIONS[_word.replace("'", "")] = _word
for _word in _TWO_APOSTROPHES:
    _first, _middle, _last = _word.split("'")
    _CONTRACTIONS[f"{_first}{_middle}'{_last}"] = _word
    _CONTRACTIONS[f"{_first}'{_middle}{_last}"] = _word


def vqa_normalize(text: str) -> str:
    original = text.replace("\n", " ").replace("\t", " ").strip()
    digit_comma_digit = re.search(r"[0-9],[0-9]", original) is not None
    working = original
    for mark in _PUNCTUATION:
        deleted = digit_comma_digit or f"{mark} " in original or f" {mark}" in original
        working = working.replace(mark, "" if deleted else " ")
    working = re.sub(r"\.(?![0-9])", "", working, count=32)
    words = [_NUMBERS.get(word, word) for word in working.lower().split()]
    return " ".join(_CONTRACTIONS.get(word, word) for word in words if word not in ("a", "an", "the"))


def vqa_accuracy(prediction: str, answers: list[str]) -> float:
    wanted = vqa_normalize(prediction)
    normal = [vqa_normalize(answer) for answer in answers]
    leave_one_out = []
    for index in range(len(normal)):
        others = normal[:index] + normal[index + 1:]
        leave_one_out.append(min(1.0, others.count(wanted) / 3))
    return sum(leave_one_out) / len(leave_one_out)


# ---- 3.4 ANLS, variant rrc ----

def _levenshtein(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def anls(prediction: str, references: list[str]) -> float:
    def clean(text: str) -> str:
        return " ".join(text.strip().lower().split())

    values = []
    for reference in references:
        length = max(len(prediction.upper()), len(reference.upper()))
        values.append(_levenshtein(clean(prediction), clean(reference)) / length if length else 0.0)
    similarity = 1 - min(values)
    return similarity if similarity >= 0.5 else 0.0


# ---- 3.5 BLEU-4 of one sentence ----

def bleu_counts(hypothesis: list[str], references: list[list[str]]) -> list[int]:
    """Guess 1-4, correct 1-4, hypothesis length, reference length."""
    def grams(words: list[str], order: int) -> Counter:
        return Counter(tuple(words[i:i + order]) for i in range(len(words) - order + 1))

    guess = [max(0, len(hypothesis) - order + 1) for order in (1, 2, 3, 4)]
    correct = []
    for order in (1, 2, 3, 4):
        most: Counter = Counter()
        for reference in references:
            most |= grams(reference, order)
        correct.append(sum((grams(hypothesis, order) & most).values()))
    closest = min((len(reference) for reference in references), key=lambda n: (abs(n - len(hypothesis)), n))
    return guess + correct + [len(hypothesis), closest]


def bleu4(counts: list[int]) -> float:
    product = math.prod((counts[4 + k] + 1e-15) / (counts[k] + 1e-9) for k in range(4))
    ratio = (counts[8] + 1e-15) / (counts[9] + 1e-9)
    return product ** 0.25 * (math.exp(1 - 1 / ratio) if ratio < 1 else 1.0)


# ---- 3.6, 3.7 retrieval ----

def ndcg5(scores: np.ndarray, relevance: np.ndarray) -> float:
    """Binary relevance: scikit-learn's linear gain is the exponential one; it averages ties."""
    from sklearn.metrics import ndcg_score  # here alone: reference_bench.py reads benchmarks and scores nothing

    return float(ndcg_score(relevance[None], scores[None], k=5)) if relevance.any() else 0.0


def yes_odds(logits: np.ndarray, yes: int) -> float:
    """log P(Yes) - log(1 - P(Yes)), in double."""
    others = np.delete(logits.astype(np.float64), yes)
    top = others.max()
    return float(logits[yes]) - float(top + np.log(np.exp(others - top).sum()))


def log_yes(odds: float) -> float:
    """log P(Yes) of its log-odds."""
    return -math.log1p(math.exp(-odds)) if odds > -30 else odds - math.log1p(math.exp(odds))


# ---- 7 IDF ----

def idf(instances: list[list[list[int]]]) -> dict[int, float]:
    """Token id -> weight; instances[i] = the references of instance i, each a list of ids. Ids
    never seen are left out."""
    frequency = Counter(token for references in instances for token in {t for reference in references for t in reference})
    return {token: math.log((1 + len(instances)) / (1 + df)) + 1 for token, df in frequency.items()}


# ---- the vectors of tests/data/metrics ----

def check_vectors(folder: pathlib.Path) -> list[str]:
    """What disagrees with the vectors (docs/benchmark.md section 4); empty when all is well."""
    wrong = []

    def check(name: str, case: dict, got, want, relative: bool = False) -> None:
        same = got == want if isinstance(want, str) else abs(got - want) <= 1e-9 * (abs(want) if relative else 1)
        if not same:
            wrong.append(f"{name} {case['id']}: {got!r}, expected {want!r}")

    def cases(name: str) -> list[dict]:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["cases"]

    for case in cases("vqa_normalize"):
        check("vqa_normalize", case, vqa_normalize(case["input"]), case["normalized"])
    for case in cases("vqa_accuracy"):
        check("vqa_accuracy", case, vqa_accuracy(case["prediction"], case["answers"]), case["expected"]["normalize_always"])
    for case in cases("anls"):
        check("anls", case, anls(case["prediction"], case["references"]), case["expected"]["rrc"])
    for case in cases("bleu_tokenized"):
        for item, want in zip(case["items"], case["expected"]["sentence_bleu"]):
            counts = bleu_counts(item["hypothesis"].split(), [reference.split() for reference in item["references"]])
            check("bleu_tokenized", case, bleu4(counts), want[3], relative=True)
    for case in cases("ndcg5"):
        if "tie_average" in case["expected"] and set(case["relevance"]) <= {0, 1} and len(case["scores"]) > 1:
            got = ndcg5(np.array(case["scores"], float), np.array(case["relevance"]))
            check("ndcg5", case, got, case["expected"]["tie_average"])
    for case in cases("retrieval_score"):
        if len(case["yes_ids"]) == 1:
            odds = yes_odds(np.array(case["logits"]), case["yes_ids"][0])
            check("retrieval_score", case, log_yes(odds), case["expected"]["log_p_yes"])
    for case in cases("idf"):
        weights, want = idf(case["instances"]), case["expected"]["idf"]
        for token, weight in weights.items():
            check("idf", case, weight, want[token])
    return wrong
