"""Text for terminals: escaping, quoting, display width and ASCII fallbacks."""

from __future__ import annotations

import re
import unicodedata
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TO_ASCII = str.maketrans(
    {
        "█": "#", "▉": "#", "▊": "#", "▋": "=", "▌": "=", "▍": "-", "▎": "-", "▏": "-",
        "▓": "+", "▒": "-", "░": ".", "▀": "'", "▄": ",", "▶": ">", "▲": "^", "●": "o", "○": "o",
        "─": "-", "│": "|", "├": "|", "└": "`", "┬": "+", "┤": "|", "┐": "+", "┌": "+", "┘": "+",
        "·": "*", "×": "x", "−": "-", "…": "...", "←": "<-", "→": "->", "≥": ">=", "≤": "<=", "≈": "~",
        "≠": "!=", "±": "+-", "∝": "~", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"',
        "Σ": "sum", "Π": "prod", "√": "sqrt", "∫": "int", "∂": "d", "∇": "grad", "Δ": "D",
        "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "eps", "η": "eta", "θ": "theta",
        "κ": "kappa", "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
        "Φ": "Phi", "φ": "phi", "ᾱ": "abar",
        "⁰": "^0", "¹": "^1", "²": "^2", "³": "^3", "ᵀ": "^T", "⁻": "^-", "½": "1/2", "°": " deg",
        "₀": "0", "₁": "1", "₂": "2", "₃": "3", "ᵢ": "_i", "ⱼ": "_j", "ₜ": "_t",
        "‖": "||", "✓": "ok", "✗": "NOT", "∞": "inf", "¬": "not ", "∈": "in", "′": "'",
    }
)  # fmt: skip
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def to_ascii(text: str) -> str:
    """Return text with aimath's own symbols in ASCII: █ as #, Σ as sum, ≥ as >=.

    >>> to_ascii("Σ p ≥ ½  ██▌")
    'sum p >= 1/2  ##='
    """
    if text.isascii():
        return text
    apart = re.sub(r"([ΣΠ√∫∇])(?=[^\W_])", r"\1 ", text)  # √n is sqrt n, √(n) is sqrt(n)
    return apart.translate(_TO_ASCII).encode("ascii", "backslashreplace").decode()


def escape_control(text: str) -> str:
    r"""Return text with control, bidirectional and surrogate characters escaped.

    >>> print(escape_control("a\x1b[31mb\u202ec"))
    a\x1b[31mb\u202ec
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape_char(sign) for sign in text)


def _escape_char(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE_CATEGORIES:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quote(text: str) -> str:
    r"""Return a user's text quoted for a message: at most 60 characters, unprintable ones escaped.

    >>> quote("\x1b[31mred")
    "'\\x1b[31mred'"
    """
    return f"'{escape_unprintable(text if len(text) <= 60 else text[:57] + '...')}'"


def escape_unprintable(text: str) -> str:
    """Return text with unprintable characters as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def display_path(source: str) -> str:
    """Return a path for a message, shortened at its start if it is long."""
    shown = escape_unprintable(source)
    return shown if len(shown) <= 200 else f"...{shown[-197:]}"


def display_width(text: str) -> int:
    r"""Return the number of terminal cells of a text: two for wide characters, none for combining ones.

    >>> display_width("Σ p"), display_width("猫"), display_width("e\u0301")
    (3, 2, 1)
    """
    return len(text) if text.isascii() else sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def encode_utf8(text: str) -> bytes:
    r"""Return text as UTF-8, with surrogate-escaped bytes restored.

    >>> encode_utf8("\udcff"), encode_utf8("\ud800")
    (b'\xff', b'\\ud800')
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def shorten(text: str, width: int = 60) -> str:
    r"""Return text in one line: control characters as escapes, truncated to `width`.

    >>> shorten("a +\t b"), shorten("a + b + c", 6)
    ('a + b', 'a +...')
    """
    text = re.sub("[ \t]+", " ", text).strip(" ")
    return escape_unprintable(text if len(text) <= width else f"{text[: width - 3]}...")


def first_of(texts: Sequence[str], most: int = 8) -> str:
    """Return texts in a list: of many the first, and how many more there are.

    >>> first_of("abc"), first_of("abcdefghij")
    ('a, b, c', 'a, b, c, d, e, f, g, h and 2 more')
    """
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def first_quoted(names: Iterable[str], most: int = 8) -> str:
    """Return names in a list as `first_of` does, each quoted."""
    return first_of([quote(name) for name in names], most)


def wildcard_match(pattern: str, text: str) -> bool:
    """Return whether a pattern is found anywhere in a text: * is any signs, dots too, ? is one.

    >>> wildcard_match("layers.*.q_proj", "model.layers.3.self_attn.q_proj.weight"), wildcard_match("k?", "k")
    (True, False)
    """
    return fnmatchcase(text, f"*{pattern.replace('[', '[[]')}*")
