"""First guesses: the line that was meant by one in the words of other libraries, or with numbers unnamed."""

from __future__ import annotations

import math
import re
import shlex
from types import MappingProxyType
from typing import TYPE_CHECKING

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.fast_parser import escape_negatives
from aimath.content.synonyms import (
    BARE_OPERANDS,
    COMMAND_SYNONYMS,
    COMPLEMENT_OPTIONS,
    FUNCTION_SYNONYMS,
    LEADING_WORDS,
    LINES_ALONE,
    NOTHING_ALIKE,
    OPTION_SYNONYMS,
    OPTION_SYNONYMS_OF,
    ROOTED_OPTIONS,
    SPLIT_OPTIONS,
)
from aimath.errors import InputError, Retype, closest, suggest
from aimath.read.blocks import WORDS
from aimath.read.numbers import is_missing, is_number, parse_number
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aimath.cli.command import Command

NO_NAMES: Mapping[str, str] = MappingProxyType({})
SIGNED_WORDS, WORDS_OF_ANALOGY, MIN_LETTERS = ("analogy",), 3, 2
"""Commands whose words may have signs, and how many words they need; the length of an option of one letter,
which is no such word."""
MIN_LIKENESS, MIN_LIKENESS_CHARS = 0.7, 5
"""How much a misspelt command is like what it is taken for, and the shortest synonym that is looked at."""
MAX_COIN = 1.0 - 1e-6
"""From here on one probability is a distribution of one outcome, whose sum is rounded."""
_MODULE = re.compile(
    r"(?:(?:np|numpy|torch|nn|functional|f|scipy|special|stats|sklearn|optim|linalg|math)\.)+"
)
_SIGNED = re.compile(r"^([-+])([A-Za-z]\w*)$")
_TUPLE = re.compile(r"\(([^()]*)\)")
_COLON_LABEL = re.compile(r"([^\s:=@]+):([^:]+)")


def normalized(word: str) -> str:
    """Return a name as the tables of synonyms have it.

    >>> normalized("F.Cosine_Similarity"), normalized("--n_components"), normalized("chain rule")
    ('cosine-similarity', 'n-components', 'chain-rule')
    """
    return re.sub("[_. ]", "-", _MODULE.sub("", word.lower().lstrip("-")))


def meant_command(word: str) -> tuple[str, ...]:
    """Return the command that a word stands for elsewhere, with options, or nothing.

    >>> meant_command("log_softmax"), meant_command("Adam"), meant_command("softmaxx")
    (('softmax', '--log'), ('adam',), ())
    """
    name = normalized(word)
    words = (name,) if name in COMMANDS else tuple(COMMAND_SYNONYMS.get(name, "").split())
    return words if words and words[0] in COMMANDS else ()


def closest_command(word: str) -> str:
    """Return the command that a misspelt word is closest to, or nothing."""
    words = (name for name in COMMAND_SYNONYMS if len(name) >= MIN_LIKENESS_CHARS and meant_command(name))
    for name in COMMANDS:
        if len(name) > 2 and _is_swapped(normalized(word), name):
            return name
    near = closest(normalized(word), [*COMMANDS, *words], MIN_LIKENESS)
    return meant_command(near[0])[0] if near else ""


def _is_swapped(word: str, name: str) -> bool:
    """Return whether a word is a name of which two neighbours have changed places."""
    return any(word == name[:k] + name[k + 1] + name[k] + name[k + 2 :] for k in range(len(name) - 1))


def unknown_command(arguments: Sequence[str]) -> InputError:
    """Return the error for a command line whose command does not exist, with the line that was meant."""
    name, *others = (_unescape(word) for word in arguments)
    if others and meant_command(f"{name} {others[0]}"):  # such as gradient descent
        name, others = f"{name} {others[0]}", others[1:]
    if normalized(name) in FUNCTION_SYNONYMS:
        line = _function_line(normalized(name), others)
        return _there_is_no(name, f"{shlex.split(line)[0]} does that", f"aimath {line}")
    if (flag := LEADING_WORDS.get(normalized(name))) and others and others[0] in COMMANDS:
        line = shlex.join(["aimath", *others]) if others[1:] else lookup(others[0]).example
        return _there_is_no(name, f"{flag} does that", line if flag in line.split() else f"{line} {flag}")
    if alone := LINES_ALONE.get(normalized(name)):
        return _there_is_no(name, f"{alone} does that", alone)
    if meant := meant_command(name):
        command, *options = meant
        flags = {word for word in others if word.startswith("-")}
        options = [] if flags & {word for word in options if word.startswith("-")} else options
        is_short = command in SIGNED_WORDS and len(others) < WORDS_OF_ANALOGY
        line = (
            shlex.join(["aimath", command, *others, *options])
            if (others or options) and not is_short
            else lookup(command).example
        )
        return _there_is_no(name, f"{' '.join((command, *options))} does that", _with_options_meant(line))
    near = "" if normalized(name) in (*COMMAND_SYNONYMS, *NOTHING_ALIKE) else closest_command(name)
    hint = f"did you mean {near}?" if near else "see aimath --help"
    return InputError(f"no such command {quote(name)}", hint=hint, usage=True)


def meant_name(name: str, known: Collection[str], called: Mapping[str, str] = NO_NAMES) -> str:
    """Return which of the names that a page knows a name stands for elsewhere, or nothing.

    `called` are the names of commands that the page knows by others.
    """
    command = next(iter(meant_command(name)), "")
    candidates = (normalized(name), command, called.get(command, ""))
    return next((word for word in candidates if word in known), "")


def unknown_name(
    name: str, known: Collection[str], what: str, fallback: str, called: Mapping[str, str] = NO_NAMES
) -> InputError:
    """Return the error for a name that a page doesn't know: of a command, say, or a demo."""
    if meant := meant_name(name, known, called):
        why = f"there is no {quote(name)} here; {meant} does that"
        return InputError(why, hint=Retype((name,), (meant,)), usage=True)
    return InputError(f"there is no {what} {quote(name)}", hint=suggest(name, known, fallback), usage=True)


def _there_is_no(name: str, does: str, line: str) -> InputError:
    return InputError(f"there is no {quote(name)} here; {does}", hint=f"try {line}", usage=True)


def _function_line(name: str, operands: Sequence[str]) -> str:
    """Return the words of a line that gives a function's values."""
    words = re.sub(r"[][(),;]", " ", " ".join(operands)).split()
    numbers = [word for word in words if is_number(word)] or ["1"]
    return FUNCTION_SYNONYMS[name].format(rows=shlex.quote("; ".join(numbers)), list=",".join(numbers))


def unknown_option(arguments: Sequence[str]) -> tuple[str, str]:
    """Return what is wrong with the first option that a command lacks, and the line that was meant.

    Both are empty where no option of the command does that.
    """
    name, *words = arguments
    command = lookup(name)
    for word in _unknown_words(command, words):
        meant = _meant_option(command, word)
        if meant:
            line = _with_options_meant(shlex.join(["aimath", *arguments]))
            split = SPLIT_OPTIONS.get(normalized(word), ())
            does = f"{' and '.join(split)} do that" if meant[0] in split else f"{' '.join(meant)} does that"
            return f"there is no {word} here; {does}", f"try {line}"
        if name in SIGNED_WORDS and len(word) > MIN_LETTERS and _SIGNED.fullmatch(word):
            apart = [piece for one in words for piece in _SIGNED.sub(r"\1 \2", one).split(" ")]
            why = f"{quote(word)} is read as an option: a sign stands apart from its word"
            return why, f"try {shlex.join(['aimath', name, *apart])}"
    return "", ""


def _with_options_meant(line: str) -> str:
    """Return a command line with every option that its command calls otherwise as it calls it."""
    program, name, *words = shlex.split(line)
    command, rewritten, left = lookup(name), [program, name], list(reversed(words))
    counts = {flag: param.nargs for param in command.params for flag in param.flags}
    unknown = set(_unknown_words(command, words))
    if unknown:  # beside words of elsewhere, what is an option of all commands can be one, too
        own = OPTION_SYNONYMS_OF.get(name, {})
        unknown |= {flag for flag in counts if own.get(normalized(flag), flag) != flag}
    while left:
        word = left.pop()
        flag, equals, value = word.partition("=")
        if flag not in unknown:
            rewritten += [
                word,
                *(left.pop() for _ in range(min(counts.get(flag, 0) * (not equals), len(left)))),
            ]
            continue
        meant = _meant_option(command, flag)
        values = [value] if equals else []
        if len(meant) == 1 and counts.get(meant[0]) and not values and left:
            values = [left.pop()]
        rewritten += _option_words(flag, meant or (flag,), values)
    return shlex.join(rewritten)


def _option_words(word: str, meant: Sequence[str], values: Sequence[str]) -> list[str]:
    """Return the words of an option as the command calls it, its value rooted, from 1 or split."""
    name = normalized(word)
    if name in ROOTED_OPTIONS and meant[0] == "--sigma":
        values = [",".join(map(_square_root, value.split(","))) for value in values]
    if name in COMPLEMENT_OPTIONS:
        values = [",".join(map(_other_side, value.split(","))) for value in values]
    if name in SPLIT_OPTIONS:
        parts = [part.strip(" []()") for value in values for part in value.split(",")]
        return [word for pair in zip(SPLIT_OPTIONS[name], parts, strict=False) for word in pair]
    return [*meant, *values]


def _other_side(text: str) -> str:
    """Return 1 - p of the text of a probability p, and anything else as it is."""
    return (_complement(text) if is_number(text) else "") or text


def _square_root(text: str) -> str:
    """Return the root of a number as text, and anything else as it is."""
    value = parse_number(text) if is_number(text) else -1.0
    return f"{math.sqrt(value):.15g}" if value >= 0.0 else text


def _meant_option(command: Command, word: str) -> tuple[str, ...]:
    """Return the option of a command, with its value where that is known, that a word stands for."""
    flags = {flag for param in command.params for flag in param.flags}
    name = normalized(word)
    own = OPTION_SYNONYMS_OF.get(command.name, {}).get(name)
    if f"--{name}" in flags and not own:
        return (f"--{name}",)
    for option in (own,) if own else (*OPTION_SYNONYMS.get(name, ()), *SPLIT_OPTIONS.get(name, ())[:1]):
        flag, *values = option.split()
        if flag in flags:
            return (flag, *values)
    return ()


def _unknown_words(command: Command, words: Sequence[str]) -> Iterator[str]:
    """Yield the options among the words of a command line that the command doesn't have."""
    counts = {flag: param.nargs for param in command.params for flag in param.flags}
    left = list(reversed(escape_negatives(words)))
    while left and (word := left.pop()) != "--":
        flag, equals, _ = word.partition("=")
        if flag in counts:
            del left[len(left) - min(counts[flag] * (not equals), len(left)) :]
        elif word.startswith("-") and word not in ("-", "-h", "--help"):
            yield flag


def meant_operands(command: Command, tokens: Sequence[str]) -> Retype | None:
    """Return the way out for operands written as elsewhere, or without the options that say what they are."""
    old = tuple(token.strip() for token in tokens)
    if len(old) > 1 and meant_command(f"{command.name} {old[0]}")[:1] == (command.name,):
        return Retype(old, old[1:])  # such as dot product
    flags = BARE_OPERANDS.get((command.name, len(old)))
    if flags is not None:
        new = [word for pair in zip(flags, old, strict=True) for word in pair if word]
        return Retype(old, tuple(new))
    pieces = old if all(token.count("(") == token.count(")") for token in old) else (" ".join(old),)
    bracketed = tuple(_TUPLE.sub(r"[\1]", piece) for piece in pieces)
    if bracketed != pieces:
        return Retype(old, bracketed)
    if len(old) == 1 and (flag := option_of_choice(command, old[0])):
        return Retype(old, (flag, *old))
    named = [word for token in old for word in _near_word(token) or _named_words(command, token)]
    return Retype(old, tuple(named)) if tuple(named) != old else None


def option_of_choice(command: Command, word: str) -> str:
    """Return the flag of the one option of a command that a word is a choice of, or nothing."""
    names = [*command.parameters]
    flags = [part.flags[0] for part in command.params if part.name in names and word in part.choices]
    return flags[0] if len(flags) == 1 else ""


def meant_labels(command: Command, tokens: Sequence[str]) -> Retype | None:
    """Return the way out for numbers that are labelled as options of the command are called: mean=0 x=1."""
    if not command.sweepable:
        return None
    own = {command.flags[name] for name in command.sweepable}
    words: list[str] = []
    for token in tokens:
        name, _, value = token.strip().partition("=")
        flag = next(iter(_meant_option(command, f"--{name}")), "") if len(name) > 1 else ""
        kept = value if name in command.operands else token
        words += [flag, *_option_words(name, (flag,), [value])[1:]] if flag in own else [kept]
    return Retype(tuple(token.strip() for token in tokens), tuple(words)) if own & {*words} else None


def both_sides(probabilities: Sequence[str], *, alone: bool) -> Retype | None:
    """Return the way out for probabilities of one side of a coin, as lists where they aren't alone."""
    texts = [text.strip() for text in probabilities]
    others = [_complement(text) for text in texts]
    if not all(others) or not any(0.0 < parse_number(text) < MAX_COIN for text in texts):
        return None
    sides = list(zip(texts, others, strict=True))
    return Retype(tuple(texts), sides[0] if alone else tuple(map(",".join, sides)))


def _complement(text: str) -> str:
    """Return 1 - p of the text of a probability p, or nothing of a number that is none.

    >>> _complement("0.9"), _complement(".75"), _complement("3")
    ('0.1', '.25', '')
    """
    if not 0.0 <= parse_number(text) <= 1.0:
        return ""
    from decimal import Decimal  # noqa: PLC0415  only for mistakes

    other = f"{(1 - Decimal(repr(parse_number(text)))).normalize():f}"
    return other.removeprefix("0") if text.strip().startswith(".") else other


def _near_word(token: str) -> tuple[str, ...]:
    """Return the guide's word that a word is closest to, if it is one."""
    return tuple(closest(token.lower(), WORDS)) if token.isalpha() and not is_missing(token) else ()


def _named_words(command: Command, token: str) -> tuple[str, ...]:
    """Return the words for a token such as the:2, which labels an entry, or temperature=2, an option."""
    if (found := _COLON_LABEL.fullmatch(token)) and is_number(found[2]):
        return (f"{found[1]}={found[2]}",)
    name, equals, value = token.partition("=")
    if equals and is_number(value) and len(name) > 1 and (meant := _meant_option(command, f"--{name}")):
        return (*meant, value) if len(meant) == 1 else (token,)
    return (token,)


def retyped(arguments: Sequence[str], way_out: Retype) -> str:
    """Return a command line with the words of a Retype replaced."""
    words: list[str] = []
    left = list(way_out.old)
    for word in map(_unescape, arguments):
        if left and word.strip() == left[0].strip():
            words += way_out.new if len(left) == len(way_out.old) else ()
            del left[0]
        else:
            words.append(word)
    return shlex.join(["aimath", *words])


def _unescape(word: str) -> str:
    """Return a word as it was typed, without the blank that keeps a minus from being an option's."""
    return word.removeprefix(" ") if word.startswith(" -") else word
