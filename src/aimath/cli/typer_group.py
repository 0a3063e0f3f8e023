"""The typer application: help, usage errors and command lines the fast parser leaves to it."""

from __future__ import annotations

import inspect
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer  # noqa: TID253  this module is loaded only where typer is needed
from typer.core import TyperCommand, TyperGroup  # noqa: TID253
from typer.models import CommandInfo  # noqa: TID253

from aimath import __version__
from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.chapters import INPUT_HELP, commands_by_chapter, summary_of
from aimath.cli.options import InputOptions, OutputOptions
from aimath.cli.text_command import TextCommand, TextOutput

if TYPE_CHECKING:
    from aimath.cli.command import Command, Param


class PlainCommand(TyperCommand):
    """A typer command whose parameters keep what was typed."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters, the one of its help too."""
        return [_keep_text(part) for part in super().get_params(ctx)]


def _keep_text(part: Any) -> Any:
    """Let a parameter take its text as it was typed, and show no type of it.

    aimath reads numbers itself. From 0.29 on typer would load pydantic to turn text into text, for 86 ms.
    """
    part.process_value = partial(_take_text, part)
    if part.param_type_name == "argument":
        usage = part.metavar if part.metavar.startswith("[") else f"[{part.metavar}]"
        part.get_help_record = lambda _context: (part.metavar, part.help)
        part.get_usage_pieces = lambda _context: [usage]
    return part


def _take_text(part: Any, context: Any, value: Any) -> Any:
    """Return what was typed for a parameter, as a list where there may be several."""
    if part.multiple or part.nargs == -1:
        value = list(value) if value else None
    return part.callback(context, part, value) if part.callback else value


class LazyGroup(TyperGroup):
    """A typer group that imports only the module of the command that is called."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters of the program itself."""
        return [_keep_text(part) for part in super().get_params(ctx)]

    def list_commands(self, _ctx: Any) -> list[str]:
        """Return the command names in the order of the catalogue."""
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """Return a command, built on first use."""
        if cmd_name not in COMMANDS:
            return None
        command = lookup(cmd_name)
        epilog = f"{_SHARED}\n\nExample: {command.example}" if _shared_names(command) else ""
        epilog = epilog or f"Example: {command.example}"
        info = CommandInfo(name=cmd_name, cls=PlainCommand, callback=_callback(command), epilog=epilog)
        return typer.main.get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is called, or raise InputError with the line that was meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from aimath.cli.guesses import unknown_command  # noqa: PLC0415  only for mistakes

            raise unknown_command(args)
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """List the commands by chapter, without importing them."""
        for title, names in commands_by_chapter().items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name].summary) for name in names])


_SHARED = (
    "Also: --explain, --plot, --json, --csv, --digits and others of reading and output: aimath help options"
)
"""What the help of a command says of the options that all share."""


def _shared_names(command: Command) -> set[str]:
    """Return the options of a command that all commands share, and that its help doesn't list."""
    if isinstance(command, TextCommand):
        return set()
    return {*OutputOptions._fields, *(InputOptions._fields if command.operands else ())}


def _callback(command: Command) -> Any:
    """Return a function for typer whose signature is built from the command's parameters."""

    def call(**given: Any) -> int:
        from aimath.cli.runner.run import run

        return run(command, given)

    shared = _shared_names(command)
    signature = inspect.Signature(
        [_typer_parameter(part, hidden=part.name in shared) for part in command.params]
    )
    call.__name__, call.__doc__ = command.function.__name__, summary_of(command.name)
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {key: p.annotation for key, p in signature.parameters.items()}
    return call


def _typer_parameter(param: Param, *, hidden: bool) -> inspect.Parameter:
    say: dict[str, Any] = {"help": param.help, "metavar": param.metavar or None, "hidden": hidden}
    mark = typer.Option(*param.flags, **say) if param.flags else typer.Argument(**say)
    kind = param.kind | None if param.default is None else param.kind
    return inspect.Parameter(
        param.name, inspect.Parameter.KEYWORD_ONLY, default=param.default, annotation=Annotated[kind, mark]
    )


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "terminal_width": TextOutput().width - 2},
)


@app.callback(
    invoke_without_command=True,
    help=f"Calculate the mathematics behind AI, and show each step.\n\n{INPUT_HELP}",
)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the versions and exit.")] = False,
) -> None:
    """Print the versions, or the help if no command is given."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"aimath {__version__} (numpy {installed('numpy')}, Python {sys.version.split()[0]})")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def help_of(name: str) -> str:
    """Return what `aimath NAME --help` prints."""
    group = typer.main.get_command(app)
    parent = typer.Context(group, info_name="aimath")
    command = group.get_command(parent, name)  # type: ignore[attr-defined]
    return str(typer.Context(command, info_name=name, parent=parent).get_help())


def run_typer(args: list[str]) -> int:
    """Run a command line through typer and return its exit code."""
    try:
        return int(app(args=args, prog_name="aimath", standalone_mode=False) or 0)
    except typer.Abort:
        raise KeyboardInterrupt from None
