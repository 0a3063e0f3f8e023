"""An encoder of texts from a model's files: what they state of it, its weights, and its tokenizer.

BERT, RoBERTa and XLM-RoBERTa by the names that transformers gives their tensors. What a folder of
sentence-transformers states of pooling counts; a step of it that isn't run is refused.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError
from aimath.read._sources import locate_errors
from aimath.read.blocks import check_budget
from aimath.read.models.decoder_files import ACTIVATIONS, ENCODERS, list_tensors, read_eps, refuse_foreign
from aimath.read.models.model_config import FILE_NAME, ModelConfig, Settings, read_config, shown
from aimath.read.models.model_folder import has_file, model_folder, read_object, read_text
from aimath.read.models.tokenizer import read_tokenizer
from aimath.read.text._json import loads
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aimath.core.nn import Encoder, EncoderConfig
    from aimath.core.numerics.types import FloatArray

MODULES = "modules.json"
PREFIXES = ("bert.", "roberta.", "model.")
OLD_NAMES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
"""What TensorFlow called gains and biases, as the first files of BERT do."""
POOLINGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
}
"""What sentence-transformers calls them."""
STEPS = ("Transformer", "Pooling", "Normalize")


class TextEncoder(NamedTuple):
    """An encoder, and what turns a text into the ids that it reads."""

    encoder: Encoder
    encode: Callable[[str], list[int]]
    token: Callable[[int], str]  # an id as people read it
    pooling: str  # what its folder says, "" if nothing


def open_encoder(path: str, limit: int | None = None, dtype: str = "float32") -> TextEncoder:
    """Return the encoder of a folder, or of a .safetensors with its other files beside it."""
    path = path.removeprefix("@")
    refuse_foreign(path)
    folder = model_folder(path)
    if not has_file(folder, FILE_NAME):
        why = (
            f"there is no {FILE_NAME} beside its weights"
            if has_file(folder, "")
            else "no such file or folder"
        )
        raise InputError(
            why, hint="give the folder of an encoder, with config.json, weights and tokenizer"
        ).within(display_path(path))
    config = _config(folder)
    pooling = _stated_pooling(folder)
    tokenizer = read_tokenizer(folder)
    weights = _weights(path, folder, config, limit, dtype)
    from aimath.core.nn import Encoder

    with locate_errors(path):
        encoder = Encoder(config, weights)
    return TextEncoder(encoder, tokenizer.encode, tokenizer.token, pooling)


def _config(folder: str) -> EncoderConfig:
    stated = read_config(f"{folder}/{FILE_NAME}")
    with locate_errors(f"{folder}/{FILE_NAME}"):
        return encoder_config(stated)


def encoder_config(stated: ModelConfig) -> EncoderConfig:
    """Return the configuration that a config states, or raise InputError about what isn't run."""
    from aimath.core.nn import EncoderConfig

    if stated.family not in ENCODERS:
        hint = f"encoders are {', '.join(ENCODERS)}; a decoder is for aimath gpt"
        raise InputError(f"the model_type {quote(stated.family)} is no encoder that is run", hint=hint)
    c, sizes = Settings(stated.settings), stated.architecture
    activation = c.text("hidden_act", "gelu")
    if activation not in ACTIVATIONS:
        hint = f"known are {', '.join(ACTIVATIONS)}"
        raise InputError(f"hidden_act is {quote(activation)}, which is not run", hint=hint)
    pad = 0 if stated.family == "bert" else c.size("pad_token_id", 1, least=0) + 1
    return EncoderConfig(
        vocabulary=sizes.vocab,
        width=sizes.d_model,
        layers=sizes.layers,
        heads=sizes.heads,
        inner=sizes.d_ff,
        places=sizes.positions,
        types=sizes.token_types,
        activation=ACTIVATIONS[activation],
        eps=read_eps(c, "layer_norm_eps", 1e-12),
        first_place=pad,
    ).check()


def _weights(
    path: str, folder: str, config: EncoderConfig, limit: int | None, dtype: str
) -> Mapping[str, FloatArray]:
    """Return the weights of an encoder: those that are stored as they are computed with stay in the file."""
    import numpy as np

    from aimath.core.nn import encoder_shapes

    found: dict[str, Any] = {}
    for one in list_tensors(path, folder)[0]:
        name = one.name
        for prefix in PREFIXES:
            name = name.removeprefix(prefix)
        for old, new in OLD_NAMES.items():
            name = name.replace(old, new)
        found[name] = one
    if config.layers > len(found):
        raise InputError(f"{FILE_NAME} states {config.layers} layers, of {len(found)} weights").within(
            display_path(path)
        )
    numbers = {}
    wanted = [name for name in encoder_shapes(config) if name in found]
    changed = [one for one in (found[name] for name in wanted) if one.stored.dtype != dtype]
    size = np.dtype(dtype).itemsize * sum(prod(one.shape) for one in changed)
    check_budget(size, f"its weights in {dtype}", limit)
    for name in wanted:
        numbers[name] = np.asarray(found[name].numbers(dtype))
    return numbers


def _stated_pooling(folder: str) -> str:
    if has_file(folder, MODULES):
        data = read_text(f"{folder}/{MODULES}")
        with locate_errors(f"{folder}/{MODULES}"):
            _check_steps(data)
    file = f"{folder}/1_Pooling/config.json"
    if not has_file(folder, "1_Pooling/config.json"):
        return ""
    stated = {
        key for key, value in read_object(file).items() if value is True and key.startswith("pooling_mode_")
    }
    if len(stated) != 1 or not stated <= POOLINGS.keys():
        names = ", ".join(sorted(map(quote, stated))) or "none"
        raise InputError(f"of the poolings one is run, mean, cls or max, not {names}").within(
            display_path(file)
        )
    return POOLINGS[stated.pop()]


def _check_steps(data: bytes) -> None:
    """Raise InputError if a model has steps behind its encoder that aren't run."""
    steps = loads(data)
    if not isinstance(steps, list):
        raise InputError("holds no list of steps")
    for step in steps:
        kind = step.get("type") if isinstance(step, dict) else None
        if not isinstance(kind, str) or kind.rpartition(".")[2] not in STEPS:
            raise InputError(f"has a step {shown(kind)}, which is not run")
