"""What columns of categories tell of each other, against scikit-learn's clustering scores and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests import oracles

from aimath.core import information

PEERS = ("scikit-learn", "scipy")
CASES = {
    "loose": {"seed": 1, "rows": 50, "kinds": (3, 4), "tie": 0.2},
    "tight": {"seed": 2, "rows": 80, "kinds": (5, 5), "tie": 0.9},
    "one alone": {"seed": 3, "rows": 12, "kinds": (1, 4), "tie": 0.0},
    "many": {"seed": 4, "rows": 300, "kinds": (40, 7), "tie": 0.5},
}  # fmt: skip


def inputs(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Give two columns of category numbers; a share `tie` of the second follows the first."""
    u, v, w = (oracles.draw(case["seed"] + k, case["rows"]) / 2.0 + 0.5 for k in range(3))
    a, b = (np.floor(x * kinds) for x, kinds in zip((u, v), case["kinds"], strict=True))
    return a, np.where(w < case["tie"], a % case["kinds"][1], b)


def peer(case: dict[str, Any]) -> dict[str, Any]:
    """Give scikit-learn's scores, in nats, and scipy's entropy of the second column."""
    from scipy import stats
    from sklearn import metrics

    a, b = inputs(case)
    told = {
        "mutual_information": metrics.mutual_info_score(a, b),
        "nmi": metrics.normalized_mutual_info_score(a, b),
        "column_entropy": stats.entropy(np.unique(b, return_counts=True)[1]),
    }
    return told | {"conditional_entropy": told["column_entropy"] - told["mutual_information"]}


def compare(case: dict[str, Any], figures: dict[str, Any]) -> None:
    """Hold counted columns to the figures, as numbers and as texts."""
    a, b = inputs(case)
    for columns in ((a, b), tuple([f"c{x:.0f}" for x in one] for one in (a, b))):
        counts = information.CategoriesAccumulator(2)
        counts.update(columns)
        found = information.mutual_information(counts.result().counts, np.e, normalize=True)
        for name, value in figures.items():
            assert float(getattr(found, name)) == pytest.approx(float(value), rel=1e-11, abs=1e-14), name
        assert found.check().holds
