"""Questions of information theory: entropy, divergences, perplexity, the policy of RLHF."""

from __future__ import annotations

import math

import numpy as np

from aimath.core import information
from aimath.quiz.exercise import (
    Exercise,
    Sampler,
    format_matrix,
    format_number,
    format_vector,
    format_vector_arg,
    make_exercise,
)

IN_NATS = "that is right in nats: the question asks for bits"
IN_BITS = "that is right in bits: the question asks for nats"
SWAPPED = "p and q changed places"


def entropy(sampler: Sampler) -> Exercise:
    """Ask for an entropy in bits."""
    p = sampler.probabilities(3)
    right = information.entropy(p)
    near = (
        (right.nats, IN_NATS),
        (-right.entropy, "the sign is turned: log2(1/p) is positive"),
        (right.maximum, "that is the most there can be, of equal probabilities"),
        (right.perplexity, "that is the perplexity: take its log2"),
        (right.surprise.sum(), "each surprise is weighted by its probability"),
        (float(right.entropy) * math.log10(2), "that is right in decimal digits: use log2"),
    )
    text = f"How large is the entropy of {format_vector(p)}, in bits?"
    return make_exercise("entropy", text, map(format_number, p), (right, "entropy", ()), near, "bits")


def cross_entropy(sampler: Sampler) -> Exercise:
    """Ask for the loss of two distributions."""
    p, q = sampler.probabilities(3), sampler.probabilities(3)
    right = information.cross_entropy(p, q)
    near = (
        (float(right.cross_entropy) / math.log(2), IN_BITS),
        (information.cross_entropy(q, p).cross_entropy, SWAPPED),
        (right.entropy, "that is the entropy of p: the logarithm is of q"),
        (right.kl, "that is the divergence: cross-entropy also has the entropy of p"),
        (-right.cross_entropy, "the sign is turned: ln(1/q) is positive"),
    )
    text = (
        f"How large is the cross-entropy H(p, q), p = {format_vector(p)} true "
        f"and q = {format_vector(q)}, in nats?"
    )
    place = (right, "cross_entropy", ())
    return make_exercise(
        "cross-entropy", text, [format_vector_arg(p), format_vector_arg(q)], place, near, "nats"
    )


def loss(sampler: Sampler) -> Exercise:
    """Ask for the loss of logits."""
    z, k = [sampler.decimal(-2, 3) for _ in range(3)], sampler.integer(0, 2)
    right = information.cross_entropy(logits=z, target=k)
    near = (
        (float(right.cross_entropy) / math.log(2), IN_BITS),
        (right.probs[k], "that is the probability: the loss is ln of 1 over it"),
        (-z[k], "a logit is no probability yet: take softmax first"),
        (-right.cross_entropy, "the sign is turned: a loss is positive"),
    )
    text = (
        f"A classifier gives logits {format_vector(z)}; class {k} (from 0) is "
        "right. How large is its loss, in nats?"
    )
    words = ["--logits", format_vector_arg(z), "--target", str(k)]
    return make_exercise("cross-entropy", text, words, (right, "cross_entropy", ()), near, "nats")


def untrained(sampler: Sampler) -> Exercise:
    """Ask for the loss of a model that knows nothing yet."""
    classes = sampler.integer(3, 9)
    target = sampler.integer(0, 2)
    logits = np.zeros(classes)
    right = information.cross_entropy(logits=logits, target=target)
    near = (
        (float(right.cross_entropy) / math.log(2), IN_BITS),
        (1.0 / classes, "that is the probability of each class: the loss is its -ln"),
        (right.perplexity, "that is the perplexity: take its ln"),
        (1.0, "the loss isn't a share: it is ln of the number of equally likely classes"),
    )
    text = (
        f"The last layer of a network begins at 0, so before its first step all {classes} classes have the "
        "logit 0. How large is its loss, in nats?"
    )
    words = ["--logits", format_vector_arg(logits.tolist()), "--target", str(target)]
    return make_exercise("cross-entropy", text, words, (right, "cross_entropy", ()), near, "nats")


def kl(sampler: Sampler) -> Exercise:
    """Ask for a divergence."""
    p, q = sampler.probabilities(3), sampler.probabilities(3)
    right = information.kl(p, q)
    near = (
        (float(right.kl) / math.log(2), IN_BITS),
        (right.reverse, SWAPPED),
        (right.cross_entropy, "that is the cross-entropy: subtract the entropy of p"),
        (-right.kl, "the sign is turned: a divergence is never negative"),
        (np.abs(right.terms).sum(), "a term may be negative: it keeps its sign"),
    )
    text = f"How large is KL(p || q) for p = {format_vector(p)} and q = {format_vector(q)}, in nats?"
    return make_exercise(
        "kl", text, [format_vector_arg(p), format_vector_arg(q)], (right, "kl", ()), near, "nats"
    )


def distillation(sampler: Sampler) -> Exercise:
    """Ask for a divergence of logits at a temperature."""
    z, w = ([float(sampler.integer(-2, 4)) for _ in range(3)] for _ in range(2))
    t = float(sampler.integer(2, 4))
    right = information.kl(z, w, logits=True, temperature=t)
    near = (
        (right.kl * t * t, "that is T squared times KL, the loss of distillation: here without the factor"),
        (information.kl(z, w, logits=True).kl, "the logits were not divided by T"),
        (information.kl(z, w, logits=True, temperature=1 / t).kl, "logits are divided by T, not multiplied"),
        (right.reverse, SWAPPED),
    )
    text = (
        f"A teacher's logits are {format_vector(z)}, a student's {format_vector(w)}. "
        f"How large is KL(teacher || student) at temperature {format_number(t)}, in nats?"
    )
    words = ["--logits", format_vector_arg(z), format_vector_arg(w), "--temperature", format_number(t)]
    return make_exercise("kl", text, words, (right, "kl", ()), near, "nats")


def js(sampler: Sampler) -> Exercise:
    """Ask for a symmetric divergence."""
    p, q = sampler.probabilities(2), sampler.probabilities(2)
    right = information.js(p, q)
    near = (
        (float(right.js) * math.log(2), IN_NATS),
        (right.distance, "that is the distance, its root"),
        (information.kl(p, q, base=2).kl, "that is KL(p || q): compare both with their mean"),
        (2 * float(right.js), "that is the sum of both divergences: take half"),
    )
    text = (
        f"How large is the Jensen-Shannon divergence of {format_vector(p)} and {format_vector(q)}, in bits?"
    )
    return make_exercise(
        "js", text, [format_vector_arg(p), format_vector_arg(q)], (right, "js", ()), near, "bits"
    )


def mutual_information(sampler: Sampler) -> Exercise:
    """Ask what two coins tell of each other."""
    p = sampler.probabilities(4)
    joint = [p[:2], p[2:]]
    right = information.mutual_information(joint)
    near = (
        (float(right.mutual_information) * math.log(2), IN_NATS),
        (right.joint_entropy, "that is the entropy of both together"),
        (right.row_entropy, "that is the entropy of one of them"),
        (right.row_entropy + right.column_entropy, "the entropy of both together is still to be subtracted"),
    )
    text = (
        f"Two variables have the joint table [{format_matrix(joint)}]. How many "
        "bits do they tell of each other?"
    )
    place = (right, "mutual_information", ())
    return make_exercise("mutual-information", text, [format_matrix(joint)], place, near, "bits")


def perplexity(sampler: Sampler) -> Exercise:
    """Ask for the perplexity of a text."""
    p = [sampler.integer(1, 9) / 10 for _ in range(3)]
    right = information.perplexity(tokens=p)
    near = (
        (right.nats, "that is the mean surprise: take exp of it"),
        (float(right.nats) / math.log(2), "that is the mean surprise in bits: take 2 to it"),
        (np.mean(np.reciprocal(p)), "the mean of 1/p is another one: average the logarithms"),
        (1 / np.mean(p), "average the logarithms, not the probabilities"),
        (math.exp(3 * float(right.nats)), "the surprise is divided by the number of tokens"),
        (1 / float(right.perplexity), "that is the mean probability: take 1 over it"),
    )
    text = f"A model gave the tokens of a text the probabilities {format_vector(p)}. What is its perplexity?"
    return make_exercise(
        "perplexity", text, [*map(format_number, p), "--tokens"], (right, "perplexity", ()), near
    )


def gaussian_kl(sampler: Sampler) -> Exercise:
    """Ask for the loss that keeps a VAE's code near the standard normal distribution."""
    mu, sigma = sampler.decimal(-2, 2), sampler.integer(2, 20, 10) / 10
    right = information.gaussian_kl(mu, sigma)
    near = (
        (float(right.kl) / math.log(2), IN_BITS),
        (information.gaussian_kl(mu, sigma**0.5).kl, "that is for sigma squared: the formula squares sigma"),
        (information.gaussian_kl(mu, sigma**2).kl, "sigma was squared twice"),
        (information.gaussian_kl(0.0, 1.0, mu, sigma).kl, "the two distributions changed places"),
        (2 * float(right.kl), "the factor 1/2 is missing"),
    )
    text = f"How large is KL(N({format_number(mu)}, sigma = {format_number(sigma)}) || N(0, 1)), in nats?"
    words = ["--mu", format_number(mu), "--sigma", format_number(sigma)]
    return make_exercise("gaussian-kl", text, words, (right, "kl", ()), near, "nats")


def rlhf(sampler: Sampler) -> Exercise:
    """Ask for the best policy near a reference."""
    rewards, reference = [sampler.integer(-2, 3) + 0.0 for _ in range(2)], sampler.probabilities(2)
    beta = float(sampler.rng.choice([0.5, 2.0, 4.0]))
    right = information.rlhf(rewards, reference, beta)
    near = (
        (information.rlhf(rewards, reference, 1 / beta).policy[0], "rewards are divided by beta"),
        (information.rlhf(rewards, [0.5, 0.5], beta).policy[0], "the reference is missing"),
        (reference[0], "that is the reference: the rewards move it"),
        (reference[0] * math.exp(rewards[0] / beta), "it is still to be divided by the sum of both"),
        (right.policy[1], "that is the other answer"),
    )
    text = (
        f"Two answers have rewards {format_vector(rewards)} and reference "
        f"probabilities {format_vector(reference)}; "
        f"beta is {format_number(beta)}. How likely is the first under the best policy?"
    )
    words = [
        "--rewards",
        format_vector_arg(rewards),
        "--reference",
        format_vector_arg(reference),
        "--beta",
        format_number(beta),
    ]
    return make_exercise("rlhf", text, words, (right, "policy", (0,)), near)


def dpo(sampler: Sampler) -> Exercise:
    """Ask for a loss of a pair of answers."""
    c, r = -sampler.decimal(5, 20), -sampler.decimal(5, 20)
    rc, rr = c + sampler.decimal(-2, 2), r + sampler.decimal(-2, 2)
    beta = sampler.integer(1, 5) / 10
    given = [round(x, 1) for x in (c, r, rc, rr)]
    right = information.dpo(given[:1], given[1:2], given[2:3], given[3:], beta)
    margin = float(right.margin[0])
    near = (
        (math.log1p(math.exp(margin)), "the sign is turned: the chosen answer's part comes first"),
        (math.log1p(math.exp(-margin / beta)), "beta was forgotten"),
        (math.log1p(math.exp(-beta * (given[0] - given[1]))), "the reference is missing"),
        (margin, "that is the margin: -ln of its sigmoid is still to come"),
    )
    names = ("--chosen", "--rejected", "--ref-chosen", "--ref-rejected")
    words = [word for name, x in zip(names, given, strict=True) for word in (name, format_number(x))]
    chosen, rejected, under, there = map(format_number, given)
    text = (
        f"A chosen answer has log-probability {chosen}, the rejected one {rejected}; under the reference "
        f"{under} and {there}. What is DPO's loss with beta {format_number(beta)}?"
    )
    words += ["--beta", format_number(beta)]
    return make_exercise("dpo", text, words, (right, "loss", ()), near, "nats")


def grpo(sampler: Sampler) -> Exercise:
    """Ask for the advantage of an answer in its group."""
    rewards = [float(sampler.integer(0, 4)) for _ in range(4)]
    rewards[0] = max(rewards) + 1.0
    at = sampler.integer(0, 3)
    right = information.grpo(rewards)
    near = (
        (right.deviations[at], "that is the difference to the mean: divide by the std"),
        (right.deviations[at] / float(np.std(rewards)), "std was taken by n: here it is by n - 1"),
        (right.deviations[at] / float(right.std) ** 2, "divide by the std, not by the variance"),
    )
    text = f"Rewards of answers to one question: {format_vector(rewards)}. What is the advantage of {at + 1}?"
    return make_exercise("grpo", text, [format_vector_arg(rewards)], (right, "advantages", (at,)), near)


def info_nce(sampler: Sampler) -> Exercise:
    """Ask for a contrastive loss of two pairs."""
    own, other = [[sampler.integer(low, low + 4) / 10 for _ in range(2)] for low in (5, 1)]
    s = [[own[0], other[0]], [other[1], own[1]]]
    t = sampler.integer(1, 4) / 4
    right = information.info_nce(similarity=s, temperature=t)
    near = (
        (information.info_nce(similarity=s, temperature=1 / t).loss, "similarities are divided by T"),
        (information.info_nce(similarity=s, temperature=1.0).loss, "the temperature was forgotten"),
        (float(np.sum(right.losses)), "the loss is the mean of the rows"),
        (information.info_nce(similarity=np.fliplr(s), temperature=t).loss, "pairs stand on the diagonal"),
    )
    text = (
        f"Similarities of two pairs: {format_matrix(s)}, pairs on the diagonal. What is the InfoNCE loss at "
        f"temperature {format_number(t)}?"
    )
    words = ["--similarity", format_matrix(s), "--temperature", format_number(t)]
    return make_exercise("info-nce", text, words, (right, "loss", ()), near, "nats")


def focal(sampler: Sampler) -> Exercise:
    """Ask for a focal loss."""
    z, k = [sampler.decimal(-1, 2) for _ in range(3)], sampler.integer(0, 2)
    gamma = float(sampler.integer(1, 3))
    right = information.focal(z, k, gamma)
    near = (
        (right.nats, "that is the cross-entropy: it is still to be multiplied"),
        (float(right.prob) ** gamma * float(right.nats), "the factor is (1 - p)^gamma, not p^gamma"),
        (gamma * float(right.doubt) * float(right.nats), "gamma is an exponent"),
    )
    text = (
        f"Logits {format_vector(z)}, and class {k} (from 0) is right. What is the focal loss with gamma "
        f"{format_number(gamma)}?"
    )
    words = [format_vector_arg(z), "--target", str(k), "--gamma", format_number(gamma)]
    return make_exercise("focal", text, words, (right, "loss", ()), near, "nats")
