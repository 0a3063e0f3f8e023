"""Tokenizer and operator-precedence parser of the formula language."""

from __future__ import annotations

import math
import re
from typing import NamedTuple, NoReturn

from aimath.errors import InputError, suggest
from aimath.text import escape_unprintable

MAX_CHARACTERS, MAX_TOKENS = 10_000, 6000
"""Characters and tokens of a formula."""
MAX_NUMBER_CHARACTERS = 400
"""Characters of one number."""
CONTEXT_WIDTH = 60
"""A mistake is shown with so many characters around it."""
# Every alternative is unambiguous, so that no text takes more than linear time.
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,6})?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|[-+*/^(),−×·⋅∗÷∕])"
    r"|(?P<blank>[ \t]+)"
    r"|(?P<constant>[πτ])"
    r"|(?P<superscript>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    r"|(?P<root>√[ \t]*)"
)
_ASCII_SIGNS = {"**": "^", "−": "-", "×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/"}
_ASCII_CONSTANTS = {"π": "pi", "τ": "tau"}
_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_LOOKALIKES = {
    "–": "-", "—": "-", "‐": "-", "[": "(", "]": ")", "{": "(", "}": ")",
    "=": "name=number for a value", ";": ",",
}  # fmt: skip


class Token(NamedTuple):
    """A token of a formula: text[start:end], as ASCII writes it: `**` and what is raised as `^`, π as pi."""

    kind: str  # "number", "name", "sign", "end"
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a formula, the last being its end; limits are checked first.

    >>> [token.text for token in tokenize("2**x_1")]
    ['2', '^', 'x_1', '']
    >>> [token.text for token in tokenize("π·√x − y²")]
    ['pi', '*', 'sqrt', '(', 'x', ')', '-', 'y', '^', '2', '']
    """
    if len(text.strip(" \t")) > MAX_CHARACTERS:
        raise InputError(f"the formula has {len(text)} characters; the limit is {MAX_CHARACTERS}", usage=True)
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unknown_character(text, place)
        made = _tokens_of(text, match)
        found += [_check_token_length(text, token) for token in made]
        place = max([match.end(), *(token.end for token in made)])
        if len(found) > MAX_TOKENS:
            why = f"the formula has more than {MAX_TOKENS} numbers, names and signs"
            raise InputError(why, snippet=format_caret(text, found[-1].start), usage=True)
    end = len(text.rstrip(" \t"))
    return [*found, Token("end", "", end, end)]


def _tokens_of(text: str, match: re.Match[str]) -> list[Token]:
    """Return the tokens that a piece of a formula stands for: none of blanks, several of x² and √x."""
    kind, word, start, end = match.lastgroup or "", match[0], match.start(), match.end()
    if kind == "blank":
        return []
    if kind == "constant":
        return [Token("name", _ASCII_CONSTANTS[word], start, end)]
    if kind == "superscript":
        raised = word.translate(_SUPERSCRIPTS)
        sign = [Token("sign", raised[0], start, start + 1)] if raised[0] in "+-" else []
        return [
            Token("sign", "^", start, start + 1),
            *sign,
            Token("number", raised.lstrip("+-"), start + len(sign), end),
        ]
    if kind == "root":
        return _root_tokens(text, start, end)
    return [Token(kind, _ASCII_SIGNS.get(word, word), start, end)]


def _root_tokens(text: str, start: int, end: int) -> list[Token]:
    """Return the tokens of √ and what it is taken of: one number or name, or what stands in brackets."""
    root, inner = Token("name", "sqrt", start, start + 1), _TOKEN.match(text, end)
    if text[end : end + 1] == "(":
        return [root]
    after = _TOKEN.match(text, inner.end()) if inner else None
    raised = after is not None and (after.lastgroup == "superscript" or after[0] in ("^", "**", "("))
    if inner is None or inner.lastgroup not in ("number", "name", "constant") or raised:
        why = "what √ is taken of isn't clear"
        raise InputError(why, hint="write √(...)", snippet=format_caret(text, start), usage=True)
    opening, closing = Token("sign", "(", end, end), Token("sign", ")", inner.end(), inner.end())
    return [root, opening, *_tokens_of(text, inner), closing]


def _check_token_length(text: str, token: Token) -> Token:
    longest = {"number": MAX_NUMBER_CHARACTERS, "name": 64}.get(token.kind, 2)
    if len(token.text) > longest:
        why = f"a {token.kind} has more than {longest} characters"
        raise InputError(why, snippet=format_caret(text, token.start), usage=True)
    return token


def _unknown_character(text: str, place: int) -> InputError:
    """Return the error for a character outside the language, with a look-alike as hint."""
    sign = text[place]
    code = f"U+{ord(sign):04X}"
    shown = f"'{sign}' ({code})" if sign.isprintable() and not sign.isspace() else code
    why = f"{shown} has no place in a formula"
    meant = _LOOKALIKES.get(sign, "")
    hint = f"write {meant}" if meant else ""
    if sign == "|":
        hint = f"write abs({text[place + 1 :].partition(sign)[0].strip(' ')[:CONTEXT_WIDTH] or '...'})"
    if sign == "." and re.split(r"\W", text[:place])[-1] in _MODULES:
        name = re.split(r"\W", text[place + 1 :])[0]
        hint = f"write {name[:CONTEXT_WIDTH]} without what stands before it"
    if sign == "_":
        hint = "a name begins with a letter"
    return InputError(why, hint=hint, snippet=format_caret(text, place), usage=True)


def format_caret(text: str, place: int) -> str:
    r"""Return an excerpt of a formula with a caret under a position.

    >>> print(format_caret("2*x + * 3", 6))
    2*x + * 3
          ^
    """
    start = max(0, min(place - CONTEXT_WIDTH // 2, len(text) - CONTEXT_WIDTH))
    piece = text[start : start + CONTEXT_WIDTH].replace("\t", " ")  # as an escape it would move the caret
    before = "..." * (start > 0) + escape_unprintable(piece[: place - start])
    line = before + escape_unprintable(piece[place - start :]) + "..." * (start + CONTEXT_WIDTH < len(text))
    return f"{line}\n{' ' * len(before)}^"


_MODULES = ("np", "numpy", "math", "torch", "F", "nn", "tf", "jnp")
"""What stands before a function's name in Python."""
MAX_NESTING, MAX_SIGNS = 100, 50
"""Brackets within brackets, and signs in a row."""
CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}
ARITY: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"), (1, 1)),
    **dict.fromkeys(("exp", "log", "ln", "log2", "log10", "log1p", "expm1", "sqrt", "cbrt"), (1, 1)),
    **dict.fromkeys(("abs", "sign", "sigmoid", "relu", "softplus", "gelu", "erf"), (1, 1)),
    **dict.fromkeys(("min", "max"), (2, None)),
    "logsumexp": (1, None),
    **dict.fromkeys(("mean", "sum"), (1, 1)),
}
"""The functions: how many arguments each takes, at least and at most."""
REDUCTIONS = ("mean", "sum")
"""What goes over the rows of data."""
BINARY_OPERATORS = {"+": (1, "add"), "-": (1, "sub"), "*": (2, "mul"), "/": (2, "div"), "^": (4, "pow")}
SIGN_PRECEDENCE = 3
"""A sign binds tighter than a product and looser than a power: -x^2 is -(x^2)."""


class ParseNode(NamedTuple):
    """A number, a variable, or an operation on earlier nodes of the list."""

    op: str  # "number", "variable", "neg", "add", ..., or a function's name
    args: tuple[int, ...]  # places in the list
    value: float  # of a number
    name: str  # of a variable
    start: int  # the part is text[start:end]
    end: int


class _StackFrame(NamedTuple):
    """A stack frame of the parser: an operator or an open bracket."""

    kind: str  # "binary", "sign", "bracket", "function"
    token: Token
    precedence: int = 0
    op: str = ""
    operand_count: int = 0  # of a function: operands that stood on the stack before its arguments


class _Operand(NamedTuple):
    """A finished part, with the brackets around it."""

    node: int
    start: int
    end: int


def parse(text: str) -> list[ParseNode]:
    """Return the parse nodes of a formula in order of evaluation, the whole formula last.

    Precedence and associativity are Python's, `^` being `**`: -x^2 is -(x^2), 2^3^2 is 2^9, 6/x/2 is
    (6/x)/2.

    >>> [node.op for node in parse("2*x^2")]
    ['number', 'variable', 'number', 'pow', 'mul']
    """
    return _Parser(text).parse()


def formula_names(text: str) -> tuple[str, ...]:
    """Return the names of a formula that are no functions and no constants, as they appear.

    >>> formula_names("mean((w*x - y)^2)")
    ('w', 'x', 'y')
    """
    found = sorted((part for part in parse(text) if part.op == "variable"), key=lambda part: part.start)
    return tuple(dict.fromkeys(part.name for part in found))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens = text, tokenize(text)
        self.nodes: list[ParseNode] = []
        self.operands: list[_Operand] = []
        self.frames: list[_StackFrame] = []
        self.depth = self.sign_count = 0

    def parse(self) -> list[ParseNode]:
        """Return the parse nodes, reading operands and operators in turn."""
        wants_operand, k = True, 0
        while self.tokens[k].kind != "end":
            read = self._read_operand if wants_operand else self._read_operator
            wants_operand, k = read(k)
        if wants_operand:
            self._fail_missing_operand(self.tokens[k])
        self._reduce(0)
        if self.frames:
            self._fail(self.frames[-1].token, "the bracket is never closed", "add a )")
        return self.nodes

    def _read_operand(self, k: int) -> tuple[bool, int]:
        """Return whether an operand is still wanted and the next position, after reading one token."""
        token = self.tokens[k]
        self.sign_count = self.sign_count + 1 if token.text in ("+", "-") else 0
        if self.sign_count > MAX_SIGNS:
            self._fail(token, f"more than {MAX_SIGNS} signs in a row", "")
        if token.text in ("+", "-"):
            self.frames.append(
                _StackFrame("sign", token, SIGN_PRECEDENCE, "neg" if token.text == "-" else "")
            )
            return True, k + 1
        if token.text == "(":
            self._push_frame(_StackFrame("bracket", token))
            return True, k + 1
        if token.kind == "number":
            self._push_number(token)
            return False, k + 1
        if token.kind == "name":
            return self._read_name(k)
        if token.text == ")" and self.frames and self.frames[-1].kind == "function":
            frame = self.frames[-1]
            if len(self.operands) == frame.operand_count and self.tokens[k - 1].text == "(":
                self._fail_arity(frame, 0)
        return self._fail_missing_operand(token)

    def _read_operator(self, k: int) -> tuple[bool, int]:
        """Return whether an operand is wanted and the next position, after an operator or bracket."""
        token = self.tokens[k]
        if token.text in BINARY_OPERATORS:
            strength, op = BINARY_OPERATORS[token.text]
            # A power takes its right side first: of equals it waits.
            self._reduce(strength + 1 if op == "pow" else strength)
            self.frames.append(_StackFrame("binary", token, strength, op))
            return True, k + 1
        if token.text == ",":
            self._reduce(0)
            if not self.frames or self.frames[-1].kind != "function":
                self._fail(token, "a comma stands between the arguments of a function only", "")
            return True, k + 1
        if token.text == ")":
            self._reduce(0)
            if not self.frames:
                self._fail(token, "there is no ( for this )", "")
            self._close_bracket(token)
            return False, k + 1
        left, right = (self.text[one.start : one.end] for one in (self.tokens[k - 1], token))
        written = f"{left}{' ' * (self.tokens[k - 1].end < token.start)}{right}"
        why = f"an operator is missing before '{right}'"
        return self._fail(token, why, f"{written}: write {left}*{right}")

    def _push_number(self, token: Token) -> None:
        value = float(token.text)
        if math.isinf(value):
            self._fail(token, "the number overflows float64", "")
        self._push_node(ParseNode("number", (), value, "", token.start, token.end))

    def _read_name(self, k: int) -> tuple[bool, int]:
        token, name = self.tokens[k], self.tokens[k].text
        called = self.tokens[k + 1].text == "("
        if name in ARITY:
            if not called:
                self._fail(token, f"{name} is a function", f"write {name}(...)")
            self._push_frame(_StackFrame("function", token, op=name, operand_count=len(self.operands)))
            return True, k + 2
        if called:
            factor = name in CONSTANTS or len(name) == 1 or not name.isalpha()
            what = "is a constant, not a function" if name in CONSTANTS else "is not a known function"
            known = f"the functions are {', '.join(sorted(ARITY))}"
            hint = f"write {name}*(...)" if factor else suggest(name, ARITY, known)
            self._fail(token, f"{name} {what}", hint)
        if name in CONSTANTS:
            self._push_node(ParseNode("number", (), CONSTANTS[name], name, token.start, token.end))
        else:
            self._push_node(ParseNode("variable", (), 0.0, name, token.start, token.end))
        return False, k + 1

    def _push_frame(self, frame: _StackFrame) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            self._fail(frame.token, f"brackets nest deeper than {MAX_NESTING}", "")
        self.frames.append(frame)

    def _close_bracket(self, token: Token) -> None:
        frame = self.frames.pop()
        self.depth -= 1
        if frame.kind == "bracket":
            inner = self.operands.pop()
            self.operands.append(_Operand(inner.node, frame.token.start, token.end))
            return
        count = len(self.operands) - frame.operand_count
        least, most = ARITY[frame.op]
        if count < least or (most is not None and count > most):
            self._fail_arity(frame, count)
        args = tuple(operand.node for operand in self.operands[frame.operand_count :])
        del self.operands[frame.operand_count :]
        self._push_node(ParseNode(frame.op, args, 0.0, "", frame.token.start, token.end))

    def _reduce(self, precedence: int) -> None:
        """Pop operators of at least this precedence and push their nodes."""
        while self.frames and self.frames[-1].precedence >= max(precedence, 1):
            frame = self.frames.pop()
            right = self.operands.pop()
            if frame.kind == "binary":
                left = self.operands.pop()
                self._push_node(ParseNode(frame.op, (left.node, right.node), 0.0, "", left.start, right.end))
            elif frame.op:
                self._push_node(ParseNode(frame.op, (right.node,), 0.0, "", frame.token.start, right.end))
            else:
                self.operands.append(_Operand(right.node, frame.token.start, right.end))

    def _push_node(self, part: ParseNode) -> None:
        self.nodes.append(part)
        self.operands.append(_Operand(len(self.nodes) - 1, part.start, part.end))

    def _fail_missing_operand(self, token: Token) -> NoReturn:
        if token.kind == "end":
            whole = "the formula is empty" if len(self.tokens) == 1 else "the formula ends too early"
            self._fail(token, whole, "a number, a name or a ( is missing")
        self._fail(token, f"'{token.text}' stands where a number, a name or a ( is wanted", "")

    def _fail_arity(self, frame: _StackFrame, count: int) -> NoReturn:
        least, most = ARITY[frame.op]
        wanted = str(least) if most == least else f"at least {least}"
        many = "s" * (least != 1)
        self._fail(frame.token, f"{frame.op} takes {wanted} argument{many}, not {count}", "")

    def _fail(self, token: Token, why: str, hint: str) -> NoReturn:
        shown = format_caret(self.text, token.start) if self.text.strip() else ""
        raise InputError(why, hint=hint, snippet=shown, usage=True)
