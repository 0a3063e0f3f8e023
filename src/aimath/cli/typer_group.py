"""Typer's side of the program: help, what is wrong with a command line, and lines that aren't plain."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer  # noqa: TID253  this module is loaded only where typer is needed
from typer.core import TyperGroup  # noqa: TID253
from typer.models import CommandInfo  # noqa: TID253

from aimath import __version__
from aimath.cli.catalogue import COMMANDS, found
from aimath.cli.chapters import INPUT, chapters, said_of
from aimath.cli.text_command import Voice

if TYPE_CHECKING:
    from aimath.cli.command import Command, Part


class Topics(TyperGroup):
    """A group that imports the one topic which holds the command that was asked for."""

    def list_commands(self, _ctx: Any) -> list[str]:
        """Name every command, in the order of the list."""
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """Give a command, built when it is asked for."""
        if cmd_name not in COMMANDS:
            return None
        command = found(cmd_name)
        info = CommandInfo(name=cmd_name, callback=_callback(command), epilog=f"Example: {command.example}")
        return typer.main.get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command, or suggest the one that was meant."""
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # what suggestions are chosen from
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """List the commands by chapter, without importing them."""
        for title, names in chapters().items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name].summary) for name in names])


def _callback(command: Command) -> Any:
    """Give what typer looks at and calls: a function whose signature is made of the command's parts."""

    def call(**given: Any) -> int:
        from aimath.cli.run import run

        return run(command, given)

    signature = inspect.Signature([_parameter(part) for part in command.parts])
    call.__name__, call.__doc__ = command.function.__name__, said_of(command.name)
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {key: p.annotation for key, p in signature.parameters.items()}
    return call


def _parameter(part: Part) -> inspect.Parameter:
    say: dict[str, Any] = {"help": part.help, "metavar": part.metavar or None}
    mark = typer.Option(*part.flags, **say) if part.flags else typer.Argument(**say)
    kind = part.kind | None if part.default is None else part.kind
    return inspect.Parameter(
        part.key, inspect.Parameter.KEYWORD_ONLY, default=part.default, annotation=Annotated[kind, mark]
    )


group = typer.Typer(
    cls=Topics,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "terminal_width": Voice().width - 2},
)


@group.callback(
    invoke_without_command=True, help=f"Calculate the mathematics behind AI, and show each step.\n\n{INPUT}"
)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the versions and exit.")] = False,
) -> None:
    """Show the versions, or the help, where no command is named."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"aimath {__version__} (numpy {installed('numpy')}, Python {sys.version.split()[0]})")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def grouped(words: list[str]) -> int:
    """Run a command line by typer and give its exit code."""
    try:
        return int(group(args=words, prog_name="aimath", standalone_mode=False) or 0)
    except typer.Abort:
        raise KeyboardInterrupt from None
