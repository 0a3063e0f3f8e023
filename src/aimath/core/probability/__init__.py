"""Probability: softmax, Bayes, the normal distribution, diffusion, summaries."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aimath.core.probability._bayes import (
        BayesSequence as BayesSequence,
        bayes as bayes,
        bayes_sequence as bayes_sequence,
    )
    from aimath.core.probability._describe import describe as describe
    from aimath.core.probability._diffusion import diffuse as diffuse
    from aimath.core.probability._gaussian import (
        gaussian as gaussian,
        gaussian_between as gaussian_between,
        gaussian_quantile as gaussian_quantile,
        gaussian_sample as gaussian_sample,
    )
    from aimath.core.probability._softmax import (
        log_softmax_rows as log_softmax_rows,
        logsumexp as logsumexp,
        logsumexp_rows as logsumexp_rows,
        softmax as softmax,
        softmax_rows as softmax_rows,
    )

_HOMES = {
    "BayesSequence": "_bayes",
    "bayes": "_bayes",
    "bayes_sequence": "_bayes",
    "describe": "_describe",
    "diffuse": "_diffusion",
    "gaussian": "_gaussian",
    "gaussian_between": "_gaussian",
    "gaussian_quantile": "_gaussian",
    "gaussian_sample": "_gaussian",
    "log_softmax_rows": "_softmax",
    "logsumexp": "_softmax",
    "logsumexp_rows": "_softmax",
    "softmax": "_softmax",
    "softmax_rows": "_softmax",
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
