"""PCA against exact fractions."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near

from aimath.core import linalg
from aimath.core.linalg.decompositions import _pca
from aimath.errors import InputError


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
    monkeypatch.setattr("aimath.core.linalg.decompositions._pca.MAX_SVD_ELEMENTS", 0 if large else 1 << 20)
    rows = np.random.default_rng(1).normal(size=(60, 4)) * [1, 2, 3, 4] + offset
    found = linalg.pca(rows)
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


def turned(rng, n, sizes):
    """Give rows with these standard deviations along random directions."""
    d = len(sizes)
    return rng.normal(size=(n, d)) * sizes @ np.linalg.qr(rng.normal(size=(d, d)))[0]


def square_of(rng, gap):
    """Give four points with variances that differ by a small share, along a random direction."""
    corners = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]) * [1.0, 1.0 + gap]
    return corners @ np.linalg.qr(rng.normal(size=(2, 2)))[0]


DIRECTIONS = {
    "even": lambda rng: rng.normal(size=(12, 4)) * [4, 3, 2, 1],
    "offset 1e8": lambda rng: rng.normal(size=(12, 4)) * [4, 3, 2, 1] + 1e8,
    "variances 1 .. 1e-12": lambda rng: turned(rng, 12, [1, 1e-2, 1e-4, 1e-6]),
    "variances 1 .. 1e-20": lambda rng: turned(rng, 12, [1, 1e-10]),
    "nearly equal": lambda rng: square_of(rng, 1e-7),
    "squares beyond float64": lambda rng: 1e200 * rng.normal(size=(12, 3)),
    "more columns than rows": lambda rng: rng.normal(size=(4, 6)),
}


@pytest.mark.parametrize("kind", DIRECTIONS)
def test_directions_are_right_to_the_last_digit(kind):
    rng = np.random.default_rng(list(DIRECTIONS).index(kind))
    for _ in range(5):
        rows = DIRECTIONS[kind](rng)
        found = linalg.pca(rows)
        with mp.workdps(80):
            c = mp.matrix([[mp.mpf(v.numerator) / v.denominator for v in row] for row in exact(rows)[1]])
            values, vectors = mp.eigsy(c / mp.norm(c, 1))
            for k in range(int((found.variance > 0).sum())):
                truth = vectors[:, len(values) - 1 - k]
                sign = mp.sign(mp.fdot(truth, found.components[k].tolist()))
                off = max(abs(sign * t - float(x)) for t, x in zip(truth, found.components[k], strict=True))
                assert off <= 2.0**-53
        assert found.components @ found.components.T == pytest.approx(
            np.eye(len(found.components)), abs=1e-15
        )


def test_directions_of_equal_variances_are_at_right_angles():
    rows = np.concatenate((np.eye(5), -np.eye(5)))
    found = linalg.pca(rows)
    assert found.variance == near([2 / 9] * 5, 1e-15)
    assert found.components @ found.components.T == pytest.approx(np.eye(5), abs=1e-15)
    assert found.check().holds.all()


def test_a_first_row_far_away_costs_no_digits():
    rows = np.random.default_rng(2).normal(size=(40, 3))
    rows[0] = 1e7
    gram = _pca.CovarianceAccumulator()
    gram.update(rows)
    assert _pca.pca_from_moments(gram.result()).variance[0] == near(spread(rows)[0], 1e-14)


def test_components_have_the_sign_rule_of_scikit_learn():
    rows = np.random.default_rng(3).normal(size=(30, 5))
    components = linalg.pca(rows).components
    assert (np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], 1) > 0).all()
    assert components @ components.T == pytest.approx(np.eye(5), abs=1e-14)


@pytest.mark.parametrize("large", [False, True])
def test_variances_of_nothing_are_0(large, monkeypatch):
    monkeypatch.setattr("aimath.core.linalg.decompositions._pca.MAX_SVD_ELEMENTS", 0 if large else 1 << 20)
    rows = np.random.default_rng(4).normal(size=(20, 2)) @ [[1, 2, 3, 4], [0.1, 0.2, 0.1, 0.2]]
    found = linalg.pca(rows)
    assert found.variance[2:].tolist() == [0, 0]
    assert found.ratio.sum() == near(1, 1e-14)
    assert found.cumulative[1:] == near([1, 1, 1], 1e-14)
    with pytest.raises(
        InputError, match="component 3 has variance 0 and can't be whitened; use components=2"
    ):
        linalg.pca(rows, whiten=True)
    assert linalg.pca(rows, 2, whiten=True).projected.std(axis=0, ddof=1) == near([1, 1], 1e-9)


def test_more_columns_than_rows():
    rows = np.random.default_rng(5).normal(size=(4, 9))
    found = linalg.pca(rows)
    assert found.components.shape == (4, 9)
    assert found.variance[3] == 0  # 4 rows span 3 directions
    assert found.variance[:3] == near(spread(rows)[:3], 1e-13)
    assert found.total_variance == near(rows.var(axis=0, ddof=1).sum())
    gram = _pca.CovarianceAccumulator()
    gram.update(rows)
    assert _pca.pca_from_moments(gram.result()).components.shape == (4, 9)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("share", [1e-9, 0.3, 0.5, 0.9, 0.95, 0.999, 1 - 1e-12])
def test_a_share_of_variance_takes_the_fewest_components_with_more(share, large, monkeypatch):
    monkeypatch.setattr("aimath.core.linalg.decompositions._pca.MAX_SVD_ELEMENTS", 0 if large else 1 << 20)
    rng = np.random.default_rng(11)
    for sizes in ([4, 3, 2, 1], [1, 1e-2, 1e-4], [5, 0.1]):
        rows = rng.normal(size=(30, len(sizes))) * sizes
        found, every = linalg.pca(rows, share), spread(rows)
        k = len(found.variance)
        assert sum(every[:k]) > share * sum(every) >= sum(every[: k - 1])
        assert (found.components == linalg.pca(rows, k).components).all()
    flat = np.concatenate((np.eye(2), -np.eye(2)))  # as scikit-learn: more than the share
    assert len(linalg.pca(flat, 0.5).variance) == 2
    assert len(linalg.pca(np.outer(range(5), [1, 2, 3]), share).variance) == 1


@pytest.mark.parametrize("scale", [1e150, 1e-150])
def test_huge_and_tiny_data(scale):
    rows = np.random.default_rng(6).normal(size=(9, 2))
    found, plain = linalg.pca(rows * scale), linalg.pca(rows)
    assert found.ratio == near(plain.ratio, 1e-12)
    assert found.variance == near(plain.variance * scale * scale, 1e-12)


@pytest.mark.parametrize(
    ("rows", "components", "why"),
    [
        ([[1, 2, 3]], None, "1 row has no variance"),
        ([[1, 2], [1, 2], [1, 2]], None, "all rows are equal"),
        ([[1, 2], [3, 4], [5, 7]], 3, "components must be 1 to 2 for 3x2 data, not 3"),
        ([[1, 2], [3, 4]], 1.5, "components must be a whole number, or a share of variance below 1, not 1.5"),
        ([[1, 2], [3, 4]], -0.5, "components must be 1 to 2 for 2x2 data, not -0.5"),
        ([[1, 2], [3, 4]], float("nan"), "components must be 1 to 2 for 2x2 data, not nan"),
        ([[1, 2], [3, 4]], 0, "components must be 1 to 2 for 2x2 data, not 0"),
        ([[1, 2], [3, np.nan]], None, r"entry \(2,2\) of X is nan"),
        ([[1, 2], [3]], None, "differ in length"),
    ],
)
def test_data_without_components_are_refused(rows, components, why):
    with pytest.raises(InputError, match=why):
        linalg.pca(rows, components)


@pytest.mark.parametrize(
    ("bad", "why"), [(np.nan, "is nan"), (-np.inf, "is -inf"), (1e308, "beyond float64")]
)
def test_large_data_are_checked_too(bad, why, monkeypatch):
    monkeypatch.setattr("aimath.core.linalg.decompositions._pca.MAX_SVD_ELEMENTS", 0)
    monkeypatch.setattr("aimath.core.linalg.decompositions._pca.BLOCK", 8)
    rows = np.random.default_rng(7).normal(size=(50, 3))
    rows[17, 1] = bad
    with pytest.raises(InputError, match=why) as caught:
        linalg.pca(rows)
    if np.isinf(bad) or np.isnan(bad):
        assert (caught.value.row, caught.value.entry) == (17, 1)
        assert "entry (18,2) of X" in str(caught.value)
    with pytest.raises(InputError, match="all rows are equal"):
        linalg.pca(np.ones((50, 3)))


@settings(max_examples=25)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.floats(-1e8, 1e8))
def test_however_rows_are_cut_and_merged_the_moments_are_the_same(cuts, offset):
    rows = np.random.default_rng(8).normal(size=(40, 3)) * [1, 10, 0.1] + offset
    pieces = np.split(rows, sorted(cuts))
    whole, grams = _pca.CovarianceAccumulator(), [_pca.CovarianceAccumulator() for _ in pieces]
    for piece, gram in zip(pieces, grams, strict=True):
        whole.update(piece)
        gram.update(piece)
    merged = _pca.CovarianceAccumulator()
    for gram in reversed(grams):
        merged.merge(gram)
    for found in (whole.result(), merged.result()):
        assert found.count == 40
        assert found.mean == pytest.approx(rows.mean(axis=0), rel=1e-14, abs=1e-14)
        assert found.covariance == pytest.approx(np.array(exact(rows)[1], float), rel=1e-12, abs=1e-13)


def test_accumulators_that_have_merged_go_on_alone():
    first, second = _pca.CovarianceAccumulator(), _pca.CovarianceAccumulator()
    second.update([[1, 2], [3, 5]])
    first.merge(second)
    first.update([[7, 1]])
    assert (second.count, first.count) == (2, 3)
    assert second.result().covariance.tolist() == [[2, 3], [3, 4.5]]
    assert first.result().covariance == near(np.cov([[1, 3, 7], [2, 5, 1]]))


@pytest.mark.parametrize("seed", range(20))
def test_moments_are_the_same_however_rows_are_cut_and_merged(seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(60, 3)) * [1, 1e-6, 1e6] + [1e8, 1, -1e7]
    plain, grams = np.cov((rows - rows.mean(axis=0)).T), []
    for part in np.split(rows, np.sort(rng.integers(0, 61, 4))):
        gram = _pca.CovarianceAccumulator()
        for block in np.array_split(part, 3):
            gram.update(block)
        grams.append(_pca.CovarianceAccumulator.of_state(gram.state()))  # as of another process
    first, *others = (grams[k] for k in rng.permutation(5))
    for gram in others:
        first.merge(gram)
    found = first.result()
    scale = np.sqrt(np.outer(np.diag(plain), np.diag(plain)))
    assert found.count == 60
    assert (np.abs(found.covariance - plain) <= 1e-12 * scale).all()
    assert found.mean + found.mean_rest == near([float(np.mean(c)) for c in rows.T], 1e-14)


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
        linalg.streaming_pca(lambda: map(np.array, blocks))


def test_streamed_pca_makes_one_pass_and_projects_in_the_second():
    rows = np.random.default_rng(9).normal(size=(500, 6)).astype(np.float32) + 1000
    passes = []

    def blocks():
        passes.append(1)
        return (rows[k : k + 64] for k in range(0, 500, 64))

    found, plain = linalg.streaming_pca(blocks, 2), linalg.pca(rows, 2)
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
    first, second = _pca.CovarianceAccumulator(), _pca.CovarianceAccumulator()
    first.update([[1, 2, 3]])
    second.update([[1, 2]])
    with pytest.raises(InputError, match="rows of 2 and of 3"):
        first.merge(second)


@pytest.mark.parametrize("seed", range(60))
def test_squares_left_float64_where_the_root_did_not(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 8)), int(rng.integers(1, 5))
    rows, power = rng.normal(size=(n, d)), int(rng.choice([-1000, -700, 600, 1000]))
    plain, found = linalg.pca(rows), linalg.pca(np.ldexp(rows, power))
    assert found.singular_values == near(np.ldexp(plain.singular_values, power))
    assert found.ratio == near(plain.ratio)
    # A component along which nothing varies is no one's: rounding decides what it is.
    kept = plain.ratio > 1e-12
    assert np.allclose(found.components[kept], plain.components[kept], rtol=0, atol=1e-9)
    for column, mean in zip(np.ldexp(rows, power).T.tolist(), found.mean, strict=True):
        assert float(mean) == float(sum(map(Fraction, column)) / n)
    assert (found.variance == 0.0).all() if power < 0 else np.isinf(found.variance[kept]).all()
    assert found.check().holds.all()


def test_a_variance_beyond_float64_refuses_itself_and_not_the_directions(answered, refused):
    table = "1e200 2; -1e200 4"
    assert answered("pca", table, "--fields", "ratio") == "1 0\n"
    assert "variance has no value" in refused("pca", table, "--fields", "variance", code=1)
    assert "singular values has no value" in refused(
        "pca", "1.7e308 2; -1.7e308 4", "--fields", "singular_values", code=1
    )
