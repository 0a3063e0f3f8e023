"""Low rank against matrices built from known singular values, numpy's SVD and mpmath."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from tests.digits import near

from aimath.core import linalg
from aimath.core.linalg.decompositions import _svd
from aimath.core.linalg.decompositions._row_passes import Rows
from aimath.core.numerics.units import as_units
from aimath.errors import InputError


def built(values, m, n, seed=0):
    """A matrix (m, n) of given singular values."""
    rng, k = np.random.default_rng(seed), len(values)
    left, right = (np.linalg.qr(rng.normal(size=(side, k)))[0] for side in (m, n))
    return left * np.array(values, float) @ right.T


def best(values, rank):
    return float(np.sqrt(np.square(np.array(values, float)[rank:]).sum()))


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (6, 1)])
@pytest.mark.parametrize("steepness", [1.0, 1e3, 1e9])
def test_the_condition_of_any_shape_is_that_of_mpmath(shape, steepness):
    rng = np.random.default_rng([*shape, int(steepness)])
    for _ in range(5):
        W = rng.normal(size=shape) * np.geomspace(1, 1 / steepness, shape[1])
        with mp.workdps(50):
            values = mp.svd_r(mp.matrix(W.tolist()), compute_uv=False)
            truth = max(values) / min(values)
        assert linalg.svd_approx(W).condition == near(float(truth), 1e-15)
        assert linalg.svd_approx(W, 1).condition == near(float(truth), 1e-15)


def test_the_condition_below_full_rank_is_infinite_and_of_a_zero_matrix_has_none():
    assert linalg.svd_approx([[1, 2, 3], [2, 4, 6]]).condition == np.inf
    assert np.isnan(linalg.svd_approx(np.zeros((2, 3))).condition)
    assert linalg.streaming_svd(lambda: iter((np.eye(3),)), 1).truncate(1).condition == 1
    random = linalg.svd_approx(np.random.default_rng(1).normal(size=(80, 60)), 3, randomized=True)
    assert random.condition == near(np.linalg.cond(random.W), 1e-10)


def blocks_of(W, rows, log=None):
    def passes():
        if log is not None:
            log.append(1)
        return (W[k : k + rows] for k in range(0, len(W), rows))

    return passes


def test_every_figure_of_a_diagonal_matrix():
    found = linalg.svd_approx(np.diag([3.0, 4.0]), 1)
    assert found.singular_values.tolist() == [4, 3]
    assert (found.error, found.relative_error, found.spectral_error) == (3, 0.6, 3)
    assert (found.energy, found.method, found.error_bound) == (near(0.64, 1e-15), "exact", 1)
    assert (found.parameters, found.full_parameters, found.ratio) == (4, 4, 1)
    assert (found.norm, found.stable_rank) == (5, 25 / 16)
    assert found.effective_rank == near(np.exp(-sum(p * np.log(p) for p in (3 / 7, 4 / 7))), 1e-15)
    assert found.numerical_rank == 2
    assert found.approximation.tolist() == [[0, 0], [0, 4]]
    assert found.errors == near([1, 0.6, 0], 1e-15)
    assert found.check().holds


@pytest.mark.slow
def test_the_guides_random_matrix_has_no_low_rank_part():
    weights = np.random.default_rng(0).standard_normal((768, 768))
    found = linalg.svd_approx(weights, 16, exact=True)
    assert found.relative_error == pytest.approx(0.9608, abs=5e-4)
    assert (found.parameters, found.full_parameters) == (24_576, 589_824)
    quick = linalg.svd_approx(weights, 16)
    assert quick.method == "randomized"
    assert found.error <= quick.error <= 1.001 * found.error
    assert quick.error_bound >= quick.error / found.error
    assert quick.error_bound < 1.005
    left_over = np.linalg.norm(weights - quick.approximation, 2)
    assert left_over <= quick.spectral_error <= 1.05 * left_over
    assert quick.check().holds
    assert (quick.effective_rank, quick.numerical_rank) == (near(found.effective_rank), 768)
    assert quick.stable_rank == near(found.stable_rank, 0.05)


SPECTRA = {
    "steps": [5] * 20 + [1] * 580,
    "halves": [0.5**k for k in range(60)],
    "slow": [np.exp(-k / 50) for k in range(600)],
    "flat": [1] * 600,
    "harmonic": [1 / (k + 1) for k in range(600)],
    "spike": [1e6] + [1] * 599,
    "rank 5": [3] * 5,
    "tenths": [10.0**-k for k in range(30)],
    "floor": [max(10 ** (-k / 2), 1e-10) for k in range(600)],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("shape", [(700, 600), (600, 700)])
def test_at_random_is_as_good_as_the_best_and_knows_its_own_error(name, shape):
    values, weights = SPECTRA[name], built(SPECTRA[name], *shape)
    rounding = 1e-12 * np.linalg.norm(weights)  # the iteration drops what is below 1e-13
    for method in ("auto", "randomized"):
        found = linalg.svd_approx(weights, [1, 4, 16], randomized=method == "randomized")
        for k, r in enumerate((1, 4, 16)):
            least = best(values, r)
            assert found.error[k] <= 1.001 * least + rounding
            assert least <= found.error[k] + rounding
            assert found.error[k] / found.error_bound[k] <= least * (1 + 1e-9) + rounding
        assert found.check().holds.all()
        assert found.error_bound.max() <= 1.01 or method == "randomized"
        assert found.right @ found.right.T == pytest.approx(np.eye(len(found.right)), abs=1e-12)
        assert found.rank.tolist() == [1, 4, 16]
    streamed = linalg.streaming_svd(blocks_of(weights, 130), 16).truncate([1, 4, 16])
    assert streamed.error == pytest.approx(found.error, rel=1e-3, abs=rounding)


@pytest.mark.slow
def test_what_can_not_be_proven_is_computed_exactly():
    weights = built(SPECTRA["floor"], 700, 600)  # squares span more than the digits of a float
    assert linalg.svd_approx(weights, 4).method == "randomized"
    assert linalg.svd_approx(weights, 15).method == "exact"  # what can be proven is 2.8 %
    assert linalg.svd_approx(weights, 16).method == "exact"
    assert linalg.svd_approx(weights, 16, randomized=True).error_bound > 1.01
    assert linalg.svd_approx(weights, 300).method == "exact"  # no cheaper at random
    assert linalg.svd_approx(weights[:, :512], 4).method == "exact"


def test_the_bound_holds_where_iterations_are_few():
    from aimath.core.linalg.decompositions import _krylov as krylov, _svd as spectra

    weights = np.random.default_rng(1).standard_normal((300, 200))
    s = np.linalg.svd(weights, compute_uv=False)
    for iterations in (1, 2, 3):  # without the lift in _bound, 1 is too good to be true
        found = krylov.block_krylov_svd(
            as_units(lambda: (weights,)), Rows(200), 8, seed=1, iterations=iterations
        )
        cut = spectra._finish_spectrum(None, (300, 200), found, 0, 8).truncate(range(1, 9))
        least = np.array([best(s, r) for r in range(1, 9)])
        assert (cut.error >= least).all()
        assert (cut.error / cut.error_bound <= least).all()
        assert (cut.error_bound > 1.001).all()


def test_several_ranks_share_one_decomposition_and_equal_the_single_ones():
    weights = np.random.default_rng(2).normal(size=(9, 7))
    every = _svd.svd_spectrum(weights, 7)
    found = every.truncate([1, 3, 7])
    for k, r in enumerate((1, 3, 7)):
        one = linalg.svd_approx(weights, r)
        for name in ("error", "relative_error", "spectral_error", "energy", "parameters", "ratio"):
            assert getattr(found, name)[k] == getattr(one, name)
        assert (found.approximation[k] == one.approximation).all()
        assert one.error == pytest.approx(np.linalg.norm(weights - one.approximation), abs=1e-13)
        assert one.error == found.errors[r] * found.norm
        assert one.left.shape == (9, r)
    assert (found.error[2], found.energy[2], found.spectral_error[2]) == (0, 1, 0)
    assert found.left @ found.right == pytest.approx(weights, abs=1e-13)


def test_signs_are_those_of_the_largest_entry_of_each_right_vector():
    for weights in (
        np.random.default_rng(3).normal(size=(9, 7)),
        np.random.default_rng(3).normal(size=(600, 650)),
    ):
        for method in ("exact", "randomized"):
            right = linalg.svd_approx(weights, 5, **{method: True}).right
            assert (np.take_along_axis(right, np.abs(right).argmax(axis=1)[:, None], 1) > 0).all()


@pytest.mark.parametrize("method", ["exact", "randomized"])
@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e-300])
def test_huge_and_tiny_weights(method, scale):
    plain = np.random.default_rng(4).normal(size=(60, 50))
    found, same = (linalg.svd_approx(w, 3, **{method: True}) for w in (plain * scale, plain))
    assert found.relative_error == near(same.relative_error, 1e-12)
    assert found.singular_values == near(same.singular_values * scale, 1e-9)
    assert found.check().holds
    streamed = linalg.streaming_svd(blocks_of(plain * scale, 7), 3, **{method: True}).truncate(3)
    assert streamed.relative_error == near(same.relative_error, 1e-3)


@pytest.mark.parametrize("method", ["exact", "randomized"])
def test_a_zero_matrix_is_approximated_by_nothing(method):
    found = linalg.svd_approx(np.zeros((30, 20)), [1, 3], **{method: True})
    assert (found.error.tolist(), found.numerical_rank) == ([0, 0], 0)
    for share in (found.relative_error, found.energy, found.effective_rank, found.stable_rank):
        assert np.isnan(share).all()  # 0/0
    assert found.check().holds.all()
    assert linalg.streaming_svd(blocks_of(np.zeros((30, 20)), 7), 3, **{method: True}).truncate(3).error == 0


def test_hilberts_singular_values():
    n = 8
    hilbert = [[1 / (i + j + 1) for j in range(n)] for i in range(n)]
    with mp.workdps(50):
        truth = [float(v) for v in mp.svd_r(mp.matrix(hilbert), compute_uv=False)]
    for found in (
        linalg.svd_approx(hilbert, 2),
        linalg.streaming_svd(blocks_of(np.array(hilbert), 3), 2).truncate(2),
    ):
        assert np.abs(found.singular_values - truth).max() <= 4e-16 * truth[0]  # sqrt(eig(AᵀA)): 1e-9
        assert found.error == near(float(mp.sqrt(sum(v**2 for v in truth[2:]))), 1e-13)


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(-9, 9)))
def test_ranks_and_energies_of_any_matrix(weights):
    most = min(weights.shape)
    found = linalg.svd_approx(weights, range(1, most + 1))
    assert (np.diff(found.error) <= 0).all()
    assert found.error[-1] <= 1e-13
    assert found.energy == pytest.approx(1 - found.relative_error**2, abs=1e-12, nan_ok=True)
    assert found.norm == near(np.linalg.norm(weights))
    assert found.numerical_rank == np.linalg.matrix_rank(weights)
    if weights.any():  # of a zero matrix both are 0/0
        assert found.stable_rank <= found.effective_rank**2 + 1e-9
        assert found.effective_rank <= most + 1e-9
    assert found.check().holds.all()


# streams


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_a_few_columns_are_exact_in_one_pass(rows):
    weights, log = np.random.default_rng(5).normal(size=(200, 12)), []
    every = linalg.streaming_svd(blocks_of(weights, rows, log), 3)
    whole = _svd.svd_spectrum(weights, 3)
    assert len(log) == 2  # the first looks at the first block only
    assert (every.method, every.W, every.left, every.shape) == ("exact", None, None, (200, 12))
    assert every.singular_values == near(whole.singular_values, 1e-13)
    assert every.right == pytest.approx(whole.right, abs=1e-12)
    cut = every.truncate(3)
    assert cut.error == near(whole.truncate(3).error, 1e-13)
    assert (cut.approximation, cut.left) == (None, None)
    assert (cut.effective_rank, cut.numerical_rank) == (near(whole.truncate(3).effective_rank), 12)
    # The factors: a block times the right one, transposed, gives its rows of the left one.
    assert np.abs(weights - (weights @ cut.right.T) @ cut.right).max() < 10
    assert np.linalg.norm(weights - (weights @ cut.right.T) @ cut.right) == near(float(cut.error))


STREAMS = {  # by what columns (8,) of four blocks of rows are multiplied, and how many passes that takes
    "alike": (np.ones(8), 2),
    "fading": (np.array([[1.0], [1e-9], [1e-9], [1e-9]]), 2),
    "badly scaled": (np.geomspace(1, 1e-5, 8), 2),
    "ill-conditioned": (np.geomspace(1, 1e-9, 8), 2),
    "an empty column": (np.array([1.0] * 7 + [0.0]), 2),
    "one column grows": (np.array([[1.0] * 8] + [[1e5] + [1.0] * 7] * 3), 2),
    "nothing at first": (np.array([[0.0], [1.0], [1.0], [1.0]]), 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STREAMS)
def test_small_values_keep_their_digits_in_a_stream_of_rows_alike_or_not(name):
    factors, passes = STREAMS[name]
    weights = np.random.default_rng(8).normal(size=(4, 100, 8))
    weights = (weights * np.broadcast_to(factors, (4, 8))[:, np.newaxis]).reshape(400, 8)
    log = []
    found = linalg.streaming_svd(blocks_of(weights, 100, log), 8)
    assert len(log) == passes  # one of them looks at the first block only
    with mp.workdps(50):
        squares = mp.eigsy(mp.matrix(weights.T.tolist()) * mp.matrix(weights.tolist()), eigvals_only=True)
        true = np.sort([float(mp.sqrt(x)) for x in squares])[::-1]
    assert (np.abs(found.singular_values - true) <= 1e-14 * true[0]).all()
    if factors.min() == factors.max():
        assert found.singular_values == near(true, 1e-14)


def test_many_columns_take_eight_passes_and_nothing_of_the_length_of_a_column():
    weights, log = built(SPECTRA["slow"], 900, 600), []
    found = linalg.streaming_svd(blocks_of(weights, 100, log), 5)
    assert len(log) == 8
    assert (found.method, found.left) == ("randomized", None)
    assert max(np.size(field) for field in found if field is not None) == 15 * 600
    cut = found.truncate(5)
    assert (cut.effective_rank, cut.numerical_rank, cut.every_value) == (None, None, None)
    assert cut.check().holds.all()


def test_how_the_rows_are_cut_hardly_matters():
    weights = np.random.default_rng(6).normal(size=(640, 560))
    errors = [linalg.streaming_svd(blocks_of(weights, k), 4).truncate(4).error for k in (64, 640)]
    assert errors[0] == near(errors[1], 1e-10)


def test_the_same_seed_gives_the_same_digits():
    weights = np.random.default_rng(7).normal(size=(600, 600))
    first, again = (linalg.svd_approx(weights, 4, randomized=True, seed=3) for _ in range(2))
    other = linalg.svd_approx(weights, 4, randomized=True, seed=4)
    assert first.error == again.error != other.error
    assert (first.left == again.left).all()


@pytest.mark.parametrize(
    ("weights", "rank", "why"),
    [
        ([[1, 2], [3, 4], [5, 6]], 5, "rank must be 1 to 2 for a 3x2 matrix, not 5"),
        ([[1, 2], [3, 4]], 0, "rank must be 1 to"),
        ([[1, 2], [3, 4]], [1, -2], "not -2"),
        ([[1, 2], [3, 4]], 1.5, "whole number"),
        ([[1, 2], [3, 4]], [], "whole number"),
        ([[1, 2], [3, np.inf]], 1, r"entry \(2,2\) of W is inf"),
        ([[1, 2], [3]], 1, "differ in length"),
        ([[1e308, 1e308], [1e308, -1e308]], 1, "norm of W is beyond float64"),
    ],
)
def test_matrices_and_ranks_that_are_refused(weights, rank, why):
    with pytest.raises(InputError, match=why):
        linalg.svd_approx(weights, rank)


def test_a_spectrum_is_not_cut_beyond_what_was_asked_for():
    found = _svd.svd_spectrum(np.random.default_rng(8).normal(size=(600, 600)), 3)
    with pytest.raises(InputError, match="rank 4 of a spectrum that was computed up to 3"):
        found.truncate(4)
    with pytest.raises(InputError, match="randomized or exact, not both"):
        linalg.svd_approx([[1]], 1, randomized=True, exact=True)
    with pytest.raises(InputError, match="randomized or exact, not both"):
        linalg.streaming_svd(lambda: (np.eye(2),), 1, randomized=True, exact=True)


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        ([[[1, 2], [3, 4]], [[5, np.nan]]], r"entry \(3,2\) of W is nan"),
        ([[[1, 2], [3, 4]], [[5, 6, 7]]], "a block of 1x3 among rows of 2"),
        ([[[1, 2]]], "rank must be 1 to 1 for a 1x2 matrix, not 2"),
        ([[[1], [2]]], "rank must be 1 to 1 for a matrix of 1 columns, not 2"),
        ([[[1, 2]], [[1e300, 2]]], "differ too much in size"),
        ([], "W has no rows"),
    ],
)
def test_streams_that_are_refused(blocks, why):
    with pytest.raises(InputError, match=why):
        linalg.streaming_svd(lambda: map(np.array, blocks), 2)
