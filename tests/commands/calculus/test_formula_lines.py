"""Formulas from a file or from standard input, one a line."""

from __future__ import annotations

import pytest

FORMULAS = ["x^2*y", "sin(x) - y", "-x^2", "exp(x)*y"]
TEXTS = {
    "lines": "\n".join(FORMULAS),
    "ended": "\n".join(FORMULAS) + "\n",
    "dos": "\r\n".join(FORMULAS) + "\r\n",
    "marked": "\ufeff" + "\n".join(FORMULAS),
    "commented": "# four\n\n" + "  # of them\n\n".join(FORMULAS) + "\n\n# no more\n",
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("form", [(), ("--json",), ("--explain",)])
def test_formulas_of_a_text_are_those_that_are_typed(aimath, tmp_path, text, form):
    typed = aimath("grad", *FORMULAS, "x=3", "y=2", *form).out
    file = tmp_path / "f.txt"
    file.write_bytes(TEXTS[text].encode())
    assert aimath("grad", f"@{file}", "x=3", "y=2", *form).out == typed
    for words in (["-"], ["@-"], []):
        assert aimath("grad", *words, "x=3", "y=2", *form, stdin=TEXTS[text]).out == typed
    assert aimath("grad", FORMULAS[0], "-", "x=3", "y=2", *form, stdin="\n".join(FORMULAS[1:])).out == typed


def test_points_may_come_by_another_way(aimath, tmp_path):
    typed = aimath("grad", *FORMULAS, "--at", "3,2; 1,4").out
    assert aimath("grad", "-", "--at", "3,2; 1,4", stdin=TEXTS["lines"]).out == typed
    (tmp_path / "f.txt").write_text(TEXTS["lines"])
    assert aimath("grad", f"@{tmp_path}/f.txt", "--at", "-", stdin="3 2\n1 4\n").out == typed


def test_backprop_takes_its_formula_so(aimath):
    typed = aimath("backprop", "x^2*y", "x=3", "y=2").out
    for words in (["-"], []):
        assert aimath("backprop", *words, "x=3", "y=2", stdin="x^2*y\n").out == typed


@pytest.mark.parametrize(
    ("words", "text", "code", "said"),
    [
        (["-", "--at", "-"], "x^2\n", 2, "stdin can be one operand, and --at takes it"),
        (["x=3"], "", 2, "needs a formula"),
        (["x=3"], "# nothing\n", 2, "needs a formula"),
        (["@missing.txt", "x=3"], "", 1, "cannot read 'missing.txt'"),
        (["x=3"], b"x^2\n\xff\n", 1, "<stdin>:2: byte 1 (0xff) is not UTF-8"),
        (["x=3"], "x^2\nx^^2\n", 2, "x^^2"),
        (["x=3"], b"\x93NUMPY", 1, "<stdin>"),
    ],
)
def test_mistakes_are_named(warm, words, text, code, said):
    ran = warm("grad", *words, stdin=text if isinstance(text, bytes) else text.encode())
    assert (ran.code, ran.out) == (code, b"")
    assert said in ran.text
