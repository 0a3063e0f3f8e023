"""Parameters: names, vectors and gradients that are one memory; clipping and averages."""

import numpy as np
import pytest
from tests.digits import near

from aimath.core import nn
from aimath.errors import InputError

ARRAYS = {"w": [[1.0, 2.0], [3.0, 4.0]], "b": [5.0, 6.0], "unused": [7.0]}


def test_names_and_vectors_are_one_memory():
    parameters = nn.Parameters(ARRAYS)
    parameters.values[0] = 10.0
    parameters["b"].value[1] = 20.0
    assert parameters.values.tolist() == [10, 2, 3, 4, 5, 20, 7]
    assert parameters["w"].value.tolist() == [[10, 2], [3, 4]]
    assert list(parameters) == list(parameters.arrays()) == ["w", "b", "unused"]
    assert len(parameters) == 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_backward_writes_into_the_vector_of_gradients(dtype):
    parameters = nn.Parameters(ARRAYS, dtype)
    gradient, view = parameters.gradient, parameters["w"].grad
    for times in (1.0, 2.0):  # a second pass replaces the first
        w, b = parameters["w"], parameters["b"]
        (times * (w * w + w * b + w).sum()).backward()
        wanted = times * np.array([8, 11, 12, 15, 4, 6, 0])
        assert parameters.gradient is gradient
        assert parameters["w"].grad is view
        assert gradient.tolist() == wanted.tolist()
        assert gradient.dtype == dtype
    (parameters["unused"] * 3.0).sum().backward()  # what took no part has no gradient left over
    assert gradient.tolist() == [0, 0, 0, 0, 0, 0, 3]


def test_gradients_are_those_of_free_tensors():
    rng = np.random.default_rng(1)
    arrays = {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=4), "v": rng.normal(size=(4, 2))}

    def loss(w, b, v):
        return nn.cross_entropy_loss(nn.linear(nn.tanh(nn.linear(np.eye(3), w, b)) + b, v), [0, 1, 1])

    parameters = nn.Parameters(arrays)
    loss(*(parameters[name] for name in parameters)).backward()
    apart = nn.gradients(loss, *arrays.values()).gradients
    assert parameters.gradient.tolist() == np.concatenate([g.ravel() for g in apart]).tolist()


def test_slices_join_neighbours():
    parameters = nn.Parameters({"a": np.ones(2), "b": np.ones((2, 2)), "c": np.ones(1), "d": np.ones(3)})
    assert parameters.slices(["d", "a", "b"]) == [slice(0, 6), slice(7, 10)]
    assert parameters.slices([]) == []


def test_loading_wants_the_same_names_and_shapes():
    parameters = nn.Parameters(ARRAYS)
    parameters.load({name: np.multiply(array, 2) for name, array in ARRAYS.items()})
    assert parameters.values.tolist() == [2, 4, 6, 8, 10, 12, 14]
    for arrays, why in (
        ({"w": ARRAYS["w"]}, "b is missing"),
        (ARRAYS | {"c": [1.0]}, "c is not one of the arrays"),
        (ARRAYS | {"w": [1.0]}, "w has a shape of 1, not of 2x2"),
    ):
        with pytest.raises(InputError, match=why):
            parameters.load(arrays)
    assert parameters.values.tolist() == [2, 4, 6, 8, 10, 12, 14]


def test_refusals():
    with pytest.raises(InputError, match="float64 or float32, not int64"):
        nn.Parameters(ARRAYS, np.int64)
    with pytest.raises(InputError, match="there is no array c, only w, b, unused"):
        nn.Parameters(ARRAYS, no_decay=["c"])
    with pytest.raises(InputError, match="limit of a norm must be above 0"):
        nn.clip_norm(np.ones(2), 0.0)
    with pytest.raises(InputError, match="decay must be at least 0 and below 1"):
        nn.EMA(nn.Parameters(ARRAYS), 1.0)


def test_a_norm_within_the_limit_changes_nothing():
    g = np.array([3.0, -4.0])
    assert nn.clip_norm(g, 5.0) == 5.0
    assert g.tolist() == [3, -4]
    assert nn.clip_norm(g, 2.5) == 5.0
    assert g.tolist() == [1.5, -2]


def test_an_average_trails_and_swaps():
    parameters = nn.Parameters({"w": [0.0, 1.0]})
    average, truth = nn.EMA(parameters, 0.75), np.array([0.0, 1.0])
    for k in range(1, 6):
        parameters.values[:] = [k, -k]
        average.update()
        truth = 0.75 * truth + 0.25 * np.array([k, -k])
    assert average.values.tolist() == near(truth.tolist(), 1e-14)
    average.swap()
    assert (parameters.values.tolist(), average.values.tolist()) == (near(truth.tolist(), 1e-14), [5, -5])
    average.swap()
    assert parameters["w"].value.tolist() == [5, -5]
