"""Mistakes of a command line that no parser tells: an empty value, an option twice, or for nothing.

An option for nothing is one that can't change the answer beside the others. Which those are a command
declares (Applies), or its usages say: an operand's flag belongs to those that name the operand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimath.cli.options import SEED
from aimath.errors import InputError, Retype
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aimath.cli.command import Command, Param
    from aimath.cli.options import Applies


class _Spoken(NamedTuple):
    """What a command line says: the values of each parameter, every time it is given, and the operands."""

    values: Mapping[str, list[tuple[str, ...]]]
    operands: Sequence[str]

    def draws(self) -> bool:
        """Return whether an operand is drawn at random."""
        texts = (*self.operands, *(text for times in self.values.values() for one in times for text in one))
        return any(text.strip().startswith("randn:") for text in texts)


def check_given(command: Command, args: Sequence[str]) -> None:
    """Raise InputError about an option without a value, one that is given twice, or one that does nothing."""
    spoken = _listen(command, args)
    params = {part.name: part for part in command.params}
    for name, times in spoken.values.items():
        part = params[name]
        for text in (text for one in times for text in one):
            if not (text if part.flags[0] == "--delimiter" else text.strip()):  # a blank can separate cells
                raise InputError("its value is empty", usage=True).within(part.flags[0])
        if len(times) > 1 and part.kind not in (bool, list[str]):
            shown = " and ".join(quote(" ".join(one)) for one in times[:2])
            raise InputError(f"{part.flags[0]} is given twice, {shown}", hint="give it once", usage=True)
    for error in _idle_options(command, spoken):
        raise error


def _listen(command: Command, args: Sequence[str]) -> _Spoken:
    """Return what a command line says. What is no option of the command is told of by its parser."""
    known = {flag: part for part in command.params for flag in part.flags}
    values: dict[str, list[tuple[str, ...]]] = {}
    operands: list[str] = []
    left = list(reversed(args))
    while left:
        word = left.pop()
        if word == "--":
            return _Spoken(values, [*operands, *reversed(left)])
        part, first = _find_option(known, word)
        if part is None:
            operands.append(word)
            continue
        more = [left.pop() for _ in range(min(part.nargs - len(first), len(left)))]
        values.setdefault(part.name, []).append((*first, *more))
    return _Spoken(values, operands)


def _find_option(known: Mapping[str, Param], word: str) -> tuple[Param | None, tuple[str, ...]]:
    """Return the option that a word is, and the value that is one word with it: --out=FILE, -k2."""
    flag, equals, value = word.partition("=")
    if flag in known:
        return known[flag], (value,) if equals and known[flag].nargs else ()
    short = known.get(word[:2])
    return (short, (word[2:],)) if short and short.nargs and word[:2] != "--" else (None, ())


def _idle_options(command: Command, spoken: _Spoken) -> Iterator[InputError]:
    """Yield an error for each option that does nothing beside the others."""
    from aimath.cli.runner.job import lone_options, select_usage  # noqa: PLC0415  not for help

    said = command.flags
    lone = lone_options(command, dict.fromkeys(spoken.values, True), spoken.operands)
    spoken = spoken._replace(values={**spoken.values, **{key: [] for key in lone}})
    usage = select_usage(command, dict.fromkeys(spoken.values, True))
    mine = {*usage.operands, *usage.selected_by, *usage.trailing, *usage.beside}
    for name in [key for key in spoken.values if key in command.operands and key not in mine]:
        owners = [form for form in command.usages if name in (*form.operands, *form.trailing)]
        selectors = [said[key] for key in usage.selected_by if key in spoken.values]
        if owners and selectors:
            yield _idle(said[name], f"beside {selectors[0]}", "leave out one of them")
        elif owners:
            need = said[owners[0].selected_by[0]]
            yield _idle(said[name], f"without {need}", f"try {owners[0].example or command.example}")
    chosen = () if spoken.operands else usage.selected_by  # an option that says what is asked for
    for rule in command.declared.applies:
        idle = [key for key in rule.options if key in spoken.values and key not in chosen]
        yield from _break_rule(command, spoken, rule, idle)
    seeded = command.name_of(SEED) is None and command.seed_option in spoken.values
    if seeded and not spoken.draws():
        yield _idle("--seed", "where no operand is drawn", "write a matrix as randn:MxN, or leave it out")


def _break_rule(
    command: Command, spoken: _Spoken, rule: Applies, named: Sequence[str]
) -> Iterator[InputError]:
    """Yield an error for each of the rule's options, those that are given, if they are for nothing here."""
    said, params = command.flags, {part.name: part for part in command.params}
    other = params[rule.beside]
    idle = [name for name in named if not (name == command.name_of(SEED) and spoken.draws())]
    if rule.values:
        times = spoken.values.get(other.name)
        value = times[-1][0].strip() if times and times[-1] else other.default
        word = next((word for word in spoken.operands if not times and word in other.choices), "")
        if word and named:
            yield InputError(
                f"{quote(word)} is a choice of {said[other.name]}",
                hint=Retype((word,), (said[other.name], word)),
                usage=True,
            )
            return
        if value in rule.values or value not in other.choices:  # of what is no choice its parser tells
            return
        where, out = (
            f"with {said[other.name]} {value}",
            f"it is for {' or '.join(filter(None, (', '.join(rule.values[:-1]), rule.values[-1])))}",
        )
    elif (other.name in spoken.values) == rule.given:
        return
    elif rule.given:
        where, out = f"without {said[other.name]}", f"add {said[other.name]}, or leave it out"
    else:
        where, out = f"beside {said[other.name]}", "leave out one of them"
    for name in idle:
        yield _idle(said[name], where, out)


def _idle(flag: str, where: str, hint: str) -> InputError:
    return InputError(f"{flag} does nothing {where}", hint=hint, usage=True)
