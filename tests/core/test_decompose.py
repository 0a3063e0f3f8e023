"""Eigenvalues against polynomials and mpmath, PCA against exact fractions, LoRA against counting."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from tests.digits import near

from aimath.core import linalg as decompose
from aimath.core.linalg import _pca as pca_, _refine as rayleigh
from aimath.errors import InputError

# eig


@pytest.mark.parametrize(
    ("matrix", "values"),
    [
        ([[2, 1], [1, 2]], [(3, 0), (1, 0)]),
        ([[1, 0, 0], [0, 3, 0], [0, 0, 2]], [(3, 0), (2, 0), (1, 0)]),  # numpy: 1, 3, 2
        ([[0, -1], [1, 0]], [(0, 1), (0, -1)]),
        ([[2, 1], [0, 3]], [(3, 0), (2, 0)]),
        ([[-5]], [(-5, 0)]),
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [(1, 0), (-0.5, 0.75**0.5), (-0.5, -(0.75**0.5))]),
        ([[0, 0], [0, 0]], [(0, 0), (0, 0)]),
        ([[1e200, 0], [0, 1e-200]], [(1e200, 0), (1e-200, 0)]),
    ],
)
def test_eigenvalues_descend_and_pairs_begin_with_plus(matrix, values):
    found = decompose.eig(matrix)
    assert found.values == pytest.approx(np.array(values, float), rel=1e-14, abs=1e-14)
    assert found.check().holds.all()
    assert not np.signbit(found.values[found.values == 0]).any()


def test_only_what_is_exactly_symmetric_is_treated_so():
    found = decompose.eig([[[2, 1], [1, 2]], [[2, 1], [1.0000001, 2]]])
    assert found.symmetric.tolist() == [True, False]
    lopsided = decompose.eig([[1, 100], [0, 1.5]])  # eigh would read one triangle: 1.5 and 1, but e_1 and e_2
    assert abs(lopsided.vectors[:, 0] @ lopsided.vectors[:, 1]) > 0.99
    assert lopsided.vectors_im is None


def test_signs_are_fixed_and_a_tie_goes_to_the_first_entry():
    found = decompose.eig([[2, -1], [-1, 2]])
    assert found.vectors == near(np.array([[1, 1], [-1, 1]]) / 2**0.5, 1e-14)
    turned = decompose.eig([[0, -1], [1, 0]])
    assert turned.vectors[0] == near([0.5**0.5] * 2, 1e-14)  # real and positive first
    assert turned.vectors_im[1] == near([-(0.5**0.5), 0.5**0.5], 1e-14)


def test_sizes_that_differ_by_rounding_only_are_a_tie():
    from aimath.core.linalg._refine import upright

    tie = np.array([[0.5, -np.nextafter(0.5, 1)], [-np.nextafter(0.5, 1), 0.5], [0.5, -0.5001]])
    assert upright(tie).tolist() == [1, -1, -1]


@pytest.mark.parametrize("n", [3, 5, 7, 8])
def test_of_entries_of_one_size_the_first_is_real_and_positive(n):
    found = decompose.eig(
        np.roll(np.diag(np.arange(1.0, n + 1)), 1, axis=0) @ np.diag(1 / np.arange(1.0, n + 1))
    )
    assert found.vectors[0] == near(np.full(n, n**-0.5), 1e-12)
    assert found.vectors_im[0] == pytest.approx(np.zeros(n), abs=1e-15)


def test_a_defective_matrix_says_so():
    assert decompose.eig([[1, 1], [0, 1]]).condition == np.inf
    assert decompose.eig([[2, 1], [1, 2]]).condition == near(1)
    assert decompose.eig([[0, 2], [0, 0]]).spectral_radius == 0


def test_a_row_of_a_batch_is_the_single_call():
    stack = np.random.default_rng(0).normal(size=(5, 4, 4))
    stack[2] += stack[2].T.copy()
    every = decompose.eig(stack)
    for k in range(5):
        one = decompose.eig(stack[k])
        assert (every.values[k] == one.values).all()
        assert (every.vectors[k] == one.vectors).all()
        assert every.condition[k] == near(one.condition)


def test_hilberts_eigenvalues_are_right_to_1e_16_of_the_largest(monkeypatch):
    monkeypatch.setattr(rayleigh, "MOST", 0)  # as larger matrices are answered
    n = 8
    hilbert = [[1 / (i + j + 1) for j in range(n)] for i in range(n)]
    with mp.workdps(50):
        truth = sorted((float(v) for v in mp.eigsy(mp.matrix(hilbert), eigvals_only=True)), reverse=True)
    assert np.abs(decompose.eig(hilbert).re - truth).max() <= 4e-16 * truth[0]


@pytest.mark.parametrize("n", range(2, 9))
def test_small_eigenvalues_have_digits_of_their_own(n):  # LAPACK's are 1e7 ulp off
    hilbert = [[1 / (i + j + 1) for j in range(n)] for i in range(n)]
    with mp.workdps(50):
        truth = list(mp.eigsy(mp.matrix(hilbert), eigvals_only=True))[::-1]
        singular = list(mp.svd_r(mp.matrix(hilbert[:-1]), compute_uv=False))
        for found, true in (
            (decompose.eig(hilbert).re, truth),
            (decompose.svd_approx(hilbert, 1).singular_values, truth),
            (decompose.svd_approx(hilbert[:-1], 1).singular_values, singular),
        ):
            assert all(abs(x - t) <= 0.6 * np.spacing(float(t)) for x, t in zip(found, true, strict=True))


def test_values_of_any_size_are_corrected_or_left_alone():
    a = np.random.default_rng(0).normal(size=(4, 4))
    plain, values = decompose.eig(a + a.T).re, decompose.svd_approx(a, 1).singular_values
    for scale in (2.0**1018, 2.0**-900):
        assert decompose.eig((a + a.T) * scale).re / scale == pytest.approx(plain, rel=1e-15, abs=0)
        assert (decompose.svd_approx(a * scale, 1).singular_values / scale == values).all()


@given(hnp.arrays(np.float64, (4, 4), elements=st.integers(-9, 9)))
def test_trace_and_vectors_hold(matrix):
    found = decompose.eig(matrix)
    assert found.check().holds.all()
    assert found.trace == np.trace(matrix)
    assert found.re.sum() == pytest.approx(np.trace(matrix), abs=1e-9)
    norms = np.square(found.vectors).sum(axis=0)
    norms = norms if found.vectors_im is None else norms + np.square(found.vectors_im).sum(axis=0)
    assert norms == near(np.ones(4))


@pytest.mark.parametrize(
    "matrix", [[[1, 2, 3], [4, 5, 6]], [1, 2], [[1, np.nan], [0, 1]], [[np.inf]], [], [["a"]]]
)
def test_what_has_no_eigenvalues_is_refused(matrix):
    with pytest.raises(InputError):
        decompose.eig(matrix)


# pca


def exact(rows):
    """Mean and covariance of doubles in fractions."""
    x = [[Fraction(float(v)) for v in row] for row in rows]
    n, d = len(x), len(x[0])
    mean = [sum(row[j] for row in x) / n for j in range(d)]
    c = [[sum((r[i] - mean[i]) * (r[j] - mean[j]) for r in x) / (n - 1) for j in range(d)] for i in range(d)]
    return mean, c


def spread(rows):
    with mp.workdps(50):
        c = mp.matrix([[mp.mpf(v.numerator) / v.denominator for v in row] for row in exact(rows)[1]])
        return sorted((float(v) for v in mp.eigsy(c, eigvals_only=True)), reverse=True)


@pytest.mark.parametrize("offset", [0, 1e8, -1e15])
@pytest.mark.parametrize("large", [False, True])
def test_pca_keeps_its_digits_at_any_offset(offset, large, monkeypatch):  # scikit-learn: 4.7 off at 1e8
    monkeypatch.setattr("aimath.core.linalg._pca.SMALL", 0 if large else 1 << 20)
    rows = np.random.default_rng(1).normal(size=(60, 4)) * [1, 2, 3, 4] + offset
    found = decompose.pca(rows)
    assert found.method == ("covariance" if large else "svd")
    assert found.variance == near(spread(rows), 1e-13)
    mean = exact(rows)[0]
    assert [
        Fraction(v) + Fraction(w) for v, w in zip(found.mean, found.mean_rest, strict=True)
    ] == pytest.approx(mean, rel=1e-25, abs=1e-14)
    assert np.abs(found.mean - np.array(mean, float)).max() <= np.spacing(np.abs(rows).max())
    centred = np.array([[float(Fraction(v) - m) for v, m in zip(row, mean, strict=True)] for row in rows])
    assert found.projected == pytest.approx(centred @ found.components.T, abs=1e-13)
    assert found.covariance == near(np.array(exact(rows)[1], float), 1e-13)
    assert found.check().holds.all()


def test_a_first_row_far_away_costs_no_digits():
    rows = np.random.default_rng(2).normal(size=(40, 3))
    rows[0] = 1e7
    gram = pca_.Gram()
    gram.update(rows)
    assert pca_.pca_of(gram.result()).variance[0] == near(spread(rows)[0], 1e-14)


def test_components_have_the_sign_rule_of_scikit_learn():
    rows = np.random.default_rng(3).normal(size=(30, 5))
    components = decompose.pca(rows).components
    assert (np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], 1) > 0).all()
    assert components @ components.T == pytest.approx(np.eye(5), abs=1e-14)


@pytest.mark.parametrize("large", [False, True])
def test_variances_of_nothing_are_0(large, monkeypatch):
    monkeypatch.setattr("aimath.core.linalg._pca.SMALL", 0 if large else 1 << 20)
    rows = np.random.default_rng(4).normal(size=(20, 2)) @ [[1, 2, 3, 4], [0.1, 0.2, 0.1, 0.2]]
    found = decompose.pca(rows)
    assert found.variance[2:].tolist() == [0, 0]
    assert found.ratio.sum() == near(1, 1e-14)
    assert found.cumulative[1:] == near([1, 1, 1], 1e-14)
    with pytest.raises(
        InputError, match="component 3 has variance 0 and can't be whitened; use --components 2"
    ):
        decompose.pca(rows, whiten=True)
    assert decompose.pca(rows, 2, whiten=True).projected.std(axis=0, ddof=1) == near([1, 1], 1e-9)


def test_more_columns_than_rows():
    rows = np.random.default_rng(5).normal(size=(4, 9))
    found = decompose.pca(rows)
    assert found.components.shape == (4, 9)
    assert found.variance[3] == 0  # 4 rows span 3 directions
    assert found.variance[:3] == near(spread(rows)[:3], 1e-13)
    assert found.total_variance == near(rows.var(axis=0, ddof=1).sum())
    gram = pca_.Gram()
    gram.update(rows)
    assert pca_.pca_of(gram.result()).components.shape == (4, 9)


@pytest.mark.parametrize("scale", [1e150, 1e-150])
def test_huge_and_tiny_data(scale):
    rows = np.random.default_rng(6).normal(size=(9, 2))
    found, plain = decompose.pca(rows * scale), decompose.pca(rows)
    assert found.ratio == near(plain.ratio, 1e-12)
    assert found.variance == near(plain.variance * scale * scale, 1e-12)


@pytest.mark.parametrize(
    ("rows", "components", "why"),
    [
        ([[1, 2, 3]], None, "1 row has no variance"),
        ([[1, 2], [1, 2], [1, 2]], None, "all rows are equal"),
        ([[1, 2], [3, 4], [5, 7]], 3, "components must be 1 to 2 for 3x2 data, not 3"),
        ([[1, 2], [3, 4]], 0, "components must be 1 to 2 for 2x2 data, not 0"),
        ([[1, 2], [3, np.nan]], None, r"entry \(2,2\) of X is nan"),
        ([[1e308, 2], [-1e308, 4]], None, "beyond float64"),
        ([[1e200, 2], [-1e200, 4]], None, "variance is beyond float64"),
        ([[1, 2], [3]], None, "differ in length"),
    ],
)
def test_data_without_components_are_refused(rows, components, why):
    with pytest.raises(InputError, match=why):
        decompose.pca(rows, components)


@pytest.mark.parametrize(
    ("bad", "why"), [(np.nan, "is nan"), (-np.inf, "is -inf"), (1e308, "beyond float64")]
)
def test_large_data_are_checked_too(bad, why, monkeypatch):
    monkeypatch.setattr("aimath.core.linalg._pca.SMALL", 0)
    monkeypatch.setattr("aimath.core.linalg._pca.BLOCK", 8)
    rows = np.random.default_rng(7).normal(size=(50, 3))
    rows[17, 1] = bad
    with pytest.raises(InputError, match=why) as caught:
        decompose.pca(rows)
    if np.isinf(bad) or np.isnan(bad):
        assert (caught.value.row, caught.value.entry) == (17, 1)
        assert "entry (18,2) of X" in str(caught.value)
    with pytest.raises(InputError, match="all rows are equal"):
        decompose.pca(np.ones((50, 3)))


@settings(max_examples=25)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.floats(-1e8, 1e8))
def test_however_rows_are_cut_and_merged_the_moments_are_the_same(cuts, offset):
    rows = np.random.default_rng(8).normal(size=(40, 3)) * [1, 10, 0.1] + offset
    pieces = np.split(rows, sorted(cuts))
    whole, grams = pca_.Gram(), [pca_.Gram() for _ in pieces]
    for piece, gram in zip(pieces, grams, strict=True):
        whole.update(piece)
        gram.update(piece)
    merged = pca_.Gram()
    for gram in reversed(grams):
        merged.merge(gram)
    for found in (whole.result(), merged.result()):
        assert found.count == 40
        assert found.mean == pytest.approx(rows.mean(axis=0), rel=1e-14, abs=1e-14)
        assert found.covariance == pytest.approx(np.array(exact(rows)[1], float), rel=1e-12, abs=1e-13)


def test_accumulators_that_have_merged_go_on_alone():
    first, second = pca_.Gram(), pca_.Gram()
    second.update([[1, 2], [3, 5]])
    first.merge(second)
    first.update([[7, 1]])
    assert (second.count, first.count) == (2, 3)
    assert second.result().covariance.tolist() == [[2, 3], [3, 4.5]]
    assert first.result().covariance == near(np.cov([[1, 3, 7], [2, 5, 1]]))


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        ([], "no rows"),
        ([[[1, 2]]], "1 row"),
        ([[[1, 2]], [[1, 2, 3]]], "a block of 1x3 among rows of 2"),
        ([[[1, 2]], [[1, 2], [np.inf, 1]]], r"entry \(3,1\) of X is inf"),
        ([[[1e300, 2]], [[-1e300, 1]]], "variance is beyond float64"),
    ],
)
def test_blocks_that_have_no_moments_are_refused(blocks, why):
    with pytest.raises(InputError, match=why):
        decompose.streamed_pca(lambda: map(np.array, blocks))


def test_streamed_pca_makes_one_pass_and_projects_in_the_second():
    rows = np.random.default_rng(9).normal(size=(500, 6)).astype(np.float32) + 1000
    passes = []

    def blocks():
        passes.append(1)
        return (rows[k : k + 64] for k in range(0, 500, 64))

    found, plain = decompose.streamed_pca(blocks, 2), decompose.pca(rows, 2)
    assert len(passes) == 1
    assert (found.X, found.projected, found.covariance, found.centred) == (None, None, None, None)
    assert found.check().holds.all()
    assert found.components == pytest.approx(plain.components, abs=1e-12)
    assert np.concatenate([found.project(b) for b in blocks()]) == pytest.approx(plain.projected, abs=1e-10)
    assert plain.singular_values == near(np.sqrt(499 * plain.variance))
    assert plain.centred.mean(axis=0) == pytest.approx(np.zeros(6), abs=1e-12)
    with pytest.raises(InputError, match="rows of 3 for components of 6"):
        found.project([[1, 2, 3]])


def test_rows_of_different_length_do_not_merge():
    first, second = pca_.Gram(), pca_.Gram()
    first.update([[1, 2, 3]])
    second.update([[1, 2]])
    with pytest.raises(InputError, match="rows of 2 and of 3"):
        first.merge(second)


# lora


def test_lora_counts_as_the_guide_does():
    found = decompose.lora((768, 768), 16)
    assert (found.parameters, found.full, found.break_even_rank) == (24_576, 589_824, 384)
    assert found.percent_of_full == 100 * 24_576 / 589_824  # the article: "only 4 %"
    assert found.percent_of_total == 4  # 24,576 of 614,400: here it is
    assert (found.saved, found.times_smaller) == (565_248, 24)
    assert found.check().holds.all()


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.data())
def test_lora_is_exact_at_any_size(m, n, data):
    rank = data.draw(st.integers(1, min(m, n)))
    found = decompose.lora((m, n), rank)
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
        decompose.lora(shape, rank)


def test_an_update_of_rank_3_is_found_out():
    rng = np.random.default_rng(10)
    base = rng.normal(size=(40, 30))
    left, right = (np.linalg.qr(rng.normal(size=(k, 3)))[0] for k in (40, 30))
    found = decompose.lora_update(base, base + left * [3, 2, 1] @ right.T, (0.5, 0.9, 0.95, 0.99, 1))
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
    found = decompose.lora_update([[1, 2], [3, 4]], [[1, 2], [3, 4]])
    assert found.ranks.tolist() == [0, 0, 0]
    assert (found.update, found.relative_update, found.effective_rank, found.stable_rank) == (0, 0, 0, 0)
    assert (found.numerical_rank, found.kept.tolist()) == (0, [1, 1, 1])
    assert decompose.lora_update([[0.0]], [[1.0]]).relative_update == np.inf


def test_updates_of_extreme_size():
    found = decompose.lora_update([[0, 0], [0, 1]], [[3e200, 0], [0, 4e200]])
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
        decompose.lora_update(base, tuned, energy)
