"""The fast and the slow way through text are one reader."""

import io

import pytest
from hypothesis import given, settings, strategies as st

import aimath.read.text._text as text_module
from aimath.read.blocks import BadRow, ReadOptions
from aimath.read.operands import read_blocks

cells = st.sampled_from(
    [
        "1",
        "-0",
        "0",
        "2.5",
        ".5",
        "5.",
        "+1",
        "1e5",
        "-1E-3",
        "01",
        "1e400",
        "nan",
        "x",
        ".",
        "-",
        "+-1",
        "1 ",
        "",
        "[1",
        "2]",
        "-.",
        "+.",
        "++1",
        "1..",
        ".e5",
        "1e",
        "null",
        "true",
        '"1"',
        "a=1",
        "12345678901234567890",
        "1" * 399,
        "0." + "3" * 399,
        "\r",
        "\x00",
        "1/3",
    ]
) | st.floats(allow_nan=False, allow_infinity=False).map(repr)

good = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.sampled_from(
    ["-0", "7", ".5", "-.25", "+3", "4."]
)


@st.composite
def texts(draw):
    entry = draw(st.sampled_from([cells, good, good]))
    separator = draw(st.sampled_from([" ", ",", "\t", ", ", "  ", " ,", ";"]))
    width = draw(st.integers(1, 4))
    widths = st.integers(1, 4) if draw(st.booleans()) else st.just(width)
    lines = draw(st.lists(widths.flatmap(lambda n: st.lists(entry, min_size=n, max_size=n)), max_size=8))
    opening, closing = draw(st.sampled_from([("", ""), ("", ""), (" ", ""), ("", " "), ("[", "]")]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return "".join(opening + separator.join(line) + closing + end for line in lines).encode()


@pytest.mark.slow
@given(texts(), st.sampled_from([None, ",", ";", "\t", " "]), st.booleans())
@settings(deadline=None, max_examples=1500)
def test_fast_way_and_slow_way_agree_to_the_bit(data, delimiter, strict):
    reading = ReadOptions(rows=True, delimiter=delimiter, input_format="csv" if strict else None)

    def outcome(small):
        held = text_module.LINE_BY_LINE_BYTES
        text_module.LINE_BY_LINE_BYTES = small
        try:
            return [shape(piece) for piece in read_blocks([], ["x"], {}, io.BytesIO(data), reading)]
        except ValueError as error:
            return str(error)
        finally:
            text_module.LINE_BY_LINE_BYTES = held

    def shape(piece):
        if isinstance(piece, BadRow):
            return piece.line, piece.width, piece.error.message, piece.error.entry
        array = piece.operands["x"]
        return list(piece.lines), array.shape, array.tobytes(), piece.labels

    fast, halved = outcome(512), outcome(0)
    rapid = text_module.fast_parse
    text_module.fast_parse = lambda *_: None
    try:
        slow = outcome(512)
    finally:
        text_module.fast_parse = rapid
    assert fast == slow == halved


def test_regular_text_does_take_the_fast_way(read, monkeypatch):
    monkeypatch.setattr(text_module, "_parse_lines", None)
    for line in (
        b"1.5 2 3",
        b"1.5,2,3",
        b"1.5, 2, 3",
        b"1.5\t2\t3",
        b"[1.5, 2, 3]",
        b"  1.5   2  3",
        b"+1.5 2. 3 ",
        b"7",
    ):
        for end in (b"\n", b"\r\n"):
            count = sum(block.operands["x"].size for block in read(stdin=(line + end) * 100, rows=True))
            assert count == 100 * (1 if line == b"7" else 3)


def test_an_odd_line_slows_down_few_others(read, monkeypatch):
    seen = []
    slowly = text_module._parse_lines
    monkeypatch.setattr(
        text_module, "_parse_lines", lambda data, *rest: seen.append(len(data)) or slowly(data, *rest)
    )
    found = read(stdin=b"1 2\n" * 20_000 + b"1 x\n" + b"3 4\n" * 20_000)
    assert sum(len(piece.lines) for piece in found if not isinstance(piece, BadRow)) == 40_000
    assert [(piece.line, piece.error.entry) for piece in found if isinstance(piece, BadRow)] == [(20_001, 1)]
    assert sum(seen) < 2048
