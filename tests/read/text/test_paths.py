"""Paths into JSON, objects with one number, responses of language models, and null and NaN as missing."""

import json
import math

import pytest
from hypothesis import given, strategies as st

from aimath.errors import InputError
from aimath.read.blocks import BadRow
from aimath.read.text._paths import MAX_PARTS, as_named, as_response, find

CHAT = {
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "The cat"},
            "logprobs": {
                "content": [
                    {
                        "token": token,
                        "logprob": logprob,
                        "bytes": [*token.encode()],
                        "top_logprobs": [{"token": t, "logprob": p, "bytes": None} for t, p in top],
                    }
                    for token, logprob, top in [
                        ("The", -0.25, [("The", -0.25), ("A", -2.0)]),
                        (" cat", -1.5, [(" dog", -1.25), (" cat", -1.5)]),
                    ]
                ],
                "refusal": None,
            },
            "finish_reason": "stop",
        }
    ],
}
COMPLETION = {
    "object": "text_completion",
    "choices": [
        {
            "text": "The cat sat",
            "logprobs": {
                "text_offset": [0, 3, 7],
                "token_logprobs": [None, -1.25, -0.5],
                "tokens": ["The", " cat", " sat"],
                "top_logprobs": [None, {" cat": -1.25, " dog": -1.5}, {" sat": -0.5, " ran": -2.5}],
            },
        }
    ],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab.*0", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.*01", max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def paths(value, before=()):
    """Every path to a value within, with what stands there."""
    yield before, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from paths(part, (*before, str(key)))


@given(JSON)
def test_every_place_is_found_by_its_path(value):
    for keys, there in paths(value):
        if (
            keys
            and not any(not key or "." in key or "*" in key for key in keys)
            and not _is_hidden(value, keys)
        ):
            assert find(value, ".".join(keys)).value == there


def _is_hidden(value, keys):
    """Whether a key with points in it comes first."""
    for k in range(len(keys)):
        if isinstance(value, dict) and ".".join(keys[k:]) in value:
            return k < len(keys) - 1
        value = value[keys[k]] if isinstance(value, dict) else value[int(keys[k])]
    return False


@given(JSON, st.text("ab.*019", max_size=9))
def test_any_path_is_an_answer_or_one_error(value, path):
    try:
        find(value, path)
    except InputError as error:
        assert str(error)  # noqa: PT017


def test_stars_and_whole_keys():
    value = {"a": [{"b": 1, "c.d": 5}, {"b": 2, "c.d": 6}, None], "a.b": 7, "o": {"x": [1], "y": [2]}}
    assert find(value, "a.b").value == 7
    assert find(value, "a.*.b").value == [1, 2, None]
    assert find(value, "a.1.c.d").value == 6
    assert find(value, "o.*.0").value == [1, 2]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a.x", "a is a list of 2, without 'x'"),
        ("a.2", "a is a list of 2, without '2'"),
        ("a.0.x", "a.0 has no key 'x'; its keys are 'b'"),
        ("a.*.x", "a.0 has no key 'x'"),
        ("a.0.b.c", "a.0.b is no object and no list"),
        ("b\x1b", "it has no key 'b\\x1b'"),
        (".".join("a" * (MAX_PARTS + 1)), "has more than 32 parts"),
    ],
)
def test_where_a_path_ends_is_told(path, said):
    with pytest.raises(InputError) as caught:
        find({"a": [{"b": 1}, {"b": 2}]}, path)
    assert said in str(caught.value)


def test_objects_with_one_number():
    assert as_named([{"token": "a", "logprob": -1, "bytes": [1]}]) == ([-1], ("a",))
    assert as_named({" a": -1, " b": None}) == ([-1, None], (" a", " b"))
    assert as_named([{"x": 1, "y": 2}]) is None
    assert as_named([{"x": True}]) is None
    assert as_named([]) is None


def test_responses():
    assert as_response(CHAT).texts == [([-0.25, -1.5], ("The", " cat"))]
    completion = as_response(COMPLETION)
    assert completion.texts == [([-1.25, -0.5], (" cat", " sat"))]
    assert completion.passed_over == 1
    for odd in (
        None,
        [],
        {},
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"logprobs": None}]},
        {"choices": [1]},
    ):
        assert as_response(odd) is None


def as_bytes(value, *, pretty=False):
    return json.dumps(value, indent=2 if pretty else None).encode() + b"\n"


@pytest.mark.parametrize("pretty", [False, True])
@pytest.mark.parametrize("stdin", [False, True])
@pytest.mark.parametrize(
    ("value", "key", "found"),
    [
        (CHAT, "choices.0.logprobs.content.*.logprob", [[-0.25, -1.5]]),
        (CHAT, "choices.0.logprobs.content", [[-0.25, -1.5]]),
        (CHAT, "choices.0.logprobs.content.*.top_logprobs", [[-0.25, -2], [-1.25, -1.5]]),
        (COMPLETION, "choices.0.logprobs.top_logprobs", [[-1.25, -1.5], [-0.5, -2.5]]),
        ([{"token": "a", "logprob": -1}, {"token": "b", "logprob": -2}], "logprob", [[-1, -2]]),
        ({"a": {"b": [1, 2]}}, "a.b", [[1, 2]]),
        ([{"v": [1, 2]}, {"v": [3, 4]}], "v", [[1, 2], [3, 4]]),
        ([{"v": [1, 2]}, {"v": [3]}], "v", [[1, 2], [3]]),
        ([{"v": {"w": [1, 2]}}, {"v": {"w": [3]}}], "v.w", [[1, 2], [3]]),
    ],
)
def test_keys_and_paths(rows, at, value, key, found, stdin, pretty):
    data = as_bytes(value, pretty=pretty)
    if stdin:
        if pretty or not isinstance(value, list) or key == "logprob":
            assert rows(stdin=data, key=key) == found
    else:
        assert rows(at("x.json", data), key=key) == found


def test_objects_a_line_are_a_column(read, rows):
    data = b'{"token": "a", "loss": 1}\n{"token": "b", "loss": 3}\n'
    [block] = read(stdin=data, key="loss")
    assert (block.operands["x"].tolist(), block.labels, block.is_column) == ([[1, 3]], ("a", "b"), True)
    assert rows(stdin=data, key="loss", rows=True) == [[1], [3]]


GAPS = ("null", "NaN", '"nan"')


@pytest.mark.parametrize("gap", GAPS)
def test_what_is_missing_in_json(rows, read, refusal, at, gap):
    """The same of a document, of lines and of objects: an error, passed over, or nan."""
    flat = f"[1, {gap}, 3]\n".encode()
    told = refusal(at("x.json", flat))
    assert ("not a number" in told.message, told.hint) == (True, "use --missing skip or --missing nan")
    [block] = read(at("x.json", flat), missing="skip")
    assert (block.operands["x"].tolist(), block.missing) == ([[1, 3]], 1)
    [[one, other, third]] = rows(at("x.json", flat), missing="nan")
    assert (one, third) == (1, 3)
    assert math.isnan(other)
    lines = flat + b"[4, 5, 6]\n"
    assert [one for one in rows(stdin=lines) if isinstance(one, list)] == [[4, 5, 6]]
    assert rows(stdin=lines, missing="skip") == [[4, 5, 6]]
    assert math.isnan(rows(stdin=lines, missing="nan")[0][1])
    objects = f'{{"v": {gap}}}\n{{"v": 2}}\n'.encode()
    [block] = read(stdin=objects, key="v", missing="skip")
    assert (block.operands["x"].tolist(), block.missing) == ([[2]], 1)


def test_what_is_missing_in_arrays(read, rows, tmp_path):
    import numpy as np

    np.save(tmp_path / "v.npy", [1.0, np.nan, 3.0])
    np.save(tmp_path / "m.npy", [[1.0, np.nan], [3.0, 4.0]])
    [block] = read([f"@{tmp_path}/v.npy"], missing="skip")
    assert (block.operands["x"].tolist(), block.missing) == ([[1, 3]], 1)
    [block] = read([f"@{tmp_path}/m.npy"], missing="skip")
    assert (block.operands["x"].tolist(), [*block.lines]) == ([[3, 4]], [2])
    [block] = read([f"@{tmp_path}/m.npy"], missing="skip", matrix=True)
    assert block.operands["x"].tolist() == [[[3, 4]]]
    assert len(rows([f"@{tmp_path}/m.npy"], missing="nan")) == 2


def test_infinity_is_no_number(rows):
    [said] = rows(stdin=b"[1, Infinity]\n")
    assert "Infinity is not a number" in said


def test_half_precision_is_divided_out(tmp_path):
    """A sum may miss 1 by 2^-11 and 3e-8 an entry in float16 alone; text and float64 by 1e-6 as ever."""
    import numpy as np

    from aimath.read.blocks import ReadOptions
    from aimath.read.operands import read_blocks

    rng = np.random.default_rng(5)
    path = f"{tmp_path}/p.npy"
    for n in (2, 10, 1000, 50_000):
        for dtype in ("<f2", ">f2"):
            kept = rng.dirichlet(np.full(n, 0.3), 20).astype(dtype)
            np.save(path, kept)
            for names, divided in ((("x",), True), ((), False)):
                [*blocks] = read_blocks([f"@{path}"], ["x"], {}, None, ReadOptions(), distributions=names)
                found = np.concatenate([block.operands["x"] for block in blocks])
                raw = kept.astype(float)
                assert np.allclose(
                    found, raw / raw.sum(1, keepdims=True) if divided else raw, rtol=1e-15, atol=0
                )
    np.save(path, np.array([[0.5, 0.499]], "<f2"))  # no rounding explains that
    [block] = read_blocks([f"@{path}"], ["x"], {}, None, ReadOptions(), distributions=("x",))
    assert block.operands["x"].sum() < 0.9995
    np.save(path, rng.dirichlet(np.ones(1000), 1).astype("<f2").astype("<f4"))
    [block] = read_blocks([f"@{path}"], ["x"], {}, None, ReadOptions(), distributions=("x",))
    assert block.operands["x"].sum() != 1.0


def test_a_bad_line_of_paths_is_one_bad_row(read):
    found = read(stdin=b'{"a": {"b": [1]}}\n{"a": {"c": [1]}}\n{"a": {"b": [3]}}\n', key="a.b")
    assert [isinstance(one, BadRow) for one in found] == [False, True, False]
