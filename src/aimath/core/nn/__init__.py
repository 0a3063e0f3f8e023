"""Tensors with gradients, networks of them and what trains these, and the size of a transformer."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.nn._architecture import (
        Architecture as Architecture,
        check_architecture as check_architecture,
        tensor_shapes as tensor_shapes,
    )
    from aimath.core.nn._decoder import (
        Decoder as Decoder,
        DecoderConfig as DecoderConfig,
        DecoderPass as DecoderPass,
        KVCache as KVCache,
        decoder_shapes as decoder_shapes,
    )
    from aimath.core.nn._decoder_views import (
        TextIds as TextIds,
        attention_of as attention_of,
        logit_lens as logit_lens,
        next_tokens as next_tokens,
        token_surprises as token_surprises,
    )
    from aimath.core.nn._encoder import (
        MAX_RANDOM_WIDTH as MAX_RANDOM_WIDTH,
        POOLINGS as POOLINGS,
        Embedding as Embedding,
        Encoder as Encoder,
        EncoderConfig as EncoderConfig,
        EncoderPass as EncoderPass,
        embed as embed,
        encoder_shapes as encoder_shapes,
        letter_encoder as letter_encoder,
        letter_ids as letter_ids,
    )
    from aimath.core.nn._generation import (
        Sampling as Sampling,
        continue_tokens as continue_tokens,
        read_prompt as read_prompt,
    )
    from aimath.core.nn._gpt import GPT as GPT, GPTConfig as GPTConfig
    from aimath.core.nn._layer import backprop as backprop
    from aimath.core.nn._model_size import BITS as BITS, PARTS as PARTS
    from aimath.core.nn._optimizers import (
        SGD as SGD,
        Adam as Adam,
        AdamW as AdamW,
        Momentum as Momentum,
        Muon as Muon,
        orthogonalize as orthogonalize,
    )
    from aimath.core.nn._parameters import EMA as EMA, Parameters as Parameters, clip_norm as clip_norm
    from aimath.core.nn._params import LIKE as LIKE, params as params
    from aimath.core.nn.autograd._functions import (
        cross_entropy as cross_entropy,
        exp as exp,
        gelu as gelu,
        log as log,
        log_softmax as log_softmax,
        logsumexp as logsumexp,
        relu as relu,
        sigmoid as sigmoid,
        silu as silu,
        softmax as softmax,
        sqrt as sqrt,
        stack as stack,
        tanh as tanh,
        where as where,
    )
    from aimath.core.nn.autograd._fused import (
        attention as attention,
        concatenate as concatenate,
        cross_entropy_loss as cross_entropy_loss,
        dropout as dropout,
        embedding as embedding,
        layer_norm as layer_norm,
        linear as linear,
        rms_norm as rms_norm,
        split as split,
    )
    from aimath.core.nn.autograd._gates import reglu as reglu
    from aimath.core.nn.autograd._gradients import check_gradients as check_gradients, gradients as gradients
    from aimath.core.nn.autograd._likelihoods import (
        bernoulli_loss as bernoulli_loss,
        discretized_logistic_loss as discretized_logistic_loss,
    )
    from aimath.core.nn.autograd._tensor import Tensor as Tensor
    from aimath.core.nn.checkpoints._quantization import (
        FORMATS as FORMATS,
        check_formats as check_formats,
        requantize as requantize,
    )
    from aimath.core.nn.checkpoints._tensor_sources import (
        Pair as Pair,
        TensorSource as TensorSource,
        rows_in_block as rows_in_block,
        select_tensors as select_tensors,
    )
    from aimath.core.nn.checkpoints._weights import (
        HEADER_FIELDS as HEADER_FIELDS,
        Asked as Asked,
        TensorsAccumulator as TensorsAccumulator,
        pairs_of_sources as pairs_of_sources,
        weights as weights,
        weights_of_sources as weights_of_sources,
    )

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_architecture": ["Architecture", "check_architecture", "tensor_shapes"],
        "_decoder": ["Decoder", "DecoderConfig", "DecoderPass", "KVCache", "decoder_shapes"],
        "_encoder": [
            "MAX_RANDOM_WIDTH",
            "POOLINGS",
            "Embedding",
            "Encoder",
            "EncoderConfig",
            "EncoderPass",
            "embed",
            "encoder_shapes",
            "letter_encoder",
            "letter_ids",
        ],
        "autograd._functions": [
            "cross_entropy",
            "exp",
            "gelu",
            "log",
            "log_softmax",
            "logsumexp",
            "relu",
            "sigmoid",
            "silu",
            "softmax",
            "sqrt",
            "stack",
            "tanh",
            "where",
        ],
        "autograd._fused": [
            "attention",
            "concatenate",
            "cross_entropy_loss",
            "dropout",
            "embedding",
            "layer_norm",
            "linear",
            "rms_norm",
            "split",
        ],
        "autograd._gates": ["reglu"],
        "_decoder_views": ["TextIds", "attention_of", "logit_lens", "next_tokens", "token_surprises"],
        "_generation": ["Sampling", "continue_tokens", "read_prompt"],
        "_gpt": ["GPT", "GPTConfig"],
        "autograd._gradients": ["check_gradients", "gradients"],
        "_layer": ["backprop"],
        "autograd._likelihoods": ["bernoulli_loss", "discretized_logistic_loss"],
        "_model_size": ["BITS", "PARTS"],
        "_optimizers": ["SGD", "Adam", "AdamW", "Momentum", "Muon", "orthogonalize"],
        "_parameters": ["EMA", "Parameters", "clip_norm"],
        "_params": ["LIKE", "params"],
        "checkpoints._quantization": ["FORMATS", "check_formats", "requantize"],
        "autograd._tensor": ["Tensor"],
        "checkpoints._tensor_sources": ["Pair", "TensorSource", "rows_in_block", "select_tensors"],
        "checkpoints._weights": [
            "HEADER_FIELDS",
            "Asked",
            "TensorsAccumulator",
            "pairs_of_sources",
            "weights",
            "weights_of_sources",
        ],
    },
)
