"""Demos of probability and statistics."""

from __future__ import annotations

from aimath.content.demos.demo import Demo

LOGITS = "the=2 cat=1 sat=.1 on=-1 mat=3"
HEART_IMAGE = "'0 1 0 1 0; 1 0 1 0 1; 1 0 0 0 1; 0 1 0 1 0; 0 0 1 0 0'"
DEMOS = (
    Demo(
        "softmax",
        "A language model gives each word a score of any size. Softmax makes probabilities of them: "
        "exponentials, divided by their sum. The largest score is taken off first, so that no "
        "exponential overflows.",
        (f"aimath softmax {LOGITS} --explain",),
        {
            "aimath softmax 1000 1001 1002": "the same as for 0 1 2: only differences count",
            f"aimath softmax {LOGITS} --temperature .5": "mat 0.864: sharper",
            "aimath demo softmax --naive 1000 1001 1002": "nan, where nothing is taken off first",
        },
    ),
    Demo(
        "bayes",
        "How likely is spam, now that the mail says 'free'? Of all mails that say so, take the share "
        "that is spam. The belief before, times how well it explains what is seen, over how often that "
        "is seen at all.",
        ("aimath bayes --prior .3 --likelihood .8 --evidence .35 --names spam,free --explain",),
        {
            "aimath bayes --prior .001 --likelihood .99 --false-positive .01":
                "0.09: what is rare stays unlikely after a good test",
            "aimath bayes --prior .3 --likelihood .8 --false-positive .8":
                "0.3: what both do equally often tells nothing",
        },
        ("--prior", "--likelihood", "--evidence"),
    ),
    Demo(
        "sample",
        "A chat doesn't draw from all words. Temperature sharpens, min-p cuts what is far below the best, "
        "top-k keeps k words, top-p those that make up most. Each cut is made of what the one before left, "
        "so their order matters.",
        (f"aimath sample {LOGITS} --temperature .8 --min-p .05 --top-p .9 --explain",),
        {
            "aimath sample 2 1 .1 -1 3 --top-k 2": "0.269 and 0.731: two words are left",
            "aimath sample 2 1 0 --temperature 5 --top-p .6": "heated first, then cut: two stay",
            "aimath sample 2 1 0 --temperature 5 --top-p .6 --order llama.cpp": "cut first: one stays",
        },
    ),
    Demo(
        "arms",
        "One page had 120 buyers of 1000, another 100. Is it better, or lucky? Before the trials every "
        "share is as likely; each success and failure moves the belief. Two curves are left, and how much "
        "of them lies the right way round is the answer.",
        ("aimath bayes --successes 120,100 --trials 1000,1000 --explain",),
        {
            "aimath bayes --successes 12,10 --trials 100,100": "0.671: fewer trials say little",
            "aimath bayes --successes 1200,1000 --trials 10000,10000": "ten times the trials: all but sure",
        },
        ("--successes", "--trials"),
    ),
    Demo(
        "gaussian",
        "Add up many small accidents and you get this curve. It stays what it is when it is shifted, "
        "scaled or added to another, so diffusion models and VAEs can calculate with it in one line.",
        (
            "aimath gaussian 0 1 2 --mu 0 --sigma 1 --explain",
            "aimath gaussian -3 -2.5 -2 -1.5 -1 -.5 0 .5 1 1.5 2 2.5 3 --format table",
        ),
        {
            "aimath gaussian --between -1 1": "0.683: two of three lie within one sigma",
            "aimath gaussian 0 --sigma .1": "3.99: a density, so it may be above 1",
            "aimath demo gaussian --naive": "far out the density is 0 to a float; its log isn't",
        },
    ),
    Demo(
        "diffusion",
        "An image is mixed with noise: a little less image and a little more noise with each t, until "
        "none is left. Any t is reached in one step. A network learns to tell the noise from the image, "
        "and can then start from noise alone.",
        (
            "aimath diffuse 1 --t 500 --noise .5 --explain",
            f"aimath diffuse --image {HEART_IMAGE} --t 0,10,20,30,49 --T 50 --schedule cosine --format table",
        ),
        {
            "aimath diffuse 1 --t 999 --fields alpha_bar": "0.00004: the image is gone",
            "aimath diffuse 1 --t 0 --noise 1 --fields alpha_bar": "0.9999: hardly touched",
        },
        ("", "--t"),
    ),
    Demo(
        "cross-entropy",
        "The loss of classifiers and language models: minus the logarithm of the probability that was "
        "given to what turned out right. First a good guess at 'cat', then a bad one.",
        (
            "aimath cross-entropy 0,1,0,0,0 .05,.85,.03,.02,.05 --explain",
            "aimath cross-entropy 0,1,0,0,0 .3,.1,.2,.2,.2 --explain",
        ),
        {
            "aimath cross-entropy 0,1,0,0,0 .2,.2,.2,.2,.2": "1.609 = ln 5: what knowing nothing costs",
            "aimath cross-entropy 0,1 1,0": "inf: sure of what is wrong",
            "aimath demo cross-entropy --naive": "1e-9 inside the logarithm: 20.7 in place of inf",
        },
    ),
)  # fmt: skip
