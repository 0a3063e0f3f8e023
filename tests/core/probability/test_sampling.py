"""Samplers' stages against a loop over fractions and entries one by one."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core import probability
from aimath.errors import InputError

LOGITS = st.lists(st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.1, 1.0, 2.0, 3.0, 40.0]), min_size=1, max_size=7)


def softmax(z, t):
    top = max(z.values())
    weights = {k: math.exp((v - top) / t) for k, v in z.items()}
    total = math.fsum(weights.values())
    return {k: w / total for k, w in weights.items()}


def one_by_one(logits, settings, order):
    """Give what is left of logits, stage by stage, as the definitions say it, in dictionaries."""
    left, t = dict(enumerate(logits)), 1.0
    for name in order:
        p = softmax(left, t)
        ranked = sorted(left, key=lambda k: (-p[k], k))
        if name == "temperature":
            t = settings["temperature"]
        elif name == "top-k" and settings["top_k"]:
            least = left[ranked[min(settings["top_k"], len(ranked)) - 1]]
            left = {k: v for k, v in left.items() if v >= least}
        elif name == "top-p" and settings["top_p"] < 1:
            kept, total = [], Fraction(0)
            for k in ranked:
                kept.append(k)
                total += Fraction(p[k])
                if total >= Fraction(settings["top_p"]) * (1 - Fraction(1, 2**50)):
                    break
            left = {k: left[k] for k in kept}
        elif name == "min-p":
            left = {
                k: v for k, v in left.items() if p[k] >= settings["min_p"] * max(p.values()) * (1 - 2**-50)
            }
    p = softmax(left, t)
    return [p.get(k, 0.0) for k in range(len(logits))]


@given(
    LOGITS,
    st.sampled_from([0.25, 0.7, 1.0, 3.0]),
    st.integers(0, 8),
    st.sampled_from([0.0, 0.3, 0.5, 0.77, 0.95, 1.0]),
    st.sampled_from([0.0, 0.05, 0.3, 1.0]),
    st.permutations(["temperature", "min-p", "top-k", "top-p"]),
)
def test_stages_in_any_order(logits, temperature, top_k, top_p, min_p, order):
    settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
    got = probability.sample(logits, **settings, order=",".join(order))
    assert got.probs.tolist() == near(one_by_one(logits, settings, order), 1e-13)
    assert got.kept == np.count_nonzero(got.probs) >= 1
    assert got.stages.dtype.kind == "i"
    assert got.stages[-1] == got.kept
    assert got.check().holds.all()


@pytest.mark.parametrize(
    ("settings", "probs"),
    [
        ({"top_k": 1}, [0.5, 0.5, 0.0, 0.0]),  # all that tie with the last stay
        ({"top_k": 3}, [0.4, 0.4, 0.1, 0.1]),
        ({"top_k": 9}, [0.4, 0.4, 0.1, 0.1]),
        ({"top_p": 0.4}, [1.0, 0.0, 0.0, 0.0]),  # of equals the first
        ({"top_p": 0.8}, [0.5, 0.5, 0.0, 0.0]),  # .4 + .4 is .8
        ({"top_p": 0.0}, [1.0, 0.0, 0.0, 0.0]),  # never none
        ({"top_p": 1.0}, [0.4, 0.4, 0.1, 0.1]),
        ({"min_p": 0.25}, [0.4, 0.4, 0.1, 0.1]),  # .1 is a quarter of .4
        ({"min_p": 0.26}, [0.5, 0.5, 0.0, 0.0]),
        ({"min_p": 1.0}, [0.5, 0.5, 0.0, 0.0]),
        ({"temperature": 0.0}, [1.0, 0.0, 0.0, 0.0]),  # greedy: the first of the largest
        ({"temperature": 0.0, "order": "llama.cpp"}, [1.0, 0.0, 0.0, 0.0]),
        ({"temperature": math.inf}, [0.25, 0.25, 0.25, 0.25]),
        ({"temperature": 1e-300}, [0.5, 0.5, 0.0, 0.0]),
    ],
)
def test_ties_and_ends(settings, probs):
    assert probability.sample(np.log([0.4, 0.4, 0.1, 0.1]), **settings).probs.tolist() == near(probs, 1e-14)


def test_the_order_matters():
    z = np.log([0.5, 0.3, 0.15, 0.05])
    orders = [",".join(order) for order in itertools.permutations(("temperature", "top-p"))]
    kept = {order: int(probability.sample(z, 2.0, top_p=0.75, order=order).kept) for order in orders}
    assert kept == {"temperature,top-p": 3, "top-p,temperature": 2}


def test_what_is_masked_stays_so():
    got = probability.sample([-np.inf, 1.0, 0.0], temperature=2.0, top_k=3)
    assert got.probs[0] == 0
    assert got.kept == 2


def test_draws_follow_the_running_sums_and_rows_have_streams_of_their_own():
    p = np.array([[0.1, 0.0, 0.6, 0.3], [1.0, 0.0, 0.0, 0.0]])
    drawn = probability.draw(p, 1000, seed=4)
    for row in range(2):
        random = np.random.default_rng((4, row + 1)).random(1000)
        sums = [0.1, 0.1, 0.7, 1.0] if row == 0 else [1.0] * 4
        assert drawn[row].tolist() == [next(k for k, s in enumerate(sums) if s > u) for u in random]
    assert drawn[1].tolist() == probability.draw(p[1], 1000, seed=4, rows=[2]).tolist()
    shares = np.bincount(drawn[0], minlength=4) / 1000
    assert abs(shares - p[0]).max() < 0.05
    assert shares[1] == 0


class Fixed:
    """A generator of the numbers at the ends of the running sums."""

    def random(self, count):
        return np.array([0.0, 0.25, 0.75])[:count]


def test_a_running_sum_must_exceed_the_random_number(monkeypatch):
    monkeypatch.setattr(np.random, "default_rng", lambda _: Fixed())
    assert probability.draw([0.0, 0.25, 0.5, 0.25], 3).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"top_p": 1.5}, "top_p must be from 0 to 1, not 1.5"),
        ({"min_p": -0.1}, "min_p must be from 0 to 1"),
        ({"top_k": -1}, "top_k must be at least 0"),
        ({"count": -1}, "count must be at least 0"),
        ({"temperature": -1.0}, "temperature must be at least 0"),
        ({"order": "top-q"}, "'top-q' is no stage"),
        ({"order": "top-k,top-k"}, "order has top-k twice"),
        ({"order": "top-k", "top_p": 0.5}, "order leaves out top-p, which is given"),
    ],
)
def test_settings_that_are_none(settings, why):
    with pytest.raises(InputError, match=why):
        probability.sample([1, 2], **settings)
