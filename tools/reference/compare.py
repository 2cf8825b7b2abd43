"""What one task of discovery.h5 holds, and how a reference cell, contribution or sum is held
against it."""
from dataclasses import dataclass, field

import numpy as np

SMALL_MARGIN = 1e-3       # a cell may differ where the reference itself was this undecided
CONTRIBUTION = 1e-5       # of the largest contribution of the layer
LOG_PROBABILITY = 1e-3    # of heads/answer_logprob, and of the log-odds of Yes
DONE = (1, 2)


class Stored:
    """One task's group, with columns as docs/outputs.md numbers them (0 plain, 1 + l*H + h)."""

    def __init__(self, group):
        self.status = group["instances/status"][()]
        self.image_id = [value.decode() for value in group["instances/image_id"][()]]
        self.item_id = [value.decode() for value in group["instances/item_id"][()]]
        self.cell = group["heads/cell"][()]
        self.utility = group["heads/utility"][()]
        self.log_prob = group["heads/answer_logprob"][()]
        self.scores = group["heads/scores"][()] if "heads/scores" in group else None
        self.bleu = group["heads/bleu_counts"][()] if "heads/bleu_counts" in group else None
        self.answers: dict[tuple[int, int], list[int]] = {}
        if "answers" in group:
            for (instance, column), ids in zip(group["answers/at"][()], group["answers/ids"][()]):
                self.answers[int(instance), int(column)] = [int(token) for token in ids if token >= 0]
        neurons = group["neurons"]
        self.neuron_heads = [tuple(int(value) for value in pair) for pair in neurons["heads"][()]]
        self.neuron_valid = neurons["valid"][()]
        self.plain_mean = neurons["plain"][()]
        self.sums = {}
        for name in ("plain_sum", "head_signed_sum", "head_drop_sum"):
            self.sums[name] = neurons[name][()] / float(neurons[name].attrs["scale"])

    def answer(self, instance: int, column: int) -> list[int]:
        return self.answers.get((instance, column), self.answers[instance, 0])


@dataclass
class Difference:
    task: str
    image_id: str
    column: int
    what: str
    margin: float

    def small(self) -> bool:
        return self.margin < SMALL_MARGIN


@dataclass
class Tally:
    """What came out for one task."""
    task: str
    instances: int = 0
    cells: int = 0
    equal: int = 0
    differences: list[Difference] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    smallest_margin: float = float("inf")      # of all reference answers: how near the run came to a tie
    log_prob: float = 0.0                      # largest |difference| of heads/answer_logprob
    log_odds: float = 0.0                      # retrieval: of the log-odds of Yes
    drafts_corrected: int = 0                  # plain answers where transformers' cached decoding and the check part
    contributions: dict[str, float] = field(default_factory=dict)  # name -> largest |difference| over its measure

    def allowed(self) -> int:
        return max(1, int(0.005 * self.cells))

    def cell(self, image_id: str, column: int, what: str | None, margin: float) -> None:
        self.cells += 1
        if what is None:
            self.equal += 1
        else:
            self.differences.append(Difference(self.task, image_id, column, what, margin))

    def contribution(self, name: str, value: float) -> None:
        self.contributions[name] = max(self.contributions.get(name, 0.0), float(value))

    def conclude(self) -> None:
        large = [difference for difference in self.differences if not difference.small()]
        if large:
            self.failures.append(f"{len(large)} cells differ where the reference was not undecided")
        if len(self.differences) > self.allowed():
            self.failures.append(f"{len(self.differences)} cells differ, {self.allowed()} may")
        for name, value in (("heads/answer_logprob", self.log_prob), ("log P - log(1 - P)", self.log_odds)):
            if not value <= LOG_PROBABILITY:
                self.failures.append(f"{name} differs by {value:.2e}, more than {LOG_PROBABILITY:g}")
        for name, value in self.contributions.items():
            if not value <= CONTRIBUTION:
                self.failures.append(f"{name} differs by {value:.2e} of its measure, more than {CONTRIBUTION:g}")


def answer_difference(mine: list[int], stored: list[int], logits: np.ndarray) -> tuple[str, float]:
    """Names the first position where two answers part, and by how much the reference preferred its
    own token there."""
    for position in range(max(len(mine), len(stored))):
        left = mine[position] if position < len(mine) else None
        right = stored[position] if position < len(stored) else None
        if left != right:
            if left is None or right is None:
                return f"one answer ends at position {position}: {mine} against {stored}", float("inf")
            return (f"position {position}: {left} against {right}, answers {mine} and {stored}",
                    float(logits[position, left]) - float(logits[position, right]))
    return "", 0.0


def smallest_margin(ids: list[int], logits: np.ndarray) -> float:
    top = np.partition(logits[:len(ids)], -2, axis=-1)[:, -2:]
    return float((top[:, 1] - top[:, 0]).min())


def order(scores: np.ndarray) -> list[int]:
    return sorted(range(len(scores)), key=lambda index: (-scores[index], index))


def places_changed(odds: np.ndarray, stored: np.ndarray) -> float:
    """The largest gap of the reference's log-odds among pairs that the stored scores put the other
    way round, or tie."""
    widest = 0.0
    for i in range(len(odds)):
        for j in range(i + 1, len(odds)):
            if (odds[i] - odds[j]) * (float(stored[i]) - float(stored[j])) <= 0:
                widest = max(widest, abs(odds[i] - odds[j]))
    return widest


def relative(mine: np.ndarray, theirs: np.ndarray) -> float:
    """max |difference| over max |mine| of a layer's neurons, the worst layer: arrays [..., L,
    F]."""
    return float((np.abs(mine - theirs).max(axis=-1) / np.abs(mine).max(axis=-1)).max())


@dataclass
class Sums:
    """The reference's sums over instances, and the measure that a stored sum may miss them by.

    If every contribution is right to e of its layer's largest, a sum of c is right to e * measure
    and a sum of differences, or of their positive parts, to 2 * e * measure, where measure = the
    sum over instances of the layer's largest |c| (of the plain run or of the intervened one,
    whichever is larger).
    """
    plain: np.ndarray                                   # [L, F]
    measure: np.ndarray                                 # [L]
    signed: dict[int, np.ndarray] = field(default_factory=dict)   # stored head's index -> [L, F]
    drop: dict[int, np.ndarray] = field(default_factory=dict)
    measures: dict[int, np.ndarray] = field(default_factory=dict)

    @classmethod
    def empty(cls, layers: int, width: int) -> "Sums":
        return cls(np.zeros((layers, width)), np.zeros(layers))

    def add_plain(self, c: np.ndarray) -> None:
        self.plain += c
        self.measure += np.abs(c).max(axis=-1)

    def add_head(self, index: int, c: np.ndarray, replaced: np.ndarray) -> None:
        for table, value in ((self.signed, c - replaced), (self.drop, np.maximum(c - replaced, 0)),
                             (self.measures, np.maximum(np.abs(c), np.abs(replaced)).max(axis=-1))):
            table[index] = table.get(index, 0) + value

    def compare(self, stored: Stored, instances: int, tally: Tally) -> None:
        def worst(mine: np.ndarray, theirs: np.ndarray, measure: np.ndarray) -> float:
            return float((np.abs(mine - theirs).max(axis=-1) / measure).max())

        tally.contribution("plain_sum", worst(self.plain, stored.sums["plain_sum"], self.measure))
        tally.contribution("plain", worst(self.plain, stored.plain_mean * instances, self.measure))
        for index in self.signed:
            layer = stored.neuron_heads[index][0]
            if stored.sums["head_signed_sum"][index, :layer].any() or stored.sums["head_drop_sum"][index, :layer].any():
                tally.failures.append(f"stored head {index}: a layer below it has sums that are not exactly 0")
            measure = 2 * self.measures[index]
            tally.contribution("head_signed_sum", worst(self.signed[index], stored.sums["head_signed_sum"][index], measure))
            tally.contribution("head_drop_sum", worst(self.drop[index], stored.sums["head_drop_sum"][index], measure))
