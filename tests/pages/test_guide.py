"""The guide's pages; and its figures, each found once more without core."""

from __future__ import annotations

import json
import re
import shlex
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

from aimath.content import claims
from aimath.content.chapters import CHAPTERS
from aimath.pages.guide import rounds_to

LOGITS = {"the": "2", "cat": "1", "sat": "0.1", "on": "-1", "mat": "3"}


def softmax(temperature=1):
    with mp.workdps(40):
        weights = {word: mpmath.exp(mpf(z) / temperature) for word, z in LOGITS.items()}
        return {word: weight / sum(weights.values()) for word, weight in weights.items()}


def bits(probs):
    return sum(mpf(p) * mpmath.log(1 / mpf(p), 2) for p in probs)


def descent(lr, steps):
    """Give the points of w <- w - lr 2 (w - 3) from 10, by its closed form."""
    return [3 + 7 * (1 - 2 * Fraction(lr)) ** k for k in range(steps + 1)]


def first(lr, end):
    """Count the steps to `end`."""
    return next(k for k, w in enumerate(descent(lr, 1000)) if w <= Fraction(end))


def low_rank_error():
    s = np.linalg.svd(np.random.default_rng(0).standard_normal((768, 768)), compute_uv=False)
    return np.sqrt((s[16:] ** 2).sum() / (s**2).sum())


def cosine_to_woman():
    a, b = [0.7, 0.8, 0.85, -0.4], [0.8, 0.7, 0.45, -0.5]
    return np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b))


def truth():
    walk = descent("0.1", 20)
    probs = softmax()
    updates = {f"w, update {k}": [walk[k + 1]] for k in (0, 5, 10, 15)}
    losses = {f"loss, update {k}": [(walk[k + 1] - 3) ** 2] for k in (0, 5, 10, 15)}
    return {
        "neuron": {"output": [Fraction("2.4")]},
        "layer": {"entries of h": [4]},
        "analogy": {"king - man + woman": [Fraction(x) for x in ("0.7", "0.8", "0.85", "-0.4")]},
        "cosine": {"of that sum and queen": [1], "of that sum and woman": [cosine_to_woman()]},
        "attention": {"shape of scores": [10, 10]},
        "svd-approx": {"error at rank 16": [low_rank_error()]},
        "lora": {
            "numbers of the matrix": [768 * 768],
            "numbers of the factors": [768 * 16 + 16 * 768],
            "percent": [Fraction(100 * 2 * 16, 768)],
        },
        "partials": {"gradient": [2 * 3 + 2 * 2, 2 * 3 + 2 * 2]},
        "backprop": {"dL/dW": [1, 2, 3, 1, 2, 3], "dL/db": [1, 1], "dL/dx": [1 + 4, 2 + 5, 3 + 6]},
        "gd": {**updates, **losses},
        "learning-rate": {
            "too large": descent("1", 3),
            "larger still": descent("1.1", 3),
            "too small": descent("0.01", 2)[1:],
            "steps to 3.001": [first("0.01", "3.001")],
            "right": walk[1:3],
            "after 20 steps": [walk[20]],
            "steps to 3.0002": [first("0.1", "3.0002")],
        },
        "softmax": {f"p({word})": [p] for word, p in probs.items()},
        "bayes": {
            "P(spam given free)": [Fraction("0.8") * Fraction("0.3") / Fraction("0.35")],
            "P(free given ham)": [(Fraction("0.35") - Fraction("0.24")) / Fraction("0.7")],
        },
        "gaussian": {"density at 0": [1 / mpmath.sqrt(2 * mpmath.pi)]},
        "cross-entropy": {"good guess": [-mpmath.log("0.85")], "bad guess": [-mpmath.log("0.1")]},
        "entropy": {"fair coin": [1], "coin of .9 and .1": [bits(["0.9", "0.1"])]},
        "temperature": {
            "bits at T = 1": [bits(probs.values())],
            "bits at T = 2": [bits(softmax(2).values())],
            "bits at T = inf": [mpmath.log(5, 2)],
        },
        "kl": {"of P and P": [0], "where q = 0 < p": [mpmath.inf]},
    }


TRUTH = truth()
WRONG = {
    ("neuron", "output"),
    ("cosine", "of that sum and queen"),
    *(("gd", f"{what}, update {k}") for k in (5, 10, 15) for what in ("w", "loss")),
    *(
        ("learning-rate", what)
        for what in ("too large", "steps to 3.001", "after 20 steps", "steps to 3.0002")
    ),
    *(("softmax", f"p({word})") for word in LOGITS),
}


@pytest.fixture(scope="module")
def found():
    return {}


@pytest.fixture
def checked(aimath, found):
    """Check once for all tests."""
    if not found:
        ran = aimath("guide", "check", "--json")
        assert (ran.code, ran.err) == (0, "")
        found |= {(row["where"], row["what"]): row for row in map(json.loads, ran.out.splitlines())}
    return found


@pytest.mark.slow
@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: f"{claim.topic}: {claim.label}")
def test_figure_is_that_of_another_route(checked, claim):
    wanted = [float(x) for x in TRUTH[claim.topic][claim.label]]
    row = checked[claim.topic, claim.label]
    assert np.allclose([float(x) for x in row["value"]], wanted, rtol=1e-13, atol=0)
    assert rounds_to(claim.true_value, wanted)
    assert row["guide_agrees"] is True
    assert row["how"] == claim.command_line


def test_wrong_figures_are_found_and_no_others(checked):
    assert {key for key, row in checked.items() if row["verdict"] == "wrong"} == WRONG
    printed = {(claim.topic, claim.label) for claim in claims.CLAIMS if claim.printed}
    assert {key for key, row in checked.items() if row["verdict"] == "right"} == printed - WRONG
    assert {key for key, row in checked.items() if row["verdict"] == "not printed"} == {*checked} - printed


@pytest.mark.slow
@pytest.mark.parametrize(
    "claim",
    [claim for claim in claims.CLAIMS if not claim.is_shape],
    ids=lambda claim: f"{claim.topic}: {claim.label}",
)
def test_line_prints_the_figure(aimath, claim):
    ran = aimath(*shlex.split(claim.command_line)[1:])
    assert ran.code == 0
    numbers = {float(x) for x in re.split(r"[\s]+", ran.out) if re.fullmatch(r"-?\d[\d.]*(e-?\d+)?|inf", x)}
    for figure in claim.true_value.split():
        assert any(rounds_to(figure, [x]) for x in numbers)


@pytest.mark.slow
def test_summary_counts_them(aimath, at_terminal):
    at_terminal(80)
    out = aimath("guide", "check").out
    printed = sum(bool(claim.printed) for claim in claims.CLAIMS)
    assert f"{len(WRONG)} of {printed} figures that the article prints are wrong." in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.slow
def test_no_wrong_figure_is_shown_as_right(aimath):
    rows = [line.split("\t") for line in aimath("guide", "check").out.splitlines()[1:]]
    for where, what, printed, true, verdict, _ in rows:
        if (where, what) in WRONG:
            assert (verdict, printed == true) == ("wrong", False)


@pytest.mark.slow
def test_explain_shows_every_line(aimath):
    out = aimath("guide", "check", "--explain").out
    for claim in claims.CLAIMS:
        assert f"{claim.topic}, {claim.label}: " in out
    assert {line[2:] for line in out.splitlines() if line.startswith("$ ")} >= {
        claim.command_line for claim in claims.CLAIMS if len(claim.command_line) <= 78
    }


@pytest.mark.slow
@pytest.mark.parametrize(("place", "true"), [(0, "2.5"), (0, "2.39"), (4, "0.955")])
def test_exit_is_4_if_the_guide_is_not_met(aimath, monkeypatch, place, true):
    changed = [*claims.LINEAR_ALGEBRA]
    changed[place] = changed[place]._replace(true_value=true)
    monkeypatch.setattr(claims, "LINEAR_ALGEBRA", tuple(changed))
    ran = aimath("guide", "check")
    assert ran.code == 4
    assert f"check failed: {changed[place].topic}, {changed[place].label}: the guide has {true}" in ran.err


@pytest.mark.parametrize(
    ("text", "values", "exact", "right"),
    [
        ("0.69", [0.685714], False, True),
        ("0.68", [0.685714], False, False),
        (".2333", [0.23334], False, True),
        ("439", [439.0], True, True),
        ("0", [-2e-9], True, False),
        ("0", [0.0], True, True),
        ("4", [4.1667], False, True),
        ("4", [4.1667], True, False),
        ("10 -4", [10.0, -4.0], True, True),
        ("10 -4", [10.0], True, False),
        ("inf", [float("inf")], True, True),
        ("1000", [float("inf")], True, False),
        ("inf", [1.0], True, False),
    ],
)
def test_figures_are_compared_at_the_places_that_are_written(text, values, exact, right):
    assert rounds_to(text, values, exact=exact) is right


# Pages


@pytest.mark.parametrize(
    "words",
    [
        ("demo",), ("guide",), ("guide", "map"), ("guide", "resources"), ("guide", "check"), ("help", "options"),
        *(("guide", chapter.id) for chapter in CHAPTERS),
        *(("guide", "check", chapter.id) for chapter in CHAPTERS),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_page_is_one_screen(answered, at_terminal, words):
    at_terminal(80)
    assert len(answered(*words).splitlines()) <= 24


@pytest.mark.parametrize("words", [("demo",), ("guide", "resources")])
def test_all_shows_the_table_that_a_screen_leaves_out(aimath, at_terminal, words):
    at_terminal(80)
    short, whole = aimath(*words).out, aimath(*words, "--all").out
    assert len(whole.splitlines()) > len(short.splitlines())


def test_resources_have_addresses(answered, at_terminal):
    at_terminal(80)
    text = answered("guide", "resources")
    assert len(re.findall(r"(?m)^  https://\S+$", text)) == 7


@pytest.mark.slow
def test_check_of_a_chapter_is_its_part_of_all(aimath):
    whole = aimath("guide", "check").out.splitlines()
    parts = [aimath("guide", "check", chapter.id).out.splitlines() for chapter in CHAPTERS]
    assert {part[0] for part in parts} == {whole[0]}
    assert [line for part in parts for line in part[1:]] == whole[1:]


@pytest.mark.slow
@pytest.mark.parametrize("page", [(), ("map",), ("roadmap",), ("resources",), ("check",)])
@pytest.mark.parametrize("width", [40, 80])
def test_page_fits(answered, at_terminal, page, width):
    at_terminal(width)
    text = answered("guide", *page)
    assert max(len(line) for line in text.splitlines() if "https://" not in line) <= width  # a link is whole


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "head", "count"),
    [
        ((), "chapter title about demos", 4),
        (("map",), "mathematics used_in command demo train", 12),
        (("roadmap",), "week chapter item demo command quiz", 17),
        (("resources",), "name author about address", 7),
        (("probability",), "demo chapter what used_in seconds", 7),
        (("check", "information"), "where what printed true verdict how", len(claims.INFORMATION)),
        (("check",), "where what printed true verdict how", len(claims.CLAIMS)),
    ],
)
def test_page_in_a_pipe_is_a_table(aimath, page, head, count):
    ran = aimath("guide", *page)
    first, *lines = ran.out.splitlines()
    assert first.split("\t") == head.split()
    assert len(lines) == count
    assert len([json.loads(line) for line in aimath("guide", *page, "--json").out.splitlines()]) == count
    assert aimath("guide", *page, "--explain").code == 0


def test_chapters_count_their_demos(aimath):
    rows = [line.split("\t") for line in aimath("guide").out.splitlines()[1:]]
    assert {row[0]: int(row[3]) for row in rows} == {c.id: len(c.topics) for c in CHAPTERS}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("chek",), "did you mean check?"),
        (("index",), "choose from chapters, map, roadmap, resources, check"),
        (("map", "check"), "the guide has no page 'check'"),
        (("check", "softmax"), "'softmax' is no chapter\n  choose from linear-algebra, calculus"),
        (("check", "information", "kl"), "the guide has no page"),
        (("softmax",), "'softmax' is no page of the guide but a demo\n  try aimath demo softmax\n"),
        (("ddpm",), "try aimath demo diffusion\n"),
    ],
)
def test_mistakes_are_named(refused, given, said):
    assert said in refused("guide", *given)
