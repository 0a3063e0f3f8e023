"""The first screen, the list of commands, help with examples: what a newcomer finds."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from tests import pseudo

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.chapters import commands_by_chapter
from aimath.cli.command import shared_params
from aimath.cli.options import TABLE, InputOptions, OutputOptions
from aimath.content.conventions import CONVENTIONS
from aimath.pages.help import FIRST_EXAMPLES, TOPICS


@pytest.mark.parametrize("columns", [80, 100])
def test_first_screen_fits(warm, columns):
    seen = pseudo.seen(warm, columns=columns)
    assert len(seen.splitlines()) <= 23  # and the next prompt
    assert max(map(len, seen.splitlines())) <= 80


def test_first_screen_on_a_narrow_terminal(warm):
    seen = pseudo.seen(warm, columns=40)
    assert max(map(len, seen.splitlines())) <= 42  # a command line is not cut
    assert [line for line in seen.splitlines() if len(line) > 40 and "aimath" not in line] == []


def test_first_screen_names_every_command_and_its_examples_work(aimath):
    out = aimath().out
    assert set(re.findall(r"[a-z][a-z-]*", out)) >= set(COMMANDS)
    assert len(FIRST_EXAMPLES) == 3
    for line, _ in FIRST_EXAMPLES:
        assert line in out
        assert aimath(*shlex.split(line)[1:]).code == 0


def test_list_of_commands_is_by_chapter(aimath):
    out = aimath("--help").out
    assert aimath("help").out == out == aimath("-h").out
    for title, names in commands_by_chapter().items():
        assert f"\n{title}:\n" in out
        for name in names:
            assert re.search(rf"^  {re.escape(name)} ", out, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_shows_what_the_example_answers(name, aimath, answered):
    text = answered("help", name)
    command = lookup(name)
    assert text.startswith(aimath(name, "--help").out)
    assert f"\n$ {command.example}\n" in text
    if not COMMANDS[name].is_text:
        lines = [command.example, *([f"{command.example} --explain"] if not command.informational else [])]
        shown = "".join(f"\n$ {line}\n{aimath(*shlex.split(line)[1:]).out}" for line in lines)
        assert text.endswith(shown)
        head = text.removesuffix(shown)
        own = [flag for part in command.params if part.name not in SHARED for flag in part.flags]
        assert all(flag in head for flag in own)
        assert "aimath help options" in head
        assert command.name_of(TABLE) or not any(
            f" {flag} " in head.replace("Also: --explain, --plot, --json, --csv, --digits", "")
            for flag in ("--no-header", "--decimals", "--delimiter", "--ascii")
        )


SHARED = {*InputOptions._fields, *OutputOptions._fields}


def test_options_that_all_share_have_a_page(answered):
    text = answered("help", "options")
    for options in (InputOptions, OutputOptions):
        for param in shared_params(options):
            assert re.search(rf"[ ,] {param.flags[0]}[ ,]", text)
            assert param.help.split()[0].lower() in text.lower()


def test_help_of_a_short_command_fits_a_screen(aimath):
    assert len(aimath("softmax", "--help").out.splitlines()) <= 23


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_at_a_terminal_is_a_screen_that_names_every_option(name, warm, aimath):
    shown = pseudo.seen(warm, "help", name)
    assert len(shown.splitlines()) <= 23
    assert max(map(len, shown.splitlines())) <= 80
    whole = aimath(name, "--help").out.partition("\nOptions:\n")[2]
    options = [
        set(re.findall(r"--?[\w-]+", one)) for one in re.findall(r"^  (-.*?)(?:  |$)", whole, re.MULTILINE)
    ]
    assert {"-h", "--help"} in options
    assert all(flags & {"--help", *re.findall(r"--?[\w-]+", shown)} for flags in options)
    assert re.sub(r"\s+", " ", f"Example: {lookup(name).example} ") in re.sub(r"\s+", " ", shown)
    assert f"aimath help {name} --all" in shown


def test_all_of_help_at_a_terminal(warm, answered):
    shown = pseudo.seen(warm, "help", "gd", "--all")
    assert shown.startswith(answered("gd", "--help"))
    assert "$ aimath gd --lr 0.1 --steps 20 --explain\n" in shown


@pytest.mark.parametrize("topic", TOPICS)
def test_pages_of_what_holds_for_all_fit_a_screen(topic, answered):
    assert len(answered("help", topic).splitlines()) <= 24
    for term in CONVENTIONS.get(topic, ()):
        assert f"\n  {term}  " in f"\n{answered('help', topic)}"


def test_path_to_temperature_and_entropy_is_three_commands(aimath):
    """From `aimath` alone to what temperature does to entropy; the README has the path."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    line = next(line for line, said in FIRST_EXAMPLES if said == "what does temperature do to entropy?")
    assert line in readme
    ran = aimath(*shlex.split(line)[1:])
    rows = [row.split("\t") for row in ran.out.splitlines()[1:]]
    entropies = [float(row[-2]) for row in rows]
    assert entropies == sorted(entropies)
    assert ran.err  # and its picture
