"""Linear algebra: products, inverses, decompositions, similarity, attention."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.linalg._attention import attention, multi_head
    from aimath.core.linalg._eigen import eig
    from aimath.core.linalg._inverse import EXACT_MOST, det, inverse
    from aimath.core.linalg._lora import lora, lora_ranks, lora_update
    from aimath.core.linalg._neighbours import VECTORS, WORDS, analogy, index
    from aimath.core.linalg._pca import PCA, pca, streamed_pca
    from aimath.core.linalg._products import dot, layer, matmul, neuron, transpose
    from aimath.core.linalg._similarity import cosine, cosine_matrix
    from aimath.core.linalg._svd import Method, SvdApprox, streamed_spectrum, svd_approx, takes_all

__all__ = [
    "EXACT_MOST",
    "PCA",
    "VECTORS",
    "WORDS",
    "Method",
    "SvdApprox",
    "analogy",
    "attention",
    "cosine",
    "cosine_matrix",
    "det",
    "dot",
    "eig",
    "index",
    "inverse",
    "layer",
    "lora",
    "lora_ranks",
    "lora_update",
    "matmul",
    "multi_head",
    "neuron",
    "pca",
    "streamed_pca",
    "streamed_spectrum",
    "svd_approx",
    "takes_all",
    "transpose",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_attention": ["attention", "multi_head"],
        "_eigen": ["eig"],
        "_inverse": ["EXACT_MOST", "det", "inverse"],
        "_lora": ["lora", "lora_ranks", "lora_update"],
        "_neighbours": ["VECTORS", "WORDS", "analogy", "index"],
        "_pca": ["PCA", "pca", "streamed_pca"],
        "_products": ["dot", "layer", "matmul", "neuron", "transpose"],
        "_similarity": ["cosine", "cosine_matrix"],
        "_svd": ["Method", "SvdApprox", "streamed_spectrum", "svd_approx", "takes_all"],
    },
)
