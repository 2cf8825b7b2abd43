"""A LLaVA checkpoint in transformers, with docs/method.md sections 1, 2 and 4 done by forward
pre-hooks."""
import contextlib
import json
import pathlib

import numpy as np
import torch
from PIL import Image
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from .data import chat

LIMIT = 24                # most new tokens
OPEN_TARGET_TOKENS = 128


class Reference:
    def __init__(self, folder: pathlib.Path, attention: str):
        self.model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation=attention)
        self.model.eval()
        self.tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        self.processor = CLIPImageProcessorPil.from_pretrained(folder)
        text, vision = self.model.config.text_config, self.model.config.vision_config
        self.layers, self.heads, self.width = text.num_hidden_layers, text.num_attention_heads, text.intermediate_size
        eos = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))["eos_token_id"]
        self.eos = set(eos if isinstance(eos, list) else [eos])
        self.image_tokens = (vision.image_size // vision.patch_size) ** 2
        self.language = self.model.model.language_model
        self.fired = 0
        self._replaced: tuple[int, list[int]] | None = None
        for index, layer in enumerate(self.language.layers):
            layer.self_attn.o_proj.register_forward_pre_hook(self._head_hook(index))

    # ---- text ----

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text)

    def prompt_ids(self, text: str) -> list[int]:
        return self.encode(self._expanded(text))

    def _expanded(self, text: str) -> str:
        return chat(text).replace("<image>", "<image>" * self.image_tokens)

    def fixed_target(self, text: str, target: str) -> list[int]:
        """The target's ids as they follow the prompt; one blank separates the two."""
        prompt = self.prompt_ids(text)
        both = self.encode(f"{self._expanded(text)} {target}")
        if both[:len(prompt)] != prompt or len(both) == len(prompt):
            raise ValueError(f"the target {target!r} changes the ids of its prompt")
        return both[len(prompt):]

    def reference_ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False)

    def answer_text(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True).strip().split("\n")[0]

    # ---- forward passes ----

    def pixels(self, picture: Image.Image) -> torch.Tensor:
        return self.processor(picture, return_tensors="pt")["pixel_values"]

    def embed(self, ids: list[int], pixels: torch.Tensor) -> torch.Tensor:
        """What LLaVA's own forward hands to its language model, image features spliced in: [1, T,
        D]."""
        seen = {}

        def look(module, args, kwargs):
            seen["embeds"] = kwargs["inputs_embeds"]

        handle = self.language.register_forward_pre_hook(look, with_kwargs=True)
        self.model(input_ids=torch.tensor([ids]), pixel_values=pixels, use_cache=False)
        handle.remove()
        return seen["embeds"]

    def _head_hook(self, layer: int):
        def replace(module, args):
            if self._replaced is None or self._replaced[0] != layer:
                return None
            z = args[0]
            split = z.view(*z.shape[:2], self.heads, -1)
            edited = split.clone()
            for row, head in enumerate(self._replaced[1]):
                others = [other for other in range(self.heads) if other != head]
                edited[row, :, head] = split[row][:, others].mean(dim=1) if others else 0
                self.fired += 1
            return (edited.view(z.shape),)
        return replace

    @contextlib.contextmanager
    def replacing(self, layer: int | None, heads: list[int]):
        """Within it, row r of every batch has head heads[r] of the layer replaced; layer None:
        nothing is."""
        self._replaced = None if layer is None else (layer, heads)
        before = self.fired
        yield
        self._replaced = None
        if layer is not None and self.fired == before:
            raise RuntimeError(f"the hook of layer {layer} never fired")

    def hidden(self, embeds: torch.Tensor) -> torch.Tensor:
        return self.language(inputs_embeds=embeds, use_cache=False).last_hidden_state

    def greedy(self, ids: list[int], pixels: torch.Tensor) -> tuple[list[int], float]:
        """transformers' own greedy answer with its cache, and the smallest gap between its best and
        second logit."""
        out = self.model.generate(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long),
                                  pixel_values=pixels, max_new_tokens=LIMIT, do_sample=False, eos_token_id=sorted(self.eos),
                                  pad_token_id=0, output_logits=True, return_dict_in_generate=True)
        margin = min(float(best - second) for best, second in (logits[0].topk(2).values for logits in out.logits))
        return out.sequences[0, len(ids):].tolist(), margin

    def draft(self, ids: list[int], pixels: torch.Tensor) -> list[int]:
        return self.greedy(ids, pixels)[0]

    def check(self, prompt: torch.Tensor, drafts: list[list[int]]) -> torch.Tensor:
        """Logits of all answer positions, one row per draft: [rows, LIMIT, V]. Always prompt +
        LIMIT - 1 positions."""
        padded = torch.tensor([(draft + [0] * LIMIT)[:LIMIT - 1] for draft in drafts])
        answers = self.model.get_input_embeddings()(padded)
        embeds = torch.cat([prompt.expand(len(drafts), -1, -1), answers], dim=1)
        return self.model.lm_head(self.hidden(embeds)[:, prompt.shape[1] - 1:])

    def answers(self, prompt: torch.Tensor, drafts: list[list[int]], layer: int | None = None,
                heads: list[int] | None = None) -> tuple[list[list[int]], np.ndarray, np.ndarray]:
        """The canonical answers of rows; row r with head heads[r] of the layer replaced.

        Returns the ids, the logits of the forward pass that settled each row [rows, LIMIT, V], and
        each draft's log-probability (from the first pass). Behind a corrected position the draft
        goes on with the pass's own argmaxes: any draft leads to the same fixed point, and none
        needs a cache.
        """
        now = [list(draft) for draft in drafts]
        settled = np.zeros((len(drafts), LIMIT, self.model.config.text_config.vocab_size), np.float32)
        log_probs, waiting = np.zeros(len(drafts)), list(range(len(drafts)))
        for turn in range(LIMIT + 1):
            with self.replacing(layer, [heads[row] for row in waiting] if heads else []):
                passes = dict(zip(waiting, self.check(prompt, [now[row] for row in waiting]).numpy()))
            for row, logits in passes.items():
                best = self.until_end(logits.argmax(axis=-1).tolist())
                if turn == 0:
                    log_probs[row] = draft_log_prob(logits, drafts[row])
                if best == now[row]:
                    settled[row] = logits
                    waiting.remove(row)
                now[row] = best
            if not waiting:
                return now, settled, log_probs
        raise RuntimeError("an answer did not settle")

    def until_end(self, ids: list[int]) -> list[int]:
        ends = [index for index, token in enumerate(ids) if token in self.eos]
        return ids[:ends[0] + 1] if ends else ids

    # ---- contributions ----

    def direction(self, ids: list[int], weights: list[float] | None = None) -> np.ndarray:
        rows = self.model.lm_head.weight[torch.tensor(ids)].double().numpy()
        total = (rows * np.array(weights if weights is not None else [1.0] * len(ids))[:, None]).sum(axis=0)
        return total / np.linalg.norm(total)

    def projection(self, direction: np.ndarray) -> np.ndarray:
        """<W_down[:, i], u> of every neuron: [L, F], double."""
        return np.stack([layer.mlp.down_proj.weight.double().numpy().T @ direction for layer in self.language.layers])

    def activations(self, prompt: torch.Tensor, rows: int) -> np.ndarray:
        """down_proj's input at the last prompt position: [rows, L, F], double."""
        seen = []
        handles = [layer.mlp.down_proj.register_forward_pre_hook(lambda _, args: seen.append(args[0][:, -1].double().numpy()))
                   for layer in self.language.layers]
        self.hidden(prompt.expand(rows, -1, -1))
        for handle in handles:
            handle.remove()
        return np.stack(seen, axis=1)


def draft_log_prob(logits: np.ndarray, ids: list[int]) -> float:
    """Sum of natural log-probabilities of ids, in double, from logits [LIMIT, V]."""
    wide = logits[:len(ids)].astype(np.float64)
    top = wide.max(axis=-1, keepdims=True)
    lse = top[:, 0] + np.log(np.exp(wide - top).sum(axis=-1))
    return float(sum(wide[i, token] - lse[i] for i, token in enumerate(ids)))
