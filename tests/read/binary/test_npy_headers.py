"""Headers of .npy: NumPy itself says which are read, and as what."""

from __future__ import annotations

import io
import itertools
import struct
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aimath.errors import InputError
from aimath.read.blocks import ReadOptions
from aimath.read.operands import read_blocks

BODY = np.arange(1.0, 7.0).tobytes()


def file(text, version=1, body=BODY):
    data = text.encode("utf-8" if version == 3 else "latin-1")
    size = struct.pack("<H" if version == 1 else "<I", len(data))
    return b"\x93NUMPY" + bytes([version, 0]) + size + data + body


def ours(data):
    try:
        found = list(read_blocks([], ["x"], {}, io.BytesIO(data), ReadOptions(input_format="npy")))
    except InputError:
        return None
    return np.concatenate([block.operands["x"] for block in found])


def numpys(data):
    """What NumPy reads, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.load(io.BytesIO(data), allow_pickle=False)
        except Exception:  # noqa: BLE001  it raises eight kinds
            return None


def agree(data):
    """Return whether we read what NumPy reads of numbers in 1 to 4 axes, and nothing that it refuses."""
    theirs, mine = numpys(data), ours(data)
    if theirs is None:
        return mine is None
    numbers = theirs.dtype.kind in "fiub" and theirs.dtype.itemsize <= 8
    if not (numbers and 1 <= theirs.ndim <= 4 and theirs.size and theirs.nbytes == len(BODY)):
        return mine is None
    return mine is not None and np.array_equal(mine, theirs.astype(float).reshape(-1, theirs.shape[-1]))


GOOD = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }"
KEYS = ["'descr'", '"descr"', "u'descr'", "b'descr'", "'des' 'cr'", "descr", "'descr '", "1"]
DTYPES = [
    "'<f8'", "'>f8'", "'=f8'", "'|f8'", "'f8'", "'float64'", "'d'", "'<d'", "'float'", "'<i8'", "'int64'", "'<u8'",
    "'<f4'", "'<f16'", "'<c8'", "'|O'", "'O'", "'<M8[s]'", "'<U1'", "'|S8'", "'V8'", "'f8,f8'", "'(2,)f8'", "''",
    "'?'", "'|b1'", "'x'", "u'<f8'", "b'<f8'", "r'<f8'", "'\\x3cf8'", "'<f8", "<f8", "8", "None", "('<f8', (2,))",
    "[('a', '<f8')]", "'<f8' 'x'", "'<' 'f8'", "f'<f8'", "'<f8' if 1 else 0", "('<f8')", "'  <f8'", "'<F8'",
]  # fmt: skip
ORDERS = [
    "False", "True", "'False'", "0", "1", "None", "false", "FALSE", "(False)", "(False,)", "not True", "0 == 1", "[]",
    "False or True", "b'False'", "-True",
]  # fmt: skip
SHAPES = [
    "(2, 3)", "(6,)", "(6L,)", "(2L, 3L)", "(2 L, 3)", "(2l, 3)", "(2LL, 3)", "(L,)", "(6L)", "(6)", "6", "[2, 3]",
    "(02, 3)", "(003, 2)", "(2, 3,)", "(2 3)", "(2,, 3)", "(,)", "()", "(2, 3", "2, 3)", "(2, -3)", "(-2, -3)",
    "(+2, 3)", "(2.0, 3)", "(2e0, 3)", "(0x2, 3)", "(0b10, 3)", "(0o2, 3)", "(1_0, 3)", "(True, 6)", "('2', 3)",
    "(2+0, 3)", "(2, 3+0j)", "(2, 3j)", "((2, 3))", "((2,), 3)", "(*(2, 3),)", "(1, 1, 2, 3)", "(1, 1, 1, 2, 3)",
    "(2, None)", "(2, 3) ", "{2, 3}", "{2: 3}", "(0, 3)", "(7,)", "(5,)", "(12345678901234567890, 3)", "(２, 3)",
]  # fmt: skip
WHOLES = [
    GOOD, f"{GOOD}\n", f"  {GOOD}   \n", f"\t{GOOD}", f"\n{GOOD}", f"\n  {GOOD}", GOOD.replace(", ", " "), GOOD.replace(", }", "}"),
    GOOD.replace(", }", ",, }"), GOOD.replace(":", " "), GOOD.replace(":", "="), GOOD[1:-1], f"({GOOD})", f"[{GOOD}]",
    f"{GOOD}{GOOD}", f"{GOOD};", f"{GOOD} # a comment", GOOD.replace("{", "{ # a comment\n"), f"{GOOD}\0", f"\0{GOOD}",
    f"{GOOD},", GOOD.replace("'", '"'), GOOD.replace("'", "`"), GOOD.replace("}", "'more': 1}"), f"dict({GOOD})",
    GOOD.replace("'shape'", "'shap'"), "{}", "", "None", "[]", "{1, 2}", f"x = {GOOD}", f"{{**{GOOD}}}", f"lambda: {GOOD}",
    GOOD.replace("'descr'", "'''descr'''"), GOOD.replace(" ", "\n"), GOOD.replace(" ", "\t"), GOOD.replace(" ", "\f"),
    GOOD.replace(" ", "\xa0"), GOOD.replace(" ", ""), GOOD.replace(", 'f", ", \\\n'f"), GOOD + "é", f"{GOOD}\r\n", f"{GOOD}\r",
    GOOD.replace("'<f8'", "'<f8' # 'x'"), GOOD.replace("False", "False and False"), "{" * 200 + "}" * 200,
    "-" * 500 + "1", "not " * 2000 + "1", GOOD + " " * 5000, "{'a':" * 300 + "1" + "}" * 300,
]  # fmt: skip


def headers():
    """Give every value of each field, in its place, and whole headers."""
    fields = itertools.chain(
        (GOOD.replace("'descr'", key) for key in KEYS),
        (GOOD.replace("'<f8'", dtype) for dtype in DTYPES),
        (GOOD.replace("False", order) for order in ORDERS),
        (GOOD.replace("(2, 3)", shape) for shape in SHAPES),
    )
    return [*WHOLES, *fields]


def is_latin(text):
    return all(ord(sign) < 256 for sign in text)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_headers_are_read_as_numpy_reads_them(version):
    tried = [text for text in headers() if version == 3 or is_latin(text)]
    wrong = [text for text in tried if not agree(file(text, version))]
    assert not wrong
    assert len(tried) > 120
    assert sum(ours(file(text, version)) is not None for text in tried) > 30


PIECES = [
    "'descr'",
    "'fortran_order'",
    "'shape'",
    ":",
    ",",
    "{",
    "}",
    "(",
    ")",
    "'<f8'",
    "False",
    "2",
    "3",
    "L",
    "6L",
    " ",
    "\n",
    "#",
    "'",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from([1, 2, 3]), st.data())
def test_changed_headers_are_read_as_numpy_reads_them(version, data):
    """A good header with a few places replaced, left out or said twice, but for keys that are there twice."""
    text = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        stop = data.draw(st.integers(at, min(len(text), at + 8)))
        text = text[:at] + data.draw(st.sampled_from(["", *PIECES])) + text[stop:]
    if all(text.count(key) < 2 for key in PIECES[:3]):
        assert agree(file(text, version)), text


def test_key_that_is_there_twice_is_refused():
    """NumPy takes the last: two readers of one file may see two arrays."""
    twice = GOOD.replace("{", "{'shape': (3, 2), ")
    assert numpys(file(twice)).shape == (2, 3)
    assert ours(file(twice)) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("(2, 3)", "(003, 2)"), "not a literal of Python"),
        ((", ", " "), "not a literal of Python"),
        (("False", "'False'"), "its fortran_order is 'False', not True or False"),
        (("(2, 3)", "[2, 3]"), "its shape is [2, 3], not a tuple of whole numbers"),
        (("(2, 3)", "(2.0, 3)"), "its shape is (2.0, 3), not a tuple of whole numbers"),
        (("<f8", "<c16"), "its dtype '<c16' is not a real number of at most 8 bytes"),
    ],
)
def test_reason_is_true(refusal, change, reason):
    assert reason in refusal(stdin=file(GOOD.replace(*change))).message


def test_longs_of_python_2(rows):
    data = file(GOOD.replace("(2, 3)", "(2L, 3L)"))
    assert rows(stdin=data) == [[1, 2, 3], [4, 5, 6]]
