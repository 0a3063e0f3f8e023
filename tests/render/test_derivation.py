"""Derivations: the user's own numbers in the formula, on lines that fit."""

from __future__ import annotations

import re

import numpy as np
import pytest

from aimath.core.numerics.arrays import Check
from aimath.errors import InputError
from aimath.render.numbers import NumberStyle
from aimath.report import CrossCheck, Line, Table, Tree
from aimath.text import display_width

NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])")


def test_softmax_as_in_the_guide(five, seen):
    assert seen(five, explain=True) == [
        "softmax(z)_i = exp((z_i - m)/T) / S      m = max z      S = Σ exp((z_j - m)/T)",
        "         z  1 shift     2 exp  4 divide by S",
        " the   2       -1    0.367879       0.233344  ███████▍",
        " cat   1       -2    0.135335       0.085842  ██▊",
        " sat   0.1     -2.9  0.055023       0.034901  █▏",
        " on   -1       -4    0.018316       0.011618  ▍",
        " mat   3        0    1.000000       0.634295  ████████████████████",
        " 3 sum   S = 0.367879 + 0.135335 + 0.0550232 + 0.0183156 + 1 = 1.57655",
        " H = 1.45417 bits",
        " ✓ checked another way: Σ p = 1",
    ]


def test_narrow_it_goes_entry_by_entry(five, seen):
    out = seen(five, explain=True, width=40)
    assert out[:4] == [
        "softmax(z)_i = exp((z_i - m)/T) / S",
        "  m = max z   S = Σ exp((z_j - m)/T)",
        " the",
        "   z              2",
    ]
    assert out[-5:] == [
        " 3 sum", "   S = 0.367879 + 0.135335 + 0.0550232", "     + 0.0183156 + 1 = 1.57655",
        " H = 1.45417 bits", " ✓ checked another way: Σ p = 1",
    ]  # fmt: skip


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_every_line_fits(softmax, five, seen, width, ascii_only):
    rng = np.random.default_rng(0)
    for report in (five, softmax(rng.normal(size=40) * 9), softmax(rng.normal(size=(3, 6)))):
        out = seen(report, explain=True, width=width, ascii_only=ascii_only)
        assert max(map(display_width, out)) <= min(width, 80)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_numbers_paste_back(softmax, seen, width):
    report = softmax([-1234567.25, 1e-9, 0.5, -3])
    out = seen(report, explain=True, width=width, all_rows=True)
    found = {float(text) for line in out for text in NUMBER.findall(line)}
    assert found >= {float(NumberStyle().format_display(x)) for x in report.result.logits.ravel()}
    assert not any("−" in line or "," in line for line in out)


def test_more_than_twelve_entries_show_the_first_the_last_and_the_extremes(softmax, seen):
    logits = np.arange(100) * 1e-3
    logits[[40, 60]] = 5, -5
    out = [line.split()[0] + " " + line.split()[1] for line in seen(softmax(logits), explain=True)[2:-3]]
    assert [line.split()[0] for line in out] == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "…",
        "41",
        "…",
        "61",
        "…",
        "99",
        "100",
    ]
    assert [line for line in out if "…" in line] == ["… 35", "… 19", "… 37"]
    assert len(seen(softmax(logits), explain=True, all_rows=True)) >= 102
    assert len(seen(softmax(np.zeros(12)), explain=True)) == 2 + 12 + 3


def test_sums_of_many_terms_are_abbreviated_unless_all_is_asked_for(softmax, seen):
    report = softmax(np.zeros(7))
    assert " 3 sum   S = 1 + 1 + 1 + … + 1 = 7" in seen(report, explain=True)
    assert " 3 sum   S = 1 + 1 + 1 + 1 + 1 + 1 + 1 = 7" in seen(report, explain=True, all_rows=True)
    assert " 3 sum   S = 1 + 1 + 1 + ... + 1 = 7" in seen(report, explain=True, ascii_only=True)


def test_formulas_are_said_once_for_all_rows(softmax, seen):
    out = seen(softmax(np.zeros((3, 2))), softmax(np.ones((1, 2))), explain=True)
    assert sum("softmax(z)_i" in line for line in out) == 1
    assert out.count("") == 3  # a blank line between two rows
    assert sum("✓" in line for line in out) == 4


def test_swept_options_stand_above_their_derivation(softmax, seen):
    out = seen(softmax([1, 2], 0.5, swept={"temperature": np.array([0.5])}), explain=True)
    assert out[1] == "temperature = 0.5"  # below the formula, which is said once for all


@pytest.fixture
def line(answer, seen):
    """Give the text of one template for quantities."""

    def text(template, digits=None, template_words=None, **quantities):
        step = (Line(template),)
        return "\n".join(
            seen(
                answer(steps=step, template_words=template_words or {}, **quantities),
                explain=True,
                style=NumberStyle(digits),
            )
        )

    return text


def test_terms_of_a_table_show_their_own_numbers(answer, seen):
    step = Table((("work", "{p} · log2({p}/{q})"), ("bits", "{terms:+}")), bar="terms")
    p, q = np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])
    out = seen(answer(p=p, q=q, terms=p * np.log2(p / q), steps=(step,)), explain=True)
    assert out == [
        "    work                      bits",
        " 1  0.9 · log2(0.9/0.5)  +0.763197  + ██████████████████",
        " 2  0.1 · log2(0.1/0.5)  -0.232193  - █████▌",
    ]


def test_tables_without_vectors_words_and_scalars(answer, seen):
    step = Table((("word", "{w}"), ("n", "{n}"), ("said", "{A}")))
    out = seen(answer(w=[["a", "bc"]], n=[3], steps=(step,), template_words={"A": "x"}), explain=True)
    assert out == ["    word  n  said", " 1  a     3  x", " 2  bc    3  x"]


def test_infinite_terms_have_no_bar_and_break_nothing(answer, seen):
    step = Table((("x", "{x}"),), bar="x")
    out = seen(answer(x=[[np.inf, 1.0, -np.inf]], steps=(step,)), explain=True)
    assert [line.count("█") for line in out] == [0, 0, 20, 0]
    with pytest.raises(InputError, match="x has no value here"):
        seen(answer(x=[[1.0, np.nan]], steps=(step,)), explain=True)


@pytest.mark.parametrize(("other", "sign", "style"), [(1.0 + 1e-12, "✓", "32"), (1.1, "✗", "1;31")])
def test_the_check_line_tells_whether_it_holds(answer, seen, other, sign, style):
    report = answer(
        a=[1.0],
        steps=(CrossCheck("{answer} = {alternative}"),),
        check=Check(np.array([1.0]), np.array([other])),
    )
    assert seen(report, explain=True) == [f" {sign} checked another way: 1 = {1 if sign == '✓' else 1.1}"]
    assert seen(report, explain=True, colour=True)[0].startswith(f"\x1b[{style}m {sign}")
    assert seen(report, explain=True, ascii_only=True)[0].startswith(" ok" if sign == "✓" else " NOT")


def test_a_check_that_can_not_tell_is_neither_right_nor_wrong(answer, seen):
    step = CrossCheck("{answer} = {alternative}", undecided="nothing can be said")
    for other, mark in (
        ([2.0, 7.0], " ? nothing can be said"),
        ([5.0, 7.0], " ✗ checked another way: 1, 2 = 5, 7"),
    ):
        check = Check(np.array([[1.0, 2.0]]), np.array([other]), 1.0, np.array([[other[0] == 2.0, True]]))
        assert seen(answer(a=[1.0], steps=(step,), check=check), explain=True) == [mark]


def test_one_of_a_unit_is_singular(answer, seen):
    report = answer(a=[1.0], steps=(Line("S = {a} bits and {a} nats, not -{a} bits or {a}.5 bits"),))
    assert seen(report, explain=True) == ["S = 1 bit and 1 nat, not -1 bits or 1.5 bits"]


def test_what_is_approximate_is_marked(answer, seen):
    report = answer(a=[2.5], steps=(Line("a = {a} of {b}"),))._replace(approximate=("a",), extra={"b": 3.0})
    assert seen(report, explain=True) == ["a ≈ 2.5 of 3"]
    assert seen(report, explain=True, ascii_only=True) == ["a ~ 2.5 of 3"]


def test_a_check_that_fails_by_a_hair_shows_no_equal_numbers(answer, seen):
    check = Check(np.array([1.0]), np.array([1 - 1e-8]))
    out = seen(answer(a=[1.0], steps=(CrossCheck("{answer} = {alternative}"),), check=check), explain=True)
    assert out == [" ✗ checked another way: 1 = 0.99999999"]


def test_checks_of_vectors_and_of_all_rows_at_once(answer, seen):
    vectors = Check(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 5.0]]))
    assert seen(answer(a=[1, 2], steps=(CrossCheck("{alternative}"),), check=vectors), explain=True) == [
        " ✓ checked another way: 1, 2",
        "",
        " ✗ checked another way: 3, 5",
    ]
    one = Check(np.float64(2.0), np.float64(2.0))
    assert seen(answer(a=[1, 2], steps=(CrossCheck("{alternative}"),), check=one), explain=True) == [
        " ✓ checked another way: 2",
        "",
        " ✓ checked another way: 2",
    ]


def test_a_row_without_an_answer_has_no_derivation(five, seen):
    assert seen(five._replace(is_missing=True), explain=True) == [" no answer"]


TREE = Tree("lines", "depths", (("value", "{values}"), ("local", "{locals}")))


def tree(answer, depths, **said):
    count = len(depths)
    lines = [[f"node{k} = something" for k in range(count)]]
    values = [[1.5 * k for k in range(count)]]
    return answer(
        lines=lines, depths=[depths], values=values, locals=[["x*y"] * count], steps=(TREE,), **said
    )


def test_a_tree_draws_who_belongs_to_whom(answer, seen):
    assert [line[:23].rstrip() for line in seen(tree(answer, [0, 1, 2, 2, 1, 2]), explain=True)] == [
        " node",
        " node0 = something",
        " ├─node1 = something",
        " │ ├─node2 = something",
        " │ └─node3 = something",
        " └─node4 = something",
        "   └─node5 = something",
    ]


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [20, 30, 40, 80])
@pytest.mark.parametrize("depths", [[0, 1, 2, 2, 1, 2], list(range(40)), [0] + [1] * 99])
def test_a_tree_fits(answer, seen, depths, width, ascii_only):
    out = seen(tree(answer, depths), explain=True, width=width, ascii_only=ascii_only)
    assert max(map(display_width, out)) <= width
    assert ("(--all)" in "".join(out)) == (len(depths) > 60)
    whole = seen(tree(answer, depths), explain=True, width=width, ascii_only=ascii_only, all_rows=True)
    assert sum("node" in line for line in whole) >= len(depths)


@pytest.mark.parametrize(("other", "shown"), [(2.0, "2e-9"), (2.5, "0.5"), (2 + 1e-12, "2e-9")])
def test_how_far_apart(answer, seen, other, shown):
    check = Check(np.array([2.0]), np.array([other]))
    steps = (Line("a"), CrossCheck("within {difference:.1}"))
    assert seen(answer(a=[2.0], check=check, steps=steps), explain=True)[-1].endswith(f"within {shown}")
