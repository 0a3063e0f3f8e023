"""All accumulators keep one promise: what is written is what goes on, and however units are divided.

A state goes through a file without pickles, the accumulator that is made of it goes on with the same bytes,
and a tree of merges gives the same bytes whoever made its nodes; what it gives is what one pass gives.
"""

from __future__ import annotations

import importlib
import inspect
import io
import math
import pkgutil
from fractions import Fraction
from functools import partial

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near

from aimath import core
from aimath.core import information, linalg, nn, probability
from aimath.core.linalg.decompositions import _row_passes as passes
from aimath.core.linalg.decompositions._pca import CovarianceAccumulator
from aimath.core.nn.checkpoints._tensor_sources import sources_of
from aimath.core.nn.checkpoints._tensor_statistics import DifferenceOfTensors, MomentsOfTensor
from aimath.core.numerics.accumulators import MergeTree, MomentsAccumulator, QuantileAccumulator
from aimath.core.numerics.cells import Cells
from aimath.core.numerics.tallies import TallyAccumulator
from aimath.core.numerics.units import UNIT_ROWS, BlockUnits, accumulate, as_units
from aimath.errors import InputError


class Case:
    """How an accumulator is begun, and what an update of it takes, drawn from a generator."""

    def __init__(self, make, draw, exact=True):
        self.make, self.draw, self.exact = make, draw, exact


def numbers(rng, width=3):
    """Rows of numbers of many sizes, some of them missing or infinite, some again."""
    rows = rng.normal(size=(rng.integers(0, 7), width)) * 10.0 ** rng.integers(-9, 9)
    rows[rng.random(rows.shape) < 0.1] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0])
    return rows


def finite(rng, width=3, least=0):
    return rng.normal(size=(rng.integers(least, 7), width)) + 10.0 ** rng.integers(0, 6)


def table(rng):
    count = rng.integers(1, 6)
    words = rng.choice(["a", "b", "ä\0", "", "long " * 20, "\ud800"], count).tolist()
    texts = [None if rng.random() < 0.2 else word for word in words]
    return ["x", "naïve"], [rng.choice([np.nan, 0.1, rng.normal()], count), texts]


def categories(rng):
    count = rng.integers(1, 6)
    return [rng.choice([1.0, 2.5, np.nan], count), rng.choice(["cat", "dog", "x\0"], count).tolist()]


def simplex(rng, rows, classes):
    p = rng.random((rows, classes)) + 1e-3
    return p / p.sum(axis=1, keepdims=True)


def two_models(rng, scale, targets):
    rows = rng.integers(1, 5)
    a, b = (simplex(rng, rows, 3) if scale == "probs" else rng.normal(size=(rows, 3)) for _ in range(2))
    return (a, b, rng.integers(-1, 3, rows)) if targets else (a, b)


def predictions(rng, scale, classes):
    rows, names = rng.integers(1, 5), [f"class {k}\0" for k in range(classes)]
    x = simplex(rng, rows, classes) if scale == "probs" else rng.normal(size=(rows, classes))
    return x, rng.integers(0, classes, rows), names


def entries(rng):
    return rng.normal(size=rng.integers(0, 9)) * 2.0 ** rng.choice([0, 0, 0, 700, -600])


def pair_of_entries(rng):
    a = entries(rng)
    return a, a * (1.0 + 1e-3 * rng.normal(size=a.shape))


ASKED = nn.Asked(spectra=True, formats=("q8_0", "nf4"), compares=True)


def tensors(rng):
    shape = [(), (3,), (4, 32), (2, 3, 2), (0, 4)][rng.integers(5)]
    base = rng.normal(size=shape) if rng.random() < 0.9 else np.full(shape, np.nan)
    one, other = (sources_of({f"h.{rng.integers(9)}.ä": x}, "w") for x in (base, base + 1e-3))
    [pair] = nn.pairs_of_sources(one, other if rng.random() < 0.7 else None)
    return pair


def update_of_weights(rng, *, factors):
    m, n = rng.integers(1, 5, 2)
    base, tuned = rng.normal(size=(2, m, n))
    found = linalg.lora_factors(base, tuned, 1) if factors else None
    return f"layer {rng.integers(10**6)}", linalg.lora_update(base, tuned, [0.5, 0.9]), found


class TableColumns(probability.ColumnsAccumulator):
    """Columns as they are read."""

    def update(self, names, columns):
        self.update_columns(names, columns)


BASIS = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 2)))[0].T
ROWS = passes.Rows(4)
CASES = {
    "moments": Case(lambda _: MomentsAccumulator(3), lambda rng: (numbers(rng),)),
    "quantiles": Case(lambda _: QuantileAccumulator(), lambda rng: (numbers(rng),)),
    "quantiles in few cells": Case(lambda _: QuantileAccumulator(4), lambda rng: (numbers(rng),)),
    "tallies": Case(
        lambda _: TallyAccumulator(),
        lambda rng: ((x := rng.choice([0.1, 0.2, 0.9], rng.integers(0, 5))), x > rng.random(len(x))),
    ),
    "tallies in few cells": Case(
        lambda _: TallyAccumulator(3), lambda rng: ((x := rng.random(5)), x > rng.random(5))
    ),
    "columns of a table": Case(lambda _: TableColumns(), table, exact=False),
    "categories": Case(lambda _: information.CategoriesAccumulator(2), lambda rng: (categories(rng),)),
    "comparison": Case(
        lambda _: information.ComparisonAccumulator("logits"), lambda rng: two_models(rng, "logits", False)
    ),
    "comparison with targets": Case(
        lambda _: information.ComparisonAccumulator("probs", reverse=True, ignore=-1, targets=True),
        lambda rng: two_models(rng, "probs", True),
    ),
    "evaluation": Case(
        lambda _: information.EvaluationAccumulator("logits"),
        lambda rng: predictions(rng, "logits", 3),
        exact=False,
    ),
    "evaluation of two classes": Case(
        lambda _: information.EvaluationAccumulator("probs", ignore=1),
        lambda rng: predictions(rng, "probs", 2),
        exact=False,
    ),
    "covariance": Case(CovarianceAccumulator, lambda rng: (finite(rng),), exact=False),
    "moments of a tensor": Case(lambda _: MomentsOfTensor(), lambda rng: (entries(rng),), exact=False),
    "difference of tensors": Case(lambda _: DifferenceOfTensors(), pair_of_entries, exact=False),
    "tensors": Case(lambda _: nn.TensorsAccumulator(ASKED), lambda rng: (tensors(rng),), exact=False),
    "ranks of updates": Case(
        lambda _: linalg.LoraRanksAccumulator(), lambda rng: update_of_weights(rng, factors=False)
    ),
    "adapters of updates": Case(
        lambda _: linalg.LoraRanksAccumulator(), lambda rng: update_of_weights(rng, factors=True)
    ),
    "triangle": Case(
        partial(passes.TriangleAccumulator, ROWS),
        lambda rng: (finite(rng, 4) * 10.0 ** rng.integers(-1, 2),),
        exact=False,
    ),
    "range": Case(partial(passes.RangeAccumulator, ROWS, 2, 7), lambda rng: (finite(rng, 4),), exact=False),
    "images": Case(
        partial(passes.ImagesAccumulator, ROWS, BASIS), lambda rng: (finite(rng, 4),), exact=False
    ),
    "projection": Case(
        partial(passes.ProjectionAccumulator, ROWS, BASIS, True), lambda rng: (finite(rng, 4),), exact=False
    ),
    "projection of every row": Case(
        partial(passes.ProjectionAccumulator, ROWS, BASIS, False, True),
        lambda rng: (finite(rng, 4),),
        exact=False,
    ),
}


def accumulators_of_core():
    """Every class of the mathematics that has a state."""
    modules = [
        importlib.import_module(one.name) for one in pkgutil.walk_packages(core.__path__, "aimath.core.")
    ]
    classes = {one for module in modules for _, one in inspect.getmembers(module, inspect.isclass)}
    found = {one for one in classes if hasattr(one, "of_state") and not getattr(one, "_is_protocol", False)}
    return found - {Cells}  # what two of them are


def test_every_accumulator_is_tried_here():
    assert accumulators_of_core() == {type(case.make(0)) for case in CASES.values()} - {TableColumns} | {
        probability.ColumnsAccumulator
    }


def through_a_file(state):
    """A state that was written and read again, where pickles are refused."""
    held = io.BytesIO()
    np.savez(held, **state)
    held.seek(0)
    with np.load(held, allow_pickle=False) as opened:
        return dict(opened)


def copied(accumulator):
    return type(accumulator).of_state(through_a_file(accumulator.state()))


def same_bytes(a, b):
    a, b = a.state(), b.state()
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype, name
        assert a[name].shape == b[name].shape, name
        assert a[name].tobytes() == b[name].tobytes(), name


def flat(value, place=""):
    """A result taken apart: arrays and numbers by their place in it."""
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, (tuple, list)):
        return {k: v for n, part in enumerate(value) for k, v in flat(part, f"{place}.{n}").items()}
    return {} if value is None or callable(value) else {place: np.asarray(value)}


def alike(a, b, exact):
    """Results of one pass and of a tree of merges, all digits or twelve."""
    a, b = flat(a), flat(b)
    assert a.keys() == b.keys()
    for place, x in a.items():
        y = b[place]
        if exact or x.dtype.kind != "f":
            assert np.array_equal(x, y, equal_nan=x.dtype.kind == "f"), place
        else:
            size = np.abs(np.where(np.isfinite(x), x, 0.0)).max(initial=0.0)
            np.testing.assert_allclose(y, x, rtol=1e-12, atol=1e-12 * size, err_msg=place)


def updated(case, unit, rng, count):
    found = case.make(unit)
    for _ in range(count):
        found.update(*case.draw(rng))
    return found


def goes_on_with_the_same_bytes(name, seed, count):
    case, rng = CASES[name], np.random.default_rng(seed)
    found = updated(case, 3, rng, count)
    state = found.state()
    for key, array in state.items():
        assert isinstance(key, str)
        assert isinstance(array, np.ndarray)
        assert array.dtype.kind in "fiub", (key, array.dtype)
    again = copied(found)
    same_bytes(found, again)
    further = [case.draw(rng) for _ in range(2)]
    for one in further:
        found.update(*one)
        again.update(*one)
    same_bytes(found, again)
    # What was told before doesn't change with what comes, and telling it changes nothing.
    plain = updated(case, 3, np.random.default_rng(seed), count)
    for one in further:
        plain.update(*one)
    same_bytes(found, plain)
    first = type(found).of_state(state)
    same_bytes(first, updated(case, 3, np.random.default_rng(seed), count))


def has_the_same_bytes_however_units_are_divided(name, seed, counts, cuts):
    case = CASES[name]

    def unit(k):
        return updated(case, k, np.random.default_rng((seed, k)), counts[k])

    whole = MergeTree()
    for k in range(len(counts)):
        whole.add(unit(k))
    cuts = sorted(min(cut, len(counts)) for cut in cuts)
    joined = MergeTree()
    for start, stop in zip([0, *cuts], [*cuts, len(counts)], strict=True):
        part = MergeTree(start)
        for k in range(start, stop):
            part.add(copied(unit(k)))
        for node in part.nodes():
            joined.add_node(node._replace(accumulator=copied(node.accumulator)))
    same_bytes(joined.merged(), whole.merged())


def gives_what_one_pass_gives(name, seed, counts):
    case, rng = CASES[name], np.random.default_rng(seed)
    drawn = [[case.draw(rng) for _ in range(count)] for count in counts]
    whole, tree = case.make(0), MergeTree()
    for part in drawn:
        one = case.make(0)
        for arguments in part:
            whole.update(*arguments)
            one.update(*arguments)
        tree.add(one)
    merged = tree.merged()
    try:
        expected = whole.result()
    except InputError as error:
        with pytest.raises(InputError, match=str(error)[:20]):
            merged.result()
        return
    if name == "range":  # what is drawn depends on the unit
        assert merged.result().square == near(expected.square, 1e-13)
        return
    found = merged.result()
    if name in ("triangle", "projection"):  # an R is unique but for signs, its singular values are not
        rows, others = (np.atleast_2d(x if name == "triangle" else x.projected) for x in (expected, found))
        largest = np.abs(rows).max(initial=0.0)
        np.testing.assert_allclose(
            others.T @ others, rows.T @ rows, atol=1e-12 * largest**2 * len(rows) + 1e-300
        )
        return
    if name == "covariance":  # what rounding took from the mean is told beside it
        assert (np.abs(found.mean_rest - expected.mean_rest) <= 4e-16 * np.abs(expected.mean)).all()
        found = found._replace(mean_rest=expected.mean_rest)
    alike(expected, found, case.exact)


each = pytest.mark.parametrize("name", CASES)
SEEDS = st.integers(0, 2**32)
COUNTS, CUTS = st.lists(st.integers(0, 3), min_size=1, max_size=9), st.lists(st.integers(0, 9), max_size=3)


@each
@settings(max_examples=6)
@given(SEEDS, st.integers(0, 4))
def test_a_state_is_arrays_by_name_and_goes_on_with_the_same_bytes(name, seed, count):
    goes_on_with_the_same_bytes(name, seed, count)


@each
@settings(max_examples=6)
@given(SEEDS, COUNTS, CUTS)
def test_a_tree_of_merges_has_the_same_bytes_however_units_are_divided(name, seed, counts, cuts):
    has_the_same_bytes_however_units_are_divided(name, seed, counts, cuts)


@each
@settings(max_examples=6)
@given(SEEDS, COUNTS)
def test_a_tree_of_merges_gives_what_one_pass_gives(name, seed, counts):
    gives_what_one_pass_gives(name, seed, [count + 1 for count in counts])


@pytest.mark.slow
@each
def test_so_do_and_give_many_more(name):
    for seed in range(12):
        rng = np.random.default_rng((1, seed))
        counts, cuts = (rng.integers(0, 10, rng.integers(1, 10)).tolist() for _ in range(2))
        goes_on_with_the_same_bytes(name, seed, int(rng.integers(0, 9)))
        has_the_same_bytes_however_units_are_divided(name, seed, [c % 4 for c in counts], cuts)
        gives_what_one_pass_gives(name, seed, [c % 5 + 1 for c in counts])


# digits of what is merged, beside exact sums


def exact(rows):
    return [[Fraction(x) for x in row] for row in np.atleast_2d(rows).tolist()]


def tree_of(make, blocks):
    """The accumulator of blocks, a unit each."""
    tree = MergeTree()
    for unit, block in enumerate(blocks):
        one = make(unit)
        one.update(*block) if isinstance(block, tuple) else one.update(block)
        tree.add(copied(one))
    return tree.merged()


@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("units", [1, 2, 7, 16])
def test_a_covariance_of_units_is_that_of_fractions(offset, units):
    rows = np.random.default_rng(units).normal(offset, 1.0, (60, 3))
    found = tree_of(CovarianceAccumulator, np.array_split(rows, units)).result()
    columns = list(zip(*exact(rows), strict=True))
    means = [sum(column) / len(rows) for column in columns]
    for i, x in enumerate(columns):
        assert abs(Fraction(found.mean[i]) + Fraction(found.mean_rest[i]) - means[i]) <= 1e-15 * (
            1 + offset * 1e-8
        )
        for j, y in enumerate(columns):
            products = (
                a * b for a, b in zip((v - means[i] for v in x), (v - means[j] for v in y), strict=True)
            )
            truth = float(sum(products) / (len(rows) - 1))
            assert abs(found.covariance[i, j] - truth) <= 1e-14


@pytest.mark.parametrize("power", [0, 600, -600])
@pytest.mark.parametrize("units", [1, 2, 7, 16])
def test_moments_of_a_tensor_in_units_are_those_of_fractions(power, units):
    rng = np.random.default_rng(units)
    x = np.ldexp(rng.normal(0.3, 1.0, 200), power)
    y = x * (1.0 + 1e-6 * rng.normal(size=200))
    found = tree_of(lambda _: MomentsOfTensor(), np.array_split(x, units)).result()
    with mp.workdps(60):
        values, others = ([mp.mpf(float(v)) for v in one] for one in (x, y))
        mean = mp.fsum(values) / 200
        second, fourth = (mp.fsum((v - mean) ** k for v in values) / 200 for k in (2, 4))
        rms = mp.sqrt(mp.fsum(v * v for v in values) / 200)
        change = (
            mp.sqrt(mp.fsum((b - a) ** 2 for a, b in zip(values, others, strict=True))) / rms / mp.sqrt(200)
        )
        both = mp.fsum(a * b for a, b in zip(values, others, strict=True))
        cosine = both / rms / mp.sqrt(200) / mp.sqrt(mp.fsum(b * b for b in others))
        for got, truth in (
            (found.mean, mean),
            (found.std, mp.sqrt(second)),
            (found.rms, rms),
            (found.kurtosis + 3.0, fourth / second**2),
        ):
            assert abs(got / truth - 1) <= 5e-15
        pairs = list(zip(np.array_split(x, units), np.array_split(y, units), strict=True))
        difference = tree_of(lambda _: DifferenceOfTensors(), pairs).result()
        assert abs(difference.relative / change - 1) <= 1e-9  # b - a of entries that agree to six digits
        assert abs(difference.cosine - cosine) <= 1e-15


GROWTH = {"alike": 1.0, "growing": 1e3, "fading": 1e-3}


@pytest.mark.parametrize("name", GROWTH)
@pytest.mark.parametrize("spread", [1.0, 1e-5, 1e-9, 0.0])
def test_a_triangle_of_units_keeps_the_digits_of_small_singular_values(name, spread):
    rng = np.random.default_rng(4)
    blocks = rng.normal(size=(5, 40, 4)) * np.array([1.0, 1.0, 1.0, spread])
    blocks *= GROWTH[name] ** np.arange(5)[:, np.newaxis, np.newaxis]
    tree = MergeTree()
    for unit in range(5):
        one = passes.TriangleAccumulator(ROWS, unit)
        for k in range(0, 40, 10):
            one.update(blocks[unit, k : k + 10])
        tree.add(copied(one))
    found = np.linalg.svd(tree.merged().result(), compute_uv=False)
    rows = blocks.reshape(-1, 4)
    with mp.workdps(80):
        squares = mp.eigsy(mp.matrix(rows.T.tolist()) * mp.matrix(rows.tolist()), eigvals_only=True)
        truth = np.sort([float(mp.sqrt(max(x, 0))) for x in squares])[::-1]
    assert (np.abs(found - truth) <= 3e-15 * truth[0]).all()


@pytest.mark.parametrize("units", [1, 3, 8])
def test_images_and_random_sums_of_units_are_those_of_fractions(units):
    rows = np.random.default_rng(5).normal(size=(30, 4))
    blocks = np.array_split(rows, units)
    found = tree_of(partial(passes.ImagesAccumulator, ROWS, BASIS), blocks).result()
    exact_rows = exact(rows)
    for k, vector in enumerate(exact(BASIS)):
        along = [sum(a * b for a, b in zip(vector, row, strict=True)) for row in exact_rows]
        for j in range(4):
            truth = float(sum(a * row[j] for a, row in zip(along, exact_rows, strict=True)))
            assert abs(found[k, j] - truth) <= 1e-13
    sums = tree_of(partial(passes.RangeAccumulator, ROWS, 2, 7), blocks).result()
    drawn = [
        np.random.Generator(np.random.PCG64((7, 1, unit))).standard_normal((len(block), 2))
        for unit, block in enumerate(blocks)
    ]
    for k, weights in enumerate(np.concatenate(drawn).T.tolist()):
        for j in range(4):
            assert (
                abs(
                    sums.sums[k, j]
                    - math.fsum(w * x for w, x in zip(weights, rows[:, j].tolist(), strict=True))
                )
                <= 1e-13
            )
    assert sums.square == near(math.fsum(np.square(rows).ravel().tolist()), 1e-14)


# units of rows


def units_of(rows, size, step):
    def read(unit):
        part = rows[unit * size : (unit + 1) * size]
        return (part[k : k + step] for k in range(0, len(part), step))

    return BlockUnits(read, -(-len(rows) // size))


@pytest.mark.parametrize("method", ["exact", "randomized"])
def test_a_decomposition_of_units_is_that_of_the_whole(method):
    rows = np.random.default_rng(6).normal(size=(640, 60))
    rows[:, :2] *= 30.0
    whole = linalg.svd_approx(rows, 4, **{method: True})
    found = linalg.streaming_svd(units_of(rows, 100, 33), 4, **{method: True}).truncate(4)
    assert found.error == near(whole.error, 1e-12 if method == "exact" else 1e-3)
    assert (found.method, found.shape) == (method, (640, 60))
    again = linalg.streaming_svd(units_of(rows, 100, 33), 4, **{method: True}).truncate(4)
    assert (again.right == found.right).all()


def test_components_of_units_are_those_of_the_whole():
    rows = np.random.default_rng(7).normal(1e6, [1.0, 2.0, 3.0], (500, 3))
    whole, found = linalg.pca(rows), linalg.streaming_pca(units_of(rows, 64, 50))
    np.testing.assert_allclose(found.variance, whole.variance, rtol=1e-13)
    np.testing.assert_allclose(found.components, whole.components, atol=1e-12)


def test_rows_of_units_are_counted_from_the_start_of_all():
    bad = np.array([[1.0, np.nan, 1.0, 1.0]])
    for begin in (CovarianceAccumulator, partial(passes.TriangleAccumulator, ROWS)):
        with pytest.raises(InputError, match=f"entry \\({2 * UNIT_ROWS + 2},2\\)") as caught:
            accumulate(begin, 2, [np.ones((1, 4)), bad])
        assert caught.value.row == 2 * UNIT_ROWS + 1


def test_what_gives_blocks_anew_is_one_unit():
    units = as_units(lambda: iter(()))
    assert units.first_block() is None
    assert as_units(units) is units
    assert BlockUnits(lambda _: (), 0).reduce(CovarianceAccumulator) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (passes.TriangleAccumulator(ROWS), passes.TriangleAccumulator(passes.Rows(4, 200))),
        (passes.RangeAccumulator(ROWS, 2), passes.RangeAccumulator(ROWS, 3)),
        (passes.ImagesAccumulator(ROWS, BASIS), passes.ImagesAccumulator(passes.Rows(3), BASIS[:, :3])),
        (nn.TensorsAccumulator(ASKED), nn.TensorsAccumulator(nn.Asked())),
    ],
)
def test_what_is_of_another_kind_is_not_merged(one, other):
    with pytest.raises(InputError, match="don't go together"):
        one.merge(other)
