"""Linear algebra: products, inverses, decompositions, similarity, attention."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.linalg._attention import attention, multi_head
    from aimath.core.linalg._eigen import eig
    from aimath.core.linalg._inverse import MAX_EXACT_ROWS, det, inverse
    from aimath.core.linalg._lora import lora, lora_ranks, lora_update
    from aimath.core.linalg._neighbours import EXAMPLE_VECTORS, EXAMPLE_WORDS, analogy, build_index
    from aimath.core.linalg._pca import PCA, pca, streaming_pca
    from aimath.core.linalg._products import dot, layer, matmul, neuron, transpose
    from aimath.core.linalg._similarity import cosine, cosine_matrix
    from aimath.core.linalg._svd import Method, SvdApprox, streaming_svd, svd_approx, uses_full_svd

__all__ = [
    "EXAMPLE_VECTORS",
    "EXAMPLE_WORDS",
    "MAX_EXACT_ROWS",
    "PCA",
    "Method",
    "SvdApprox",
    "analogy",
    "attention",
    "build_index",
    "cosine",
    "cosine_matrix",
    "det",
    "dot",
    "eig",
    "inverse",
    "layer",
    "lora",
    "lora_ranks",
    "lora_update",
    "matmul",
    "multi_head",
    "neuron",
    "pca",
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
        "_eigen": ["eig"],
        "_inverse": ["MAX_EXACT_ROWS", "det", "inverse"],
        "_lora": ["lora", "lora_ranks", "lora_update"],
        "_neighbours": ["EXAMPLE_VECTORS", "EXAMPLE_WORDS", "analogy", "build_index"],
        "_pca": ["PCA", "pca", "streaming_pca"],
        "_products": ["dot", "layer", "matmul", "neuron", "transpose"],
        "_similarity": ["cosine", "cosine_matrix"],
        "_svd": ["Method", "SvdApprox", "streaming_svd", "svd_approx", "uses_full_svd"],
    },
)
