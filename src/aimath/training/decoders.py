"""Models of ours that are decoders, as core.nn's Decoder runs them, with all that it tells."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from aimath.core import nn
from aimath.errors import InputError
from aimath.training.registry import find_recipe

if TYPE_CHECKING:
    from aimath.training.interface import Model


@functools.cache
def trained(name: str) -> Model:
    """Return the model of a run that is trained as its recipe says."""
    recipe = find_recipe(name)
    run = recipe.build(recipe.defaults, ())
    while run.done < run.steps:
        run.step()
    return run.model


def decoder_of(model: Model, name: str, dtype: str = "float32") -> nn.Decoder:
    """Return the decoder of a model of the run `name`, or raise InputError if it is none."""
    gpt = getattr(model, "gpt", None)
    if not isinstance(gpt, nn.GPT):
        hint = "try one of aimath train names or reverse"
        raise InputError(f"a model of {name} is no decoder", hint=hint)
    sizes = gpt.config
    config = nn.DecoderConfig(
        sizes.vocabulary,
        sizes.width,
        sizes.layers,
        sizes.heads,
        sizes.heads,
        sizes.context,
        activation=sizes.activation,
        tied=False,
    )
    return nn.Decoder(config, {key: one.astype(dtype) for key, one in model.tensors.items()})
