"""What other libraries answer, so that aimath can be held to it where none of them is installed.

A topic is a module of this room with three names: CASES, its inputs by name; `peer(case)`, which asks
the library; and `compare(case, figures)`, which holds aimath to the figures. What the library said is
committed beside it as TOPIC.json, with the versions that said it. test_committed.py compares with
these files. test_live.py asks whatever is installed again (`pip install -e '.[peers]'`), and

    python -m tests.oracles [TOPIC ...]

writes the files anew: read the difference before you commit it. Inputs are written out or drawn, never
stored; where a peer is wrong, WRONG names the cases and `wrong(case, figures)` shows it, beside a truth by
fractions or mpmath.
"""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

TOPICS = (
    "pca",
    "low_rank",
    "attention",
    "multi_head",
    "grouped_attention",
    "cosine",
    "inverse",
    "autodiff",
    "layers",
    "decoder",
    "own_gpt",
    "descents",
    "sizes",
    "formats",
    "evaluate",
    "categories",
    "encoder",
)

HERE = Path(__file__).parent


def topic(name: str) -> Any:
    """Give the module of a topic."""
    return importlib.import_module(f"tests.oracles.{name}")


def cases() -> list[tuple[str, str]]:
    """Name every case as (topic, name)."""
    return [(name, case) for name in TOPICS for case in topic(name).CASES]


def committed(name: str, case: str) -> dict[str, Any]:
    """Give the figures that are stored."""
    return figures(json.loads((HERE / f"{name}.json").read_text())["figures"][case])


def figures(told: dict[str, Any]) -> dict[str, Any]:
    """Give figures as arrays; a sentence stays one."""
    return {
        key: value if isinstance(value, str) else np.array(value, np.float64) for key, value in told.items()
    }


def asked(name: str) -> dict[str, dict[str, Any]]:
    """Give what the peer says now to every case of a topic, as JSON can hold it."""
    room = topic(name)
    return {case: {k: _plain(v) for k, v in room.peer(room.CASES[case]).items()} for case in room.CASES}


def draw(seed: int, *shape: int) -> np.ndarray:
    """Draw numbers from -1 to 1; this stream is frozen, and multiplying by 2 rounds nothing."""
    numbers = np.random.RandomState(seed).random_sample(shape)
    return numbers * 2.0 - 1.0


def _plain(value: Any) -> Any:
    """Write infinities and nan as words, which JSON's numbers can't be."""
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (int, float)):
        return value if math.isfinite(value) else str(value)
    return _plain(np.asarray(value).tolist())
