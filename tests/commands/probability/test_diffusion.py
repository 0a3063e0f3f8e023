"""diffuse on the command line: images, and noise that depends on the row alone."""

from __future__ import annotations

import json
import re

import pytest
from tests import pseudo

from aimath.read._datasets import load_digits


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


# Digits


def test_a_digit_is_an_image_a_step_scaled_and_that_is_said(aimath, warm):
    line = ("diffuse", "digits:3#7", "--t", "0,10,25,50", "--T", "50")
    ran = aimath(*line)
    assert [len(row.split()) for row in ran.out.splitlines()] == [
        64 + 1
    ] * 5  # a head, and t before each image
    assert "note: x_0 is scaled from 0..16 to -1..1" in ran.err
    assert "t = 50 is taken as the last of 50, 49" in ran.err
    seen = pseudo.seen(warm, *line, env={"NO_COLOR": "1"}).splitlines()
    captions = next(k for k, row in enumerate(seen) if row.startswith("t = 0"))
    assert re.split(r" {2,}", seen[captions]) == ["t = 0", "t = 10", "t = 25", "t = 49 (last)"]
    left = json.loads(aimath("diffuse", "1", "--t", "25", "--T", "50", "--json").out)["alpha_bar"]
    assert f"abar {left:.3g}" in re.split(r" {2,}", seen[captions + 1])
    assert captions == 8 + 2  # eight rows of pixels below two notes
    assert " x_0 is scaled from 0..16 to -1..1" in seen


def test_scaled_pixels_are_the_digits_of_the_data_set(aimath):
    pixels = load_digits("digits:3#7")[0]
    clean = json.loads(aimath("diffuse", "digits:3#7", "--alpha-bar", "1", "--json").out)
    assert clean["x0"] == (pixels[0] / 8 - 1).tolist()
    assert clean["noisy"] == clean["x0"]


def test_images_of_digits_are_a_row_each_with_and_without_image(aimath):
    line = ("diffuse", "digits:3", "--t", "10")
    assert aimath(*line, "--image").out == aimath(*line).out
    assert len(aimath(*line).out.splitlines()) == 183


def test_the_last_step_and_no_further(aimath):
    assert (
        aimath("diffuse", "1", "--t", "50", "--T", "50").out
        == aimath("diffuse", "1", "--t", "49", "--T", "50").out
    )
    assert aimath("diffuse", "1", "--t", "51", "--T", "50").code == 2
