"""The derivation of a transformer's size: each part's formula with its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.report import CrossCheck, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.nn import Architecture
    from aimath.report import Step


def derivation(s: Architecture, dtype: str) -> Iterator[Step]:
    """Yield the formulas of a transformer's parts, then of its operations and its memory."""
    yield Line("parameters = embeddings + attention + mlp + norms + head")
    yield from _part_lines(s)
    yield Line(" parameters = {by_part: + } = {parameters}")
    yield Table((("numbers", "{by_part}"),), bar="by_part", names="part")
    if s.experts:
        yield Line(
            " active, as a token passes {experts_per_token} of {experts} experts:  {parameters} - "
            "{expert_layers} · ({experts} - {experts_per_token}) · {expert} = {active}"
        )
    again = " + {head_again}" if s.decoder and s.tied else ""
    looked_up = "a table is looked up and not multiplied" + (", but multiplies as the head" if again else "")
    yield Line(f" {looked_up}:  {{active}} - {{by_part[0]}}{again} = {{multiplied}}")
    yield from _operation_lines(s)
    yield from _memory_lines(s, dtype)
    yield CrossCheck("the shapes of all {tensors} tensors: {tensor_sum}")


def _part_lines(s: Architecture) -> Iterator[Line]:
    tables = [
        text
        for text, there in (("{vocab}", 1), ("{positions}", s.positions), (str(s.token_types), s.token_types))
        if there
    ]
    rows = tables[0] if len(tables) == 1 else f"({' + '.join(tables)})"
    yield Line(f" embeddings = {rows} · {{d_model}} = {{by_part[0]}}")
    yield from _attention_lines(s)
    yield from _mlp_lines(s)
    outside = " + {norm_outside}" if s.final_norm or s.embedding_norm else ""
    yield Line(f" norms = {{layers}} · {{norm_layer}}{outside} = {{by_part[3]}}")
    if s.pooler:
        yield Line(" head = {d_model} · ({d_model} + 1) = {by_part[4]}, a pooler")
    elif s.decoder:
        text = (
            "{by_part[4]}: it is the table of embeddings" if s.tied else "{vocab} · {d_model} = {by_part[4]}"
        )
        yield Line(f" head = {text}")


def _attention_lines(s: Architecture) -> Iterator[Line]:
    if not s.kv_rank:
        bias = " + {attention_biases}" if s.qkv_bias or s.out_bias else ""
        each = "2 · {d_model} · {head_dim} · ({heads} + {kv_heads})"
        yield Line(f" attention = {{layers}} · ({each}{bias}) = {{by_part[1]}}")
        return
    up = "{heads} · {head_dim}"
    queries = f"{s.q_rank} · ({{d_model}} + {up})" if s.q_rank else f"{{d_model}} · {up}"
    yield Line(f" latent attention, queries: {queries} = {{latent_queries}}")
    yield Line(f" squeezed keys and values: {{d_model}} · ({s.kv_rank} + {s.rope_dim}) = {{latent_down}}")
    wide = s.head_dim - s.rope_dim
    yield Line(f" spread again: {s.kv_rank} · {{heads}} · ({wide} + {{value_dim}}) = {{latent_up}}")
    yield Line(" output: {heads} · {value_dim} · {d_model} = {latent_output}")
    bias = " + {attention_biases}" if s.qkv_bias or s.out_bias else ""
    yield Line(
        " attention = {layers} · ({latent_queries} + {latent_down} + {latent_up} + {latent_output}"
        f"{bias}) = {{by_part[1]}}"
    )


def _mlp_lines(s: Architecture) -> Iterator[Line]:
    bias = " + {mlp_biases}" if s.mlp_bias else ""
    one = f"{{mlp_matrices}} · {{d_model}} · {{d_ff}}{bias}"
    if not s.experts:
        yield Line(f" mlp = {{layers}} · ({one}) = {{by_part[2]}}")
        return
    yield Line(f" an expert = {s.mlp_matrices} · {{d_model}} · {s.expert_d_ff} = {{expert}}")
    shared = " + {shared}, which every token passes," if s.shared_d_ff or s.shared_gate else ""
    router = f"{{experts}} · {s.d_model + s.router_bias}"
    yield Line(f" a router = {router} = {{router}}")
    if shared:
        gate = " + {d_model}" if s.shared_gate else ""
        yield Line(
            f" what every token passes = {s.mlp_matrices} · {{d_model}} · {s.shared_d_ff}{gate} = {{shared}}"
        )
    plus = " + {shared}" if shared else ""
    yield Line(f" a layer of experts = {{experts}} · {{expert}} + {{router}}{plus} = {{expert_layer}}")
    dense = f" + {{dense_layers}} · ({one})" if s.dense_layers else ""
    yield Line(f" mlp = {{expert_layers}} · {{expert_layer}}{dense} = {{by_part[2]}}")


def _operation_lines(s: Architecture) -> Iterator[Line]:
    if s.window_layers:
        whole, narrow = s.layers - s.window_layers, s.window_layers
        yield Line(
            f" positions seen, over all layers: {whole} · {{context}} + {narrow} · {{narrow}} = {{seen}}"
        )
        each = "2 · {heads} · ({head_dim} + {value_dim}) · {seen}"
    elif s.kv_rank:
        each = "2 · {layers} · {heads} · ({head_dim} + {value_dim}) · {context}"
    else:
        each = "4 · {layers} · {heads} · {head_dim} · {context}"
    yield Line(
        f" scores and mixtures of a token that sees {{context}} positions: {each} = {{attention_flops}}"
    )
    if s.decoder and not s.window_layers:
        yield Line(" (the mean token of a causal sequence sees half of them, and takes half of that)")
    yield Line(" FLOPs a token = 2 · {multiplied} + {attention_flops} = {flops}")
    yield Line(" training, forward and backward: 3 · {flops} = {flops_training}")


def _memory_lines(s: Architecture, dtype: str) -> Iterator[Line]:
    yield Line(" weights = {parameters} · {weight_bytes} bytes = {weights} bytes")
    if not s.decoder:
        yield Line(" an encoder keeps no cache of keys and values")
    else:
        numbers = "{cached}" if s.kv_rank else "2 · {kv_heads} · {head_dim}"
        seen = "{seen}" if s.window_layers else "{layers} · {context}"
        yield Line(f" KV cache = {numbers} · {seen} · {{batch}} · {{cache_bytes}} bytes = {{kv_cache}} bytes")
    yield Line(" to infer: {weights} + {kv_cache} = {memory_inference} bytes, {memory_inference_gib} GiB")
    copy = "" if "32" in dtype or "64" in dtype else ", weight in fp32"
    yield Line(
        f" Adam, bytes a weight: {{training_each: + }} = {{training_bytes}}: weight, gradient{copy}, m and v"
    )
    yield Line(
        " to train: {parameters} · {training_bytes} = {memory_training} bytes, {memory_training_gib} GiB "
        "beside the activations"
    )
