"""Information theory: entropy, divergences, perplexity."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.information._cross_entropy import cross_entropy
    from aimath.core.information._divergence import js, kl
    from aimath.core.information._entropy import entropy
    from aimath.core.information._gaussian_kl import gaussian_kl
    from aimath.core.information._mutual_information import mutual_information
    from aimath.core.information._perplexity import perplexity
    from aimath.core.information._rlhf import rlhf

__all__ = ["cross_entropy", "entropy", "gaussian_kl", "js", "kl", "mutual_information", "perplexity", "rlhf"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_cross_entropy": ["cross_entropy"],
        "_divergence": ["js", "kl"],
        "_entropy": ["entropy"],
        "_gaussian_kl": ["gaussian_kl"],
        "_mutual_information": ["mutual_information"],
        "_perplexity": ["perplexity"],
        "_rlhf": ["rlhf"],
    },
)
