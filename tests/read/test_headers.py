"""A first line is a header if none of its cells is a number, whatever they start with."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

SIGNS = {"csv": ",", "tsv": "\t", "text": " "}
WORDS = st.text(string.ascii_letters, min_size=2, max_size=6).filter(
    lambda word: word.lower() not in ("na", "nan", "inf")
)
HEADS = st.builds(
    str.__add__, st.sampled_from(["1", "2nd", "3.", "-4", ".5", "10%", "1/2", "1e5_", "+0"]), WORDS
)
NUMBERS = st.sampled_from(["1", "-2", ".5", "1e3", "1/3", "30%", "1e400", "inf"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(HEADS | WORDS, min_size=1, max_size=4, unique=True), st.sampled_from(sorted(SIGNS)), st.data()
)
def test_header_that_starts_like_numbers(rows, heads, form, data):
    column = data.draw(st.integers(0, len(heads) - 1))
    lines = [heads, [str(k) for k in range(len(heads))], [str(10 + k) for k in range(len(heads))]]
    text = "".join(SIGNS[form].join(line) + "\n" for line in lines).encode()
    [found] = rows(stdin=text, input_format=form, column=heads[column])
    assert found == [column, 10 + column]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HEADS | WORDS, max_size=3), NUMBERS, st.sampled_from(sorted(SIGNS)), st.data())
def test_line_with_a_number_is_data(read, heads, number, form, data):
    place = data.draw(st.integers(0, len(heads)))
    cells = [*heads[:place], number, *heads[place:]]
    text = (SIGNS[form].join(cells) + "\n").encode()
    assert read(stdin=text, input_format=form)


@pytest.mark.parametrize("first", ["0.l", "1.2.3 4.5.6", "2O 1O", "1,5.0.1"])
def test_mistyped_numbers_are_no_header(rows, first):
    assert "is not a number" in str(rows(stdin=f"{first}\n1 2\n".encode())[0])
