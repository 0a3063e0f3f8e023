"""Target 21: a decoder of GPT-2's shape reads 16 tokens, beside torch in eager mode, on one thread, in CPU time."""

from __future__ import annotations

import json
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.benchmarks.rows import Row, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.benchmarks.rows import Plan

TARGETS = {21}
ALLOWED, TOKENS = 1.2, 16


def write_gpt2(folder: Path) -> None:
    """Write 124 million random weights in float32, by GPT-2's names, with their config.json."""
    from safetensors.numpy import save_file

    from aimath.core import nn
    from aimath.read.models.decoder_files import decoder_config
    from aimath.read.models.model_config import parse_config

    config = decoder_config(parse_config(b'{"model_type": "gpt2"}'))[0]
    rng = np.random.default_rng(20261130)
    weights = {}
    for name, shape in nn.decoder_shapes(config).items():
        sides = tuple(4 * config.width if n is None else n for n in shape)
        weights[name] = rng.standard_normal(sides, np.float32) * np.float32(0.02)
        if not name.startswith(("wte", "wpe")):
            weights[name.replace("weight", "bias")] = rng.standard_normal(sides[-1], np.float32) * np.float32(
                0.02
            )
        if len(sides) == 1:
            weights[name] += 1.0
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt2"}))


def ids() -> Any:
    """Draw the tokens."""
    return np.random.default_rng(7).integers(0, 50257, TOKENS)


def ours(folder: Path) -> Callable[[], Any]:
    """Give a function that reads the tokens, and keeps what each part added and all attention."""
    from aimath.read.models.decoder_files import open_decoder

    decoder, tokens = open_decoder(str(folder)).decoder(), ids()
    return lambda: decoder.run(tokens, keep=True).logits


def torchs(folder: Path) -> Callable[[], Any]:
    """Give the same by torch's own functions, from the same file, with all attention too."""
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(1)
    w, tokens, f = load_file(folder / "model.safetensors"), torch.tensor(ids()), torch.nn.functional
    hidden = torch.ones(TOKENS, TOKENS, dtype=torch.bool).triu(1)

    def norm(x: Any, name: str) -> Any:
        return f.layer_norm(x, (768,), w[f"{name}.weight"], w[f"{name}.bias"])

    def linear(x: Any, name: str) -> Any:
        return torch.addmm(w[f"{name}.bias"], x, w[f"{name}.weight"])

    @torch.no_grad()
    def read() -> Any:
        x = w["wte.weight"][tokens] + w["wpe.weight"][:TOKENS]
        kept = []
        for k in range(12):
            q, key, v = (
                part.view(TOKENS, 12, 64).transpose(0, 1)
                for part in linear(norm(x, f"h.{k}.ln_1"), f"h.{k}.attn.c_attn").split(768, dim=1)
            )
            weights = (q @ key.transpose(1, 2) / 8.0).masked_fill(hidden, -torch.inf).softmax(dim=-1)
            kept.append(weights)
            x = x + linear((weights @ v).transpose(0, 1).reshape(TOKENS, 768), f"h.{k}.attn.c_proj")
            inner = f.gelu(linear(norm(x, f"h.{k}.ln_2"), f"h.{k}.mlp.c_fc"), approximate="tanh")
            x = x + linear(inner, f"h.{k}.mlp.c_proj")
        return (norm(x, "ln_f") @ w["wte.weight"].T).numpy()

    return read


def seconds(read: Callable[[], Any]) -> float:
    """Time one reading on the processor."""
    start = time.process_time()
    read()
    return time.process_time() - start


def measure(plan: Plan) -> Iterator[Row | str]:
    """Give the row."""
    if missing := skipped(21, "torch"):
        yield missing
        return
    write_gpt2(plan.folder)
    mine, theirs = ours(plan.folder), torchs(plan.folder)
    truth = theirs()
    if np.abs(mine() - truth).max() > 1e-3 * np.abs(truth).max():
        yield "21  the two don't compute the same"
        return
    pairs = [(seconds(mine), seconds(theirs)) for _ in range(2 * plan.rounds)]
    cells = (f"{median(pair[k] for pair in pairs) * 1e3:.0f} ms" for k in (0, 1))
    yield Row(
        21,
        f"GPT-2's shape, {TOKENS} tokens, float32 / torch",
        *cells,
        median(a / b for a, b in pairs),
        ALLOWED,
    )
