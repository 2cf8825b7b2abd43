"""Muon for matrices, Adam for the rest, averaged weights; all parameters and gradients in one flat
buffer each."""
import torch
import torch.distributed as dist


def orthogonalise(g, steps=5):
    """Newton-Schulz on a stack of matrices."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.transpose(-1, -2)
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(-1, -2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.transpose(-1, -2) if tall else x).float()


class Optimiser:
    MUON_RATE, ADAM_RATE, MOMENTUM, BETAS, AVERAGE = 0.014, 3e-3, 0.95, (0.9, 0.95), 0.995

    def __init__(self, model):
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        total = sum(p.numel() for p in self.parameters)
        self.weights, self.gradients = torch.zeros(total), torch.zeros(total)
        self.spans, start = [], 0
        for p in self.parameters:
            span = slice(start, start + p.numel())
            self.weights[span] = p.data.flatten()
            p.data = self.weights[span].view_as(p)
            p.grad = self.gradients[span].view_as(p)
            self.spans.append(span)
            start += p.numel()
        names = {id(p): n for n, p in model.named_parameters()}
        is_matrix = [p.ndim == 2 and not any(s in names[id(p)] for s in ("embed", "lm_head", "dense", "mark", "point"))
                     for p in self.parameters]
        self.adam_mask = torch.zeros(total, dtype=torch.bool)
        stacks = {}
        for p, span, matrix in zip(self.parameters, self.spans, is_matrix):
            if matrix:
                stacks.setdefault(tuple(p.shape), []).append(span)
            else:
                self.adam_mask[span] = True
        # Each process orthogonalises its share; the updates meet in a sum.
        rank, size = dist.get_rank(), dist.get_world_size()
        self.stacks = {shape: spans[rank::size] for shape, spans in stacks.items()}
        self.adam_index = self.adam_mask.nonzero()[:, 0]
        self.first = torch.zeros(total)
        self.second = torch.zeros(len(self.adam_index))
        self.average = self.weights.clone()
        self.step_number = 0

    def step(self, factor):
        """One step with learning rates times `factor`. The gradients are averaged over the
        processes here."""
        self.step_number += 1
        dist.all_reduce(self.gradients)
        self.gradients /= dist.get_world_size()
        norm = self.gradients.norm()
        if not torch.isfinite(norm):
            self.gradients.zero_()
            return float(norm)
        index = self.adam_index
        g = self.gradients[index] * min(1.0, 5.0 / (float(norm) + 1e-6))
        b1, b2 = self.BETAS
        first = self.first[index].lerp_(g, 1 - b1)
        self.second.lerp_(g * g, 1 - b2)
        n = self.step_number
        adam = first / (1 - b1**n) / ((self.second / (1 - b2**n)).sqrt() + 1e-8)

        self.first.mul_(self.MOMENTUM).add_(self.gradients)
        update = torch.zeros_like(self.weights)
        for shape, spans in self.stacks.items():
            if not spans:
                continue
            stack = torch.stack([(self.gradients[s] + self.MOMENTUM * self.first[s]).view(shape) for s in spans])
            scale = max(1.0, shape[0] / shape[1]) ** 0.5
            for span, matrix in zip(spans, orthogonalise(stack)):
                update[span] = matrix.flatten() * (self.MUON_RATE * scale)
        dist.all_reduce(update)
        self.first[index] = first
        update[index] = self.ADAM_RATE * adam
        self.weights.sub_(update, alpha=factor)
        self.gradients.zero_()
        keep = min(self.AVERAGE, (1 + n) / (10 + n))
        self.average.lerp_(self.weights, 1 - keep)
        return float(norm)

    def state(self):
        return {"weights": self.weights, "average": self.average, "first": self.first, "second": self.second,
                "step": self.step_number}

    def load(self, state):
        for name in ("weights", "average", "first", "second"):
            here, there = getattr(self, name), state[name]
            here[:len(there)] = there[:len(here)]
        self.step_number = state["step"]
