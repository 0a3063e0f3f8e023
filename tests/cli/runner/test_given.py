"""R4: an option given twice, or one that does nothing beside the others, is used or refused, never passed over."""

from __future__ import annotations

import random
import shlex

import pytest

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.fast_parser import escape_negatives, parse_args
from aimath.cli.options import OutputOptions
from aimath.cli.runner.given import check_given
from aimath.errors import InputError

ALL = sorted(COMMANDS)
CALCULATORS = [name for name in ALL if not COMMANDS[name].is_text]
RULES = [(name, rule) for name in ALL for rule in lookup(name).declared.applies]


def refusal(name, *words):
    """Give what is said of a line, or nothing."""
    try:
        check_given(lookup(name), escape_negatives(words, lookup(name)))
    except InputError as error:
        return str(error) if error.usage else f"no mistake of the command line: {error}"
    return ""


def flagged(name):
    return [part for part in lookup(name).params if part.flags]


def examples(name):
    command = lookup(name)
    lines = dict.fromkeys((command.example, *(usage.example for usage in command.usages[1:])))
    return [shlex.split(line)[2:] for line in lines]


# Given twice


@pytest.mark.parametrize("name", ALL)
def test_option_of_one_value_is_refused_twice_however_it_is_written(name):
    for part in flagged(name):
        once = [part.flags[0], *("v1", "v2")[: part.nargs]]
        ways = [[*once, *once], [*once, "1", part.flags[-1], *once[1:]]]
        if part.nargs == 1:
            long = part.flags[0].startswith("--")
            joined = f"{part.flags[0]}=v2" if long else f"{part.flags[0]}v2"
            ways += [[*once, joined], [joined, *once], [joined, joined]]
        for words in ways:
            several = part.kind in (bool, list[str])
            assert ("is given twice" in refusal(name, *words)) is not several, words


@pytest.mark.parametrize(
    "line",
    [
        "describe 1 2 --key a --key b",
        "bayes --prior .001 --prior .01 --likelihood .9 --false-positive .1",
        "gaussian --sample 3 --seed 1 --seed 2",
        "softmax 2 1 --digits 3 --digits=4",
        "attention -Q 1 -Q2 -K 1 -V 1",
        "softmax 2 1 --out a.csv --out b.csv",
        "gaussian --between -1 1 --between -2 2",
        "quiz --count 1 --count 2",
    ],
)
def test_last_of_two_does_not_win(warm, line, tmp_path):
    ran = warm(*shlex.split(line), cwd=str(tmp_path))
    assert (ran.code, ran.out) == (2, b"")
    assert "is given twice" in ran.text
    assert not [*tmp_path.iterdir()]


def test_what_may_be_repeated_is_used(warm):
    assert len(warm("softmax", "2", "1", "-T", "1", "--temperature", "2").out.splitlines()) == 3
    both = "bayes --prior .01 --likelihood .9 --likelihood .8 --false-positive .1 --false-positive .2"
    assert warm(*both.split()).code == 0
    assert warm("softmax", "2", "1", "--json", "--json").code == 0


# Of no use beside the others


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_declared_option_is_refused_where_it_does_nothing_and_taken_elsewhere(name, rule):
    command = lookup(name)
    flags = command.flags
    beside = next(part for part in command.params if part.name == rule.beside)
    for option in rule.options:
        part = next(one for one in command.params if one.name == option)
        alone = [flags[option], *["1"] * part.nargs]
        if rule.values:
            for choice in beside.choices:
                said = refusal(name, "1", *alone, flags[rule.beside], choice)
                if choice in rule.values:
                    assert f"{flags[option]} does nothing" not in said
                else:
                    assert f"{flags[option]} does nothing with {flags[rule.beside]} {choice}" in said
            assert bool(refusal(name, "1", *alone)) is (beside.default not in rule.values)
        else:
            rules = [one for one in command.declared.applies if one.given and one != rule]
            needs = {one.beside for one in rules if rule.beside in one.options}
            first = {one.beside for one in rules if option in one.options}

            def worded(names, parts=command.params):
                return [
                    word for one in parts if one.name in names for word in (one.flags[0], *["1"] * one.nargs)
                ]

            alone += worded(first)
            assert bool(refusal(name, *alone)) is rule.given
            more = worded({rule.beside, *needs} - first)
            assert ("does nothing" in refusal(name, *alone, *more)) is not rule.given


@pytest.mark.parametrize("name", [name for name in CALCULATORS if len(lookup(name).usages) > 1])
def test_operand_of_another_usage_is_refused(name):
    command = lookup(name)
    refused = 0
    for usage, words in zip(command.usages, examples(name), strict=True):
        for other in command.usages:
            used = {*usage.operands, *usage.trailing, *usage.beside, *usage.selected_by, *other.selected_by}
            for key in {*other.operands, *other.trailing} - used:
                if flag := command.operands[key].flag:
                    assert f"{flag} does nothing" in refusal(name, *words, flag, "1")
                    refused += 1
    flagged = [key for usage in command.usages for key in usage.operands if command.operands[key].flag]
    assert refused or not flagged or name in ("attention", "compare", "entropy", "js")


@pytest.mark.parametrize("name", [name for name in CALCULATORS if lookup(name).seed_option])
def test_seed_is_refused_where_nothing_is_drawn(name):
    said = [refusal(name, *words, "--seed", "1") for words in examples(name)]
    assert any("--seed does nothing" in text for text in said) or name in ("diffuse", "svd-approx")
    if lookup(name).operands:
        assert not refusal(name, "randn:2x2", "randn:2x2", "--seed", "1")


READING = [
    "--column 1",
    "--key k",
    "--header",
    "--delimiter ;",
    "--missing nan",
    "--input-format csv",
    "--rows",
]


@pytest.mark.parametrize("name", [name for name in CALCULATORS if lookup(name).operands])
def test_option_of_reading_is_refused_where_nothing_is_read(warm, name):
    for words in examples(name):
        for option in READING:
            ran = warm(name, *words, *option.split())
            assert (ran.code, ran.out) == (2, b""), (words, option)
            assert option.split()[0] in ran.text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "schedule 1 2 --schedule exponential --min-lr .1",
            "--min-lr does nothing with --schedule exponential",
        ),
        ("cross-entropy --logits 2,1 --target 1 --q .5,.5", "--q does nothing beside --logits"),
        ("gd --gamma .5", "--gamma does nothing with --schedule constant"),
        ("gd --last --every 5", "--every does nothing beside --last"),
        ("cosine --matrix '1 0; 1 1' --a 1,2", "--a does nothing beside --matrix"),
        ("diffuse 1 2 --alpha-bar .5 --T 10", "--T does nothing beside --alpha-bar"),
        (
            "diffuse 1 2 --t 5 --schedule cosine --beta-end .1",
            "--beta-end does nothing with --schedule cosine",
        ),
        ("diffuse 1 2 --t 5 --noise 1,1 --seed 3", "--seed does nothing beside --noise"),
        ("gaussian 1 --seed 2", "--seed does nothing without --sample"),
        ("dot 1,2 3,4 --seed 2", "--seed does nothing where no operand is drawn"),
        ("backprop x^2 x=1 --x 1", "--x does nothing without --layer"),
        ("backprop --layer '1 2' 1,2 --variables x", "--variables does nothing beside --layer"),
        (
            "focal 2 1 .1 --target 0 --alpha .9",
            "--alpha does nothing: it weighs the two classes of one logit",
        ),
        ("gaussian --sample 2 --labels a,b", "--labels"),
        ("grad x*y x=1 y=2 --labels a,b", "--labels"),
        ("gaussian --between -1 1 --invalid skip", "--invalid"),
    ],
)
def test_option_for_nothing_is_named(warm, line, said):
    ran = warm(*shlex.split(line))
    assert (ran.code, ran.out) == (2, b"")
    assert said in ran.text


# Whatever is declared: what is taken changes something

BOUNDS = ("max_memory", "max_steps", "missing", "invalid", "normalize", "workers", "part", "state", "dask")
"""What may happen, of which nothing need happen."""
SATISFIED = {
    ("svd-approx", "exact"),
    ("svd-approx", "randomized"),
    ("svd-approx", "seed"),
    ("grad", "exact"),
    ("cross-entropy", "ignore"),
    ("embed", "truncate"),
    ("evaluate", "ignore"),
}
"""What a small matrix, a typed point or a short text has anyway, and what one good row has nothing of."""
VALUES = ("1", "2", "3", ".5", "a,b", "a,b,c", "2x3", "1,2", "1,2,3", "x=2", "w=4", "x^4+x", "w^4+w")


def idle_options(warm, name, words):
    """Give the options that are taken beside the words, and with no value of theirs change a quantity."""

    plain = warm(name, *words, "--json")
    assert plain.code == 0
    derived = warm(name, *words, "--explain").out

    def changes(*more):
        """Say whether it is taken, and changes a quantity or the derivation."""
        ran = warm(name, *words, *more, "--json")
        codes.add(ran.code)
        return ran.code == 0 and (
            ran.out != plain.out or warm(name, *words, *more, "--explain").out != derived
        )

    for part in lookup(name).params:
        skipped = part.name in (*OutputOptions._fields, *BOUNDS) or (name, part.name) in SATISFIED
        if not part.flags or skipped or {*part.flags} & {*words}:
            continue
        values = [()] if part.kind is bool else [(text,) * part.nargs for text in part.choices or VALUES]
        codes = set()
        if not any(changes(part.flags[0], *value) for value in values) and 0 in codes:
            yield part.flags[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CALCULATORS if not lookup(name).informational])
def test_option_that_is_taken_changes_the_answer(warm, name):
    for words in examples(name):
        assert not [*idle_options(warm, name, words)], words


@pytest.mark.slow
def test_option_that_is_taken_changes_the_answer_of_some(warm):
    chosen = random.Random(4)  # noqa: S311
    for name in chosen.sample(["gaussian", "cosine", "entropy", "js", "race", "kl"], 2):
        words = chosen.choice(examples(name))
        assert not [*idle_options(warm, name, words)], words


# A value is what was typed

NEGATIVE = ("-5", "-0.5", "-1e3", "-.5", "-1,2", "-x^2", "-inf", "−5")


@pytest.mark.parametrize("name", ALL)
def test_value_that_looks_like_a_negative_number_is_kept_as_typed(name):
    command = lookup(name)
    positional = any(not part.flags for part in command.params)
    for part in [one for one in flagged(name) if one.nargs]:
        for text in NEGATIVE:
            values = (text,) * part.nargs
            words = ["-3", part.flags[0], *values, "-4"] if positional else [part.flags[0], *values]
            kept = parse_args(command, escape_negatives(words, command))
            found = (
                kept[part.name]
                if part.nargs > 1
                else (*kept[part.name],)
                if part.kind == list[str]
                else (kept[part.name],)
            )
            assert found == values
            assert kept.get("operands") == ([" -3", " -4"] if positional else None)


@pytest.mark.parametrize("file", ["-5", "-0.csv", "-x^2.csv", "-1e3"])
@pytest.mark.parametrize("joined", [False, True])
def test_out_names_the_file_that_was_typed(warm, tmp_path, file, joined):
    out = [f"--out={file}"] if joined else ["--out", file]
    assert warm("softmax", "-1", "2", *out, cwd=str(tmp_path))[:3] == (0, b"", b"")
    assert [path.name for path in tmp_path.iterdir()] == [file]
