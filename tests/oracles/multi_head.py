"""torch.nn.MultiheadAttention in float64, its weights given, without biases."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from tests.oracles import draw
from tests.oracles.attention import rounding

from aimath.core.linalg import multi_head

PEERS = ("torch",)


class Case(NamedTuple):
    X: np.ndarray
    heads: int
    causal: bool = False
    mask: np.ndarray | None = None
    every: int = 1  # one output of so many is kept

    def weights(self) -> list[np.ndarray]:
        """Wq, Wk, Wv, Wo of variance about 1/d."""
        d = self.X.shape[-1]
        return [draw(200 + k, d, d) * np.sqrt(3.0 / d) for k in range(4)]


CASES = {
    "one head": Case(draw(1, 5, 4) * 3.0, 1),
    "three heads": Case(draw(2, 5, 6) * 3.0, 3),
    "heads of width 1": Case(draw(3, 4, 4) * 3.0, 4),
    "causal": Case(draw(4, 6, 8) * 3.0, 2, causal=True),
    "masked": Case(draw(5, 5, 6) * 3.0, 3, mask=(draw(6, 5, 5) > 0) | np.eye(5, dtype=bool)),
    "batch": Case(draw(7, 2, 4, 6) * 3.0, 2),
    "size of GPT-2": Case(draw(8, 16, 768) * 3.0, 12, causal=True, every=97),
}


def peer(case: Case) -> dict[str, Any]:
    import torch

    d, n = case.X.shape[-1], case.X.shape[-2]
    wq, wk, wv, wo = (torch.tensor(w) for w in case.weights())
    module = torch.nn.MultiheadAttention(d, case.heads, bias=False, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        # It multiplies by transposed weights, and its mask says what is hidden.
        module.in_proj_weight.copy_(torch.cat((wq.T, wk.T, wv.T)))
        module.out_proj.weight.copy_(wo.T)
        hidden = None if case.mask is None else ~torch.tensor(case.mask)
        hidden = torch.ones(n, n, dtype=torch.bool).triu(1) if case.causal else hidden
        x = torch.tensor(case.X)
        output, weights = module(x, x, x, attn_mask=hidden, average_attn_weights=False)
    return {
        "output": output.numpy().ravel()[:: case.every],
        "weights": weights.numpy().ravel()[:: case.every],
    }


def compare(case: Case, figures: dict[str, np.ndarray]) -> None:
    found = multi_head(case.X, case.heads, *case.weights(), causal=case.causal, mask=case.mask)
    error = rounding(found.scaled)
    assert np.abs(found.weights.ravel()[:: case.every] - figures["weights"]).max() <= error
    # What is mixed is known to so much of the largest value, and passes Wo.
    size = np.abs(found.V).max() * np.abs(found.Wo).sum(axis=0).max()
    assert np.abs(found.output.ravel()[:: case.every] - figures["output"]).max() <= error * size
