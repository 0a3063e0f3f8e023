"""From the output options to a writer and a place: who writes, where to, in what form."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.options import FORMS
from aimath.cli.printer import Printer, Progress
from aimath.errors import InputError
from aimath.read.blocks import suffix
from aimath.read.numbers import integer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.cli.options import Output
    from aimath.render.fields import Wanted, Writer

SUFFIXES = {
    ".txt": "plain", ".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "json", ".ndjson": "json",
    ".md": "markdown", ".npy": "npy", ".svg": "svg",
}  # fmt: skip


class Terminal(NamedTuple):
    """What is known of where standard output goes."""

    is_terminal: bool
    width: int
    colour: bool
    ascii_only: bool


@contextlib.contextmanager
def printer(output: Output, name: str) -> Iterator[Printer]:
    """Open the place that the options name, and close it whole or leave it untouched."""
    from aimath.render.sink import AtomicFile, Descriptor

    form = _form(output)
    terminal = terminal_of(output)
    wanted = _wanted(output, terminal)
    if output.out is None:
        place: Any = contextlib.nullcontext(Descriptor(standard_output()))
    else:
        interruptible()
        place = AtomicFile(output.out)
    with place as sink:
        writer = _writer(form, output, wanted, terminal, sink, name)
        aside = _aside(output, wanted, form, terminal)
        # Not on the terminal that shows the answer: the two would run into each other.
        progress = Progress(name, shown=sys.stderr is not None and is_terminal(2) and not is_terminal(1))
        by_line = form in FORMS and form != "table"
        out = Printer(writer, sink, by_line=by_line, fields=wanted.fields, aside=aside, progress=progress)
        try:
            yield out
            out.end()
        finally:
            progress.end()


def _form(output: Output) -> str:
    """Settle the form: asked for, or by the file's suffix, or by who reads."""
    asked = [form for form, on in (("json", output.json), ("csv", output.csv)) if on]
    asked += [output.format] if output.format else []
    if len(set(asked)) > 1:
        raise InputError(f"--format: {' and '.join(asked)} exclude each other", usage=True)
    if asked:
        if asked[0] not in FORMS:
            why = f"--format: '{asked[0]}' is not one of {', '.join(FORMS)}"
            suffixed = f".{asked[0].lower()}"
            hint = f"use --out FILE{suffixed}" if suffixed in SUFFIXES else ""
            raise InputError(why, hint=hint, usage=True)
        if output.explain and asked[0] not in {"table", "json"}:
            why = f"a derivation is a text for people, not {asked[0]}"
            raise InputError(why, hint="--json holds every quantity that it shows", usage=True)
        return asked[0]
    form = SUFFIXES.get(suffix(output.out or ""), "plain")
    for_people = output.explain or (output.out is None and is_terminal(1))
    return "table" if form == "plain" and for_people else form


def is_terminal(number: int) -> bool:
    """Say whether a descriptor is a terminal."""
    try:
        return os.isatty(number)
    except OSError:
        return False


def terminal_of(output: Output) -> Terminal:
    """Find out where the answer goes."""
    shown = output.out is None and is_terminal(1)
    dumb = os.environ.get("TERM") == "dumb" and not os.environ.get("FORCE_COLOR")
    plain = dumb or bool(os.environ.get("NO_COLOR"))
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return Terminal(
        is_terminal=shown,
        width=_width() if is_terminal(1) else 80,  # a file has what the terminal would show
        colour=shown and not plain,
        ascii_only=output.ascii or not encoding.startswith("utf"),
    )


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _wanted(output: Output, terminal: Terminal) -> Wanted:
    from aimath.render.fields import Wanted
    from aimath.render.numbers import Style

    if output.digits and output.decimals:
        raise InputError("--digits and --decimals exclude each other", usage=True)
    return Wanted(
        style=Style(
            digits=integer(output.digits, "--digits", 1, 17) if output.digits else None,
            decimals=integer(output.decimals, "--decimals", 0, 30) if output.decimals else None,
        ),
        fields=tuple(part.strip() for part in output.fields.split(",") if part.strip()),
        header=not output.no_header,
        width=terminal.width,
        all_rows=output.all,
        ascii_only=terminal.ascii_only,
        colour=terminal.colour,
    )


def standard_output() -> int:
    """Give the descriptor of standard output, if it is open."""
    try:
        os.fstat(1)
    except OSError:
        raise InputError("standard output is closed", hint="use --out FILE") from None
    return 1


def interruptible() -> None:
    """Let Ctrl-C and its kin unwind from here on, so that a half-written file is taken away."""
    if signal.getsignal(signal.SIGINT) in {signal.SIG_IGN, signal.default_int_handler}:
        return  # not ours to change
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _leave)


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _writer(form: str, output: Output, wanted: Wanted, terminal: Terminal, sink: Any, name: str) -> Writer:
    from aimath.render import programs as text

    if form == "plain":
        return text.Plain(wanted)
    if form in {"csv", "tsv"}:
        return text.Separated(wanted, "," if form == "csv" else "\t")
    if form == "json":
        return text.Json(wanted._replace(ascii_only=output.ascii))  # the same whoever reads
    if form == "markdown":
        return text.Markdown(wanted)
    if form == "npy":
        from aimath.render.npy import Npy

        return Npy(wanted, sink)
    return _for_people(form, output, wanted, terminal, name)


def _for_people(form: str, output: Output, wanted: Wanted, terminal: Terminal, name: str) -> Writer:
    from aimath.render.terminal import NO_WIDTH, People

    seen = terminal.is_terminal or form == "svg"
    drawn = output.plot and seen
    if form == "svg":
        from aimath.render.svg import Svg

        return Svg(wanted, f"aimath {name}", explain=output.explain, draw=drawn)
    if not terminal.is_terminal and not output.explain:
        wanted = wanted._replace(width=NO_WIDTH)
    return People(wanted, explain=output.explain, draw=drawn, images=seen)


def _aside(output: Output, wanted: Wanted, form: str, terminal: Terminal) -> Writer | None:
    """Give the writer of the plot that goes to standard error beside piped data."""
    if not output.plot or form == "svg" or (terminal.is_terminal and form == "table"):
        return None
    from aimath.render.terminal import Drawing

    return Drawing(wanted)
