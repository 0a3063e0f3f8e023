"""An empty operand, as a shell's variable that isn't set leaves it, is never passed over in silence."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aimath.cli.catalogue import COMMANDS, lookup

ALL = sorted(name for name, entry in COMMANDS.items() if not entry.is_text)
EMPTY = ("", " ", "\t")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("empty", EMPTY)
def test_empty_word_anywhere_in_the_example_is_refused(warm, name, empty):
    words = shlex.split(lookup(name).example)[1:]
    for place in range(1, len(words) + 1):
        for line in ([*words[:place], empty, *words[place:]], [*words[:place], empty, *words[place + 1 :]]):
            ran = warm(*line)
            assert (ran.code, ran.out) == (2, b""), line


@pytest.mark.parametrize("name", ALL)
def test_empty_value_of_an_option_is_refused(warm, name):
    words = shlex.split(lookup(name).example)[1:]
    for flag, count in [(p.flags[0], p.nargs) for p in lookup(name).params if p.flags and p.nargs]:
        ran = warm(*words, flag, *["", "1"][:count])
        assert (ran.code, ran.out) == (2, b""), flag
        assert "empty" in ran.text
        if count == 1 and flag.startswith("--"):
            assert warm(*words, f"{flag}=")[:2] == (2, b""), flag


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(["1", "-2", ".5", "1/3"]), min_size=1, max_size=4),
    st.sampled_from(EMPTY),
    st.data(),
)
@pytest.mark.slow
def test_empty_entry_of_a_vector_or_matrix_is_refused(warm, numbers, empty, data):
    place = data.draw(st.integers(0, len(numbers)))
    words = [*numbers[:place], empty, *numbers[place:]]
    assert warm("softmax", *words)[:2] == (2, b"")
    for sign in (",", ";", "; "):
        assert warm("softmax", sign.join(words))[:2] == (2, b"")
        assert warm("transpose", sign.join(words))[:2] == (2, b"")
    named = [f"n{k}={word.strip()}" for k, word in enumerate(words)]
    assert warm("softmax", *named)[:2] == (2, b"")
    assert warm("gd", "--function", "n0^2", "--start", ",".join([*named[:1], empty]))[:2] == (2, b"")


@pytest.mark.parametrize("names", [",", "a,", ",b", "a, "])
def test_empty_name_is_refused(warm, names):
    assert warm("softmax", "1", "2", "--labels", names)[:2] == (2, b"")
    assert warm("attention", "--heads", "1", "1 2; 3 4", "--tokens", names)[:2] == (2, b"")
