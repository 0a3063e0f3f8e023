"""Information theory: entropy, divergences, perplexity."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.information._cross_entropy import cross_entropy, cross_entropy_of_logits
    from aimath.core.information._divergence import js, kl
    from aimath.core.information._entropy import entropy, entropy_of_logits
    from aimath.core.information._gaussian_kl import gaussian_kl, vae_kl
    from aimath.core.information._mutual_information import mutual_information
    from aimath.core.information._perplexity import perplexity, perplexity_of_log_probs, perplexity_of_tokens
    from aimath.core.information._reductions import entropy_unit
    from aimath.core.information._rlhf import rlhf

__all__ = [
    "cross_entropy",
    "cross_entropy_of_logits",
    "entropy",
    "entropy_of_logits",
    "entropy_unit",
    "gaussian_kl",
    "js",
    "kl",
    "mutual_information",
    "perplexity",
    "perplexity_of_log_probs",
    "perplexity_of_tokens",
    "rlhf",
    "vae_kl",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_cross_entropy": ["cross_entropy", "cross_entropy_of_logits"],
        "_divergence": ["js", "kl"],
        "_entropy": ["entropy", "entropy_of_logits"],
        "_gaussian_kl": ["gaussian_kl", "vae_kl"],
        "_mutual_information": ["mutual_information"],
        "_perplexity": ["perplexity", "perplexity_of_log_probs", "perplexity_of_tokens"],
        "_reductions": ["entropy_unit"],
        "_rlhf": ["rlhf"],
    },
)
