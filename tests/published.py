"""Configs of published models, with the parameters that are published of each.

The figures: the safetensors index of each model's page ("total"), which counts what is stored; of GPT, GPT-2 and BERT
`num_parameters()` of transformers' OpenAIGPTLMHeadModel, GPT2LMHeadModel and BertModel; of DeepSeek-V3 the headers of its main
weights without the layer that predicts further tokens (671 billion in its README); of models whose head is tied but
stored twice (Qwen3-0.6B, 751,632,384 on its page) without the second copy.
"""

from __future__ import annotations

import json


def _text(**settings):
    common = {
        "architectures": ["AnyForCausalLM"],
        "bos_token_id": 1,
        "torch_dtype": "bfloat16",
        "use_cache": True,
    }
    return json.dumps(common | settings).encode()


def _gpt2(layers, width, heads):
    rest = {"n_ctx": 1024, "attn_pdrop": 0.1, "layer_norm_epsilon": 1e-05, "activation_function": "gelu_new"}
    return _text(
        model_type="gpt2",
        n_layer=layers,
        n_embd=width,
        n_head=heads,
        n_positions=1024,
        vocab_size=50257,
        **rest,
    )


def _sized(kind, layers, width, heads, groups, inner, vocab, **rest):
    common = {"hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "attention_dropout": 0.0}
    return _text(
        model_type=kind, num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads,
        num_key_value_heads=groups, intermediate_size=inner, vocab_size=vocab, **common | rest,
    )  # fmt: skip


def _bert(kind, layers, width, heads, vocab, **rest):
    return _text(
        model_type=kind, num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads,
        intermediate_size=4 * width, vocab_size=vocab, hidden_act="gelu", layer_norm_eps=1e-12,
        position_embedding_type="absolute", **{"max_position_embeddings": 512, "type_vocab_size": 2} | rest,
    )  # fmt: skip


QWEN = {"use_sliding_window": False, "sliding_window": 32768, "max_window_layers": 21}
LATENT = {
    "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "moe_layer_freq": 1,
    "norm_topk_prob": True, "scoring_func": "sigmoid", "aux_loss_alpha": 0.001, "seq_aux": True, "ep_size": 1,
    "routed_scaling_factor": 2.5, "rope_scaling": {"type": "yarn", "factor": 40},
}  # fmt: skip
MODELS = {
    "GPT": (_text(model_type="openai-gpt", afn="gelu", n_embd=768, n_head=12, n_layer=12, n_positions=512, vocab_size=40478), 116_534_784),
    "GPT-2": (_gpt2(12, 768, 12), 124_439_808),
    "GPT-2 medium": (_gpt2(24, 1024, 16), 354_823_168),
    "GPT-2 large": (_gpt2(36, 1280, 20), 774_030_080),
    "GPT-2 XL": (_gpt2(48, 1600, 25), 1_557_611_200),
    "Llama-2-7B": (_sized("llama", 32, 4096, 32, 32, 11008, 32000, max_position_embeddings=4096), 6_738_415_616),
    "Llama-3-8B": (_sized("llama", 32, 4096, 32, 8, 14336, 128256, max_position_embeddings=8192), 8_030_261_248),
    "Llama-3.1-70B": (
        _sized("llama", 80, 8192, 64, 8, 28672, 128256, max_position_embeddings=131072, attention_bias=False),
        70_553_706_496,
    ),
    "Llama-3.2-1B": (
        _sized("llama", 16, 2048, 32, 8, 8192, 128256, head_dim=64, tie_word_embeddings=True),
        1_235_814_400,
    ),
    "Mistral-7B": (_sized("mistral", 32, 4096, 32, 8, 14336, 32000, sliding_window=4096), 7_241_732_096),
    "Mixtral-8x7B": (
        _sized(
            "mixtral", 32, 4096, 32, 8, 14336, 32000, num_local_experts=8, num_experts_per_tok=2, sliding_window=None
        ),
        46_702_792_704,
    ),
    "Qwen2.5-0.5B": (
        _sized("qwen2", 24, 896, 14, 2, 4864, 151936, tie_word_embeddings=True, **QWEN),
        494_032_768,
    ),
    "Qwen2.5-1.5B": (
        _sized("qwen2", 28, 1536, 12, 2, 8960, 151936, tie_word_embeddings=True, **QWEN),
        1_543_714_304,
    ),
    "Qwen2.5-7B": (_sized("qwen2", 28, 3584, 28, 4, 18944, 152064, **QWEN), 7_615_616_512),
    "Qwen2.5-72B": (_sized("qwen2", 80, 8192, 64, 8, 29568, 152064, **QWEN), 72_706_203_648),
    "OLMo-2-1124-7B": (_sized("olmo2", 32, 4096, 32, 32, 11008, 100352), 7_298_617_344),
    "Qwen3-0.6B": (
        _sized("qwen3", 28, 1024, 16, 8, 3072, 151936, head_dim=128, tie_word_embeddings=True, **QWEN),
        596_049_920,
    ),
    "Qwen3-8B": (_sized("qwen3", 36, 4096, 32, 8, 12288, 151936, head_dim=128, **QWEN), 8_190_735_360),
    "Qwen3-30B-A3B": (
        _sized(
            "qwen3_moe", 48, 2048, 32, 4, 6144, 151936, head_dim=128, num_experts=128, num_experts_per_tok=8,
            moe_intermediate_size=768, decoder_sparse_step=1, mlp_only_layers=[], router_aux_loss_coef=0.001, **QWEN,
        ),
        30_532_122_624,
    ),
    "Qwen1.5-MoE-A2.7B": (
        _sized(
            "qwen2_moe", 24, 2048, 16, 16, 5632, 151936, num_experts=60, num_experts_per_tok=4,
            moe_intermediate_size=1408, shared_expert_intermediate_size=5632, decoder_sparse_step=1, **QWEN,
        ),
        14_315_784_192,
    ),
    "DeepSeek-V2-Lite": (
        _sized(
            "deepseek_v2", 27, 2048, 16, 16, 10944, 102400, q_lora_rank=None, moe_intermediate_size=1408,
            n_routed_experts=64, n_shared_experts=2, num_experts_per_tok=6, first_k_dense_replace=1,
            topk_method="greedy", n_group=1, topk_group=1, **LATENT,
        ),
        15_706_484_224,
    ),
    "DeepSeek-V2": (
        _sized(
            "deepseek_v2", 60, 5120, 128, 128, 12288, 102400, q_lora_rank=1536, moe_intermediate_size=1536,
            n_routed_experts=160, n_shared_experts=2, num_experts_per_tok=6, first_k_dense_replace=1,
            topk_method="group_limited_greedy", n_group=8, topk_group=3, **LATENT,
        ),
        235_741_434_880,
    ),
    "DeepSeek-V3": (
        _sized(
            "deepseek_v3", 61, 7168, 128, 128, 18432, 129280, q_lora_rank=1536, moe_intermediate_size=2048,
            n_routed_experts=256, n_shared_experts=1, num_experts_per_tok=8, first_k_dense_replace=3,
            topk_method="noaux_tc", n_group=8, topk_group=4, num_nextn_predict_layers=1,
            max_position_embeddings=163840, quantization_config={"quant_method": "fp8"}, **LATENT,
        ),
        671_026_419_200,
    ),
    "Gemma-2B": (_sized("gemma", 18, 2048, 8, 1, 16384, 256000, head_dim=256), 2_506_172_416),
    "Gemma-2-2B": (
        _sized("gemma2", 26, 2304, 8, 4, 9216, 256000, head_dim=256, sliding_window=4096, attn_logit_softcapping=50.0),
        2_614_341_888,
    ),
    "Gemma-3-1B": (
        _sized("gemma3_text", 26, 1152, 4, 1, 6912, 262144, head_dim=256, sliding_window=512, sliding_window_pattern=6),
        999_885_952,
    ),
    "BERT-base": (_bert("bert", 12, 768, 12, 30522), 109_482_240),
    "BERT-base cased": (_bert("bert", 12, 768, 12, 28996), 108_310_272),
    "BERT-large": (_bert("bert", 24, 1024, 16, 30522), 335_141_888),
    "RoBERTa-base": (
        _bert("roberta", 12, 768, 12, 50265, max_position_embeddings=514, type_vocab_size=1),
        124_645_632,
    ),
}  # fmt: skip
