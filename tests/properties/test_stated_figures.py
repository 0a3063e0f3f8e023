"""What others state: figures of the test suites of peers, and NIST's certified values."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from tests.digits import ulps
from tests.properties.hard_lines import reports

from aimath.core.probability import describe

HERE = Path(__file__).parent


def table(name):
    """Give the cells of the lines of a table."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.split(" | ")] for line in lines if line and not line.startswith("#")
    ]


STATED, SETS = table("stated_figures.txt"), table("nist_univariate.txt")


def test_there_are_a_hundred_figures():
    assert sum(len(figures.split()) for *_, figures in STATED) + 2 * len(SETS) >= 100


@pytest.mark.parametrize(
    ("line", "quantity", "figures"), STATED, ids=[f"{line} {name}" for line, name, _ in STATED]
)
def test_peers_figures(line, quantity, figures):
    (report,) = reports(line)
    found, stated = np.ravel(report.value(quantity)).tolist(), figures.split()
    assert len(found) == len(stated)
    for value, text in zip(found, stated, strict=True):
        figure = Decimal(text)
        unit = Decimal(1).scaleb(figure.as_tuple().exponent)
        near = max(Fraction(unit) / 2, 2 * Fraction(math.ulp(float(figure))))
        assert abs(Fraction(value) - Fraction(figure)) <= near, (value, text)


def values_of(text):
    """Give the values of a set as they are typed."""
    if text.startswith("digits "):
        return [*text.removeprefix("digits ")]
    first, pair, times = re.fullmatch(r"([^(]*)(?:\((.*)\)\*(\d+))?", text).groups()
    return [*first.split(), *((pair or "").split() * int(times or 0))]


@pytest.mark.parametrize(("name", "mean", "std", "text"), SETS, ids=[row[0] for row in SETS])
def test_nist_certified_values(name, mean, std, text):
    """Exact of the floats, and so of the decimals that were certified as near as floats can be."""
    typed = values_of(text)
    found = describe([float(v) for v in typed], ddof=1)
    floats, decimals = ([kind(v) for v in typed] for kind in (lambda v: Fraction(float(v)), Fraction))
    for exact, certain in ((floats, False), (decimals, True)):
        centre = sum(exact) / len(exact)
        with mp.workdps(60):
            variance = sum((v - centre) ** 2 for v in exact) / (len(exact) - 1)
            spread = mp.sqrt(mp.mpf(variance.numerator) / variance.denominator)
            if certain:  # the certified digits are those of the decimals: what floats lose is not ours
                unit = Decimal(1).scaleb(Decimal(std).as_tuple().exponent)
                assert abs(spread - mp.mpf(std)) <= mp.mpf(str(unit))
                assert abs(Fraction(mean) - centre) <= Fraction(
                    Decimal(1).scaleb(Decimal(mean).as_tuple().exponent)
                )
                lost = abs(spread - mp.mpf(float(found.std)))
                assert lost <= max(
                    mp.mpf(max(map(abs, (float(v) for v in typed)))) * 2.0**-53, mp.mpf(str(unit))
                )
            else:
                assert ulps(found.mean, mp.mpf(centre.numerator) / centre.denominator) <= 0.5, name
                assert ulps(found.std, spread) <= 1.0, name
