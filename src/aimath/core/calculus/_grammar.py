"""The formula language: from text to a list of parts, with a caret under whatever is wrong."""

from __future__ import annotations

import math
import re
from typing import NamedTuple, NoReturn

from aimath.errors import InputError, meant
from aimath.text import visible

LONGEST, MOST = 10_000, 6000
"""Characters and tokens of a formula."""
DIGITS = 400
"""Characters of one number."""
AROUND = 60
"""A mistake is shown with so many characters around it."""
# Every alternative is unambiguous, so that no text takes more than linear time.
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,6})?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|[-+*/^(),])"
    r"|(?P<blank>[ \t]+)"
)
_MEANT = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/",
    "π": "pi", "τ": "tau", "²": "^2", "³": "^3", "√": "sqrt(...)", "[": "(", "]": ")", "{": "(", "}": ")",
    "=": "name=number for a value", ";": ",",
}  # fmt: skip


class Token(NamedTuple):
    """A word of a formula: text[start:end], `**` as `^`."""

    kind: str  # "number", "name", "sign", "end"
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Cut a formula into tokens, the last being its end; limits come before any other work.

    >>> [token.text for token in tokens("2**x_1")]
    ['2', '^', 'x_1', '']
    """
    if len(text.strip(" \t")) > LONGEST:
        raise InputError(f"the formula has {len(text)} characters; the limit is {LONGEST}", usage=True)
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _stranger(text, place)
        kind = match.lastgroup or ""
        if kind != "blank":
            found.append(_checked(text, Token(kind, match[0].replace("**", "^"), place, match.end())))
        place = match.end()
        if len(found) > MOST:
            why = f"the formula has more than {MOST} numbers, names and signs"
            raise InputError(why, shown=point_at(text, found[-1].start), usage=True)
    end = len(text.rstrip(" \t"))
    return [*found, Token("end", "", end, end)]


def _checked(text: str, token: Token) -> Token:
    longest = {"number": DIGITS, "name": 64}.get(token.kind, 2)
    if len(token.text) > longest:
        why = f"a {token.kind} has more than {longest} characters"
        raise InputError(why, shown=point_at(text, token.start), usage=True)
    return token


def _stranger(text: str, place: int) -> InputError:
    """Name a character that the language doesn't have; most have a twin that it has."""
    sign = text[place]
    code = f"U+{ord(sign):04X}"
    shown = f"'{sign}' ({code})" if sign.isprintable() and not sign.isspace() else code
    why = f"{shown} has no place in a formula"
    meant = _MEANT.get(sign, "")
    hint = f"write {meant}" if meant else ""
    if sign == "_":
        hint = "a name begins with a letter"
    return InputError(why, hint=hint, shown=point_at(text, place), usage=True)


def point_at(text: str, place: int) -> str:
    r"""Show a formula around a place, with a caret under it.

    >>> print(point_at("2*x + * 3", 6))
    2*x + * 3
          ^
    """
    start = max(0, min(place - AROUND // 2, len(text) - AROUND))
    piece = text[start : start + AROUND].replace("\t", " ")  # as an escape it would move the caret
    before = "..." * (start > 0) + visible(piece[: place - start])
    line = before + visible(piece[place - start :]) + "..." * (start + AROUND < len(text))
    return f"{line}\n{' ' * len(before)}^"


def short(text: str, room: int = AROUND) -> str:
    r"""Give a user's text in one line: what can't be seen as escapes, the end of a long one left out.

    >>> short("a +\t b"), short("a + b + c", 6)
    ('a + b', 'a +...')
    """
    text = re.sub("[ \t]+", " ", text).strip(" ")
    return visible(text if len(text) <= room else f"{text[: room - 3]}...")


DEEPEST, SIGNS = 100, 50
"""Brackets within brackets, and signs in a row."""
CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}
ARGUMENTS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"), (1, 1)),
    **dict.fromkeys(("exp", "log", "ln", "log2", "log10", "log1p", "expm1", "sqrt", "cbrt"), (1, 1)),
    **dict.fromkeys(("abs", "sign", "sigmoid", "relu", "softplus", "gelu", "erf"), (1, 1)),
    **dict.fromkeys(("min", "max"), (2, None)),
    "logsumexp": (1, None),
}
"""The functions: how many arguments each takes, at least and at most."""
BINARY = {"+": (1, "add"), "-": (1, "sub"), "*": (2, "mul"), "/": (2, "div"), "^": (4, "pow")}
SIGN = 3
"""A sign binds tighter than a product and looser than a power: -x^2 is -(x^2)."""


class Part(NamedTuple):
    """A number, a variable, or an operation on earlier parts of the list."""

    op: str  # "number", "variable", "neg", "add", ..., or a function's name
    args: tuple[int, ...]  # places in the list
    value: float  # of a number
    name: str  # of a variable
    start: int  # the part is text[start:end]
    end: int


class _Open(NamedTuple):
    """What waits on the stack: an operator for its right side, a bracket for its end."""

    kind: str  # "binary", "sign", "bracket", "function"
    token: Token
    strength: int = 0
    op: str = ""
    before: int = 0  # of a function: operands that stood on the stack before its arguments


class _Operand(NamedTuple):
    """A finished part, with the brackets around it."""

    part: int
    start: int
    end: int


def parse(text: str) -> list[Part]:
    """Give the parts of a formula in the order of evaluation, the whole formula last.

    Precedence and associativity are Python's, `^` being `**`: -x^2 is -(x^2), 2^3^2 is 2^9, 6/x/2 is
    (6/x)/2.

    >>> [part.op for part in parse("2*x^2")]
    ['number', 'variable', 'number', 'pow', 'mul']
    """
    return _Parser(text).parts()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens = text, tokens(text)
        self.made: list[Part] = []
        self.operands: list[_Operand] = []
        self.opened: list[_Open] = []
        self.depth = self.signs = 0

    def parts(self) -> list[Part]:
        """Read all tokens: an operand and what stands behind it, turn by turn."""
        wants_operand, k = True, 0
        while self.tokens[k].kind != "end":
            read = self._operand if wants_operand else self._behind
            wants_operand, k = read(k)
        if wants_operand:
            self._missing(self.tokens[k])
        self._reduce(0)
        if self.opened:
            self._fail(self.opened[-1].token, "the bracket is never closed", "add a )")
        return self.made

    def _operand(self, k: int) -> tuple[bool, int]:
        """Read where an operand must begin; give whether one is wanted still, and the next place."""
        token = self.tokens[k]
        self.signs = self.signs + 1 if token.text in ("+", "-") else 0
        if self.signs > SIGNS:
            self._fail(token, f"more than {SIGNS} signs in a row", "")
        if token.text in ("+", "-"):
            self.opened.append(_Open("sign", token, SIGN, "neg" if token.text == "-" else ""))
            return True, k + 1
        if token.text == "(":
            self._open(_Open("bracket", token))
            return True, k + 1
        if token.kind == "number":
            self._number(token)
            return False, k + 1
        if token.kind == "name":
            return self._name(k)
        if token.text == ")" and self.opened and self.opened[-1].kind == "function":
            frame = self.opened[-1]
            if len(self.operands) == frame.before and self.tokens[k - 1].text == "(":
                self._wrong_count(frame, 0)
        return self._missing(token)

    def _behind(self, k: int) -> tuple[bool, int]:
        """Read where an operand has ended: an operator, a comma, a bracket's end."""
        token = self.tokens[k]
        if token.text in BINARY:
            strength, op = BINARY[token.text]
            # A power takes its right side first: of equals it waits.
            self._reduce(strength + 1 if op == "pow" else strength)
            self.opened.append(_Open("binary", token, strength, op))
            return True, k + 1
        if token.text == ",":
            self._reduce(0)
            if not self.opened or self.opened[-1].kind != "function":
                self._fail(token, "a comma stands between the arguments of a function only", "")
            return True, k + 1
        if token.text == ")":
            self._reduce(0)
            if not self.opened:
                self._fail(token, "there is no ( for this )", "")
            self._close(token)
            return False, k + 1
        left, right = self.tokens[k - 1], token
        written = f"{left.text}{' ' * (left.end < right.start)}{right.text}"
        why = f"an operator is missing before '{token.text}'"
        return self._fail(token, why, f"{written}: write {left.text}*{right.text}")

    def _number(self, token: Token) -> None:
        value = float(token.text)
        if math.isinf(value):
            self._fail(token, "the number overflows float64", "")
        self._push(Part("number", (), value, "", token.start, token.end))

    def _name(self, k: int) -> tuple[bool, int]:
        token, name = self.tokens[k], self.tokens[k].text
        called = self.tokens[k + 1].text == "("
        if name in ARGUMENTS:
            if not called:
                self._fail(token, f"{name} is a function", f"write {name}(...)")
            self._open(_Open("function", token, op=name, before=len(self.operands)))
            return True, k + 2
        if called:
            factor = name in CONSTANTS or len(name) == 1
            what = "is a constant, not a function" if name in CONSTANTS else "is not a known function"
            hint = meant(name, () if factor else ARGUMENTS, f"write {name}*(...)")
            self._fail(token, f"{name} {what}", hint)
        if name in CONSTANTS:
            self._push(Part("number", (), CONSTANTS[name], name, token.start, token.end))
        else:
            self._push(Part("variable", (), 0.0, name, token.start, token.end))
        return False, k + 1

    def _open(self, frame: _Open) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            self._fail(frame.token, f"brackets nest deeper than {DEEPEST}", "")
        self.opened.append(frame)

    def _close(self, token: Token) -> None:
        frame = self.opened.pop()
        self.depth -= 1
        if frame.kind == "bracket":
            inner = self.operands.pop()
            self.operands.append(_Operand(inner.part, frame.token.start, token.end))
            return
        count = len(self.operands) - frame.before
        least, most = ARGUMENTS[frame.op]
        if count < least or (most is not None and count > most):
            self._wrong_count(frame, count)
        args = tuple(operand.part for operand in self.operands[frame.before :])
        del self.operands[frame.before :]
        self._push(Part(frame.op, args, 0.0, "", frame.token.start, token.end))

    def _reduce(self, strength: int) -> None:
        """Finish what waits and binds at least as tightly."""
        while self.opened and self.opened[-1].strength >= max(strength, 1):
            frame = self.opened.pop()
            right = self.operands.pop()
            if frame.kind == "binary":
                left = self.operands.pop()
                self._push(Part(frame.op, (left.part, right.part), 0.0, "", left.start, right.end))
            elif frame.op:
                self._push(Part(frame.op, (right.part,), 0.0, "", frame.token.start, right.end))
            else:
                self.operands.append(_Operand(right.part, frame.token.start, right.end))

    def _push(self, part: Part) -> None:
        self.made.append(part)
        self.operands.append(_Operand(len(self.made) - 1, part.start, part.end))

    def _missing(self, token: Token) -> NoReturn:
        if token.kind == "end":
            whole = "the formula is empty" if len(self.tokens) == 1 else "the formula ends too early"
            self._fail(token, whole, "a number, a name or a ( is missing")
        self._fail(token, f"'{token.text}' stands where a number, a name or a ( is wanted", "")

    def _wrong_count(self, frame: _Open, count: int) -> NoReturn:
        least, most = ARGUMENTS[frame.op]
        wanted = str(least) if most == least else f"at least {least}"
        many = "s" * (least != 1)
        self._fail(frame.token, f"{frame.op} takes {wanted} argument{many}, not {count}", "")

    def _fail(self, token: Token, why: str, hint: str) -> NoReturn:
        shown = point_at(self.text, token.start) if self.text.strip() else ""
        raise InputError(why, hint=hint, shown=shown, usage=True)
