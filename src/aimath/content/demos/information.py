"""Demos of information theory."""

from __future__ import annotations

from aimath.content.demos.demo import Demo
from aimath.content.demos.probability import LOGITS

DEMOS = (
    Demo(
        "entropy",
        "How many yes-or-no questions does it take, on average, to learn what happened? A fair coin "
        "takes one. A coin that nearly always shows heads takes less than half of one.",
        ("aimath entropy .5 .5 --explain", "aimath entropy .9 .1 --explain"),
        {
            "aimath entropy 1 0": "0: no surprise is left",
            "aimath entropy .25 .25 .25 .25": "2: four equal choices are two questions",
            "aimath demo entropy --naive": "1e-9 inside the logarithm: a little below 0",
        },
    ),
    Demo(
        "temperature",
        "Divide the logits by T before softmax. A low T makes the model repeat its favourite, a high T "
        "lets it wander: the entropy grows with T, from 0 up to that of pure chance.",
        (
            f"aimath temperature {LOGITS} --temperature .25,.5,1,2,5,inf --format table",
            f"aimath temperature {LOGITS} --temperature 2 --explain",
        ),
        {
            "aimath temperature 2 1 .1 -1 3 --temperature 0": "the largest alone, entropy 0",
            "aimath temperature 2 1 .1 -1 3 --temperature inf": "0.2 each, log2 5 = 2.32 bits",
        },
    ),
    Demo(
        "kl",
        "How many bits more do you pay if you believe q and p is true? Nothing if both are the same; "
        "without end if q rules out what happens. It isn't a distance: the other way round it differs.",
        ("aimath kl .9,.1 .5,.5 --base 2 --explain",),
        {
            "aimath kl .5,.5 .9,.1 --base 2": "0.737: not symmetric",
            "aimath kl .5,.5 1,0": "inf: q gives 0 to what happens half of the time",
            "aimath demo kl --naive": "1e-9 inside the logarithm: about 9.7 in place of inf",
        },
    ),
    Demo(
        "vae",
        "A VAE codes an image as a small Gaussian, and pays for every nat by which that differs from "
        "the standard one. So the codes stay close together, and what is drawn from the standard "
        "Gaussian decodes to something sensible.",
        ("aimath gaussian-kl --mu .5,-1,0 --sigma 1,.5,2 --explain",),
        {
            "aimath gaussian-kl --mu 0 --sigma 1": "0: nothing to pay",
            "aimath gaussian-kl --mu 0 --sigma .01": "4.1: being very sure is dear",
            "aimath gaussian-kl --mu 1 --logvar 0": "0.5: half the square of the shift",
        },
        ("--mu", "--sigma"),
    ),
    Demo(
        "rlhf",
        "Rewarded alone, a model learns to please the reward and forgets how to write. So it pays beta "
        "for every nat between it and its reference. The best policy is then known: the reference "
        "times exp(reward/beta), made to sum to 1.",
        ("aimath rlhf --rewards 1,0,2 --reference .5,.3,.2 --beta .5 --explain",),
        {
            "aimath rlhf --rewards 1,0,2 --reference .5,.3,.2 --beta 100":
                "nearly the reference: a short leash",
            "aimath rlhf --rewards 1,0,2 --reference .5,.3,.2 --beta .01": "the best reward alone: no leash",
            "aimath train rlhf --beta 5,1,.3 --last": "it is learned: reward rises, quality falls at last",
        },
        ("--rewards", "--reference", "--beta"),
    ),
    Demo(
        "dpo",
        "Of two answers people chose one. DPO raises the chosen one's probability and lowers the other's, "
        "both measured from a model that stands still: no reward model, no drawing. What is sure already "
        "hardly pulls any more.",
        ("aimath dpo --chosen -12 --rejected -14 --ref-chosen -12.5 --ref-rejected -13.5 --explain",),
        {
            "aimath dpo --chosen -12 --rejected -14 --ref-chosen -12 --ref-rejected -14":
                "0.693, ln 2: nothing has moved yet",
            "aimath dpo --chosen -12 --rejected -14 --ref-chosen -12.5 --ref-rejected -13.5 --beta 1":
                "0.313: ten times the beta, a larger margin",
        },
        ("--chosen", "--rejected", "--ref-chosen", "--ref-rejected"),
    ),
    Demo(
        "info-nce",
        "Pictures and their captions are put side by side. Each picture should find its own caption among "
        "all others: a softmax of similarities, and the cross-entropy of the diagonal. So CLIP learns from "
        "pairs alone.",
        ("aimath info-nce --similarity '.9 .1; .2 .8' --temperature 1 --explain",),
        {
            "aimath info-nce --similarity '.9 .1; .2 .8'": "0.0001: a temperature of .07 makes it sure",
            "aimath info-nce --similarity '.5 .5; .5 .5' --temperature 1": "0.693: a guess of two",
        },
    ),
)  # fmt: skip
