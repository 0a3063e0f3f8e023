"""What people see: texts that fit, pages and plots in their order, and nothing that steers the terminal."""

from __future__ import annotations

import shlex
import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.render.report_view import LayoutOptions
from aimath.render.terminal import TerminalWriter, prose_lines
from aimath.report import Line, Page, PageHeader, Paragraph, Plot
from aimath.text import display_width, escape_control


def test_plots_stand_below_their_tables(five, answer, seen):
    out = seen(five, five, draw=True)
    assert out.count("") == 3
    rows = [answer(x=[t], h=[t], plot=Plot("h", "x", "curve")) for t in (1.0, 2.0)]
    out = seen(*rows, draw=True)
    assert out[0].split() == ["x", "h"]
    assert [line.strip() for line in out[4:6]] == ["", "h"]


HOSTILE = ["[red]a[/red]", "[/x]", ":smile:", "[link=http://a]b[/link]", "a\x1b[31mb", "\x1b]0;t\x07", "\x9b2J",
           "a\u202eb", "\u2066c", "\u200bd", "\u2028e", "\x7f", "\r\n", "\tf", "\ud83d", "\U000e0041", "{probs}", "%s"]  # fmt: skip

STEERS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def harmless(lines) -> bool:
    return not any(unicodedata.category(sign) in STEERS for line in lines for sign in line)


@pytest.mark.slow
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("view", [{}, {"explain": True}, {"draw": True}, {"width": 20}, {"rows": 2}])
def test_hostile_labels_are_shown_as_they_are_written(softmax, seen, hostile, view, colour):
    rows = view.get("rows", 1)
    view = {key: value for key, value in view.items() if key != "rows"}
    report = softmax(
        np.arange(3.0 * rows).reshape(rows, 3),
        names={"entry": ("ok", hostile, "c")},
        template_words={"A": hostile},
    )
    report = report._replace(steps=(Line("{A} has {total}"), *report.steps))
    text = "\n".join(seen(report, colour=colour, **view))
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[36m"):  # the only ones that are ours
        text = text.replace(code, "")
    assert harmless(text.splitlines())
    assert escape_control(hostile)[:4] in text


@pytest.mark.parametrize(
    "view", [{}, {"explain": True}, {"draw": True}, {"width": 20}, {"width": 40, "explain": True}]
)
def test_ascii_is_ascii(five, softmax, seen, view):
    labels = ("é", "猫", "▌", "…", "ß")
    long = softmax(np.arange(60.0))
    for report in (five, five._replace(names={"entry": labels}), long, softmax(np.ones((40, 2)))):
        assert "".join(seen(report, ascii_only=True, **view)).isascii()


@pytest.mark.parametrize("kind", ["curve", "picture", "bars"])
def test_ascii_pictures_are_ascii(answer, seen, kind):
    report = answer(y=[[0.5, -1.0, 2.0, 3.0]], plot=Plot("y", "", kind))
    out = seen(report, ascii_only=True, draw=True, colour=True)
    assert "".join(out).replace("\x1b", "").isascii()


LINE = "aimath attention -Q '1 0; 1 1; 0 1' -K '1 0; 2 1; 0 1' --tokens the,cat,sat --scale -2 --causal"


def lines(*prose, **wanted):
    return [line.text for line in prose_lines(prose, LayoutOptions(**wanted))]


def test_command_that_is_broken_is_the_same_to_the_shell():
    for width in range(20, 100):
        shown = lines(Paragraph(LINE, "command"), width=width)
        pasted = "\n".join(shown).removeprefix("$ ").replace("\\\n", "")
        assert shlex.split(pasted) == shlex.split(LINE)


def test_option_stays_with_its_value():
    shown = "\n".join(lines(Paragraph(LINE, "command"), width=40))
    assert "-Q '1 0; 1 1; 0 1'" in shown
    assert "--tokens the,cat,sat" in shown


@given(st.lists(st.text("abcΣ猫", min_size=1, max_size=12), min_size=1, max_size=30), st.integers(30, 90))
def test_text_is_filled_and_nothing_is_lost(words, width):
    shown = lines(Paragraph(" ".join(words)), width=width)
    assert " ".join(shown).split() == words
    assert all(display_width(line) <= min(width, 80) for line in shown)


def test_paragraphs_stand_apart_where_they_change():
    shown = lines(
        Paragraph("A", "title"),
        Paragraph("b"),
        Paragraph("aimath x", "command"),
        Paragraph("c", "item"),
        Paragraph("D", "title"),
    )
    assert shown == ["A", "b", "", "$ aimath x", "  c", "", "D"]


def test_ascii_and_controls():
    assert lines(Paragraph("Σ \x1b[31m"), ascii_only=True) == ["sum \\x1b[31m"]


def page(report, word, **look):
    return report._replace(page=Page(PageHeader((Paragraph(word, "title"),), **look)))


def written(*reports, **options):
    writer = TerminalWriter(LayoutOptions(), **options)
    return (b"".join(map(writer.write, reports)) + writer.finish()).decode()


def test_page_shows_as_it_says_or_as_was_asked(five):
    derived, table = written(five, explain=True), written(five)
    assert derived != table
    assert written(page(five, "A", explain=True)) == f"A\n{derived}"
    assert written(page(five, "A", explain=False), explain=True) == f"A\n{table}"
    assert written(page(five, "A"), explain=True) == f"A\n{derived}"


def test_pages_follow_each_other_and_end_in_their_closing(five):
    first, second = page(five, "A"), page(five, "B", explain=True)
    second = second._replace(page=second.page._replace(footer=(Paragraph("end"),)))
    assert written(first, second) == f"A\n{written(five)}\nB\n{written(five, explain=True)}\nend\n"


@pytest.mark.parametrize("explain", [False, True])
def test_each_page_says_its_formula_again(five, explain):
    one = written(page(five, "A"), explain=explain)
    assert written(page(five, "A"), page(five, "A"), explain=explain) == f"{one}\n{one}"
