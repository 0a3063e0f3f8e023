"""How near to the truth a figure is: in units of its last place, or relatively and by nothing else."""

from __future__ import annotations

import math

import mpmath as mp
import pytest


def ulps(found, truth) -> float:
    """Say how many units of the last place a float is from an mpmath number; from 0 only a 0 is not far."""
    if not truth:
        return math.inf if float(found) else 0.0
    return float(abs(mp.mpf(float(found)) - truth) / mp.mpf(math.ulp(float(truth))))


def near(figure, rel=1e-12):
    """Equal but for the share `rel`; pytest.approx alone lets 1e-12 pass as well, which of a small figure is all."""
    return pytest.approx(figure, rel=rel, abs=0.0)
