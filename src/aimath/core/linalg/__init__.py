"""Linear algebra: products, inverses, decompositions, similarity, attention."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.linalg._attention import attention, multi_head
    from aimath.core.linalg._difference import difference
    from aimath.core.linalg._eigen import eig
    from aimath.core.linalg._inverse import det, inverse
    from aimath.core.linalg._lora import lora, lora_ranks, lora_update
    from aimath.core.linalg._neighbours import (
        EXAMPLE_VECTORS,
        EXAMPLE_WORDS,
        analogy,
        build_index,
        nearest_neighbours,
    )
    from aimath.core.linalg._normalization import layer_norm, rms_norm
    from aimath.core.linalg._pca import PCA, pca, streaming_pca
    from aimath.core.linalg._positions import positional, rope
    from aimath.core.linalg._products import dot, layer, matmul, neuron, transpose
    from aimath.core.linalg._similarity import cosine
    from aimath.core.linalg._svd import SvdApprox, default_ranks, streaming_svd, svd_approx, uses_full_svd

__all__ = [
    "EXAMPLE_VECTORS",
    "EXAMPLE_WORDS",
    "PCA",
    "SvdApprox",
    "analogy",
    "attention",
    "build_index",
    "cosine",
    "default_ranks",
    "det",
    "difference",
    "dot",
    "eig",
    "inverse",
    "layer",
    "layer_norm",
    "lora",
    "lora_ranks",
    "lora_update",
    "matmul",
    "multi_head",
    "nearest_neighbours",
    "neuron",
    "pca",
    "positional",
    "rms_norm",
    "rope",
    "streaming_pca",
    "streaming_svd",
    "svd_approx",
    "transpose",
    "uses_full_svd",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_attention": ["attention", "multi_head"],
        "_difference": ["difference"],
        "_eigen": ["eig"],
        "_inverse": ["det", "inverse"],
        "_lora": ["lora", "lora_ranks", "lora_update"],
        "_neighbours": ["EXAMPLE_VECTORS", "EXAMPLE_WORDS", "analogy", "build_index", "nearest_neighbours"],
        "_normalization": ["layer_norm", "rms_norm"],
        "_pca": ["PCA", "pca", "streaming_pca"],
        "_positions": ["positional", "rope"],
        "_products": ["dot", "layer", "matmul", "neuron", "transpose"],
        "_similarity": ["cosine"],
        "_svd": ["SvdApprox", "default_ranks", "streaming_svd", "svd_approx", "uses_full_svd"],
    },
)
