"""Questions of probability: softmax, Bayes, the normal distribution, diffusion."""

from __future__ import annotations

import math

import numpy as np

from aimath.core import probability, probability as diffusion
from aimath.quiz.exercise import Draw, Exercise, Makers, exercise, shown, spaced

MAKERS = Makers()


def _logits(draw: Draw) -> list[float]:
    return [draw.tenth(-2, 3) for _ in range(3)]


@MAKERS.about("softmax")
def softmax(draw: Draw) -> Exercise:
    """Ask for one of the probabilities."""
    z, k = _logits(draw), draw.whole(0, 2)
    right = probability.softmax(z)
    near = (
        (math.exp(z[k]), "that is exp of the logit: divide by the sum of all three"),
        (z[k] / sum(z) if sum(z) else math.inf, "exp was forgotten: take exp of each logit before dividing"),
        (right.log_probs[k], "that is its logarithm"),
        (probability.softmax(np.negative(z)).probs[k], "the signs are turned: a larger logit is more likely"),
    )
    text = f"Logits {spaced(z)}. What does softmax make of entry {k + 1}?"
    return exercise("softmax", text, map(shown, z), (right, "probs", (k,)), near)


@MAKERS.about("logsumexp")
def logsumexp(draw: Draw) -> Exercise:
    """Ask for a logarithm of a sum of exponentials."""
    z = _logits(draw)
    right = probability.logsumexp(z)
    near = (
        (sum(map(math.exp, z)), "the logarithm is still to be taken"),
        (max(z), "that is the largest: the others add a little"),
        (sum(z), "a sum of exponentials is no exponential of the sum"),
        (float(right.logsumexp) / math.log(10), "that is the decimal logarithm: take the natural one"),
    )
    text = f"What is ln(exp({shown(z[0])}) + exp({shown(z[1])}) + exp({shown(z[2])}))?"
    return exercise("logsumexp", text, map(shown, z), (right, "logsumexp", ()), near, "nats")


@MAKERS.about("temperature")
def temperature(draw: Draw) -> Exercise:
    """Ask for a probability at a temperature."""
    z, k, t = _logits(draw), draw.whole(0, 2), float(draw.rng.choice([0.5, 2.0, 4.0, 5.0]))
    near = (
        (probability.softmax(z, 1 / t).probs[k], "T was multiplied: logits are divided by it"),
        (probability.softmax(z).probs[k], "that is for T = 1"),
        (probability.softmax(z).probs[k] / t, "the logits are divided by T, not the probabilities"),
    )
    text = f"Logits {spaced(z)} at temperature {shown(t)}. How likely is entry {k + 1}?"
    words = [*map(shown, z), "-T", shown(t), "--fields", "probs"]
    return exercise("temperature", text, words, (probability.softmax(z, t), "probs", (k,)), near)


@MAKERS.about("temperature")
def heat(draw: Draw) -> Exercise:
    """Ask for the entropy at a temperature."""
    z, t = _logits(draw), float(draw.rng.choice([0.5, 2.0, 4.0]))
    right = probability.softmax(z, t)
    near = (
        (float(right.entropy) * math.log(2), "that is right in nats: the question asks for bits"),
        (probability.softmax(z, 1 / t).entropy, "T was multiplied: logits are divided by it"),
        (probability.softmax(z).entropy, "that is for T = 1"),
        (right.perplexity, "that is the perplexity, 2 to the entropy"),
    )
    text = f"Logits {spaced(z)} at temperature {shown(t)}. How large is the entropy, in bits?"
    words = [*map(shown, z), "-T", shown(t), "--fields", "entropy"]
    return exercise("temperature", text, words, (right, "entropy", ()), near, "bits")


@MAKERS.about("bayes")
def bayes(draw: Draw) -> Exercise:
    """Ask for a posterior from the evidence."""
    prior, likelihood = draw.whole(1, 6) / 10, draw.whole(5, 9) / 10
    evidence = round(prior * likelihood + draw.whole(5, 25) / 100, 2)
    right = probability.bayes(prior, likelihood, evidence)
    near = (
        (likelihood, "that is P(free given spam): the question asks the other way round"),
        (right.joint, "it is still to be divided by P(free)"),
        (right.implied, "that is P(free given ham)"),
        (1.0 - right.posterior, "that is P(ham given free)"),
        (likelihood / evidence, "the prior is missing"),
    )
    text = (
        f"P(free given spam) = {shown(likelihood)}, P(spam) = {shown(prior)}, P(free) = {shown(evidence)}. "
        "What is P(spam given free)?"
    )
    words = ["--prior", shown(prior), "--likelihood", shown(likelihood), "--evidence", shown(evidence)]
    return exercise("bayes", text, words, (right, "posterior", ()), near)


@MAKERS.about("bayes")
def illness(draw: Draw) -> Exercise:
    """Ask what a positive test says of a rare illness."""
    prior, likelihood, false = draw.whole(1, 5) / 100, draw.whole(80, 99) / 100, draw.whole(2, 10) / 100
    right = probability.bayes(prior, likelihood, false_positive=false)
    even = probability.bayes(0.5, likelihood, false_positive=false)
    near = (
        (likelihood, "that is how often the ill test positive: how rare they are counts too"),
        (even.posterior, "that is for as many ill as healthy: the prior was left out"),
        (right.evidence, "that is P(positive)"),
        (1 - false, "that is how often the healthy test negative"),
        (right.joint, "that is the share of all who are ill and positive: divide by P(positive)"),
    )
    text = (
        f"{shown(round(100 * prior))} % are ill. A test finds {shown(round(100 * likelihood))} % of them, "
        f"and {shown(round(100 * false))} % of the healthy by mistake. "
        "How likely is someone ill whose test is positive?"
    )
    words = ["--prior", shown(prior), "--likelihood", shown(likelihood), "--false-positive", shown(false)]
    return exercise("bayes", text, words, (right, "posterior", ()), near)


@MAKERS.about("gaussian")
def gaussian(draw: Draw) -> Exercise:
    """Ask for a density, the variance being given."""
    mu, sigma = draw.whole(-3, 3) + 0.0, draw.whole(2, 4) + 0.0
    x = mu + draw.whole(-4, 4, 0)
    right = probability.gaussian(x, mu, sigma)
    near = (
        (probability.gaussian(x, mu, sigma**2).density, "that is sigma squared: sigma is its root"),
        (float(right.density) * sigma, "it is still to be divided by sigma"),
        (right.cdf, "that is P(X <= x), not the density"),
        (right.log_density, "that is its logarithm"),
        (float(right.density) * math.sqrt(2 * math.pi), "the factor 1/sqrt(2 pi) is missing"),
    )
    text = (
        f"A normal distribution has mean {shown(mu)} and variance {shown(sigma**2)}. "
        f"How large is its density at {shown(x)}?"
    )
    words = [shown(x), "--mu", shown(mu), "--sigma", shown(sigma)]
    return exercise("gaussian", text, words, (right, "density", ()), near)


@MAKERS.about("describe")
def variance(draw: Draw) -> Exercise:
    """Ask for an unbiased variance."""
    values = draw.wholes(4, 1, 9)
    right = probability.describe(values, 1)
    near = (
        (probability.describe(values).variance, "that divides by n: the question asks for n - 1"),
        (right.std, "that is the standard deviation: square it"),
        (right.squares, "the sum of squares is still to be divided by n - 1"),
        (float(np.square(values).sum()) / 3, "the mean was not subtracted"),
    )
    text = f"What is the variance of {spaced(values)}, divided by n - 1?"
    words = [*map(shown, values), "--ddof", "1", "--fields", "variance"]
    return exercise("describe", text, words, (right, "variance", ()), near)


@MAKERS.about("describe")
def deviation(draw: Draw) -> Exercise:
    """Ask for the standard deviation of a population."""
    values = draw.wholes(4, 1, 9)
    right = probability.describe(values)
    near = (
        (probability.describe(values, 1).std, "that divides by n - 1: the question asks for n"),
        (right.variance, "that is the variance: take its root"),
        (np.abs(right.deviations).mean(), "that is the mean distance to the mean: square first"),
    )
    text = f"What is the standard deviation of {spaced(values)}, all there is (divided by n)?"
    words = [*map(shown, values), "--fields", "std"]
    return exercise("describe", text, words, (right, "std", ()), near)


@MAKERS.about("diffuse")
def diffuse(draw: Draw) -> Exercise:
    """Ask for a noisy value."""
    x, noise, kept = draw.whole(-3, 3, 0) + 0.0, draw.tenth(-2, 2), draw.whole(1, 9) / 10
    right = diffusion.diffuse([x], alpha_bar=kept, noise=[noise])
    swapped = diffusion.diffuse([x], alpha_bar=round(1 - kept, 1), noise=[noise])
    near = (
        (kept * x + (1 - kept) * noise, "both weights are roots: sqrt(abar) and sqrt(1 - abar)"),
        (swapped.noisy[0], "abar belongs to the data, 1 - abar to the noise"),
        (math.sqrt(kept) * x, "the noise is missing"),
        (math.sqrt(kept) * x - math.sqrt(1 - kept) * noise, "the noise is added, with its sign"),
    )
    text = f"At abar = {shown(kept)}, what does diffusion make of x0 = {shown(x)} with noise {shown(noise)}?"
    words = [shown(x), "--alpha-bar", shown(kept), "--noise", shown(noise)]
    return exercise("diffuse", text, words, (right, "noisy", (0,)), near)
