"""torch on checkpoints of aimath's own: the file that `train` saves, read by safetensors.torch, gives our logits."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tests.oracles import draw

from aimath.commands.nn._language_models import open_language_model
from aimath.training import checkpoint
from aimath.training.registry import find_recipe

PEERS = ("torch",)


class Case(NamedTuple):
    """A run, its settings, a text and its tokens."""

    run: str
    settings: dict[str, Any]
    text: str
    ids: tuple[int, ...]


CASES = {
    "reverse": Case("reverse", {"layers": 2, "width": 12, "heads": 3}, "31415926", (3, 1, 4, 1, 5, 9, 2, 6)),
    "names": Case("names", {"layers": 1, "width": 8, "heads": 2}, "emma", (0, 5, 13, 13, 1)),
}


def saved(case: Case, path: Path) -> None:
    """Write a checkpoint whose weights don't depend on how numpy draws."""
    recipe = find_recipe(case.run)
    run = recipe.build({**recipe.defaults, **case.settings}, ())
    for k, values in enumerate(run.model.tensors.values()):
        values[...] = 0.7 * draw(k, *values.shape) + (values.ndim == 1)
    checkpoint.save(str(path), recipe, run)


def peer(case: Case) -> dict[str, Any]:
    import torch
    from safetensors.torch import load_file

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.safetensors")
        saved(case, path)
        w = {name: tensor.double() for name, tensor in load_file(path).items()}
    f, ids = torch.nn.functional, torch.tensor(case.ids)
    width, heads, count = w["wte.weight"].shape[1], case.settings["heads"], len(case.ids)
    hidden = torch.ones(count, count, dtype=torch.bool).triu(1)
    x = w["wte.weight"][ids] + w["wpe.weight"][:count]
    for k in range(case.settings["layers"]):
        rows = f.layer_norm(x, (width,), w[f"h.{k}.ln_1.weight"])
        q, key, v = (
            part.view(count, heads, -1).transpose(0, 1)
            for part in (rows @ w[f"h.{k}.attn.c_attn.weight"]).split(width, dim=1)
        )
        scores = (q @ key.transpose(1, 2) / q.shape[-1] ** 0.5).masked_fill(hidden, -torch.inf)
        mixed = (scores.softmax(dim=-1) @ v).transpose(0, 1).reshape(count, width)
        x = x + mixed @ w[f"h.{k}.attn.c_proj.weight"]
        rows = f.layer_norm(x, (width,), w[f"h.{k}.ln_2.weight"])
        x = x + (rows @ w[f"h.{k}.mlp.c_fc.weight"]).relu() @ w[f"h.{k}.mlp.c_proj.weight"]
    return {"logits": f.layer_norm(x, (width,), w["ln_f.weight"]) @ w["lm_head.weight"].T}


def compare(case: Case, figures: dict[str, np.ndarray]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.safetensors")
        saved(case, path)
        model = open_language_model(str(path), dtype="float64")
    assert model.read(case.text).ids == case.ids
    logits = model.decoder.run(case.ids).logits
    assert np.abs(logits - figures["logits"]).max() <= 1e-12 * np.abs(figures["logits"]).max()
