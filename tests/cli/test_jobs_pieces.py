"""Lines that a practitioner types, right at the first guess: samplers, posteriors, arrays, data, sizes, heads."""

import json
import math

import numpy as np
import pytest
from tests.digits import near


def test_sample_with_all_its_stages(answered):
    """Job 37."""
    line = (
        "sample 2 1 .1 -1 3 --temperature .8 --top-k 40 --top-p .95 --min-p .05 "
        "--order temperature,min-p,top-k,top-p --count 10 --seed 1"
    )
    drawn = [int(word) for word in answered(*line.split()).split()]
    z = [math.exp(x / 0.8) for x in (2, 1, 0.1, -1, 3)]
    kept = [k for k, w in enumerate(z) if w >= 0.05 * max(z)]  # the third and fourth are below a twentieth
    ranked, total, left = sorted(kept, key=lambda k: -z[k]), 0.0, []
    for k in ranked:
        left.append(k)
        total += z[k] / sum(z[j] for j in kept)
        if total >= 0.95:
            break
    shares = np.array([z[k] if k in left else 0.0 for k in range(5)]) / sum(z[k] for k in left)
    random = np.random.default_rng((1, 1)).random(10)
    assert drawn == [int(np.argmax(np.cumsum(shares) > u)) for u in random]


def test_softmax_of_a_mask_and_a_thousand(answered):
    """Job 38."""
    assert answered("softmax", "1000", "0", "-inf", "--log") == "0 -1000 -inf\n"


def test_arms_of_a_test(answered):
    """Job 39; by the sum of Beta functions for whole counts, in logarithms."""
    first, second = (
        line.split()
        for line in answered("bayes", "--successes", "120,100", "--trials", "1000,1000").splitlines()[1:]
    )
    a, b, c, d = 121, 881, 101, 901

    def log_beta(x, y):
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    terms = (
        math.exp(log_beta(c + i, b + d) - math.log(b + i) - log_beta(1 + i, b) - log_beta(c, d))
        for i in range(a)
    )
    assert float(first[4]) == near(math.fsum(terms), 1e-11)
    assert float(first[4]) + float(second[4]) == 1
    assert float(first[2]) < 0.12 < float(first[3])


def test_several_priors(answered):
    """Job 40."""
    line = "bayes --prior .001,.01,.1 --likelihood .99 --false-positive .01"
    lines = answered(*line.split()).splitlines()
    assert lines[0] == "prior\tposterior"
    found = [[float(x) for x in line.split()] for line in lines[1:]]
    assert found == [[p, near(0.99 * p / (0.99 * p + 0.01 * (1 - p)))] for p in (0.001, 0.01, 0.1)]


def test_difference_of_quantized_weights(aimath, tmp_path):
    """Job 41."""
    w = np.random.default_rng(0).normal(size=(40, 30)).astype(np.float32)
    np.save(tmp_path / "w.npy", w)
    rounded = (np.round(w * 16) / 16).astype(np.float16)
    np.save(tmp_path / "wq.npy", rounded)
    row = json.loads(aimath("difference", tmp_path / "w.npy", tmp_path / "wq.npy", "--json").out)
    off = rounded.astype(np.float64) - w.astype(np.float64)
    place = np.unravel_index(np.argmax(np.abs(off)), off.shape)
    assert row["max"] == np.abs(off).max()
    assert row["at"] == [*place]
    assert row["rmse"] == near(math.sqrt((off**2).mean()), 1e-14)
    assert row["snr_db"] == near(
        -20 * math.log10(np.linalg.norm(off) / np.linalg.norm(w.astype(float))), 1e-13
    )


def test_a_line_through_points(answered, tmp_path):
    """Job 43: a descent goes where the normal equations say."""
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 3, 50)
    y = 2 * x + 1 + rng.normal(0, 0.1, 50)
    text = "\n".join(f"{a!r},{b!r}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    (tmp_path / "points.csv").write_text(f"x,y\n{text}\n")
    line = ("gd", "mean((w*x+b-y)^2)", "--data", f"@{tmp_path / 'points.csv'}", "w=0", "b=0")
    row = json.loads(answered(*line, "--steps", "4000", "--last", "--json"))
    best = np.linalg.lstsq(np.stack((x, np.ones(50)), axis=1), y, rcond=None)[0]
    assert row["point"] == near(best, 1e-9)
    first = answered(*line, "--steps", "1", "--csv").splitlines()[2].split(",")
    w, b = 0.1 * 2 * np.mean(x * y), 0.1 * 2 * np.mean(y)
    assert [float(first[1]), float(first[2])] == near([w, b], 1e-12)


GPT2 = {
    "model_type": "gpt2",
    "n_layer": 12,
    "n_embd": 768,
    "n_head": 12,
    "vocab_size": 50257,
    "n_positions": 1024,
}


@pytest.mark.parametrize("prefix", ["@", ""])
def test_the_size_of_a_model(answered, tmp_path, prefix):
    """Job 44: GPT-2 has 124,439,808 parameters."""
    (tmp_path / "config.json").write_text(json.dumps(GPT2))
    row = json.loads(answered("params", f"{prefix}{tmp_path / 'config.json'}", "--json"))
    assert row["parameters"] == 124_439_808
    assert row["kv_cache"] == 2 * 12 * 768 * 1024 * row["batch"] * 2


def test_weights_of_twelve_heads_to_their_entropies(aimath, tmp_path):
    """Jobs 23 and 24."""
    rng = np.random.default_rng(0)
    for name in "qkv":
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(5, 48)).astype(np.float32))
    files = [word for name in "qkv" for word in (f"-{name.upper()}", tmp_path / f"{name}.npy")]
    weights = aimath("attention", *files, "--heads", "12", "--fields", "weights").out
    q, k = (np.load(tmp_path / f"{name}.npy").astype(float).reshape(5, 12, 4).swapaxes(0, 1) for name in "qk")
    raised = np.exp(q @ k.swapaxes(1, 2) / 2)
    p = (raised / raised.sum(axis=-1, keepdims=True)).reshape(60, 5)
    entropies = [float(x) for x in aimath("entropy", stdin=weights).out.split()]
    assert entropies == near((-(p * np.log2(p)).sum(axis=1)).tolist(), 1e-12)
