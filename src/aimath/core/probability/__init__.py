"""Probability: softmax, Bayes, the normal distribution, diffusion, summaries."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.probability._bayes import BayesSequence, bayes, bayes_sequence
    from aimath.core.probability._beta import beta_density
    from aimath.core.probability._columns import ColumnsAccumulator, check_levels, quantile_name
    from aimath.core.probability._describe import LEVELS, describe
    from aimath.core.probability._diffusion import diffuse, noise_schedule
    from aimath.core.probability._gaussian import gaussian
    from aimath.core.probability._logsumexp import logsumexp
    from aimath.core.probability._sampling import draw, sample
    from aimath.core.probability._softmax import (
        log_softmax,
        log_softmax_rows,
        logsumexp_rows,
        softmax,
        softmax_rows,
        temperature,
    )

__all__ = [
    "LEVELS",
    "BayesSequence",
    "ColumnsAccumulator",
    "bayes",
    "bayes_sequence",
    "beta_density",
    "check_levels",
    "describe",
    "diffuse",
    "draw",
    "gaussian",
    "log_softmax",
    "log_softmax_rows",
    "logsumexp",
    "logsumexp_rows",
    "noise_schedule",
    "quantile_name",
    "sample",
    "softmax",
    "softmax_rows",
    "temperature",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_bayes": ["BayesSequence", "bayes", "bayes_sequence"],
        "_beta": ["beta_density"],
        "_columns": ["ColumnsAccumulator", "check_levels", "quantile_name"],
        "_describe": ["LEVELS", "describe"],
        "_diffusion": ["diffuse", "noise_schedule"],
        "_gaussian": ["gaussian"],
        "_logsumexp": ["logsumexp"],
        "_sampling": ["draw", "sample"],
        "_softmax": [
            "log_softmax",
            "log_softmax_rows",
            "logsumexp_rows",
            "softmax",
            "softmax_rows",
            "temperature",
        ],
    },
)
