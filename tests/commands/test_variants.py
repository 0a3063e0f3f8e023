"""Every way to call a command of probability or information: its answer, and a derivation that holds."""

from __future__ import annotations

import json
import math
import shlex

import numpy as np
import pytest
from tests.digits import near

# The command line, and what it must print. Sources: G is the guide's true column, M the page of edges, W worked
# by hand or with mpmath.
CASES = {
    # G: the five logits of the guide
    "softmax 2 1 0.1 -1 3 --fields entropy": "1.4541688988316919",
    "softmax 2 1 1 -T 0": "1 0 0",  # M: greedy
    "softmax 2 2 1 -T 0": "0.5 0.5 0",  # M: ties share
    "softmax 5 7 -T inf": "0.5 0.5",
    "softmax 1 -inf": "1 0",  # M: -inf is a mask
    "softmax 50 0 --log": "-1.928749847963918e-22 -50",  # M
    "softmax 0 -745 --fields probs": "1 5e-324",  # M
    "softmax 1e308 -1e308": "1 0",
    "softmax 3": "1",
    "logsumexp 0 -40": "4.248354255291589e-18",  # M, scipy#18295
    "logsumexp inf 1": "inf",
    "logsumexp -inf -inf": "-inf",
    "entropy .9 .1": "0.4689955935892812",  # G
    "entropy 1 0": "0",  # M: never -0
    "entropy 1e308 1e308 --normalize": "1",  # M: exactly
    "entropy 0 0 --logits": "1",
    "entropy .5 .5 --base e": str(math.log(2)),
    "cross-entropy 0,1,0,0,0 .05,.85,.03,.02,.05": "0.16251892949777494",  # G
    "cross-entropy 0,1,0,0,0 .3,.1,.2,.2,.2": "2.302585092994046",  # G
    "cross-entropy 1,0 0,1": "inf",  # M
    "cross-entropy 50 0 --target 0": "1.928749847963918e-22",  # M: torch says 0
    "cross-entropy -inf 0 --target 1": "0",  # M: torch says nan
    "cross-entropy 1 0 --target 0 --label-smoothing .5": str(math.log(1 + math.e) - 0.75),  # W: t = .75, .25
    "kl .5,.5 1,0": "inf",
    "kl 1,0 .5,.5 --base 2": "1",
    "kl .9,.1 .5,.5 --reverse": str(0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)),
    "kl 9,1 1,1 --normalize": "0.3680642071684971",  # M
    "kl .5,.5 .5,.5": "0",
    "js 1,0 0,1": "1",  # M: disjoint is 1 bit
    "js 1,0 0,1 --distance --base e": str(math.sqrt(math.log(2))),
    "mutual-information '.25 .25; .25 .25'": "0",  # M: scikit-learn's "math domain error"
    "mutual-information '1 0; 0 1' --normalize": "1",
    "perplexity .25 .25 .25 .25": "4",
    "perplexity .5 .5 .125 --tokens": "3.1748021039363987",  # W: 2^(5/3)
    "perplexity -.6931471805599453 -.6931471805599453 --log-probs": "2",
    "perplexity 1 0 --tokens": "inf",
    "gaussian 0": "0.3989422804014327",  # G
    "gaussian 0 --mu 1 --sigma 2 --log": str(-0.125 - math.log(2) - 0.5 * math.log(2 * math.pi)),
    "gaussian -10 --cdf": "7.619853024160527e-24",  # M: torch and the stdlib say 0
    "gaussian -50 --cdf --log": "-1254.8313611394199",  # M: torch's and the stdlib's cdf is 0
    "gaussian 0 1 --quantile": "-inf inf",
    "gaussian 1e-300 --quantile": "-37.0470962993612",
    "gaussian --between 10 11": "7.619661958203076e-24",  # M: every peer says 0
    "gaussian-kl --mu 0 --sigma 1e-200": "460.01701859880914",  # M: torch says inf
    "gaussian-kl --mu 1 --sigma 1": "0.5",
    "gaussian-kl --mu 3 --sigma 2 --mu2 3 --sigma2 2": "0",
    "gaussian-kl --mu 1,0 --logvar 0,0": "0.5",
    "rlhf --rewards 0,0 --reference .25,.75": "0.25 0.75",
    "rlhf --rewards 1,0 --reference .5,.5 --beta 1 --fields objective": str(math.log((math.e + 1) / 2)),
    "bayes --prior .3 --likelihood .8 --evidence .35": "0.6857142857142857",  # G
    "bayes --prior .3 --likelihood .8 --evidence .35 --fields implied": "0.15714285714285714",  # G
    "bayes --prior .01 --likelihood .9 --false-positive .05": str(0.009 / 0.0585),
    "bayes --prior .2,.3,.5 --likelihood .1,.2,.3 --fields evidence": "0.23",
    "bayes --prior .5 --likelihood .8 --likelihood .8 --false-positive .2 --false-positive .2": str(16 / 17),
    "bayes --prior .5,.5 --likelihood .9,.1 --likelihood .8,.3 --fields posterior": "0.96 0.04",
    "describe 1000000004 1000000007 1000000013 1000000016 --ddof 1 --fields variance": "30",  # M: naive -170.67
    "describe 3 --fields std": "0",
    "diffuse 1 --t 0 --noise 0 --fields alpha_bar": "0.9999",  # M
    "diffuse 1 --t 999 --noise 0 --fields alpha_bar": "4.035829765375682e-05",  # M
    "diffuse 1 --t 0 --noise 0 --fields snr": "9999",  # M: float32 says 9997.34
    "diffuse 0 --alpha-bar .75 --noise 1": "0.5",
    "diffuse 1 --t 9 --T 10 --schedule scaled-linear --noise 1 --fields alpha_bar": str(  # W
        math.prod(1 - (0.01 + (math.sqrt(0.02) - 0.01) * k / 9) ** 2 for k in range(10))
    ),
}  # fmt: skip


def numbers(value):
    """Give the numbers of a JSON value in a row, none of a word."""
    try:
        return np.ravel(value).astype(float).tolist()
    except ValueError:
        return []


def run(aimath, line, *more):
    return aimath(*shlex.split(line), *more)


@pytest.mark.parametrize("line", CASES)
def test_answer(answered, line):
    text = answered(*shlex.split(line))
    found = [float(token) for token in text.split()]
    wanted = [float(token) for token in CASES[line].split()]
    assert found == near(wanted, 1e-15)
    assert "-0" not in text.split()


@pytest.mark.parametrize("line", CASES)
def test_derivation_holds_and_ends_in_a_check(aimath, line):
    shown = run(aimath, line.partition(" --fields")[0], "--explain")
    assert (shown.code, shown.err) == (0, "")
    assert "✗" not in shown.out
    assert "✓" in shown.out
    assert "nan" not in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80


@pytest.mark.parametrize("line", CASES)
def test_json_holds_the_answer(aimath, line):
    call, _, field = line.partition(" --fields ")
    held = json.loads(run(aimath, call, "--json").out)
    answer = near([float(token) for token in CASES[line].split()], 1e-15)
    assert any(numbers(value) == answer for value in ([held[field]] if field else held.values()))
