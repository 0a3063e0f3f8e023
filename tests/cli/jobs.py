"""Small files of the shapes that practitioners have, for the jobs of reading; `python -m tests.cli.jobs DIR` writes them."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import struct
import sys
from pathlib import Path

import numpy as np

CHAT_TOKENS = [
    ("The", -0.31, [("The", -0.31), ("A", -1.62)]),
    (" cat", -1.2, [(" dog", -1.05), (" cat", -1.2)]),
    (" sat", -0.4, [(" sat", -0.4), (" ran", -1.3)]),
]
COMPLETION = {"tokens": ["The", " cat", " sat"], "token_logprobs": [None, -1.2, -0.4]}
LOG = [[-0.1, -2.0], [-0.5], [-1.0, -1.0, -0.25]]
IRIS = [
    (5.1, 3.5, 1.4, 0.2, "setosa"),
    (4.9, 3.0, 1.4, 0.2, "setosa"),
    (6.4, 3.2, 4.5, 1.5, "versicolor"),
    (6.9, 3.1, 4.9, 1.5, "versicolor"),
    (6.3, 3.3, 6.0, 2.5, "virginica"),
    (5.8, 2.7, 5.1, 1.9, "virginica"),
]
WORDS = {"king": [1, 2, 3], "queen": [1, 2, 2.5], "man": [0.5, -1, 2], "apple": [-3, 1, 0]}
RNG_SEED = 20261130


def logits(rows: int = 5, n: int = 3) -> np.ndarray:
    return np.random.default_rng(RNG_SEED).normal(0, 2, (rows, n)).round(3)


LABELS = ["dog", "cat", "cow", "cat", "dog"]
CLASSES = ["cat", "cow", "dog"]


def chat() -> dict[str, object]:
    content = [
        {
            "token": token,
            "logprob": logprob,
            "bytes": [*token.encode()],
            "top_logprobs": [{"token": t, "logprob": p, "bytes": [*t.encode()]} for t, p in top],
        }
        for token, logprob, top in CHAT_TOKENS
    ]
    message = {"role": "assistant", "content": "".join(token for token, _, _ in CHAT_TOKENS)}
    choice = {"index": 0, "message": message, "logprobs": {"content": content, "refusal": None}}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [choice]}


def vllm() -> dict[str, object]:
    held = COMPLETION | {"top_logprobs": [None, {" cat": -1.2}, {" sat": -0.4}], "text_offset": [0, 3, 7]}
    choice = {"index": 0, "text": "The cat sat", "logprobs": held, "finish_reason": "length"}
    return {"id": "cmpl-1", "object": "text_completion", "model": "m", "choices": [choice]}


def csv(head: str, rows: list[tuple[object, ...]], sep: str = ",") -> str:
    return "\n".join([head, *(sep.join(map(str, row)) for row in rows), ""])


def safetensors(tensors: dict[str, np.ndarray]) -> bytes:
    header, at, data = {}, 0, b""
    for name, array in tensors.items():
        raw = array.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": [*array.shape], "data_offsets": [at, at + len(raw)]}
        at, data = at + len(raw), data + raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def write(folder: Path) -> None:
    """Write all files."""
    z = logits()
    texts = {
        "chat.json": json.dumps(chat(), indent=2),
        "vllm.json": json.dumps(vllm()),
        "log.jsonl": "".join(json.dumps({"id": k, "logprobs": row}) + "\n" for k, row in enumerate(LOG)),
        "preds.csv": csv(
            "id," + ",".join(f"logit_{name}" for name in CLASSES) + ",label",
            [(f"u{k}", *row, LABELS[k]) for k, row in enumerate(z.tolist())],
        ),
        "x.jsonl": "".join(
            json.dumps({"logits": row, "label": CLASSES.index(LABELS[k])}) + "\n"
            for k, row in enumerate(z.tolist())
        ),
        "iris.csv": csv("sepal_length,sepal_width,petal_length,petal_width,species", [*IRIS]),
        "few.txt": "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in WORDS.items()),
        "emb.jsonl": "".join(json.dumps({"text": w, "embedding": row}) + "\n" for w, row in WORDS.items()),
        "t.csv": csv("a,b,species", [(1, 2, "x"), ("", 3, "y"), ("NA", 5, "x"), (4, 8, "z")]),
        "excel.csv": csv("name;v;w", [("a", "1,5", "2,0"), ("b", "-0,25", "1e3"), ("c", "10", "0")], ";"),
        "train.log": "".join(f"step {k} loss {4 / (k + 1):.4f} lr 0.1\n" for k in range(6)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    plain = texts["preds.csv"].encode()
    for suffix, pack in {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.items():
        (folder / f"preds.csv.{suffix}").write_bytes(pack(plain))
    np.save(folder / "next.npy", z.astype("<f4"))
    np.save(folder / "logits.npy", z)
    np.save(folder / "labels.npy", np.array([CLASSES.index(name) for name in LABELS]))
    np.save(folder / "a.npy", z)
    np.save(folder / "b.npy", z + 0.1)
    (folder / "m.safetensors").write_bytes(safetensors({"W": z[:3], "B": z[3]}))
    for name in ("model.pt", "model.onnx", "model.h5", "sheet.xlsx"):
        (folder / name).write_bytes(b"PK\x03\x04 of another program")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
