"""LoRA against counting."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core import linalg
from aimath.errors import InputError


def test_lora_counts_as_the_guide_does():
    found = linalg.lora(shape=(768, 768), rank=16)
    assert (found.parameters, found.full, found.break_even_rank) == (24_576, 589_824, 384)
    assert found.percent_of_full == 100 * 24_576 / 589_824  # the article: "only 4 %"
    assert found.percent_of_total == 4  # 24,576 of 614,400: here it is
    assert (found.saved, found.times_smaller) == (565_248, 24)
    assert found.check().holds.all()


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.data())
def test_lora_is_exact_at_any_size(m, n, data):
    rank = data.draw(st.integers(1, min(m, n)))
    found = linalg.lora(shape=(m, n), rank=rank)
    assert found.parameters == sum((rank * m, rank * n))
    assert Fraction(found.percent_of_full) == Fraction(float(Fraction(100 * rank * (m + n), m * n)))
    assert found.break_even_rank == float(Fraction(m * n, m + n))
    assert (found.saved > 0) == (rank < Fraction(m * n, m + n))


@pytest.mark.parametrize(
    ("shape", "rank", "why"),
    [
        (
            (768, 768),
            1000,
            "rank must be 1 to 768 for a 768x768 matrix, not 1000; factors save numbers below rank 384",
        ),
        ((768, 768), 0, "rank must be 1 to 768 for a 768x768 matrix, not 0"),
        ((0, 3), 1, "a shape is two sides"),
        ((3,), 1, "a shape is two sides"),
        ((10**10, 3), 1, "not 10000000000x3"),
    ],
)
def test_lora_refuses_what_peft_accepts(shape, rank, why):
    with pytest.raises(InputError, match=why):
        linalg.lora(shape=shape, rank=rank)


def test_an_update_of_rank_3_is_found_out():
    rng = np.random.default_rng(10)
    base = rng.normal(size=(40, 30))
    left, right = (np.linalg.qr(rng.normal(size=(k, 3)))[0] for k in (40, 30))
    found = linalg.lora_update(base, base + left * [3, 2, 1] @ right.T, (0.5, 0.9, 0.95, 0.99, 1))
    assert found.ranks.tolist() == [1, 2, 3, 3, 3]  # 9/14 = .64, 13/14 = .93
    assert found.parameters.tolist() == [70, 140, 210, 210, 210]
    assert found.singular_values[:3] == near([3, 2, 1])
    assert found.update == near(14**0.5)
    assert found.relative_update == near(14**0.5 / np.linalg.norm(base))
    assert found.stable_rank == near(14 / 9)
    assert found.effective_rank == near(np.exp(-sum(p * np.log(p) for p in (1 / 2, 1 / 3, 1 / 6))))
    assert found.kept[:4] == near([0, 9 / 14, 13 / 14, 1])
    assert found.check().holds


def test_no_update_needs_no_rank():
    found = linalg.lora_update([[1, 2], [3, 4]], [[1, 2], [3, 4]])
    assert found.ranks.tolist() == [0, 0]
    assert (found.update, found.relative_update) == (0, 0)
    assert np.isnan([found.effective_rank, found.stable_rank]).all()  # 0/0
    assert (found.numerical_rank, found.kept.tolist()) == (0, [1, 1, 1])
    assert linalg.lora_update([[0.0]], [[1.0]]).relative_update == np.inf


def test_updates_of_extreme_size():
    found = linalg.lora_update([[0, 0], [0, 1]], [[3e200, 0], [0, 4e200]])
    assert found.update == near(5e200)
    assert found.check().holds


@pytest.mark.parametrize(
    ("base", "tuned", "energy", "why"),
    [
        ([[1, 2]], [[1], [2]], 0.9, "base is 1x2 and tuned is 2x1"),
        ([[1, 2]], [[1, 3]], 1.1, "energy must be above 0 and at most 1, not 1.1"),
        ([[1, 2]], [[1, 3]], 0, "energy must be above 0"),
        ([[1, np.nan]], [[1, 3]], 0.9, r"entry \(1,2\) of base is nan"),
        ([[1e308]], [[-1e308]], 0.9, "beyond float64"),
    ],
)
def test_updates_that_have_no_rank_are_refused(base, tuned, energy, why):
    with pytest.raises(InputError, match=why):
        linalg.lora_update(base, tuned, energy)
