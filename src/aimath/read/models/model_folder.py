"""The files of JSON and text that lie beside a model's weights: a stranger's, so read within bounds."""

from __future__ import annotations

import os
from typing import Any

from aimath.errors import InputError
from aimath.read._sources import locate_errors, open_source, sniff_format
from aimath.read.text._json import reject_duplicates

MAX_BYTES = 64 << 20
MAX_DEPTH = 64


def model_folder(path: str) -> str:
    """Return the folder of a model: the path itself, or where the file lies that it names.

    >>> model_folder("@model/weights.safetensors"), model_folder("weights.safetensors")
    ('model', '.')
    """
    path = path.removeprefix("@")
    if os.path.isdir(path):  # noqa: PTH112  2 ms for pathlib
        return path.rstrip("/") or "/"
    return path.rpartition("/")[0] or ("/" if path.startswith("/") else ".")


def has_file(folder: str, name: str) -> bool:
    """Return whether something of that name lies in a folder."""
    return os.path.lexists(f"{folder}/{name}")


def read_text(path: str) -> bytes:
    """Return the bytes of a file of text, of which a byte order mark is none; 64 MiB at most."""
    with open_source(path) as stream:
        sniff_format(stream, "text")
        data = stream.read_all(MAX_BYTES)
        if len(data) > MAX_BYTES:
            raise InputError(f"is larger than {MAX_BYTES >> 20} MiB")
        return data


def read_object(path: str) -> dict[str, Any]:
    """Return the object of a file of JSON."""
    data = read_text(path)
    with locate_errors(path):
        return parse_object(data)


def parse_object(data: bytes) -> dict[str, Any]:
    """Return an object of JSON, or raise InputError if a key is twice in it or it is nested too deeply.

    >>> parse_object(b'{"eos_token_id": [1, 2]}')
    {'eos_token_id': [1, 2]}
    """
    import json  # noqa: PLC0415  orjson takes keys that are there twice

    try:
        value = json.loads(data.decode(), object_pairs_hook=reject_duplicates)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} at line {error.lineno}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start + 1} (0x{data[error.start]:02x}) is not UTF-8") from None
    except RecursionError:
        raise InputError(f"objects are nested deeper than {MAX_DEPTH}") from None
    except InputError:
        raise
    except ValueError:
        raise InputError("not JSON: a number of too many digits") from None
    if not isinstance(value, dict):
        raise InputError("holds no object: {...}")
    check_depth(value)
    return value


def check_depth(value: Any) -> None:
    """Raise InputError if objects and arrays are nested too deeply."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = [
            one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))
        ]
        level = [part for parts in inner for part in parts]
        if not level:
            return
    raise InputError(f"objects are nested deeper than {MAX_DEPTH}")
