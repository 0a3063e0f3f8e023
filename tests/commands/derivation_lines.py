"""The equations in a derivation, with each side evaluated anew from the digits that are shown.

It shares no code with aimath. A shown number stands for the interval of all that is shown so, which mpmath
carries through the operations; an equation is false if the intervals of its two sides don't meet.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from mpmath import iv, mp

if TYPE_CHECKING:
    from collections.abc import Iterator

mp.dps = iv.dps = 60
COLUMN_DIGITS = 4
LEAST, MOST = mp.ldexp(1, -1074), mp.mpf(sys.float_info.max)
NUMBER = r"(?<![\w.])(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|inf)(?!\w)"
SIGNED = re.compile(rf"([-+]?)({NUMBER})")
NUMBERS = re.compile(rf"(([-+]?{NUMBER}|…)( |$))+")
PYTHON = str.maketrans({"·": "*", "×": "*", "^": "**", "²": "**2", "'": "ˈ"})
UNITS = {"%": iv.mpf("0.01"), "nats": iv.mpf(1), "bits": iv.ln(2), "hartleys": iv.ln(10)}


def _rising(function):
    """Return a function of intervals for a non-decreasing one of numbers."""
    return lambda x: iv.mpf([function(mp.mpf(x.a)), function(mp.mpf(x.b))])


CONSTANTS = {"pi": iv.pi, "π": iv.pi, "e": iv.e}
FUNCTIONS = {name: _rising(getattr(mp, name)) for name in ("exp", "ln", "sqrt", "tanh", "sinh", "atan")} | {
    **{f"log{base}": _rising(lambda x, base=base: mp.log(x, base)) for base in (2, 3, 10)},
    "log": _rising(mp.ln),
    "sin": iv.sin,
    "cos": iv.cos,
    "cosh": lambda x: (iv.exp(x) + iv.exp(-x)) / 2,
    "sigmoid": _rising(lambda x: 1 / (1 + mp.exp(-x))),
    "relu": _rising(lambda x: max(x, mp.mpf(0))),
    "gelu": lambda x: x * _rising(mp.ncdf)(x),
    "abs": abs,
}


class Equation(NamedTuple):
    """The values of two sides of an `=`, or of what a table has in place of one."""

    line: str
    left: Any
    right: Any

    @property
    def is_bounded(self) -> bool:
        """Whether neither side could be anything, as 0 · inf could."""
        return all((side.a, side.b) != (-mp.inf, mp.inf) for side in self[1:])

    @property
    def holds(self) -> bool:
        """Whether the digits shown let both sides be the same, which ends where float64 does."""
        sides = ((self.left, self.right), (self.right, self.left))
        return all(one.a - LEAST <= other.b or other.b > MOST or one.a < -MOST for one, other in sides)


@cache
def shown_interval(text: str, digits: int, *, exact_below: int = 0) -> Any:
    """Return all numbers shown as `text`, in at least so many digits but without zeros at their end.

    A whole number of fewer than `exact_below` digits is only itself.
    """
    value = iv.mpf(text)
    if text in {"0", "inf"} or (text.isdigit() and len(text) < exact_below):
        return value
    mantissa, _, exponent = text.partition("e")
    last_place = int(exponent or 0) - len(mantissa.partition(".")[2])
    if value != 0:
        last_place = min(last_place, int(mp.floor(mp.log10(mp.mpf(text)))) - digits + 1)
    return value + iv.mpf([-1, 1]) * iv.mpf(10) ** last_place / 2


@cache
def _compiled(text: str) -> Any:
    """Return a calculation as Python code, or None for what is none, or is only a name."""
    code = re.sub(r"√(\([^()]*\)|[\w.']+)", r"sqrt(\1)", text)
    code = re.sub(r"\b(ln|exp|log\d+) ([-+]?[\w.]+)", r"\1(\2)", code)
    code = re.sub(r"\|([^|]+)\|", r"abs(\1)", code)
    code = re.sub(NUMBER, r'number("\g<0>")', code).translate(PYTHON)
    try:
        return None if code.isidentifier() else compile(code, text, "eval")
    except SyntaxError:
        return None


def evaluate(text: str, names: dict[str, Any], digits: int) -> Any:
    """Return the value of a text that is nothing but a calculation, else None.

    Whole numbers in it are exact: ln 1 is 0. A number alone is an outcome, where 1 may be 1.0000001.
    """
    text = text.strip(" ,;.:")
    if alone := SIGNED.fullmatch(text):
        return shown_interval(alone[2], digits) * (-1 if alone[1] == "-" else 1)
    code = _compiled(text)
    number = {"number": lambda shown: shown_interval(shown, digits, exact_below=6), "__builtins__": {}}
    try:
        value = eval(code, names | FUNCTIONS | number) if code else None  # noqa: S307
    except Exception:  # noqa: BLE001
        return None  # a name that no number has been given
    return value if isinstance(value, type(UNITS["%"])) else None


def name_at_end(text: str) -> str:
    """Return the name that a text ends with, alone or behind a word."""
    before, _, word = text.strip().rpartition(" ")
    name = word.removesuffix("_i").translate(PYTHON)
    return name if name.isidentifier() and re.search(r"[a-z]{2}$|^\d*$|[,✓]$", before) else ""


class Derivation:
    """What a derivation has given names so far: numbers, as in `lr 0.1` and `L = 9`, and formulas."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.numbers: dict[str, Any] = dict(CONSTANTS)
        self.formulas: dict[str, str] = {}

    def value_at_start(self, text: str) -> tuple[Any, str]:
        """Return the value of what a text begins with, and its unit; None unless words follow it."""
        words = text.split()
        for end in range(len(words), 0, -1):
            value = evaluate(" ".join(words[:end]), self.numbers, self.digits)
            after = "".join(words[end : end + 1])
            if value is not None:
                return (None, "") if re.match(r"[-+·*×/√|…\d]", after) else (value, after.strip(",;."))
        return None, ""

    def value_at_end(self, text: str, **names: Any) -> tuple[Any, str]:
        """Return the value of what a text ends with, and its unit; None unless words lead up to it."""
        *words, unit = text.split() or [""]
        words, unit = (words, unit) if unit in UNITS else ([*words, unit], "")
        for start, word in enumerate(words):
            before = words[start - 1] if start else ":"
            is_function = re.split(r"\W", before)[-1] in FUNCTIONS
            if re.search(r"[^\W\d][)']*$|[:,;<✓]$", before) and not is_function and word not in "+-":
                value = evaluate(" ".join(words[start:]), self.numbers | names, self.digits)
                if value is not None:
                    return value, unit
        return None, ""

    def in_clause(self, text: str) -> Iterator[Equation]:
        """Yield the equations of a chain, and keep what it gives a name."""
        sides = re.split(r"(?:^|\s)=\s", re.sub(r"^ *\d (?=[^\W\d])", "", text))
        for left, right in pairwise(sides):
            (one, unit), (other, other_unit) = self.value_at_end(left), self.value_at_start(right)
            if one is not None and other is not None:
                both = unit in UNITS and other_unit in UNITS  # else the unit of one is that of both
                one, other = (
                    value * UNITS[own] if both or own == "%" else value
                    for value, own in ((one, unit), (other, other_unit))
                )
                yield Equation(text.strip(), one, other)
        for k, left in enumerate(sides[:-1]):
            if name := name_at_end(left):
                values = (self.value_at_start(side)[0] for side in sides[k + 1 :])
                value = next((value for value in values if value is not None), None)
                kept: dict[str, Any] = self.formulas if value is None else self.numbers
                kept[name] = sides[k + 1] if value is None else value
        if setting := re.fullmatch(rf" ?(\S+) ({NUMBER})", text):
            self.numbers[name_at_end(setting[1])] = shown_interval(setting[2], self.digits)

    def in_row(self, row: dict[str, str]) -> Iterator[Equation]:
        """Yield the equations of a table's row, head: cell."""
        numbers = {
            head: evaluate(cell, {}, COLUMN_DIGITS) for head, cell in row.items() if SIGNED.fullmatch(cell)
        }
        names = {name_at_end(head): number for head, number in numbers.items()}
        line = "  ".join(f"{head}: {cell}" for head, cell in row.items())
        for head, number in numbers.items():  # the column has a formula, or its head is one: "p · ln(1/q)"
            said, own = (re.sub(r"_[it]\b", "", f) for f in (self.formulas.get(name_at_end(head), ""), head))
            values = [evaluate(said, self.numbers | names, COLUMN_DIGITS)]
            if re.search(r"[-+·*/]", own):
                values.append(self.value_at_end(own.rpartition("= ")[2], **names)[0])
            yield from (Equation(line, value, number) for value in values if value is not None)
        for (head, cell), (after, _) in pairwise(row.items()):  # a calculation, or a name, before its value
            name, _, formula = cell.rpartition("= ")
            if head not in numbers and after in numbers and re.search(r"[·*/(^]| = |^[^\W\d]\w*$", cell):
                value = evaluate(formula, self.numbers, self.digits)
                yield from [Equation(line, value, numbers[after])] * (value is not None)
                self.numbers[name_at_end(name or formula)] = numbers[after]
        if {"derivative", "× upstream", "= gradient"} <= numbers.keys():
            product = numbers["derivative"] * numbers["× upstream"]
            yield Equation(line, product, numbers["= gradient"])


def equations(text: str, digits: int = 6) -> Iterator[Equation]:
    """Yield the equations of a derivation, in lines and tables, of which both sides can be evaluated.

    Numbers of its lines are shown in so many `digits` or more, those of its tables in 4 or more.
    """
    return (equation for equation in _equations(text, digits) if equation.is_bounded)


def _equations(text: str, digits: int) -> Iterator[Equation]:
    derivation = Derivation(digits)
    heads, named_rows, rows = [""], False, list[dict[str, str]]()
    # What was broken before an operator, or behind a function, is joined again.
    joined = re.sub(r"\n +(?=[-+·*×/=] )|(?<=[-+·/=] ln)\n +|(?<=[-+·/=] exp)\n +", " ", text)
    for line in [*joined.splitlines(), ""]:
        cells = re.split(r" {2,}", re.sub("[│├└]─?", " ", line).strip())
        if any(map(NUMBERS.fullmatch, cells[1:])):
            if len(cells) > len(heads) - named_rows:
                rows.append(dict(zip(heads, cells[1 - named_rows :], strict=False)))
        elif not line.startswith(" …"):
            for row in reversed(rows):  # of a tree the last ones are the first to be known
                yield from derivation.in_row(row)
            heads, named_rows, rows = cells, line[1:2] != " ", []
            for clause in re.split(r" {3,}", line):
                yield from derivation.in_clause(clause)
        if not line:  # another row of the input follows
            derivation.numbers = dict(CONSTANTS)
