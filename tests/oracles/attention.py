"""torch.nn.functional.scaled_dot_product_attention in float64: masks, scales, heads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.oracles import draw

from aimath.core.linalg import attention
from aimath.errors import InputError

PEERS = ("torch",)

EPS = float(np.finfo(np.float64).eps)


class Case(NamedTuple):
    Q: np.ndarray
    K: np.ndarray
    V: np.ndarray
    causal: bool = False
    mask: np.ndarray | None = None
    scale: float | None = None
    refused: str = ""  # what torch answers and aimath refuses, and why
    every: int = 1  # one output of so many is kept


def three(seed: int, queries: tuple[int, ...], keys: tuple[int, ...] | None = None) -> tuple[Any, Any, Any]:
    keys = keys or queries
    return draw(seed, *queries) * 3.0, draw(seed + 1, *keys) * 3.0, draw(seed + 2, *keys)


SEEN = (draw(90, 5, 7) > -0.3) | (np.arange(7) == 2)
GIVEN = np.where(draw(91, 5, 7) > 0.5, -np.inf, 2.0 * draw(92, 5, 7))
GIVEN[:, 0] = 0.0

CASES = {
    "plain": Case(*three(1, (5, 4))),
    "more keys than queries": Case(*three(11, (5, 4), (7, 4))),
    "one key": Case(*three(21, (3, 4), (1, 4))),
    "one query of width 1": Case(*three(31, (1, 1), (6, 1))),
    "causal": Case(*three(41, (6, 4)), causal=True),
    "a mask of truth values": Case(*three(51, (5, 4), (7, 4)), mask=SEEN),
    "a mask of numbers": Case(*three(61, (5, 4), (7, 4)), mask=GIVEN),
    "a scale": Case(*three(71, (5, 4)), scale=2.5),
    "scale 0": Case(*three(71, (5, 4)), scale=0.0),
    "batches and heads": Case(*three(81, (2, 3, 5, 4)), causal=True),
    "a mask for each sequence": Case(*three(101, (2, 3, 5, 4)), mask=(draw(104, 2, 1, 5, 5) > 0) | np.eye(5, dtype=bool)),
    "scores beyond exp": Case(*(x * 30.0 for x in three(111, (4, 8)))),
    "the guide's shapes": Case(*three(121, (2, 10, 64)), every=37),
    "size of GPT-2's heads": Case(*three(131, (12, 128, 64)), causal=True, every=997),
    "a query that sees nothing": Case(
        *three(141, (2, 4)), mask=np.array([[True, True], [False, False]]), refused="query 2 sees no key"
    ),
    "causal with more keys": Case(*three(151, (2, 4), (4, 4)), causal=True, refused="as many keys as queries"),
}  # fmt: skip


def peer(case: Case) -> dict[str, Any]:
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    q, k, v = (torch.tensor(x) for x in (case.Q, case.K, case.V))
    mask = None if case.mask is None else torch.tensor(case.mask)
    found = scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=case.causal, scale=case.scale)
    return {"output": found.numpy().ravel()[:: case.every]}


def compare(case: Case, figures: dict[str, np.ndarray]) -> None:
    if case.refused:
        with pytest.raises(InputError, match=case.refused):
            attention(case.Q, case.K, case.V, case.causal, case.mask, case.scale)
        return
    found = attention(case.Q, case.K, case.V, case.causal, case.mask, case.scale)
    difference = np.abs(found.output.ravel()[:: case.every] - figures["output"])
    assert difference.max() <= rounding(found.scaled) * np.abs(case.V).max()


def rounding(scaled: np.ndarray) -> float:
    """Say how far two weights may be apart, relatively: a score of s is known to s eps, and so is exp(s)."""
    return 4.0 * (1.0 + float(np.abs(scaled).max())) * EPS


WRONG = tuple(name for name, case in CASES.items() if case.refused)


def wrong(case: Case, figures: dict[str, np.ndarray]) -> None:
    """Show what torch says where there is no answer: zeros, and a causal mask aligned at the top left."""
    rows = figures["output"].reshape(case.Q.shape)
    assert rows[1].tolist() == [0.0] * 4 if case.mask is not None else rows[0].tolist() == case.V[0].tolist()
