"""Formats of few bits: what gguf-py and ml_dtypes say is in tests/oracles/formats; here what theory says."""

from statistics import NormalDist

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from tests.digits import near

from aimath.core.nn import FORMATS, check_formats, requantize
from aimath.core.nn.checkpoints._quantization import NF4_VALUES, bits_stored, fits, round_to_e4m3
from aimath.errors import InputError

NORMAL = 0.02 * np.random.default_rng(0).standard_normal((2048, 512))


def relative_error(form):
    back = requantize(NORMAL, form, float(np.abs(NORMAL).max()))
    return np.linalg.norm(back - NORMAL) / np.linalg.norm(NORMAL)


def largest_of(n, power):
    """E |largest of n normal numbers|^power."""

    def term(t):
        return t**power * n * (2 * mpmath.ncdf(t) - 1) ** (n - 1) * 2 * mpmath.npdf(t)

    return float(mpmath.quad(term, [0, 1, 2, 3, 4, 6, 12]))


@pytest.mark.parametrize(
    ("form", "measured"),
    [
        ("q8_0", 0.0054),
        ("q4_0", 0.086),
        ("nf4", 0.0924),
        ("fp8_e4m3", 0.0265),
        ("mxfp4", 0.114),
    ],
)
def test_errors_of_normal_weights(form, measured):
    assert relative_error(form) == near(measured, 0.015)


def test_errors_of_even_steps_are_as_rounding_theory_says():
    """A step d adds d² / 12; the largest of a block is itself exact, nearly."""
    for form, block, steps in (("q8_0", 32, 127), ("int8", 512, 127)):
        expected = np.sqrt(largest_of(block, 2) / 12.0) / steps
        assert relative_error(form) == near(expected, 0.02), form


def test_nf4_is_the_nearest_of_its_sixteen_values_in_blocks_of_64():
    x = NORMAL[:8].reshape(-1, 64).astype(np.float32)
    scale = np.abs(x).max(axis=1, keepdims=True)
    values = np.array(NF4_VALUES, np.float32)
    truth = values[np.abs(x[..., np.newaxis] / scale[..., np.newaxis] - values).argmin(axis=2)] * scale
    found = requantize(NORMAL[:8], "nf4", 1.0).reshape(-1, 64)
    assert np.array_equal(found, truth)
    assert len(NF4_VALUES) == 16
    assert NF4_VALUES[0] == -1.0
    assert NF4_VALUES[7] == 0.0
    assert np.abs(requantize(np.full((1, 70), 2.0), "nf4", 2.0) - 2.0).max() == 0  # a last block of 6


def test_the_published_values_of_nf4_are_quantiles_of_a_normal_distribution():
    """Dettmers et al. (2023): 8 levels above 0 and 7 below it, of areas that begin at .9677083."""
    offset = 0.9677083
    quantile = np.vectorize(NormalDist().inv_cdf)
    above, below = quantile(np.linspace(offset, 0.5, 9)[:-1]), -quantile(np.linspace(offset, 0.5, 8)[:-1])
    levels = np.sort(np.concatenate((above, below, [0.0])))
    assert pytest.approx(levels / levels.max(), abs=1e-6) == NF4_VALUES


def test_e4m3_has_its_256_numbers_and_no_others():
    signs, exponents, mantissas = np.meshgrid([1, -1], range(16), range(8), indexing="ij")
    numbers = signs * np.where(
        exponents == 0, mantissas * 2.0**-9, (8 + mantissas) * 2.0 ** (exponents - 10.0)
    )
    numbers = np.unique(numbers[~((exponents == 15) & (mantissas == 7))]).astype(np.float32)
    assert np.array_equal(round_to_e4m3(numbers), numbers)
    middles = (numbers[1:] + numbers[:-1]) / 2
    low, high = np.nextafter(middles, -np.inf), np.nextafter(middles, np.inf)
    assert np.array_equal(round_to_e4m3(low.astype(np.float32)), numbers[:-1])
    assert np.array_equal(round_to_e4m3(high.astype(np.float32)), numbers[1:])
    assert set(np.abs(round_to_e4m3(middles.astype(np.float32))) / 2.0**-9 % 2) == {0.0}


@pytest.mark.parametrize("form", FORMATS)
@given(st.data())
def test_what_comes_back_comes_back_again_and_is_no_larger(form, data):
    """Zeros stay, signs don't flip, and an error is at most the step of its block."""
    x = data.draw(arrays(np.float32, (2, 64), elements=st.floats(-100, 100, width=16)))
    back = requantize(x.astype(np.float64), form, float(np.abs(x).max()))
    assert back.shape == x.shape
    assert (back[x == 0] == 0).all()
    assert (back * x >= 0).all()
    most = 1.2 if form == "mxfp4" else 1 + 2.0**-10  # 1.25 lies between 1 and 1.5
    assert (np.abs(back) <= np.abs(x).max() * most + 1e-30).all()


def test_blocks_do_not_see_where_rows_are_cut():
    for form in FORMATS:
        whole = requantize(NORMAL[:128], form, 0.1)
        parts = [requantize(NORMAL[k : k + 64], form, 0.1) for k in (0, 64)]
        assert np.array_equal(whole, np.concatenate(parts)), form


def test_bits_are_counted_with_their_scales():
    found = {form: bits_stored(form, (4, 64)) / 256 for form in FORMATS}
    assert found == {"q8_0": 8.5, "q4_0": 4.5, "int8": 8.5, "nf4": 4.5, "fp8_e4m3": 8.125, "mxfp4": 4.25}
    assert bits_stored("nf4", (70,)) == 4 * 70 + 2 * 32
    assert [fits("q8_0", shape) for shape in ((4, 64), (64, 4), (), (33,))] == [True, False, False, False]
    assert fits("nf4", (7,))


def test_a_format_that_is_not_known_is_named():
    with pytest.raises(InputError, match="q4_1"):
        check_formats(["q4_1"])
    assert check_formats(["nf4", "int8", "nf4"]) == ("nf4", "int8")
