"""torch's layers, losses and optimizers in float64: fused nodes one by one, and a GPT that learns by each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tests.oracles import autodiff, draw
from tests.oracles.autodiff import Case

from aimath.core import nn

if TYPE_CHECKING:
    from collections.abc import Callable

PEERS = ("torch",)
ROWS, GAIN, SHIFT = draw(1, 2, 3, 5) * 3.0, draw(2, 5), draw(3, 5)
CLASSES = np.array([[0, 4, 2], [1, -100, 3]])
SURE = np.where(CLASSES < 0, 0, CLASSES)
WEIGHTS = draw(4, 2, 3) + 1.5
SOFT = np.exp(draw(5, 2, 3, 5)) / np.exp(draw(5, 2, 3, 5)).sum(axis=-1, keepdims=True)
MASK = (draw(6, 2, 3, 5) > -0.5) / 0.75


def by_torch(heads: int, groups: int, causal: bool) -> Callable[..., Any]:
    def attend(t: Any, q: Any, k: Any, v: Any) -> Any:
        split = [x.unflatten(-1, (n, -1)).transpose(1, 2) for x, n in ((q, heads), (k, groups), (v, groups))]
        mixed = t.nn.functional.scaled_dot_product_attention(*split, is_causal=causal, enable_gqa=True)
        return mixed.transpose(1, 2).flatten(-2)

    return attend


def attention(heads: int, groups: int, causal: bool) -> Case:
    arrays = (draw(7, 2, 4, heads * 3) * 3.0, draw(8, 2, 4, groups * 3) * 3.0, draw(9, 2, 4, groups * 3))
    ours = lambda q, k, v: nn.attention(q, k, v, heads=heads, kv_heads=groups, causal=causal)  # noqa: E731
    return Case(arrays, ours, by_torch(heads, groups, causal))


def scaled_head(a: Any, b: Any) -> Any:
    return a[..., :2] * b


class Learning(NamedTuple):
    """A small GPT that learns some rows by an optimizer, its gradients clipped."""

    ours: Callable[[nn.Parameters], Any]
    theirs: Callable[[Any, list[Any], list[Any]], Any]  # torch, what decays, what doesn't
    rate: float
    steps: int = 30


CASES: dict[str, Case | Learning] = {
    "linear": Case((ROWS, draw(10, 5, 2), draw(11, 2)), nn.linear, lambda t, x, w, b: t.nn.functional.linear(x, w.T, b)),
    "rms norm": Case((ROWS, GAIN), nn.rms_norm, lambda t, x, w: t.nn.functional.rms_norm(x, (5,), w, 1e-6)),
    "layer norm": Case((ROWS, GAIN, SHIFT), nn.layer_norm, lambda t, x, w, b: t.nn.functional.layer_norm(x, (5,), w, b)),
    "silu": Case((ROWS * 3,), nn.silu, lambda t, x: t.nn.functional.silu(x)),
    "gelu by tanh": Case((ROWS * 2,), lambda x: nn.gelu(x, "tanh"), lambda t, x: t.nn.functional.gelu(x, approximate="tanh")),
    "dropout of a mask": Case((ROWS,), lambda x: nn.dropout(x, MASK), lambda t, x: x * t.tensor(MASK)),
    "split": Case((ROWS,), lambda x: scaled_head(*nn.split(x, [3, 2])), lambda t, x: scaled_head(*t.split(x, [3, 2], -1))),
    "attention": attention(4, 4, causal=True),
    "attention to all": attention(2, 2, causal=False),
    "attention in groups": attention(6, 2, causal=True),
    "attention of one group": attention(3, 1, causal=False),
    "cross-entropy": Case((ROWS,), lambda x: nn.cross_entropy_loss(x, SURE), lambda t, x: t.nn.functional.cross_entropy(x.reshape(-1, 5), t.tensor(SURE.ravel()))),
    "cross-entropy, ignored": Case((ROWS,), lambda x: nn.cross_entropy_loss(x, CLASSES, ignore=-100), lambda t, x: t.nn.functional.cross_entropy(x.reshape(-1, 5), t.tensor(CLASSES.ravel()))),
    "cross-entropy, weighted": Case((ROWS,), lambda x: nn.cross_entropy_loss(x, SURE, weights=WEIGHTS), lambda t, x: (t.nn.functional.cross_entropy(x.reshape(-1, 5), t.tensor(SURE.ravel()), reduction="none") * t.tensor(WEIGHTS.ravel())).sum() / WEIGHTS.sum()),
    "cross-entropy of soft targets": Case((ROWS,), lambda x: nn.cross_entropy_loss(x, SOFT), lambda t, x: t.nn.functional.cross_entropy(x.reshape(-1, 5), t.tensor(SOFT.reshape(-1, 5)))),
    "a GPT by SGD": Learning(nn.SGD, lambda t, a, b: t.optim.SGD(a + b), 0.5),
    "a GPT by momentum": Learning(nn.Momentum, lambda t, a, b: t.optim.SGD(a + b, momentum=0.9), 0.1),
    "a GPT by Nesterov": Learning(lambda p: nn.Momentum(p, 0.8, nesterov=True), lambda t, a, b: t.optim.SGD(a + b, momentum=0.8, nesterov=True), 0.1),
    "a GPT by Adam": Learning(lambda p: nn.Adam(p, eps=1e-6), lambda t, a, b: t.optim.Adam(a + b, eps=1e-6), 0.01),
    "a GPT by AdamW": Learning(lambda p: nn.AdamW(p, 0.8, 0.9, 1e-4, 0.5), lambda t, a, b: t.optim.AdamW([{"params": a}, {"params": b, "weight_decay": 0.0}], betas=(0.8, 0.9), eps=1e-4, weight_decay=0.5), 0.01),
}  # fmt: skip

CONFIG = nn.GPTConfig(vocabulary=7, context=6, layers=2, width=8, heads=2, activation="relu")
TEXT = np.array([[0, 1, 2, 3, 4, 5, 6], [3, 1, 4, 1, 5, 2, 6], [6, 5, 4, 3, 2, 1, 0], [2, 2, 0, 0, 5, 5, 1]])
LIMIT = 1.0


def start() -> nn.GPT:
    """Give a GPT whose weights don't depend on how numpy draws."""
    gpt = nn.GPT(CONFIG)
    shapes = {name: gpt.parameters[name].shape for name in gpt.parameters}
    gpt.parameters.load(
        {name: (len(s) == 1) + 0.5 * draw(100 + k, *s) for k, (name, s) in enumerate(shapes.items())}
    )
    return gpt


def torch_gpt(gpt: nn.GPT) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """Give torch's copy of the weights, and the same forward pass by torch's own functions."""
    import torch

    f, config = torch.nn.functional, gpt.config
    p = {name: torch.tensor(array, requires_grad=True) for name, array in gpt.parameters.arrays().items()}

    def logits(ids: Any) -> Any:
        x = f.embedding(ids, p["wte.weight"]) + p["wpe.weight"][: ids.shape[1]]
        for k in range(config.layers):
            rows = f.layer_norm(x, (config.width,), p[f"h.{k}.ln_1.weight"]) @ p[f"h.{k}.attn.c_attn.weight"]
            split = [part.unflatten(-1, (config.heads, -1)).transpose(1, 2) for part in rows.chunk(3, -1)]
            mixed = f.scaled_dot_product_attention(*split, is_causal=True).transpose(1, 2).reshape(x.shape)
            x = x + mixed @ p[f"h.{k}.attn.c_proj.weight"]
            inner = f.relu(
                f.layer_norm(x, (config.width,), p[f"h.{k}.ln_2.weight"]) @ p[f"h.{k}.mlp.c_fc.weight"]
            )
            x = x + inner @ p[f"h.{k}.mlp.c_proj.weight"]
        return f.layer_norm(x, (config.width,), p["ln_f.weight"]) @ p["lm_head.weight"].T

    return p, logits


def peer(case: Case | Learning) -> dict[str, Any]:
    import torch

    if isinstance(case, Case):
        return autodiff.peer(case)
    gpt = start()
    p, logits = torch_gpt(gpt)
    kept = [tensor for name, tensor in p.items() if name in gpt.parameters.no_decay]
    decayed = [tensor for name, tensor in p.items() if name not in gpt.parameters.no_decay]
    optimizer = case.theirs(torch, decayed, kept)
    told: dict[str, Any] = {"loss": [], "norm": []}
    for _ in range(case.steps):
        for group in optimizer.param_groups:
            group["lr"] = case.rate
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            logits(torch.tensor(TEXT[:, :-1])).flatten(0, 1), torch.tensor(TEXT[:, 1:].ravel())
        )
        loss.backward()
        norm = torch.nn.utils.get_total_norm([tensor.grad for tensor in p.values()])
        for tensor in p.values():  # clip_grad_norm_ divides by norm + 1e-6
            tensor.grad *= min(1.0, LIMIT / norm)
        told["norm"].append(norm.item())
        told["loss"].append(loss.item())
        optimizer.step()
    return told | {"last": np.concatenate([t.detach().numpy().ravel() for t in p.values()])[::97]}


def compare(case: Case | Learning, figures: dict[str, np.ndarray]) -> None:
    if isinstance(case, Case):
        autodiff.compare(case, figures)
        return
    gpt = start()
    optimizer, told = case.ours(gpt.parameters), {"loss": [], "norm": []}
    for _ in range(case.steps):
        loss = gpt.loss(TEXT[:, :-1], TEXT[:, 1:])
        loss.backward(free=True)
        told["norm"].append(nn.clip_norm(gpt.parameters.gradient, LIMIT))
        told["loss"].append(float(loss.value))
        optimizer.step(case.rate)
    told["last"] = gpt.parameters.values[::97]
    for name, figure in figures.items():
        assert np.abs(np.array(told[name]) - figure).max() <= 1e-10 * np.abs(figure).max(), name
    assert figures["loss"][-1] < 0.7 * figures["loss"][0]  # it has learnt
    assert figures["norm"].min() < LIMIT < figures["norm"].max()  # some are clipped, some are not
