"""Linear algebra: products, inverses, decompositions, similarity, attention."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.linalg._adapters import (
        LoraFactors as LoraFactors,
        lora_costs as lora_costs,
        lora_factors as lora_factors,
    )
    from aimath.core.linalg._difference import difference as difference
    from aimath.core.linalg._inverse import det as det, inverse as inverse
    from aimath.core.linalg._lora import (
        LoraRanksAccumulator as LoraRanksAccumulator,
        lora as lora,
        lora_ranks as lora_ranks,
        lora_update as lora_update,
    )
    from aimath.core.linalg._neighbours import (
        EXAMPLE_VECTORS as EXAMPLE_VECTORS,
        EXAMPLE_WORDS as EXAMPLE_WORDS,
        analogy as analogy,
        build_index as build_index,
        nearest_neighbours as nearest_neighbours,
    )
    from aimath.core.linalg._products import (
        dot as dot,
        layer as layer,
        matmul as matmul,
        neuron as neuron,
        transpose as transpose,
    )
    from aimath.core.linalg._similarity import cosine as cosine
    from aimath.core.linalg.decompositions._eigen import eig as eig
    from aimath.core.linalg.decompositions._pca import PCA as PCA, pca as pca, streaming_pca as streaming_pca
    from aimath.core.linalg.decompositions._spectrum import (
        Spectrum as Spectrum,
        gram_matrix as gram_matrix,
        gram_values as gram_values,
        spectrum as spectrum,
    )
    from aimath.core.linalg.decompositions._svd import (
        SvdApprox as SvdApprox,
        default_ranks as default_ranks,
        is_one_pass as is_one_pass,
        streaming_svd as streaming_svd,
        svd_approx as svd_approx,
        uses_full_svd as uses_full_svd,
    )
    from aimath.core.linalg.transformer._attention import attention as attention, multi_head as multi_head
    from aimath.core.linalg.transformer._normalization import layer_norm as layer_norm, rms_norm as rms_norm
    from aimath.core.linalg.transformer._positions import positional as positional, rope as rope
    from aimath.core.linalg.transformer._scaled_dot_product import (
        scaled_dot_product_attention as scaled_dot_product_attention,
    )

__getattr__, __dir__, __all__ = attach(
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
