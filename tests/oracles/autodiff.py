"""torch's autograd in float64: single operations, kinks, and a small transformer that learns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tests.oracles import draw

from aimath.core.nn.autograd import _functions as ad, _fused as fused, _tensor as tensor_

if TYPE_CHECKING:
    from collections.abc import Callable

PEERS = ("torch",)

ULPS = 16
"""Of an operation's largest gradient: torch rounds every operation on its own way to it, too."""


class Case(NamedTuple):
    """One function twice, of the same arrays; the loss is the sum of its results times cos 1, cos 2, ..."""

    arrays: tuple[np.ndarray, ...]
    ours: Callable[..., Any]
    theirs: Callable[..., Any]  # torch first, then the arrays


class Training(NamedTuple):
    """A transformer of two blocks that learns by SGD to predict the next of its tokens."""

    steps: int
    rate: float


X, Y, POSITIVE = draw(1, 3, 4) * 3.0, draw(2, 3, 4) * 3.0, draw(3, 3, 4) + 1.5
IDS = np.array([[0, 2, 2], [4, 0, 2]])
TARGET = np.array([2, 0, 3])
HIDDEN = np.triu(np.ones((4, 4), bool), 1)

CASES: dict[str, Case | Training] = {
    "a sum of different shapes": Case((X, draw(4, 4), draw(5, 3, 1)), lambda a, b, c: a + b - c, lambda _, a, b, c: a + b - c),
    "products and quotients": Case((X, POSITIVE, draw(6)), lambda a, b, c: a * b / (c + 2) + a / b, lambda _, a, b, c: a * b / (c + 2) + a / b),
    "powers": Case((POSITIVE, Y), lambda a, b: a**b + b**3 + 2.0**b, lambda _, a, b: a**b + b**3 + 2.0**b),
    "a matrix product": Case((X, draw(7, 4, 2)), lambda a, b: a @ b, lambda _, a, b: a @ b),
    "a stack times a matrix": Case((draw(8, 2, 3, 4), draw(9, 4, 5)), lambda a, b: a @ b, lambda _, a, b: a @ b),
    "stacks that are broadcast": Case((draw(10, 2, 1, 3, 4), draw(11, 3, 4, 2)), lambda a, b: a @ b, lambda _, a, b: a @ b),
    "vectors": Case((draw(12, 4), draw(13, 4, 3), draw(14, 3)), lambda a, b, c: (a @ b) @ c + a @ (b @ c), lambda _, a, b, c: (a @ b) @ c + a @ (b @ c)),
    "a stack times a vector": Case((draw(15, 2, 3, 4), draw(16, 4)), lambda a, b: a @ b, lambda _, a, b: a @ b),
    "a vector times a stack": Case((draw(17, 4), draw(18, 2, 4, 3)), lambda a, b: a @ b, lambda _, a, b: a @ b),
    "axes in another order": Case((draw(19, 2, 3, 4),), lambda a: a.transpose(2, 0, 1).reshape(4, 6) @ a.reshape(6, 4), lambda _, a: a.permute(2, 0, 1).reshape(4, 6) @ a.reshape(6, 4)),
    "rows picked twice": Case((X,), lambda a: a[np.array([0, 2, 0])] * a[1:, ::2][0, 1] + a[-1], lambda _, a: a[[0, 2, 0]] * a[1:, ::2][0, 1] + a[-1]),
    "entries picked twice": Case((X,), lambda a: a[np.array([0, 0, 2]), np.array([1, 1, 3])] ** 2, lambda _, a: a[[0, 0, 2], [1, 1, 3]] ** 2),
    "sums and means": Case((X,), lambda a: a.sum(axis=0) * a.mean(axis=1, keepdims=True) - a.mean(), lambda _, a: a.sum(0) * a.mean(1, keepdim=True) - a.mean()),
    "the largest, with ties": Case((np.array([[1.0, 3, 3], [2, 2, 2]]),), lambda a: a.max(axis=1), lambda _, a: a.amax(1)),
    "exp, log, sqrt": Case((POSITIVE,), lambda a: ad.exp(a) * ad.log(a) + ad.sqrt(a), lambda t, a: t.exp(a) * t.log(a) + t.sqrt(a)),
    "tanh and sigmoid": Case((X,), lambda a: ad.tanh(a) + ad.sigmoid(a), lambda t, a: t.tanh(a) + t.sigmoid(a)),
    "kinks": Case((np.array([-2.0, -0.0, 0.0, 3.0]),), lambda a: ad.relu(a) + 2 * abs(a), lambda t, a: t.relu(a) + 2 * abs(a)),
    "gelu": Case((X,), ad.gelu, lambda t, a: t.nn.functional.gelu(a)),
    "softmax": Case((X,), ad.softmax, lambda t, a: t.softmax(a, -1)),
    "log-softmax": Case((X,), ad.log_softmax, lambda t, a: t.log_softmax(a, -1)),
    "log-sum-exp": Case((X,), ad.logsumexp, lambda t, a: t.logsumexp(a, -1)),
    "cross-entropy": Case((X,), lambda a: ad.cross_entropy(a, TARGET), lambda t, a: t.nn.functional.cross_entropy(a, t.tensor(TARGET), reduction="none")),
    "layer norm": Case((X, draw(20, 4), draw(21, 4)), fused.layer_norm, lambda t, a, w, b: t.nn.functional.layer_norm(a, (4,), w, b)),
    "embedding": Case((draw(22, 5, 3),), lambda a: fused.embedding(a, IDS) ** 2, lambda t, a: t.nn.functional.embedding(t.tensor(IDS), a) ** 2),
    "concatenate and stack": Case((X, Y), lambda a, b: fused.concatenate([a, b, a], 0).sum(axis=0) * ad.stack([a, b], 1).sum(axis=0), lambda t, a, b: t.cat([a, b, a], 0).sum(0) * t.stack([a, b], 1).sum(0)),
    "a causal mask": Case((draw(23, 4, 4) * 3.0,), lambda a: ad.softmax(ad.where(HIDDEN, -math.inf, a)), lambda t, a: t.softmax(t.where(t.tensor(HIDDEN), -math.inf, a), -1)),
    "a transformer learns": Training(steps=60, rate=0.1),
}  # fmt: skip

WORDS, WIDTH, HEADS, LONG, BLOCKS = 7, 8, 2, 6, 2


def peer(case: Case | Training) -> dict[str, Any]:
    import torch

    if isinstance(case, Training):
        return trained(case, Torch(), lambda array: torch.tensor(array, requires_grad=True))
    leaves = [torch.tensor(array, requires_grad=True) for array in case.arrays]
    value = case.theirs(torch, *leaves)
    weights = torch.tensor(np.cos(np.arange(1.0, value.numel() + 1))).reshape(value.shape)
    (value * weights).sum().backward()
    return {"value": value.detach().numpy(), **{f"gradient {k}": leaf.grad for k, leaf in enumerate(leaves)}}


def compare(case: Case | Training, figures: dict[str, np.ndarray]) -> None:
    if isinstance(case, Training):
        found = trained(case, Numpy(), tensor_.Tensor)
        apart = np.abs(np.array(found["loss"]) / figures["loss"] - 1.0)
        assert apart.max() <= 1e-12
        for name, figure in figures.items():
            assert np.abs(np.array(found[name]) - figure).max() <= 1e-11 * np.abs(figure).max(), name
        assert figures["loss"][-1] < 0.25 * figures["loss"][0]  # it has learnt
        return
    leaves = [tensor_.Tensor(array) for array in case.arrays]
    value = case.ours(*leaves)
    (value * np.cos(np.arange(1.0, value.value.size + 1)).reshape(value.shape)).sum().backward()
    for found, name in [(value.value, "value"), *((t.grad, f"gradient {k}") for k, t in enumerate(leaves))]:
        allowed = ULPS * np.spacing(np.abs(figures[name]).max())
        assert np.abs(found - figures[name]).max() <= allowed, name


class Numpy:
    """What the transformer is made of, in aimath's words."""

    embedding, cross_entropy = staticmethod(fused.embedding), staticmethod(ad.cross_entropy)
    gelu, norm, softmax = staticmethod(ad.gelu), staticmethod(fused.layer_norm), staticmethod(ad.softmax)

    @staticmethod
    def hide(scores: Any, hidden: np.ndarray) -> Any:
        return ad.where(hidden, -math.inf, scores)

    @staticmethod
    def order(x: Any, *axes: int) -> Any:
        return x.transpose(*axes)

    @staticmethod
    def number(loss: Any) -> float:
        return float(loss.value)

    @staticmethod
    def numbers(parameter: Any) -> np.ndarray:
        return parameter.value

    @staticmethod
    def slopes(parameter: Any) -> np.ndarray:
        return parameter.grad

    @staticmethod
    def step(parameter: Any, rate: float) -> None:
        parameter.value = parameter.value - rate * parameter.grad


class Torch:
    """The same in torch's."""

    def __init__(self) -> None:
        import torch

        self.torch, self.f = torch, torch.nn.functional
        self.gelu = self.f.gelu

    def embedding(self, table: Any, ids: np.ndarray) -> Any:
        return self.f.embedding(self.torch.tensor(ids), table)

    def cross_entropy(self, logits: Any, target: np.ndarray) -> Any:
        flat = self.f.cross_entropy(
            logits.reshape(-1, WORDS), self.torch.tensor(target.ravel()), reduction="none"
        )
        return flat.reshape(target.shape)

    def norm(self, x: Any, gain: Any, bias: Any) -> Any:
        return self.f.layer_norm(x, (WIDTH,), gain, bias)

    def softmax(self, x: Any) -> Any:
        return self.torch.softmax(x, -1)

    def hide(self, scores: Any, hidden: np.ndarray) -> Any:
        return self.torch.where(self.torch.tensor(hidden), -math.inf, scores)

    @staticmethod
    def order(x: Any, *axes: int) -> Any:
        return x.permute(*axes)

    @staticmethod
    def number(loss: Any) -> float:
        return loss.item()

    @staticmethod
    def numbers(parameter: Any) -> np.ndarray:
        return parameter.detach().numpy()

    @staticmethod
    def slopes(parameter: Any) -> np.ndarray:
        return parameter.grad.numpy()

    def step(self, parameter: Any, rate: float) -> None:
        with self.torch.no_grad():
            parameter -= rate * parameter.grad
        parameter.grad = None


def trained(case: Training, words: Numpy | Torch, leaf: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    """Train, and give the loss of every step, the first gradients and the last parameters."""
    text = np.array(
        [[0, 1, 2, 3, 4, 5, 6], [3, 1, 4, 1, 5, 2, 6], [6, 5, 4, 3, 2, 1, 0], [2, 2, 0, 0, 5, 5, 1]]
    )
    parameters = {name: leaf(array) for name, array in drawn().items()}
    told: dict[str, Any] = {"loss": []}
    for step in range(case.steps):
        logits = transformer(words, parameters, text[:, :-1])
        loss = words.cross_entropy(logits, text[:, 1:]).mean()
        loss.backward()
        told["loss"].append(words.number(loss))
        if not step:
            told |= {
                f"gradient of {name}": words.slopes(p).ravel()[::5].copy() for name, p in parameters.items()
            }
        for parameter in parameters.values():
            words.step(parameter, case.rate)
    last = {f"last {name}": words.numbers(p).ravel()[::17].copy() for name, p in parameters.items()}
    return told | last


def drawn() -> dict[str, np.ndarray]:
    """Draw the parameters."""
    shapes: dict[str, tuple[int, ...]] = {"tokens": (WORDS, WIDTH), "places": (LONG, WIDTH)}
    for k in range(BLOCKS):
        shapes |= {f"{name}{k}": (WIDTH, WIDTH) for name in ("q", "k", "v", "o")}
        shapes |= {f"up{k}": (WIDTH, 4 * WIDTH), f"up bias{k}": (4 * WIDTH,)}
        shapes |= {f"down{k}": (4 * WIDTH, WIDTH), f"down bias{k}": (WIDTH,)}
        shapes |= {f"{name}{k}": (WIDTH,) for name in ("gain a", "bias a", "gain m", "bias m")}
    shapes |= {"gain": (WIDTH,), "bias": (WIDTH,), "head": (WIDTH, WORDS)}
    return {name: ("gain" in name) + 0.5 * draw(100 + k, *s) for k, (name, s) in enumerate(shapes.items())}


def transformer(words: Numpy | Torch, p: dict[str, Any], ids: np.ndarray) -> Any:
    """Give logits (rows, L, WORDS) of tokens (rows, L): GPT-2's blocks, small."""
    rows, length = ids.shape
    hidden = np.triu(np.ones((length, length), bool), 1)
    x = words.embedding(p["tokens"], ids) + words.embedding(p["places"], np.arange(length))
    for k in range(BLOCKS):
        a = words.norm(x, p[f"gain a{k}"], p[f"bias a{k}"])
        q, keys, v = (
            words.order((a @ p[f"{name}{k}"]).reshape(rows, length, HEADS, WIDTH // HEADS), 0, 2, 1, 3)
            for name in ("q", "k", "v")
        )
        scores = (q @ words.order(keys, 0, 1, 3, 2)) * (1.0 / math.sqrt(WIDTH // HEADS))
        mixed = words.order(words.softmax(words.hide(scores, hidden)) @ v, 0, 2, 1, 3)
        x = x + mixed.reshape(rows, length, WIDTH) @ p[f"o{k}"]
        m = words.norm(x, p[f"gain m{k}"], p[f"bias m{k}"])
        x = x + words.gelu(m @ p[f"up{k}"] + p[f"up bias{k}"]) @ p[f"down{k}"] + p[f"down bias{k}"]
    return words.norm(x, p["gain"], p["bias"]) @ p["head"]
