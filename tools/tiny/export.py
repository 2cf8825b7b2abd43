"""Saves trained weights as an ordinary Hugging Face checkpoint folder."""
import json
import shutil

import torch
import transformers

from . import data, prompts, tokenizer
from .model import EPS, HEADS, LAYERS, MEAN, STD, VISION_HEADS, VISION_LAYERS, WIDTH

POSITIONS = 512


def config(neurons):
    return transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(
            hidden_size=WIDTH, intermediate_size=4 * WIDTH, num_hidden_layers=VISION_LAYERS,
            num_attention_heads=VISION_HEADS, image_size=data.SIDE, patch_size=data.PATCH, projection_dim=WIDTH,
            hidden_act="quick_gelu", layer_norm_eps=EPS),
        text_config=transformers.LlamaConfig(
            hidden_size=WIDTH, intermediate_size=neurons, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
            num_key_value_heads=HEADS, vocab_size=tokenizer.SIZE, max_position_embeddings=POSITIONS, rms_norm_eps=EPS,
            hidden_act="silu", tie_word_embeddings=False, bos_token_id=1, eos_token_id=tokenizer.END, pad_token_id=tokenizer.PAD),
        image_token_index=tokenizer.IMAGE, image_seq_length=data.GRID**2, vision_feature_layer=-2,
        vision_feature_select_strategy="default", projector_hidden_act="gelu", tie_word_embeddings=False)


def neurons_of(model):
    """Neurons of a decoder layer."""
    return model.decoder.layers[0].mlp["down_proj"].in_features


def name_there(name):
    """The name in Hugging Face's modules of a parameter here, None for heads that are thrown
    away."""
    if ".dense." in name or ".mark." in name or name.startswith("point."):
        return None
    name = name.replace("projector.", "model.multi_modal_projector.", 1)
    if name.startswith("decoder.lm_head"):
        return name.replace("decoder.", "", 1)
    if name.startswith("decoder."):
        return name.replace("decoder.", "model.language_model.", 1)
    if name.startswith("vision."):
        inner = name.removeprefix("vision.")
        if inner.startswith("layers."):
            inner = "encoder." + inner
        elif "embedding" in inner:
            inner = "embeddings." + inner
        return "model.vision_tower." + inner
    return name


def pairs(model, state):
    """(parameter here, tensor of Hugging Face's state) for every parameter that a checkpoint
    holds."""
    prefix = "vision_model." if any("vision_tower.vision_model." in key for key in state) else ""
    for name, parameter in model.named_parameters():
        target = name_there(name)
        if target is None:
            continue
        target = target.replace("model.vision_tower.", "model.vision_tower." + prefix)
        if state[target].shape != parameter.shape:
            raise ValueError(f"{target}: {tuple(state[target].shape)} there, {tuple(parameter.shape)} here")
        yield parameter, state[target]


def hugging_face_model(model):
    """The same weights in LlavaForConditionalGeneration, in fp32."""
    torch.manual_seed(0)  # the vision layer and norm that nobody uses
    there = transformers.LlavaForConditionalGeneration(config(neurons_of(model)))
    state = there.state_dict()
    for parameter, tensor in pairs(model, state):
        tensor.copy_(parameter.detach())
    there.load_state_dict(state)
    return there.eval()


def load(model, folder, tokenizer_file, new_neurons=False):
    """The weights of a checkpoint that `save` wrote; heads that are thrown away stay as they are,
    and with `new_neurons` the decoder's FFNs. Pieces that its tokenizer lacks are read like their
    last letter and said like their first until they are learnt. A model with fewer neurons gets
    those of the largest weights."""
    there = transformers.LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    begin, end = tokenizer.nearest(folder / "tokenizer.json", tokenizer_file)
    state = there.state_dict()
    for name, rows in (("model.language_model.embed_tokens.weight", end), ("lm_head.weight", begin)):
        state[name] = state[name][rows]
    for layer in range(LAYERS):
        gate, up, down = (f"model.language_model.layers.{layer}.mlp.{n}_proj.weight" for n in ("gate", "up", "down"))
        size = state[gate].norm(dim=1) * state[up].norm(dim=1) * state[down].norm(dim=0)
        kept = size.argsort(descending=True)[:neurons_of(model)].sort().values
        state[gate], state[up], state[down] = state[gate][kept], state[up][kept], state[down][:, kept]
    drawn = {id(p) for layer in model.decoder.layers for p in layer.mlp.parameters()} if new_neurons else ()
    for parameter, tensor in pairs(model, state):
        if id(parameter) not in drawn:
            parameter.data.copy_(tensor)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def save(model, tokenizer_file, out):
    out.mkdir(parents=True, exist_ok=True)
    there = hugging_face_model(model).half()
    there.generation_config = transformers.GenerationConfig(
        bos_token_id=1, eos_token_id=tokenizer.END, pad_token_id=tokenizer.PAD, max_new_tokens=24, do_sample=False)
    there.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    shutil.copyfile(tokenizer_file, out / "tokenizer.json")
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    write_json(out / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": POSITIONS, "padding_side": "left",
        "clean_up_tokenization_spaces": False, "image_token": "<image>",
        "extra_special_tokens": {"image_token": "<image>"}, **special})
    write_json(out / "special_tokens_map.json", special)
    write_json(out / "preprocessor_config.json", {
        "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": data.SIDE},
        "do_center_crop": True, "crop_size": {"height": data.SIDE, "width": data.SIDE}, "do_rescale": True,
        "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": MEAN, "image_std": STD, "resample": 3,
        "do_convert_rgb": True})
    write_json(out / "processor_config.json", {
        "processor_class": "LlavaProcessor", "patch_size": data.PATCH, "vision_feature_select_strategy": "default",
        "num_additional_image_tokens": 1, "image_token": "<image>"})
    write_json(out / "chat_template.json", {"chat_template": prompts.CHAT_TEMPLATE})
