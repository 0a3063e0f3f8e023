"""At a terminal an answer ends after a screen or so, and says how to see the rest; in a pipe nothing is cut."""

from __future__ import annotations

import shlex

import pytest
from tests import pseudo

from aimath.cli.catalogue import COMMANDS, lookup

LONG = [
    "pca randn:40x100",
    "pca randn:400x30 --explain",
    "diffuse digits:3 --t 0,10,25,49 --T 50",
    "diffuse randn:40x40 --t 0,10,25 --T 50",
    "softmax randn:50x50 --temperature .5,1,2",
    "softmax randn:40x5 --explain",
    "softmax randn:40x5 --temperature .5,1,2 --explain",
    "gd --steps 5000 --lr 1e-4",
    "gd --function a^2+b^2+c^2+d^2+g^2+h^2 --start 1,2,3,4,5,6 --lr .01",
    "gd --lr lin:.01:.9:40 --explain",
    "describe randn:400x40",
    "describe randn:40x40 --explain",
    "temperature randn:30x60",
    "gaussian --sample 5000",
    "eig randn:60x60",
    "cosine --matrix randn:60x30",
    "attention randn:60x64 --heads 4",
    "entropy --logits randn:300x50",
    "transpose randn:60x90",
]
SCREEN, ONE_ANSWER = 36, 30
"""Lines that several answers fill at most, and the last of them."""


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("line", LONG)
def test_an_answer_fills_no_more_than_a_screen_or_so(warm, line, columns):
    seen = pseudo.seen(warm, *shlex.split(line), columns=columns, env={"NO_COLOR": "1"})
    assert len(seen.splitlines()) <= SCREEN + ONE_ANSWER * (1 + (columns < 80))
    assert "(--all)" in seen


@pytest.mark.parametrize("line", ["pca randn:40x100", "softmax randn:50x12 --temperature .5,1,2"])
def test_all_shows_all(warm, line):
    words = shlex.split(line)
    short, whole = (pseudo.seen(warm, *words, *more, env={"NO_COLOR": "1"}) for more in ([], ["--all"]))
    assert "(--all)" in short
    assert "(--all)" not in whole
    assert len(whole.splitlines()) > 10 * len(short.splitlines())


def test_too_many_columns_leave_the_first_two_and_say_how_many_more(warm):
    seen = pseudo.seen(warm, "pca", "randn:40x100", columns=40, env={"NO_COLOR": "1"}).splitlines()
    assert seen[0].split() == ["projected_PC1", "projected_PC2", "…"]
    assert " … 38 more columns (--all)" in seen


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if lookup(name).example and not lookup(name).informational]
)
def test_the_example_of_a_command_fits_a_screen(warm, name):
    words = shlex.split(lookup(name).example)[1:]
    seen = pseudo.seen(warm, *words, env={"NO_COLOR": "1"})
    assert len(seen.splitlines()) <= SCREEN
