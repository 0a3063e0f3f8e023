"""Numbers as they are typed: what is one, what is none, lists and ranges."""

import math
from fractions import Fraction
from math import copysign, inf

import mpmath
import pytest
from hypothesis import given, settings, strategies as st

from aimath.errors import InputError
from aimath.read.numbers import looks_numeric, parse_integer, parse_number, parse_sweep

# The grammar of a number, as the README has it under "Operands".
GOOD = {
    "2": 2.0,
    "-1e3": -1000.0,
    ".5": 0.5,
    "5.": 5.0,
    "+7": 7.0,
    "007": 7.0,
    "1E+2": 100.0,
    "inf": inf,
    "-inf": -inf,
    "+inf": inf,
    "1/3": 1 / 3,
    "-1/3": -1 / 3,
    "1/-4": -0.25,
    "30%": 0.3,
    "-.5%": -0.005,
    "1e2%": 1.0,
    "−1.5": -1.5,
    " 2\t": 2.0,
    "1e-400": 0.0,
    "1e-99999999999": 0.0,
    "0.1/0.3": 1 / 3,  # rounded once: 0.1 / 0.3 in float64 is 0.33333333333333337
    "0.28%": 0.0028,  # 0.28 / 100 is 0.0028000000000000004
    "1.7976931348623157e308": 1.7976931348623157e308,
    "0" * 399 + "1": 1.0,
}

BAD = {
    "": "'' is not a number",
    "0.l": "'0.l' is not a number",
    "nan": "'nan' is not a number",
    "Infinity": "'Infinity' is not a number",
    "1_0": "'1_0' is not a number",
    "0x10": "'0x10' is not a number",
    "1,5": "'1,5' is not a number",
    "--1": "'--1' is not a number",
    ".": "'.' is not a number",
    "1e": "'1e' is not a number",
    "1\n": r"'1\n' is not a number",
    "２": "'２' is not a number",  # float() takes full-width digits
    "٣": "'٣' is not a number",
    "\xa01": r"'\xa01' is not a number",
    "1//2": "'1//2' is not a number",
    "1/2/3": "'1/2/3' is not a number",
    "inf/2": "'inf/2' is not a number",
    "inf%": "'inf%' is not a number",
    "1e400": "'1e400' overflows float64",
    "-1e400": "'-1e400' overflows float64",
    "1e400/1e400": "'1e400' overflows float64",
    "1e300/1e-300": "'1e300/1e-300' overflows float64",
    "1e999999999999%": "'1e999999999999%' overflows float64",
    "1/0": "'1/0' divides by zero",
    "0/0": "'0/0' divides by zero",
}


@pytest.mark.parametrize(("token", "value"), GOOD.items())
def test_numbers_are_read(token, value):
    assert parse_number(token) == value


@pytest.mark.parametrize(("token", "why"), BAD.items())
def test_other_tokens_are_refused_by_name(token, why):
    with pytest.raises(InputError) as caught:
        parse_number(token)
    assert caught.value.message == why


@pytest.mark.parametrize("token", ["-0", "-0.0", "-0/3", "0/-3", "-0%", "-1e-400"])
def test_zero_keeps_its_sign(token):
    assert copysign(1, parse_number(token)) == -1


def test_401_characters_are_too_many():
    with pytest.raises(InputError, match="is not a number of at most 400 characters"):
        parse_number("0" * 400 + "1")


def test_a_hostile_number_is_refused_in_linear_time():
    with pytest.raises(InputError):
        parse_number("1" * 1_000_000 + "x")


plain = st.from_regex(
    r"[-+]?([0-9]{1,25}(\.[0-9]{0,25})?|\.[0-9]{1,25})([eE][-+]?[0-9]{1,2})?", fullmatch=True
)


@pytest.mark.slow
@given(plain)
@settings(deadline=None, max_examples=300)
def test_plain_numbers_are_the_nearest_double(token):
    assert parse_number(token) == float(Fraction(token))


@pytest.mark.slow
@given(plain, plain)
@settings(deadline=None, max_examples=300)
def test_fractions_and_percentages_are_rounded_once(top, bottom):
    assert parse_number(top + "%") == float(Fraction(top) / 100)
    if Fraction(bottom):
        assert parse_number(f"{top}/{bottom}") == float(Fraction(top) / Fraction(bottom))


@pytest.mark.slow
@given(st.text(st.characters() | st.sampled_from("0123456789+-./%eE−inf"), max_size=12))
@settings(deadline=None, max_examples=500)
def test_any_text_is_a_number_or_an_input_error(text):
    try:
        value, sentence = parse_number(text), "a number"
    except InputError as error:
        value, sentence = 0.0, error.message
    assert not math.isnan(value)
    assert sentence.isprintable()
    assert looks_numeric(text.strip()) or sentence != "a number"


@pytest.mark.parametrize(
    "token",
    ["-1e3", "-.5", "-1,2", "-1/3", "-inf", "-30%", "[-1,2]", "[[-1, 2]]", "-1 2; 3 4", "-inf,0", "−1", "2"],
)
def test_numeric_tokens_are_operands(token):
    assert looks_numeric(token)


@pytest.mark.parametrize("token", ["-n", "--lr", "-info", "-inf1", "-", "--1", "-e3", "-.", "", "@x", "a=-1"])
def test_other_tokens_are_left_to_the_options(token):
    assert not looks_numeric(token)


def test_integers_within_their_range():
    assert parse_integer("12", "--steps", 1, 100) == 12
    assert parse_integer("-3", "--shift", -5, 5) == -3
    assert parse_integer("0" * 17 + "7", "--top", 0, 9) == 7


@pytest.mark.parametrize("token", ["1e3", "1.0", "0x10", "1_0", "", "ten", "1" * 19, "２"])
def test_what_is_no_integer(token):
    with pytest.raises(InputError, match="--steps must be a whole number, not '") as caught:
        parse_integer(token, "--steps", 1, 100)
    assert caught.value.usage


def test_an_integer_out_of_range_names_the_range():
    with pytest.raises(InputError, match="--steps must be 1 to 100, not 0"):
        parse_integer("0", "--steps", 1, 100)


def test_sweeps():
    assert parse_sweep("1") == [1.0]
    assert parse_sweep(".1,.2") == [0.1, 0.2]
    assert parse_sweep("[1, 1/3, -inf]") == [1.0, 1 / 3, -inf]
    assert parse_sweep("lin:0:1:5") == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert parse_sweep("lin:0:1:11") == [k / 10 for k in range(11)]
    assert parse_sweep("log:1e-3:1:7")[::2] == [0.001, 0.01, 0.1, 1.0]
    assert parse_sweep("log:8:1:4") == [8.0, 4.0, 2.0, 1.0]
    assert parse_sweep("lin:1:-1:3") == [1.0, 0.0, -1.0]
    assert len(parse_sweep("lin:0:1:10000")) == 10_000


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9), st.integers(2, 9))
@settings(deadline=None, max_examples=100)
@pytest.mark.slow
def test_points_of_a_log_range_are_the_nearest_doubles(a, b, n):
    with mpmath.workdps(60):
        first, last = mpmath.mpf(repr(a)), mpmath.mpf(repr(b))
        inner = [float(first * (last / first) ** (mpmath.mpf(k) / (n - 1))) for k in range(1, n - 1)]
    assert parse_sweep(f"log:{a!r}:{b!r}:{n}") == [a, *inner, b]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is not a number"),
        ("1,,2", "'' is not a number"),
        ("lin:0:1", "'lin:0:1' is not a range"),
        ("geo:0:1:5", "'geo:0:1:5' is not a range"),
        ("lin:0:x:5", "'x' is not a number"),
        ("lin:0:inf:5", "'lin:0:inf:5': the ends of a range are finite"),
        ("log:0:1:5", "'log:0:1:5': both ends of a log range must be above 0"),
        ("lin:0:1:1", "the number of values in 'lin:0:1:1' must be 2 to 10000, not 1"),
        ("lin:0:1:10001", "the number of values in 'lin:0:1:10001' must be 2 to 10000, not 10001"),
        ("1," * 10_000 + "1", "asks for 10001 values; the limit is 10000"),
    ],
)
def test_bad_sweeps_are_mistakes_of_the_command_line(text, why):
    with pytest.raises(InputError) as caught:
        parse_sweep(text)
    assert (caught.value.message, caught.value.usage) == (why, True)
