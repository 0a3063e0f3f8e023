"""From the output options to a writer and a place: who writes, where to, in what form."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.mistakes import say
from aimath.cli.options import FORMS
from aimath.cli.progress import Progress
from aimath.errors import InputError
from aimath.read.blocks import suffix
from aimath.read.numbers import integer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.cli.options import Output
    from aimath.render.sink import AtomicFile, Descriptor
    from aimath.render.text import Wanted, Writer
    from aimath.report import Report

SUFFIXES = {
    ".txt": "plain", ".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "json", ".ndjson": "json",
    ".md": "markdown", ".npy": "npy", ".svg": "svg",
}  # fmt: skip
BY_LINE = ("plain", "csv", "tsv", "json", "markdown")


class Terminal(NamedTuple):
    """What is known of where standard output goes."""

    is_terminal: bool
    width: int
    colour: bool
    ascii_only: bool


class Printer:
    """Takes reports, gives bytes to their place; notes and plots beside the data go to standard error."""

    def __init__(
        self,
        writer: Writer,
        sink: AtomicFile | Descriptor,
        *,
        form: str,
        fields: tuple[str, ...],
        aside: Writer | None,
        progress: Progress,
    ) -> None:
        self.writer, self.sink, self.fields = writer, sink, fields
        self.aside, self.progress = aside, progress
        self.by_line = form in BY_LINE
        self.said: set[str] = set()
        self.unmet = ""  # what --check found not to hold

    def rows(self, reports: Sequence[Report]) -> None:
        """Write some rows: for each row its answers, one for each combination that is swept."""
        reports = [report.of_fields(self.fields) for report in reports]
        rows = reports[0].rows
        if len(reports) == 1:
            parts = [self.writer.write(reports[0])]
        elif rows == 1:
            parts = [self.writer.write(report) for report in reports]
        else:
            parts = list(self._interleaved(reports, rows))
        self.sink.write(b"".join(parts))
        self.progress.add(rows)
        for report in reports:
            self._beside(report)
            for more in following(report):
                self.rows([more])

    def _interleaved(self, reports: Sequence[Report], rows: int) -> Iterator[bytes]:
        """Give row 1 of every report, then row 2, by their lines."""
        split = [self.writer.write(report).splitlines(keepends=True) for report in reports]
        header = len(split[0]) - rows
        yield from split[0][:header]
        split[0] = split[0][header:]
        for lines in zip(*split, strict=True):
            yield from lines

    def _beside(self, report: Report) -> None:
        if self.aside:
            _aloud(self.aside.write(report))
        self.unmet = self.unmet or report.unmet
        for kind, notes in (("note", report.notes), ("warning", report.warnings)):
            for note in notes:
                if note not in self.said:
                    self.said.add(note)
                    self.progress.end()
                    say(f"aimath {self.progress.name}: {kind}: {note}")

    def end(self) -> None:
        """Write what the writer kept back."""
        self.sink.write(self.writer.end())
        if self.aside:
            _aloud(self.aside.end())


def following(report: Report) -> Iterator[Report]:
    """Give what comes behind a report: further rows of its answer, then other answers."""
    for more in report.rest:
        yield more._replace(swept=more.swept or report.swept, continued=True)
    yield from report.series


def _aloud(data: bytes) -> None:
    """Write to standard error, where there is one: its number may by now be that of another file."""
    from aimath.render.sink import Descriptor

    if sys.stderr is not None:
        Descriptor(2).write(data)


@contextlib.contextmanager
def printer(output: Output, name: str) -> Iterator[Printer]:
    """Open the place that the options name, and close it whole or leave it untouched."""
    from aimath.render.sink import AtomicFile, Descriptor

    form = _form(output)
    terminal = terminal_of(output)
    if output.out is None and form in {"npy", "svg"}:
        raise InputError(f"a {form} needs --out FILE.{form}", usage=True)
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
        out = Printer(writer, sink, form=form, fields=wanted.fields, aside=aside, progress=progress)
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
            raise InputError(f"--format: '{asked[0]}' is not one of {', '.join(FORMS)}", usage=True)
        if output.explain and asked[0] not in {"table", "json"}:
            why = f"a derivation is a text for people, not {asked[0]}"
            raise InputError(why, hint="--json holds every quantity that it shows", usage=True)
        return asked[0]
    if output.out is not None:
        form = SUFFIXES.get(suffix(output.out))
        if form:
            return "table" if form == "plain" and output.explain else form
        return "table" if output.explain else "plain"
    return "table" if output.explain or is_terminal(1) else "plain"


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
        width=_width() if shown else 80,
        colour=shown and not plain,
        ascii_only=output.ascii or not encoding.startswith("utf"),
    )


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _wanted(output: Output, terminal: Terminal) -> Wanted:
    from aimath.render.numbers import Style
    from aimath.render.text import Wanted

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
    from aimath.render import text

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
    from aimath.render.people import NO_WIDTH, People

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
    from aimath.render.people import Drawing

    return Drawing(wanted)
