"""One task of the sweep by transformers, held against discovery.h5 as it goes."""
import numpy as np

from . import compare, metrics
from .compare import DONE, Stored, Sums, Tally
from .data import Benchmark, Case, utility
from .model import OPEN_TARGET_TOKENS, Reference


class Sweep:
    def __init__(self, reference: Reference, benchmark: Benchmark, stored_check: int | None, say):
        self.reference, self.benchmark, self.stored_check, self.say = reference, benchmark, stored_check, say
        self.idf = metrics.idf([[reference.reference_ids(text) for text in texts] for texts in benchmark.captions()])

    def run(self, task: str, stored: Stored, limit: int) -> Tally:
        tally, reference = Tally(task), self.reference
        cases = self.benchmark.cases(task, min(limit, len(stored.status)))
        sums = Sums.empty(reference.layers, reference.width)
        for number, case in enumerate(cases):
            if (case.image_id, case.item_id) != (stored.image_id[number], stored.item_id[number]):
                raise SystemExit(f"reference_sweep: {task} instance {number} is image {case.image_id} item {case.item_id} in the "
                                 f"benchmark, {stored.image_id[number]} item {stored.item_id[number]} in discovery.h5")
            if stored.status[number] != 1:
                tally.failures.append(f"image {case.image_id}: not done, nothing to compare with")
                continue
            tally.instances += 1
            pixels = reference.pixels(self.benchmark.picture(case))
            if task == "retrieval":
                self._query(tally, case, number, stored, pixels)
            else:
                self._answers(tally, task, case, number, stored, pixels)
            self._contributions(case, stored, pixels, sums)
            self.say(f"{task} {number + 1}/{len(cases)}: {tally.cells} cells, {len(tally.differences)} differ")
        if len(stored.status) == len(cases) == tally.instances and (stored.neuron_valid == len(cases)).all():
            sums.compare(stored, len(cases), tally)
        else:
            tally.notes.append(f"sums not compared: discovery.h5 holds those of {len(stored.status)} instances (each head's of "
                               f"{min(stored.neuron_valid)} or more), {tally.instances} were redone")
        return tally

    # ---- heads ----

    def _answers(self, tally: Tally, task: str, case: Case, number: int, stored: Stored, pixels) -> None:
        reference, heads = self.reference, self.reference.heads
        ids = reference.prompt_ids(case.texts[0])
        prompt, draft = reference.embed(ids, pixels), reference.draft(ids, pixels)
        (plain,), logits, log_probs = reference.answers(prompt, [draft])
        if plain != draft:
            tally.drafts_corrected += 1
            log_probs[0] = reference.answers(prompt, [plain])[2][0]
        self._cell(tally, task, case, number, stored, 0, plain, logits[0])
        columns = {0: log_probs[0]}
        for layer in range(reference.layers):
            answers, logits, log_probs = reference.answers(prompt, [plain] * heads, layer, list(range(heads)))
            for head in range(heads):
                column = 1 + layer * heads + head
                self._cell(tally, task, case, number, stored, column, answers[head], logits[head])
                columns[column] = log_probs[head]
        if stored.answer(number, 0) == plain:
            for column, value in columns.items():
                tally.log_prob = max(tally.log_prob, abs(value - float(stored.log_prob[number, column])))

    def _cell(self, tally: Tally, task: str, case: Case, number: int, stored: Stored, column: int, ids: list[int],
              logits: np.ndarray) -> None:
        tally.smallest_margin = min(tally.smallest_margin, compare.smallest_margin(ids, logits))
        theirs, status = stored.answer(number, column), int(stored.cell[number, column])
        value, counts = utility(task, case, self.reference.answer_text(ids))
        if ids != theirs:
            tally.cell(case.image_id, column, *compare.answer_difference(ids, theirs, logits))
            return
        wrong = None
        wanted = 1 if theirs == stored.answer(number, 0) else 2
        if status not in DONE or status != wanted:
            wrong = f"status {status}, expected {wanted}"
        elif not abs(value - stored.utility[number, column]) <= 1e-12:
            wrong = f"the same answer is worth {value!r}, stored {stored.utility[number, column]!r}"
        elif counts is not None and counts != stored.bleu[number, column].tolist():
            wrong = f"BLEU counts {counts}, stored {stored.bleu[number, column].tolist()}"
        tally.cell(case.image_id, column, wrong, float("inf"))

    def _query(self, tally: Tally, case: Case, number: int, stored: Stored, pixels) -> None:
        reference, heads = self.reference, self.reference.heads
        odds = np.zeros((1 + reference.layers * heads, len(case.texts)))
        for index, text in enumerate(case.texts):
            yes, no = reference.fixed_target(text, "Yes"), reference.fixed_target(text, "No")
            if len(yes) != 1 or len(no) != 1 or yes == no:
                raise SystemExit(f"reference_sweep: retrieval needs one token each for Yes and No, these are {yes} and {no}")
            prompt = reference.embed(reference.prompt_ids(text), pixels)
            for layer in [None, *range(reference.layers)]:
                rows = 1 if layer is None else heads
                with reference.replacing(layer, list(range(rows))):
                    logits = reference.model.lm_head(reference.hidden(prompt.expand(rows, -1, -1))[:, -1]).numpy()
                for row in range(rows):
                    odds[0 if layer is None else 1 + layer * heads + row, index] = metrics.yes_odds(logits[row], yes[0])
        relevance = np.zeros(len(case.texts), int)
        relevance[case.positive] = 1
        log_p = np.vectorize(metrics.log_yes)(odds)
        plain_order = compare.order(log_p[0])
        for column in range(len(odds)):
            theirs = stored.scores[number, column].astype(np.float64)
            tally.log_odds = max(tally.log_odds, float(np.abs(odds[column] - (theirs - np.log(-np.expm1(theirs)))).max()))
            tally.log_prob = max(tally.log_prob, abs(log_p[column, case.positive] - float(stored.log_prob[number, column])))
            value = metrics.ndcg5(log_p[column], relevance)
            wanted = 1 if compare.order(log_p[column]) == plain_order else 2
            if wanted == stored.cell[number, column] and abs(value - stored.utility[number, column]) <= 1e-12:
                tally.cell(case.image_id, column, None, 0)
                continue
            margin = max(compare.places_changed(odds[c], stored.scores[number, c]) for c in (0, column))
            what = (f"NDCG@5 {value:.4f} and status {wanted}, stored {stored.utility[number, column]:.4f} and "
                    f"{stored.cell[number, column]}")
            tally.cell(case.image_id, column, what, margin if margin > 0 else float("inf"))

    # ---- neurons ----

    def direction(self, case: Case) -> np.ndarray:
        reference = self.reference
        if case.target:
            return reference.direction(reference.fixed_target(case.texts[case.positive], case.target))
        ids = [token for text in case.references for token in reference.reference_ids(text)][:OPEN_TARGET_TOKENS]
        return reference.direction(ids, [self.idf[token] for token in ids])

    def contributions(self, case: Case, pixels, heads: list[tuple[int, int]]) -> tuple[np.ndarray, list[np.ndarray]]:
        """c of the plain run and of the runs with each of the heads replaced, [L, F] each."""
        reference = self.reference
        prompt = reference.embed(reference.prompt_ids(case.texts[case.positive]), pixels)
        projection = reference.projection(self.direction(case))
        plain = reference.activations(prompt, 1)[0] * projection
        replaced: list[np.ndarray] = [plain] * len(heads)
        for layer in sorted({layer for layer, _ in heads}):
            indices = [index for index, (at, _) in enumerate(heads) if at == layer]
            with reference.replacing(layer, [heads[index][1] for index in indices]):
                rows = reference.activations(prompt, len(indices))
            for row, index in enumerate(indices):
                replaced[index] = rows[row] * projection
        return plain, replaced

    def _contributions(self, case: Case, stored: Stored, pixels, sums: Sums) -> None:
        heads = stored.neuron_heads[:self.stored_check]
        plain, replaced = self.contributions(case, pixels, heads)
        sums.add_plain(plain)
        for index, value in enumerate(replaced):
            sums.add_head(index, plain, value)
