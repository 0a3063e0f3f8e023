"""What is nearest against a full sort, and the guide's words."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from tests.digits import ulps

from aimath.core import linalg
from aimath.core.linalg import _neighbours
from aimath.errors import InputError


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(60):
        yield


def true_dot(a, b):
    return sum((Fraction(x) * Fraction(y) for x, y in zip(a, b, strict=True)), Fraction())


def true_cosine(a, b):
    d, aa, bb = (true_dot(p, q) for p, q in ((a, b), (a, a), (b, b)))
    ratio = d * d / (aa * bb)
    return mp.sign(d) * mp.sqrt(mp.mpf(ratio.numerator) / ratio.denominator)


def test_the_guides_words_land_on_queen_exactly():
    found = linalg.analogy("king", "man", "woman")
    assert (found.word, found.similarity) == ("queen", 1.0)
    assert found.target == pytest.approx([0.7, 0.8, 0.85, -0.4], abs=1e-15)


def test_the_given_words_are_left_out_and_ties_go_by_place():
    rows = [[1, 0], [1, 0.01], [0.9, 0.1], [2, 0], [0, 1], [1, 0], [0, 0]]
    found = linalg.analogy("a", "b", "c", rows, list("abcdefz"), top=3)
    truth = sorted("def", key=lambda w: (-true_cosine(found.target.tolist(), rows["abcdefz".index(w)]), w))
    assert list(found.ranking) == truth
    assert not set(found.ranking) & set("abcz")


KINDS = {
    "N(0, 1)": lambda rng: rng.normal(size=(9, 6)),
    "a target that nearly cancels": lambda rng: np.concatenate((near_zero_sum(rng), rng.normal(size=(6, 6)))),
    "parts of very different sizes": lambda rng: (
        rng.normal(size=(9, 6)) * 10.0 ** rng.integers(-20, 20, (9, 1))
    ),
    "squares beyond float64": lambda rng: 1e200 * rng.normal(size=(9, 6)),
    "squares below float64": lambda rng: 1e-200 * rng.normal(size=(9, 6)),
    "float32": lambda rng: rng.normal(size=(9, 6)).astype(np.float32),
}


def near_zero_sum(rng):
    a, c = rng.normal(size=(2, 6))
    return np.stack([a, a + c * (1 + 1e-15 * rng.normal(size=6)), c])


@pytest.mark.parametrize("kind", KINDS)
def test_cosines_of_analogies_are_those_of_the_exact_target_rounded_once(kind):
    rng = np.random.default_rng(list(KINDS).index(kind))
    for _ in range(30):
        vectors = KINDS[kind](rng)
        found = linalg.analogy("a", "b", "c", vectors, list("abcdefghi"))
        a, b, c = ([Fraction(float(x)) for x in row] for row in vectors[:3])
        target = [x - y + z for x, y, z in zip(a, b, c, strict=True)]
        assert found.target.tolist() == [float(x) for x in target]
        for word, similarity in zip(found.ranking, found.similarities, strict=True):
            row = vectors["abcdefghi".index(word)].astype(float).tolist()
            assert ulps(similarity, true_cosine(target, row)) <= 0.5 + 1e-9
        assert (np.diff(found.similarities) <= 0).all()
        assert found.check().holds.all() or kind == "a target that nearly cancels"


def test_nearest_agrees_with_a_full_sort():
    rng = np.random.default_rng(9)
    x = rng.normal(size=(5000, 8)).astype(np.float32)
    x[[17, 4000]] = x[123]  # the same direction three times
    x[99] = 0
    queries = np.concatenate((rng.normal(size=(6, 8)), x[123:124].astype(float)))
    found = _neighbours.nearest_neighbours(x, queries, top=20, exclude=[5])
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
            _neighbours.nearest_neighbours(x, queries[:count], top=20, exclude=[5]).place
            == found.place[:count]
        ).all()
    assert found.place[6, :3].tolist() == [17, 123, 4000]
    assert found.similarity[6, :3].tolist() == [1, 1, 1]


def test_nearest_in_many_blocks_is_nearest_in_one(monkeypatch):
    x = np.random.default_rng(10).normal(size=(9000, 3))
    one = _neighbours.nearest_neighbours(x, x[:3], top=9).place
    monkeypatch.setattr("aimath.core.linalg._neighbours.BLOCK", 10)
    assert (_neighbours.nearest_neighbours(linalg.build_index(x), x[:3], top=9).place == one).all()


def test_an_index_of_huge_and_tiny_vectors():
    x = np.array([[1e-30, 0], [1e30, 1e30], [0, 1e-25]], np.float32)
    assert _neighbours.nearest_neighbours(x, [1, 0.9], top=3).place.tolist() == [[1, 0, 2]]
    with pytest.raises(InputError, match="isn't finite"):
        linalg.build_index(np.array([[1, np.nan]], np.float32))


# what is refused


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (
            lambda: linalg.analogy("kign", "man", "woman"),
            "'kign' is not among the 4 words; did you mean king",
        ),
        (lambda: linalg.analogy("king", "man", "woman", top=0), "top must be at least 1, not 0"),
        (lambda: linalg.analogy("a", "b", "c", [[0, 0], [0, 1], [0, 1], [1, 1]], "abcd"), "zero vector"),
        (lambda: linalg.build_index(np.zeros((2, 0), np.float32)), "rows of a matrix"),
        (lambda: linalg.analogy("a", "b", "c", words=["a"]), "1 words for 4 vectors"),
        (lambda: linalg.analogy("a", "b", "c", [[1, 0], [1, 0], [0, 1]], "abc"), "no other word among the 3"),
        (lambda: _neighbours.nearest_neighbours([[1, 2]], [0, 0], 1), "a zero vector is near nothing"),
        (
            lambda: _neighbours.nearest_neighbours([[1, 2]], [1], 1),
            "queries and vectors have lengths 1 and 2",
        ),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
