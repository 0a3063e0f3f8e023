"""What every calculator of information promises: another route, fields without NaN, terms that add up."""

import inspect
import math

import numpy as np
import pytest

from aimath.core import information
from aimath.core.information import _mutual_information, _perplexity
from aimath.errors import InputError

inf, nan = math.inf, math.nan

EXAMPLES = [
    lambda: information.entropy([0.5, 0.25, 0.25, 0]),
    lambda: information.entropy([1.0000001, 0]),
    lambda: information.entropy([[0.5, 0.5], [0.9, 0.1]], 10),
    lambda: information.entropy(logits=[[50, 0, -inf], [1, 2, 3]]),
    lambda: information.cross_entropy([0, 1, 0], [0.2, 0.7, 0.1], label_smoothing=0.1),
    lambda: information.cross_entropy([0.5, 0.5], [1, 0]),
    lambda: information.cross_entropy(logits=[[1, 2, 3], [3, 2, -inf]], target=[2, 0]),
    lambda: information.cross_entropy(logits=[1, 2, 3], target=1, base=2, label_smoothing=0.1),
    lambda: information.kl([0.5, 0.5, 0], [0.9, 0.05, 0.05]),
    lambda: information.kl([[0.5, 0.5], [1, 0]], [1, 0], 2),
    lambda: information.kl([[1, 2, -inf], [3, 2, 1]], [1, 2, -inf], 2, logits=True),
    lambda: information.js([0.5, 0.5], [0.9, 0.1]),
    lambda: information.js([[1, 2, -inf], [3, 2, 1]], [1, -800, 0], logits=True),
    lambda: information.entropy(log_probs=[-1, -2], normalize=True),
    lambda: information.cross_entropy([0.5, 0.5, 0], logits=[[1, 2, -inf], [0, 0, 0]]),
    lambda: information.perplexity(logits=[1, 2, -inf]),
    lambda: information.compare([[1, 2, -inf], [3, 2, 1]], [[2, 1, 0], [1, 2, 3]], [0, 1], logits=True),
    lambda: information.compare([1, 2, 4], [2, 2, 2], paired=True),
    lambda: information.mutual_information([[0.1, 0.2], [0.3, 0.4]]),
    lambda: information.mutual_information([[[3, 1], [0, 4]], [[1, 2], [2, 4]]], normalize=True),
    lambda: information.perplexity([0.7, 0.2, 0.1]),
    lambda: information.perplexity(tokens=[0.7, 0.2, 0.1]),
    lambda: information.perplexity(log_probs=[-1, -2, -0.5]),
    lambda: information.gaussian_kl([0, 1, -3], [1, 0.1, 3], 0.5, 2),
    lambda: information.gaussian_kl([[0, 1], [2, 3]], logvar=[[0, 1], [-4, 2]]),
    lambda: information.rlhf([[1, 2, 3], [0, 0, 9]], [0.2, 0.8, 0]),
    lambda: information.rlhf([5, 7], [0.3, 0.7], 1e7),
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_answer_is_confirmed_by_another_route(example):
    check = example().check()
    assert check.answer is not check.alternative
    assert np.all(check.holds)


@pytest.mark.parametrize("example", EXAMPLES)
def test_fields_and_properties_are_quantities_without_nan(example):
    result = example()
    properties = [name for name, _ in inspect.getmembers(type(result), lambda a: isinstance(a, property))]
    for name in (*result._fields, *properties):
        none = name.endswith("logits") and getattr(result, name) is None
        if none or hasattr(getattr(result, name), "_fields"):
            continue  # what a command doesn't show as a quantity
        value = np.asarray(getattr(result, name))
        assert value.size
        assert not np.isnan(value).any(), name


@pytest.mark.parametrize("example", [e for e in EXAMPLES if hasattr(e(), "terms")])
def test_terms_add_up_to_the_answer(example):
    result = example()
    answer = result.nats if isinstance(result, _perplexity.Perplexity) else result.check().answer
    axes = (-2, -1) if isinstance(result, _mutual_information.MutualInformation) else -1
    assert np.allclose(result.terms.sum(axis=axes), answer, rtol=1e-12, atol=1e-6)


@pytest.mark.parametrize("base", [1, 0, -2, 0.5, inf, nan])
def test_base_must_be_above_one(base):
    for f, arguments in (
        (information.entropy, ([1.0],)),
        (information.kl, ([1.0], [1.0])),
        (information.gaussian_kl, ([1.0], [1.0])),
    ):
        with pytest.raises(InputError, match="base must be above 1 and finite"):
            f(*arguments, base=base)
