"""Text to the ids of a model's tokens and back, by the package tokenizers, an extra.

A tokenizer.json, or a vocab.txt of WordPiece as BERT has it. Nothing is fetched: what the package is
handed are the bytes of a file that was read and checked here. It is written in Rust, and what a broken
file makes it panic about is said in one line.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aimath.errors import InputError
from aimath.read._sources import locate_errors
from aimath.read.blocks import file_suffix
from aimath.read.models.model_folder import has_file, model_folder, parse_object, read_object, read_text
from aimath.silence import without_stderr
from aimath.text import escape_control, quote, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXTRA = "pip install 'aimath[text]'"
JSON, VOCABULARY = "tokenizer.json", "vocab.txt"
ENDS = (
    "<|endoftext|>",
    "</s>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|im_end|>",
    "<end_of_turn>",
    "<eos>",
)  # fmt: skip
"""Tokens that end a text, where no file says which do."""
MAX_GROWTH = 64
"""How many times longer a tokenizer may make a text before it cuts it."""
NO_CHARACTER = "\ufffd"


class Tokenizer:
    """A tokenizer of a model: `encode` text to ids, `decode` ids to text, and what each id's token is."""

    def __init__(self, inner: Any, source: str, end_ids: Iterable[int] = ()) -> None:
        self._inner, self.source = inner, source
        inner.no_truncation()  # the file's own limits: the model's context decides
        inner.no_padding()
        self.size: int = max(inner.get_vocab(with_added_tokens=True).values(), default=-1) + 1
        self.end_ids = frozenset(end_ids) or self._known_ids(ENDS)

    def encode(self, text: str, *, special: bool = True) -> list[int]:
        """Return the ids of a text's tokens, with those that the model wants around each, such as [CLS]."""
        try:
            text.encode()
        except UnicodeEncodeError as error:
            why = f"the text {quote(text)} is not UTF-8 at character {error.start + 1}"
            raise InputError(why, hint="convert it with iconv") from None
        with _translate_errors(self.source, "can't cut a text"):
            return list(self._inner.encode(text, add_special_tokens=special).ids)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids, without the tokens that only a model reads."""
        return self._decode(ids, skip=True)

    def token(self, number: int) -> str:
        r"""Return the token of an id as people read it.

        Control characters are \x0a and so on; half a character is as the vocabulary has it.
        """
        raw = self.raw_token(number)
        text = self._decode([number], skip=False)
        return escape_control(raw if not text or NO_CHARACTER in text else text)

    def raw_token(self, number: int) -> str:
        """Return the token of an id as the vocabulary has it: Ġking, ##s."""
        raw = self._inner.id_to_token(number) if 0 <= number < self.size else None
        if raw is None:
            raise InputError(f"has no token of the id {number}").within(self.source)
        return str(raw)

    def _decode(self, ids: Iterable[int], *, skip: bool) -> str:
        known = [int(number) for number in ids]
        for number in dict.fromkeys(known):
            self.raw_token(number)
        with _translate_errors(self.source, "can't join tokens"):
            return str(self._inner.decode(known, skip_special_tokens=skip))

    def _known_ids(self, tokens: Iterable[str]) -> frozenset[int]:
        found = map(self._inner.token_to_id, tokens)
        return frozenset(number for number in found if number is not None)


def read_tokenizer(path: str) -> Tokenizer:
    """Return the tokenizer of a model: of its folder, beside its weights, or the file that is named.

    Of a folder that has both, tokenizer.json is taken.
    """
    file = _find(path.removeprefix("@"))
    data = read_text(file)
    folder = model_folder(file)
    with locate_errors(file):
        if file_suffix(file) == ".json":
            inner = _from_json(data)
        else:
            inner = _from_vocabulary(data, _settings(folder))
    found = Tokenizer(inner, file)
    found.end_ids = _end_ids(folder, found) or found.end_ids
    return found


def _find(path: str) -> str:
    if file_suffix(path) in {".json", ".txt"} and not os.path.isdir(path):  # noqa: PTH112
        return path
    if not os.path.lexists(path):
        raise InputError("no such file or folder").within(f"cannot read {quote(path)}")
    folder = model_folder(path)
    for name in (JSON, VOCABULARY):
        if has_file(folder, name):
            return f"{folder}/{name}"
    hint = f"put the one that belongs to the model there, or name it: {folder}/{JSON}"
    raise InputError(f"holds no {JSON} and no {VOCABULARY}", hint=hint).within(folder)


def _package() -> Any:
    try:
        import tokenizers  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  an extra
    except ImportError:
        why = "text is cut into tokens by the package tokenizers, which is not installed"
        raise InputError(why, hint=EXTRA) from None
    return tokenizers


def _from_json(data: bytes) -> Any:
    whole = parse_object(data)
    if not isinstance(whole.get("model"), dict):
        raise InputError("is no tokenizer: it has no model", hint=f"give a {JSON}")
    _check_growth(whole)
    package = _package()
    with _translate_errors("", "a broken tokenizer"):
        return package.Tokenizer.from_buffer(data)


def _check_growth(whole: dict[str, Any]) -> None:
    """Raise InputError if replacements, each of what others made, would make a text too long."""
    growth, parts = 1, [whole.get("normalizer"), whole.get("pre_tokenizer"), whole.get("decoder")]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            content = part.get("content")
            if isinstance(content, str):
                growth *= max(len(content), 1)
            parts += part.values()
        elif isinstance(part, list):
            parts += part
    if growth > MAX_GROWTH:
        raise InputError(f"its replacements can make a text {growth:.3g} times as long, above {MAX_GROWTH}")


def _from_vocabulary(data: bytes, settings: dict[str, Any]) -> Any:
    """Return WordPiece of a token a line, as BERT's uncased models have it unless the settings say else."""
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start + 1} (0x{data[error.start]:02x}) is not UTF-8") from None
    tokens = {line.removesuffix("\r"): k for k, line in enumerate(lines if lines[-1] else lines[:-1])}
    for name in ("[UNK]", "[CLS]", "[SEP]"):
        if name not in tokens:
            raise InputError(f"is no vocabulary of WordPiece: it has no {name}", hint=f"give a {JSON}")
    package = _package()
    flags = {key: settings[key] for key in ("do_lower_case", "strip_accents") if key in settings}
    for key, value in flags.items():
        if not isinstance(value, bool) and value is not None:
            raise InputError(f"{key} in tokenizer_config.json is not true or false")
    with _translate_errors("", "a broken vocabulary"):
        return package.BertWordPieceTokenizer(
            vocab=tokens,
            lowercase=flags.get("do_lower_case", True) is not False,
            strip_accents=flags.get("strip_accents"),
        )


def _settings(folder: str, name: str = "tokenizer_config.json") -> dict[str, Any]:
    """Return what a file of a model's folder says, nothing if there is none."""
    return read_object(f"{folder}/{name}") if has_file(folder, name) else {}


def _end_ids(folder: str, tokenizer: Tokenizer) -> frozenset[int]:
    stated = _settings(folder).get("eos_token")
    token = stated.get("content") if isinstance(stated, dict) else stated
    found = set(tokenizer._known_ids([token] if isinstance(token, str) else ()))  # noqa: SLF001
    for name in ("generation_config.json", "config.json"):
        ids = _settings(folder, name).get("eos_token_id")
        found |= {k for k in (ids if isinstance(ids, list) else [ids]) if type(k) is int}
    return frozenset(k for k in found if 0 <= k < tokenizer.size)


@contextmanager
def _translate_errors(source: str, what: str) -> Iterator[None]:
    """Turn what the package raises, panics too, into one line; what a panic prints is not shown."""
    try:
        with without_stderr():  # where Rust tells of a panic
            yield
    except (KeyboardInterrupt, SystemExit, MemoryError, InputError):
        raise
    except BaseException as error:  # noqa: BLE001  a panic is no Exception
        why = shorten(str(error).partition("\n")[0], 200)
        told = InputError(f"{what}: {why}", hint=f"save the tokenizer again, or give another {JSON}")
        raise (told.within(source) if source else told) from None
