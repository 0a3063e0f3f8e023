"""Every quantity of every command at the ends of float64: a number, or a refusal by name; never nan or a warning."""

import itertools
import json
import random
import re
import shlex
import warnings

import pytest

EXTREMES = ["1.7e308", "-1.7e308", "1e-308", "-1e-308", "5e-324", "0", "1"]
POSITIVE = [text for text in EXTREMES if not text.startswith("-")]
FORMS = [
    "softmax {0} {1}", "softmax {0} {1} --temperature {2}", "softmax {0} {1} --log", "logsumexp {0} {1}", "logsumexp {0} {1} --weights {2},{0}",
    "temperature {0} {1}", "describe {0} {1}", "describe {0} {1} 1 --ddof 1", "entropy {0} {1} --normalize",
    "entropy {0} {1} --logits", "kl {0},{1} {1},1 --normalize", "js {0},{1} 1,{2} --normalize",
    "cross-entropy {0},{1} {1},1 --normalize", "cross-entropy --logits {0},{1} --target 0",
    "perplexity {0} {1} --normalize", "perplexity --tokens {0} {1}", "perplexity --log-probs {0} {1}",
    "mutual-information '{0} {1}; {1} 1' --normalize", "rlhf --rewards {0},{1} --reference .5,.5 --beta {2}",
    "rlhf --rewards {0},{1} --reference {1},1 --normalize", "gaussian {0} --mu {1} --sigma {2}",
    "gaussian {0} --mu {1} --sigma {2} --cdf", "gaussian {0} --mu {1} --sigma {2} --cdf --log", "gaussian {0} --mu {1} --sigma {2} --log",
    "gaussian .3 --mu {0} --sigma {1} --quantile", "gaussian --between {0} {1} --sigma {2}",
    "gaussian-kl --mu {0} --sigma {1} --mu2 {1} --sigma2 {2}", "vae-kl --mu {0} --logvar {1}",
    "bayes --prior {0} --likelihood {1} --evidence {2}", "bayes --prior {0} --likelihood {1} --false-positive {2}",
    "bayes --prior {0},1 --likelihood {1},{2} --normalize", "dot {0},{1} {1},1", "cosine {0},{1} {1},1",
    "neuron --x {0},{1} --w {1},1 --b {2}", "matmul '{0} {1}; 1 0' '{1} {0}; 0 1'", "det '{0} {1}; {1} 1'",
    "inverse '{0} {1}; {1} 1'", "eig '{0} {1}; 1 {0}'", "eig '{0} {1}; {1} 1'", "pca '{0} {1}; {1} 1; 0 1'",
    "svd-approx '{0} {1}; {1} 1' --rank 1", "attention -Q '{0} {1}' -K '{1} 1; 1 {0}' -V '{0};{1}'",
    "learning-rate {0} {1} --lr {2}", "diffuse {0},{1} --noise {1},0 --alpha-bar .5",
    "schedule 0 5 20 --schedule cosine --lr {0} --min-lr {1}", "schedule 0 5 20 --schedule polynomial --lr {0} --power {1}",
]  # fmt: skip


def lines(form):
    slots = max(map(int, re.findall(r"\{(\d)\}", form))) + 1
    for values in itertools.product(EXTREMES, repeat=slots):
        yield form.format(*values)


def check(aimath, line):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ran = aimath(*shlex.split(line), "--json")
    assert ran.code in {0, 1, 2, 3}, line
    assert "Warning" not in ran.err, line
    assert "Traceback" not in ran.err, line
    assert "internal" not in ran.err, (line, ran.err)
    for row in ran.out.splitlines():
        assert "nan" not in re.findall(r"\bnan\b", row), line
        check_bounds(json.loads(row), line)


def check_bounds(row, line):
    """What mathematics says of a quantity holds whatever rounding did."""

    def figures(name):
        value = row.get(name)
        return (
            []
            if value is None
            else [
                float(v) for v in (value if isinstance(value, list) else [value]) if not isinstance(v, list)
            ]
        )

    for name in ("kl", "js", "divergence", "entropy", "variance", "std", "surprise", "perplexity"):
        assert all(v >= 0.0 for v in figures(name)), (line, name)
    for name in ("probs", "policy", "weights", "posterior", "cdf", "probability", "ratio", "p", "q"):
        assert all(0.0 <= v <= 1.0 for v in figures(name)), (line, name)
    assert all(abs(v) <= 1.0 for v in figures("cosine")), line
    if line.startswith("js"):
        assert all(v <= 1.0 for v in figures("js")), line
    if line.startswith("describe"):
        assert row["min"] <= row["mean"] <= row["max"], line
    if "mutual_information" in row:
        assert row["mutual_information"] <= min(row["row_entropy"], row["column_entropy"]), line


@pytest.mark.parametrize("seed", range(4))
def test_ends_of_float64(aimath, seed):
    for line in random.Random(seed).sample([line for form in FORMS for line in lines(form)], 60):  # noqa: S311
        check(aimath, line)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_all_ends_of_float64(aimath, form):
    for line in lines(form):
        check(aimath, line)
