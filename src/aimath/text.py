"""Text that isn't ours, on its way to a terminal, and our own signs where only ASCII is understood."""

from __future__ import annotations

import re
import unicodedata

_ASCII = str.maketrans(
    {
        "█": "#", "▉": "#", "▊": "#", "▋": "=", "▌": "=", "▍": "-", "▎": "-", "▏": "-",
        "▓": "+", "▒": "-", "░": ".", "▀": "'", "▄": ",", "●": "o",
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
_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def to_ascii(text: str) -> str:
    """Write our own signs in ASCII: █ as #, Σ as sum, ≥ as >=.

    >>> to_ascii("Σ p ≥ ½  ██▌")
    'sum p >= 1/2  ##='
    """
    if text.isascii():
        return text
    apart = re.sub(r"([ΣΠ√∫∇])(?=[^\W_])", r"\1 ", text)  # √n is sqrt n, √(n) is sqrt(n)
    return apart.translate(_ASCII).encode("ascii", "backslashreplace").decode()


def safe(text: str) -> str:
    r"""Make visible what would steer a terminal or turn its text round: controls, bidi, surrogates.

    >>> print(safe("a\x1b[31mb\u202ec"))
    a\x1b[31mb\u202ec
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(sign) for sign in text)


def _visible(sign: str) -> str:
    if unicodedata.category(sign) not in _STEERING:
        return sign
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def echo(text: str) -> str:
    r"""Quote a user's text for a message: at most 60 characters, nothing that moves a terminal.

    >>> echo("\x1b[31mred")
    "'\\x1b[31mred'"
    """
    return f"'{visible(text if len(text) <= 60 else text[:57] + '...')}'"


def visible(text: str) -> str:
    """Write control, bidirectional and other unseen characters as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def whence(source: str) -> str:
    """Show a file's name in a message: the end of a long path says more than its beginning."""
    shown = visible(source)
    return shown if len(shown) <= 200 else f"...{shown[-197:]}"


def cells(text: str) -> int:
    r"""Count the cells that a terminal takes for `text`: two for a wide sign, none for an accent set apart.

    >>> cells("Σ p"), cells("猫"), cells("e\u0301")
    (3, 2, 1)
    """
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def encoded(text: str) -> bytes:
    r"""Give text as UTF-8, bytes of an argument that weren't UTF-8 as they came.

    >>> encoded("\udcff"), encoded("\ud800")
    (b'\xff', b'\\ud800')
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")
