"""What is minimised: answers, dense labels, marks of candidates, and the penalties that give
neurons the work."""
import torch
from torch.nn import functional as F

from . import data
from .model import EPS
from .tokenizer import END

# Answers of one token and </s> count double: half of their loss is an end that is learned at once.
WEIGHTS = {"vqa": 2.0, "ocr": 1.0, "caption": 1.0, "retrieval": 2.0}


def dense_loss(model, features, batch):
    logits = model.vision.dense(features).float()
    labels = torch.from_numpy(batch.dense).long()
    loss, start = 0.0, 0
    for i, (name, size) in enumerate(data.DENSE.items()):
        part, target = logits[..., start:start + size].flatten(0, 1), labels[:, i].flatten()
        weight = None
        if name in ("colour", "shape", "size", "letter"):
            weight = torch.ones(size)
            weight[0] = 0.3  # most patches show nothing
        loss = loss + F.cross_entropy(part, target, weight, ignore_index=-1)
        start += size
    inside = torch.from_numpy(batch.inside)
    return loss + F.cross_entropy(logits[..., start:].flatten(0, 1), inside.flatten(), torch.tensor([0.3, 1.0]))


def answer_loss(model, features, batch, penalties):
    """Total loss and a dictionary of its parts. `penalties`: weights of (routing, sparsity, early,
    bulk)."""
    tensors = [{k: torch.from_numpy(v) for k, v in group.items()} for group in batch.groups]
    b = len(features)
    labels = torch.cat([t["labels"].reshape(b, -1) for t in tensors], 1)
    marks = torch.cat([t["marks"].reshape(b, -1) for t in tensors], 1)
    tasks = torch.cat([t["tasks"][..., None].expand_as(t["ids"]).reshape(b, -1) for t in tensors], 1)
    points = torch.cat([t["points"].reshape(b, -1, 2) for t in tensors], 1)
    letters = torch.cat([t["letters"].reshape(b, -1) for t in tensors], 1)
    kept, marked, pointed, spelled = labels >= 0, marks >= 0, points[..., 0] >= 0, letters >= 0
    chosen = kept | marked | pointed | spelled
    rows, notes = model.decode(features, [t["ids"] for t in tensors], kept, marked | pointed | spelled)
    hidden = rows[kept[chosen]]

    final = model.decoder.norm(hidden)
    logits = model.decoder.lm_head(final).float()
    losses = F.cross_entropy(logits, labels[kept], reduction="none")
    right = (logits.argmax(-1) == labels[kept]).float()
    parts, total = {}, 0.0
    for task, (name, weight) in enumerate(WEIGHTS.items()):
        of_task = tasks[kept] == task
        if of_task.any():
            parts[name] = losses[of_task].mean()
            parts[name + "_right"] = right[of_task].mean()
            total = total + weight * parts[name]
    mark_loss(model, rows[marked[chosen]], marks[marked], "marks", parts)
    pointing = model.point(rows[pointed[chosen]]).float().unflatten(-1, (2, -1)).flatten(0, 1)
    parts["points"] = F.cross_entropy(pointing, points[pointed].flatten())
    mark_loss(model, rows[spelled[chosen]], letters[spelled], "letters", parts)
    total = total + parts["marks"] + 0.5 * parts["points"] + parts["letters"]

    if any(penalties):
        values = penalty_values(model, notes, labels[kept], tasks[kept])
        for weight, (name, value) in zip(penalties, values.items()):
            parts[name] = value
            total = total + weight * value
    return total, parts


def mark_loss(model, rows, labels, name, parts):
    """Adds to `parts` the loss of telling right from wrong, 0 where there is nothing to tell, and
    the share of the wrong that were found."""
    guesses = model.decoder.mark(rows).float()
    parts[name] = F.cross_entropy(guesses, labels, reduction="sum") / max(1, len(labels))
    wrong = labels == 0
    if wrong.any():
        parts[name + "_right"] = (guesses[wrong].argmax(-1) == 0).float().mean()


def of_groups(values, groups, count):
    """Means of the rows of each of `count` groups, 0 of an empty one."""
    sums = values.new_zeros(count, values.shape[-1]).index_add(0, groups, values)
    return sums / groups.bincount(minlength=count).clamp(min=1)[:, None]


def penalty_values(model, notes, labels, tasks):
    """At the positions that predict answers (sparsity as the mean of the tasks' means; early the
    same, but that </s> is left out and its share falls to all the rest):

    routing: the size of attention's addition relative to the residual.

    sparsity: how many neurons write: the logarithm of mean over root mean square of |a| times the
    norm of what a neuron writes, over all layers together.

    early: what the head could read before the last layer's neurons: by how many standard deviations
    of its own (over the task's positions) the right token's log-probability stands out there, the
    logarithm of one plus the size of its mean over the positions with that token, </s> left out
    (over all positions a rise of Yes where it is right and a fall of No where that is right would
    cancel, and with </s> among them either could hide behind it); and how far the tokens' mean
    logits stand apart over the vocabulary. Small: neurons write the answer, neither attention nor
    an earlier layer has written it, however softly, and nothing else has to be taken back.

    bulk: by how much a neuron writes more than a quarter of the residual, summed over the neurons.
    Without it one neuron that drowns everything, or takes back a residual that means nothing, makes
    the others small.
    """
    met = [residual + added for added, residual, _ in notes]  # what the FFN of each layer meets
    routing = sum((added.pow(2).sum(-1) / (residual.detach().pow(2).sum(-1) + EPS)).mean() for added, residual, _ in notes)
    sizes = [a * layer.mlp["down_proj"].weight.float().norm(dim=0) for layer, (_, _, a) in zip(model.decoder.layers, notes)]
    bulk = sum(F.relu(4 * size.abs() / (x.norm(dim=-1, keepdim=True).detach() + EPS) - 1).sum(-1).mean()
               for size, x in zip(sizes, met))
    counts = tasks.bincount(minlength=len(WEIGHTS))
    share = 1 / (counts[tasks] * (counts > 0).sum())  # of a position: every task counts the same
    sizes = torch.cat(sizes, -1)
    sparsity = ((sizes.abs().mean(-1) / (sizes.pow(2).mean(-1) + 1e-12).sqrt()).log() * share).sum()
    said = labels != END
    tasks, labels, share = tasks[said], labels[said], share[said] / share[said].sum()
    logits = model.decoder.lm_head(model.decoder.norm(met[-1][said])).float()
    known = logits.log_softmax(-1)
    mean = of_groups(known, tasks, len(WEIGHTS))
    spread = (of_groups((known - mean[tasks]).pow(2), tasks, len(WEIGHTS)) + 1e-4).sqrt()
    there = torch.arange(len(labels)), labels
    outstanding = (known[there] - mean[tasks, labels]) / spread[tasks, labels]
    _, groups = torch.unique(torch.stack([tasks, labels]), dim=1, return_inverse=True)  # a task's positions of one label
    leak = of_groups(outstanding[:, None], groups, int(groups.max()) + 1)[groups, 0]
    early = (leak.abs().log1p() * share).sum() + of_groups(logits, tasks, len(WEIGHTS)).std(-1).mean()
    return {"routing": routing / len(notes), "sparsity": sparsity, "early": early, "bulk": bulk}
