"""Linear algebra: products, inverses, decompositions, similarity, attention."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aimath.core.linalg._attention import attention as attention, multi_head as multi_head
    from aimath.core.linalg._eigen import eig as eig
    from aimath.core.linalg._inverse import EXACT_MOST as EXACT_MOST, det as det, inverse as inverse
    from aimath.core.linalg._lora import lora as lora, lora_ranks as lora_ranks, lora_update as lora_update
    from aimath.core.linalg._neighbours import (
        VECTORS as VECTORS,
        WORDS as WORDS,
        analogy as analogy,
        index as index,
    )
    from aimath.core.linalg._pca import PCA as PCA, pca as pca, streamed_pca as streamed_pca
    from aimath.core.linalg._products import (
        dot as dot,
        layer as layer,
        matmul as matmul,
        neuron as neuron,
        transpose as transpose,
    )
    from aimath.core.linalg._similarity import cosine as cosine, cosine_matrix as cosine_matrix
    from aimath.core.linalg._svd import (
        Method as Method,
        SvdApprox as SvdApprox,
        streamed_spectrum as streamed_spectrum,
        svd_approx as svd_approx,
        takes_all as takes_all,
    )

_HOMES = {
    "EXACT_MOST": "_inverse",
    "Method": "_svd",
    "PCA": "_pca",
    "SvdApprox": "_svd",
    "VECTORS": "_neighbours",
    "WORDS": "_neighbours",
    "analogy": "_neighbours",
    "attention": "_attention",
    "cosine": "_similarity",
    "cosine_matrix": "_similarity",
    "det": "_inverse",
    "dot": "_products",
    "eig": "_eigen",
    "index": "_neighbours",
    "inverse": "_inverse",
    "layer": "_products",
    "lora": "_lora",
    "lora_ranks": "_lora",
    "lora_update": "_lora",
    "matmul": "_products",
    "multi_head": "_attention",
    "neuron": "_products",
    "pca": "_pca",
    "streamed_pca": "_pca",
    "streamed_spectrum": "_svd",
    "svd_approx": "_svd",
    "takes_all": "_svd",
    "transpose": "_products",
}
__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import the module that has a name when the name is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
