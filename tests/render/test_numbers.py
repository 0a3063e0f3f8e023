"""Numbers as text: what reads back, what people are never told, what stands below what."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import orjson
import pytest
from hypothesis import given, strategies as st

from aimath.render.numbers import NumberStyle

doubles = st.floats(allow_nan=False, allow_infinity=False)
below_one = st.floats(min_value=-1, max_value=1, exclude_min=True, exclude_max=True)
EDGES = [0.0, -0.0, 5e-324, 1.7976931348623157e308, 1e15, 1e16, 1e22, 2**53 + 0.0, 0.1, 1e-5, 100.0, -10.0]


def same(text: str, x: float) -> bool:
    return float(text).hex() == x.hex()


@given(doubles)
def test_text_for_programs_reads_back_as_the_same_float(x):
    assert same(NumberStyle().format(x), x)


@pytest.mark.parametrize("x", EDGES)
def test_text_of_edges_reads_back(x):
    assert same(NumberStyle().format(x), x)


@given(doubles)
def test_text_has_no_digit_too_many(x):
    shown, shortest = (
        text.split("e")[0].lstrip("-").replace(".", "").strip("0")
        for text in (NumberStyle().format(x), repr(x))
    )
    assert shown == shortest


@given(st.lists(st.lists(st.floats(), min_size=3, max_size=3), min_size=1, max_size=5))
def test_rows_the_fast_way_are_the_single_numbers(rows):
    expected = "".join(" ".join(map(NumberStyle().format, row)) + "\n" for row in rows)
    assert NumberStyle().format_rows(np.array(rows)) == expected.encode()
    assert NumberStyle().format_rows(np.array(30 * rows)) == 30 * expected.encode()
    with np.errstate(over="ignore"):
        single = np.array(rows).astype(np.float32)
    assert NumberStyle().format_rows(np.tile(single, (30, 1))) == 30 * NumberStyle().format_rows(single)


def test_a_number_is_written_as_orjson_writes_it():
    powers = 10.0 ** np.arange(-30, 30)
    drawn = np.random.default_rng(0).integers(0, 2**64, 5000, dtype=np.uint64).view(np.float64)
    numbers = np.concatenate([powers, -powers, np.nextafter(powers, 0), drawn[np.isfinite(drawn)]])
    for x in numbers.tolist():
        assert NumberStyle().format(x) == orjson.dumps(x).decode().removesuffix(".0")


@given(st.lists(st.lists(doubles, min_size=2, max_size=2), min_size=1, max_size=5))
def test_rows_read_back(rows):
    lines = NumberStyle().format_rows(np.array(rows), ",").decode().splitlines()
    assert [[float(cell).hex() for cell in line.split(",")] for line in lines] == [
        [x.hex() for x in row] for row in rows
    ]


def test_rows_with_infinities_and_whole_numbers():
    values = np.array([[np.inf, 10.0, -0.0], [np.nan, -np.inf, 0.50]])
    assert NumberStyle().format_rows(values) == b"inf 10 -0\nnan -inf 0.5\n"


def test_rows_of_integers_and_of_one_column():
    assert NumberStyle().format_rows(np.array([[1, 2], [-3, 10]])) == b"1 2\n-3 10\n"
    assert NumberStyle().format_rows(np.array([[1.5], [2.0]])) == b"1.5\n2\n"
    assert NumberStyle().format_rows(np.zeros((2, 0))) == b"\n\n"


def test_rows_do_not_depend_on_the_layout_in_memory():
    values = np.arange(12.0).reshape(3, 4) / 3
    assert NumberStyle().format_rows(np.asfortranarray(values)) == NumberStyle().format_rows(values)
    assert NumberStyle().format_rows(values[:, ::2]) == NumberStyle().format_rows(values[:, ::2].copy())


@pytest.mark.parametrize(
    ("style", "x", "text"),
    [
        (NumberStyle(digits=3), 2 / 3, "0.667"),
        (NumberStyle(digits=3), 1e-7, "1e-7"),
        (NumberStyle(digits=3), 123456.0, "1.23e+5"),
        (NumberStyle(decimals=2), 2.0, "2.00"),
        (NumberStyle(decimals=2), -0.001, "0.00"),  # no sign on what is shown as 0
        (NumberStyle(decimals=0), 2.5, "2"),
        (NumberStyle(digits=4), math.inf, "inf"),
        (NumberStyle(), 12345678901234567890, "12345678901234567890"),  # an integer is never rounded
        (NumberStyle(digits=2), np.int64(1234), "1234"),
        (NumberStyle(), True, "true"),
        (NumberStyle(), np.bool_(False), "false"),
    ],
)
def test_text_as_asked_for(style, x, text):
    assert style.format(x) == text


@given(doubles, st.integers(1, 17))
def test_people_never_read_0_for_what_is_not(x, digits):
    for style in (NumberStyle(), NumberStyle(digits=digits)):
        assert (float(style.format_display(x)) == 0) == (x == 0)


@given(below_one, st.integers(1, 17))
def test_people_never_read_1_for_less(x, digits):
    for style in (NumberStyle(), NumberStyle(digits=digits)):
        assert abs(float(style.format_display(x))) < 1


@pytest.mark.parametrize("x", [0.99999999, math.nextafter(1, 0), -math.nextafter(1, 0), 1 - 1e-7])
def test_people_read_below_one_by_a_hair(x):
    assert 0 < abs(float(NumberStyle().format_display(x))) < 1
    assert all(0 < abs(float(text)) < 1 for text in NumberStyle().format_column([x, 0.25, 0.123456]))


@given(doubles)
def test_people_read_six_digits(x):
    shown = Fraction(NumberStyle().format_display(x))
    assert abs(shown - Fraction(x)) <= abs(Fraction(x)) * Fraction(1, 10**5) / 2


@pytest.mark.parametrize(
    ("x", "text"),
    [(-0.0, "0"), (1234567.0, "1234567"), (1e15, "1e+15"), (1e-7, "1e-7"), (3, "3"), (np.int64(10**9), "1000000000"),
     (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan"), (0.1 + 0.2, "0.3")],
)  # fmt: skip
def test_people_read(x, text):
    assert NumberStyle().format_display(x) == text


def test_digits_asked_for_hold_for_whole_numbers_too():
    assert NumberStyle(digits=3).format_display(1234567.0) == "1.23e+6"
    assert NumberStyle(decimals=2).format_display(0.999) == "1.00"  # fixed decimals are what was asked for


@given(st.lists(st.floats(), min_size=1, max_size=8))
def test_columns_have_one_width_and_one_place_for_the_point(values):
    texts = NumberStyle().format_column(values)
    assert len({len(text) for text in texts}) == 1
    assert {text.index(".") for text in texts if "." in text} in [set(), {max_whole(texts)}]


def max_whole(texts: list[str]) -> int:
    return max(len(text.rstrip().partition("e")[0].partition(".")[0]) for text in texts)


@given(st.lists(doubles, min_size=1, max_size=8), st.sampled_from([NumberStyle(), NumberStyle(digits=4)]))
def test_columns_keep_four_digits_of_every_number(values, style):
    for x, text in zip(values, style.format_column(values), strict=True):
        assert abs(Fraction(text.strip()) - Fraction(x)) <= abs(Fraction(x)) * Fraction(1, 10**3) / 2


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([2.0, 1.0, 0.1, -1.0, 3.0], [" 2  ", " 1  ", " 0.1", "-1  ", " 3  "]),
        ([1.0, 0.36787944], ["1.000000", "0.367879"]),
        ([0.98168, 1.1e-7], ["0.98168", "1.1e-7 "]),
        ([0.981681, 0.000329317], ["0.981681   ", "0.000329317"]),
        ([10.0, 3.0807, 0.1614], ["10.0000", " 3.0807", " 0.1614"]),
        ([12345.678, 0.123456], ["12345.7     ", "    0.123456"]),  # six digits, not more
        ([math.inf, 0.5], ["inf  ", "  0.5"]),
        ([1, 20, 300], ["  1", " 20", "300"]),
        ([], []),
    ],
)
def test_columns(values, texts):
    assert NumberStyle().format_column(values) == texts


def test_columns_with_fixed_decimals():
    assert NumberStyle(decimals=1).format_column([10.0, 0.25]) == ["10.0", " 0.2"]


@given(below_one)
def test_percentages_are_not_100_for_less_than_all(x):
    text = NumberStyle().format_percent(x)
    assert text.endswith(" %")
    assert abs(float(text[:-2])) < 100


def test_percentages_next_to_all_are_not_all():
    assert 99 < float(NumberStyle().format_percent(math.nextafter(1, 0))[:-2]) < 100
    assert float(NumberStyle().format_percent(-math.nextafter(1, 0))[:-2]) > -100


@pytest.mark.parametrize(
    ("style", "x", "text"),
    [(NumberStyle(), 1.0, "100 %"), (NumberStyle(), 0.07, "7 %"), (NumberStyle(digits=2), 0.6342, "63 %"),
     (NumberStyle(decimals=1), 0.5, "50.0 %"), (NumberStyle(), math.inf, "inf %"), (NumberStyle(), 2.5, "250 %")],
)  # fmt: skip
def test_percentages(style, x, text):
    assert style.format_percent(x) == text
