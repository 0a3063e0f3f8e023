"""Paths into JSON, and the lists of objects that they lead to.

A path is keys and places joined by points, `choices.0.logprobs`, in which * stands for all of a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PARTS = 32
"""So many parts a path may have."""
_NUMBERS = (int, float)
_USUAL_NAMES = ("token", "label", "name", "word", "text", "id")
"""Fields that name the others, where an object has several texts."""


class Found(NamedTuple):
    """What a path leads to: its value and its place."""

    value: Any
    place: str


def find(value: Any, path: str, place: str = "") -> Found:
    """Return what a path leads to: a key of the whole name first, or its parts one after the other.

    >>> find({"a.b": 1, "a": [{"b": 2}, {"b": 3}]}, "a.*.b").value
    [2, 3]
    """
    if isinstance(value, dict) and path in value:
        return Found(value[path], f"{place}.{path}".removeprefix("."))
    parts = path.split(".")
    if len(parts) > MAX_PARTS:
        raise InputError(f"{quote(path)} has more than {MAX_PARTS} parts", usage=True).within("--key")
    return Found(_walk(value, parts, place), f"{place}.{path}".removeprefix("."))


def _walk(value: Any, parts: Sequence[str], place: str) -> Any:
    for k, part in enumerate(parts):
        rest = ".".join(parts[k:])
        if isinstance(value, dict) and rest in value:
            return value[rest]
        if part == "*" and isinstance(value, (list, dict)):
            each = enumerate(value) if isinstance(value, list) else value.items()
            return [
                None if one is None else _walk(one, parts[k + 1 :], _join(place, key)) for key, one in each
            ]
        value = _step(value, part, place)
        place = _join(place, part)
    return value


def _join(place: str, part: object) -> str:
    return f"{place}.{part}" if place else str(part)


def _step(value: Any, part: str, place: str) -> Any:
    """Return the member of an object, or the item of a list, that one part of a path names."""
    if isinstance(value, dict):
        if part in value:
            return value[part]
        there = ", ".join(map(quote, list(value)[:8])) or "none"
        raise InputError(f"{place or 'it'} has no key {quote(part)}; its keys are {there}")
    if isinstance(value, list):
        if part.isascii() and part.isdigit() and int(part[:9]) < len(value):
            return value[int(part[:9])]
        hint = "count from 0, or write * for all"
        raise InputError(f"{place or 'it'} is a list of {len(value)}, without {quote(part)}", hint=hint)
    raise InputError(f"{place or 'it'} is no object and no list, and so has no {quote(part)}")


class Named(NamedTuple):
    """Numbers with their names."""

    numbers: list[Any]  # numbers, or None for null
    names: tuple[str, ...] = ()


def as_named(value: Any) -> Named | None:
    """Return the numbers of a list of objects with one each, or of an object of numbers; else None.

    >>> as_named([{"token": "a", "logprob": -1.5}, {"token": "b", "logprob": None}])
    Named(numbers=[-1.5, None], names=('a', 'b'))
    """
    if (
        isinstance(value, dict)
        and value
        and all(type(one) in _NUMBERS or one is None for one in value.values())
    ):
        return Named(list(value.values()), tuple(value))
    if not (isinstance(value, list) and value and all(isinstance(one, dict) for one in value)):
        return None
    columns = ([one.get(key) for one in value] for key in value[0])
    numbers = [
        column
        for column in columns
        if all(type(one) in _NUMBERS or one is None for one in column)
        and any(one is not None for one in column)
    ]
    return Named(numbers[0], names_of(value)) if len(numbers) == 1 else None


def names_of(objects: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Return the texts that name objects: of the usual field, or of the first that all have as a text."""
    texts = [key for key in objects[0] if all(isinstance(one.get(key), str) for one in objects)]
    usual = [key for key in _USUAL_NAMES if key in texts]
    chosen = (usual or texts)[:1]
    return tuple(one[key] for key in chosen for one in objects)


class Response(NamedTuple):
    """The log-probabilities of tokens that a response of a language model's server holds."""

    shape: str  # what it is
    texts: list[Named]  # of each choice
    passed_over: int  # leading tokens without one


def as_response(value: Any) -> Response | None:
    """Return the log-probabilities of a response as OpenAI's API has it, of chat or of completions."""
    choices = value.get("choices") if isinstance(value, dict) else None
    if not (isinstance(choices, list) and choices and all(isinstance(one, dict) for one in choices)):
        return None
    held = [one.get("logprobs") for one in choices]
    if not all(isinstance(one, dict) for one in held):
        return None
    if all(isinstance(one.get("content"), list) for one in held):
        tokens = [one["content"] for one in held]
        if not all(isinstance(token, dict) and "logprob" in token for text in tokens for token in text):
            return None
        texts = [
            Named([token["logprob"] for token in text], names_of(text) if text else ()) for text in tokens
        ]
        return _without_leading_nulls("OpenAI's chat completion", texts)
    if all(isinstance(one.get("token_logprobs"), list) for one in held):
        texts = [Named(one["token_logprobs"], _tokens(one)) for one in held]
        return _without_leading_nulls("OpenAI's completion", texts)
    return None


def _tokens(held: dict[str, Any]) -> tuple[str, ...]:
    tokens = held.get("tokens")
    if not isinstance(tokens, list) or len(tokens) != len(held["token_logprobs"]):
        return ()
    return tuple(tokens) if all(isinstance(one, str) for one in tokens) else ()


def _without_leading_nulls(shape: str, texts: list[Named]) -> Response:
    """Return a response without the first token of each text, where nothing is said of it."""
    count = 0
    for k, text in enumerate(texts):
        if text.numbers and text.numbers[0] is None:
            texts[k] = Named(text.numbers[1:], text.names[1:])
            count += 1
    return Response(shape, texts, count)
