"""A first line is a header if none of its cells is a number, whatever they start with."""

from __future__ import annotations

import math
import string

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

SIGNS = {"csv": ",", "tsv": "\t", "text": " "}
WORDS = st.text(string.ascii_letters, min_size=2, max_size=6).filter(
    lambda word: word.lower() not in ("na", "nan", "inf", "null")
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


LATIN_1 = st.text("abé ñü", min_size=1, max_size=5).filter(lambda word: not word.isascii())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(LATIN_1 | WORDS, min_size=1, max_size=4).filter(lambda heads: not "".join(heads).isascii()),
    st.sampled_from(sorted(SIGNS)),
    st.sampled_from(["latin-1", "cp1252", "utf-16-le"]),
    st.booleans(),
    st.sampled_from(["b", "é", "1", None]),
)
def test_byte_of_an_unreadable_header_is_named(refusal, read, heads, form, encoding, header, column):
    """Whatever is asked of a header that can't be read, the data are wrong (1) and not the command line (2)."""
    first = SIGNS[form].join(heads).encode(encoding)
    try:
        first.decode()
        bad = first.index(b"\0")
    except UnicodeDecodeError as error:
        bad = error.start
    data = first + b"\n" + SIGNS[form].join("1" for _ in heads).encode() + b"\n"
    reading = {"input_format": form, "column": column, "header": header}
    if header or column in ("b", "é"):
        error = refusal(stdin=data, **reading)
        assert (error.usage, error.row) == (False, None)
        message = error.message
        assert message.startswith("<stdin>:1: ")
    else:
        wrong = next(piece for piece in read(stdin=data, **reading) if hasattr(piece, "error"))
        assert (wrong.line, wrong.error.usage) == (1, False)
        message = wrong.error.message
    assert f"byte {bad + 1} " in message


@pytest.mark.parametrize("column", ["b", "2", None])
@pytest.mark.parametrize(
    "first", [b"\xe9,b", b"a\0,b", b"a\r,b", b'"a"x,b', b'"a,b', b'"\xe9\n",b', b"# note\n\xe9,b"]
)
def test_header_that_is_no_text_is_exit_code_1(warm, tmp_path, first, column):
    (tmp_path / "d.csv").write_bytes(first + b"\n1,2\n")
    ran = warm("describe", f"@{tmp_path / 'd.csv'}", *(["--column", column] if column else ()))
    assert (ran.code, ran.out) == (1, b"")
    assert f"d.csv:{1 + first.startswith(b'#')}: " in ran.text


def test_unreadable_first_line_costs_itself_alone(warm, tmp_path):
    (tmp_path / "d.csv").write_bytes(b"a,\xe9\n1,2\n3,4\n")
    ran = warm("dot", f"@{tmp_path / 'd.csv'}", "1,1", "--invalid", "skip")
    assert (ran.code, ran.out) == (3, b"3\n7\n")


CELLS = st.sampled_from(["#1", "# 2", "#", "a # b", "5", "-1", "#!", '"#"'])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(CELLS, st.integers(0, 99)), min_size=1, max_size=8),
    st.sampled_from(["csv", "tsv"]),
    st.lists(st.sampled_from(["# note", "#", "  # id,w", '# "x', ""]), max_size=3),
    st.booleans(),
)
def test_number_sign_is_data_in_a_table(rows, pairs, form, notes, header):
    """Lines before the first record may be comments, but with --header; behind it none is."""
    sign = SIGNS[form]
    lines = [sign.join((cell, str(value))) for cell, value in pairs]
    [found] = rows(
        stdin="\n".join(["#id" + sign + "v", *lines, ""]).encode(), input_format=form, column="v", header=True
    )
    assert found == [value for _, value in pairs]
    if not header:
        data = "\n".join([*notes, "id" + sign + "v", *lines, ""]).encode()
        assert rows(stdin=data, input_format=form, column="v") == [found]


def test_number_sign_begins_a_comment_elsewhere(rows, refusal):
    data = b"id v\n#1 5\n3 9 # 7\n"
    assert rows(stdin=data, column="v") == [[9]]
    assert rows(stdin=b"# a\n1 2\n# b\n3 4 # c\n") == [[1, 2], [3, 4]]
    assert rows(stdin=b"[1, 2]\n", input_format="ndjson") == [[1, 2]]
    assert "not JSON" in rows(stdin=b"# a\n[1, 2]\n", input_format="ndjson")[0]  # JSON has no comments
    hint = refusal(stdin=b"#id,v\n1,2\n", input_format="csv", column="v").hint
    assert "--header" in hint


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"a\tb\tc\n1\t2\t\n\t5\t6\n", [[1, 2, None], [None, 5, 6]]), (b"a\tb\n \t2\n", [[None, 2]])],
)
def test_tab_at_an_end_of_a_line_separates(rows, data, expected):
    found = rows(stdin=data, input_format="tsv", missing="nan")
    assert [[None if math.isnan(x) else x for x in row] for row in found] == expected
