"""Probability: softmax, Bayes, the normal distribution, diffusion, summaries."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.probability._bayes import (
        BayesSequence as BayesSequence,
        bayes as bayes,
        bayes_sequence as bayes_sequence,
    )
    from aimath.core.probability._beta import beta_density as beta_density
    from aimath.core.probability._columns import (
        ColumnsAccumulator as ColumnsAccumulator,
        check_levels as check_levels,
        quantile_name as quantile_name,
    )
    from aimath.core.probability._describe import LEVELS as LEVELS, describe as describe
    from aimath.core.probability._diffusion import diffuse as diffuse, noise_schedule as noise_schedule
    from aimath.core.probability._gaussian import gaussian as gaussian
    from aimath.core.probability._logsumexp import logsumexp as logsumexp
    from aimath.core.probability._sampling import draw as draw, sample as sample
    from aimath.core.probability._softmax import (
        log_softmax as log_softmax,
        log_softmax_rows as log_softmax_rows,
        logsumexp_rows as logsumexp_rows,
        softmax as softmax,
        softmax_rows as softmax_rows,
        temperature as temperature,
    )

__getattr__, __dir__, __all__ = attach(
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
