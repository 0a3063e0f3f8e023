"""The command params."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import command
from aimath.cli.options import Applies, Integer, Option, TextArguments
from aimath.cli.runner.job import check_choice
from aimath.commands.nn._sizes import derivation
from aimath.errors import InputError, join_and
from aimath.read.models.model_config import ModelConfig, read_config
from aimath.report import Plot, Report

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = "aimath params --layers 12 --d-model 768 --heads 12 --vocab 50257 --like gpt2"
NEEDED = {"layers": "--layers", "d_model": "--d-model", "heads": "--heads", "vocab": "--vocab"}
FAMILIES = ("llama", "gpt2", "bert")
DTYPES = (
    "bf16", "fp16", "fp32", "fp64", "fp8", "fp4", "int8", "int4",
    "bfloat16", "float16", "float32", "float64", "float8",
)  # fmt: skip
MAX = 10**9


def _read_file(words: list[str]) -> ModelConfig | None:
    if "" in words:
        raise InputError("an operand is empty", hint=f"try {EXAMPLE}", usage=True)
    if len(words) > 1:
        raise InputError(f"takes one config.json, not {len(words)}", hint=f"try {EXAMPLE}", usage=True)
    return read_config(words[0]) if words else None


@command(
    example=EXAMPLE,
    answer="parameters by part, FLOPs a token, KV cache, memory to infer and to train",
    quiz=("parameters", "kv_cache", "flops"),
    after="lora",
    applies=(
        Applies(("tied",), "like", ("llama",)),
        Applies(("batch", "cache_dtype"), "like", ("llama", "gpt2")),
        Applies(("experts_per_token",), "experts"),
    ),
)
def params(
    config: Annotated[
        Callable[[], ModelConfig | None],
        TextArguments("CONFIG: a config.json, or the folder it is in.", metavar="[CONFIG]", read=_read_file),
    ],
    layers: Annotated[int | None, Integer(("--layers",), "Layers.", 1, MAX)] = None,
    d_model: Annotated[int | None, Integer(("--d-model",), "Width between layers.", 1, MAX)] = None,
    heads: Annotated[int | None, Integer(("--heads",), "Heads of queries.", 1, MAX)] = None,
    vocab: Annotated[int | None, Integer(("--vocab",), "Tokens of the vocabulary.", 1, MAX)] = None,
    kv_heads: Annotated[
        int | None, Integer(("--kv-heads",), "Heads of keys and values.  [default: as --heads]", 1, MAX)
    ] = None,
    head_dim: Annotated[
        int | None, Integer(("--head-dim",), "Width of a head.  [default: d-model / heads]", 1, MAX)
    ] = None,
    d_ff: Annotated[
        int | None, Integer(("--d-ff",), "Width of an MLP or an expert.  [default: the family's]", 1, MAX)
    ] = None,
    positions: Annotated[
        int | None, Integer(("--positions",), "Rows of a table of positions.", 1, MAX, binary=True)
    ] = None,
    tied: Annotated[bool, Option("--tied", help="The head is the table of embeddings.")] = False,
    like: Annotated[
        str, Option("--like", help="The family: llama, gpt2 or bert.", metavar="NAME", choices=FAMILIES)
    ] = "llama",
    experts: Annotated[int | None, Integer(("--experts",), "Experts a layer.", 1, MAX)] = None,
    experts_per_token: Annotated[
        int | None, Integer(("--experts-per-token",), "Experts that a token passes.  [default: 2]", 1, MAX)
    ] = None,
    window: Annotated[
        int | None, Integer(("--window",), "Positions that a token sees.", 1, MAX, binary=True)
    ] = None,
    context: Annotated[
        int | None,
        Integer(
            ("--context",),
            "Positions, as 4096 or 32k.  [default: the config's, or 2048]",
            1,
            MAX,
            binary=True,
        ),
    ] = None,
    batch: Annotated[int, Integer(("--batch",), "Sequences in the cache.", 1, MAX)] = 1,
    dtype: Annotated[
        str, Option("--dtype", help="Type of the weights.", metavar="TYPE", choices=DTYPES)
    ] = "bf16",
    cache_dtype: Annotated[
        str,
        Option(
            "--cache-dtype", help="Type of the cache, as --dtype by default.", metavar="TYPE", choices=DTYPES
        ),
    ] = "",
) -> Report:
    """Count a transformer's parameters, operations and memory.

    Of a config.json (GPT-2, Llama, Mistral, Qwen, Gemma, BERT; mixtures of experts; DeepSeek's latent
    attention), or of its sizes. A multiplication and an addition are 2 operations; activations and
    what scales quantised weights are not counted.
    """
    from aimath.core import nn as core

    sizes = {
        "layers": layers, "d_model": d_model, "heads": heads, "vocab": vocab, "kv_heads": kv_heads,
        "head_dim": head_dim, "d_ff": d_ff, "positions": positions, "experts": experts,
        "experts_per_token": experts_per_token, "window": window,
    }  # fmt: skip
    for flag, name, choices in (
        ("--like", like, FAMILIES),
        ("--dtype", dtype, DTYPES),
        ("--cache-dtype", cache_dtype or dtype, DTYPES),
    ):
        check_choice(flag, name, choices)
    stated = [name for name, value in sizes.items() if value is not None]
    found = _choose_config(config, stated, others=tied or like != "llama")
    size = core.params(
        found.architecture if found else None,
        **sizes,
        tied=tied,
        like=like,
        context=context or (found.max_context if found else 0) or None,
        batch=batch,
        dtype=dtype,
        cache_dtype=cache_dtype or None,
    )
    return Report(
        size,
        show=("parameters", "flops", "kv_cache", "memory_inference", "memory_training"),
        summary_fields=(
            "parameters", "by_part", "active", "flops", "kv_cache", "memory_inference",
            "memory_inference_gib", "memory_training", "memory_training_gib",
        ),
        steps=tuple(derivation(size.architecture, dtype)),
        units={
            "kv_cache": "bytes", "memory_inference": "bytes", "memory_training": "bytes",
            "memory_inference_gib": "GiB", "memory_training_gib": "GiB",
        },
        plot=(
            Plot("by_part", "part", axes=("", "parameters of each part")),
            Plot("by_store", "store", axes=("", "bytes in memory")),
        ),
        notes=_notes(found, size.context, dtype),
        extra={"like": like} if found is None else {"model_type": found.family},
        names={"part": core.PARTS},
    )  # fmt: skip


def _choose_config(
    config: Callable[[], ModelConfig | None], stated: Sequence[str], *, others: bool
) -> ModelConfig | None:
    """Return the config that is named, None where its sizes are given in its place."""
    found = config()
    if found and (stated or others):
        flag = f"--{next(iter(stated), 'tied or --like').replace('_', '-')}"
        raise InputError(f"a config.json states its sizes: {flag} goes without one", usage=True)
    missing = [flag for name, flag in NEEDED.items() if name not in stated]
    if not found and missing:
        why = f"needs a config.json, or {join_and(missing)}{' too' if stated else ''}"
        raise InputError(why, hint=f"try {EXAMPLE}", usage=True)
    return found


def _notes(found: ModelConfig | None, context: int, dtype: str) -> tuple[str, ...]:
    """Return what a user might not expect of the answer."""
    notes = list(found.notes) if found else []
    if found and found.max_context and context > found.max_context:
        notes.append(f"the config is made for {found.max_context} positions, and {context} are asked for")
    if dtype.startswith(("int", "fp8", "fp4", "float8")):
        notes.append("training is counted in bf16 beside fp32, whatever --dtype")
    return tuple(notes)
