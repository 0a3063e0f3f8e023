"""Figures of tensors against numpy, however they are cut in blocks."""

import io
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import save_file
from tests.digits import near

from aimath.core import nn
from aimath.core.nn.checkpoints._tensor_sources import names_by_block, pair_tensors, source_of_array
from aimath.core.nn.checkpoints._tensor_statistics import DifferenceOfTensors, MomentsOfTensor
from aimath.core.numerics.accumulators import MergeTree
from aimath.errors import InputError
from aimath.read.models.weight_files import read_weights

RNG = np.random.default_rng(3)
FINITE = st.floats(-1e6, 1e6, allow_subnormal=False)


def through_a_file(accumulator):
    held = io.BytesIO()
    np.savez(held, **accumulator.state())
    held.seek(0)
    return type(accumulator).of_state(dict(np.load(held)))


def excess_kurtosis(x):
    """Fourth moment over the square of the second, less the 3 of a normal distribution."""
    away = np.asarray(x, np.longdouble) - np.mean(x, dtype=np.longdouble)
    return float(np.mean(away**4) / np.mean(away**2) ** 2 - 3)


@given(st.lists(arrays(np.float64, st.integers(1, 30), elements=FINITE), min_size=1, max_size=9))
def test_moments_of_parts_are_those_of_the_whole(parts):
    tree = MergeTree()
    for part in parts:
        one = MomentsOfTensor()
        one.update(part)
        tree.add(through_a_file(one))
    found, x = tree.merged().result(), np.concatenate(parts)
    size = np.abs(x).max()
    unit = x / (size or 1.0)
    assert found.entries == x.size
    assert found.mean == pytest.approx(x.mean(), abs=1e-13 * size)
    assert found.rms == near(size * np.sqrt(np.mean(unit**2)), 1e-12)
    assert found.rms_again == near(found.rms, 1e-12)
    assert found.std == pytest.approx(size * unit.std(), rel=1e-9, abs=1e-13 * size)
    assert found.sparsity == np.mean(x == 0)
    assert found.largest == size
    if unit.std() > 1e-3:
        assert found.kurtosis == pytest.approx(excess_kurtosis(unit), rel=1e-7, abs=1e-7)


def test_zeros_beside_tiny_entries_hide_nothing():
    for parts in (
        [np.zeros(1), np.full(1, 2e-289)],
        [np.full(1, 2e-289), np.zeros(1)],
        [np.zeros(3), np.zeros(2)],
    ):
        tree = MergeTree()
        for part in parts:
            one = MomentsOfTensor()
            one.update(part)
            tree.add(one)
        x = np.concatenate(parts)
        found = tree.merged().result()
        assert found.rms == near(np.sqrt(np.mean((x * 1e289) ** 2)) / 1e289, 1e-12)
        assert found.largest == x.max()


def test_kurtosis_beside_a_mean_far_away():
    x = 1.0 + 1e-4 * RNG.standard_normal(1 << 19)  # a layer norm's gains: raw moments have lost it
    found = nn.weights({"gain": x})
    assert found.kurtosis[0] == pytest.approx(excess_kurtosis(x), abs=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1.0, 1e150, 1e300])
def test_figures_of_any_size(scale):
    x = RNG.standard_normal((50, 40))
    found, plain = nn.weights({"w": x * scale}, spectra=True), nn.weights({"w": x}, spectra=True)
    for name in ("outlier", "kurtosis", "stable_rank", "effective_rank", "rank_90", "top_energy"):
        assert getattr(found, name)[0] == near(getattr(plain, name)[0], 1e-10), name
    assert found.rms[0] == near(plain.rms[0] * scale, 1e-12)
    change = nn.weights({"w": x * scale}, against={"w": x * scale * 1.5})
    assert (change.relative_change[0], change.cosine[0]) == near((0.5, 1.0), 1e-12)


def test_errors_of_parts_are_those_of_the_whole():
    a, b = RNG.standard_normal((2, 1000))
    tree = MergeTree()
    for k in range(0, 1000, 90):
        one = DifferenceOfTensors()
        one.update(a[k : k + 90], b[k : k + 90])
        tree.add(through_a_file(one))
    found = tree.merged().result()
    assert found.relative == near(np.linalg.norm(b - a) / np.linalg.norm(a), 1e-13)
    assert found.cosine == near(a @ b / np.linalg.norm(a) / np.linalg.norm(b), 1e-13)
    assert found.largest == np.abs(b - a).max()


def test_a_tree_merges_as_a_binary_counter_counts():
    merges = []

    class Unit:
        def __init__(self, name):
            self.name = name

        def merge(self, other):
            merges.append((self.name, other.name))
            self.name += other.name

    tree = MergeTree()
    for name in "abcdefg":
        tree.add(Unit(name))
    assert tree.merged().name == "abcdefg"
    assert merges == [("a", "b"), ("c", "d"), ("ab", "cd"), ("e", "f"), ("ef", "g"), ("abcd", "efg")]
    assert MergeTree().merged() is None


def test_totals_are_of_blocks_and_of_all():
    model = {
        "wte": RNG.normal(size=(10, 4)),
        "h.0.w": RNG.normal(size=(4, 4)),
        "h.0.b": np.zeros(4),
        "h.1.w": RNG.normal(size=(4, 4)),
        "h.1.b": np.ones(4),
    }
    found = nn.weights(model)
    assert found.name.tolist() == [*model, "h.0.*", "h.1.*", "all tensors"]
    assert found.kind.tolist() == ["tensor"] * 5 + ["block"] * 2 + ["all"]
    assert found.parameters.tolist() == [40, 16, 4, 16, 4, 20, 20, 80]
    every = np.concatenate([x.ravel() for x in model.values()])
    assert found.rms[-1] == near(np.sqrt(np.mean(every**2)), 1e-14)
    assert found.kurtosis[-1] == near(excess_kurtosis(every), 1e-12)
    assert found.sparsity[5] == 4 / 20
    assert found.check().holds.all()


def test_names_belong_to_the_block_of_their_first_number():
    names = ["model.layers.0.q", "model.layers.10.q", "model.layers.0.k", "norm", "0.weight", "h.3"]
    assert names_by_block(names) == {"model.layers.0.*": [0, 2], "model.layers.10.*": [1]}


def test_partners_are_found_by_name_by_ending_and_by_content():
    a = {
        "wte.weight": RNG.normal(size=(3, 4)),
        "old": RNG.normal(size=(2, 2)),
        "gone": np.ones(2),
        "n": np.ones((2, 3)),
    }
    b = {"model.wte.weight": a["wte.weight"] + 1, "new": a["old"], "more": np.ones(5), "n": np.ones((3, 3))}
    pairs = pair_tensors(*([source_of_array(*one) for one in each.items()] for each in (a, b)))
    told = [(pair.base and pair.base.name, pair.other and pair.other.name, pair.status) for pair in pairs]
    assert told == [
        ("wte.weight", "model.wte.weight", "renamed"),
        ("old", "new", "renamed"),
        ("gone", None, "missing"),
        ("n", "n", "reshaped"),
        (None, "more", "added"),
    ]
    found = nn.weights(a, against=b)
    assert found.status.tolist() == ["renamed", "renamed", "missing", "reshaped", "added", ""]
    assert found.other.tolist()[:2] == ["model.wte.weight", "new"]
    assert found.relative_change[1] == 0.0
    assert np.isnan(found.relative_change[2:5]).all()


def test_the_first_is_the_reference():
    found = nn.weights({"w": [[3.0, 4.0]]}, against={"w": [[3.0, 3.5]]})
    assert (found.relative_change[0], found.max_change[0]) == (0.1, 0.5)
    assert nn.weights({"w": [[3.0, 3.5]]}, against={"w": [[3.0, 4.0]]}).relative_change[0] > 0.1
    assert nn.weights({"w": [[1.0]]}, against={"w": [[1.0]]}).status.tolist() == ["same"]


def test_what_a_format_does_not_fit_is_said():
    found = nn.weights({"a": np.ones((2, 64)), "b": np.ones((2, 33))}, quantize=["q8_0", "int8"])
    assert found.format.tolist() == ["q8_0", "int8"] * 3
    assert found.remark[2] == "q8_0 has blocks of 32, which don't divide the last axis"
    assert math.isnan(found.relative_error[2])
    assert found.remark[4] == "q8_0 of 1 of 2 tensors"
    assert found.bits.tolist()[:2] == [8.5, 8.5]


def test_entries_that_are_no_numbers_are_said():
    found = nn.weights(
        {"a": [1.0, np.nan, np.inf, 1.0], "b": np.ones((2, 2)), "c": np.zeros((0, 3))}, spectra=True
    )
    assert found.remark.tolist()[:3] == ["2 entries are nan or infinite, and left out", "", "is empty"]
    assert found.rms.tolist()[:2] == [1.0, 1.0]
    assert math.isnan(found.rms[2])
    with pytest.raises(InputError, match="not numbers"):
        nn.weights({"a": ["x"]})


def test_a_pattern_is_found_anywhere():
    model = {"model.layers.0.self_attn.q_proj.weight": [[1.0]], "model.layers.0.mlp.up.weight": [[2.0]]}
    assert nn.weights(model, match="layers.*.q_proj").name.tolist() == [
        "model.layers.0.self_attn.q_proj.weight"
    ]
    with pytest.raises(InputError, match="no tensor's name holds 'k_proj'"):
        nn.weights(model, match="k_proj")


@pytest.mark.slow
def test_no_more_is_held_than_the_largest_tensor(tmp_path):
    """Six tensors of 8 MB, of which blocks are read: moments, formats and tall spectra in a few MB."""
    arrays = {f"h.{k}.w": RNG.standard_normal((16384, 128)).astype(np.float32) for k in range(6)}
    save_file(arrays, tmp_path / "m.safetensors")
    del arrays
    found = read_weights(str(tmp_path / "m.safetensors")).tensors
    tracemalloc.start()
    try:
        nn.weights_of_sources(found, None, nn.Asked(spectra=True, formats=("q8_0", "nf4")))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20, f"{peak >> 20} MiB"
