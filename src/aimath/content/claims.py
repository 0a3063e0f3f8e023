"""Figures printed in the article, their true values and the command lines that compute them.

Nothing here is computed: the figures beside them come from the command lines when they are asked for.
"""

from __future__ import annotations

from typing import NamedTuple

LOGITS = "the=2 cat=1 sat=.1 on=-1 mat=3"
TEMPERATURE_COMMAND = f"aimath temperature {LOGITS} --temperature"
LORA_COMMAND = "aimath lora --shape 768x768 --rank 16"
BACKPROP_COMMAND = "aimath backprop --layer '1 2 3; 4 5 6' --x 1,2,3 --bias 0,0"
GD_COMMAND = "aimath gd --function '(w-3)^2' --start w=10"


class Claim(NamedTuple):
    """A figure of the article, its true value and the command line and quantity that give it.

    `position` picks from the quantity: an index a dimension; a slice takes what it says.
    """

    topic: str
    label: str
    printed: str  # "" if the article prints none
    true_value: str
    command_line: str
    quantity: str
    position: tuple[int | slice, ...] = ()
    is_shape: bool = False  # the claim is of how many entries there are


ALL = slice(None)
LINEAR_ALGEBRA = (
    Claim("neuron", "output", "2.5", "2.4",
          "aimath neuron --weights .5,-.3,.8 --inputs 1,2,3 --bias .1", "output"),
    Claim("layer", "entries of h", "4", "4", "aimath layer randn:4x3 randn:3", "output", is_shape=True),
    Claim("analogy", "king - man + woman", "", "0.70 0.80 0.85 -0.40",
          "aimath analogy king man woman --fields target", "target"),
    Claim("cosine", "of that sum and queen", "0.95", "1.000000",
          "aimath analogy king man woman --fields similarity", "similarity"),
    Claim("cosine", "of that sum and woman", "", "0.954",
          "aimath cosine .7,.8,.85,-.4 .8,.7,.45,-.5", "cosine"),
    Claim("attention", "shape of scores", "10 10", "10 10",
          "aimath attention -Q randn:10x64 -K randn:10x64 -V randn:10x64 --fields scores",
          "scores", is_shape=True),
    Claim("svd-approx", "error at rank 16", "", "0.9608",
          "aimath svd-approx randn:768x768 --rank 16 --exact --fields relative_error", "relative_error"),
    Claim("lora", "numbers of the matrix", "589824", "589824", f"{LORA_COMMAND} --fields full", "full"),
    Claim("lora", "numbers of the factors", "24576", "24576", LORA_COMMAND, "parameters"),
    Claim("lora", "percent", "4", "4.1667", f"{LORA_COMMAND} --fields percent_of_full", "percent_of_full"),
)  # fmt: skip
CALCULUS = (
    Claim("partials", "gradient", "10 10", "10 10", "aimath grad 'x^2 + 2*x*y + y^2' x=3 y=2", "gradient"),
    Claim("backprop", "dL/dW", "", "1 2 3 1 2 3", f"{BACKPROP_COMMAND} --fields dW", "dW"),
    Claim("backprop", "dL/db", "", "1 1", f"{BACKPROP_COMMAND} --fields db", "db"),
    Claim("backprop", "dL/dx", "", "5 7 9", f"{BACKPROP_COMMAND} --fields dx", "dx"),
    Claim("gd", "w, update 0", "8.6000", "8.6000", f"{GD_COMMAND} --lr .1", "point", (1, 0)),
    Claim("gd", "loss, update 0", "31.3600", "31.3600", f"{GD_COMMAND} --lr .1", "loss", (1,)),
    Claim("gd", "w, update 5", "3.2150", "4.8350", f"{GD_COMMAND} --lr .1", "point", (6, 0)),
    Claim("gd", "loss, update 5", "0.0462", "3.3673", f"{GD_COMMAND} --lr .1", "loss", (6,)),
    Claim("gd", "w, update 10", "3.0070", "3.6013", f"{GD_COMMAND} --lr .1", "point", (11, 0)),
    Claim("gd", "loss, update 10", "0.0000", "0.3616", f"{GD_COMMAND} --lr .1", "loss", (11,)),
    Claim("gd", "w, update 15", "3.0002", "3.1970", f"{GD_COMMAND} --lr .1", "point", (16, 0)),
    Claim("gd", "loss, update 15", "0.0000", "0.0388", f"{GD_COMMAND} --lr .1", "loss", (16,)),
    Claim("learning-rate", "too large", "10 -4 18 -22", "10 -4 10 -4",
          f"{GD_COMMAND} --lr 1 --steps 3", "point", (ALL, 0)),
    Claim("learning-rate", "larger still", "", "10 -5.4 13.08 -9.096",
          f"{GD_COMMAND} --lr 1.1 --steps 3", "point", (ALL, 0)),
    Claim("learning-rate", "too small", "9.86 9.72", "9.8600 9.7228",
          f"{GD_COMMAND} --lr .01 --steps 2", "point", (slice(1, 3), 0)),
    Claim("learning-rate", "steps to 3.001", "1000000", "439",
          f"{GD_COMMAND} --lr .01 --steps 1000 --until .002 --last", "step", (-1,)),
    Claim("learning-rate", "right", "8.6 7.48", "8.60 7.48",
          f"{GD_COMMAND} --lr .1 --steps 2", "point", (slice(1, 3), 0)),
    Claim("learning-rate", "after 20 steps", "3.0002", "3.0807", f"{GD_COMMAND} --lr .1", "point", (20, 0)),
    Claim("learning-rate", "steps to 3.0002", "20", "47",
          f"{GD_COMMAND} --lr .1 --steps 1000 --until .0004 --last", "step", (-1,)),
)  # fmt: skip
PROBABILITY = (
    Claim("softmax", "p(the)", ".2312", ".2333", f"aimath softmax {LOGITS}", "probs", (0, 0)),
    Claim("softmax", "p(cat)", ".0851", ".0858", f"aimath softmax {LOGITS}", "probs", (0, 1)),
    Claim("softmax", "p(sat)", ".0346", ".0349", f"aimath softmax {LOGITS}", "probs", (0, 2)),
    Claim("softmax", "p(on)", ".0115", ".0116", f"aimath softmax {LOGITS}", "probs", (0, 3)),
    Claim("softmax", "p(mat)", ".6276", ".6343", f"aimath softmax {LOGITS}", "probs", (0, 4)),
    Claim("bayes", "P(spam given free)", "0.69", "0.685714",
          "aimath bayes --prior .3 --likelihood .8 --evidence .35", "posterior"),
    Claim("bayes", "P(free given ham)", "", "0.157143",
          "aimath bayes --prior .3 --likelihood .8 --evidence .35 --fields implied", "implied"),
    Claim("gaussian", "density at 0", "", "0.398942", "aimath gaussian 0", "density"),
    Claim("cross-entropy", "good guess", "0.1625", "0.162519",
          "aimath cross-entropy 0,1,0,0,0 .05,.85,.03,.02,.05", "cross_entropy"),
    Claim("cross-entropy", "bad guess", "2.3026", "2.302585",
          "aimath cross-entropy 0,1,0,0,0 .3,.1,.2,.2,.2", "cross_entropy"),
)  # fmt: skip
INFORMATION = (
    Claim("entropy", "fair coin", "1.00", "1.000000", "aimath entropy .5 .5", "entropy"),
    Claim("entropy", "coin of .9 and .1", "0.47", "0.468996", "aimath entropy .9 .1", "entropy"),
    Claim("temperature", "bits at T = 1", "", "1.4542", f"{TEMPERATURE_COMMAND} 1", "entropy"),
    Claim("temperature", "bits at T = 2", "", "2.0181", f"{TEMPERATURE_COMMAND} 2", "entropy"),
    Claim("temperature", "bits at T = inf", "", "2.3219", f"{TEMPERATURE_COMMAND} inf", "entropy"),
    Claim("kl", "of P and P", "", "0", "aimath kl .5,.5 .5,.5", "kl"),
    Claim("kl", "where q = 0 < p", "", "inf", "aimath kl .5,.5 1,0", "kl"),
)  # fmt: skip
CLAIMS = (*LINEAR_ALGEBRA, *CALCULUS, *PROBABILITY, *INFORMATION)
