"""Questions of linear algebra: vectors, layers, matrices, decompositions, attention."""

from __future__ import annotations

import numpy as np

from aimath.core import linalg as decompose, linalg as linear
from aimath.core.linalg import attention as attend
from aimath.quiz.exercise import (
    Exercise,
    Sampler,
    format_matrix,
    format_number,
    format_vector,
    format_vector_arg,
    make_exercise,
)


def dot(sampler: Sampler) -> Exercise:
    """Ask for a dot product."""
    a, b = sampler.integers(3, -4, 5), sampler.integers(3, -4, 5)
    near = (
        (linear.dot(np.abs(a), np.abs(b)).dot, "a minus sign got lost"),
        (linear.dot(a[:2], b[:2]).dot, "the last pair is missing"),
        (sum(a) * sum(b), "the sums were multiplied: multiply pair by pair, then add up"),
    )
    text = f"What is the dot product of {format_vector(a)} and {format_vector(b)}?"
    return make_exercise(
        "dot", text, [format_vector_arg(a), format_vector_arg(b)], (linear.dot(a, b), "dot", ()), near
    )


def neuron(sampler: Sampler) -> Exercise:
    """Ask for a neuron's output without an activation."""
    w, x, b = (
        [sampler.decimal(-0.9, 0.9) for _ in range(3)],
        sampler.integers(3, -3, 4),
        sampler.decimal(-2, 2),
    )
    near = (
        (linear.neuron(w, x).output, "the bias was forgotten"),
        (linear.neuron(w, x, -b).output, "the bias was subtracted: it is added"),
    )
    text = (
        f"A neuron has weights {format_vector(w)} and bias {format_number(b)}. "
        f"What does it give for inputs {format_vector(x)}?"
    )
    words = ["--weights", format_vector_arg(w), "--inputs", format_vector_arg(x), "--bias", format_number(b)]
    return make_exercise("neuron", text, words, (linear.neuron(w, x, b), "output", ()), near)


def activation(sampler: Sampler) -> Exercise:
    """Ask for a neuron's output behind a sigmoid."""
    w, x, b = (
        [sampler.decimal(-0.9, 0.9) for _ in range(2)],
        sampler.integers(2, -3, 3),
        sampler.decimal(-1, 1),
    )
    right = linear.neuron(w, x, b, "sigmoid")
    near = (
        (right.total, "that is the weighted sum: the sigmoid is still to come"),
        (linear.neuron(w, x, 0.0, "sigmoid").output, "the bias was forgotten"),
        (linear.neuron(w, x, b, "tanh").output, "that is tanh, not the sigmoid"),
        (1.0 - right.output, "that is 1 minus the answer: the exponent is minus the weighted sum"),
    )
    text = (
        f"A neuron has weights {format_vector(w)}, bias {format_number(b)} and a sigmoid. "
        f"What does it give for inputs {format_vector(x)}?"
    )
    words = [
        "--weights",
        format_vector_arg(w),
        "--inputs",
        format_vector_arg(x),
        "--bias",
        format_number(b),
        "--activation",
        "sigmoid",
    ]
    return make_exercise("neuron", text, words, (right, "output", ()), near)


def layer(sampler: Sampler) -> Exercise:
    """Ask for the second output of a layer."""
    w, x, b = sampler.matrix(2, 2), sampler.integers(2, -3, 4), sampler.integers(2, -4, 4)
    near = (
        (linear.layer(w, x).output[1], "the bias was forgotten"),
        (linear.layer(np.transpose(w), x, b).output[1], "a column of W was taken: each neuron is a row"),
        (linear.layer(w, x, b).output[0], "that is the first output"),
    )
    text = (
        f"A layer W x + b without activation has W = [{format_matrix(w)}] and b = {format_vector(b)}. "
        f"What is its second output for x = {format_vector(x)}?"
    )
    words = [format_matrix(w), format_vector_arg(x), "--bias", format_vector_arg(b)]
    return make_exercise("layer", text, words, (linear.layer(w, x, b), "output", (1,)), near)


def matmul(sampler: Sampler) -> Exercise:
    """Ask for an entry of a product."""
    a, b = sampler.matrix(2, 2), sampler.matrix(2, 2)
    near = (
        (linear.matmul(b, a).product[0, 1], "that is the entry of B A: the order matters"),
        (a[0][1] * b[0][1], "entries were multiplied in place: take a row of A times a column of B"),
        (linear.matmul(a, np.transpose(b)).product[0, 1], "a row of B was taken, not a column"),
    )
    text = (
        f"A = [{format_matrix(a)}] and B = [{format_matrix(b)}]. What is the entry of A B in row 1, column 2?"
    )
    place = (linear.matmul(a, b), "product", (0, 1))
    return make_exercise("matmul", text, [format_matrix(a), format_matrix(b)], place, near)


def transpose(sampler: Sampler) -> Exercise:
    """Ask for an entry of a transposed matrix."""
    a = sampler.matrix(3, 3, 1, 9)
    near = ((a[1][0], "that is the entry of A itself: rows and columns swap"),)
    text = f"A = [{format_matrix(a)}]. What stands in row 2, column 1 of its transpose?"
    return make_exercise(
        "transpose", text, [format_matrix(a)], (linear.transpose(a), "transposed", (1, 0)), near
    )


def inverse(sampler: Sampler) -> Exercise:
    """Ask for an entry of the inverse of a 2 by 2 matrix."""
    a, b, c = sampler.integers(3, -3, 5)
    d = sampler.integer(-3, 5, 0) + 0.0
    while a * d - b * c in {0.0, 1.0}:  # singular, or nothing is left to divide by
        d += 1.0
    m = [[a, b], [c, d]]
    near = (
        (a / (a * d - b * c), "the two entries of the diagonal change places"),
        (d, "it is still to be divided by the determinant"),
        (1.0 / a, "an inverse is not made of the inverses of the entries"),
    )
    text = f"What is the entry in row 1, column 1 of the inverse of [{format_matrix(m)}]?"
    return make_exercise("inverse", text, [format_matrix(m)], (linear.inverse(m), "inverse", (0, 0)), near)


def det(sampler: Sampler) -> Exercise:
    """Ask for a determinant of 2 by 2."""
    m = sampler.matrix(2, 2, -4, 5)
    right = linear.det(m)
    near = (
        (m[0][0] * m[1][1] + m[0][1] * m[1][0], "the second product is subtracted, not added"),
        (-right.det, "the sign is turned: it is ad - bc"),
        (m[0][0] * m[1][1], "the second product is missing"),
    )
    text = f"What is the determinant of [{format_matrix(m)}]?"
    return make_exercise("det", text, [format_matrix(m)], (right, "det", ()), near)


def cosine(sampler: Sampler) -> Exercise:
    """Ask for the cosine of two vectors."""
    a, b = sampler.integers(2, -3, 4), sampler.integers(2, -3, 4)
    right = linear.cosine(a, b)
    near = (
        (right.angle, "that is the angle in degrees, not its cosine"),
        (np.radians(right.angle), "that is the angle in radians, not its cosine"),
        (right.dot, "that is the dot product: divide by both lengths"),
        (right.dot / (right.norm_a * right.norm_b) ** 2, "the lengths are roots: sqrt of the sum of squares"),
    )
    text = f"What is the cosine of the angle between {format_vector(a)} and {format_vector(b)}?"
    return make_exercise(
        "cosine", text, [format_vector_arg(a), format_vector_arg(b)], (right, "cosine", ()), near
    )


def angle(sampler: Sampler) -> Exercise:
    """Ask for the angle of two vectors."""
    a, b = sampler.integers(2, -3, 4), sampler.integers(2, -3, 4)
    right = linear.cosine(a, b)
    near = (
        (right.cosine, "that is the cosine, not the angle"),
        (np.radians(right.angle), "that is right in radians: the question asks for degrees"),
        (180.0 - right.angle, "a sign got lost: that is the angle to the opposite vector"),
    )
    text = f"How many degrees are between {format_vector(a)} and {format_vector(b)}?"
    words = [format_vector_arg(a), format_vector_arg(b), "--fields", "angle"]
    return make_exercise("cosine", text, words, (right, "angle", ()), near, "degrees")


def analogy(sampler: Sampler) -> Exercise:
    """Ask where an analogy of the guide's four words leads."""
    names = ("king", "queen", "man", "woman")
    a, b, c = (names[k] for k in sampler.rng.choice(4, 3, replace=False))
    place = sampler.integer(0, 3)
    right = linear.analogy(a=a, b=b, c=c)
    vectors = dict(zip((a, b, c), right.given, strict=True))
    plus, minus, more = (float(vectors[word][place]) for word in (a, b, c))
    near = (
        (plus + minus - more, "the second and third word changed places"),
        (plus + minus + more, "the second vector is subtracted"),
        (plus + more, "the second vector is still to be subtracted"),
    )
    said = "; ".join(f"{word} {format_vector(vectors[word].tolist())}" for word in (a, b, c))
    text = f"Word vectors: {said}. What is entry {place + 1} of {a} - {b} + {c}?"
    return make_exercise("analogy", text, [a, b, c], (right, "target", (place,)), near)


def attention(sampler: Sampler) -> Exercise:
    """Ask for one attention weight."""
    q, k, v = sampler.matrix(1, 2, -2, 3), sampler.matrix(2, 2, -2, 3), sampler.matrix(2, 2, 1, 4)
    right = attend(q, k, v)
    near = (
        (attend(q, k, v, scale=1.0).weights[0, 0], "the scores were not divided by sqrt(d)"),
        (attend(q, k, v, scale=0.5).weights[0, 0], "the scores were divided by d, not sqrt(d)"),
        (right.scaled[0, 0], "that is the score: the softmax is still to come"),
        (right.weights[0, 1], "that is the weight of the second key"),
    )
    text = (
        f"Attention with one query {format_vector(q[0])} and two keys "
        f"{format_vector(k[0])} and {format_vector(k[1])}. "
        "How much weight has the first key?"
    )
    words = [
        "-Q",
        format_vector_arg(q[0]),
        "-K",
        format_matrix(k),
        "-V",
        format_matrix(v),
        "--fields",
        "weights",
    ]
    return make_exercise("attention", text, words, (right, "weights", (0, 0)), near)


def shared_keys(sampler: Sampler) -> Exercise:
    """Ask for the output of one of four heads, of which two share keys and values."""
    q, k, v = sampler.matrix(1, 4, -2, 3), sampler.matrix(2, 2, -2, 3), sampler.matrix(2, 2, 1, 9)
    head = sampler.integer(1, 2)  # from 0: the heads where counting in turn goes wrong
    right = attend(q, k, v, heads=4, kv_heads=2)

    def alone(group: int, scale: float | None = None) -> float:
        own, theirs, values = ([[row[at]] for row in x] for x, at in ((q, head), (k, group), (v, group)))
        return float(attend(own, theirs, values, scale=scale).output[0, 0])

    near = (
        (alone(head % 2), "heads share keys with their neighbour, h // 2; that is h % 2"),
        (alone(head // 2, 0.5), "scale is 1/sqrt of the width of one head, which is 1 here"),
    )
    text = (
        f"4 heads of width 1 with query {format_vector(q[0])} share 2 heads of keys {format_matrix(k)} "
        f"and values {format_matrix(v)}. What does head {head + 1} give?"
    )
    words = ["-Q", format_vector_arg(q[0]), "-K", format_matrix(k), "-V", format_matrix(v)]
    words += ["--heads", "4", "--kv-heads", "2"]
    return make_exercise("attention", text, words, (right, "output", (0, head)), near)


def eig(sampler: Sampler) -> Exercise:
    """Ask for the larger eigenvalue of a symmetric matrix."""
    a, b, c = sampler.integer(1, 6) + 0.0, sampler.integer(1, 4) + 0.0, sampler.integer(1, 6) + 0.0
    m = [[a, b], [b, c]]
    right = decompose.eig(m)
    near = (
        (right.re.min(), "that is the smaller one"),
        (right.trace, "that is the trace, the sum of both"),
        (max(a, c), "the diagonal holds the eigenvalues only if the rest is 0"),
        (right.re.prod(), "that is the determinant, the product of both"),
    )
    text = f"What is the larger eigenvalue of [{format_matrix(m)}]?"
    words = [format_matrix(m), "--fields", "re"]
    return make_exercise("eig", text, words, (right, "re", (int(right.re.argmax()),)), near)


def pca(sampler: Sampler) -> Exercise:
    """Ask for the variance along the first principal component."""
    x = np.add(sampler.matrix(4, 2, -3, 3), [sampler.integer(2, 5), sampler.integer(-5, -2)])
    right = decompose.pca(x, 1)
    largest = float(right.variance[0])
    near = (
        (decompose.eig(x.T @ x / 3).re.max(), "the mean was not subtracted first"),
        (largest * 3 / 4, "n in place of n - 1: the data have lost one freedom to the mean"),
        (right.ratio[0], "that is the share of all variance"),
        (right.singular_values[0], "that is the singular value: square it and divide by n - 1"),
        (largest**0.5, "that is the standard deviation: square it"),
    )
    rows = ", ".join(format_vector(row) for row in x.tolist())
    text = f"Data: {rows}. What is the variance (n - 1) along the first principal component?"
    words = [format_matrix(x.tolist()), "--components", "1", "--fields", "variance"]
    return make_exercise("pca", text, words, (right, "variance", (0,)), near)


def svd_approx(sampler: Sampler) -> Exercise:
    """Ask for the error of an approximation of rank 1."""
    s = sorted((sampler.integer(1, 9) + 0.0 for _ in range(3)), reverse=True)
    right = decompose.svd_approx(np.diag(s), 1)
    near = (
        (float(right.error) ** 2, "the root is still to be taken"),
        (right.relative_error, "that is the relative error"),
        (s[1] + s[2], "the squares are added, then comes the root"),
        (right.spectral_error, "that is the largest singular value left out: the Frobenius error has all"),
        (s[0], "that is what is kept, not what is lost"),
    )
    text = (
        f"A 3 x 3 matrix has singular values {', '.join(map(format_number, s))}. "
        "What is the Frobenius error of its best approximation of rank 1?"
    )
    words = [format_matrix(np.diag(s).tolist()), "--rank", "1", "--fields", "error"]
    return make_exercise("svd-approx", text, words, (right, "error", ()), near)


def lora(sampler: Sampler) -> Exercise:
    """Ask for the number of parameters of an adapter."""
    m, n, r = sampler.integer(2, 12) * 64, sampler.integer(2, 12) * 64, sampler.integer(1, 4) * 4
    right = decompose.lora(shape=(m, n), rank=r)
    near = (
        (right.full, "that is the whole matrix"),
        (right.full * r, "the factors have r columns and r rows: r (m + n), not r m n"),
        (m * r, "that is one factor of two"),
        (n * r, "that is one factor of two"),
        (right.full - right.parameters, "that is what is saved"),
    )
    text = f"A weight matrix is {m} x {n}. How many numbers does an adapter of rank {r} train?"
    words = ["--shape", f"{m}x{n}", "--rank", str(r)]
    return make_exercise("lora", text, words, (right, "parameters", ()), near)


def share(sampler: Sampler) -> Exercise:
    """Ask what share of the matrix an adapter trains."""
    m, n, r = sampler.integer(2, 12) * 64, sampler.integer(2, 12) * 64, sampler.integer(1, 4) * 4
    right = decompose.lora(shape=(m, n), rank=r)
    near = (
        (right.percent_of_full / 100, "that is the share: in percent it is 100 times as much"),
        (right.parameters, "that is the number of parameters"),
        (100 - right.percent_of_full, "that is what is saved"),
        (right.percent_of_full / 2, "there are two factors"),
    )
    text = f"An adapter of rank {r} beside a {m} x {n} matrix trains how many percent as many numbers?"
    words = ["--shape", f"{m}x{n}", "--rank", str(r), "--fields", "percent_of_full"]
    return make_exercise("lora", text, words, (right, "percent_of_full", ()), near, "%")


def layer_norm(sampler: Sampler) -> Exercise:
    """Ask for an entry of a layer norm."""
    x = sampler.integers(4, -6, 9)
    at = sampler.integer(0, 3)
    right = linear.layer_norm(x, eps=0) if len(set(x)) > 1 else linear.layer_norm([1.0, 2.0, 3.0, 4.0], eps=0)
    x = right.x.tolist()
    sample_std = float(np.std(x, ddof=1))
    near = (
        (right.deviations[at], "that is the difference to the mean: the division is still to come"),
        (right.deviations[at] / sample_std, "the variance was divided by n - 1: here it is n"),
        (right.deviations[at] / right.variance, "divide by the square root of the variance"),
        (linear.rms_norm(x, eps=0).output[at], "that is RMS norm: the mean was not taken off"),
    )
    text = f"Layer norm (eps 0) of {format_vector(x)}: what becomes of {format_number(x[at])}?"
    return make_exercise(
        "layer-norm", text, ["--eps", "0", format_vector_arg(x)], (right, "output", (at,)), near
    )


def rms_norm(sampler: Sampler) -> Exercise:
    """Ask for an entry of an RMS norm."""
    x = sampler.integers(3, -6, 9)
    at = sampler.integer(0, 2)
    right = linear.rms_norm(x, eps=0)
    near = (
        (x[at] / np.sqrt(np.sum(np.square(x))), "that divides by the length: the squares are to be averaged"),
        (x[at] / right.mean_square, "divide by the square root of the mean square"),
        ((x[at] - np.mean(x)) / right.rms, "RMS norm takes no mean off"),
    )
    text = f"RMS norm (eps 0) of {format_vector(x)}: what becomes of {format_number(x[at])}?"
    return make_exercise(
        "rms-norm", text, ["--eps", "0", format_vector_arg(x)], (right, "output", (at,)), near
    )


def rope(sampler: Sampler) -> Exercise:
    """Ask for an entry of a vector turned by its position."""
    x, position = sampler.integers(4, -4, 5), sampler.integer(1, 9)
    right = linear.rope(x, start=position)
    near = (
        (
            linear.rope(x, start=position, pairs="interleaved").output[0],
            "entry 0 is turned with entry 2, d/2 on",
        ),
        (linear.rope(x, start=-position).output[0], "that is turned the other way"),
        (linear.rope(x, start=position + 1).output[0], "positions are counted from 0"),
    )
    text = (
        f"{format_vector(x)} stands at position {position}, counted from 0. What is the first entry "
        "after RoPE (theta 10000, pairs i and i + d/2)?"
    )
    words = ["--start", str(position), format_vector_arg(x)]
    return make_exercise("rope", text, words, (right, "output", (0,)), near)


def positional(sampler: Sampler) -> Exercise:
    """Ask for an entry of a sinusoidal encoding."""
    position, at = sampler.integer(1, 9), sampler.integer(0, 3)
    right = linear.positional((1, 4), start=position)
    other = right.angles[0][0 if at > 1 else 1]
    near = (
        (right.encoding[0][at ^ 1], "sines stand at even entries, cosines at odd ones"),
        (linear.positional((1, 4), start=position - 1).encoding[0][at], "positions are counted from 0"),
        ((np.sin, np.cos)[at % 2](other), "that is the frequency of the other pair"),
    )
    text = (
        f"Position {position} is encoded by sines and cosines (theta 10000) as 1 row of 4 numbers. "
        f"Counted from 0, what is entry {at}?"
    )
    words = ["--start", str(position), "1x4"]
    return make_exercise("positional", text, words, (right, "encoding", (0, at)), near)


def difference(sampler: Sampler) -> Exercise:
    """Ask for the signal-to-noise ratio of a rounded vector."""
    a = [sampler.decimal(-3, 4) for _ in range(3)]
    b = [float(round(x)) for x in a]
    right = linear.difference(a, b)
    near = (
        (right.relative, "that is the relative error: -20 log10 of it is asked for"),
        (right.snr_db / 2 if right.rmse else 0.0, "20, not 10: lengths are compared, not their squares"),
        (-20 * np.log10(right.rmse) if right.rmse else 0.0, "divide by the length of the reference first"),
    )
    text = f"{format_vector(a)} is rounded to {format_vector(b)}. What is the signal-to-noise ratio in dB?"
    words = [format_vector_arg(a), format_vector_arg(b)]
    return make_exercise("difference", text, words, (right, "snr_db", ()), near, "dB")
