"""The Typer app, the list of its commands, and `main`."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from aimath import __version__
from aimath.cli.mistakes import tell
from aimath.read.numbers import looks_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence


class Entry(NamedTuple):
    """Where a command lives, and its help in a line: known without importing it."""

    topic: str
    summary: str


COMMANDS = {
    "softmax": Entry("probability", "Turn logits into probabilities."),
    "logsumexp": Entry("probability", "Take the logarithm of a sum of exponentials."),
    "temperature": Entry("probability", "Show what temperature does to a distribution."),
    "bayes": Entry("bayes", "Update a belief with evidence."),
    "gaussian": Entry("probability", "Evaluate the normal distribution."),
    "describe": Entry("probability", "Summarise values: mean, variance, extremes."),
    "diffuse": Entry("diffusion", "Noise data as a diffusion model does."),
    "entropy": Entry("information", "Measure the uncertainty of a distribution."),
    "cross-entropy": Entry("information", "Measure the loss of predictions against a target."),
    "kl": Entry("information", "Measure how far one distribution is from another."),
    "js": Entry("information", "Measure the symmetric divergence of two distributions."),
    "mutual-information": Entry("information", "Measure what two variables tell of each other."),
    "perplexity": Entry("information", "Count the choices behind a distribution or a text."),
    "gaussian-kl": Entry("information", "Measure the divergence of two normal distributions."),
    "rlhf": Entry("information", "Find the best policy near a reference."),
}


class Topics(TyperGroup):
    """A group that imports the one topic which holds the command that was asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name every command, in the order of the list above."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give a command, built when it is asked for."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        app = importlib.import_module(f"aimath.cli.{entry.topic}").app
        info = next(info for info in app.registered_commands if info.name == cmd_name)
        return typer.main.get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command, or suggest the one that was meant."""
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # what suggestions are chosen from
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


app = typer.Typer(
    cls=Topics,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the versions and exit.")] = False,
) -> None:
    """Calculate the mathematics behind AI, and show each step.

    Numbers come as arguments, from files (@FILE) or on standard input, one vector a line.
    """
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"aimath {__version__} (numpy {installed('numpy')}, Python {sys.version.split()[0]})")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def call(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; mistakes are said on standard error."""
    try:
        code = app(args=_operands_guarded(arguments), prog_name="aimath", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        if os.environ.get("AIMATH_DEBUG"):
            raise
        return tell(error, arguments)
    return int(code or 0)


def _operands_guarded(arguments: Sequence[str]) -> list[str]:
    """Give numbers that start with a minus a leading blank, which the number reader strips.

    So `-1e3` is an operand, and a typo in an option still gets its "Did you mean".
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    guarded = (
        f" {token}" if token.startswith("-") and looks_numeric(token) else token for token in arguments[:end]
    )
    return [*guarded, *arguments[end:]]


def main() -> None:
    """Be the command `aimath`."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # Before numpy is imported: on rows and small matrices BLAS threads cost 7 to 9 times (measured).
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    code = call(sys.argv[1:])
    # Everything is written and flushed: tearing the interpreter down takes 10 to 50 ms more.
    os._exit(code)
