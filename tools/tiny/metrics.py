"""The metrics of docs/benchmark.md section 3, as plain Python."""
import collections
import math

import numpy as np

from reference.captions import caption_tokens


def vqa_accuracy(prediction, answers):
    """Leave-one-out over ten answers; normalisation is lower case only, the answers of synthetic
    scenes need no more."""
    prediction = prediction.strip().lower().rstrip(".")
    scores = []
    for i in range(len(answers)):
        agree = sum(a == prediction for j, a in enumerate(answers) if j != i)
        scores.append(min(1.0, agree / 3))
    return sum(scores) / len(scores)


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def anls(prediction, reference):
    a, b = (" ".join(s.lower().split()) for s in (prediction, reference))
    longest = max(len(prediction), len(reference))
    score = 1 - (edit_distance(a, b) / longest if longest else 0.0)
    return score if score >= 0.5 else 0.0


def bleu4(hypotheses, references):
    """Corpus BLEU-4 of captions."""
    guess, correct = [0] * 4, [0] * 4
    said = meant = 0
    for hypothesis, refs in zip(hypotheses, references):
        h, refs = caption_tokens(hypothesis), [caption_tokens(r) for r in refs]
        said += len(h)
        meant += min((abs(len(r) - len(h)), len(r)) for r in refs)[1]
        for n in range(1, 5):
            grams = collections.Counter(tuple(h[i:i + n]) for i in range(len(h) - n + 1))
            most = collections.Counter()
            for r in refs:
                most |= collections.Counter(tuple(r[i:i + n]) for i in range(len(r) - n + 1))
            guess[n - 1] += max(0, len(h) - n + 1)
            correct[n - 1] += sum(min(c, most[g]) for g, c in grams.items())
    product = math.prod((c + 1e-15) / (g + 1e-9) for c, g in zip(correct, guess)) ** 0.25
    ratio = (said + 1e-15) / (meant + 1e-9)
    return product * (math.exp(1 - 1 / ratio) if ratio < 1 else 1.0)


DISCOUNTS = [1 / math.log2(i + 2) if i < 5 else 0.0 for i in range(1000)]


def ndcg5(scores, positive):
    """One positive; tied candidates share their discounts."""
    scores = np.asarray(scores)
    better, tied = int((scores > scores[positive]).sum()), int((scores == scores[positive]).sum())
    return sum(DISCOUNTS[better:better + tied]) / tied


def tfidf(texts):
    """Rows of unit length over word unigrams, docs/benchmark.md section 2.5."""
    counts = [collections.Counter("".join(c if c.isalnum() else " " for c in t.lower()).split()) for t in texts]
    vocabulary = {w: i for i, w in enumerate(sorted({w for c in counts for w in c}))}
    matrix = np.zeros((len(texts), len(vocabulary)))
    for row, count in enumerate(counts):
        for word, n in count.items():
            matrix[row, vocabulary[word]] = n
    idf = np.log((1 + len(texts)) / (1 + (matrix > 0).sum(0))) + 1
    matrix *= idf
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
