"""Errors are data, and one function makes sentences of them: the library's, and those of the command line."""

from __future__ import annotations

import importlib
import inspect
import pickle
import shlex
from itertools import product

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.options import Number
from aimath.core import information, linalg, probability
from aimath.errors import InputError, Remedy, explain

ALL = sorted(name for name, entry in COMMANDS.items() if not entry.is_text)
FLAGS = {"p": "--p", "lr": "--lr", "weight_decay": "--weight-decay", "normalize": "--normalize"}


def refusal(function, *args, **options):
    with pytest.raises(InputError) as caught:
        function(*args, **options)
    return caught.value


ONE_PRIOR = "one prior needs the evidence or the false positive rate beside the likelihood"
SAME = [
    (
        lambda: information.kl([0.5, 0.6], [0.5, 0.5]),
        ["kl", ".5,.6", ".5,.5"],
        "probabilities sum to 1.1, not 1; use normalize=True to divide by the sum",
        ["aimath kl: error: p: probabilities sum to 1.1, not 1", "  use --normalize to divide by the sum"],
    ),
    (
        lambda: linalg.pca([[1, 2], [2, 4], [3, 6]], 2, whiten=True),
        ["pca", "1 2; 2 4; 3 6", "--components", "2", "--whiten"],
        "component 2 has variance 0 and can't be whitened; use components=1",
        [
            "aimath pca: error: --components: component 2 has variance 0 and can't be whitened",
            "  use --components 1",
        ],
    ),
    (
        lambda: linalg.pca([[1, 2], [2, 4], [3, 7]], 9),
        ["pca", "1 2; 2 4; 3 7", "-k", "9"],
        "components must be 1 to 2 for 3x2 data, not 9",
        ["aimath pca: error: --components must be 1 to 2 for 3x2 data, not 9"],
    ),
    (
        lambda: probability.softmax([1, 2], temperature=-1),
        ["softmax", "1", "2", "-T", "-1"],
        "temperature must be at least 0, not -1",
        ["aimath softmax: error: --temperature must be at least 0, not -1"],
    ),
    (
        lambda: probability.bayes(0.3, 0.8),
        ["bayes", "--prior", ".3", "--likelihood", ".8"],
        f"{ONE_PRIOR}; give evidence or false_positive, or a list of priors",
        [
            f"aimath bayes: error: {ONE_PRIOR}",
            "  give --evidence or --false-positive, or a list of priors",
        ],
    ),
    (
        lambda: information.cross_entropy([0.5, 0.5], [1.5, -0.5]),
        ["cross-entropy", ".5,.5", "1.5,-.5"],
        "probability 2 is negative (-0.5)",
        ["aimath cross-entropy: error: q: probability 2 is negative (-0.5)"],
    ),
]


@pytest.mark.parametrize(("call", "line", "library", "shell"), SAME, ids=[line[0] for _, line, *_ in SAME])
def test_the_library_speaks_of_parameters_and_the_command_line_of_flags(aimath, call, line, library, shell):
    assert str(refusal(call)) == library
    assert aimath(*line).err.splitlines() == shell


def test_a_large_singular_matrix_may_be_forced(aimath):
    near = 1 / (np.arange(17)[:, np.newaxis] + np.arange(17) + 1.0)  # Hilbert's matrix
    error = refusal(linalg.inverse, near)
    assert error.hint.settings == {"force": True}
    assert str(error).endswith("; use force=True to invert it")
    text = ";".join(" ".join(map(repr, row)) for row in near.tolist())
    assert aimath("inverse", text).err.splitlines()[-1] == "  use --force to invert it"


def test_remedy_of_a_command_without_the_option_is_dropped():
    error = refusal(probability.bayes, [0.5, 0.6], [0.1, 0.2])
    assert str(error).endswith("use normalize=True to divide by the sum")
    flags = dict(lookup("bayes").flags)
    assert explain(error, flags) == ("priors sum to 1.1, not 1", "use --normalize to divide by the sum")
    del flags["normalize"]
    assert explain(error, flags) == ("priors sum to 1.1, not 1", "")


def test_places_nest_the_outermost_first():
    error = InputError("'x' is not a number").within("argument 3").within("--p")
    assert (error.places, str(error)) == (("--p", "argument 3"), "--p: argument 3: 'x' is not a number")


def test_data_are_called_by_name_and_what_is_wrong_on_the_command_line_by_flag():
    data = InputError("{operand} has {count} entries", operand="p", count=3)
    option = InputError(
        "{operand} must be {low} to {high}", operand="weight_decay", low=0, high=1, usage=True
    )
    assert explain(data, FLAGS).sentence == "p has 3 entries"
    assert explain(option, FLAGS).sentence == "--weight-decay must be 0 to 1"
    assert explain(option).sentence == str(option) == "weight_decay must be 0 to 1"
    assert (option.values, option.operand) == ({"low": 0, "high": 1}, "weight_decay")


def test_remedy_names_values_and_leaves_some_to_the_reader():
    way = Remedy("use {lr} and {normalize}, or give {p}", lr=0.1, normalize=True, p=...)
    assert str(way) == "use lr=0.1 and normalize=True, or give p"
    assert way.in_flags(FLAGS) == "use --lr 0.1 and --normalize, or give --p"
    assert Remedy("use {k}", k=1).in_flags({"k": "-k"}) == "use -k 1"  # which equals True, and isn't
    assert way.in_flags({"lr": "--lr"}) == ""


@given(text=st.text(), operand=st.sampled_from([None, "p", "lr"]))
def test_texts_of_the_user_are_never_read_as_templates(text, operand):
    plain = InputError(f"a text {text}", operand=None if "{operand}" in text else operand)
    assert explain(plain, FLAGS).sentence == f"a text {text}"
    assert explain(InputError("{text} of {operand}", text=text, operand="p")).sentence == f"{text} of p"


def test_error_survives_pickling():
    error = InputError("{operand} is {value}", operand="p", value=2, hint=Remedy("use {lr}", lr=1)).within(
        "--p"
    )
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "--p: p is 2; use lr=1"  # noqa: S301


BAD = [
    [np.nan, 1.0],
    [-1.0, 2.0],
    [0.5, 0.6],
    [0.0, 0.0],
    [[1.0, 2.0], [2.0, 4.0]],
    [[np.inf, 1.0], [0.5, 0.5]],
    [],
    "text",
    -3,
    2.5,
    "x^2 +",
    "log(x)",
]


def _functions():
    for door in ("linalg", "calculus", "optim", "probability", "information", "nn"):
        module = importlib.import_module(f"aimath.core.{door}")
        for name in module.__all__:
            function = getattr(module, name)
            if callable(function) and not isinstance(function, type):
                yield f"{door}.{name}", function


def _refusals(function):
    """Yield the errors that bad values for the parameters without a default, then for each option, give."""
    parameters = inspect.signature(function).parameters.values()
    required = [
        one
        for one in parameters
        if one.default is one.empty and one.kind in (one.POSITIONAL_OR_KEYWORD, one.POSITIONAL_ONLY)
    ]
    optional = [
        one.name for one in parameters if one.default is not one.empty and one.kind is not one.POSITIONAL_ONLY
    ]
    calls = (
        [(args, {}) for args in product(BAD, repeat=len(required))]
        if len(required) < 3
        else [((value,) * len(required), {}) for value in BAD]
    )
    good = ([0.25, 0.75], [[1.0, 2.0], [3.0, 5.0]], 2.0, "x^2")
    calls += [((base,) * len(required), {key: bad}) for key in optional for bad in BAD for base in good]
    for args, options in calls:
        try:
            with np.errstate(all="ignore"):
                function(*args, **options)
        except InputError as error:
            yield error
        except Exception:  # noqa: BLE001, S112  what isn't of the type that is asked for is not this test's matter
            continue


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_no_error_of_the_library_speaks_of_flags():
    told = {name: {str(error) for error in _refusals(function)} for name, function in _functions()}
    assert sum(map(len, told.values())) > 200
    assert [(name, text) for name, texts in told.items() for text in texts if "--" in text] == []


@pytest.mark.parametrize("name", ALL)
def test_a_bad_value_of_an_option_is_told_by_its_flag(aimath, name):
    command = lookup(name)
    words = shlex.split(command.example)[1:]
    for key, option in command.sweepable.items():
        if isinstance(option, Number):
            ran = aimath(*words, f"{option.flags[0]}=nan")
            assert ran.code == 2, key
            first = ran.err.splitlines()[0]
            assert first.startswith(f"aimath {name}: error: {option.flags[0]}"), first
            for value in ("-1e300", "inf"):
                ran = aimath(*words, f"{option.flags[0]}={value}")
                if " must be " in ran.err and ran.code == 2:
                    assert f"error: {option.flags[0]} must be " in ran.err, ran.err
