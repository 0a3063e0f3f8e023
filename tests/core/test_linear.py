"""Dot products to words, against fractions and mpmath, which share no code with them."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near

from aimath.core import linalg as linear
from aimath.core.linalg import _neighbours as neighbours_
from aimath.core.numerics import exact
from aimath.errors import InputError

ANY = st.floats(allow_nan=False, allow_infinity=False, width=64)
SMALL = st.integers(-9, 9)


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(60):
        yield


def true_dot(a, b):
    return sum((Fraction(x) * Fraction(y) for x, y in zip(a, b, strict=True)), Fraction())


def rounded(value):
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def true_cosine(a, b):
    d, aa, bb = (true_dot(p, q) for p, q in ((a, b), (a, a), (b, b)))
    ratio = d * d / (aa * bb)
    return mp.sign(d) * mp.sqrt(mp.mpf(ratio.numerator) / ratio.denominator)


def hard_pairs(count=400):
    """Vectors of any length and size: random, short numbers, wide ranges, cancelling, near underflow."""
    rng = np.random.default_rng(1)
    for t in range(count):
        n = int(rng.integers(1, 60))
        a, b = rng.normal(size=n), rng.normal(size=n)
        if t % 6 == 1:
            a, b = a.astype(np.float32).astype(float), b.astype(np.float32).astype(float)
        elif t % 6 == 2:
            a, b = a * 10.0 ** rng.integers(-300, 300, n), b * 10.0 ** rng.integers(-7, 7, n)
        elif t % 6 == 3:
            a, b = np.tile(a, 2), np.concatenate((b, -b * (1 + 1e-15)))
        elif t % 6 == 4:
            a, b = a * 1e-160, b * 1e-160
        elif t % 6 == 5:
            a, b = np.arange(1.0, n + 1) * 0.1, np.arange(1.0, n + 1) * 0.3
        yield a, b


# dot


def test_a_dot_product_is_the_true_one_rounded_once():
    for a, b in hard_pairs():
        assert float(linear.dot(a, b).dot) == rounded(true_dot(a.tolist(), b.tolist()))


@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=6))
@settings(deadline=None, max_examples=200)
def test_a_dot_product_of_any_floats_at_all(pairs):
    a, b = zip(*pairs, strict=True)
    truth = rounded(true_dot(a, b))
    if math.isinf(truth):
        with pytest.raises(InputError, match="the dot product is beyond float64"):
            linear.dot(a, b)
    else:
        assert float(linear.dot(a, b).dot) == truth


@pytest.mark.parametrize(
    ("a", "b", "truth"),
    [
        ([1e16, 1, -1e16], [1, 1, 1], 1.0),  # numpy and torch: 0
        ([1e200, 1e200, 1e-150], [1e100, -1e100, 1], 1e-150),  # the products have no common scale
        ([2.0**600, 2.0**600, 2.0**-500], [1, -1, 1], 2.0**-500),  # beside its row's largest the last is 0
        ([1e308, 1e308, -1e308], [1, 1, 1], 1e308),  # overflows on the way
        ([5e-324, 5e-324], [0.5, 0.5], 5e-324),
        ([2**62, 2**62], [2, 2], 2.0**64),  # int64 wraps to 0
        ([0, -0.0], [-1, 1], 0.0),
    ],
)
def test_dot_where_peers_are_wrong(a, b, truth):
    found = float(linear.dot(a, b).dot)
    assert found == truth
    assert math.copysign(1, found) == 1


def test_integers_are_widened_before_they_are_multiplied():
    assert linear.dot(np.array([100, 100], np.int8), np.array([100, 100], np.int8)).dot == 20000


def test_a_row_of_a_batch_equals_the_single_call_bit_for_bit():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(3000, 37)), rng.normal(size=(3000, 37))
    w, bias = rng.normal(size=(50, 37)), rng.normal(size=50)
    found = (linear.dot(a, b).dot, linear.dot(a, b[0]).dot, linear.cosine(a, b).cosine)
    layers = linear.layer(w, a, bias).output
    for k in (0, 1, 1717, 2999):
        single = (linear.dot(a[k], b[k]).dot, linear.dot(a[k], b[0]).dot, linear.cosine(a[k], b[k]).cosine)
        assert [float(x[k]) for x in found] == [float(x) for x in single]
        assert (linear.layer(w, a[k], bias).output == layers[k]).all()
        assert float(linear.neuron(w[7], a[k], bias[7]).output) == layers[k, 7]


def test_rows_may_have_more_axes_than_one():
    x = np.arange(24.0).reshape(2, 3, 4)
    assert linear.dot(x, x).dot.tolist() == np.einsum("ijk,ijk->ij", x, x).tolist()
    assert linear.dot([1, 1, 1, 1], x).dot.tolist() == x.sum(axis=-1).tolist()
    assert linear.layer(np.eye(4), x).output.tolist() == x.tolist()


def test_terms_add_up_to_the_dot_product():
    found = linear.dot([1, 2, 3], [4, 5, 6])
    assert found.terms.tolist() == [4, 10, 18]
    assert found.dot == 32
    assert linear.neuron([1, 2], [3, 4]).terms.tolist() == [3, 8]
    assert linear.layer([[1, 2], [0, 1]], [3, 4]).terms.tolist() == [[3, 8], [0, 4]]


# neuron and layer


def test_the_guides_neuron_is_2_4_not_2_5():
    found = linear.neuron([0.5, -0.3, 0.8], [1, 2, 3], bias=0.1)
    truth = true_dot([0.5, -0.3, 0.8, 0.1], [1, 2, 3, 1])
    assert float(found.total) == float(found.output) == float(truth) == 2.4000000000000004


@pytest.mark.parametrize("z", [-800.0, -40.0, -3.3, -1e-20, 0.0, 1e-9, 0.7, 5.0, 40.0, 800.0])
def test_activations_within_4_ulp(z):
    x = mp.mpf(z)
    truths = {
        "none": x,
        "relu": max(x, mp.mpf(0)),
        "tanh": mp.tanh(x),
        "sigmoid": 1 / (1 + mp.exp(-x)),
        "gelu": x * mp.ncdf(x),
    }
    for name, truth in truths.items():
        got = float(linear.neuron([z], [1.0], activation=name).output)
        assert abs(got - truth) <= 4 * math.ulp(float(truth)), name


@pytest.mark.parametrize("name", ["sigmoid", "gelu"])
def test_tails_do_not_show_what_rounding_took_from_the_sum(
    name,
):  # it would be z² ulp: 738 of gelu, 19 of sigmoid
    rng = np.random.default_rng(6)
    truth = {"sigmoid": lambda z: 1 / (1 + mp.exp(-z)), "gelu": lambda z: z * mp.ncdf(z)}[name]
    for aim in rng.uniform(-36, 36, 40):
        w, x = rng.normal(size=(2, 8))
        bias = float(aim - w @ x)
        true = truth(mp.fdot(map(mp.mpf, w), map(mp.mpf, x)) + mp.mpf(bias))
        alone = linear.neuron(w, x, bias, name).output
        assert abs(float(alone) - true) <= 3 * math.ulp(float(true)), aim
        assert linear.layer([w, x], x, [bias, 0], name).output[0] == alone
        assert linear.neuron([w, x], x, [bias, 0], name).output[0] == alone


def test_a_bias_is_added_before_rounding():
    assert linear.neuron([1e16, 1], [1, 1], bias=-1e16).output == 1
    assert linear.layer([[1e16, 1]], [1, 1], bias=[-1e16]).output.tolist() == [1]
    assert linear.neuron([[1, 2], [3, 4]], [1, 1], bias=[1, -10], activation="relu").output.tolist() == [4, 0]


# matrices


def test_entries_of_a_product_are_rounded_once():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(40, 30)) * 10.0 ** rng.integers(-9, 9, (40, 1)), rng.normal(size=(30, 7))
    found = linear.matmul(a, b).product
    for i, row in enumerate(a.tolist()):
        assert found[i].tolist() == [float(true_dot(row, column)) for column in b.T.tolist()]


def test_a_product_that_cancels_everywhere_is_still_nearly_right():
    q = np.linalg.qr(np.random.default_rng(5).normal(size=(30, 30)))[0]
    assert linear.matmul(q, q.T).product[3, 4] == float(true_dot(q[3].tolist(), q[4].tolist()))
    exact_terms, exact.INTEGER_TERMS = exact.INTEGER_TERMS, 0
    try:
        error = linear.matmul(q, q.T).product[3, 4] - float(true_dot(q[3].tolist(), q[4].tolist()))
    finally:
        exact.INTEGER_TERMS = exact_terms
    assert abs(error) < 2.0**-70


def test_a_huge_product_is_left_to_blas(monkeypatch):
    monkeypatch.setattr(exact, "LARGEST", 10)
    a = np.arange(16.0).reshape(4, 4)
    assert (linear.matmul(a, a).product == a @ a).all()


def test_transpose_turns_rows_into_columns():
    assert linear.transpose([[1, 2, 3], [4, 5, 6]]).transposed.tolist() == [[1, 4], [2, 5], [3, 6]]


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(SMALL, min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
@settings(deadline=None, max_examples=150)
def test_integer_matrices_are_inverted_exactly_or_known_to_be_singular(rows):
    truth = int(mp.nint(mp.det(mp.matrix(rows))))
    assert linear.det(rows).det == truth
    if truth == 0:
        with pytest.raises(
            InputError, match=rf"singular \(rank {np.linalg.matrix_rank(rows)} of {len(rows)}\)"
        ):
            linear.inverse(rows)
    else:
        found = linear.inverse(rows).inverse
        for i, row in enumerate(mp.inverse(mp.matrix(rows)).tolist()):
            assert [float(v) for v in row] == pytest.approx(found[i].tolist(), rel=1e-15, abs=1e-30)


def test_the_inverse_of_hilberts_matrix_and_its_condition():  # numpy's condition: 15257575563.7
    h = 1 / (np.arange(8)[:, None] + np.arange(8) + 1.0)
    found = linear.inverse(h)
    truth = mp.inverse(mp.matrix(h.tolist()))
    assert found.inverse.tolist() == [[float(truth[i, j]) for j in range(8)] for i in range(8)]
    s = mp.svd_r(mp.matrix(h.tolist()), compute_uv=False)
    assert found.condition == near(float(s[0] / s[7]), 1e-14)
    assert linear.det(h).det == float(mp.det(mp.matrix(h.tolist())))
    assert found.rank == 8


def test_rows_of_very_different_size_are_inverted():
    a = np.array([[1e200, 2e200], [3e-200, 4e-200]])
    (p, q), (r, s) = [list(map(Fraction, row)) for row in a.tolist()]
    truth = [[s, -q], [-r, p]]
    found = linear.inverse(a, force=True).inverse
    assert found.tolist() == [[float(v / (p * s - q * r)) for v in row] for row in truth]


@pytest.mark.parametrize(
    "a", [[[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[0.1, 0.2], [0.3, 0.6]], np.zeros((20, 20))]
)
def test_force_does_not_invert_what_has_no_inverse(a):  # numpy: entries of 1e15
    with pytest.raises(InputError, match="singular"):
        linear.inverse(a, force=True)


def test_nearly_singular_is_refused_unless_forced_or_typed_as_integers():
    near = [[0.1, 0.2], [0.3, 0.6000000000000001]]
    with pytest.raises(InputError, match="singular within rounding") as caught:
        linear.inverse(near)
    assert "--force" in caught.value.hint
    assert linear.inverse(near, force=True).condition > 1e15
    typed = linear.inverse([[10**8, 10**8 + 1], [10**8 - 1, 10**8]])
    assert typed.inverse.tolist() == [[1e8, -100000001.0], [-99999999.0, 1e8]]
    large = np.ones((20, 20)) + np.diag(np.full(20, 1e-17)) + np.diag(np.full(19, 1e-15), 1)
    with pytest.raises(InputError, match="singular"):
        linear.inverse(large)


def test_larger_matrices_go_to_lapack():
    a = np.random.default_rng(6).normal(size=(30, 30))
    found = linear.inverse(a)
    assert np.abs(found.inverse @ a - np.eye(30)).max() < 1e-12
    assert found.condition == near(np.linalg.cond(a), 1e-10)
    assert linear.det(a).det == near(float(mp.det(mp.matrix(a.tolist()))), 1e-12)
    assert linear.det(a * 1e-30).log_abs_det == near(linear.det(a).log_abs_det - 2072.3265836946, 1e-12)


def test_determinants_at_the_edges():
    assert linear.det([[1, 2], [3, 4]]).det == -2  # numpy: -2.0000000000000004
    assert linear.det([[0, 1], [1, 0]])[1:] == (-1.0, -1.0, 0.0)
    assert linear.det([[1, 2], [2, 4]])[1:] == (0.0, 0.0, -math.inf)
    tiny = linear.det([[1e-200, 0], [0, -1e-200]])
    assert (tiny.det, tiny.sign) == (0, -1)
    assert tiny.log_abs_det == near(-400 * math.log(10))
    with pytest.raises(InputError, match=r"beyond float64: -exp\(921.034\)"):
        linear.det([[1e200, 0], [0, -1e200]])


# cosines


def test_a_cosine_is_the_true_one_rounded_once():
    for a, b in hard_pairs(200):
        assert float(linear.cosine(a, b).cosine) == float(true_cosine(a.tolist(), b.tolist()))


def test_parallel_vectors_have_cosine_1_exactly():  # the usual formula: half of them don't
    rng = np.random.default_rng(7)
    x = rng.normal(size=(500, 3))
    assert (linear.cosine(x, x).cosine == 1).all()
    assert (linear.cosine(x, -4 * x).cosine == -1).all()
    assert linear.cosine([1, 2, 3], [3, 6, 9]).cosine == 1
    assert linear.cosine([1, 2, 3], [3, 6, 9]).angle == 0


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e308, 5e-320])
def test_cosines_of_huge_and_tiny_vectors(size):  # torch, scikit-learn: 0; numpy: nan
    found = linear.cosine([size, 0], [size, size])
    assert found.cosine == math.sqrt(0.5)
    assert found.norm_a == size
    assert found.angle == 45
    assert found.norm_b == (math.hypot(size, size) if size < 1e308 else near(2**0.5 * 1e308))
    assert float(found.dot) == rounded(Fraction(size) ** 2)
    assert linear.cosine_matrix([[3 * 2.0**500, 4 * 2.0**500]]).norms.tolist() == [5 * 2.0**500]


def test_angles_keep_their_digits():
    assert linear.cosine([1, 1, 0], [1, 0, 1]).angle == 60
    assert linear.cosine([1, 2], [-2, 1]).angle == 90
    for step in (1e-12, 1e-5, 0.3, -0.2):
        for turn in (1, -1):
            truth = mp.degrees(mp.atan2(mp.mpf(step), turn))
            assert float(linear.cosine([1, 0], [turn, step]).angle) == near(abs(float(truth)), 4e-16)


def test_norms_are_rounded_once():
    for a, b in hard_pairs(60):
        truth = mp.sqrt(mp.fsum(mp.mpf(v) ** 2 for v in a.tolist()))
        assert float(linear.cosine(a, b).norm_a) == float(truth)


def test_all_pairs_are_the_single_pairs_and_large_ones_nearly_so(monkeypatch):
    x = np.random.default_rng(8).normal(size=(12, 5)) * 10.0 ** np.arange(-150, 150, 25)[:, None]
    x[3] = 2 * x[4]
    found = linear.cosine_matrix(x)
    for i in range(12):
        assert found.cosine[i].tolist() == linear.cosine(x[i], x).cosine.tolist()
    assert found.cosine[3, 4] == 1
    monkeypatch.setattr("aimath.core.linalg._similarity.EXACT_MOST", 3)
    quick = linear.cosine_matrix(x).cosine
    assert np.abs(quick - found.cosine).max() < 1e-15
    assert (np.diag(quick) == 1).all()
    assert (quick == quick.T).all()
    assert np.abs(quick).max() <= 1


# words


def test_the_guides_words_land_on_queen_exactly():
    found = linear.analogy()
    assert (found.word, found.similarity) == ("queen", 1.0)
    assert found.target == pytest.approx([0.7, 0.8, 0.85, -0.4], abs=1e-15)


def test_the_given_words_are_left_out_and_ties_go_by_place():
    rows = [[1, 0], [1, 0.01], [0.9, 0.1], [2, 0], [0, 1], [1, 0], [0, 0]]
    found = linear.analogy(rows, list("abcdefz"), "a", "b", "c", top=3)
    truth = sorted("def", key=lambda w: (-true_cosine(found.target.tolist(), rows["abcdefz".index(w)]), w))
    assert list(found.ranking) == truth
    assert not set(found.ranking) & set("abcz")


def test_nearest_agrees_with_a_full_sort():
    rng = np.random.default_rng(9)
    x = rng.normal(size=(5000, 8)).astype(np.float32)
    x[[17, 4000]] = x[123]  # the same direction three times
    x[99] = 0
    queries = np.concatenate((rng.normal(size=(6, 8)), x[123:124].astype(float)))
    found = neighbours_.nearest(x, queries, top=20, leave_out=[5])
    for k, q in enumerate(queries):
        c = (
            x.astype(float)
            @ q
            / np.linalg.norm(q)
            / np.maximum(np.linalg.norm(x.astype(float), axis=1), 1e-300)
        )
        c[[5, 99]] = -2
        assert found.similarity[k] == pytest.approx(np.sort(c)[::-1][:20], abs=1e-14)
    for count in (1, 4):  # few queries go another way
        assert (
            neighbours_.nearest(x, queries[:count], top=20, leave_out=[5]).place == found.place[:count]
        ).all()
    assert found.place[6, :3].tolist() == [17, 123, 4000]
    assert found.similarity[6, :3].tolist() == [1, 1, 1]


def test_nearest_in_many_blocks_is_nearest_in_one(monkeypatch):
    x = np.random.default_rng(10).normal(size=(9000, 3))
    one = neighbours_.nearest(x, x[:3], top=9).place
    monkeypatch.setattr("aimath.core.linalg._neighbours.BLOCK", 10)
    assert (neighbours_.nearest(linear.index(x), x[:3], top=9).place == one).all()


def test_an_index_of_huge_and_tiny_vectors():
    x = np.array([[1e-30, 0], [1e30, 1e30], [0, 1e-25]], np.float32)
    assert neighbours_.nearest(x, [1, 0.9], top=3).place.tolist() == [[1, 0, 2]]
    with pytest.raises(InputError, match="isn't finite"):
        linear.index(np.array([[1, np.nan]], np.float32))


# what is refused


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: linear.dot([1, 2], [1, 2, 3]), "a and b have lengths 2 and 3"),
        (lambda: linear.dot([1, math.nan], [1, 2]), "value 2 is nan"),
        (lambda: linear.dot([[1, 2]] * 2, [[1, 2]] * 3), "a has 2 rows and b has 3"),
        (lambda: linear.neuron([1, 2], [1]), "weights and inputs have lengths 2 and 1"),
        (lambda: linear.neuron([1], [1], bias=[1, 2]), "2 biases for 1 sums"),
        (lambda: linear.neuron([1], [1], activation="swish"), "activation 'swish' is not one of none, relu"),
        (lambda: linear.layer([[1, 2]], [1, 2, 3]), "x has 3 entries, but W of 1x2 takes 2"),
        (lambda: linear.layer([[1, 2]], [1, 2], [1, 2]), "bias has shape 2, but W of 1x2 gives 1"),
        (lambda: linear.layer([[1e300]], [1e300]), "beyond float64"),
        (lambda: linear.matmul([[1, 2]], [[1, 2]]), "2 columns, but b of 1x2 has 1 row"),
        (lambda: linear.matmul(np.zeros((2, 2, 2)), [[1]]), "a must be a matrix, not of shape 2x2x2"),
        (lambda: linear.transpose([[1, math.inf]]), r"entry \(1,2\) of a is inf"),
        (lambda: linear.inverse([[1, 2]]), "the matrix must be square, not 1x2"),
        (lambda: linear.inverse([[5e-324]]), "beyond float64"),
        (lambda: linear.det([["x"]]), "must be real numbers"),
        (lambda: linear.cosine([0, 0], [1, 2]), "a is zero: its cosine is undefined"),
        (lambda: linear.cosine([[1, 2], [3, 4]], [[1, 1], [0, 0]]), "b is zero"),
        (lambda: linear.cosine_matrix([[1, 1], [0, 0]]), "row 2 is zero"),
        (lambda: linear.analogy(a="kign"), "'kign' is not among the 4 words; did you mean king"),
        (lambda: linear.analogy(top=2), "top must be 1 to 1, not 2"),
        (lambda: linear.analogy([[0, 0], [0, 1], [0, 1], [1, 1]], "abcd", "a", "b", "c"), "zero vector"),
        (lambda: linear.index(np.zeros((2, 0), np.float32)), "rows of a matrix"),
        (lambda: linear.analogy(labels=["a"]), "1 labels for 4 vectors"),
        (lambda: linear.analogy([[1, 0], [1, 0], [0, 1]], "abc", "a", "b", "c"), "top must be 1 to 0"),
        (lambda: neighbours_.nearest([[1, 2]], [0, 0], 1), "a zero vector is near nothing"),
        (lambda: neighbours_.nearest([[1, 2]], [1], 1), "queries and vectors have lengths 1 and 2"),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()


def test_a_refusal_names_row_and_entry():
    with pytest.raises(InputError) as caught:
        linear.cosine([[1, 2], [3, 4]], [[1, 1], [0, 0]])
    assert (caught.value.row, caught.value.operand) == (1, "b")
    with pytest.raises(InputError) as caught:
        linear.det([[1, 2], [3, math.nan]])
    assert (caught.value.row, caught.value.entry, caught.value.operand) == (1, 1, "a")


# checks


def test_checks_hold_and_can_fail():
    rng = np.random.default_rng(11)
    x, w = rng.normal(size=(5, 40)), rng.normal(size=(3, 40))
    square = rng.normal(size=(6, 6))
    found = [
        (linear.dot(x, x[::-1]), "dot"),
        (linear.dot([1e16, 1, -1e16], [1, 1, 1]), "dot"),
        (linear.dot(np.ones(30_000), np.ones(30_000)), "dot"),
        (linear.neuron(x, x[0], bias=2, activation="gelu"), "output"),
        (linear.layer(w, x, activation="tanh"), "output"),
        (linear.matmul(w, x.T), "product"),
        (linear.transpose(w), "transposed"),
        (linear.inverse(square), "inverse"),
        (linear.inverse(rng.normal(size=(20, 20))), "inverse"),
        (linear.inverse([[10**8, 10**8 + 1], [10**8 - 1, 10**8]]), "inverse"),
        (linear.det(square), "det"),
        (linear.det(rng.normal(size=(20, 20))), "log_abs_det"),
        (linear.cosine(x, x[::-1]), "cosine"),
        (linear.cosine_matrix(x), "cosine"),
        (neighbours_.nearest(x, w, 2), "similarity"),
        (linear.analogy(), "similarities"),
    ]
    for result, answer in found:
        assert np.all(result.check().holds), result
        wrong = result._replace(**{answer: np.asarray(getattr(result, answer)) * 1.01 + 0.01})
        assert not np.all(wrong.check().holds), result
