"""transformers' encoders in float64: small ones of every kind, their rows, attention and pooled vectors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from tests.oracles import draw

from aimath.core import nn

PEERS = ("torch", "transformers")
IDS = np.array([[3, 2, 4, 2, 5, 9, 2, 6], [7, 8, 3, 6, 0, 0, 0, 0]])
MASK = np.array([[1] * 8, [1] * 4 + [0] * 4])


class Case(NamedTuple):
    """A class of transformers and its settings, and our configuration."""

    kind: str
    settings: dict[str, Any]
    config: nn.EncoderConfig


def bert(kind: str = "Bert", *, first_place: int = 0, **settings: Any) -> Case:
    known = {
        "vocab_size": 11, "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 20,
        "max_position_embeddings": 14, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
        "pad_token_id": first_place - 1 if first_place else 0, "bos_token_id": None, "eos_token_id": None,
    } | settings  # fmt: skip
    config = nn.EncoderConfig(
        11, 12, 2, known["num_attention_heads"], 20, 14, known["type_vocab_size"],
        "gelu_tanh" if known["hidden_act"] == "gelu_new" else known["hidden_act"], known["layer_norm_eps"], first_place,
    )  # fmt: skip
    return Case(kind, known, config)


CASES = {
    "BERT": bert(),
    "BERT with relu, one head, one type, another eps": bert(
        hidden_act="relu", num_attention_heads=1, type_vocab_size=1, layer_norm_eps=1e-5
    ),
    "BERT with gelu by tanh, a head an entry": bert(hidden_act="gelu_new", num_attention_heads=12),
    "BERT with silu": bert(hidden_act="silu"),
    "RoBERTa, whose places begin at 2": bert("Roberta", first_place=2, type_vocab_size=1),
    "XLM-RoBERTa": bert("XLMRoberta", first_place=2, type_vocab_size=1, layer_norm_eps=1e-5),
}


def drawn(case: Case) -> dict[str, np.ndarray]:
    """Draw weights by name; gains are near 1."""
    shapes = nn.encoder_shapes(case.config)
    return {
        name: 0.7 * draw(k, *shape) + name.endswith("LayerNorm.weight")
        for k, (name, shape) in enumerate(sorted(shapes.items()))
    }


def peer(case: Case) -> dict[str, Any]:
    import torch
    import transformers

    config = getattr(transformers, f"{case.kind}Config")(**case.settings)
    kind = getattr(transformers, f"{case.kind}Model")
    model = kind(config, add_pooling_layer=False).double().eval()
    model.set_attn_implementation("eager")
    lost = model.load_state_dict({name: torch.tensor(one) for name, one in drawn(case).items()}, strict=False)
    assert not lost.unexpected_keys
    assert not [name for name in lost.missing_keys if "_ids" not in name]
    pad = case.settings["pad_token_id"]
    ids = torch.tensor(np.where(MASK, IDS, pad))
    mask = torch.tensor(MASK)
    with torch.no_grad():
        out = model(ids, attention_mask=mask, output_attentions=True)
    rows, seen = out.last_hidden_state, mask[..., None]
    mean = (rows * seen).sum(1) / seen.sum(1)
    largest = torch.where(seen > 0, rows, -torch.inf).max(1).values
    return {
        "hidden": rows[0],
        "short": rows[1, :4],
        "attention": torch.stack([one[0, :, 0] for one in out.attentions]),  # of the first token
        "mean": torch.nn.functional.normalize(mean, dim=1),
        "cls": rows[:, 0],
        "max": largest,
        "norm": mean.norm(dim=1),
    }


def compare(case: Case, figures: dict[str, np.ndarray]) -> None:
    encoder = nn.Encoder(case.config, drawn(case))
    both = encoder.run(IDS, MASK, keep=True)
    alone = encoder.run(IDS[1, :4])
    found = {
        "hidden": both.hidden[0],
        "short": both.hidden[1, :4],
        "attention": both.attention[:, 0, :, 0],
        "mean": nn.embed(encoder, IDS, mask=MASK).vector,
        "norm": nn.embed(encoder, IDS, mask=MASK).norm,
        "cls": nn.embed(encoder, IDS, "cls", no_normalize=True, mask=MASK).vector,
        "max": nn.embed(encoder, IDS, "max", no_normalize=True, mask=MASK).vector,
    }
    for name, ours in found.items():
        assert np.abs(ours - figures[name]).max() <= 1e-12 * max(1.0, np.abs(figures[name]).max()), name
    assert np.abs(alone.hidden - figures["short"]).max() <= 1e-12 * np.abs(figures["short"]).max()
    single = nn.Encoder(case.config, {name: one.astype(np.float32) for name, one in drawn(case).items()})
    rows = single.run(IDS, MASK).hidden
    assert rows.dtype == np.float32
    assert np.abs(rows[0] - figures["hidden"]).max() <= 1e-4 * np.abs(figures["hidden"]).max()
