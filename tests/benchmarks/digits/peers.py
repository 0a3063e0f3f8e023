"""The libraries compared with: imported when they are first used, since cases are listed without them."""

from __future__ import annotations

import importlib
import importlib.util
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS = {"numpy": "numpy", "scipy": "scipy", "torch": "torch", "sklearn": "scikit-learn"}
"""Modules and what they are called."""


class Lazy:
    """A module, or a function of it: imported when the function is called."""

    def __init__(self, module: str, *names: str) -> None:
        self._module, self._names = module, names

    def __getattr__(self, name: str) -> Lazy:
        return Lazy(self._module, *self._names, name)

    def __call__(self, *operands: Any, **options: Any) -> Any:
        function = attrgetter(".".join(self._names))(importlib.import_module(self._module))
        return function(*operands, **options)


special, stats, linalg = Lazy("scipy.special"), Lazy("scipy.stats"), Lazy("scipy.linalg")
distance = Lazy("scipy.spatial.distance")
torch, functional = Lazy("torch"), Lazy("torch.nn.functional")
metrics, decomposition = Lazy("sklearn.metrics"), Lazy("sklearn.decomposition")
pairwise = Lazy("sklearn.metrics.pairwise")


def missing() -> list[str]:
    """Name the modules that are not installed."""
    return [name for name in COLUMNS if importlib.util.find_spec(name) is None]


def tensors(function: Callable[..., Any], *, track: bool = False) -> Callable[..., Any]:
    """Give a function of tensors what it wants: arrays and floats become tensors of float64."""

    def called(*operands: Any) -> Any:
        return function(*(_tensor(x, track=track) for x in operands))

    return called


def _tensor(x: Any, *, track: bool) -> Any:
    if not isinstance(x, (np.ndarray, float)):
        return x
    return torch.asarray(np.asarray(x), copy=True, requires_grad=track)


def slopes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give torch's gradients of a function of tensors by all of them."""

    def called(*operands: Any) -> Any:
        given = [_tensor(x, track=True) for x in operands]
        return torch.autograd.grad(function(*given), [x for x in given if hasattr(x, "grad")])

    return called
