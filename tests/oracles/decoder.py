"""transformers' decoders in float64: small ones of every architecture, their logits, attention and hidden states."""

from __future__ import annotations

from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from tests.oracles import draw

from aimath.core import nn
from aimath.read.models.decoder_files import stretched_rates

PEERS = ("torch", "transformers")
IDS = np.array([3, 1, 4, 1, 5, 9, 2, 6])


class Case(NamedTuple):
    """A class of transformers and its settings, and our configuration."""

    kind: str
    settings: dict[str, Any]
    config: nn.DecoderConfig


def gpt2(**settings: Any) -> Case:
    activation = settings.get("activation_function", "gelu_new")
    return Case(
        "GPT2",
        {"vocab_size": 11, "n_positions": 12, "n_embd": 12, "n_layer": 2, "n_head": 3} | settings,
        nn.DecoderConfig(
            11, 12, 2, 3, 3, 12, activation="gelu_tanh" if activation == "gelu_new" else activation,
            eps=settings.get("layer_norm_epsilon", 1e-5), tied=settings.get("tie_word_embeddings", True),
        ),
    )  # fmt: skip


def llama(
    kind: str, kv_heads: int, head_width: int | None = None, *, tied: bool, theta: float = 10000.0
) -> Case:
    settings = {
        "vocab_size": 11, "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 6,
        "num_key_value_heads": kv_heads, "max_position_embeddings": 16, "rms_norm_eps": 1e-6, "hidden_act": "silu",
        "tie_word_embeddings": tied, "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        "pad_token_id": None, "bos_token_id": None, "eos_token_id": None,
    }  # fmt: skip
    config = nn.DecoderConfig(
        11,
        12,
        2,
        6,
        kv_heads,
        16,
        "llama",
        "rms",
        1e-6,
        "silu",
        theta=theta,
        head_width=head_width,
        tied=tied,
    )
    return Case(kind, settings | ({"head_dim": head_width} if head_width else {}), config)


def stretched(**stretch: Any) -> Case:
    """Give a Llama whose rotary positions are stretched; the rates stand in the files, and are held to them."""
    case = llama("Llama", 2, 8, tied=True, theta=100.0)
    parameters = {"rope_theta": 100.0, "factor": 4.0, **stretch}
    rates = stretched_rates("rope_parameters", parameters, 100.0, 8)
    return case._replace(
        settings=case.settings | {"rope_parameters": parameters}, config=case.config._replace(rates=rates)
    )


def normed(kind: str, kv_heads: int, head_width: int | None = None, *, tied: bool, **changes: Any) -> Case:
    case = llama(kind, kv_heads, head_width, tied=tied)
    return case._replace(config=case.config._replace(**changes))


GPT1 = gpt2()
CASES = {
    "GPT-2": gpt2(),
    "GPT-2 with relu, its own head": gpt2(activation_function="relu", tie_word_embeddings=False),
    "GPT-2 with exact gelu, another eps": gpt2(activation_function="gelu", layer_norm_epsilon=1e-3),
    "GPT, norms after": Case("OpenAIGPT", GPT1.settings, GPT1.config._replace(norm_first=False)),
    "Llama": llama("Llama", 6, tied=False),
    "Llama, grouped keys": llama("Llama", 2, tied=True, theta=500000.0),
    "Llama, wider heads, one of keys": llama("Llama", 1, 8, tied=False, theta=100.0),
    "Llama 3.1, stretched by how far a pair turns": stretched(
        rope_type="llama3", low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=40
    ),
    "Llama, stretched evenly": stretched(rope_type="linear"),
    "Qwen 2, biases": llama("Qwen2", 3, tied=True, theta=1e6),
    "Qwen 3, norms of each query and key": normed("Qwen3", 2, 4, tied=False, qk_norm="head"),
    "Qwen 3, wider heads, tied": normed("Qwen3", 3, 8, tied=True, qk_norm="head"),
    "OLMo 2, norms of what is added": normed(
        "Olmo2", 6, tied=False, names="olmo2", norm_added=True, qk_norm="all"
    ),
    "OLMo 2, grouped keys": normed("Olmo2", 2, tied=False, names="olmo2", norm_added=True, qk_norm="all"),
}


def drawn(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Draw weights by name; gains are near 1."""
    return {
        name: 0.7 * draw(k, *shape) + (len(shape) == 1 and name.endswith("weight"))
        for k, (name, shape) in enumerate(sorted(shapes.items()))
    }


def shapes_of(case: Case) -> dict[str, tuple[int, ...]]:
    """Give the shapes of a case's weights, biases too."""
    inner = 48 if case.config.names == "gpt2" else 20
    shapes = {
        name: tuple(inner if n is None else n for n in s)
        for name, s in nn.decoder_shapes(case.config).items()
    }
    for name, shape in list(shapes.items()):
        if case.config.names == "gpt2" and not name.startswith(("wte", "wpe", "lm_head")):
            shapes[name.replace("weight", "bias")] = shape[-1:]
        if case.kind == "Qwen2" and name.split(".")[-2] in {"q_proj", "k_proj", "v_proj"}:
            shapes[name.replace("weight", "bias")] = shape[:1]
    return shapes


def in_float64(model: Any, case: Case) -> Any:
    """Give a context in which a model of transformers has no float32 inside, as angles, norms and softmax have."""
    import torch

    theta, d, theirs = case.config.theta, case.config.d, None
    if case.config.rates is not None:
        from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

        with mock.patch.object(torch, "float", torch.float64):
            theirs, _ = ROPE_INIT_FUNCTIONS[model.config.rope_parameters["rope_type"]](model.config, "cpu")

    class Angles(torch.nn.Module):
        def forward(self, _: Any, position_ids: Any) -> tuple[Any, Any]:
            rates = (
                theirs if theirs is not None else theta ** -(torch.arange(0, d, 2, dtype=torch.float64) / d)
            )
            half = position_ids[..., None].double() * rates
            both = torch.cat((half, half), dim=-1)
            return both.cos(), both.sin()

    def norm(self: Any, x: Any) -> Any:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))

    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            module.forward = norm.__get__(module)
    if theta is not None:
        model.model.rotary_emb = Angles()
    softmax = torch.nn.functional.softmax
    return mock.patch.object(torch.nn.functional, "softmax", lambda x, dim=-1, dtype=None: softmax(x, dim))  # noqa: ARG005


def peer(case: Case) -> dict[str, Any]:
    import torch
    import transformers

    config = getattr(transformers, f"{case.kind}Config")(**case.settings)
    name = f"{case.kind}{'LMHeadModel' if case.config.names == 'gpt2' else 'ForCausalLM'}"
    model = getattr(transformers, name)._from_config(config, attn_implementation="eager").double().eval()
    weights = {name: torch.tensor(array) for name, array in drawn(shapes_of(case)).items()}
    if case.config.names == "gpt2":
        weights = {
            f"{'' if name.startswith('lm_head') else 'transformer.'}{name}": w for name, w in weights.items()
        }
    if case.kind == "OpenAIGPT":
        weights = {
            name.replace("wte", "tokens_embed").replace("wpe", "positions_embed"): w
            for name, w in weights.items()
        }
    lost = model.load_state_dict(weights, strict=False)
    assert not lost.unexpected_keys
    assert set(lost.missing_keys) <= ({"lm_head.weight"} if case.config.tied else set())
    model.tie_weights()
    with torch.no_grad(), in_float64(model, case):
        out = model(torch.tensor(IDS)[None], output_attentions=True, output_hidden_states=True)
    return {
        "logits": out.logits[0],
        "attention": torch.stack(out.attentions)[:, 0, :, -1],  # of the last token
        "hidden": torch.stack(out.hidden_states)[:, 0, -1],  # before each layer; the last after the last norm
    }


def compare(case: Case, figures: dict[str, np.ndarray]) -> None:
    weights = drawn(shapes_of(case))
    decoder = nn.Decoder(case.config, weights)
    found = decoder.run(IDS, keep=True)
    states = decoder.states(found.contributions[:, -1])
    hidden = [*states[:-1], decoder.final_norm(states[-1])]
    for ours, name in (
        (found.logits, "logits"),
        (found.attention[:, :, -1], "attention"),
        (np.array(hidden), "hidden"),
    ):
        assert np.abs(ours - figures[name]).max() <= 1e-12 * max(1.0, np.abs(figures[name]).max()), name
    cache = nn.KVCache()  # a piece at a time is the same
    parts = [decoder.run(IDS[a:b], cache).logits for a, b in ((0, 3), (3, 4), (4, 8))]
    assert np.abs(np.concatenate(parts) - figures["logits"]).max() <= 1e-12 * max(
        1.0, np.abs(figures["logits"]).max()
    )
    single = nn.Decoder(case.config, {name: array.astype(np.float32) for name, array in weights.items()}).run(
        IDS
    )
    assert single.logits.dtype == np.float32
    assert np.abs(single.logits - figures["logits"]).max() <= 1e-4 * np.abs(figures["logits"]).max()
