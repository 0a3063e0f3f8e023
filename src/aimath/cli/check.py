"""Checks of declarations: every name within a string is the name of something.

Each mistake is one line that begins with the file and line of the command's function.
"""

from __future__ import annotations

import importlib
from collections import Counter
from typing import TYPE_CHECKING

from aimath.cli.options import Supplied
from aimath.cli.text_command import TextCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.cli.command import Command


def source_location(command: Command) -> str:
    """Return the file and line of a command's function."""
    code = command.function.__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def declaration_mistakes(command: Command) -> list[str]:
    """Return what is wrong with the declaration of a command."""
    start = f"{source_location(command)}: {command.name}: "
    return [start + mistake for mistake in (*_lists_mistakes(command), *_parameter_mistakes(command))]


def _lists_mistakes(command: Command) -> Iterator[str]:
    """Yield what is wrong with what lists say of a command."""
    summary = (command.function.__doc__ or "").partition("\n")[0]
    if not summary.endswith("."):
        yield f"the docstring's first line is the summary, a sentence, not {summary!r}"
    for example in (command.example, *(usage.example for usage in command.usages[1:])):
        if not f"{example} ".startswith(f"aimath {command.name} "):
            yield f"the example does not call it: {example!r}"
    topic = command.function.__module__.split(".")[2]
    for maker in command.declared.quiz:
        if not hasattr(importlib.import_module(f"aimath.quiz.{topic}"), maker):
            yield f"quiz/{topic}.py has no {maker}"


def _parameter_mistakes(command: Command) -> Iterator[str]:
    """Yield what is wrong with the parameters and usages of a command."""
    own = {name: one.spec for name, one in command.parameters.items()}
    bare = [name for name, spec in own.items() if spec is None]
    for name in bare[isinstance(command, TextCommand) :]:  # whose first is where it writes
        yield f"parameter {name} is annotated as nothing of cli/options.py"
    unknown = [
        f"{usage} names {name}, which is no operand"
        for usage in command.usages
        for name in (*usage.operands, *usage.trailing)
        if name not in command.operands
    ]
    yield from unknown
    for usage in command.usages:
        for name in usage.selected_by:
            if name not in own or isinstance(own[name], Supplied):
                yield f"{usage} is selected by {name}, which is no parameter"
    yield from _applies_mistakes(command)
    params = () if unknown else command.params  # which are made of the operands
    for word, count in Counter(word for part in params for word in (part.name, *part.flags)).items():
        if count > 1:
            yield f"two parameters are called {word}"


def _applies_mistakes(command: Command) -> Iterator[str]:
    """Yield the names and values in what is said of options that do something only beside others."""
    for rule in command.declared.applies:
        for name in (*rule.options, rule.beside):
            if name not in command.flags:
                yield f"{rule} names {name}, which has no flag"
        choices = getattr(command.parameters[rule.beside].spec, "choices", ()) if rule.values else ()
        for value in rule.values:
            if value not in choices:
                yield f"{rule} names {value}, which is no choice of {rule.beside}"
