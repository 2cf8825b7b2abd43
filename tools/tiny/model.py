"""The LLaVA architecture for training: numerically Hugging Face's, but one picture and one prompt
prefix serve many segments, attention is written as matmul, softmax, matmul, and what the penalties
need is kept.

Letters: B scenes, T tokens, H heads, N segments of a picture, S tokens of a segment, P prefix
tokens.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from . import data

WIDTH, VISION_LAYERS, VISION_HEADS = 128, 5, 4
LAYERS, HEADS, VOCABULARY = 6, 8, 1024
EPS = 1e-5
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def attend(q, k, v, mask=None):
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask
    return torch.softmax(scores, -1) @ v


class VisionLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(WIDTH, EPS), nn.LayerNorm(WIDTH, EPS)
        self.self_attn = nn.ModuleDict({n: nn.Linear(WIDTH, WIDTH) for n in ("q_proj", "k_proj", "v_proj", "out_proj")})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(WIDTH, 4 * WIDTH), "fc2": nn.Linear(4 * WIDTH, WIDTH)})

    def forward(self, x):
        b, t, _ = x.shape
        h = self.layer_norm1(x)
        q, k, v = (self.self_attn[n](h).view(b, t, VISION_HEADS, -1).transpose(1, 2)
                   for n in ("q_proj", "k_proj", "v_proj"))
        x = x + self.self_attn["out_proj"](attend(q, k, v).transpose(1, 2).reshape(b, t, WIDTH))
        h = self.mlp["fc1"](self.layer_norm2(x))
        return x + self.mlp["fc2"](h * torch.sigmoid(1.702 * h))


class Vision(nn.Module):
    def __init__(self):
        super().__init__()
        patches = data.GRID**2
        self.class_embedding = nn.Parameter(torch.randn(WIDTH) * 0.02)
        self.patch_embedding = nn.Conv2d(3, WIDTH, data.PATCH, data.PATCH, bias=False)
        self.position_embedding = nn.Embedding(patches + 1, WIDTH)
        self.pre_layrnorm = nn.LayerNorm(WIDTH, EPS)
        # Feature layer -2: the last layer is in the checkpoint but never trained.
        self.layers = nn.ModuleList(VisionLayer() for _ in range(VISION_LAYERS - 1))
        self.dense = nn.Linear(WIDTH, sum(data.DENSE.values()) + 2)  # thrown away: labels of a patch, inside the box
        nn.init.normal_(self.position_embedding.weight, std=0.02)

    def forward(self, pixels):
        x = self.patch_embedding(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], 1) + self.position_embedding.weight
        x = self.pre_layrnorm(x)
        for layer in self.layers:
            x = layer(x)
        return x[:, 1:]


class RMSNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        x = x.float()
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * self.weight


def rotate(x, positions):
    """RoPE with pairs (j, j + D/2), as Hugging Face lays LLaMA out. x: ... H T D."""
    half = x.shape[-1] // 2
    inverse = 10000.0 ** (-torch.arange(half, dtype=torch.float32) / half)
    angles = positions[:, None].float() * inverse
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class DecoderLayer(nn.Module):
    def __init__(self, neurons):
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(), RMSNorm()
        self.self_attn = nn.ModuleDict(
            {n: nn.Linear(WIDTH, WIDTH, bias=False) for n in ("q_proj", "k_proj", "v_proj", "o_proj")})
        self.mlp = nn.ModuleDict({"gate_proj": nn.Linear(WIDTH, neurons, bias=False),
                                  "up_proj": nn.Linear(WIDTH, neurons, bias=False),
                                  "down_proj": nn.Linear(neurons, WIDTH, bias=False)})

    def forward(self, x, layout, only=None):
        """x: B T D. Returns x, attention's addition and the FFN's activations; of the positions
        `only` (boolean B T), as rows, where it is given: after the last layer nobody looks at the
        others."""
        q, k, v = (self.self_attn[n](self.input_layernorm(x)) for n in ("q_proj", "k_proj", "v_proj"))
        mixed = layout.attend(q, k, v)
        if only is not None:
            mixed, x = mixed[only], x[only]
        added = self.self_attn["o_proj"](mixed)
        x = x + added
        h = self.post_attention_layernorm(x)
        a = F.silu(self.mlp["gate_proj"](h)) * self.mlp["up_proj"](h)
        return x + self.mlp["down_proj"](a), added, a


class Layout:
    """A prefix of P tokens, then groups of N segments of S tokens, in one sequence. A segment sees
    the prefix and itself; its positions go on after the prefix."""

    def __init__(self, prefix, groups):
        self.prefix, self.groups = prefix, groups
        self.masks = [torch.full((s, s), -1e4).triu(1) for s in [prefix] + [s for _, s in groups]]

    @staticmethod
    def heads(x):
        return x.unflatten(-1, (HEADS, -1)).transpose(-2, -3)  # ... H T D

    def attend(self, q, k, v):
        p = self.prefix
        qp, kp, vp = (self.heads(x[:, :p]) for x in (q, k, v))
        positions = torch.arange(p)
        kp = rotate(kp, positions)
        outputs = [attend(rotate(qp, positions), kp, vp, self.masks[0]).transpose(1, 2).flatten(2)]
        start = p
        for (n, s), mask in zip(self.groups, self.masks[1:]):
            qs, ks, vs = (self.heads(x[:, start:start + n * s].unflatten(1, (n, s))) for x in (q, k, v))  # B N H S D
            positions = torch.arange(p, p + s)
            qs, ks = rotate(qs, positions), rotate(ks, positions)
            scale = 1 / math.sqrt(qs.shape[-1])
            shared = qs.transpose(1, 2).flatten(2, 3) @ kp.transpose(-1, -2) * scale  # B H N*S P
            shared = shared.unflatten(2, (n, s)).transpose(1, 2)                      # B N H S P
            own = qs @ ks.transpose(-1, -2) * scale + mask
            weights = torch.softmax(torch.cat([shared, own], -1), -1)
            out = (weights[..., :p].transpose(1, 2).flatten(2, 3) @ vp).unflatten(2, (n, s)).transpose(1, 2)
            out = out + weights[..., p:] @ vs
            outputs.append(out.transpose(2, 3).flatten(3).flatten(1, 2))
            start += n * s
        return torch.cat(outputs, 1)


class Decoder(nn.Module):
    def __init__(self, neurons):
        super().__init__()
        self.embed_tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(DecoderLayer(neurons) for _ in range(LAYERS))
        self.norm = RMSNorm()
        self.lm_head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.mark = nn.Linear(WIDTH, 2)  # thrown away: is this phrase of a candidate right?
        nn.init.normal_(self.embed_tokens.weight, std=0.5)
        nn.init.normal_(self.lm_head.weight, std=0.02)


class Model(nn.Module):
    def __init__(self, before_image, neurons):
        super().__init__()
        self.vision = Vision()
        self.projector = nn.ModuleDict({"linear_1": nn.Linear(WIDTH, WIDTH), "linear_2": nn.Linear(WIDTH, WIDTH)})
        self.decoder = Decoder(neurons)
        self.point = nn.Linear(WIDTH, 2 * data.POINT_BINS)  # thrown away: where is the thing just named?
        self.register_buffer("before_image", torch.tensor(before_image), persistent=False)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear) and "lm_head" not in name:
                gain = 0.3 if name.endswith(("o_proj", "down_proj", "out_proj", "fc2")) else 1.0
                nn.init.normal_(module.weight, std=gain / math.sqrt(module.in_features))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def features(self, pixels):
        x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - torch.tensor(MEAN)[:, None, None])
        return self.vision(x / torch.tensor(STD)[:, None, None])

    def project(self, features):
        return self.projector["linear_2"](F.gelu(self.projector["linear_1"](features)))

    def decode(self, features, groups, kept, also=None):
        """Hidden states, as rows, of the groups' tokens chosen by `kept` or `also` (boolean, B x
        all tokens of all groups), and for the positions `kept`, layer by layer: attention's
        addition, the residual it meets, and the FFN's activations."""
        image = self.project(features)
        embed = self.decoder.embed_tokens
        before = embed(self.before_image).expand(len(image), -1, -1)
        x = torch.cat([before.to(image.dtype), image] + [embed(ids).flatten(1, 2).to(image.dtype) for ids in groups], 1)
        p = before.shape[1] + image.shape[1]
        layout = Layout(p, [ids.shape[1:] for ids in groups])
        chosen = kept if also is None else kept | also
        *layers, last = self.decoder.layers
        notes = []
        for layer in layers:
            residual = x
            x, added, a = layer(x, layout)
            notes.append(tuple(y[:, p:][kept].float() for y in (added, residual, a)))
        residual = x[:, p:][kept]
        x, added, a = last(x, layout, F.pad(chosen, (p, 0)))
        rows = kept[chosen]
        notes.append(tuple(y.float() for y in (added[rows], residual, a[rows])))
        return x, notes
