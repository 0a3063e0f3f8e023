"""Standard error that is sent nowhere for a while."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def without_stderr() -> Iterator[None]:
    """Send what is written to descriptor 2 nowhere, by processes that are started meanwhile too."""
    try:
        kept = os.dup(2)
    except OSError:  # closed: there is nowhere to write to, or no descriptor left
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  2 ms for pathlib
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
