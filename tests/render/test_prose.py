"""Texts around answers: lines that fit, commands that can be pasted, pages that follow each other."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given, strategies as st

from aimath.render.fields import Wanted
from aimath.render.terminal import People, paragraph_strips as strips
from aimath.report import Opening, Prose
from aimath.text import cells

LINE = "aimath attention -Q '1 0; 1 1; 0 1' -K '1 0; 2 1; 0 1' --tokens the,cat,sat --scale -2 --causal"


def lines(*prose, **wanted):
    return [strip.text for strip in strips(prose, Wanted(**wanted))]


def test_command_that_is_broken_is_the_same_to_the_shell():
    for width in range(20, 100):
        shown = lines(Prose(LINE, "command"), width=width)
        pasted = "\n".join(shown).removeprefix("$ ").replace("\\\n", "")
        assert shlex.split(pasted) == shlex.split(LINE)


def test_option_stays_with_its_value():
    shown = "\n".join(lines(Prose(LINE, "command"), width=40))
    assert "-Q '1 0; 1 1; 0 1'" in shown
    assert "--tokens the,cat,sat" in shown


@given(st.lists(st.text("abcΣ猫", min_size=1, max_size=12), min_size=1, max_size=30), st.integers(30, 90))
def test_text_is_filled_and_nothing_is_lost(words, width):
    shown = lines(Prose(" ".join(words)), width=width)
    assert " ".join(shown).split() == words
    assert all(cells(line) <= min(width, 80) for line in shown)


def test_paragraphs_stand_apart_where_they_change():
    shown = lines(
        Prose("A", "title"), Prose("b"), Prose("aimath x", "command"), Prose("c", "item"), Prose("D", "title")
    )
    assert shown == ["A", "b", "", "$ aimath x", "  c", "", "D"]


def test_ascii_and_controls():
    assert lines(Prose("Σ \x1b[31m"), ascii_only=True) == ["sum \\x1b[31m"]


def page(report, word, **look):
    return report._replace(opening=Opening((Prose(word, "title"),), **look))


def written(*reports, **options):
    writer = People(Wanted(), **options)
    return (b"".join(map(writer.write, reports)) + writer.end()).decode()


def test_page_shows_as_it_says_or_as_was_asked(five):
    derived, table = written(five, explain=True), written(five)
    assert derived != table
    assert written(page(five, "A", explain=True)) == f"A\n{derived}"
    assert written(page(five, "A", explain=False), explain=True) == f"A\n{table}"
    assert written(page(five, "A"), explain=True) == f"A\n{derived}"


def test_pages_follow_each_other_and_end_in_their_closing(five):
    first, second = page(five, "A"), page(five, "B", explain=True)._replace(closing=(Prose("end"),))
    assert written(first, second) == f"A\n{written(five)}\nB\n{written(five, explain=True)}\nend\n"


@pytest.mark.parametrize("explain", [False, True])
def test_each_page_says_its_formula_again(five, explain):
    one = written(page(five, "A"), explain=explain)
    assert written(page(five, "A"), page(five, "A"), explain=explain) == f"{one}\n{one}"
