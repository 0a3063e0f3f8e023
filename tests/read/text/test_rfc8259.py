"""RFC 8259: every number is read rounded once, and no text that is not JSON is accepted, in whole files and in lines."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from aimath.errors import InputError

quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
DIGITS = st.text("0123456789", min_size=1, max_size=40)
BLANKS = st.text(" \t\r\n", max_size=3)


@st.composite
def numbers(draw):
    """A number of JSON's grammar: -? (0 | 1-9 digits) (. digits)? ([eE] [+-]? digits)?"""
    whole = draw(st.just("0") | st.tuples(st.sampled_from("123456789"), st.just("") | DIGITS).map("".join))
    part = draw(st.just("") | DIGITS.map(".{}".format))
    power = st.tuples(st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), st.integers(0, 400).map(str))
    return draw(st.sampled_from(["", "-"])) + whole + part + draw(st.just("") | power.map("".join))


def exact(text):
    """The number as a float, by exact fractions; None where it overflows."""
    mantissa, _, power = text.lower().partition("e")
    value = Fraction(mantissa) * Fraction(10) ** int(power or 0)
    try:
        return float(value)
    except OverflowError:
        return None


@quick
@given(st.lists(numbers(), min_size=1, max_size=6), BLANKS, st.sampled_from(["json", "ndjson"]))
@example(["-0", "-0.0", "-0e1", "1E22", "123e-400", "0e400"], "", "json")
@example(["9007199254740993", "-9223372036854775809", "18446744073709551617"], " ", "ndjson")
@example(
    ["0." + "0" * 700 + "1", "1." + "3" * 1000, "1" + "0" * 308, "1" + "0" * 4000 + "e-4000"], "\t", "json"
)
def test_numbers_are_rounded_once(read, texts, blank, form):
    values = [exact(text) for text in texts]
    blank = blank if form == "json" else blank.replace("\n", "")
    data = f"{blank}[{f'{blank},{blank}'.join(texts)}{blank}]{blank}".encode()
    if None in values and form == "json":
        with pytest.raises(InputError, match="overflows float64"):
            read(stdin=data, input_format=form)
        return
    [found] = read(stdin=data, input_format=form)
    if None in values:
        assert "overflows float64" in found.error.message
        return
    assert found.operands["x"].tolist() == [values]
    signs = [text.startswith("-") for text in texts]
    assert np.signbit(found.operands["x"][0]).tolist() == signs


NO_NUMBERS = [
    "+1", "01", "-01", "00", "1.", ".5", "-.5", "-", "+", "1e", "1e+", "1E-", "1.e1", "1.5.5", "1e1.5", "1ee1", "1+1", "0x10", "0b1",
    "1_0", "1 0", "- 1", "1,5e", "NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "1f", "1L", "１", "1٢", "−1", "1/3", "30%", "1e١",
    "True", "False", "None", "undefined", "TRUE", "nul", "tru", "1a", "a1", "--1", "1-", "$1", "1;", "1'", "(1)", "1\x00", "\x001", "1\x0b",
    "\x0c1", "\xa01", "\u20601", "1#", "1//", "/**/1", "#1",
]  # fmt: skip
NO_ARRAYS = [
    "", " ", "[", "]", "[1", "1]", "[1,]", "[,1]", "[1,,2]", "[,]", "[1 2]", "[1;2]", "[1:2]", "[1],", "[1]]", "[[1]", "[1][2]", "[1]1",
    "[1] x", "(1, 2)", "{1, 2}", "<1>", "[1}", "{1]", "{", "}", '{"x"}', '{"x":}', '{"x" 1}', '{"x":1,}', '{,"x":1}', "{x:1}",
    "{'x':1}", '{"x":1', '{"x":1}}', "{1:1}", '{"x":1 "y":2}', '{"x"::1}', '{"x":[1}', "[1]//", "[1] # c", "/* c */[1]", "[1]\x00",
    "[1]\x0c", "\x0b[1]", "[1]\xa0", "\u2060[1]", '{"x":1, "y":"\t"}', '{"x":1, "y":"\\x41"}', '{"x":1, "y":"\\u12"}', '{"x":1, "y":"\\"}',
    '{"x":1, "y":\'z\'}', '{"x":1, "y":"z}', '{"x":1}{"x":2}', "[...]", "[1, ...]", "1 2", "1,2", "a", '"', "'", "\\", "[1\\n]", "[" * 2000,
    "[" * 100_000, '{"a":' * 100_000, "[" * 65 + "1" + "]" * 65, "[" * 1500 + "1" + "]" * 1500, '[{"x":' * 50_000,
]  # fmt: skip
NO_UTF8 = [
    b"[1, \xff]", b"\xff[1]", b"[1]\xff", b'{"x":1, "y":"\xe9"}', b'{"x":1, "y":"\xc0\x80"}', b'{"x":1, "y":"\xed\xa0\x80"}',
    b'{"x":1, "y":"\xf4\x90\x80\x80"}', b'{"x":1, "y":"\xe2\x82"}', b"\xef\xbb[1]", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf[1]",
    *("[1]".encode(f"utf-{code}") for code in ("16", "16-le", "16-be", "32", "32-le", "32-be")),
]  # fmt: skip


def refused(read, data, form):
    """Return whether nothing was read, and one sentence in print says why."""
    try:
        found = read(stdin=data, input_format=form)
    except ValueError as error:
        said = str(error)
    else:
        if not all(hasattr(piece, "error") for piece in found):
            return False
        said = " ".join(piece.error.message for piece in found)
    return said.isprintable() and len(said) < 1000


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_what_is_no_json_is_refused(read, form):
    texts = [
        *NO_ARRAYS,
        *NO_NUMBERS,
        *(f"[{text}]" for text in NO_NUMBERS),
        *(f'{{"x": {text}}}' for text in NO_NUMBERS),
    ]
    texts += ["[\ufeff1]", "[1\ufeff]", "1\ufeff"]  # a byte order mark is passed over at the start alone
    texts += [f"[[1, 2], [3, {text}]]" for text in NO_NUMBERS if "," not in text]
    cases = [text.encode() for text in texts if form == "json" or text.strip()] + NO_UTF8
    accepted = [
        data[:80] for data in cases if not refused(read, data, form) and not lines_of_json(data, form)
    ]
    assert not accepted
    assert len(cases) > 250


def lines_of_json(data, form):
    """Return whether there is nothing to refuse: an empty document of lines."""
    return form == "ndjson" and not data.strip(b"\xef\xbb\xbf \t\r\n")


VALUES = st.recursive(
    numbers() | st.sampled_from(['"a"', "null", "true", '"\\ud800"', '"é"']),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"[{','.join(parts)}]"),
    max_leaves=6,
)


@quick
@given(VALUES, st.data())
def test_changed_json_is_read_only_if_it_still_is_json(read, text, data):
    """Held against Python's json, which shares no code with orjson, with NaN and Infinity refused."""
    at = data.draw(st.integers(0, len(text)))
    other = data.draw(
        st.sampled_from([*'[]{},:"-+.eE01 \n\t#\\', "\x00", "NaN", "Infinity", "é", ",,", "00"])
    )
    text = text[:at] + other + text[at + data.draw(st.integers(0, 1)) :]

    def refuse(name):
        raise ValueError(name)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        assert refused(read, text.encode("utf-8", "surrogatepass"), "json")


def test_brackets_may_be_64_deep(read):
    for depth in range(1, 64):
        [block] = read(stdin=b"[" * depth + b"1" + b"]" * depth, input_format="json")
        assert block.operands["x"].tolist() == [[1]]


WHOLE = {
    b"42": [42], b"-0.1": [-0.1], b" [1]": [1], b"[1\n]": [1], b"[2] ": [2], b"\xef\xbb\xbf[3]": [3], b"[1]\r\n": [1],
    b'{"x":[1],"y":"\\ud800 \\u0000 \\/"}': [1], b'{"x":[1],"\\ud800":2}': [1], b'{"":0,"x":[1]}': [1],
    b'{"x":[-1.0e+28,1.0e+28]}': [-1e28, 1e28], b'{"x":[1],"deep":' + b"[" * 900 + b"]" * 900 + b"}": [1],
}  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), WHOLE.items())
def test_whole_documents(rows, data, expected):
    assert rows(stdin=data, input_format="json") == [expected]


def test_lone_surrogates_reach_every_form(warm):
    """Half of a pair is JSON, if not text: it is shown as an escape, and ends no program."""
    line = b'{"logits": [2, 1], "labels": ["\\ud800", "a"]}\n'
    for form, way in itertools.product(
        ("plain", "csv", "tsv", "json", "markdown", "table"), ((), ("--explain",))
    ):
        if way and form not in ("table", "json"):
            continue
        ran = warm("softmax", "--format", form, *way, stdin=line)
        assert (ran.code, b"Traceback" in ran.err) == (0, False)
        ran.out.decode()
