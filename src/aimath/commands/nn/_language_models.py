"""Decoders that texts are read and written by: our own checkpoints, runs trained first, and others' files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimath.errors import InputError, pluralize, suggest
from aimath.read.blocks import file_suffix
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.nn import Decoder, TextIds
    from aimath.training.interface import Model

DTYPES = ("float32", "float64")
"""What a pass is computed in."""
DECODERS = ("reverse", "names")
"""The runs of aimath train that make a decoder."""


class LanguageModel(NamedTuple):
    """A decoder, and what turns text into its tokens and back."""

    decoder: Decoder
    encode: Callable[[str], list[int]]
    decode: Callable[[Sequence[int]], str]
    spell: Callable[[int], str]  # a token as people read it
    starts: Callable[[str], int]  # how many of a text's ids stand before its own: of these nothing is said
    ends: frozenset[int]  # tokens that end a text
    closing: tuple[int, ...] = ()  # what stands behind a text that is whole
    notes: tuple[str, ...] = ()
    room: Callable[[int, int], None] = lambda tokens, places: None  # noqa: ARG005  refuses what doesn't fit

    def read(self, text: str, *, whole: bool = False) -> TextIds:
        """Return a text as ids; a `whole` one with its end, where the model was taught one."""
        from aimath.core.nn import TextIds

        ids = self.encode(text)
        start = self.starts(text)
        if not ids:
            raise InputError(f"{quote(text)} has no tokens", usage=True)
        first = 0 if start else len(self.decode(ids[:1]).encode())
        size = len(text.encode()) - first
        return TextIds(text, (*ids, *(self.closing if whole else ())), float(size))

    def first_told(self, text: TextIds) -> int:
        """Return the place of the first token that has a surprise, or raise InputError if there is none."""
        first = max(1, self.starts(text.text) if text.size == text.size else 1)
        if len(text.ids) <= first:
            why = f"{quote(text.text)} is one token, and nothing stands before it"
            raise InputError(why, hint="give a longer text", usage=True)
        return first

    def of_ids(self, ids: Sequence[int]) -> TextIds:
        """Return ids as a text without words."""
        from aimath.core.nn import TextIds

        return TextIds(" ".join(map(str, ids)), tuple(ids))


def open_language_model(
    path: str, limit: int | None = None, dtype: str = "float32", *, hold: bool = False
) -> LanguageModel:
    """Return the decoder of a run's name, of a checkpoint of aimath train, or of a model's file or folder."""
    from aimath.training.decoders import trained
    from aimath.training.registry import RUNS

    if path in RUNS:
        return _own(trained(path), path, dtype)
    check_there(path, DECODERS)
    if is_checkpoint(path):
        from aimath.training import checkpoint

        found = checkpoint.read(path, limit)
        return _own(checkpoint.open_model(found), found.recipe.name, dtype)
    return _foreign(path, limit, dtype, hold=hold)


def check_there(path: str, runs: Sequence[str]) -> None:
    """Raise InputError about a file or folder that isn't there, and may be one of these runs misspelt."""
    from aimath.read.models.decoder_files import refuse_missing  # noqa: PLC0415  only for files

    if path != "-":
        hint = suggest(path, runs, f"give a model's folder, a .safetensors, or a run: {', '.join(runs)}")
        refuse_missing(path.removeprefix("@"), hint)


def is_large(path: str) -> bool:
    """Return whether a path is of a model that others trained: a folder, or weights beside a config.json."""
    from aimath.read.models.model_folder import has_file, model_folder  # noqa: PLC0415  only for files
    from aimath.training.registry import RUNS

    if path in RUNS:
        return False
    return has_file(model_folder(path), "config.json") and not is_checkpoint(path)


def is_checkpoint(path: str) -> bool:
    """Return whether a file is one that aimath train wrote."""
    if file_suffix(path) != ".safetensors":
        return False
    from aimath.read._sources import open_source  # noqa: PLC0415  only for files
    from aimath.read.binary._safetensors import read_header  # noqa: PLC0415  only for files
    from aimath.read.models.tensors import CHECKPOINT  # noqa: PLC0415  only for files

    with open_source(path.removeprefix("@")) as stream:
        return CHECKPOINT in read_header(stream, unknown=True)[1]


def _own(model: Model, name: str, dtype: str) -> LanguageModel:
    """Return a model of our own, whose tokens are letters or digits."""
    from aimath.training.decoders import decoder_of
    from aimath.training.language_models.letters import MARK

    decoder, tokens = decoder_of(model, name, dtype), tuple(model.tokens)
    number = {token: k for k, token in enumerate(tokens)}
    marks = (0,) if tokens[0] == MARK else ()

    def encode(text: str) -> list[int]:
        lost = next((letter for letter in text if letter not in number or number[letter] in marks), None)
        if lost is not None:
            known = "".join(token for k, token in enumerate(tokens) if k not in marks)
            hint = f"its letters are {known}"
            raise InputError(f"there is no {quote(lost)} among its letters", hint=hint, usage=True)
        return [*marks, *(number[letter] for letter in text)]

    return LanguageModel(
        decoder,
        encode,
        lambda ids: "".join(tokens[k] for k in ids if k not in marks),
        lambda k: tokens[k],
        lambda text: len(marks),  # noqa: ARG005  the same of each
        frozenset(marks),
        marks,
    )


def _foreign(path: str, limit: int | None, dtype: str, *, hold: bool) -> LanguageModel:
    from aimath.read.models.decoder_files import check_room, open_decoder  # noqa: PLC0415  only for files
    from aimath.read.models.model_folder import has_file, model_folder  # noqa: PLC0415  only for files

    files = open_decoder(path, limit, dtype, hold=hold)
    decoder = files.decoder()
    path = path.removeprefix("@")
    folder = model_folder(path)

    def room(tokens: int, places: int) -> None:
        check_room(files.config, tokens, places, limit)

    stated = files.stated.settings.get("eos_token_id")
    stated_ends = frozenset(k for k in (stated if isinstance(stated, list) else [stated]) if type(k) is int)
    if not has_file(folder, "tokenizer.json"):

        def refuse(text: str) -> list[int]:
            del text
            hint = "give the numbers of its tokens by --ids 5,17,3"
            raise InputError("there is no tokenizer.json beside it", hint=hint).within(display_path(path))

        return LanguageModel(
            decoder, refuse, lambda ids: " ".join(map(str, ids)), str, lambda text: 0, stated_ends,  # noqa: ARG005
            notes=files.notes, room=room,
        )  # fmt: skip
    from aimath.read.models.tokenizer import read_tokenizer  # noqa: PLC0415  only for files

    tokenizer = read_tokenizer(f"{folder}/tokenizer.json")
    size = files.config.vocabulary

    def before(text: str) -> int:
        plain, dressed = tokenizer.encode(text, special=False), tokenizer.encode(text)
        return next((k for k in range(len(dressed)) if dressed[k : k + len(plain)] == plain), 0)

    def encode(text: str) -> list[int]:
        ids = tokenizer.encode(text)[: before(text)] + tokenizer.encode(text, special=False)
        lost = next((k for k in ids if k >= size), None)
        if lost is not None:
            why = f"the tokenizer has an id {lost}, and the model tokens up to {size - 1}"
            raise InputError(why, hint="give the tokenizer.json of this model").within(display_path(folder))
        return ids

    return LanguageModel(
        decoder,
        encode,
        tokenizer.decode,
        lambda k: tokenizer.token(k) if k < tokenizer.size else str(k),
        before,
        tokenizer.end_ids | stated_ends,
        notes=files.notes,
        room=room,
    )


def check_length(model: LanguageModel, text: TextIds, more: int = 0) -> None:
    """Raise InputError if a text doesn't fit into the context, or an id is none of the vocabulary."""
    size, context = model.decoder.config.vocabulary, model.decoder.config.context
    wrong = next((k for k in text.ids if not 0 <= k < size), None)
    if wrong is not None:
        raise InputError(f"there is no id {wrong}, only 0 to {size - 1}", usage=True)
    if len(text.ids) > context + more:
        said = f"{quote(text.text)} is {pluralize(len(text.ids), 'token')}, and the context {context}"
        hint = (
            "--nll --stride N goes through it in windows" if more else "give less of it, or --nll --stride N"
        )
        raise InputError(said, hint=hint)
