"""gaussian on the command line: intervals and samples."""

from __future__ import annotations

import math

import pytest
from tests import pseudo
from tests.digits import near
from tests.render.reading import Picture


def test_between_names_its_option(aimath):
    ran = aimath("gaussian", "--between", "a", "1")
    assert ran.code == 2
    assert "--between: 'a' is not a number" in ran.err


@pytest.mark.parametrize("ends", [("10", "11"), ("-30", "-20"), ("8", "inf"), ("-1", "1")])
def test_check_of_a_tail_is_no_zero(aimath, ends):
    out = aimath("gaussian", "--between", *ends, "--explain").out
    answer = aimath("gaussian", "--between", *ends).out
    assert float(out.split()[-1]) == near(float(answer), 1e-4)
    assert " ✓ " in out


def test_sampling_is_reproducible(aimath):
    first = aimath("gaussian", "--sample", "5", "--seed", "7").out
    assert first == aimath("gaussian", "--sample", "5", "--seed", "7").out
    assert len(first.split()) == 5
    drawn = aimath("gaussian", "--sample", "5", "--seed", "random")
    assert "drew" in drawn.err
    seed = drawn.err.split()[-1]
    assert aimath("gaussian", "--sample", "5", "--seed", seed).out == drawn.out


# Pictures


def shaded(picture, curve):
    """The x of all dots below the curve, but for those of the curve itself and of its foot."""
    return [
        picture.x(c)
        for c, r in picture.dots()
        if picture.y_cell() < picture.y(r) < curve(picture.x(c)) - 1.5 * picture.y_cell()
    ]


def density(x, mu=0.0, sigma=1.0):
    return math.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))


def test_a_picture_needs_no_points(aimath, warm):
    ran = aimath("gaussian", "--plot", "--mu", "3", "--sigma", "2", stdin="")
    assert [float(line) for line in ran.out.split()] == near(
        [density(x, 3, 2) for x in range(-5, 12, 2)], 1e-12
    )
    picture = Picture(ran.err.splitlines())
    assert picture.x(0) == pytest.approx(-5, abs=picture.x_cell())
    assert picture.x(picture.width) == pytest.approx(11, abs=picture.x_cell())
    assert all(
        abs(picture.y(r) - density(picture.x(c), 3, 2)) < 2 * picture.y_cell() for c, r in picture.dots()
    )
    assert len(picture.signs("●")) == 9
    seen = pseudo.seen(warm, "gaussian", "--plot", env={"NO_COLOR": "1"})
    assert "●" in seen
    assert "nothing to read" in pseudo.seen(warm, "gaussian", env={"NO_COLOR": "1"}, code=2)


def test_quantiles_need_probabilities_though_a_picture_is_drawn(aimath, warm):
    assert aimath("gaussian", "--quantile", "--plot", stdin="") == aimath("gaussian", "--quantile", stdin="")
    assert "nothing to read" in pseudo.seen(warm, "gaussian", "--quantile", "--plot", code=2)


def test_points_on_standard_input_are_read_though_a_picture_is_drawn(aimath):
    ran = aimath("gaussian", "--plot", stdin="0 1\n")
    assert ran.out == aimath("gaussian", "0", "1").out
    assert len(Picture(ran.err.splitlines()).signs("●")) == 2


@pytest.mark.parametrize(
    ("words", "ends", "said"),
    [
        (("1", "--cdf"), (-4, 1), "P(X ≤ 1) = 0.8413"),
        (("--between", "-1", "2"), (-1, 2), "P(-1 < X < 2) = 0.8186"),
        (("--between", "-inf", "0"), (-4, 0), "P(-inf < X < 0) = 0.5"),
        (("0.975", "--quantile"), (-4, 1.96), "P(X ≤ 1.96) = 0.975"),
    ],
)
def test_the_area_that_is_asked_for_is_shaded(aimath, words, ends, said):
    lines = aimath("gaussian", *words, "--plot").err.splitlines()
    assert lines[-1] == f" {said}"
    picture = Picture(lines)
    inside = shaded(picture, density)
    assert len(inside) > 100
    assert min(inside) == pytest.approx(
        max(ends[0], -1.7), abs=0.3
    )  # further out the area is lower than a cell
    assert max(inside) == pytest.approx(min(ends[1], 1.7), abs=0.3)


def test_a_sample_is_a_histogram_with_what_is_expected(aimath):
    ran = aimath("gaussian", "--sample", "500", "--plot")
    lines = ran.err.splitlines()
    assert lines[-1] == " ⠤ expected: mu 0, sigma 1"
    assert len(lines) < 20
    picture = Picture(lines)
    values = [float(x) for x in ran.out.split()]
    marks = sorted({(int(c), r) for c, r in picture.dots()})
    wide = picture.width / len(marks)
    for k, (_, r) in enumerate(marks):
        wanted = 500 * density(picture.x((k + 0.5) * wide)) * wide * picture.x_cell()
        assert picture.y(r) == pytest.approx(wanted, abs=0.3 * picture.y_cell())
    assert len(values) == 500


def test_sigmas_of_a_sweep_are_curves_with_letters(aimath):
    lines = aimath("gaussian", "--plot", "--sigma", ".5,1,2", stdin="").err.splitlines()
    assert lines[-1] == " a sigma = 0.5   b sigma = 1   c sigma = 2"


@pytest.mark.parametrize(
    ("mu", "sigma"),
    [("1e308", "1e308"), ("0", "1e-300"), ("1e16", "1e-9"), ("-1e308", "5e-324"), ("5e-324", "1")],
)
@pytest.mark.parametrize(
    "words", [(), ("0", "--cdf"), ("--sample", "50"), (".5", "--quantile"), ("--log", "3")]
)
def test_pictures_at_the_ends_of_float64_are_silent(aimath, mu, sigma, words):
    ran = aimath("gaussian", *words, "--mu", mu, "--sigma", sigma, "--plot", stdin="")
    assert "Warning" not in ran.err
    assert "Traceback" not in ran.err
