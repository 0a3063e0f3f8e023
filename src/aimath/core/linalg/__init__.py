"""Linear algebra: products, inverses, decompositions, similarity, attention."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.linalg._adapters import LoraFactors, lora_costs, lora_factors
    from aimath.core.linalg._difference import difference
    from aimath.core.linalg._inverse import det, inverse
    from aimath.core.linalg._lora import LoraRanksAccumulator, lora, lora_ranks, lora_update
    from aimath.core.linalg._neighbours import (
        EXAMPLE_VECTORS,
        EXAMPLE_WORDS,
        analogy,
        build_index,
        nearest_neighbours,
    )
    from aimath.core.linalg._products import dot, layer, matmul, neuron, transpose
    from aimath.core.linalg._similarity import cosine
    from aimath.core.linalg.decompositions._eigen import eig
    from aimath.core.linalg.decompositions._pca import PCA, pca, streaming_pca
    from aimath.core.linalg.decompositions._spectrum import Spectrum, gram_matrix, gram_values, spectrum
    from aimath.core.linalg.decompositions._svd import (
        SvdApprox,
        default_ranks,
        is_one_pass,
        streaming_svd,
        svd_approx,
        uses_full_svd,
    )
    from aimath.core.linalg.transformer._attention import attention, multi_head
    from aimath.core.linalg.transformer._normalization import layer_norm, rms_norm
    from aimath.core.linalg.transformer._positions import positional, rope
    from aimath.core.linalg.transformer._scaled_dot_product import scaled_dot_product_attention

__all__ = [
    "EXAMPLE_VECTORS",
    "EXAMPLE_WORDS",
    "PCA",
    "LoraFactors",
    "LoraRanksAccumulator",
    "Spectrum",
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
    "gram_matrix",
    "gram_values",
    "inverse",
    "is_one_pass",
    "layer",
    "layer_norm",
    "lora",
    "lora_costs",
    "lora_factors",
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
    "scaled_dot_product_attention",
    "spectrum",
    "streaming_pca",
    "streaming_svd",
    "svd_approx",
    "transpose",
    "uses_full_svd",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_adapters": ["LoraFactors", "lora_costs", "lora_factors"],
        "transformer._attention": ["attention", "multi_head"],
        "_difference": ["difference"],
        "decompositions._eigen": ["eig"],
        "_inverse": ["det", "inverse"],
        "_lora": ["LoraRanksAccumulator", "lora", "lora_ranks", "lora_update"],
        "_neighbours": ["EXAMPLE_VECTORS", "EXAMPLE_WORDS", "analogy", "build_index", "nearest_neighbours"],
        "transformer._normalization": ["layer_norm", "rms_norm"],
        "decompositions._pca": ["PCA", "pca", "streaming_pca"],
        "transformer._positions": ["positional", "rope"],
        "_products": ["dot", "layer", "matmul", "neuron", "transpose"],
        "transformer._scaled_dot_product": ["scaled_dot_product_attention"],
        "_similarity": ["cosine"],
        "decompositions._spectrum": ["Spectrum", "gram_matrix", "gram_values", "spectrum"],
        "decompositions._svd": [
            "SvdApprox",
            "default_ranks",
            "is_one_pass",
            "streaming_svd",
            "svd_approx",
            "uses_full_svd",
        ],
    },
)
