"""What commands of several chapters share: an answer's price, and several matrices one after the other."""

from __future__ import annotations

import math
import shlex

import pytest

from aimath.commands._shared import entropy_unit


def run(aimath, line, *more, **options):
    return aimath(*shlex.split(line), *more, **options)


@pytest.mark.parametrize(
    ("line", "why", "out"),
    [
        (
            "cosine --matrix randn:100000x10",  # which took 74 GiB, or all there was
            "the 100000 x 100000 matrix of cosines with its text needs 447.03 GiB; the limit is",
            "use fewer rows or --max-memory 448G",
        ),
        ("matmul randn:30000x1 randn:1x30000", "the 30000 x 30000 product with its text needs 40.23 GiB", ""),
        ("layer randn:30000x1 randn:30000x1", "the 30000 x 30000 matrix of outputs with its text needs", ""),
        ("matmul randn:2000x1 randn:1x2000 --max-memory 100M", "needs 0.18 GiB; the limit is 100.00 MiB", ""),
        ("gaussian --sample 1000000 --max-memory 10M", "to draw 1000000 numbers and write them needs", ""),
        (
            "svd-approx randn:600x600 --exact --max-memory 5M",
            "its whole SVD needs",
            "use --randomized or --max",
        ),
    ],
)
def test_an_answer_is_priced_before_it_is_made(refused, line, why, out):
    said = refused(*shlex.split(line), code=1)
    assert why in said
    assert out in said


@pytest.mark.parametrize(
    ("line", "first", "second"),
    [
        ("det -", "1 2; 3 4", "2 0; 0 7"),
        ("inverse -", "1 2; 3 4", "2 0; 0 8"),
        ("eig -", "1 2; 2 1", "2 0; 0 7; 1 1"),
        ("transpose -", "1 2; 3 4", "2 0 5; 0 7 6"),
        ("matmul - '1 2; 3 4'", "1 2; 3 4", "2 0; 0 7"),
        ("cosine --matrix -", "1 2; 3 4", "2 0; 1 7"),
        ("pca -", "1 2; 3 4", "2 0; 1 7; 3 3"),
        ("svd-approx - --rank 1", "1 2; 3 4", "2 0; 1 7; 3 3"),
        ("attention -Q - -K '1 2; 3 4' -V '1;2'", "1 2; 3 4", "2 0; 0 7"),
    ],
)
def test_several_matrices_are_answered_one_after_the_other(aimath, line, first, second):
    apart = [run(aimath, line, "--json", stdin=text.replace(";", "\n") + "\n") for text in (first, second)]
    texts = [text.replace(";", "\n") for text in (first, second)]
    both = run(aimath, line, "--json", stdin="\n\n".join(texts) + "\n")
    assert both.out == "".join(one.out for one in apart)
    assert [both.code, both.err.partition(": ")[2][:5]] == [apart[1].code, "error" if apart[1].code else ""]


def test_the_units_of_logarithms():
    assert [entropy_unit(base) for base in (2, math.e, 10)] == ["bits", "nats", "hartleys"]
    assert "3" in entropy_unit(3)
