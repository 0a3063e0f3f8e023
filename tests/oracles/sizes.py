"""The parameters of transformers' own models by part, of small configs without any weights in memory.

For decoders whose cache it keeps as it is: the numbers in the cache, and the operations that torch counts.
"""

from __future__ import annotations

import json
from typing import Any

from aimath.core.nn import PARTS, params
from aimath.read.models.model_config import parse_config

PEERS = ("torch", "transformers")
CONTEXT = 24
SMALL = {
    "hidden_size": 48, "num_hidden_layers": 5, "num_attention_heads": 6, "intermediate_size": 80, "vocab_size": 130,
    "max_position_embeddings": 64,
}  # fmt: skip
GROUPED = SMALL | {"num_key_value_heads": 2}
GEMMA = GROUPED | {"head_dim": 10, "sliding_window": 16}
ROUTED = {"num_experts": 7, "num_experts_per_tok": 2, "moe_intermediate_size": 20}
LATENT = SMALL | {
    "num_key_value_heads": 6, "kv_lora_rank": 14, "q_lora_rank": 18, "qk_nope_head_dim": 6, "qk_rope_head_dim": 4,
    "v_head_dim": 5, "moe_intermediate_size": 12, "n_routed_experts": 8, "n_shared_experts": 2,
    "num_experts_per_tok": 3, "first_k_dense_replace": 2, "n_group": 2, "topk_group": 1,
}  # fmt: skip
CASES = {
    "gpt2": {"model_type": "gpt2", "n_embd": 48, "n_layer": 3, "n_head": 4, "vocab_size": 130, "n_positions": 40},
    "gpt2, inner width": {"model_type": "gpt2", "n_embd": 48, "n_layer": 2, "n_head": 4, "n_inner": 50},
    "gpt2, untied": {"model_type": "gpt2", "n_embd": 24, "n_layer": 2, "n_head": 4, "tie_word_embeddings": False},
    "llama": {"model_type": "llama", **SMALL},
    "llama, grouped, biases": {"model_type": "llama", **GROUPED, "attention_bias": True, "mlp_bias": True},
    "llama, tied, head_dim": {"model_type": "llama", **GROUPED, "head_dim": 12, "tie_word_embeddings": True},
    "mistral": {"model_type": "mistral", **GROUPED, "sliding_window": 16},
    "mixtral": {"model_type": "mixtral", **GROUPED, "num_local_experts": 5, "num_experts_per_tok": 2},
    "qwen2": {"model_type": "qwen2", **GROUPED, "tie_word_embeddings": True},
    "qwen3": {"model_type": "qwen3", **GROUPED, "head_dim": 10},
    "olmo2": {"model_type": "olmo2", **GROUPED},
    "qwen2_moe": {
        "model_type": "qwen2_moe", **GROUPED, **ROUTED, "shared_expert_intermediate_size": 34,
        "decoder_sparse_step": 2, "mlp_only_layers": [1],
    },
    "qwen3_moe": {"model_type": "qwen3_moe", **GROUPED, **ROUTED, "head_dim": 10, "mlp_only_layers": [0, 3]},
    "deepseek_v2": {"model_type": "deepseek_v2", **LATENT},
    "deepseek_v2, whole queries": {"model_type": "deepseek_v2", **LATENT, "q_lora_rank": None},
    "deepseek_v3": {"model_type": "deepseek_v3", **LATENT, "topk_method": "noaux_tc"},
    "gemma": {"model_type": "gemma", **GROUPED, "head_dim": 10},
    "gemma2": {"model_type": "gemma2", **GEMMA},
    "gemma3_text": {"model_type": "gemma3_text", **GEMMA},
    "bert": {"model_type": "bert", **SMALL, "type_vocab_size": 3},
    "roberta": {"model_type": "roberta", **SMALL, "type_vocab_size": 1},
}  # fmt: skip
RUN = ("gpt2", "llama", "llama, grouped, biases", "llama, tied, head_dim", "qwen2", "qwen3", "gemma")
"""Those that are run, on no data."""


def part_of(name: str) -> str:
    """Give the part that a parameter belongs to, by its name in transformers."""
    words = name.lower().replace("_", "").split(".")
    if any("norm" in word or word.startswith("ln") for word in words):
        return "norms"
    if {"wte", "wpe", "embedtokens"} & {*words} or any(word.endswith("embeddings") for word in words[1:2]):
        return "embeddings"
    if {"lmhead", "pooler"} & {*words}:
        return "head"
    if {"attn", "selfattn", "attention"} & {*words}:
        return "attention"
    return "mlp"


def peer(case: dict[str, Any]) -> dict[str, Any]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

    config = AutoConfig.for_model(**case, attn_implementation="eager")
    encoder = case["model_type"] in {"bert", "roberta"}
    with torch.device("meta"):
        model = (AutoModel if encoder else AutoModelForCausalLM).from_config(config)
    counts = dict.fromkeys(PARTS, 0)
    stored = [
        *model.named_parameters(),
        *((n, b) for n, b in model.named_buffers() if "correction_bias" in n),
    ]
    for name, tensor in stored:
        counts[part_of(f"model.{name}" if encoder else name)] += tensor.numel()
    told: dict[str, Any] = {"by_part": [*counts.values()]}
    if next(name for name, one in CASES.items() if one == case) in RUN:
        tokens = torch.zeros(1, CONTEXT, dtype=torch.long, device="meta")
        with FlopCounterMode(display=False) as counter:
            answer = model(tokens, use_cache=True)
        layers = answer.past_key_values.layers
        told["cached"] = sum(one.keys.numel() + one.values.numel() for one in layers)
        told["flops"] = counter.get_total_flops()
    return told


def compare(case: dict[str, Any], figures: dict[str, Any]) -> None:
    size = params(parse_config(json.dumps(case).encode()).architecture, context=CONTEXT)
    assert size.by_part.tolist() == figures["by_part"].tolist()
    assert size.parameters == figures["by_part"].sum()
    if "flops" in figures:
        assert size.kv_cache == 2 * figures["cached"]
        # torch counts products of matrices alone: no norms, and no biases.
        sizes = size.architecture
        added = size.by_part[3] + size.layers * (size.attention_biases + size.mlp_biases)
        assert CONTEXT * (size.flops - 2 * int(added)) == figures["flops"], sizes
