"""Checkpoint files that are damaged, a stranger's, of another version, or that lie: one line, never a wrong model."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.training import checkpoint
from aimath.training.registry import find_recipe

numpy_files = pytest.importorskip("safetensors.numpy")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small checkpoint: its bytes, tensors and what its metadata say."""
    path = tmp_path_factory.mktemp("saved") / "m.safetensors"
    recipe = find_recipe("spiral")
    run = recipe.build({**recipe.defaults, "steps": 4, "width": 3}, ())
    run.step()
    checkpoint.save(str(path), recipe, run)
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["aimath"])
    return data, numpy_files.load(data), about


def opened(path):
    """Read a checkpoint to its end: as a model and to go on with."""
    found = checkpoint.read(str(path))
    checkpoint.open_model(found)
    checkpoint.resume(found.recipe.build(found.settings, ()), found)
    return found


def written(path, tensors, about):
    path.write_bytes(
        numpy_files.save(tensors, {"aimath": about if isinstance(about, str) else json.dumps(about)})
    )
    return path


def test_a_file_that_ends_early_is_refused_wherever_it_ends(saved, tmp_path):
    data, path = saved[0], tmp_path / "m.safetensors"
    lengths = {*range(12), *np.random.default_rng(1).integers(0, len(data), 60).tolist(), len(data) - 1}
    for length in lengths:
        path.write_bytes(data[:length])
        with pytest.raises(InputError):
            opened(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(InputError, match="follow the last tensor"):
        opened(path)


def test_a_byte_that_is_another_is_refused_or_a_number_that_is_another(saved, tmp_path):
    data, path = saved[0], tmp_path / "m.safetensors"
    draw, read = np.random.default_rng(2), 0
    for place, bit in zip(draw.integers(0, len(data), 300), draw.integers(0, 8, 300), strict=True):
        changed = bytearray(data)
        changed[place] ^= 1 << int(bit)
        path.write_bytes(changed)
        try:
            opened(path)
        except InputError:
            continue
        read += 1
    assert read < 300


WRONG = {
    "no object": ("[]", "its metadata are no object"),
    "no JSON": ("{", "damaged"),
    "deep": ("[" * 100_000, "damaged"),
    "an empty one": ("{}", "no format"),
}
LIES = {
    "another version": ({"format": "2"}, "its form is '2', and 1 is read"),
    "a version that is a number": ({"format": 1}, "no format"),
    "a run that isn't there": ({"run": "gan"}, "there is no run 'gan'"),
    "a run of other tensors": ({"run": "rlhf"}, "its settings are not those of rlhf"),
    "an architecture that isn't there": ({"arch": "x"}, "one architecture alone"),
    "settings that are a list": ({"settings": []}, "no settings"),
    "steps below 0": ({"done": -1}, "it claims -1 steps"),
    "steps beyond all": ({"done": 10**30}, "it claims"),
    "steps that are a text": ({"done": "1"}, "no done"),
    "tokens that are numbers": ({"tokens": [1]}, "no tokens"),
    "no generator": ({"generator": None}, "no generator"),
    "another generator": (
        {"generator": {"bit_generator": "MT19937", "state": {}}},
        "random numbers is damaged",
    ),
    "an empty generator": ({"generator": {}}, "random numbers is damaged"),
    "a generator of texts": (
        {
            "generator": {
                "bit_generator": "PCG64",
                "state": {"state": "x", "inc": "y"},
                "has_uint32": 0,
                "uinteger": 0,
            }
        },
        "random numbers is damaged",
    ),
}
SETTINGS = {
    "one less": (lambda s: s.pop("lr"), "its settings are not those"),
    "one more": (lambda s: s.update(cunning=1), "its settings are not those"),
    "a text for a number": (lambda s: s.update(width="3"), "width is of another type"),
    "a true for a number": (lambda s: s.update(width=True), "width is of another type"),
    "another width": (lambda s: s.update(width=4), "has a shape of"),
    "a huge width": (lambda s: s.update(width=10**9), "must be 1 to 4096"),
    "a width below 0": (lambda s: s.update(width=-3), "must be 1 to 4096"),
    "another depth": (lambda s: s.update(layers=1), "4.bias is not one of the arrays"),
    "another optimizer": (lambda s: s.update(optimizer="sgd"), ""),
    "a rate that is no number": (lambda s: s.update(lr=float("nan")), "must be above 0 and finite"),
}


@pytest.mark.parametrize(("about", "why"), WRONG.values(), ids=WRONG)
def test_metadata_that_say_nothing(saved, tmp_path, about, why):
    with pytest.raises(InputError, match=why):
        opened(written(tmp_path / "m.safetensors", saved[1], about))


@pytest.mark.parametrize(("changes", "why"), LIES.values(), ids=LIES)
def test_metadata_that_lie(saved, tmp_path, changes, why):
    _, tensors, about = saved
    with pytest.raises(InputError, match=why):
        opened(written(tmp_path / "m.safetensors", tensors, {**about, **changes}))


@pytest.mark.parametrize(("change", "why"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_lie(saved, tmp_path, change, why):
    _, tensors, about = saved
    settings = dict(about["settings"])
    change(settings)
    path = written(tmp_path / "m.safetensors", tensors, {**about, "settings": settings})
    if not why:  # the state of Adam holds all that SGD remembers
        assert opened(path).settings["optimizer"] == "sgd"
        return
    with pytest.raises(InputError, match=why) as caught:
        opened(path)
    assert str(caught.value).startswith(str(path)[:20])
    assert not caught.value.usage


def test_tensors_that_are_missing_strange_or_no_numbers(saved, tmp_path):
    _, tensors, about = saved
    path = tmp_path / "m.safetensors"
    for name in tensors:
        others = {key: values for key, values in tensors.items() if key != name}
        with pytest.raises(InputError, match="missing"):
            opened(written(path, others, about))
        with pytest.raises(InputError):
            opened(written(path, {**tensors, name: tensors[name].reshape(-1)[:-1]}, about))
        with pytest.raises(InputError, match="no number"):
            opened(written(path, {**tensors, name: np.full_like(tensors[name], np.nan)}, about))
        with pytest.raises(InputError, match="is wanted"):
            opened(written(path, {**tensors, name: tensors[name].astype(np.uint8)}, about))


def test_a_stranger_s_file_is_told_from_ours(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(numpy_files.save({"w": np.zeros(3)}))
    with pytest.raises(InputError, match="is no checkpoint of aimath train"):
        checkpoint.read(str(path))
    path.write_text("hello")
    with pytest.raises(InputError):
        checkpoint.read(str(path))


def test_what_is_larger_than_may_be_held_is_refused_before_it_is_read(saved, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(saved[0])
    with pytest.raises(InputError, match="limit"):
        checkpoint.read(str(path), 100)
