"""JSON, strictly, and priced before it is parsed."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.read.stored import npy_bytes


def why(refusal, tokens, **kwargs):
    error = refusal(tokens, **kwargs)
    return error.message.replace(f"{Path(tokens[0][1:]).parent}/", "")


JSON = {
    b"[1, 2]": [[1, 2]],
    b"3": [[3]],
    b"\xef\xbb\xbf[\n 1,\n 2\n]\n": [[1, 2]],
    b"[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]": [[1, 2], [3, 4], [5, 6], [7, 8]],
    b'{"x": [[1], [2]], "y": null}': [[1], [2]],
    b'[{"x": [1, 2]}, {"x": [3]}]': [[1, 2], [3]],
    b'[{"x": -0}]': [[0]],
    b"[9007199254740993, 12345678901234567890123]": [[9007199254740992, 12345678901234567890123.0]],
}


@pytest.mark.parametrize(("data", "expected"), JSON.items())
def test_json(rows, at, data, expected):
    assert rows(at("d.json", data)) == expected


BAD_JSON = {
    b"": "not JSON: expecting value at column 1",
    b"[1, 2]\n[3]": "not JSON: extra data at line 2, column 1",
    b"[[1, 2], [3, null]]": "[1][1] is null, not a number",
    b"[[1, 2], [3, true]]": "[1][1] is a boolean, not a number",
    b'[[1, 2], [3, "4"]]': "[1][1] is a string, not a number",
    b"[[1, 2], [3]]": "[1] has 1 value, [0] 2 values: rows must be equally long",
    b"[[1, 2], []]": "[1] is an empty array, not a number",
    b'[{"x": 1}, {"y": 1}]': "has no key 'x'; its keys are 'y'",
    b'[{"x": 1}, 2, {"x": [1, null]}]': "[2].x[1] is null, not a number",
    b'{"x": [1], "x": [2]}': "the key 'x' is there twice",
    b'{"x": [1], "y": {"a": 1, "a": 2}}': "the key 'a' is there twice",
    b"[1, Infinity]": "Infinity is not a number",
    b"[1, -Infinity]": "-Infinity is not a number",
    b"[1, 1e400]": "'1e400' overflows float64",
    b"[" + b"9" * 5000 + b"]": f"'{'9' * 57}...' overflows float64",
    b"[" * 100_000: "arrays are nested deeper than 64",
    b"[\xff]": "byte 2 (0xff) is not UTF-8",
    b"\0": "not JSON: expecting value at column 1",
}


@pytest.mark.parametrize(("data", "sentence"), BAD_JSON.items(), ids=range(len(BAD_JSON)))
def test_strict_json(refusal, at, data, sentence):
    assert why(refusal, at("d.json", data)) == f"d.json: {sentence}"


def test_json_is_priced_before_it_is_parsed(refusal, at):
    tokens = at("d.json", b"[" + b"1," * 10_000 + b"1]")
    assert "a JSON file needs" in refusal(tokens, max_memory=10_000).message
    assert "JSON needs" in refusal(stdin=b"[1, 2]", input_format="json", max_memory=10).message


@pytest.mark.slow
def test_a_nest_of_small_arrays_is_priced_by_what_it_becomes(refusal, at, rows):
    tokens = at("d.json", b"[" + b"[1]," * 10_000 + b"[1]]")
    assert "JSON needs 4.73 MiB" in refusal(tokens, max_memory=4 << 20).message
    assert len(rows(tokens, max_memory=5 << 20)) == 10_001


@pytest.mark.slow
def test_two_equal_keys_are_found_among_many(refusal, at):
    """Looking through all keys for each of them took minutes."""
    members = b",".join(b'"%d":1' % k for k in range(100_000))
    assert why(refusal, at("d.json", b'{"x":1,%b,"x":2}' % members)) == "d.json: the key 'x' is there twice"
    assert why(refusal, at("e.json", b'{%b,"99999":2}' % members)) == "e.json: the key '99999' is there twice"


def test_json_over_several_lines_on_stdin(rows):
    assert rows(stdin=json.dumps([[1, 2], [3, 4]], indent=1).encode(), input_format="json") == [
        [1, 2],
        [3, 4],
    ]


def test_matrices_from_json_and_literals(read, at):
    for tokens in (
        at("d.json", b"[[1, 2], [3, 4]]"),
        at("d.txt", b"1 2\n3 4\n"),
        at("d.npy", npy_bytes([[1, 2], [3, 4]])),
    ):
        [block] = read(tokens, matrix=True)
        assert block.operands["x"].tolist() == [[[1, 2], [3, 4]]]
    assert read(at("d.json", b"[1, 2]"), matrix=True)[0].operands["x"].shape == (1, 1, 2)
    assert read(at("d.npy", npy_bytes([1, 2])), matrix=True)[0].operands["x"].shape == (1, 1, 2)
    assert read(at("d.npy", npy_bytes(np.ones((5, 2, 3)))), matrix=True)[0].operands["x"].shape == (5, 2, 3)
    assert read([at("d.csv", b"a,b\n1,2\n")[0][1:]], matrix=True)[0].labels == ("a", "b")
