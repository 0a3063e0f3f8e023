"""diffuse on the command line: images, and noise that depends on the row alone."""

from __future__ import annotations

import re

import pytest


def test_image_is_shaded_in_a_pipe_and_noised_as_one(aimath):
    ran = aimath("diffuse", "0 1 0; 1 1 1; 0 1 0", "--image", "--t", "0", "--plot")
    assert ran.code == 0
    assert [len(row.split()) for row in ran.out.splitlines()] == [3, 3, 3]
    assert "█" in ran.err


def test_one_list_of_noise_is_for_all_rows(aimath):  # it was refused: lengths 1 and 1 must be equal
    alone = [aimath("diffuse", x, "--t", "5", "--noise", "1").out for x in "12"]
    assert aimath("diffuse", "--rows", "--t", "5", "--noise", "1", stdin="1\n2\n").out == "".join(alone)
    assert aimath("diffuse", "1", "--t", "5", "--noise", "1;1").out == alone[0] * 2


@pytest.mark.parametrize("noise", ["1,2,3", "1 2; 3 4"])
def test_noise_of_an_image_is_one_list(aimath, noise):
    line = ("diffuse", "0 1; 1 0", "--image", "--alpha-bar", "0", "--noise")
    assert aimath(*line, "1,2,3,4").out == "1 2\n3 4\n"
    ran = aimath(*line, noise)
    assert (ran.code, ran.out) == (2, "")
    assert re.search(r"--noise has \d numbers, the image 4\n  give them in one list", ran.err)


def test_noise_differs_from_row_to_row_but_not_with_the_block(aimath):
    rows = "0 0 0\n" * 3
    batch = aimath("diffuse", "--t", "500", stdin=rows).out.splitlines()
    assert len(set(batch)) == 3
    assert aimath("diffuse", "--t", "500", stdin="0 0 0\n").out.splitlines() == batch[:1]
    assert aimath("diffuse", "--t", "500", "--seed", "1", stdin=rows).out.splitlines() != batch


@pytest.mark.parametrize("text", ["# data\n0 0 0\n\n# more\n0 0 0\n", "x,y,z\n0,0,0\n0,0,0\n"])
def test_noise_does_not_depend_on_comments_blank_lines_or_a_header(aimath, text):
    bare = aimath("diffuse", "--t", "500", stdin="0 0 0\n0 0 0\n")
    assert aimath("diffuse", "--t", "500", stdin=text) == bare


def test_noise_is_the_same_whether_the_rows_before_have_an_answer(aimath):
    _, *kept = aimath("diffuse", "--t", "500", stdin="0 0\n0 0\n0 0\n0 0\n").out.splitlines()
    for bad in ("0 inf", "0 ?"):  # without an answer, and not to be read
        ran = aimath("diffuse", "--t", "500", "--invalid", "skip", stdin=f"{bad}\n0 0\n0 0\n0 0\n")
        assert ran.out.splitlines() == kept
