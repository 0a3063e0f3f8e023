"""The reader of config.json, in which a model states its architecture.

A config is a stranger's: sizes are whole numbers within bounds, no key is there twice, and an
architecture that isn't known is named with those that are. What is there and means nothing here is
told of in a note; what may add weights that aren't counted is refused.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError
from aimath.read._sources import open_source, sniff_format
from aimath.read._stream import Stream
from aimath.read.blocks import STDIN, file_suffix
from aimath.read.models.model_folder import MAX_BYTES, check_depth
from aimath.read.text._json import loads
from aimath.text import first_quoted, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aimath.core.nn import Architecture

FILE_NAME = "config.json"
MAX_SIZE = 10**9


class ModelConfig(NamedTuple):
    """A model's config: its family, its sizes, and all that it states."""

    family: str  # its model_type
    architecture: Architecture
    max_context: int  # the longest that it was made for, 0 if it doesn't say
    settings: Mapping[str, Any]  # as they stand in the file
    notes: tuple[str, ...]  # what is there and is not counted


def read_config(path: str) -> ModelConfig:
    """Return the config of a file, of the folder of a model, or of standard input (-)."""
    path = path.removeprefix("@")
    if os.path.isdir(path):  # noqa: PTH112  2 ms for pathlib
        path = f"{path.rstrip('/')}/{FILE_NAME}"
    if path == "-":
        try:
            return parse_config(_read_bytes(Stream(0, STDIN)))
        except InputError as error:
            raise (error if error.places else error.within(STDIN)) from None
    with open_source(path) as stream:
        if file_suffix(path) in {".safetensors", ".gguf", ".npz", ".npy", ".bin", ".pt", ".pth"}:
            raise InputError("holds weights, not sizes", hint=f"give the {FILE_NAME} beside it")
        return parse_config(_read_bytes(stream))


def _read_bytes(stream: Stream) -> bytes:
    sniff_format(stream, "json")
    data = stream.read_all(MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES >> 20} MiB, and a config is a page")
    return data


def parse_config(data: bytes) -> ModelConfig:
    """Return the config that JSON states.

    >>> parse_config(b'{"model_type": "gpt2"}').architecture.d_model
    768
    """
    whole = loads(data)
    if not isinstance(whole, dict):
        raise InputError("a config is an object: {...}")
    check_depth(whole)
    settings = Settings(whole)
    family = settings.text("model_type", "")
    if not family:
        why = "names no model_type"
        raise InputError(why, hint=f"known are {', '.join(FAMILIES)}; or give its sizes as options")
    if family not in FAMILIES:
        raise InputError(
            f"the model_type {quote(family)} is not known", hint=f"known are {', '.join(FAMILIES)}"
        )
    architecture = FAMILIES[family](settings)
    context = settings.size(
        "n_positions" if family in {"gpt2", "openai-gpt"} else "max_position_embeddings", 0, least=0
    )
    return ModelConfig(family, architecture, context, whole, settings.notes())


class Settings:
    """What a config states, read by key; what nobody asks for is told of at the end."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.asked: set[str] = set()
        self.said: list[str] = []

    def get(self, key: str) -> Any:
        """Return what stands under a key, None if nothing does."""
        self.asked.add(key)
        return self.values.get(key)

    def size(self, key: str, default: int | None = None, *, least: int = 1) -> int:
        """Return a whole number from `least` to MAX_SIZE; null stands for the default."""
        value = self.get(key)
        if value is None and default is not None:
            return default
        if value is None:
            raise InputError(f"states no {key}")
        number = type(value) in (int, float) and value == value // 1 and least <= value <= MAX_SIZE
        if not number:
            raise InputError(f"{key} is {shown(value)}, not a whole number from {least} to {MAX_SIZE}")
        return int(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false; null stands for the default."""
        return bool(self._of_type(bool, "true or false", key, default))

    def text(self, key: str, default: str) -> str:
        """Return a text; null stands for the default."""
        return str(self._of_type(str, "a text", key, default))

    def _of_type(self, kind: type, wanted: str, key: str, default: Any) -> Any:
        value = self.get(key)
        if value is not None and not isinstance(value, kind):
            raise InputError(f"{key} is {shown(value)}, not {wanted}")
        return default if value is None else value

    def whole_numbers(self, key: str) -> list[int]:
        """Return a list of layers, none if there is no such key."""
        value = self.get(key) or []
        if not isinstance(value, list) or not all(type(k) in (int, float) and k == k // 1 for k in value):
            raise InputError(f"{key} is {shown(value)}, not a list of layers")
        return [int(k) for k in value]

    def refuse(self, key: str, *allowed: Any) -> None:
        """Raise InputError if a key states what adds weights that are not counted."""
        value = self.get(key)
        if value not in (None, False, *allowed):
            raise InputError(f"{key} is {shown(value)}: weights that it adds are not known")

    def notes(self) -> tuple[str, ...]:
        """Return what is told of keys that nobody asked for; raise InputError if one may add weights."""
        left = [key for key in self.values if key not in self.asked and not _IGNORED.fullmatch(key)]
        for key in left:
            value = self.values[key]
            sized = _SIZE.search(key) and type(value) in (int, float) and value not in (0, 1)
            parts = isinstance(value, dict) and key.endswith("_config")
            if sized or parts or (value is True and _BIAS.search(key)):
                hint = "take it out of the file if it adds none"
                raise InputError(f"{quote(key)} is not known, and may add weights", hint=hint)
        return (*self.said, *((f"not known, so not counted: {first_quoted(left)}",) if left else ()))


_SIZE = re.compile(r"(^|_)(size|dim|rank|layers|heads|experts|width|num|n)($|_)")
_BIAS = re.compile(r"(^|_)(bias|norm|use|has|add)($|_)")
_IGNORED = re.compile(
    r"architectures|auto_map|_name_or_path|name_or_path|.*_?dtype|transformers_version|.*_token_id|.*_token_index"
    r"|use_cache|initializer_range|initializer_factor|.*_eps|.*_epsilon|hidden_act\w*|activation_function|afn|.*dropout\w*"
    r"|.*pdrop|rope_\w+|partial_rotary_factor|rotary_\w+|quantization_config|task_specific_params|summary_\w+"
    r"|scale_attn\w*|reorder_and_upcast_attn|n_ctx|id2label|label2id|num_labels|problem_type|pretraining_tp|router_\w+"
    r"|output_\w+|return_dict|torchscript|gradient_checkpointing|norm_topk_prob|n_group|topk_group|topk_method"
    r"|routed_scaling_factor|scoring_func|seq_aux|aux_loss_alpha|ep_size|attn_implementation|_attn_implementation\w*"
    r"|\w*logit_softcapping|query_pre_attn_scalar|cache_implementation|pooler_\w+|directionality|finetuning_task"
    r"|use_flash\w*|use_bfloat16|use_parallel_residual|unsloth_\w+|model_max_length|max_length|original_max_position_embeddings"
    r"|use_mrope|scale_embedding|attn_temperature_tuning|bos|eos"
)  # what changes no count


def shown(value: Any) -> str:
    """Return a value as a message says it."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return (
        f"{value:.12g}"
        if isinstance(value, float)
        else quote(value)
        if isinstance(value, str)
        else str(value)
    )


def _gpt2(c: Settings, vocab: int = 50257, positions: int = 1024) -> Architecture:
    """Return the sizes of a GPT-2 (Radford et al. 2019)."""
    d, heads = c.size("n_embd", 768), c.size("n_head", 12)
    c.refuse("add_cross_attention")
    return _architecture(
        layers=c.size("n_layer", 12), d_model=d, heads=heads, kv_heads=heads,
        head_dim=_share(d, heads, "n_embd"), d_ff=c.size("n_inner", 4 * d),
        vocab=c.size("vocab_size", vocab),
        positions=c.size("n_positions", positions),
        tied=c.flag("tie_word_embeddings", default=True), gated=False, **_BIASED,
    )  # fmt: skip


def _gpt(c: Settings) -> Architecture:
    """Return the sizes of the first GPT (Radford et al. 2018), whose norms stand behind each part."""
    return _gpt2(c, vocab=40478, positions=512)._replace(final_norm=False)


def _llama(c: Settings, **changes: Any) -> Architecture:
    """Return the sizes of a Llama, and of what differs from it by `changes`."""
    d, heads = c.size("hidden_size"), c.size("num_attention_heads")
    bias = c.flag("attention_bias")
    dim, groups = c.size("head_dim", 0), c.size("num_key_value_heads", heads)
    if heads % groups:
        raise InputError(f"num_key_value_heads is {groups}, no divisor of {heads} heads")
    sizes = {
        "layers": c.size("num_hidden_layers"), "d_model": d, "heads": heads, "kv_heads": groups,
        "head_dim": dim or _share(d, heads, "hidden_size"), "d_ff": c.size("intermediate_size"),
        "vocab": c.size("vocab_size"), "tied": c.flag("tie_word_embeddings"), "qkv_bias": bias,
        "out_bias": bias, "mlp_bias": c.flag("mlp_bias"),
    }  # fmt: skip
    return _architecture(**sizes | changes)


def _mistral(c: Settings) -> Architecture:
    window = c.size("sliding_window", 0, least=0)
    return _llama(c, window=window, window_layers=c.size("num_hidden_layers") if window else 0)


def _qwen_window(c: Settings) -> dict[str, int]:
    """Return the window of a Qwen: of the layers from max_window_layers on, where it is used at all."""
    layers, width = c.size("num_hidden_layers"), c.size("sliding_window", 0, least=0)
    first = c.size("max_window_layers", layers, least=0)
    stated = _stated_window(c)
    narrow = layers - min(first, layers) if stated is None else stated
    return {"window": width, "window_layers": narrow} if c.flag("use_sliding_window") and width else {}


def _stated_window(c: Settings) -> int | None:
    """Return how many of layer_types have a window, None if there is no such list."""
    kinds = c.get("layer_types")
    if kinds is None:
        return None
    layers = c.size("num_hidden_layers")
    if not isinstance(kinds, list) or len(kinds) != layers:
        raise InputError(f"layer_types is no list of {layers} kinds")
    for kind in kinds:
        if kind not in ("full_attention", "sliding_attention"):
            raise InputError(f"layer_types names {shown(kind)}, a layer that is not known")
    return kinds.count("sliding_attention")


def _qwen2(c: Settings) -> Architecture:
    return _llama(c, qkv_bias=True, out_bias=False, **_qwen_window(c))


def _qwen3(c: Settings) -> Architecture:
    dim = c.size("head_dim", 128)
    return _llama(c, qk_norm=True, head_dim=dim, **_qwen_window(c))


def _olmo2(c: Settings) -> Architecture:
    return _llama(c, qk_norm=True, qk_norm_whole=True)


def _routed(c: Settings, experts: str, **changes: Any) -> dict[str, Any]:
    """Return the sizes of what a router chooses from; the key of their number differs."""
    count, chosen = c.size(experts), c.size("num_experts_per_tok")
    if chosen > count:
        raise InputError(f"num_experts_per_tok is {chosen}, of {count} experts")
    return {"experts": count, "experts_per_token": chosen} | changes


def _mixtral(c: Settings) -> Architecture:
    window = c.size("sliding_window", 0, least=0)
    return _llama(
        c,
        expert_d_ff=c.size("intermediate_size"),
        window=window,
        window_layers=c.size("num_hidden_layers") if window else 0,
        **_routed(c, "num_local_experts"),
    )


def _qwen_experts(c: Settings) -> dict[str, Any]:
    """Return the experts of a Qwen: in every decoder_sparse_step-th layer but mlp_only_layers."""
    layers, step = c.size("num_hidden_layers"), c.size("decoder_sparse_step", 1)
    named = {k for k in c.whole_numbers("mlp_only_layers") if 0 <= k < layers and (k + 1) % step == 0}
    routed = layers // step - len(named)
    return _routed(
        c, "num_experts", expert_d_ff=c.size("moe_intermediate_size"), dense_layers=layers - routed
    )


def _qwen2_moe(c: Settings) -> Architecture:
    shared = c.size("shared_expert_intermediate_size", 5632)
    bias = c.flag("qkv_bias", default=True)
    experts = _qwen_experts(c)
    return _llama(
        c, qkv_bias=bias, out_bias=False, shared_d_ff=shared, shared_gate=True, **experts, **_qwen_window(c)
    )


def _qwen3_moe(c: Settings) -> Architecture:
    dim = c.size("head_dim", 128)
    return _llama(c, qk_norm=True, head_dim=dim, **_qwen_experts(c), **_qwen_window(c))


def _deepseek(c: Settings) -> Architecture:
    """Return the sizes of a DeepSeek-V2 or V3: latent attention, shared and routed experts."""
    layers, rope, value = c.size("num_hidden_layers"), c.size("qk_rope_head_dim"), c.size("v_head_dim")
    width, first = c.size("moe_intermediate_size"), c.size("first_k_dense_replace", 0, least=0)
    every = c.size("moe_layer_freq", 1)
    first = min(first, layers)
    routed = -(-layers // every) - -(-first // every)
    ahead = c.size("num_nextn_predict_layers", 0, least=0)
    if ahead:
        c.said.append(
            f"the weights of num_nextn_predict_layers {ahead}, which predict further tokens, are not counted"
        )
    count = c.size("n_routed_experts", 0, least=0)
    experts = _routed(
        c, "n_routed_experts", expert_d_ff=width, shared_d_ff=width * c.size("n_shared_experts", 0, least=0),
        dense_layers=layers - routed, router_bias=c.text("topk_method", "") == "noaux_tc",
    ) if count else {}  # fmt: skip
    bias = c.flag("attention_bias")
    return _llama(
        c, head_dim=c.size("qk_nope_head_dim") + rope, value_dim=value, rope_dim=rope,
        kv_heads=c.size("num_attention_heads"), q_rank=c.size("q_lora_rank", 0, least=0),
        kv_rank=c.size("kv_lora_rank"), qkv_bias=bias, out_bias=bias, **experts,
    )  # fmt: skip


def _gemma(c: Settings, **changes: Any) -> Architecture:
    tied = c.flag("tie_word_embeddings", default=True)
    return _llama(c, head_dim=c.size("head_dim", 256), tied=tied, **changes)


def _gemma2(c: Settings) -> Architecture:
    layers, stated = c.size("num_hidden_layers"), _stated_window(c)
    window = c.size("sliding_window", 4096)
    return _gemma(
        c, layer_norms=4, window=window, window_layers=layers - layers // 2 if stated is None else stated
    )


def _gemma3(c: Settings) -> Architecture:
    layers, stated = c.size("num_hidden_layers"), _stated_window(c)
    every = c.size("sliding_window_pattern", c.size("_sliding_window_pattern", 6))
    narrow = layers - layers // every if stated is None else stated
    return _gemma(c, layer_norms=4, qk_norm=True, window=c.size("sliding_window", 512), window_layers=narrow)


def _bert(c: Settings) -> Architecture:
    """Return the sizes of a BERT (Devlin et al. 2018) with its pooler, without a head for masked words."""
    d, heads = c.size("hidden_size", 768), c.size("num_attention_heads", 12)
    for key in ("is_decoder", "add_cross_attention", "is_encoder_decoder"):
        c.refuse(key)
    c.refuse("position_embedding_type", "absolute")
    c.said.append("the encoder and its pooler are counted, and no head behind them")
    c.get("tie_word_embeddings")
    return _architecture(
        layers=c.size("num_hidden_layers", 12), d_model=d, heads=heads, kv_heads=heads,
        head_dim=_share(d, heads, "hidden_size"), d_ff=c.size("intermediate_size", 3072),
        vocab=c.size("vocab_size", 30522), positions=c.size("max_position_embeddings", 512),
        token_types=c.size("type_vocab_size", 2), embedding_norm=True, final_norm=False, decoder=False,
        pooler=True, gated=False, **_BIASED,
    )  # fmt: skip


_BIASED = {"qkv_bias": True, "out_bias": True, "mlp_bias": True, "norm_bias": True}
FAMILIES: dict[str, Callable[[Settings], Architecture]] = {
    "gpt2": _gpt2,
    "openai-gpt": _gpt,
    "llama": _llama,
    "mistral": _mistral,
    "mixtral": _mixtral,
    "olmo2": _olmo2,
    "qwen2": _qwen2,
    "qwen2_moe": _qwen2_moe,
    "qwen3": _qwen3,
    "qwen3_moe": _qwen3_moe,
    "deepseek_v2": _deepseek,
    "deepseek_v3": _deepseek,
    "kimi_k2": _deepseek,
    "gemma": _gemma,
    "gemma2": _gemma2,
    "gemma3_text": _gemma3,
    "bert": _bert,
    "roberta": _bert,
    "xlm-roberta": _bert,
}
"""The architectures that are known, by model_type."""


def _share(width: int, heads: int, key: str) -> int:
    if width % heads:
        raise InputError(f"{key} is {width}, no multiple of {heads} heads")
    return width // heads


def _architecture(**sizes: Any) -> Architecture:
    from aimath.core.nn import Architecture

    return Architecture(**{"value_dim": sizes["head_dim"]} | sizes)
