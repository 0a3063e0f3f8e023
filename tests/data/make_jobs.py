"""Small files of the shapes that a practitioner has: python tests/data/make_jobs.py FOLDER.

Logits and labels of a classifier, outputs of two models, word vectors, heads of attention, weights of two layers,
tables with categories. The numbers are drawn, and the same each time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

CLASSES = ("cat", "dog", "cow", "hen", "pig")
WORDS = ("king", "queen", "man", "woman", "cat", "dog")
ROWS, SIZE, HEADS, POSITIONS = 40, 4, 12, 3


def make_jobs(folder: Path) -> None:
    """Write all files into a folder."""
    rng = np.random.default_rng(47)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0.0, 2.0, shape)

    base = draw(ROWS, len(CLASSES)).astype(np.float32)
    label = rng.integers(0, len(CLASSES), ROWS)
    base[np.arange(ROWS), label] += 2.0
    arrays = {
        "next": base, "a": base, "b": base + draw(ROWS, len(CLASSES)).astype(np.float32) / 100,
        "glove": vectors(rng), "x": draw(2, SIZE), "w1": draw(6, SIZE), "w2": draw(3, 6),
        **{name: draw(POSITIONS, HEADS * 2) for name in "qkv"},
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "w.txt").write_text("\n".join(WORDS))
    tensors = {"W": arrays["w1"], "B": draw(6), "emb": arrays["glove"]}
    (folder / "m.safetensors").write_bytes(safetensors(tensors))
    rows = [
        [str(k), *map(repr, row), CLASSES[right]]
        for k, (row, right) in enumerate(zip(base.tolist(), label, strict=True))
    ]
    table(folder / "preds.csv", ["id", *(f"logit_{name}" for name in CLASSES), "label"], rows)
    table(folder / "confusion.csv", ["true", "cat", "dog"], [["cat", "40", "10"], ["dog", "5", "45"]])
    animals = [[f"n{k}", CLASSES[k % 3], "big" if k % 4 else "small", str(k % 5)] for k in range(24)]
    table(folder / "t.csv", ["name", "species", "size", "n"], animals)
    table(folder / "train.csv", ["label"], [["cat"], ["dog"], ["cat"]])
    table(folder / "test.csv", ["label"], [["cat"], ["cow"], ["cow"], ["cow"]])
    flowers = [[f"{4 + k / 8:g}", f"{3 - k / 9:.2f}", "setosa" if k < 5 else "virginica"] for k in range(9)]
    table(folder / "iris.csv", ["length", "width", "species"], flowers)
    table(folder / "points.csv", ["x", "y"], [["1", "2"], ["3", "4"], ["-1", ".5"]])
    table(folder / "logits.csv", ["cat", "dog", "cow"], [["2", "1", "0.1"], ["0", "3", "1"]])


def vectors(rng: np.random.Generator) -> np.ndarray:
    """Return the vectors of the words, in which king - man + woman is nearly queen."""
    found = rng.normal(0.0, 1.0, (len(WORDS), SIZE))
    found[1] = found[0] - found[2] + found[3] + 0.01
    return found


def table(path: Path, head: list[str], rows: list[list[str]]) -> None:
    """Write a table with a header."""
    path.write_text("".join(",".join(cells) + "\n" for cells in (head, *rows)))


def safetensors(tensors: dict[str, np.ndarray]) -> bytes:
    """Return the bytes of a .safetensors file of float64 tensors."""
    head, data = {}, b""
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array, "<f8").tobytes()
        head[name] = {
            "dtype": "F64",
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + data


if __name__ == "__main__":
    make_jobs(Path(sys.argv[1]))
