"""Information theory: entropy, divergences, perplexity."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.information._categories import (
        CategoriesAccumulator as CategoriesAccumulator,
        align_categories as align_categories,
    )
    from aimath.core.information._cross_entropy import cross_entropy as cross_entropy
    from aimath.core.information._divergence import js as js, kl as kl
    from aimath.core.information._entropy import entropy as entropy
    from aimath.core.information._focal import focal as focal
    from aimath.core.information._gaussian_kl import gaussian_kl as gaussian_kl
    from aimath.core.information._info_nce import info_nce as info_nce
    from aimath.core.information._mutual_information import mutual_information as mutual_information
    from aimath.core.information._perplexity import perplexity as perplexity
    from aimath.core.information._preferences import dpo as dpo, grpo as grpo
    from aimath.core.information._rlhf import rlhf as rlhf
    from aimath.core.information.metrics._compare import (
        KL_LEVELS as KL_LEVELS,
        ComparisonAccumulator as ComparisonAccumulator,
        compare as compare,
    )
    from aimath.core.information.metrics._evaluate import (
        EvaluationAccumulator as EvaluationAccumulator,
        evaluate as evaluate,
    )

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_categories": ["CategoriesAccumulator", "align_categories"],
        "metrics._compare": ["KL_LEVELS", "ComparisonAccumulator", "compare"],
        "_cross_entropy": ["cross_entropy"],
        "_divergence": ["js", "kl"],
        "_entropy": ["entropy"],
        "metrics._evaluate": ["EvaluationAccumulator", "evaluate"],
        "_focal": ["focal"],
        "_gaussian_kl": ["gaussian_kl"],
        "_info_nce": ["info_nce"],
        "_mutual_information": ["mutual_information"],
        "_perplexity": ["perplexity"],
        "_preferences": ["dpo", "grpo"],
        "_rlhf": ["rlhf"],
    },
)
