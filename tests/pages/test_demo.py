"""Demos: what they show is what the commands print, and what they promise of experiments comes true."""

from __future__ import annotations

import itertools
import json
import math
import re
import shlex
import xml.dom.minidom

import numpy as np
import pytest

from aimath.content.chapters import CHAPTERS
from aimath.content.demos.catalogue import DEMOS
from aimath.pages.guide import rounds_to

EVERY = sorted(DEMOS)

GUIDE = (
    "neuron layer analogy cosine attention pca svd-approx lora partials chain backprop gd learning-rate adam softmax "
    "bayes gaussian diffusion cross-entropy entropy temperature kl vae rlhf vectors transpose inverse eigenvalues matmul params gpt "
    "layer-norm rope sample arms dpo info-nce"
)


def words(line):
    return shlex.split(line)[1:]


def rows(ran):
    return [json.loads(line) for line in ran.out.splitlines()]


def close(*wanted, digits=3):
    """Whether figures are what is said of them, to so many significant digits."""
    return lambda found: (
        [float(f"{x:.{digits}g}") for x in np.ravel(found).astype(float).tolist()] == [*wanted]
    )


# Lists


def test_every_topic_of_the_guide_has_a_demo():
    assert set(DEMOS) == set(GUIDE.split())
    assert [*DEMOS] == [topic.id for chapter in CHAPTERS for topic in chapter.topics]


def test_list_in_a_pipe_is_a_table(aimath):
    ran = aimath("demo")
    head, *lines = (line.split("\t") for line in ran.out.splitlines())
    assert head == ["demo", "chapter", "what", "used_in", "seconds"]
    assert {(name, chapter) for name, chapter, *_ in lines} == {
        (topic.id, chapter.id) for chapter in CHAPTERS for topic in chapter.topics
    }
    assert [row["demo"] for row in rows(aimath("demo", "--json"))] == [*DEMOS]


@pytest.mark.parametrize("width", [40, 80])
def test_list_at_a_terminal_fits(aimath, at_terminal, width):
    at_terminal(width)
    out = aimath("demo").out
    assert max(map(len, out.splitlines())) <= width
    assert all(chapter.title in out for chapter in CHAPTERS)
    assert set(re.findall("[a-z-]+", out)) >= set(DEMOS)
    for chapter in CHAPTERS:
        listed = aimath("guide", chapter.id).out
        assert max(map(len, listed.splitlines())) <= width
        for topic in chapter.topics:
            assert width < 80 or re.search(rf"^ {topic.id} .* \d", listed, re.MULTILINE)


def test_list_needs_no_room_for_two_lines_a_demo():
    for chapter in CHAPTERS:
        widest = [
            max(len(getattr(topic, part)) for topic in chapter.topics)
            for part in ("id", "summary", "used_in")
        ]
        assert sum(widest) + len("seconds") + 8 <= 80


# What a demo shows


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_a_demo_is_its_commands_and_what_they_print(aimath, answered, at_terminal, name):
    demo, piped = DEMOS[name], answered("demo", name)
    for line in demo.command_lines:
        alone = aimath(*words(line))
        assert alone.code == 0
        assert "--explain" not in line or alone.out in piped
    shown = re.findall(r"^\$ (.*)$", piped.replace(" \\\n    ", " "), re.MULTILINE)
    assert shown == [*demo.command_lines, *demo.experiments]
    at_terminal(80)
    assert answered("demo", name) == piped
    for line in demo.command_lines:  # tables and pictures too
        assert aimath(*words(line)).out in piped


@pytest.mark.slow
@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("colour", [False, True])
def test_all_fit_and_none_is_wrong(answered, at_terminal, width, colour):
    at_terminal(width, colour=colour)
    shown = answered("demo", "all")
    assert ("\x1b[" in shown) == colour
    text = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert "✗" not in text
    assert text.count(" ✓ ") >= len(DEMOS)
    assert not re.search(r"\bnan\b(?!,)", text)
    quoted = re.compile(r"^    .*'[^']*'")  # a matrix is one word of the shell's, and can't be broken
    too_long = [line for line in text.splitlines() if len(line) > width and not quoted.match(line)]
    assert too_long == []


@pytest.mark.slow
def test_all_in_ascii(answered):
    text = answered("demo", "all", "--ascii")
    assert text.isascii()


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.id)
def test_chapter_is_its_demos(aimath, chapter):
    whole = aimath("demo", chapter.id).out
    assert whole == "\n".join(aimath("demo", topic.id).out for topic in chapter.topics)


def test_json_has_the_commands_own_fields(aimath):
    for name in ("softmax", "gd", "eigenvalues", "cosine", "backprop", "attention"):
        found = rows(aimath("demo", name, "--json"))
        for line in DEMOS[name].command_lines:
            plain = [word for word in words(line) if word not in {"--format", "table", "--plot", "--explain"}]
            own = rows(aimath(*plain, "--json"))
            mine = [row for row in found if row["command"] == line]
            assert mine == [row | {"demo": name, "command": line} for row in own]


def test_out_is_a_picture(aimath, tmp_path):
    assert aimath("demo", "diffusion", "--out", tmp_path / "x.svg") == (0, "", "")
    text = (tmp_path / "x.svg").read_text()
    assert xml.dom.minidom.parseString(text).documentElement.tagName == "svg"
    assert "crispEdges" in text  # the image is drawn
    assert "$ aimath diffuse 1 --t 500" in text


@pytest.mark.parametrize("form", ["csv", "tsv", "plain"])
def test_a_demo_is_a_text(refused, form):
    assert "is a text for people" in refused("demo", "lora", "--format", form)


# Numbers of one's own


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("softmax", "1", "2"), "aimath softmax 1 2 --explain"),
        (("softmax", "-1", "-2.5"), "aimath softmax -1 -2.5 --explain"),
        (("kl", ".5,.5", ".9,.1"), "aimath kl .5,.5 .9,.1 --explain"),
        (("neuron", "1,2", "3,4", "-1"), "aimath neuron --weights 1,2 --inputs 3,4 --bias -1 --explain"),
        (("partials", "x^2", "x=3"), "aimath grad 'x^2' x=3 --explain"),
        (("svd-approx", "1 2; 3 4", "1"), "aimath svd-approx '1 2; 3 4' --rank 1 --explain"),
        (("diffusion", "1,-1", "20"), "aimath diffuse 1,-1 --t 20 --explain"),
        (("softmax", "--", "1", "2", "--temperature", "2"), "aimath softmax 1 2 --temperature 2 --explain"),
        (
            ("gd", "--", "x^2", "x=1", "--lr", ".3"),
            "aimath gd --function 'x^2' --start x=1 --lr .3 --explain",
        ),
    ],
)
def test_own_numbers_take_the_place_of_the_demos(aimath, answered, given, line):
    assert f"\n$ {line}\n{aimath(*words(line)).out}" in answered("demo", *given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("bogus",), "there is no demo 'bogus'"),
        (("sofmax",), "did you mean softmax?"),
        (("all", "1", "2"), "'all' is several demos"),
        (("lora", "1x1", "1", "5"), "'5' is one word too many"),
        (("lora", "1x1", "1", "5"), "it takes shape rank"),
        (("neuron", "1,2"), "--inputs"),
        (("softmax", "1", "l"), "argument 2: 'l' is not a number"),
        (("--naive",), "--naive needs the name of a demo"),
        (("all", "--naive"), "--naive needs one demo"),
        (("vectors", "--naive"), "the textbook's formula of vectors breaks nowhere"),
        (("vectors", "--naive"), "softmax"),
        (("--", "softmax", "1", "--bogus"), "is no command line of aimath's"),
    ],
)
def test_mistakes_are_named(refused, given, said):
    told = refused("demo", *given)
    assert told.startswith("aimath demo: error: ")
    assert said in told


def field(name, test):
    return lambda found: test([row[name] for row in found])


def singular(ran):
    return ran.code == 1 and ran.out == "" and "singular" in ran.err


def alternating(found):
    signs = [math.copysign(1, row["point"][1]) for row in found]
    return all(a == -b for a, b in itertools.pairwise(signs))


def naive_mean(found):
    data = np.array([[10, 10], [11, 9], [12, 8], [9, 11], [8, 12.5]])
    mean = data.mean(axis=0) / np.linalg.norm(data.mean(axis=0))
    return abs(mean @ found[0]["textbook"]) > 0.999 and abs(mean @ found[0]["right"]) < 0.1


UNMASKED, SCALED, _ = DEMOS["attention"].experiments

EXPERIMENTS = {
    "aimath dot 1,0 0,1": field("dot", close(0)),
    "aimath dot 1e16,1,-1e16 1,1,1": lambda found: found[0]["dot"] == 1 != 1e16 + 1 - 1e16,
    "aimath neuron --weights .5,-.3,.8 --inputs 1,2,3 --bias .1 --activation sigmoid": field(
        "output", close(0.917)
    ),
    "aimath neuron --weights .5,-.3,.8 --inputs 1,2,3 --bias -5 --activation relu": lambda found: (
        found[0]["output"] == 0 > found[0]["total"]
    ),
    "aimath layer randn:4x3 1,2,3 --activation relu": lambda found: (
        min(found[0]["total"]) < 0 and found[0]["output"] == [max(x, 0) for x in found[0]["total"]]
    ),
    "aimath layer randn:4x3 0,0,0": field("output", close(0, 0, 0, 0)),
    "aimath matmul '5 6; 7 8' '1 2; 3 4'": field("product", close(23, 34, 31, 46)),
    "aimath matmul '1 2; 3 4' '1 0; 0 1'": field("product", close(1, 2, 3, 4)),
    "aimath matmul '1 2 3; 4 5 6' '1 4; 2 5; 3 6'": field("product", close(14, 32, 32, 77)),
    "aimath transpose '1 2; 2 3'": field("transposed", close(1, 2, 2, 3)),
    "aimath layer-norm 200 400 400 400 500 500 700 900": lambda found: (
        close(-1.5)(found[0]["output"][0]) and close(2)(found[0]["output"][-1])
    ),
    "aimath layer-norm 5 5 5": field("output", close(0, 0, 0)),
    "aimath rope 1 0 1 0 --start 0": field("output", close(1, 0, 1, 0)),
    "aimath rope 1 0 1 0 --start 1 --theta 100 --fields angles": field("angles", close(1, 0.1)),
    "aimath sample 2 1 .1 -1 3 --top-k 2": field("probs", close(0.269, 0, 0, 0, 0.731)),
    "aimath sample 2 1 0 --temperature 5 --top-p .6": field("kept", lambda found: found == [2]),
    "aimath sample 2 1 0 --temperature 5 --top-p .6 --order llama.cpp": field(
        "kept", lambda found: found == [1]
    ),
    "aimath bayes --successes 12,10 --trials 100,100": lambda found: close(0.671)(found[0]["p_best"]),
    "aimath bayes --successes 1200,1000 --trials 10000,10000": field(
        "p_best", lambda found: found[0] > 0.99999
    ),
    "aimath dpo --chosen -12 --rejected -14 --ref-chosen -12 --ref-rejected -14": field("loss", close(0.693)),
    "aimath dpo --chosen -12 --rejected -14 --ref-chosen -12.5 --ref-rejected -13.5 --beta 1": lambda found: (
        close(0.313)(found[0]["loss"]) and found[0]["margin"] == [1]
    ),
    "aimath info-nce --similarity '.9 .1; .2 .8'": field("loss", close(0.0001, digits=1)),
    "aimath info-nce --similarity '.5 .5; .5 .5' --temperature 1": field("loss", close(0.693)),
    "aimath det '4 7; 2 6'": field("det", close(10)),
    "aimath inverse '1 2; 2 4'": singular,
    "aimath eig '0 -1; 1 0'": field("values", lambda found: sorted(found[0]) == [[0, -1], [0, 1]]),
    "aimath eig '.9 .2; .1 .8'": field("re", close(1, 0.7)),
    "aimath analogy queen woman man": field("word", lambda found: found == ["king"]),
    "aimath cosine .7,.8,.85,-.4 .8,.7,.45,-.5": field("cosine", close(0.954)),
    "aimath cosine 1,2,3 10,20,30": field("cosine", lambda found: found == [1]),
    "aimath cosine 1,2 -2,1": field("cosine", close(0)),
    "aimath demo cosine --naive": lambda found: (found[0]["right"], found[0]["textbook"]) == (0.96, "nan"),
    UNMASKED: field("weights", lambda found: found[0][0][1] > 0.3),
    SCALED: field("weights", lambda found: all(max(row) > 0.999 for row in found[0][:2])),
    "aimath pca randn:1000x100 --components 2 --explain": lambda found: (
        len(found[0]["ratio"]) == 2 and max(found[0]["ratio"]) < 0.02
    ),
    "aimath demo pca --naive": naive_mean,
    "aimath svd-approx '1 2 3; 2 4 6' --rank 1 --fields relative_error": field(
        "relative_error", lambda found: found[0] < 1e-15
    ),
    "aimath svd-approx randn:768x768 --rank 384 --fields relative_error": field(
        "relative_error", close(0.325)
    ),
    "aimath lora --shape 768x768 --rank 384 --fields percent_of_full": field("percent_of_full", close(100)),
    "aimath lora --shape 4096x4096 --rank 8 --fields percent_of_full": field(
        "percent_of_full", close(0.39, digits=2)
    ),
    "aimath params --layers 32 --d-model 4096 --heads 32 --vocab 32000 --fields parameters": lambda found: (
        found[0]["parameters"] == 6738415616
    ),
    "aimath params --layers 32 --d-model 4096 --heads 32 --vocab 32000 --kv-heads 32,8 --context 32k --fields kv_cache_gib": lambda found: (
        [row["kv_cache_gib"] for row in found] == [16, 4]
    ),
    "aimath gpt reverse 123456 --lens --fields depth,token": lambda found: (
        ["6" in row["token"] for row in found] == [False, True]
    ),
    "aimath gpt reverse 1234566 --top 1 --fields token": lambda found: "5" in found[0]["token"],
    "aimath train reverse --last": lambda found: found[0]["test"] == 1,
    "aimath train lora --rank 1,4 --last": lambda found: found[0]["accuracy"] < 0.9 < found[1]["accuracy"],
    "aimath train digits --last": lambda found: found[0]["accuracy"] > 0.95,
    "aimath train spiral --last": lambda found: found[0]["accuracy"] > 0.97,
    "aimath train rlhf --beta 5,1,.3 --last": lambda found: (
        found[0]["reward"] < found[1]["reward"] < found[2]["reward"]
        and found[2]["quality"] < found[0]["quality"] < found[1]["quality"]
    ),
    "aimath grad 'x^2 + 2*x*y + y^2' x=2 y=1": field("gradient", close(6, 6)),
    "aimath grad 'x^2 + 2*x*y + y^2' x=1 y=-1": field("gradient", close(0, 0)),
    "aimath backprop --layer '0 0; 9 9; 0 0' --x 1,2 --bias 0,0,0 --target 1": field(
        "gradients", lambda found: np.abs(found).max() < 1e-9
    ),
    "aimath grad 'log(exp(a) + exp(b)) - a' a=1 b=0": field("gradient", close(-0.269, 0.269)),
    "aimath backprop 'x*x' x=3": field("gradients", close(6)),
    "aimath backprop '(tanh(w*x + b) - y)^2' w=0.5 x=20 b=-0.5 y=-1": lambda found: (
        abs(found[0]["gradients"][0]) < 1e-5 and found[0]["value"] > 3.9
    ),
    "aimath gd --lr .5 --steps 3": field("point", close(10, 3, 3, 3)),
    "aimath gd --lr 1 --steps 4": field("point", close(10, -4, 10, -4, 10)),
    "aimath gd --function 'x^2 + 10*y^2' --start x=5,y=1 --lr .09": alternating,
    "aimath gd --lr .01 --steps 1000 --until .002 --last": lambda found: (
        found[0]["step"] == 439 and 0 < found[0]["point"][0] - 3 <= 0.001
    ),
    "aimath gd --lr .1 --steps 1000 --until .002 --last": lambda found: (
        found[0]["step"] == 40 and 0 < found[0]["point"][0] - 3 <= 0.001
    ),
    "aimath gd --lr 1.1 --steps 3": field("point", close(10, -5.4, 13.08, -9.096, digits=4)),
    "aimath adam --function '1000*(w-3)^2' --start w=10 --lr .1 --steps 1": field("point", close(10, 9.9)),
    "aimath race": lambda found: (
        5 < found[0]["loss"] / found[4]["loss"] < 6 and found[4]["optimizer"] == "adam"
    ),
    "aimath demo adam --naive": lambda found: close(3.16)(
        (10 - found[0]["textbook"][1][0]) / (10 - found[0]["right"][1][0])
    ),
    "aimath softmax 1000 1001 1002": field("probs", close(0.09003, 0.2447, 0.6652, digits=4)),
    "aimath softmax the=2 cat=1 sat=.1 on=-1 mat=3 --temperature .5": lambda found: close(0.864)(
        found[0]["probs"][4]
    ),
    "aimath demo softmax --naive 1000 1001 1002": lambda found: (
        found[0]["textbook"] == ["nan"] * 3 and close(0.09, 0.245, 0.665)(found[0]["right"])
    ),
    "aimath bayes --prior .001 --likelihood .99 --false-positive .01": field(
        "posterior", close(0.09, digits=2)
    ),
    "aimath bayes --prior .3 --likelihood .8 --false-positive .8": field("posterior", close(0.3)),
    "aimath gaussian --between -1 1": field("probability", close(0.683)),
    "aimath gaussian 0 --sigma .1": field("density", close(3.99)),
    "aimath demo gaussian --naive": lambda found: (
        found[0]["textbook"][2] == "-inf" and close(-800.9, digits=4)(found[0]["right"][2])
    ),
    "aimath diffuse 1 --t 999 --fields alpha_bar": field("alpha_bar", close(0.00004, digits=1)),
    "aimath diffuse 1 --t 0 --noise 1 --fields alpha_bar": field("alpha_bar", close(0.9999, digits=4)),
    "aimath cross-entropy 0,1,0,0,0 .2,.2,.2,.2,.2": field("cross_entropy", close(1.609, digits=4)),
    "aimath cross-entropy 0,1 1,0": field("cross_entropy", close(math.inf)),
    "aimath demo cross-entropy --naive": lambda found: (
        close(20.7)(found[0]["textbook"]) and found[0]["right"] == "inf"
    ),
    "aimath entropy 1 0": field("entropy", close(0)),
    "aimath entropy .25 .25 .25 .25": field("entropy", close(2)),
    "aimath demo entropy --naive": lambda found: -2e-9 < found[0]["textbook"] < 0 == found[0]["right"],
    "aimath temperature 2 1 .1 -1 3 --temperature 0": lambda found: (
        (found[0]["probs"], found[0]["entropy"]) == ([0, 0, 0, 0, 1], 0)
    ),
    "aimath temperature 2 1 .1 -1 3 --temperature inf": lambda found: (
        close(0.2, 0.2, 0.2, 0.2, 0.2)(found[0]["probs"]) and close(2.32)(found[0]["entropy"])
    ),
    "aimath kl .5,.5 .9,.1 --base 2": field("kl", close(0.737)),
    "aimath kl .5,.5 1,0": field("kl", close(math.inf)),
    "aimath demo kl --naive": lambda found: (
        close(9.7, digits=2)(found[0]["textbook"]) and found[0]["right"] == "inf"
    ),
    "aimath gaussian-kl --mu 0 --sigma 1": field("kl", close(0)),
    "aimath gaussian-kl --mu 0 --sigma .01": field("kl", close(4.1, digits=2)),
    "aimath gaussian-kl --mu 1 --logvar 0": field("kl", close(0.5)),
    "aimath rlhf --rewards 1,0,2 --reference .5,.3,.2 --beta 100": field(
        "policy", close(0.5, 0.3, 0.2, digits=1)
    ),
    "aimath rlhf --rewards 1,0,2 --reference .5,.3,.2 --beta .01": field(
        "policy", lambda found: found[0][2] > 0.999
    ),
}


# Experiments


def test_every_experiment_is_verified():
    assert set(EXPERIMENTS) == {line for demo in DEMOS.values() for line in demo.experiments}
    assert all(2 <= len(demo.experiments) <= 3 for demo in DEMOS.values())


NO_ANSWERS = r"ln 5|ln 2|log2 5|temperature of .07|1e-9|for 0 1 2|within 0.001|of floats gives 0|1/√d|1/curvature|3.16 times|under 2 %|log is"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "expect"), [pair for demo in DEMOS.values() for pair in demo.experiments.items()]
)
def test_experiment_does_what_is_said_of_it(aimath, line, expect):
    ran, verify = aimath(*words(line), "--json"), EXPERIMENTS[line]
    assert verify(ran) if verify is singular else verify(rows(ran))
    found = [float(x) for x in re.findall(r"-?\d[\d.]*(?:e-?\d+)?", ran.out)]
    for figure in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\d.]*\w)", re.sub(NO_ANSWERS, "", expect)):
        assert any(rounds_to(figure, [x]) for x in found), figure


def test_a_figure_that_is_not_as_said_is_noticed():
    assert not close(0.5)(0.51)
    assert close(0.864)([0.8643])
