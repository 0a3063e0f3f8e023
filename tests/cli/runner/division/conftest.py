"""Small files of every kind, in units of a few rows."""

from __future__ import annotations

import numpy as np
import pytest

UNIT = 5
ROWS = 23

LINES = {
    "describe": "describe @a.npy --each-column",
    "describe files": "describe @x-*.csv --each-column --ddof 0,1",
    "compare": "compare @a.npy @b.npy --logits",
    "compare target": "compare @a.npy @b.npy --logits --target @t.npy --ignore 3 --base 2",
    "compare text": "compare @a.npy @b.npy --logits --target @t.txt",
    "compare files": "compare @x-*.csv @y-*.csv --logits",
    "evaluate": "evaluate --logits @a.npy --target @t.npy",
    "evaluate two": "evaluate --probs @p.npy --target @s.npy --bins 3",
    "weights": "weights base.safetensors --spectra --quantize q8_0 --against tuned.safetensors",
    "lora": "lora base.safetensors tuned.safetensors --energy .5,.9",
    "pca": "pca @a.npy --components 2",
    "svd-approx": "svd-approx @a.npy --rank 2",
}
"""Command lines whose work is divided."""
FORMS = ("", "--json", "--csv", "--format markdown", "--explain", "--digits 3")


def write_weights(folder) -> None:
    """Write two models of a few tensors."""
    from safetensors.numpy import save_file

    one, other = np.random.default_rng(1), np.random.default_rng(2)
    base = {f"h.{k}.weight": one.normal(size=(12, 64)).astype(np.float32) for k in range(6)}
    tuned = {name: w + other.normal(size=w.shape).astype(np.float32) / 8 for name, w in base.items()}
    save_file(base | {"only": np.ones(3, np.float32)}, folder / "base.safetensors")
    save_file(tuned | {"added": np.ones(2, np.float32)}, folder / "tuned.safetensors")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Make the files that LINES name, and units of UNIT rows."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    a = rng.normal(size=(ROWS, 4))
    b = a + rng.normal(0, 0.1, a.shape)
    p = rng.random(ROWS)
    np.save("a.npy", a)
    np.save("b.npy", b)
    np.save("t.npy", rng.integers(0, 4, ROWS))
    np.savetxt("t.txt", rng.integers(0, 4, ROWS), fmt="%d")
    np.save("p.npy", np.stack((p, 1 - p), axis=1))
    np.save("s.npy", rng.integers(0, 2, ROWS))
    for k, start in enumerate((0, 3, 4, 16)):
        stop = (3, 4, 16, ROWS)[k]
        for name, rows in (("x", a), ("y", b)):
            head = "p,q,r,s"
            np.savetxt(f"{name}-{k}.csv", rows[start:stop], delimiter=",", header=head, comments="")
    write_weights(tmp_path)
    small_units(monkeypatch, UNIT)
    return tmp_path


def small_units(monkeypatch, rows: int) -> None:
    """Make units of a few rows, and go through every matrix in blocks."""
    monkeypatch.setattr("aimath.cli.runner.run.UNIT_ROWS", rows)
    monkeypatch.setattr("aimath.read.matrices.UNIT_ROWS", rows)
    monkeypatch.setattr("aimath.read.matrices.MAX_HELD_BYTES", 0)
