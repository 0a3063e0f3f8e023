"""The usual command line is read without typer, to what typer would have read."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given, settings, strategies as st

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.fast_parser import escape_negatives, parse_args
from aimath.cli.runner import run
from aimath.cli.typer_group import run_typer

ALL = sorted(COMMANDS)


def by_typer(monkeypatch, words):
    """Give what typer hands to `run`, None if it refuses the line."""
    seen = []
    monkeypatch.setattr(run, "run", lambda _command, given: seen.append(given) or 0)
    try:
        run_typer(words)
    except Exception:  # noqa: BLE001  whatever it says of the line
        return None
    return seen[0] if seen else None


def same(plain, typed):
    """Say whether two readings are the same; typer has a tuple or a list for several words."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()} == {
        k: list(v) if isinstance(v, tuple) else v for k, v in typed.items()
    }


@pytest.mark.parametrize("name", ALL)
def test_example_is_plain_and_read_as_typer_reads_it(name, monkeypatch):
    words = escape_negatives(shlex.split(lookup(name).example)[1:])
    plain = parse_args(lookup(name), words[1:])
    assert plain is not None
    assert same(plain, by_typer(monkeypatch, words))


@pytest.mark.parametrize("name", ALL)
def test_nothing_given_is_what_typer_makes_of_nothing(name, monkeypatch):
    assert same(parse_args(lookup(name), []), by_typer(monkeypatch, [name]))


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_any_line_read_plainly_is_read_so_by_typer(data):
    name = data.draw(st.sampled_from(ALL))
    flags = [flag for part in lookup(name).params for flag in part.flags]
    odd = ["--", "-", "--help", "-T2", "--nothing", "--jso", "-h", "", "="]
    values = ["1", " -2", ".5,.5", "a", "--x", "-"]
    flag = st.sampled_from(flags)
    word = st.one_of(
        st.sampled_from(values),
        flag,
        st.builds("{}={}".format, flag, st.sampled_from(values)),
        st.sampled_from(odd),
    )
    words = data.draw(st.lists(word, max_size=6))
    plain = parse_args(lookup(name), words)
    if plain is not None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            typed = by_typer(monkeypatch, [name, *words])
        assert typed is not None
        assert same(plain, typed)


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["1", "-T", "1", "2", "--temperature=2"], "temperature", ["1", "2"]),
        (["1", "2", "--log", "3"], "operands", ["1", "2", "3"]),
        (["-"], "operands", ["-"]),
        (["1", "--digits", "3", "--digits", "4"], "digits", "4"),
        (["1", "--labels="], "labels", ""),
    ],
)
def test_usual_lines_are_read(words, key, value, monkeypatch):
    plain = parse_args(lookup("softmax"), words)
    assert plain[key] == value
    assert same(plain, by_typer(monkeypatch, ["softmax", *words]))


@pytest.mark.parametrize(
    "words", [["--help"], ["--nothing", "1"], ["--base"], ["--json=1"], ["--base", "--json"], ["--", "-1"]]
)
def test_what_is_unusual_is_left_to_typer(words):
    assert parse_args(lookup("entropy"), words) is None
