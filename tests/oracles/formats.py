"""Numbers as they come back from formats of few bits, by gguf-py and ml_dtypes: the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.oracles import draw

from aimath.core.nn import requantize
from aimath.core.nn.checkpoints._quantization import round_to_e4m3

PEERS = ("gguf", "ml_dtypes")
GGUF = {"q8_0": "Q8_0", "q4_0": "Q4_0", "mxfp4": "MXFP4"}

CASES = {
    "of size .02": 0.02 * draw(1, 2, 64),
    "of every size": draw(2, 2, 64) * np.exp2(np.round(12.0 * draw(3, 2, 64))),
    "halves": np.round(8.0 * draw(4, 2, 64)) / 2.0,
    "zeros": np.zeros((1, 32)),
    "one alone": np.eye(32)[:2] * -3.0,
    "of size 1e-5": 1e-5 * draw(5, 2, 64),
    "the last of float16": 65504.0 * draw(6, 1, 32),
    "two alike": np.tile([1.0, -1.0, 0.5, 0.25], 8)[np.newaxis],
}


def peer(case: Any) -> dict[str, Any]:
    import gguf
    import ml_dtypes

    x = case.astype(np.float32)
    kinds = {name: gguf.GGMLQuantizationType[kind] for name, kind in GGUF.items()}
    with np.errstate(all="ignore"):
        told = {name: gguf.dequantize(gguf.quantize(x, kind), kind) for name, kind in kinds.items()}
    near = np.clip(x, -448, 448).astype(ml_dtypes.float8_e4m3fn).astype(np.float32)
    return {**told, "e4m3": near}


def compare(case: Any, figures: dict[str, np.ndarray]) -> None:
    for name in GGUF:
        found = requantize(case, name, float(np.abs(case).max()))
        assert np.array_equal(found, figures[name]), name
    assert np.array_equal(round_to_e4m3(case.astype(np.float32)), figures["e4m3"])
