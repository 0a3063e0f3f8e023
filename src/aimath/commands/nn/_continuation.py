"""What generate does with a large model: it goes on with a prompt, or tells its surprise at texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.commands.nn._language_models import check_length, open_language_model
from aimath.errors import InputError, pluralize
from aimath.report import Page, PageHeader, Plot, Report

if TYPE_CHECKING:
    from collections.abc import Sequence


def continued(
    path: str,
    prompt: str,
    how: tuple[float, int, float, float],
    asked: tuple[int, int, int],
    memory: int | None,
    dtype: str,
) -> Report:
    """Return the report of `asked` texts, tokens at most and seed, that begin with a prompt."""
    import numpy as np

    from aimath.core import nn
    from aimath.training.results import GeneratedTexts

    if not prompt:
        raise InputError("a large model goes on with a text", hint="give it by --prompt", usage=True)
    model = open_language_model(path, memory, dtype, hold=True)
    text = model.read(prompt)
    check_length(model, text)
    texts, most, seed = asked
    model.room(min(len(text.ids) + most, model.decoder.config.context), 1)
    rng = np.random.default_rng(seed)
    seen = nn.read_prompt(model.decoder, text.ids)
    found = [
        nn.continue_tokens(model.decoder, text.ids, most, rng, nn.Sampling(*how), model.ends, seen)
        for _ in range(texts)
    ]
    full = any(not one.ended and len(one.ids) < most for one in found)
    context = model.decoder.config.context
    notes = (f"the context of {pluralize(context, 'token')} is full",) if full else ()
    return Report(
        GeneratedTexts(
            np.array([model.decode((*text.ids, *one.ids)) for one in found]),
            np.array([one.nats for one in found]),
        ),
        show=("text",),
        summary_fields=("text", "surprise"),
        units={"surprise": "nats"},
        notes=(*model.notes, *notes),
        page=Page(PageHeader((), explain=False)),
        extra={"run": path, "seed": seed, "temperature": how[0], "precision": dtype},
    )


def surprises(path: str, texts: Sequence[str], memory: int | None, dtype: str) -> Report:
    """Return the report of how surprising each token of texts is, as `gpt --nll` has it."""
    import numpy as np

    from aimath.core import nn
    from aimath.training.results import Surprises

    model = open_language_model(path, memory, dtype)
    read = [model.read(text, whole=True) for text in texts]
    for text in read:
        check_length(model, text, 1)
    found = [
        nn.token_surprises(model.decoder, text, model.spell, first=model.first_told(text)) for text in read
    ]
    nats, words, tokens, probs = (
        np.concatenate([getattr(one, name) for one in found])
        for name in ("nats", "text", "token", "probability")
    )
    return Report(
        Surprises(text=words, token=tokens, nats=nats, probability=probs),
        show=("text", "token", "nats", "probability"),
        units={"nats": "nats"},
        plot=Plot("nats"),
        notes=model.notes,
        page=Page(PageHeader((), explain=False)),
        extra={"precision": dtype},
    )
