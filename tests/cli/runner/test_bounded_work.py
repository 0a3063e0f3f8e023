"""R17: what a command derives from its input is priced, and refused or answered within --max-memory."""

from __future__ import annotations

import pytest

from aimath.cli.catalogue import COMMANDS, lookup

TALL, WIDE, SQUARE = "randn:4000x2", "randn:2x4000", "randn:400x400"
SHAPES = (TALL, WIDE, SQUARE)
LINES = {
    "layer": [["layer", SQUARE, "randn:400x400"], ["layer", TALL, "randn:3000x2"]],
    "matmul": [["matmul", TALL, WIDE], ["matmul", WIDE, TALL], ["matmul", SQUARE, SQUARE]],
    "attention": [
        *(["attention", shape, "--heads", "1"] for shape in SHAPES),
        *(["attention", "-Q", shape, "-K", shape, "-V", shape] for shape in SHAPES),
    ],
    "cosine": [["cosine", "--matrix", shape] for shape in SHAPES],
    "pca": [["pca", shape, "-k", "1"] for shape in SHAPES],
    "svd-approx": [
        ["svd-approx", SQUARE, "--rank", ",".join(map(str, range(1, 200)))],
        *(["svd-approx", shape, "--rank", "1"] for shape in SHAPES),
    ],
    "backprop": [
        ["backprop", "--layer", SQUARE, "randn:40x400"],
        ["backprop", "--layer", TALL, "randn:40x2"],
    ],
    "difference": [["difference", shape, shape] for shape in SHAPES],
    "info-nce": [["info-nce", shape, shape] for shape in SHAPES] + [["info-nce", "--similarity", SQUARE]],
    "mutual-information": [["mutual-information", shape, "--normalize"] for shape in SHAPES],
    "diffuse": [["diffuse", "--image", shape, "--t", "5"] for shape in SHAPES],
    **{name: [[name, SQUARE]] for name in ("transpose", "inverse", "det", "eig")},
}
COUNTS = [
    ["gd", "--steps", "5000000"],
    ["race", "--steps", "5000000"],
    ["schedule", "--steps", "50000000"],
    ["gaussian", "--sample", "5000000"],
    ["softmax", "randn:1x5000", "-T", "lin:1:2:500"],
    ["temperature", "randn:1x5000", "-T", "lin:1:2:500"],
]
ROOM = 600 << 20
"""Bytes of address space that a run has beside what is loaded: far less than what is refused would take."""


def test_every_command_of_matrices_is_tried():
    matrices = [
        name
        for name, entry in COMMANDS.items()
        if not entry.is_text and any(one.matrix for one in lookup(name).operands.values())
    ]
    assert {*LINES} == {*matrices}, "LINES has a line for each command of matrices"


def is_bounded(warm, line, *more):
    """Say whether a line is answered or refused by its price, within a process that has little room."""
    ran = warm(*line, "--max-memory", "48M", *more, memory=ROOM)
    priced = "the limit is 48.00 MiB" in ran.text and "--max-memory" in ran.text
    answered = ran.code == 0
    refused = ran.code == 1 and not ran.out and "memory" not in ran.text  # a determinant beyond float64
    return answered or (ran.code == 1 and priced) or refused


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for lines in LINES.values() for line in lines], ids=" ".join)
def test_derived_matrices_are_priced(warm, line):
    for form in ((), ("--json",)):
        assert is_bounded(warm, line, *form), form


@pytest.mark.slow
def test_matrix_of_all_rows_is_written_once(warm):
    """The covariance stands in the first of 200 lines: 200 of them would take 3 times this room."""
    assert warm("pca", "randn:200x200", "-k", "1", "--json", memory=100 << 20).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("line", COUNTS, ids=" ".join)
def test_counts_that_are_asked_for_are_priced(warm, line):
    assert is_bounded(warm, line)


@pytest.mark.parametrize(
    "line",
    [
        ["attention", "randn:1000000x64", "--heads", "1"],
        ["attention", "randn:2x20000", "--heads", "1"],
        ["cosine", "--matrix", "randn:1000000x2"],
        ["matmul", "randn:1000000x2", "randn:2x1000000"],
        ["pca", "randn:2x30000", "--json"],
        ["backprop", "--layer", "randn:9000x9000", "randn:1x9000"],
        ["race", "--steps", "10000000"],
        ["schedule", "--steps", "1000000000"],
    ],
    ids=" ".join,
)
@pytest.mark.slow
def test_unbounded_work_is_refused_at_once(warm, line):
    ran = warm(*line, "--max-memory", "1G")
    assert (ran.code, ran.out) == (1, b"")
    assert "the limit is 1.00 GiB" in ran.text


def test_rows_are_answered_as_many_at_once_as_fit(warm):
    """A row's gradients are as many as the weights: a block of rows is answered in parts, and all of it."""
    line = ["backprop", "--layer", "randn:40x30", "randn:7x30", "--json"]
    whole = warm(*line)
    assert warm(*line, "--max-memory", "200K")[:2] == whole[:2] == (0, whole.out)
    assert len(whole.out.splitlines()) == 7
