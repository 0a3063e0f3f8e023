"""Information theory: entropy, divergences, perplexity."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aimath.core.information._cross_entropy import (
        cross_entropy as cross_entropy,
        cross_entropy_of_logits as cross_entropy_of_logits,
    )
    from aimath.core.information._divergence import js as js, kl as kl
    from aimath.core.information._entropy import entropy as entropy, entropy_of_logits as entropy_of_logits
    from aimath.core.information._gaussian_kl import gaussian_kl as gaussian_kl, vae_kl as vae_kl
    from aimath.core.information._mutual_information import mutual_information as mutual_information
    from aimath.core.information._perplexity import (
        perplexity as perplexity,
        perplexity_of_log_probs as perplexity_of_log_probs,
        perplexity_of_tokens as perplexity_of_tokens,
    )
    from aimath.core.information._rlhf import rlhf as rlhf
    from aimath.core.information._row_sums import unit as unit

_HOMES = {
    "cross_entropy": "_cross_entropy",
    "cross_entropy_of_logits": "_cross_entropy",
    "entropy": "_entropy",
    "entropy_of_logits": "_entropy",
    "gaussian_kl": "_gaussian_kl",
    "js": "_divergence",
    "kl": "_divergence",
    "mutual_information": "_mutual_information",
    "perplexity": "_perplexity",
    "perplexity_of_log_probs": "_perplexity",
    "perplexity_of_tokens": "_perplexity",
    "rlhf": "_rlhf",
    "unit": "_row_sums",
    "vae_kl": "_gaussian_kl",
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
