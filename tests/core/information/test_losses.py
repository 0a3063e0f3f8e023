"""DPO, GRPO, InfoNCE and the focal loss against mpmath and differences."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from tests.digits import near, ulps

from aimath.core import information
from aimath.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(400):
        yield


def m(x):
    return mp.mpf(float(x))


def slope(function, x, k, step=1e-6):
    """Give the derivative of a function of a list by its entry k, by a central difference."""
    up, down = list(x), list(x)
    up[k] += step
    down[k] -= step
    return (float(function(up)) - float(function(down))) / (2 * step)


NUMBERS = st.floats(-1e3, 1e3)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.sampled_from([0.01, 0.1, 1.0, 7.0]))
def test_dpo(c, r, rc, rr, beta):
    got = information.dpo([c], [r], [rc], [rr], beta)
    margin = m(beta) * ((m(c) - m(rc)) - (m(r) - m(rr)))
    loss = mp.log1p(mp.exp(-margin))
    assert abs(m(got.margin[0]) - margin) <= 2**-51 * abs(margin) + mp.mpf(5e-324)
    assert abs(m(got.losses[0]) - loss) <= 2**-50 * (loss + abs(margin) * mp.exp(-abs(margin))) + mp.mpf(
        5e-324
    )
    assert abs(m(got.gradients[0]) + m(beta) / (1 + mp.exp(margin))) <= 2**-40 * beta
    assert got.check().holds.all()


def test_dpo_of_pairs_is_their_mean_and_its_gradient_a_difference():
    given_ = [[-12.0, -3.0], [-14.0, -2.5], [-12.5, -2.0], [-13.5, -3.5]]
    got = information.dpo(*given_, beta=0.7)
    assert float(got.loss) == near(float(np.mean(got.losses)), 1e-15)
    assert got.accuracy == 0.5
    for k in range(2):
        by_chosen = slope(lambda c, k=k: information.dpo(c, *given_[1:], beta=0.7).losses[k], given_[0], k)
        by_rejected = slope(
            lambda r, k=k: information.dpo(given_[0], r, *given_[2:], beta=0.7).losses[k], given_[1], k
        )
        assert by_chosen == pytest.approx(got.gradients[k], abs=1e-8)
        assert by_rejected == pytest.approx(-got.gradients[k], abs=1e-8)


@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=8))
def test_grpo(rewards):
    got = information.grpo(rewards)
    values = [m(x) for x in rewards]
    mean = mp.fsum(values) / len(values)
    square = mp.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)
    for x, found in zip(values, got.advantages, strict=True):
        right = (x - mean) / mp.sqrt(square) if square else mp.mpf(0)
        assert abs(m(found) - right) <= 2**-51 * max(abs(right), mp.mpf(2) ** -30)
    assert got.check().holds.all()


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_info_nce(symmetric, temperature):
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    got = information.info_nce(a, b, temperature, symmetric)

    def one_way(s):
        n = len(s)
        return (
            mp.fsum(
                mp.log(mp.fsum(mp.exp(m(s[i][j]) / m(temperature)) for j in range(n)))
                - m(s[i][i]) / m(temperature)
                for i in range(n)
            )
            / n
        )

    s = got.similarity
    right = (one_way(s) + one_way(s.T)) / 2 if symmetric else one_way(s)
    assert ulps(got.loss, right) <= 8
    for i in range(5):
        for j in range(5):
            cosine = a[i] @ b[j] / np.linalg.norm(a[i]) / np.linalg.norm(b[j])
            assert s[i, j] == pytest.approx(cosine, abs=1e-15)
            flat = s.ravel().tolist()
            found = slope(
                lambda x: (
                    information.info_nce(
                        similarity=np.reshape(x, (5, 5)), temperature=temperature, symmetric=symmetric
                    ).loss
                ),
                flat,
                5 * i + j,
            )
            assert found == pytest.approx(got.gradients[i, j], abs=1e-7)
    assert got.check().holds.all()
    assert got.accuracy == np.mean([max(range(5), key=lambda j: s[i, j]) == i for i in range(5)])


WHOLE = st.integers(-(2**53), 2**53).map(float)


@given(st.integers(1, 4).flatmap(lambda d: st.lists(st.tuples(*[WHOLE] * 2 * d), min_size=1, max_size=3)))
def test_similarities_are_cosines_rounded_once(rows):
    a, b = np.split(np.array(rows), 2, axis=1)
    assume(a.any(axis=1).all() and b.any(axis=1).all())
    got = information.info_nce(a, b).similarity

    def dot(x, y):
        return mp.fsum(m(p) * m(q) for p, q in zip(x, y, strict=True))

    for i, x in enumerate(a):
        for j, y in enumerate(b):
            assert got[i, j] == float(dot(x, y) / mp.sqrt(dot(x, x) * dot(y, y)))


@given(st.floats(-9, 0).map(lambda power: 10.0**power))
def test_a_check_that_could_not_fail_is_undecided(temperature):
    got = information.info_nce([[1, 0], [0, 1]], [[1, 0], [0, 1]], temperature)
    check = got.check()
    assert check.holds
    wrong = got._replace(losses=2.0 * got.losses, back_losses=2.0 * got.back_losses).check()
    assert wrong.undecided or not wrong.holds
    assert check.undecided == (got.loss <= 1e-9 / temperature)


def test_a_similarity_outlives_cancellation():
    got = information.info_nce([[1e16, 1, -1e16]], [[1, 1, 1]]).similarity
    assert got[0, 0] == float(1 / mp.sqrt(3 * (2 * mp.mpf(10) ** 32 + 1)))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("z", [[2, 1, 0.1], [0, -40], [30, 0, -5], [-700, 0], [0.5, 0.5]], ids=str)
def test_focal_of_classes(z, gamma):
    for k in range(len(z)):
        got = information.focal(z, k, gamma)
        weights = [mp.exp(m(x)) for x in z]
        p = weights[k] / mp.fsum(weights)
        doubt = (mp.fsum(weights) - weights[k]) / mp.fsum(weights)
        right = doubt**gamma * -mp.log(p)
        assert ulps(got.loss, right) <= 8 + 8 * gamma
        for j in range(len(z)):
            share = weights[j] / mp.fsum(weights)
            lead = (gamma * p * doubt ** (gamma - 1) * mp.log(p) if gamma else 0) - doubt**gamma
            true = lead * (doubt if j == k else -share)
            assert abs(m(got.gradients[j]) - true) <= 2**-47 * abs(true) + mp.mpf(1e-300)
        assert got.check().holds.all()


@pytest.mark.parametrize(("z", "target"), [(0.3, 1), (0.3, 0), (-20.0, 1), (40.0, 1), (-3.0, 0)])
def test_focal_of_one_logit_is_torchvisions(z, target):
    # sigmoid_focal_loss: p_t = p t + (1-p)(1-t), alpha_t likewise, loss = alpha_t (1-p_t)^gamma ce
    got = information.focal([z], target, 2.0, 0.25)
    p = 1 / (1 + mp.exp(-m(z)))
    p_t, alpha_t = (p, mp.mpf(0.25)) if target else (1 - p, mp.mpf(0.75))
    assert got.is_first_class() == (target == 1)
    assert ulps(got.loss, alpha_t * (1 - p_t) ** 2 * -mp.log(p_t)) <= 24
    difference = slope(lambda x: information.focal(x, target, 2.0, 0.25).loss, [z], 0, 1e-5)
    assert difference == pytest.approx(got.gradients[0], abs=1e-9)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: information.dpo([1], [1, 2], [1], [1]), "chosen and rejected have lengths 1 and 2"),
        (lambda: information.dpo([-1], [-1], [-1], [-1], 0), "beta must be above 0"),
        (lambda: information.dpo([1e308], [-1e308], [-1e308], [1e308], 1), "the margin of pair 1 is beyond"),
        (lambda: information.grpo([1.0]), "at least two rewards"),
        (lambda: information.info_nce([[1, 0]], [[1, 0], [0, 1]]), "row i of one belongs to row i"),
        (lambda: information.info_nce([[1, 0], [0, 0]], [[1, 0], [0, 1]]), "row 2 of a is zero"),
        (lambda: information.info_nce([[1, 0]], [[0, 0]]), "row 1 of b is zero"),
        (lambda: information.info_nce(similarity=[[1, 2, 3], [1, 2, 3]]), "must be square"),
        (lambda: information.info_nce(similarity=[[1]], temperature=0), "temperature must be above 0"),
        (information.info_nce, "give a and b, or similarity"),
        (lambda: information.focal([1, 2], 2), "there is no class 2"),
        (lambda: information.focal([2], [1, 0]), "2 target classes for 1 row"),
        (lambda: information.focal([1e308, -1e308], 1), "the loss is beyond float64"),
        (lambda: information.focal([1, 2], 0, gamma=-1), "gamma must be at least 0"),
        (lambda: information.focal([1], 0, alpha=2), "alpha must be from 0 to 1"),
        (lambda: information.focal([1], 0, gamma=math.inf), "gamma must be at least 0 and finite"),
    ],
)
def test_what_has_no_answer_says_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
