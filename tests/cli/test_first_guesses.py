"""What people type first, who know torch, numpy or scikit-learn: answered, or refused with the line to type.

The lines stand in first_guesses.txt: `$` before what is typed, `=` before the first words of the answer,
`!` before the line that is proposed, `?` before another way out.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.fast_parser import escape_negatives, parse_args
from aimath.cli.guesses import (
    closest_command,
    meant_command,
    normalized,
    retyped,
    unknown_command,
    unknown_option,
)
from aimath.content.synonyms import (
    BARE_OPERANDS,
    COMMAND_SYNONYMS,
    FUNCTION_SYNONYMS,
    OPTION_SYNONYMS,
    OPTION_SYNONYMS_OF,
    SPLIT_OPTIONS,
)
from aimath.errors import Retype, explain

TEXT = Path(__file__).with_suffix("").with_name("first_guesses.txt").read_text(encoding="utf-8")
TYPED = [line[2:] for line in TEXT.splitlines() if line.startswith("$ ")]
OUTCOMES = [line for line in TEXT.splitlines() if not line.startswith("$ ")]
AHEAD = {"train"}
"""Commands that synonyms may stand for before there are any."""
ALL_OPTIONS = {
    *OPTION_SYNONYMS,
    *SPLIT_OPTIONS,
    *(word for one in OPTION_SYNONYMS_OF.values() for word in one),
}


def test_there_are_many_lines_with_one_outcome_each():
    assert len(set(TYPED)) == len(TYPED) == len(OUTCOMES) >= 200
    assert {line[0] for line in OUTCOMES} == {"=", "!", "?"}


@pytest.mark.parametrize(("line", "outcome"), [*zip(TYPED, OUTCOMES, strict=True)], ids=TYPED)
def test_first_guess_is_answered_or_refused_with_the_line_to_type(
    aimath, line, outcome, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    sign, _, wanted = outcome.partition(" ")
    ran = aimath(*shlex.split(line)[1:])
    if sign == "=":
        assert (ran.code, ran.err) == (0, "")
        lines = ran.out.splitlines()
        assert_begins(lines[-1] if "\t" in lines[0] else lines[0], wanted)
        return
    assert (ran.code in {1, 2}, ran.out) == (True, "")
    said, *_, hint = ran.err.splitlines()
    assert said.startswith((f"aimath {line.split()[1]}: error: ", "aimath: error: "))
    assert hint.strip() == (f"try {wanted}" if sign == "!" else wanted)
    if sign == "!":
        again = aimath(*shlex.split(wanted)[1:])
        assert again.code == (4 if " quiz " in wanted else 0), again.err  # nobody answers it
        assert again.out or "--out" in wanted


def assert_begins(line, wanted):
    """Assert that a line begins with words, numbers to six digits."""
    for found, word in zip(line.split(), wanted.split(), strict=False):
        try:
            assert float(found) == near(float(word), 1e-5)
        except ValueError:
            assert found == word
    assert len(line.split()) >= len(wanted.split())


@pytest.mark.parametrize("name", [*COMMAND_SYNONYMS])
def test_synonym_of_a_command_stands_for_options_that_it_has(name):
    command, *options = COMMAND_SYNONYMS[name].split()
    assert name == normalized(name)
    assert name not in COMMANDS
    if command not in AHEAD:
        assert meant_command(name) == (command, *options)
        assert parse_args(lookup(command), options) is not None


def test_synonyms_of_functions_are_lines_of_commands():
    for line in FUNCTION_SYNONYMS.values():
        name, *words = shlex.split(line.format(rows="1", list="1"))
        assert parse_args(lookup(name), words) is not None


def test_each_synonym_of_an_option_is_one_of_some_command():
    flags = {flag for name in COMMANDS for param in lookup(name).params for flag in param.flags}
    for options in (*OPTION_SYNONYMS.values(), *SPLIT_OPTIONS.values()):
        assert {option.split()[0] for option in options} <= flags
    for (name, _), options in BARE_OPERANDS.items():
        assert set(filter(None, options)) <= set(lookup(name).flags.values())


@pytest.mark.parametrize("name", [*COMMANDS])
def test_line_with_a_synonym_of_an_option_becomes_one_that_is_read(name):
    """Every option that some word stands for, in each command that has it."""
    flags = {flag for param in lookup(name).params for flag in param.flags}
    found = 0
    for word in sorted(ALL_OPTIONS):
        if f"--{word}" in flags:
            continue
        for typed in ([f"--{word}", "1,2"], [f"--{word.replace('-', '_').upper()}=1"]):
            why, hint = unknown_option([name, *typed])
            if not why:
                continue
            found += 1
            assert why.startswith(f"there is no {typed[0].partition('=')[0]} here; -")
            program, command, *words = shlex.split(hint.removeprefix("try "))
            assert (program, command) == ("aimath", name)
            assert parse_args(lookup(name), escape_negatives(words)) is not None
    assert found >= (0 if COMMANDS[name].is_text else 20)


WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
MISSPELT = st.builds(
    lambda name, k, letter: name[:k] + letter + name[k + 1 :],
    st.sampled_from([*COMMANDS, *COMMAND_SYNONYMS]),
    st.integers(0, 6),
    st.sampled_from("aeinrst-_'\" "),
)


@given(
    st.one_of(WORD, MISSPELT),
    st.lists(st.one_of(WORD, st.sampled_from(["-1", "--temp", "'1 2'"])), max_size=3),
)
def test_unknown_command_leads_to_one_plain_sentence(name, words):
    if name in COMMANDS or name.startswith("-"):
        return
    said, hint = explain(unknown_command([name, *words]), {})
    assert said.startswith(("no such command '", "there is no '"))
    kind, _, rest = hint.partition(" ")
    if kind == "try":
        assert shlex.split(rest)[0] == "aimath"  # its quotes are in pairs
        assert shlex.split(rest)[1] in COMMANDS or rest == "aimath --version"
    elif kind == "did":
        assert rest.removeprefix("you mean ").removesuffix("?") in COMMANDS
    else:
        assert hint == "see aimath --help"


@given(
    st.lists(WORD, min_size=1, max_size=6), st.integers(0, 5), st.integers(1, 3), st.lists(WORD, max_size=3)
)
def test_words_are_replaced_where_they_stand(words, start, count, new):
    old = words[start : start + count]
    if not old or words.index(old[0]) != start or any(word.strip() != word for word in words):
        return
    line = shlex.split(retyped(words, Retype(tuple(old), tuple(new))))
    assert line == ["aimath", *words[:start], *new, *words[start + count :]]


@pytest.mark.parametrize("name", [name for name in COMMANDS if len(name) > 2])
def test_two_letters_that_changed_places_are_one_mistake(name):
    """Of the shortest names too; what is another word that is known, is that."""
    for k in range(len(name) - 1):
        word = name[:k] + name[k + 1] + name[k] + name[k + 2 :]
        assert meant_command(word) or closest_command(word) == name, word
