"""A decoder from a model's files: what config.json states of it, and its weights, which stay in the file.

GPT-2, Llama, Mistral, OLMo 2, Qwen 2 and 3 by the names that transformers gives their tensors, fused and
split, and GPT-2's matrices as nanoGPT's layers have them too. What the forward pass doesn't do is refused
by the key that asks for it: an answer that is nearly right is none.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError, pluralize
from aimath.read._foreign import conversion_hint
from aimath.read.blocks import check_budget, file_suffix, memory_limit
from aimath.read.models.mapped_tensors import ConvertedTensor, map_tensors
from aimath.read.models.model_config import FILE_NAME, ModelConfig, Settings, read_config, shown
from aimath.read.models.model_folder import has_file, model_folder
from aimath.read.models.weight_files import INDEX, read_folder
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aimath.core.nn import Decoder, DecoderConfig
    from aimath.core.numerics.types import FloatArray
    from aimath.read.models.mapped_tensors import MappedTensor

    Weight = FloatArray | ConvertedTensor

ENCODERS = ("bert", "roberta", "xlm-roberta")
"""Encoders that are run, by model_type."""
ACTIVATIONS = {
    "relu": "relu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "silu": "silu",
    "swish": "silu",
}
"""What transformers calls them."""
PREFIXES = ("_orig_mod.", "module.", "transformer.")
"""What stands before GPT-2's names in some files."""
OLDER_NAMES = {"tokens_embed": "wte", "positions_embed": "wpe"}
"""What the first GPT calls its tables."""


class DecoderFiles(NamedTuple):
    """A decoder, what its files are called, and what is to be said of them."""

    config: DecoderConfig
    weights: Mapping[str, Weight]
    stated: ModelConfig
    bytes: int  # of the weights as they are stored
    dtype: str  # of the weights: "F32", or "F32 and BF16"
    notes: tuple[str, ...] = ()

    def decoder(self) -> Decoder:
        """Return the decoder of these weights, or raise InputError if they aren't of these sizes."""
        from aimath.core.nn import Decoder

        return Decoder(self.config, self.weights)


def open_decoder(
    path: str, limit: int | None = None, dtype: str = "float32", *, hold: bool = False
) -> DecoderFiles:
    """Return the decoder of a folder, or of a file with config.json beside it.

    With `hold` weights of other types are converted once, where there is memory for all of them.
    """
    path = path.removeprefix("@")
    refuse_foreign(path)
    folder = model_folder(path)
    if not has_file(folder, FILE_NAME):
        hint = "put the model's there; checkpoints of aimath train need none"
        raise InputError(f"there is no {FILE_NAME} beside its weights", hint=hint).within(display_path(path))
    stated = read_config(f"{folder}/{FILE_NAME}")
    try:
        config, said = decoder_config(stated)
    except InputError as error:
        raise error.within(display_path(f"{folder}/{FILE_NAME}")) from None
    found, notes = list_tensors(path, folder)
    numbers = {one.name: one.numbers(dtype) for one in found if _is_weight(one)}
    try:
        weights = _by_parts(numbers, config.check())
        if hold:
            weights = _converted(weights, limit)
        return DecoderFiles(config, weights, stated, *_stored(found), (*said, *notes))
    except InputError as error:
        raise (error if error.places else error.within(display_path(path))) from None


def refuse_missing(path: str, hint: str) -> None:
    """Raise InputError about a model that isn't there, with a way out."""
    if not os.path.lexists(path):
        raise InputError("No such file or directory", hint=hint).within(f"cannot read '{display_path(path)}'")


def refuse_foreign(path: str) -> None:
    """Raise InputError about files of weights that aren't opened, with the way to convert them."""
    refuse_missing(path, "give a .safetensors with config.json beside it, or its folder")
    suffix = file_suffix(path)
    if os.path.isdir(path) or suffix == ".safetensors":  # noqa: PTH112  2 ms for pathlib
        return
    hint = conversion_hint(path) or "give a .safetensors with config.json beside it, or its folder"
    raise InputError("is no model that is opened", hint=hint).within(display_path(path))


def list_tensors(path: str, folder: str) -> tuple[list[MappedTensor], tuple[str, ...]]:
    """Return the tensors of a model's folder or of one file in it, and what is to be said of them."""
    if os.path.isdir(path):  # noqa: PTH112  the same
        return read_folder(folder, map_tensors)
    name = path.rpartition("/")[2]
    if has_file(folder, INDEX) and name != "model.safetensors":
        hint = f"give the folder: {display_path(folder)}"
        raise InputError("may be one shard of several", hint=hint).within(display_path(path))
    return map_tensors(path), ()


def _is_weight(one: MappedTensor) -> bool:
    """Return whether a tensor is one that is computed with: not a mask that is stored beside them."""
    return not one.name.endswith((".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"))


def _stored(found: Sequence[MappedTensor]) -> tuple[int, str]:
    kinds = dict.fromkeys(one.dtype for one in found if _is_weight(one))
    return sum(one.stored.nbytes for one in found), " and ".join(kinds)


def _converted(weights: Mapping[str, Weight], limit: int | None) -> Mapping[str, Weight]:
    """Return weights as arrays, if they fit into memory together: else they are converted at each use."""
    size = sum(
        math.prod(one.shape) * one.dtype.itemsize
        for one in weights.values()
        if isinstance(one, ConvertedTensor)
    )
    if size > (memory_limit() if limit is None else limit):
        return weights
    import numpy as np

    return {name: np.asarray(one) for name, one in weights.items()}


def check_room(config: DecoderConfig, tokens: int, places: int, limit: int | None) -> None:
    """Raise InputError if a pass over so many tokens, with logits of some places, doesn't fit into memory."""
    scores = 3 * config.heads * tokens * tokens
    rows = tokens * (8 * config.width + 2 * config.heads * config.d)
    size = 4 * (scores + rows + 3 * places * config.vocabulary + config.vocabulary * config.width)
    check_budget(size, f"a pass over {pluralize(tokens, 'token')}", limit, alternative="a shorter text")


def decoder_config(stated: ModelConfig) -> tuple[DecoderConfig, tuple[str, ...]]:
    """Return the decoder that a config states, and what is to be said of it.

    >>> from aimath.read.models.model_config import parse_config
    >>> decoder_config(parse_config(b'{"model_type": "gpt2"}'))[0].activation
    'gelu_tanh'
    """
    family = FAMILIES.get(stated.family)
    if family is None:
        why = f"a {quote(stated.family)} is not run"
        known = f"what is run are {', '.join(FAMILIES)}"
        raise InputError(why, hint="aimath embed runs it" if stated.family in ENCODERS else known)
    settings = Settings(stated.settings)
    if settings.get("quantization_config") is not None:
        hint = "save it in bf16 first: model.dequantize()"
        raise InputError("its weights are quantised, and need their scales", hint=hint)
    return family(settings, stated)


def _gpt2(c: Settings, stated: ModelConfig) -> tuple[DecoderConfig, tuple[str, ...]]:
    from aimath.core.nn import DecoderConfig

    for key, usual in (("scale_attn_weights", True), ("scale_attn_by_inverse_layer_idx", False)):
        if c.flag(key, default=usual) is not usual:
            raise InputError(f"{key} is {str(not usual).lower()}, which is not run")
    sizes = stated.architecture
    config = DecoderConfig(
        sizes.vocab, sizes.d_model, sizes.layers, sizes.heads, sizes.kv_heads, sizes.positions,
        eps=read_eps(c, "layer_norm_epsilon", 1e-5), tied=sizes.tied,
        activation=_activation(c, "activation_function", "gelu_new"),
    )  # fmt: skip
    return config, ()


def _gpt(c: Settings, stated: ModelConfig) -> tuple[DecoderConfig, tuple[str, ...]]:
    config, said = _gpt2(c, stated)
    name = c.text("afn", "gelu")  # which is the one by tanh there
    known = {"gelu": "gelu_tanh", "swish": "silu"}
    activation = known[name] if name in known else _activation(c, "afn", "gelu")
    return config._replace(activation=activation, norm_first=False), said


def _llama(c: Settings, stated: ModelConfig) -> tuple[DecoderConfig, tuple[str, ...]]:
    from aimath.core.nn import DecoderConfig

    sizes, said = stated.architecture, []
    context = stated.max_context or c.size("max_position_embeddings", 2048)
    if sizes.window and sizes.window < context:
        said.append(f"of a context of {context} the {sizes.window} tokens of its window are taken, not more")
        context = sizes.window
    theta, rates = _rotation(c, sizes.head_dim)
    config = DecoderConfig(
        sizes.vocab, sizes.d_model, sizes.layers, sizes.heads, sizes.kv_heads, context, "llama", "rms",
        read_eps(c, "rms_norm_eps", 1e-6), _activation(c, "hidden_act", "silu"), theta,
        head_width=sizes.head_dim, tied=sizes.tied, qk_norm="head" if sizes.qk_norm else "none", rates=rates,
    )  # fmt: skip
    return config, tuple(said)


def _olmo2(c: Settings, stated: ModelConfig) -> tuple[DecoderConfig, tuple[str, ...]]:
    config, said = _llama(c, stated)
    return config._replace(names="olmo2", norm_added=True, qk_norm="all"), said


FAMILIES: dict[str, Callable[[Settings, ModelConfig], tuple[DecoderConfig, tuple[str, ...]]]] = {
    "gpt2": _gpt2,
    "openai-gpt": _gpt,
    "llama": _llama,
    "mistral": _llama,
    "olmo2": _olmo2,
    "qwen2": _llama,
    "qwen3": _llama,
}
"""The decoders that are run, by model_type."""


def read_eps(c: Settings, key: str, default: float) -> float:
    """Return what a norm adds to a variance."""
    value = c.get(key)
    value = default if value is None else value
    if type(value) not in (int, float) or not 0.0 <= value < 1.0:
        raise InputError(f"{key} is {shown(value)}, not a number from 0 to 1")
    return float(value)


def _activation(c: Settings, key: str, default: str) -> str:
    name = c.text(key, default)
    if name not in ACTIVATIONS:
        raise InputError(
            f"{key} is {quote(name)}, which is not run", hint=f"known are {', '.join(ACTIVATIONS)}"
        )
    return ACTIVATIONS[name]


def _rotation(c: Settings, d: int) -> tuple[float, tuple[float, ...] | None]:
    """Return the base of rotary positions, and the rates of heads of width d where these are stretched."""
    stated: Any = c.get("rope_parameters") or {}
    scaled: Any = c.get("rope_scaling") or {}
    for key, value in (("rope_parameters", stated), ("rope_scaling", scaled)):
        if not isinstance(value, dict):
            raise InputError(f"{key} is {shown(value)}, not an object")
    share = c.get("partial_rotary_factor")
    if share not in (None, 1, 1.0):
        raise InputError(f"partial_rotary_factor is {shown(share)}, which is not run")
    theta = stated.get("rope_theta", c.get("rope_theta"))
    theta = 10000.0 if theta is None else theta
    if type(theta) not in (int, float) or not 0.0 < theta <= 1e18:
        raise InputError(f"rope_theta is {shown(theta)}, not a number above 0")
    named = [
        (key, one)
        for key, one in (("rope_parameters", stated), ("rope_scaling", scaled))
        if _kind(one) != "default"
    ]
    if not named:
        return float(theta), None
    key, stretch = named[0]
    return float(theta), stretched_rates(key, stretch, float(theta), d)


def _kind(stretch: Mapping[str, Any]) -> Any:
    return stretch.get("rope_type", stretch.get("type", "default"))


def stretched_rates(key: str, stretch: Mapping[str, Any], theta: float, d: int) -> tuple[float, ...]:
    """Return the angle a place of each pair of a head, as a longer context needs them.

    "linear": theta^(-2i/d) / factor. "llama3": that of pairs that turn less than `low_freq_factor` times
    within the original context, the plain rate of those that turn more than `high_freq_factor` times, and
    between them a mean by how far they turn. Llama 3.1 (2024).

    >>> stretched_rates("rope_scaling", {"type": "linear", "factor": 4.0}, 100.0, 4)
    (0.25, 0.025)
    """
    kind = _kind(stretch)
    if kind not in ("linear", "llama3"):
        raise InputError(f"{key} is of the type {shown(kind)}, which is not run")

    def number(name: str, default: float | None = None) -> float:
        value = stretch.get(name, default)
        if type(value) not in (int, float) or not 0.0 < value <= 1e9:
            raise InputError(f"{name} of {key} is {shown(value)}, not a number above 0")
        return float(value)

    rates, factor = [theta ** (-2 * i / d) for i in range(d // 2)], number("factor")
    if kind == "linear":
        return tuple(rate / factor for rate in rates)
    low, high = number("low_freq_factor"), number("high_freq_factor")
    original = number("original_max_position_embeddings")
    if low >= high:
        raise InputError(f"low_freq_factor of {key} is {low:g}, not below {high:g}")
    turns = [original * rate / (2.0 * math.pi) for rate in rates]
    shares = [min(max((turn - low) / (high - low), 0.0), 1.0) for turn in turns]
    return tuple((1.0 - s) * rate / factor + s * rate for s, rate in zip(shares, rates, strict=True))


def _by_parts(numbers: Mapping[str, Weight], config: DecoderConfig) -> Mapping[str, Weight]:
    """Return weights by the decoder's own names: prefixes cut, fused ones apart, turned ones back."""
    if config.layers > len(numbers):  # before each of them is looked for
        raise InputError(f"{pluralize(len(numbers), 'tensor')} can't be {config.layers} layers")
    found: dict[str, Weight] = {}
    for name, one in numbers.items():
        short = name
        for prefix in PREFIXES:
            short = short.removeprefix(prefix)
        first, dot, rest = short.partition(".")
        found[f"{OLDER_NAMES.get(first, first)}{dot}{rest}"] = one
    found = _turned_back(found, config) if config.names == "gpt2" else _split(found, config)
    _refuse_unknown(found, config)
    return found


def _refuse_unknown(found: Mapping[str, Weight], config: DecoderConfig) -> None:
    """Raise InputError about a weight that the forward pass wouldn't use."""
    from aimath.core.nn import decoder_shapes

    known = decoder_shapes(config)
    biases = {f"{name.removesuffix('weight')}bias" for name in known}
    extra = next(
        (name for name in found if name not in known and name not in biases | {"lm_head.weight"}), None
    )
    if extra is not None:
        what = (
            f"its weight {quote(extra)} is none of a {config.names}'s of {pluralize(config.layers, 'layer')}"
        )
        raise InputError(what, hint="an answer without it would be wrong; is config.json that of this model?")


def _turned_back(found: dict[str, Weight], config: DecoderConfig) -> dict[str, Weight]:
    """Return GPT-2's matrices as (inputs, outputs): a file may have them turned, as layers of torch do."""
    width, fused = config.width, found.get("h.0.attn.c_attn.weight")
    if fused is None or fused.shape != (config.heads * config.d + 2 * config.kv_heads * config.d, width):
        return found
    ends = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")
    return {name: changed(one, lambda x: x.T) if name.endswith(ends) else one for name, one in found.items()}


def _split(found: dict[str, Weight], config: DecoderConfig) -> dict[str, Weight]:
    """Return Llama's matrices one by one, where a file has queries, keys and values in one, as Phi-3 does."""
    q, kv = config.heads * config.d, config.kv_heads * config.d
    cuts: dict[str, tuple[tuple[str, int], ...]] = {
        "self_attn.qkv_proj": (("self_attn.q_proj", q), ("self_attn.k_proj", kv), ("self_attn.v_proj", kv)),
        "mlp.gate_up_proj": (("mlp.gate_proj", -1), ("mlp.up_proj", -1)),
    }
    apart: dict[str, Weight] = {}
    for name, one in found.items():
        stem, _, kind = name.rpartition(".")
        fused = next((key for key in cuts if stem.endswith(key)), "")
        if not fused:
            apart[name] = one
            continue
        at = 0
        for part, length in cuts[fused]:
            size = length if length > 0 else one.shape[0] // 2
            apart[f"{stem.removesuffix(fused)}{part}.{kind}"] = changed(
                one,
                lambda x, a=at, b=at + size: x[a:b],  # type: ignore[misc]
            )
            at += size
        if at != one.shape[0]:
            raise InputError(f"{quote(name)} has {pluralize(one.shape[0], 'row')}, and {at} are wanted")
    return apart


def changed(one: Weight, change: Callable[[FloatArray], FloatArray]) -> Weight:
    """Return a weight after a change that copies nothing: some of its rows, or turned."""
    return one.view(change) if isinstance(one, ConvertedTensor) else change(one)
