"""JSON on standard input is one document or lines of it: the same numbers however it is laid out."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

NUMBERS = st.lists(st.integers(-9, 9), min_size=1, max_size=4)
MATRICES = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.integers(-9, 9), min_size=n, max_size=n), min_size=1, max_size=4)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.one_of(MATRICES, NUMBERS, NUMBERS.map(lambda v: [{"v": x} for x in v])), st.integers(0, 4))
def test_document_is_read_alike_from_a_file_and_pretty_or_not_from_stdin(aimath, tmp_path, value, indent):
    command = ["describe", "--key", "v"] if isinstance(value[0], dict) else ["describe"]
    file = tmp_path / "x.json"
    file.write_text(json.dumps(value))
    expected = aimath(*command, f"@{file}")
    assert expected.code == 0
    for text in (
        json.dumps(value),
        json.dumps(value, indent=indent),
        "\n" + json.dumps(value, indent=indent) + "\n",
        json.dumps(value, indent="\t").replace("\n", "\r\n"),
    ):
        ran = aimath(*command, stdin=text)
        assert (ran.code, ran.out) == (0, expected.out), text


def test_matrix_is_a_matrix(answered):
    assert answered("transpose", stdin="[\n [1,2],\n [3,4]\n]\n").split() == ["1", "3", "2", "4"]


@pytest.mark.parametrize("first", ["[1, 2", "[[1, 2]", '{"x": [1', "[1, {"])
def test_lines_whose_first_is_cut_are_lines_still(aimath, first):
    ran = aimath("softmax", "--invalid", "skip", stdin=f"{first}\n[0, 0]\n[1, 1]\n")
    assert ran.out.split() == ["0.5"] * 4
    assert "1" in ran.err


def test_mistake_in_a_document_is_named_by_its_line(refused):
    assert "line 3, column 5" in refused("describe", stdin="[\n  1,\n  2 3,\n  4\n]\n", code=1)


def test_objects_of_different_sizes_in_one_line_are_refused(refused):
    said = refused("describe", "--key", "v", stdin='[{"v":[1,2]},{"v":3}]\n', code=1)
    assert "[1] differs in size from [0]" in said
    assert "--input-format json" in said
