"""A classifier's report: however rows are cut, on whatever scale, and at its edges; scikit-learn's in tests/oracles."""

from __future__ import annotations

import io
import itertools
import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near

from aimath.core import information
from aimath.core.information.metrics import _evaluate
from aimath.core.information.metrics._evaluate import EvaluationAccumulator
from aimath.core.numerics.tallies import TallyAccumulator
from aimath.errors import InputError, explain

INF = math.inf


def drawn(rows=60, classes=4, seed=0, scale=2.0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, scale, (rows, classes)), rng.integers(0, classes, rows)


def same(one, other, leave_out=()):
    for name in set(one._fields) - {"sums", *leave_out}:
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None), name
        if a is not None:
            assert np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f"), name
    assert one.sums.expanded_brier == near(other.sums.expanded_brier, 1e-12)


@given(
    st.lists(
        st.tuples(st.lists(st.floats(-40, 40), min_size=3, max_size=3), st.integers(0, 2)),
        min_size=1,
        max_size=30,
    ),
    st.lists(st.integers(0, 30), max_size=4),
    st.data(),
)
def test_blocks_parts_and_stored_states_change_no_bit(rows, cuts, data):
    z, target = np.array([row for row, _ in rows]), np.array([k for _, k in rows])
    whole = information.evaluate(logits=z, target=target, bins=7, top=2)
    parts, ends = [], [0, *sorted(min(cut, len(z)) for cut in cuts), len(z)]
    for start, stop in itertools.pairwise(ends):
        part = EvaluationAccumulator("logits")
        for k in range(start, stop):
            part.update(z[k : k + 1], target[k : k + 1])
        kept = io.BytesIO()
        np.savez(kept, **part.state())
        kept.seek(0)
        parts.append(EvaluationAccumulator.of_state(np.load(kept)))
    order = data.draw(st.permutations(range(len(parts))))
    found = parts[order[0]]
    for k in order[1:]:
        found.merge(parts[k])
    same(found.result(bins=7, top=2), whole)
    assert whole.check().holds


def test_figures_are_their_definitions():
    z, target = drawn()
    found = information.evaluate(logits=z, target=target, top=2, bins=15)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    rows, n, y = np.arange(60), 60, np.eye(4)[target]
    nll, brier = -np.log(p[rows, target]), ((p - y) ** 2).sum(axis=1)
    rank = [sorted(range(4), key=lambda k, r=r: (-z[r, k], k)).index(target[r]) for r in rows]
    share = np.mean(np.array(rank) == 0)
    wanted = {
        "accuracy": share, "accuracy_stderr": math.sqrt(share * (1 - share) / (n - 1)),
        "top_accuracy": np.mean(np.array(rank) < 2), "cross_entropy": nll.mean(),
        "cross_entropy_stderr": nll.std(ddof=1) / math.sqrt(n), "perplexity": math.exp(nll.mean()),
        "perplexity_stderr": math.exp(nll.mean()) * nll.std(ddof=1) / math.sqrt(n), "brier": brier.mean(),
        "brier_stderr": brier.std(ddof=1) / math.sqrt(n), "brier_half": brier.mean() / 2,
    }  # fmt: skip
    for name, value in wanted.items():
        assert getattr(found, name) == near(value, 1e-12), name
    confidence, hit = p.max(axis=1), z.argmax(axis=1) == target
    place = np.ceil(confidence * 15).astype(int) - 1
    gaps = [abs((hit[place == b] * 1.0 - confidence[place == b]).sum()) / n for b in range(15)]
    assert found.ece == near(sum(gaps), 1e-12)
    assert found.bin_count.tolist() == np.bincount(place, minlength=15).tolist()
    assert found.auroc is None
    assert found.reliability is None


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_and_their_logarithms_say_what_logits_say(classes):
    z, target = drawn(classes=classes, seed=1)
    by_logits = information.evaluate(logits=z, target=target)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    for other in (
        information.evaluate(np.exp(log_p), target),
        information.evaluate(log_probs=log_p, target=target),
    ):
        for name in (
            "accuracy",
            "cross_entropy",
            "brier",
            "ece",
            "ece_equal_mass",
            "auroc",
            "resolution",
            "within",
        ):
            value = getattr(by_logits, name)
            assert getattr(other, name) == (
                value if value is None else pytest.approx(value, rel=1e-11, abs=1e-15)
            ), name
        assert other.check().holds
        assert other.confusion.tolist() == by_logits.confusion.tolist()


@pytest.mark.parametrize("kind", ["probs", "logits", "log_probs"])
def test_a_single_column_is_of_the_second_class(kind):
    z, target = drawn(classes=1, seed=2)
    target = (np.arange(60) % 3 == 0).astype(int)
    p = 1 / (1 + np.exp(-z))
    one = {"probs": p, "logits": z, "log_probs": -np.log1p(np.exp(-z))}[kind]
    two = {"probs": np.hstack((1 - p, p)), "logits": np.hstack((0 * z, z))}.get(kind)
    found = information.evaluate(target=target, **{kind: one})
    if two is not None:
        other = information.evaluate(target=target, **{kind: two})
        for name in ("accuracy", "cross_entropy", "brier", "ece", "auroc", "average_precision", "within"):
            assert getattr(found, name) == pytest.approx(getattr(other, name), rel=1e-12, abs=1e-15), name
    assert found.check_parts().holds
    whole = found.reliability - found.resolution + found.uncertainty + found.within
    assert whole == near(found.brier_half, 1e-12)
    wins = [
        (p[i, 0] > p[j, 0]) + (p[i, 0] == p[j, 0]) / 2
        for i in np.flatnonzero(target)
        for j in np.flatnonzero(1 - target)
    ]
    assert found.auroc == near(np.mean(wins), 1e-14)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1e-300, 0.1, 0.3, 0.5, 0.7, 1 - 2**-53, 1.0]), st.booleans()),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 20),
)
def test_murphys_parts_add_up_in_fractions(rows, bins):
    p, y = np.array([x for x, _ in rows]), np.array([hit for _, hit in rows])
    found = information.evaluate(p[:, None], y.astype(int), bins=bins)
    n, parts = len(rows), [Fraction(0)] * 3
    share = Fraction(int(y.sum()), n)
    for b in range(bins):
        low, high = (float(k) / bins for k in (b, b + 1))
        held = [
            (Fraction(x), int(hit)) for x, hit in rows if (low < x or b == 0) and (x <= high or b == bins - 1)
        ]
        if held:
            mean = sum(x for x, _ in held) / len(held)
            own = Fraction(sum(hit for _, hit in held), len(held))
            parts[0] += len(held) * (mean - own) ** 2 / n
            parts[1] += len(held) * (own - share) ** 2 / n
            parts[2] += sum((x - mean) ** 2 - 2 * (x - mean) * (hit - own) for x, hit in held) / n
    half = sum((Fraction(x) - int(hit)) ** 2 for x, hit in rows) / n
    assert parts[0] - parts[1] + share * (1 - share) + parts[2] == half
    for name, exact in zip(("reliability", "resolution", "within"), parts, strict=True):
        assert getattr(found, name) == pytest.approx(float(exact), rel=1e-13, abs=1e-16), name
    assert found.uncertainty == float(share * (1 - share))
    assert found.brier_half == near(float(half), 1e-15)
    assert found.check_parts().holds


@pytest.mark.parametrize("scale", [1.0, 30.0, 700.0])
def test_losses_keep_their_digits_where_softmax_rounds_to_1(scale):
    z = np.array([[scale, 0.0, -scale], [scale, 1.0, 0.5]])
    found = information.evaluate(logits=z, target=[0, 0])
    with mp.workdps(700):
        rows = [[mp.exp(mp.mpf(x)) for x in row] for row in z.tolist()]
        p = [[x / mp.fsum(row) for x in row] for row in rows]
        nll = -mp.fsum(mp.log(row[0]) for row in p) / 2
        brier = mp.fsum((1 - row[0]) ** 2 + row[1] ** 2 + row[2] ** 2 for row in p) / 2
        assert float(abs(found.cross_entropy - nll) / nll) < 4 * 2.0**-52
        assert float(abs(found.brier - brier) / brier) < 8 * 2.0**-52 or float(brier) < 1e-300


def test_a_tie_is_the_first_index_for_the_top_and_among_the_k_largest():
    z = np.zeros((3, 3))
    found = information.evaluate(logits=z, target=[0, 1, 2], top=2)
    assert (found.accuracy, found.top_accuracy) == (1 / 3, 2 / 3)
    assert information.evaluate(logits=z, target=[0, 1, 2], top=10**9).top_accuracy == 1.0
    assert found.confusion.tolist() == [[1, 0, 0], [1, 0, 0], [1, 0, 0]]
    assert np.isnan(found.precision).tolist() == [False, True, True]
    assert found.f1.tolist() == [0.5, 0.0, 0.0]


def test_an_edge_belongs_to_the_bin_below_and_equal_confidences_stay_together():
    p = np.array([0.2, 0.4, 0.6, 0.8, 1.0, 0.0])
    found = information.evaluate(p[:, None], [0, 0, 1, 1, 1, 0], bins=5)
    assert found.bin_count.tolist() == [0, 0, 2, 2, 2]  # of .6 and .6, .8 and .8, 1 and 1
    many = information.evaluate(np.full((100, 1), 0.7), np.arange(100) % 2, bins=10)
    assert many.ece == many.ece_equal_mass == near(0.2, 1e-14)


def test_the_impossible_costs_infinity_and_a_single_row_has_no_error():
    found = information.evaluate([[1.0, 0.0], [0.5, 0.5]], [1, 0])
    assert (found.cross_entropy, found.perplexity, found.brier) == (INF, INF, 1.25)
    assert math.isnan(found.cross_entropy_stderr)
    assert found.check().holds
    masked = information.evaluate(logits=[[0.0, -INF], [0.0, -INF]], target=[0, 1])
    assert (masked.cross_entropy, masked.auroc) == (INF, 0.5)
    one = information.evaluate([[0.9, 0.1]], [0])
    assert (one.accuracy, one.bin_count.sum()) == (1.0, 1)
    assert math.isnan(one.accuracy_stderr)
    assert math.isnan(one.auroc)


def test_rows_of_an_ignored_target_are_left_out():
    z, target = drawn(seed=3)
    target[::4] = -100
    z[0] = np.nan  # which nobody looks at
    kept = target != -100
    found = information.evaluate(logits=z, target=target, ignore=-100)
    same(found, information.evaluate(logits=z[kept], target=target[kept]), ("ignored",))
    assert found.ignored == 15
    with pytest.raises(InputError, match="no rows are left"):
        information.evaluate(logits=z[1:], target=np.full(59, 7), ignore=7)


def test_targets_may_be_names():
    z, target = drawn(seed=4, classes=3)
    names = ("cat", "dog", "-100")
    found = information.evaluate(logits=z, target=np.array(names)[target], labels=names)
    same(found, information.evaluate(logits=z, target=target, labels=names))
    assert found.labels.tolist() == list(names)
    with pytest.raises(InputError, match=r"there is no class 'cow', only 'cat', 'dog', '-100'") as told:
        information.evaluate(logits=z[:2], target=["cat", "cow"], labels=names)
    assert told.value.row == 1
    passed = information.evaluate(logits=z[:2], target=["cat", "-1"], labels=names, ignore=-1)
    assert (passed.count, passed.ignored) == (1, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"probs": [[0.5, 0.5]]}, "give one of probs"),
        ({"probs": [[0.5, 0.5]], "logits": [[1, 2]], "target": 0}, "give one of probs"),
        ({"probs": [[0.5, 0.6]], "target": 0}, "sum to 1.1, not 1"),
        ({"probs": [[0.5], [1.5]], "target": 0}, r"1.5 is above 1: a single column is the second class's"),
        ({"probs": [[0.5], [-0.5]], "target": 0}, "-0.5 is negative"),
        ({"probs": [[0.5], [math.nan]], "target": 0}, "nan"),
        ({"log_probs": [[0.5]], "target": 0}, "0.5 is above 0"),
        ({"logits": [[1, 2]], "target": 2}, "there is no class 2, only 0 to 1"),
        ({"logits": [[1, 2]], "target": -1}, "use ignore=-1 to pass over such rows"),
        ({"logits": [[1, 2]], "target": 0.5}, "must be a whole number"),
        ({"logits": [[1, 2]], "target": ["a"]}, "'a' names no class"),
        ({"logits": [[1, 2]], "target": [0, 1]}, "2 target classes for 1 row"),
        ({"logits": [[1, 2]], "target": 0, "bins": 0}, "bins must be 1 to"),
        ({"logits": [[1, 2]], "target": 0, "top": 0}, "top must be 1 to"),
    ],
)
def test_what_can_not_be_evaluated_is_told(given, said):
    with pytest.raises(InputError) as told:
        information.evaluate(**given)
    assert said in " ".join(explain(told.value))


def test_evaluations_of_different_kinds_do_not_mix():
    one, other = EvaluationAccumulator("logits"), EvaluationAccumulator("probs")
    with pytest.raises(InputError, match="don't go together"):
        one.merge(other)
    wide = EvaluationAccumulator("logits")
    wide.update([[1, 2, 3]], 0)
    one.update([[1, 2]], 0)
    with pytest.raises(InputError, match="don't go together"):
        one.merge(wide)
    with pytest.raises(InputError, match="a row has 3 classes where the first has 2"):
        one.update([[1, 2, 3]], 0)


def test_many_classes_have_no_confusion_matrix(monkeypatch):
    z, target = drawn(classes=5, seed=5)
    whole = information.evaluate(logits=z, target=target)
    monkeypatch.setattr(_evaluate, "MAX_CONFUSION", 4)
    found = information.evaluate(logits=z, target=target)
    assert found.confusion is None
    same(found, whole, ("confusion",))


@settings(max_examples=30)
@given(st.integers(2, 40), st.integers(0, 10**6))
def test_beyond_what_is_kept_figures_are_within_what_is_told(capacity, seed):
    rng = np.random.default_rng(seed)
    p = rng.random(300)
    target = (rng.random(300) < p).astype(int)
    exact = information.evaluate(p[:, None], target, bins=5)
    found = EvaluationAccumulator("probs")
    found._confidences, found._scores = TallyAccumulator(capacity), TallyAccumulator(capacity)
    for part in np.array_split(np.arange(300), 3):
        found.update(p[part, None], target[part])
    rough = found.result(bins=5)
    assert exact.rounding == 0.0 < rough.rounding
    for name in ("ece", "ece_equal_mass", "auroc", "average_precision"):
        assert abs(getattr(rough, name) - getattr(exact, name)) <= rough.rounding, name
    assert rough.accuracy == exact.accuracy
    assert rough.cross_entropy == exact.cross_entropy
