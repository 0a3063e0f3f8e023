"""From the output options to a writer and a destination."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.options import FORMATS
from aimath.cli.printer import Aside, Printer, Progress, StandardError
from aimath.errors import InputError
from aimath.read.blocks import COMPRESSIONS, data_suffix, file_suffix
from aimath.read.numbers import parse_integer
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from aimath.cli.options import OutputOptions
    from aimath.render.report_view import LayoutOptions, Writer

FORMAT_BY_SUFFIX = {
    ".txt": "plain", ".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "json", ".ndjson": "json",
    ".md": "markdown", ".npy": "npy", ".svg": "svg", ".html": "html", ".tex": "latex",
}  # fmt: skip
DERIVATION_FORMS = ("plain", "table", "json", "svg", "html", "markdown", "latex")
"""Forms that --explain leaves nothing out of: plain becomes a table, JSON holds every quantity."""


PICTURED_FORMS = ("svg", "html", "latex")
"""Forms that hold the plot beside the answer."""

FIGURE_FORMS, DARK_MARK = ("svg", "png", "pdf"), ".dark"
"""What a figure's suffix may be, and what makes it one for a dark page: x.dark.svg."""

MAX_TITLE = 100

MIN_SCREEN = 36
"""At a terminal that many lines are shown of several answers, or as many as it has."""


class Terminal(NamedTuple):
    """Properties of the terminal or file that standard output goes to."""

    is_terminal: bool
    width: int
    height: int
    colour: bool
    ascii_only: bool
    braille: bool


def title_of(name: str, typed: Sequence[str]) -> str:
    """Return the title of a document: the line that was typed, without what made a document of it."""
    words, rest = [], iter(typed)
    for word in rest:
        if word in {"--out", "--figure"}:
            next(rest, None)
        elif word != "--explain" and not word.startswith(("--out=", "--figure=")):
            words.append(word)
    import shlex  # noqa: PLC0415  for documents alone

    line = shlex.join(["aimath", *(words or [name])])
    return line if len(line) <= MAX_TITLE else f"{line[: MAX_TITLE - 1]}…"


@contextlib.contextmanager
def open_printer(output: OutputOptions, name: str, typed: Sequence[str] = ()) -> Iterator[Printer]:
    """Open the destination that the options name, committed on success and untouched on error."""
    from aimath.render.sink import FileDescriptor, TerminalDescriptor

    form = _resolve_format(output)
    terminal = detect_terminal(output)
    wanted = _layout_options(output, terminal)
    if output.out is None:
        fd = stdout_fd()
        text = terminal.is_terminal and form in FORMATS and form != "table"  # a table has colours of its own
        place: Any = contextlib.nullcontext(TerminalDescriptor(fd) if text else FileDescriptor(fd))
    else:
        place = _open_file(output.out, form)
    with place as sink, _open_figure(output, wanted, name) as figures:
        writer = _make_writer(form, output, wanted, terminal, sink, name, typed)
        asides = [*_plots_aside(output, wanted, form, terminal), *figures]
        # Not on the terminal that shows the answer: the two would run into each other.
        progress = Progress(name, enabled=sys.stderr is not None and is_terminal(2) and not is_terminal(1))
        by_line = form in FORMATS and form != "table"
        out = Printer(
            writer, sink, row_oriented=by_line, fields=wanted.fields, asides=asides, progress=progress
        )
        try:
            yield out
            out.finish()
        finally:
            progress.clear()


def _open_file(path: str, form: str) -> Any:
    """Return the file that an answer goes to, compressed if its last suffix says so."""
    from aimath.render.sink import AtomicFile

    kind = COMPRESSIONS.get(file_suffix(path))
    if kind is None:
        return AtomicFile(path)
    if form == "npy":
        why = f"{quote(path)} can't be written in one go: an .npy's header is known last"
        raise InputError(why, hint="use --out FILE.npy and compress it", usage=True).within("--out")
    from aimath.cli.compressed_output import CompressedFile  # noqa: PLC0415  only for such files

    return CompressedFile(AtomicFile(path), kind)


def _resolve_format(output: OutputOptions) -> str:
    """Return the output format: the one asked for, by the file's suffix, or by whether it is a terminal."""
    asked = [form for form, on in (("json", output.json), ("csv", output.csv)) if on]
    asked += [output.format] if output.format else []
    if len(set(asked)) > 1:
        raise InputError(f"{' and '.join(asked)} exclude each other", usage=True).within("--format")
    if asked:
        if asked[0] not in FORMATS:
            why = f"'{asked[0]}' is not one of {', '.join(FORMATS)}"
            suffixed = f".{asked[0].lower()}"
            hint = f"use --out FILE{suffixed} in place of --format" if suffixed in FORMAT_BY_SUFFIX else ""
            raise InputError(why, hint=hint, usage=True).within("--format")
        if output.explain and asked[0] not in {"table", "json", "markdown"}:
            why = f"a derivation is a text for people, not {asked[0]}"
            raise InputError(why, hint="--json holds every quantity that it shows", usage=True)
        return _form_of_file(output.out or "", asked[0])
    form = _form_of_file(output.out or "")
    if output.explain and form not in DERIVATION_FORMS:
        why = f"a derivation is a text for people, and {quote(output.out or '')} would hold {form}"
        raise InputError(why, hint=f"the suffixes are {_suffixes(DERIVATION_FORMS)}", usage=True).within(
            "--out"
        )
    for_people = output.explain or (output.out is None and is_terminal(1))
    return "table" if form == "plain" and for_people else form


def _form_of_file(path: str, asked: str = "") -> str:
    """Return the form of a file: the one asked for, or what its suffix names, by default plain.

    A suffix that names no form, or another one than is asked for, is refused; any text goes into a .txt.
    """
    name = path.rpartition("/")[2].lower()
    if name in FORMAT_BY_SUFFIX:
        raise InputError(f"{quote(path)} is a suffix without a name", hint=f"use --out x{name}", usage=True)
    if name in COMPRESSIONS:
        raise InputError(
            f"{quote(path)} is a suffix without a name", hint=f"use --out x.csv{name}", usage=True
        )
    suffix = data_suffix(path)
    form = FORMAT_BY_SUFFIX.get(suffix, "" if suffix else "plain")
    if not form:
        why = f"the suffix of {quote(path)} names no form"
        hint = f"the suffixes are {_suffixes(FORMAT_BY_SUFFIX.values())}, and .gz and so on behind them"
        raise InputError(why, hint=hint, usage=True).within("--out")
    if asked and form not in ("plain", asked):
        raise InputError(f"{quote(path)} would hold {form}, not {asked}", usage=True).within("--out")
    return asked or form


def _suffixes(forms: Collection[str]) -> str:
    return " ".join(suffix for suffix, form in FORMAT_BY_SUFFIX.items() if form in forms)


def is_terminal(fd: int) -> bool:
    """Return whether a file descriptor is a terminal."""
    try:
        return os.isatty(fd)
    except OSError:
        return False


def detect_terminal(output: OutputOptions) -> Terminal:
    """Return the properties of the output's destination."""
    shown = output.out is None and is_terminal(1)
    dumb = os.environ.get("TERM") == "dumb" and not os.environ.get("FORCE_COLOR")
    plain = dumb or bool(os.environ.get("NO_COLOR"))
    size = _terminal_size() if is_terminal(1) else (80, 24)
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return Terminal(
        is_terminal=shown,
        width=size[0],  # a file has what the terminal would show
        height=size[1],
        colour=shown and not plain,
        ascii_only=output.ascii or not encoding.startswith("utf"),
        braille=os.environ.get("TERM") != "linux",  # the kernel's console has 512 signs, and none of dots
    )


def _terminal_size() -> tuple[int, int]:
    import shutil

    return shutil.get_terminal_size()


def _layout_options(output: OutputOptions, terminal: Terminal) -> LayoutOptions:
    from aimath.render.numbers import NumberStyle
    from aimath.render.report_view import LayoutOptions

    if output.digits and output.decimals:
        raise InputError("--digits and --decimals exclude each other", usage=True)
    return LayoutOptions(
        style=NumberStyle(
            digits=parse_integer(output.digits, "--digits", 1, 17) if output.digits else None,
            decimals=parse_integer(output.decimals, "--decimals", 0, 30) if output.decimals else None,
        ),
        fields=tuple(part.strip() for part in output.fields.split(",") if part.strip()),
        header=not output.no_header,
        width=terminal.width,
        all_rows=output.all,
        ascii_only=terminal.ascii_only,
        colour=terminal.colour,
        braille=terminal.braille,
        log_y=output.log_y,
    )


def stdout_fd() -> int:
    """Return the descriptor of standard output, if it is open."""
    try:
        os.fstat(1)
    except OSError:
        raise InputError("standard output is closed", hint="use --out FILE") from None
    return 1


def _make_writer(
    format_name: str,
    output: OutputOptions,
    layout: LayoutOptions,
    terminal: Terminal,
    sink: Any,
    name: str,
    typed: Sequence[str],
) -> Writer:
    from aimath.render import formats as text

    if format_name == "plain":
        return text.PlainWriter(layout)
    if format_name in {"csv", "tsv"}:
        return text.DelimitedWriter(layout, "," if format_name == "csv" else "\t")
    if format_name == "json":
        quiet = layout._replace(ascii_only=output.ascii)  # the same whoever reads
        return text.JsonLinesWriter(quiet, explain=output.explain)
    if format_name == "markdown" and not output.explain:
        return text.MarkdownWriter(layout)
    if format_name in {"markdown", "html", "latex"}:
        return _make_page_writer(format_name, output, layout, title_of(name, typed))
    if format_name == "npy":
        from aimath.render.npy import NpyWriter

        return NpyWriter(layout, sink)
    return _make_terminal_writer(format_name, output, layout, terminal, name)


def _make_page_writer(format_name: str, output: OutputOptions, layout: LayoutOptions, title: str) -> Writer:
    """Return the writer of a document, each imported where it is used."""
    if format_name == "html":
        from aimath.render.documents.html import html_writer as writer_of
    elif format_name == "latex":
        from aimath.render.documents.latex import latex_writer as writer_of
    else:
        from aimath.render.documents.markdown import markdown_writer as writer_of
    return writer_of(layout._replace(ascii_only=False), title, explain=output.explain, draw=output.draws)


def _make_terminal_writer(
    format_name: str, output: OutputOptions, layout: LayoutOptions, terminal: Terminal, name: str
) -> Writer:
    from aimath.render._document import UNLIMITED_WIDTH
    from aimath.render.terminal import TerminalWriter

    seen = terminal.is_terminal or format_name == "svg"
    drawn = output.draws and seen
    if seen and not output.all:
        layout = layout._replace(max_lines=max(MIN_SCREEN, terminal.height))
    if format_name == "svg":
        from aimath.render.documents.svg import SvgWriter

        return SvgWriter(layout, f"aimath {name}", explain=output.explain, draw=drawn)
    if not terminal.is_terminal and not output.explain:
        layout = layout._replace(width=UNLIMITED_WIDTH)
    return TerminalWriter(layout, explain=output.explain, draw=drawn, images=seen)


def _plots_aside(
    output: OutputOptions, layout: LayoutOptions, format_name: str, terminal: Terminal
) -> list[Aside]:
    """Return the writer of plots that go to standard error beside piped data, if any do."""
    if not output.draws or format_name in PICTURED_FORMS or (terminal.is_terminal and format_name == "table"):
        return []
    from aimath.render.terminal import PlotWriter

    return [Aside(PlotWriter(layout), StandardError())]


@contextlib.contextmanager
def _open_figure(output: OutputOptions, layout: LayoutOptions, name: str) -> Iterator[list[Aside]]:
    """Open the file of --figure, if it is asked for, as a file of --out is opened."""
    if output.figure is None:
        yield []
        return
    form = _form_of_figure(output.figure)
    if output.out is not None and _is_one_file(output.out, output.figure):
        why = f"--out and --figure are both {quote(output.figure)}"
        raise InputError(why, hint="give each a file of its own", usage=True)
    _need_matplotlib()
    from aimath.render.figures.figure import FigureWriter
    from aimath.render.sink import AtomicFile

    dark = output.figure.lower().endswith(f"{DARK_MARK}.{form}")
    with AtomicFile(output.figure, "--figure") as sink:
        yield [Aside(FigureWriter(layout, form, f"aimath {name}", dark=dark), sink)]


def _form_of_figure(path: str) -> str:
    name = path.rpartition("/")[2].lower()
    form = next((form for form in FIGURE_FORMS if name.endswith(f".{form}")), "")
    if not form or name.removesuffix(DARK_MARK + "." + form) in ("", f".{form}"):
        wanted = f"x.{form or 'svg'}"
        why = f"the suffix of {quote(path)} is none of {', '.join(FIGURE_FORMS)}"
        why = f"{quote(path)} is a suffix without a name" if form else why
        raise InputError(why, hint=f"use --figure {wanted}", usage=True).within("--figure")
    return form


def _is_one_file(one: str, other: str) -> bool:
    """Return whether two paths name one file, be it there or not."""
    with contextlib.suppress(OSError, ValueError):
        return os.path.realpath(one) == os.path.realpath(other) or os.path.samefile(one, other)  # noqa: PTH121
    return False


def _need_matplotlib() -> None:
    """Raise InputError if matplotlib can't be imported, with how to get it."""
    import logging  # noqa: PLC0415

    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)  # it tells of its caches and fonts
    try:
        import matplotlib as mpl  # noqa: F401, PLC0415  half a second, for figures alone
    except Exception as error:  # noqa: BLE001  what it makes of the user's own settings, too
        found = isinstance(error, ModuleNotFoundError) and error.name == "matplotlib"
        why = "--figure draws by matplotlib, which "
        why += "is not installed" if found else f"can't be imported: {quote(str(error))}"
        raise InputError(why, hint="pip install 'aimath[figures]'") from None
