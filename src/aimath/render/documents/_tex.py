r"""Texts of derivations as TeX: formulas as mathematics, words as words, every sign of a user's escaped.

What comes in is a line as people read it, `H(p) = Σ p_i · log2(1/p_i)`; nothing in it is trusted to be
TeX. It is read token by token, and only the tables below write commands.
"""

from __future__ import annotations

import re
import unicodedata

SIGNS = {
    "├": r"\vdash ", "└": r"\llcorner ", "│": r"\vert ", "─": "-",
    "·": r"\cdot ", "×": r"\times ", "−": "-", "÷": r"\div ", "±": r"\pm ", "∝": r"\propto ",
    "≈": r"\approx ", "≠": r"\ne ", "≤": r"\le ", "≥": r"\ge ", "≪": r"\ll ", "≫": r"\gg ", "→": r"\to ",
    "←": r"\leftarrow ", "↔": r"\leftrightarrow ", "⇒": r"\Rightarrow ", "Σ": r"\sum ", "∑": r"\sum ",
    "Π": r"\prod ", "∏": r"\prod ", "∫": r"\int ", "∂": r"\partial ", "∇": r"\nabla ", "∞": r"\infty ",
    "∈": r"\in ", "¬": r"\neg ", "‖": r"\Vert ", "∥": r"\Vert ", "…": r"\dots ", "′": "'",
    "°": r"^{\circ}", "½": r"\tfrac{1}{2}", "⊙": r"\odot ", "✓": r"\checkmark ", "✗": r"\times ",
    "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ", "ℓ": r"\ell ", "–": "-",
    "∪": r"\cup ", "∩": r"\cap ", "∘": r"\circ ", "√": r"\surd ", "α": r"\alpha ", "β": r"\beta ",
    "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\varepsilon ", "ζ": r"\zeta ", "η": r"\eta ",
    "θ": r"\theta ", "κ": r"\kappa ", "λ": r"\lambda ", "μ": r"\mu ", "ν": r"\nu ", "ξ": r"\xi ",
    "π": r"\pi ", "ρ": r"\rho ", "σ": r"\sigma ", "τ": r"\tau ", "φ": r"\varphi ", "χ": r"\chi ",
    "ψ": r"\psi ", "ω": r"\omega ", "Γ": r"\Gamma ", "Δ": r"\Delta ", "Θ": r"\Theta ", "Λ": r"\Lambda ",
    "Φ": r"\Phi ", "Ψ": r"\Psi ", "Ω": r"\Omega ", "<": r"\lt ", ">": r"\gt ", "{": r"\{", "}": r"\}",
    "\\": r"\backslash ", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "~": r"\sim ", "|": r"\vert ",
    "^": r"\hat{}", "_": r"\_", "*": r"\ast ", '"': r"\text{\textquotedbl}", "`": r"\text{`}",
    "@": r"\text{@}",
}  # fmt: skip
"""A sign in a formula."""
GREEK = frozenset("αβγδεζηθκλμνξπρστφχψωΓΔΘΛΦΨΩ")
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀ", (*"0123456789+-n", r"\top "), strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₙₜ₊₋", "0123456789ijknt+-", strict=True))
ACCENTS = {"\u0302": r"\hat", "\u0304": r"\bar", "\u0303": r"\tilde", "\u0307": r"\dot"}
"""What stands over a letter, as a combining sign behind it."""
FUNCTIONS = frozenset(["exp", "ln", "log", "max", "min", "sin", "cos", "tan", "tanh", "det", "arg", "Pr"])
"""Functions that TeX has a command for."""
NAMED_FUNCTIONS = frozenset(
    [
        "softmax",
        "sigmoid",
        "KL",
        "JS",
        "argmax",
        "argmin",
        "cov",
        "var",
        "tr",
        "diag",
        "relu",
        "gelu",
        "sign",
        "cosh",
        "sinh",
        "erf",
        "rank",
        "logsumexp",
        "cosine",
        "attention",
        "sum",
        "mean",
        "H",
        "I",
        "P",
        "N",
        "L",
    ]
)
"""Words that are upright functions, where a bracket or a variable follows."""
GREEK_WORDS = ("alpha", "beta", "gamma", "delta", "eta", "theta", "lambda", "mu", "pi", "rho", "sigma", "tau")
VARIABLES = {
    **{name: rf"\{name} " for name in GREEK_WORDS}, "eps": r"\varepsilon ", "inf": r"\infty ",
    "abar": r"\bar{\alpha} ", "Phi": r"\Phi ", "phi": r"\varphi ",
}  # fmt: skip
"""Words that are the names of signs."""
KNOWN_WORDS = FUNCTIONS | NAMED_FUNCTIONS | VARIABLES.keys()
TEXT_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_",
    "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
    "'": "'", "-": "{-}",
}  # fmt: skip
"""A sign in words."""
BLOCKS = {sign: (k / 8, 0.7) for k, sign in enumerate("▏▎▍▌▋▊▉█", 1)}
LEVELS = {sign: (1.0, k / 8) for k, sign in enumerate("▁▂▃▄▅▆▇", 1)}
"""Blocks by their width and height, of a cell."""

_BLOCKS = re.compile("[▏▎▍▌▋▊▉█]+|[▁▂▃▄▅▆▇]+")
_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    r"|(?P<accented>[^\W\d_][\u0302\u0303\u0304\u0307])"
    r"|(?P<word>[A-Za-zÀ-ÖØ-öø-ÿ]+\d*)"
    r"|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀ]+)|(?P<lowered>[₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₙₜ₊₋]+)"
    rf"|(?P<blocks>{_BLOCKS.pattern})"
    r"|(?P<sign>.)",
    re.DOTALL,
)
_CLAUSE = re.compile(r"\s{3,}")
_LEAD = re.compile(r"\d+ (?=[^\W\d_])|(?:[✓✗] )?[A-Za-z]{2,}(?: [A-Za-z]{2,})+: ")
"""What leads to a formula: the number of a step, or words up to a colon."""
_RELATIONS = frozenset("=≈≤≥←→≠∝")
_MATHEMATICAL = frozenset("=≈≤≥←→≠∝_^√Σ∑Π∏∫∂∇·²³ᵀ⁻‖")


def clauses(text: str) -> list[str]:
    """Return the clauses of a line, which stand three blanks or more apart.

    >>> clauses(" m = max z = 3      S = 1")
    ['m = max z = 3', 'S = 1']
    """
    return [clause for clause in _CLAUSE.split(text.strip()) if clause]


def split_lead(clause: str) -> tuple[str, str]:
    """Return the number or the words that lead to a formula, with their blank, and the rest.

    >>> split_lead("3 C · v = λ · v"), split_lead("3 · v"), split_lead("checked another way: H = 1")
    (('3 ', 'C · v = λ · v'), ('', '3 · v'), ('checked another way: ', 'H = 1'))
    """
    found = _LEAD.match(clause)
    return (found[0], clause[found.end() :]) if found else ("", clause)


def is_formula(clause: str) -> bool:
    """Return whether a clause is a formula rather than words: it relates things, and says little else.

    >>> is_formula("H = Σ p · log2(1/p) = 1.75 bits"), is_formula("like 2^1.75 = 3.36 equal choices")
    (True, False)
    """
    if _LEAD.match(clause):
        return False
    words = [word for word in re.findall(r"[^\W\d_]{2,}", clause) if word not in KNOWN_WORDS]
    return bool(_RELATIONS & {*clause}) and len(words) <= 1 + len(re.findall(r"[=≈≤≥←→·+/]", clause))


def tex_line(text: str) -> str:
    """Return a line as TeX for running text: its formulas between dollars, words as words."""
    return r"\quad ".join(tex_clause(clause) for clause in clauses(text))


def tex_clause(clause: str) -> str:
    """Return a clause as TeX for running text."""
    lead, clause = split_lead(clause)
    if lead:
        return f"{tex_text(lead)}{tex_clause(clause)}"
    if is_formula(clause):
        return f"${tex_math(clause)}$"
    parts = re.split(r"(\s+)", clause)
    return "".join(f"${tex_math(part)}$" if _MATHEMATICAL & {*part} else tex_text(part) for part in parts)


def tex_text(text: str) -> str:
    r"""Return words as TeX, with every sign that means something to it escaped.

    >>> print(tex_text("50 % of \\input{x}"))
    50 \% of \textbackslash{}input\{x\}
    """
    parts = re.split(f"({_BLOCKS.pattern})", unicodedata.normalize("NFC", text))
    return "".join(
        _block_rules(part) if k % 2 else "".join(map(_text_sign, part)) for k, part in enumerate(parts)
    )


def _text_sign(sign: str) -> str:
    if sign in TEXT_SIGNS:
        return TEXT_SIGNS[sign]
    if sign in SIGNS or sign in SUPERSCRIPTS or sign in SUBSCRIPTS:
        return f"${tex_math(sign)}$"
    if sign.isascii() or "\u00c0" <= sign <= "\u00ff":
        return sign if sign.isprintable() else " "
    return rf"\unicodesign{{{ord(sign):04X}}}{{{sign}}}"


def _block_rules(blocks: str) -> str:
    """Return block characters as rules: a bar's are joined into one, a sparkline's stand side by side."""
    sizes = [BLOCKS.get(sign) or LEVELS[sign] for sign in blocks]
    if all(sign in BLOCKS for sign in blocks):
        return rf"\rule{{{sum(wide for wide, _ in sizes) * 0.5:.3g}em}}{{0.7em}}"
    return "".join(rf"\rule{{{0.5 * wide:.3g}em}}{{{0.8 * high:.3g}em}}" for wide, high in sizes)


def tex_math(text: str) -> str:
    r"""Return a formula as TeX's mathematics.

    >>> print(tex_math("H(p) = Σ p_i · log2(1/p_i) = 1.75 bits"))
    \operatorname{H}(p) = \sum p_{i} \cdot \log_{2}(1/p_{i}) = 1.75 \text{ bits}
    >>> print(tex_math("√(2π) · σ² = 3e-05"))
    \sqrt{2\pi } \cdot \sigma ^{2} = 3\cdot 10^{-5}
    """
    tokens = [
        (str(found.lastgroup), found[0]) for found in _TOKEN.finditer(unicodedata.normalize("NFC", text))
    ]
    return re.sub(" {2,}", " ", _MathWriter(tokens).write()).strip()


class _MathWriter:
    """A writer of tokens as mathematics, from left to right."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.place = tokens, 0

    def write(self, end: str = "") -> str:
        """Return the tokens up to a closing bracket, or all of them."""
        made: list[str] = []
        while self.place < len(self.tokens):
            kind, text = self.tokens[self.place]
            if text == end:
                break
            self.place += 1
            made.append(self._token(kind, text))
        return "".join(made)

    def _token(self, kind: str, text: str) -> str:
        if kind == "sign":
            return self._sign(text)
        if kind == "word":
            return self._word(text)
        if kind == "number":
            number, _, power = text.partition("e")
            return rf"{number}\cdot 10^{{{int(power)}}}" if power else number
        if kind == "accented":
            return rf"{ACCENTS[text[1]]}{{{SIGNS.get(text[0], text[0]).strip()}}}"
        if kind == "raised":
            return f"^{{{''.join(SUPERSCRIPTS[sign] for sign in text)}}}"
        if kind == "lowered":
            return f"_{{{''.join(SUBSCRIPTS[sign] for sign in text)}}}"
        if kind == "blocks":
            return rf"\text{{{_block_rules(text)}}}"
        return " "

    def _sign(self, text: str) -> str:
        if text in "_^" and (inner := self._script()):
            return f"{text}{{{inner}}}"
        if text == "√" and (inner := self._operand()):
            return rf"\sqrt{{{inner}}}"
        if text in SIGNS:
            return SIGNS[text]
        return text if text.isascii() and text.isprintable() else rf"\text{{{_text_sign(text)}}}"

    def _script(self) -> str:
        """Return what stands as an index or a power, a bracket without its brackets."""
        if self._next()[1] == "-" and self._next(1)[0] in {"number", "word"}:
            self.place += 1
            return f"-{self._operand()}"
        return self._operand()

    def _operand(self) -> str:
        """Return the bracket, number or word that follows without a blank, or nothing."""
        kind, text = self._next()
        if text == "(":
            start = self.place
            self.place += 1
            inner = self.write(")")
            if self._next()[1] == ")":
                self.place += 1
                return inner
            self.place = start
            return ""
        if kind in {"number", "word", "accented"} or text in GREEK:
            self.place += 1
            return self._token(kind, text)
        return ""

    def _next(self, ahead: int = 0) -> tuple[str, str]:
        place = self.place + ahead
        return self.tokens[place] if 0 <= place < len(self.tokens) else ("", "")

    def _word(self, text: str) -> str:
        """Return a variable, a function, or words with the blanks around them."""
        letters = text.rstrip("0123456789")
        index = text[len(letters) :]
        below = f"_{{{index}}}" if index else ""
        if letters in FUNCTIONS:
            return rf"\{letters}{below}" + ("" if below else " ")
        if letters in NAMED_FUNCTIONS and self._next()[1] == "(":
            return rf"\operatorname{{{letters}}}{below}"
        if letters in VARIABLES or (len(letters) == 1 and letters.isascii()):
            sign = VARIABLES.get(letters, letters)
            return sign.rstrip() + below if below else sign
        before = self._next(-2)[0] == "blank" and self._is_operand(self._next(-3))
        words = [text]
        while self._next()[0] == "blank" and self._is_text(1):
            words.append(self._next(1)[1])
            self.place += 2
        after = self._next()[0] == "blank" and self._is_operand(self._next(1))
        return rf"\text{{{' ' * before}{tex_text(' '.join(words))}{' ' * after}}}"

    def _is_operand(self, token: tuple[str, str]) -> bool:
        kind, text = token
        return kind in {"word", "number", "raised", "lowered"} or text in {*"()[]|‖√Σ∂∇", *GREEK}

    def _is_text(self, ahead: int) -> bool:
        """Return whether a token is a word that is no variable and no function."""
        kind, word = self._next(ahead)
        is_called = word in NAMED_FUNCTIONS and self._next(ahead + 1)[1] == "("
        return (
            kind == "word"
            and len(word) > 1
            and word not in FUNCTIONS
            and word not in VARIABLES
            and not is_called
        )
