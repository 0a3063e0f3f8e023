"""numpy.linalg.inv and det of small matrices that people have reported: exact here, or known to be singular."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

from aimath.core.linalg import det, inverse
from aimath.errors import InputError

PEERS = ()


class Case(NamedTuple):
    a: list[list[float]]
    rank: int | None = None  # if it has no inverse


NINTHS = (np.arange(1, 10).reshape(3, 3) / 9).tolist()

CASES = {
    "numpy#6178": Case([[1, 2, 3], [4, 5, 6], [7, 8, 9]], 2),
    "numpy#8769": Case([[1, 2, 1], [-2, -3, 1], [3, 5, 0]], 2),
    "numpy#8769, the other": Case([[1, 8, 50], [8, 64, 400], [50, 400, 2500]], 1),
    "numpy#10471": Case([[3, 2, 1], [2, 2, 0], [1, 0, 1]], 2),
    "numpy#24684": Case([[2, 4], [3, 6]], 1),
    "numpy#24684, the other": Case([[2, 3], [4, 6]], 1),
    "numpy#17335": Case((7.0 * np.eye(7) - 1.0).tolist(), 6),
    "numpy#20932": Case([[0, 1, -4], [2, -3, 2], [5, -8, 7]], 2),
    "numpy#27554": Case([[5, 5, 6], [7, 7, 5], [4, 4, 8]], 2),
    "numpy#6890": Case([[253, 32581341, 16387064], [253, 32581088, 16387064], [253, 16322548, 16387064]], 2),
    "numpy#9127": Case([[14, 2], [10, 0]]),
    "numpy#11034": Case([[2, 0, 0], [0, 2, 0], [0, 0, 2]]),
    "numpy#25341": Case([[1, 2], [3, 4]]),
    "thirds": Case([[1 / 3, 1 / 7], [2 / 3, 1 / 5]]),
    "Pascal": Case([[1, 1, 1, 1], [1, 2, 3, 4], [1, 3, 6, 10], [1, 4, 10, 20]]),
    "Hilbert": Case([[1 / (i + j + 1) for j in range(8)] for i in range(8)]),
    "ninths": Case(NINTHS),  # singular as fractions, but not as the doubles that stand for them
}


def peer(case: Case) -> dict[str, Any]:
    a = np.array(case.a, np.float64)
    try:
        found = np.linalg.inv(a)
    except np.linalg.LinAlgError as error:
        return {"det": np.linalg.det(a), "error": str(error)}
    return {"det": np.linalg.det(a), "inverse": found}


def truth(a: list[list[float]]) -> tuple[Fraction, list[list[Fraction]]]:
    """Determinant and adjugate by the definition: signed determinants of what is left without a row and a column."""

    def volume(rows: list[list[Fraction]]) -> Fraction:
        rows, found = [row[:] for row in rows], Fraction(1)
        for k in range(len(rows)):
            pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
            if pivot is None:
                return Fraction(0)
            if pivot != k:
                rows[k], rows[pivot], found = rows[pivot], rows[k], -found
            found *= rows[k][k]
            for i in range(k + 1, len(rows)):
                share = rows[i][k] / rows[k][k]
                rows[i] = [v - share * w for v, w in zip(rows[i], rows[k], strict=True)]
        return found

    x = [[Fraction(v) for v in row] for row in a]

    def minor(i: int, j: int) -> Fraction:
        return volume([row[:j] + row[j + 1 :] for k, row in enumerate(x) if k != i])

    return volume(x), [[(-1) ** (i + j) * minor(j, i) for j in range(len(x))] for i in range(len(x))]


def compare(case: Case, figures: dict[str, np.ndarray]) -> None:
    volume, adjugate = truth(case.a)
    assert det(case.a).det == float(volume)
    if case.rank is not None:
        assert volume == 0
        with pytest.raises(InputError, match=rf"singular \(rank {case.rank} of {len(case.a)}\)"):
            inverse(case.a, force=True)
        return
    found = inverse(case.a, force=True)
    assert found.inverse.tolist() == [[float(v / volume) for v in row] for row in adjugate]
    # LU answers within n eps of the condition: numpy is right so far, and so are we to what it says.
    size = np.abs(found.inverse).max()
    error = 8.0 * len(case.a) * np.finfo(float).eps * found.condition
    if error < 1.0:
        assert np.abs(figures["inverse"] - found.inverse).max() <= error * size


WRONG = (
    "numpy#8769",
    "numpy#10471",
    "numpy#17335",
    "numpy#27554",
    "numpy#6890",
    "numpy#9127",
    "numpy#25341",
)


def wrong(case: Case, figures: dict[str, np.ndarray]) -> None:
    """Show that numpy finds an inverse, or a determinant, where there is none; or misses an integer."""
    assert float(figures["det"]) != float(truth(case.a)[0])
