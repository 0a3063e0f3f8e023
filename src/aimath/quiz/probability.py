"""Questions of probability: softmax, Bayes, the normal distribution, diffusion."""

from __future__ import annotations

import math

import numpy as np

from aimath.core import probability, probability as diffusion
from aimath.quiz.exercise import (
    Exercise,
    Sampler,
    format_number,
    format_vector,
    format_vector_arg,
    make_exercise,
)


def _logits(sampler: Sampler) -> list[float]:
    return [sampler.decimal(-2, 3) for _ in range(3)]


def softmax(sampler: Sampler) -> Exercise:
    """Ask for one of the probabilities."""
    z, k = _logits(sampler), sampler.integer(0, 2)
    right = probability.softmax(z)
    near = (
        (math.exp(z[k]), "that is exp of the logit: divide by the sum of all three"),
        (z[k] / sum(z) if sum(z) else math.inf, "exp was forgotten: take exp of each logit before dividing"),
        (right.log_probs[k], "that is its logarithm"),
        (probability.softmax(np.negative(z)).probs[k], "the signs are turned: a larger logit is more likely"),
    )
    text = f"Logits {format_vector(z)}. What does softmax make of entry {k + 1}?"
    return make_exercise("softmax", text, map(format_number, z), (right, "probs", (k,)), near)


def logsumexp(sampler: Sampler) -> Exercise:
    """Ask for a logarithm of a sum of exponentials."""
    z = _logits(sampler)
    right = probability.logsumexp(z)
    near = (
        (sum(map(math.exp, z)), "the logarithm is still to be taken"),
        (max(z), "that is the largest: the others add a little"),
        (sum(z), "a sum of exponentials is no exponential of the sum"),
        (float(right.logsumexp) / math.log(10), "that is the decimal logarithm: take the natural one"),
    )
    text = (
        f"What is ln(exp({format_number(z[0])}) + exp({format_number(z[1])}) + exp({format_number(z[2])}))?"
    )
    return make_exercise("logsumexp", text, map(format_number, z), (right, "logsumexp", ()), near, "nats")


def temperature(sampler: Sampler) -> Exercise:
    """Ask for a probability at a temperature."""
    z, k, t = _logits(sampler), sampler.integer(0, 2), float(sampler.rng.choice([0.5, 2.0, 4.0, 5.0]))
    near = (
        (probability.softmax(z, 1 / t).probs[k], "T was multiplied: logits are divided by it"),
        (probability.softmax(z).probs[k], "that is for T = 1"),
        (probability.softmax(z).probs[k] / t, "the logits are divided by T, not the probabilities"),
    )
    text = f"Logits {format_vector(z)} at temperature {format_number(t)}. How likely is entry {k + 1}?"
    words = [*map(format_number, z), "-T", format_number(t), "--fields", "probs"]
    return make_exercise("temperature", text, words, (probability.softmax(z, t), "probs", (k,)), near)


def heat(sampler: Sampler) -> Exercise:
    """Ask for the entropy at a temperature."""
    z, t = _logits(sampler), float(sampler.rng.choice([0.5, 2.0, 4.0]))
    right = probability.softmax(z, t)
    near = (
        (float(right.entropy) * math.log(2), "that is right in nats: the question asks for bits"),
        (probability.softmax(z, 1 / t).entropy, "T was multiplied: logits are divided by it"),
        (probability.softmax(z).entropy, "that is for T = 1"),
        (right.perplexity, "that is the perplexity, 2 to the entropy"),
    )
    text = f"Logits {format_vector(z)} at temperature {format_number(t)}. How large is the entropy, in bits?"
    words = [*map(format_number, z), "-T", format_number(t), "--fields", "entropy"]
    return make_exercise("temperature", text, words, (right, "entropy", ()), near, "bits")


def bayes(sampler: Sampler) -> Exercise:
    """Ask for a posterior from the evidence."""
    prior, likelihood = sampler.integer(1, 6) / 10, sampler.integer(5, 9) / 10
    evidence = round(prior * likelihood + sampler.integer(5, 25) / 100, 2)
    right = probability.bayes(prior, likelihood, evidence)
    near = (
        (likelihood, "that is P(free given spam): the question asks the other way round"),
        (right.joint, "it is still to be divided by P(free)"),
        (right.implied, "that is P(free given ham)"),
        (1.0 - right.posterior, "that is P(ham given free)"),
        (likelihood / evidence, "the prior is missing"),
    )
    text = (
        f"P(free given spam) = {format_number(likelihood)}, P(spam) = "
        f"{format_number(prior)}, P(free) = {format_number(evidence)}. "
        "What is P(spam given free)?"
    )
    words = [
        "--prior",
        format_number(prior),
        "--likelihood",
        format_number(likelihood),
        "--evidence",
        format_number(evidence),
    ]
    return make_exercise("bayes", text, words, (right, "posterior", ()), near)


def illness(sampler: Sampler) -> Exercise:
    """Ask what a positive test says of a rare illness."""
    prior, likelihood, false = (
        sampler.integer(1, 5) / 100,
        sampler.integer(80, 99) / 100,
        sampler.integer(2, 10) / 100,
    )
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
        f"{format_number(round(100 * prior))} % are ill. A test finds "
        f"{format_number(round(100 * likelihood))} % of them, "
        f"and {format_number(round(100 * false))} % of the healthy by mistake. "
        "How likely is someone ill whose test is positive?"
    )
    words = [
        "--prior",
        format_number(prior),
        "--likelihood",
        format_number(likelihood),
        "--false-positive",
        format_number(false),
    ]
    return make_exercise("bayes", text, words, (right, "posterior", ()), near)


def gaussian(sampler: Sampler) -> Exercise:
    """Ask for a density, the variance being given."""
    mu, sigma = sampler.integer(-3, 3) + 0.0, sampler.integer(2, 4) + 0.0
    x = mu + sampler.integer(-4, 4, 0)
    right = probability.gaussian(x, mu, sigma)
    near = (
        (probability.gaussian(x, mu, sigma**2).density, "that is sigma squared: sigma is its root"),
        (float(right.density) * sigma, "it is still to be divided by sigma"),
        (right.cdf, "that is P(X <= x), not the density"),
        (right.log_density, "that is its logarithm"),
        (float(right.density) * math.sqrt(2 * math.pi), "the factor 1/sqrt(2 pi) is missing"),
    )
    text = (
        f"A normal distribution has mean {format_number(mu)} and variance {format_number(sigma**2)}. "
        f"How large is its density at {format_number(x)}?"
    )
    words = [format_number(x), "--mu", format_number(mu), "--sigma", format_number(sigma)]
    return make_exercise("gaussian", text, words, (right, "density", ()), near)


def variance(sampler: Sampler) -> Exercise:
    """Ask for an unbiased variance."""
    values = sampler.integers(4, 1, 9)
    right = probability.describe(values, 1)
    near = (
        (probability.describe(values).variance, "that divides by n: the question asks for n - 1"),
        (right.std, "that is the standard deviation: square it"),
        (right.squares, "the sum of squares is still to be divided by n - 1"),
        (float(np.square(values).sum()) / 3, "the mean was not subtracted"),
    )
    text = f"What is the variance of {format_vector(values)}, divided by n - 1?"
    words = [*map(format_number, values), "--ddof", "1", "--fields", "variance"]
    return make_exercise("describe", text, words, (right, "variance", ()), near)


def deviation(sampler: Sampler) -> Exercise:
    """Ask for the standard deviation of a population."""
    values = sampler.integers(4, 1, 9)
    right = probability.describe(values)
    near = (
        (probability.describe(values, 1).std, "that divides by n - 1: the question asks for n"),
        (right.variance, "that is the variance: take its root"),
        (np.abs(right.deviations).mean(), "that is the mean distance to the mean: square first"),
    )
    text = f"What is the standard deviation of {format_vector(values)}, all there is (divided by n)?"
    words = [*map(format_number, values), "--fields", "std"]
    return make_exercise("describe", text, words, (right, "std", ()), near)


def diffuse(sampler: Sampler) -> Exercise:
    """Ask for a noisy value."""
    x, noise, kept = sampler.integer(-3, 3, 0) + 0.0, sampler.decimal(-2, 2), sampler.integer(1, 9) / 10
    right = diffusion.diffuse([x], alpha_bar=kept, noise=[noise])
    swapped = diffusion.diffuse([x], alpha_bar=round(1 - kept, 1), noise=[noise])
    near = (
        (kept * x + (1 - kept) * noise, "both weights are roots: sqrt(abar) and sqrt(1 - abar)"),
        (swapped.noisy[0], "abar belongs to the data, 1 - abar to the noise"),
        (math.sqrt(kept) * x, "the noise is missing"),
        (math.sqrt(kept) * x - math.sqrt(1 - kept) * noise, "the noise is added, with its sign"),
    )
    text = (
        f"At abar = {format_number(kept)}, what does diffusion make of x0 = "
        f"{format_number(x)} with noise {format_number(noise)}?"
    )
    words = [format_number(x), "--alpha-bar", format_number(kept), "--noise", format_number(noise)]
    return make_exercise("diffuse", text, words, (right, "noisy", (0,)), near)


def sample(sampler: Sampler) -> Exercise:
    """Ask for the largest probability behind a top-k."""
    z, k = (
        sampler.rng.permutation([sampler.decimal(0.1, 2) + step for step in (0, 2, 4, 6)]).round(1).tolist(),
        2,
    )
    t = sampler.integer(2, 4) / 2
    right = probability.sample(z, t, k)
    at = int(np.argmax(z))
    near = (
        (probability.softmax(z, t).probs[at], "what is left was not divided by its sum"),
        (probability.sample(z, 1.0, k).probs[at], "the temperature was forgotten")
        if t != 1.0
        else (np.inf, ""),
        (probability.sample(z, t, 3).probs[at], "one too many was kept"),
    )
    text = (
        f"Of logits {format_vector(z)} at temperature {format_number(t)}, top-k keeps {k}. "
        "How likely is the likeliest then?"
    )
    words = ["--temperature", format_number(t), "--top-k", str(k), format_vector_arg(z)]
    return make_exercise("sample", text, words, (right, "probs", (at,)), near)


def nucleus(sampler: Sampler) -> Exercise:
    """Ask for how many entries a top-p leaves after a temperature."""
    z = sampler.rng.permutation([0.5 * step for step in range(1, 7)]).tolist()
    t, p = sampler.integer(2, 6) / 2, sampler.integer(5, 9) / 10
    right = probability.sample(z, t, top_p=p)
    near = (
        (probability.sample(z, t, top_p=p, order="llama.cpp").kept, "that is top-p before the temperature"),
        (right.kept - 1, "the one that reaches p stays too"),
        (float(np.sum(right.initial >= p)), "probabilities are added up, the likeliest first"),
    )
    text = (
        f"Of logits {format_vector(z)} at temperature {format_number(t)}, how many does top-p "
        f"{format_number(p)} leave?"
    )
    settings = ["--temperature", format_number(t), "--top-p", format_number(p), "--fields", "kept"]
    words = [format_vector_arg(z), *settings]
    return make_exercise("sample", text, words, (right, "kept", ()), near)


def success_share(sampler: Sampler) -> Exercise:
    """Ask for the mean of a beta posterior."""
    n = sampler.integer(8, 30)
    s = float(sampler.integer(1, n // 2 - 1))
    other = float(sampler.integer(1, n - 1))
    right = probability.bayes(successes=[s, other], trials=[n, n])
    near = (
        (s / n, "that is the share itself: a uniform prior counts one success and one failure more"),
        ((s + 1) / (n + 1), "the failure of the prior is missing"),
        ((s + 1) / (n - s + 1), "those are the odds: a of a + b"),
    )
    text = (
        f"An arm has {format_number(s)} successes in {n} trials, another {format_number(other)} in {n}. "
        "With a uniform prior, what is the posterior mean of the first one's share?"
    )
    words = ["--successes", format_vector_arg([s, other]), "--trials", format_vector_arg([n, n])]
    words += ["--fields", "posterior_mean"]
    return make_exercise("bayes", text, words, (right, "posterior_mean", (0,)), near)
