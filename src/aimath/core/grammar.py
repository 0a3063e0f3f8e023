"""The formula language: from text to a list of parts, with a caret under whatever is wrong.

A small precedence parser of our own, because Python's can't be trusted with a stranger's text: it
crashes on deep nesting, warns, folds ｅｘｐ to exp and knows no place for a missing operator. This
one holds its own stacks, so that no text nests it deeper than a list can be long.
"""

from __future__ import annotations

import math
from typing import NamedTuple, NoReturn

from aimath.core.tokens import Token, point_at, tokens
from aimath.errors import InputError, meant

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
