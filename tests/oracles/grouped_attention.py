"""torch.nn.functional.scaled_dot_product_attention in float64 with enable_gqa: heads that share keys, windows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from tests.oracles import draw
from tests.oracles.attention import rounding

from aimath.core.linalg import attention, scaled_dot_product_attention

PEERS = ("torch",)


class Case(NamedTuple):
    heads: int
    kv_heads: int
    rows: int
    width: int
    batch: tuple[int, ...] = ()
    causal: bool = False
    window: int | None = None
    mask: np.ndarray | None = None  # of each head
    size: float = 3.0
    every: int = 1  # one output of so many is kept

    def three(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw Q, K and V with heads before the rows."""
        rest = (self.rows, self.width)
        seed = 1000 * self.heads + 10 * self.kv_heads + self.rows
        return (
            draw(seed, *self.batch, self.heads, *rest) * self.size,
            draw(seed + 1, *self.batch, self.kv_heads, *rest) * self.size,
            draw(seed + 2, *self.batch, self.kv_heads, *rest),
        )

    def seen(self) -> np.ndarray | None:
        """Say which keys a query sees, as a mask of truth values."""
        if self.window is None:
            return self.mask
        back = np.subtract.outer(np.arange(self.rows), np.arange(self.rows))
        near = (back >= 0) & (back < self.window)
        return near if self.mask is None else near & self.mask


CASES = {
    "every head its own keys": Case(3, 3, 5, 4),
    "two heads share": Case(4, 2, 5, 4),
    "all share one": Case(4, 1, 5, 4, causal=True),
    "a batch": Case(6, 3, 4, 3, (2,), causal=True),
    "a window of one": Case(2, 2, 4, 3, window=1),
    "a window": Case(4, 2, 9, 4, window=3),
    "a window that holds all": Case(4, 2, 5, 4, window=99),
    "a mask for each head": Case(4, 2, 4, 3, mask=(draw(7, 4, 4, 4) > 0) | np.eye(4, dtype=bool)),
    "a window and a mask": Case(4, 2, 6, 3, window=2, mask=(draw(8, 4, 6, 6) > 0) | np.eye(6, dtype=bool)),
    "scores beyond exp": Case(4, 2, 4, 8, size=90.0),
    "a layer of Llama": Case(32, 8, 48, 64, causal=True, every=997),
    "a layer of Mistral": Case(16, 4, 96, 64, window=32, every=997),
}


def peer(case: Case) -> dict[str, Any]:
    import torch
    from torch.nn.functional import scaled_dot_product_attention as sdpa

    q, k, v = (torch.tensor(x) for x in case.three())
    mask = None if case.seen() is None else torch.tensor(case.seen())
    found = sdpa(q, k, v, attn_mask=mask, is_causal=case.causal, enable_gqa=True)
    return {"output": found.numpy().ravel()[:: case.every]}


def compare(case: Case, figures: dict[str, np.ndarray]) -> None:
    q, k, v = case.three()
    how = {"causal": case.causal, "window": case.window, "mask": case.mask}
    found = attention(q, k, v, heads=case.heads, kv_heads=case.kv_heads, **how)
    most = rounding(found.scaled) * np.abs(v).max()
    assert np.abs(found.output.ravel()[:: case.every] - figures["output"]).max() <= most
    added = None if case.mask is None else np.where(case.mask, 0.0, -np.inf)
    plain = scaled_dot_product_attention(q, k, v, mask=added, causal=case.causal, window=case.window)
    assert np.abs(plain.ravel()[:: case.every] - figures["output"]).max() <= most
    if not case.batch:
        columns = (np.concatenate(x, axis=-1) for x in (q, k, v))
        cut = attention(*columns, heads=case.heads, kv_heads=case.kv_heads, **how).output
        together = np.concatenate(found.output, axis=-1)
        assert np.abs(cut - together).max() <= most
