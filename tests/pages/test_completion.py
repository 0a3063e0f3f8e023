"""Completion scripts: read and asked by the shells themselves, where there are any."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import pytest

from aimath.cli.catalogue import COMMANDS, lookup


def needs(shell):
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


def bash(script, words, cwd):
    """Ask bash what it would offer for the last word."""
    *_, before, word = words
    lines = [
        script,
        f"COMP_WORDS=({' '.join(words)}) COMP_CWORD={len(words) - 1}",
        f"_aimath aimath '{word}' '{before}'",
        'printf "%s\\n" "${COMPREPLY[@]}"',
    ]
    ran = subprocess.run(
        ["bash", "-c", "\n".join(lines)], capture_output=True, text=True, check=True, cwd=cwd
    )
    return ran.stdout.split()


@pytest.mark.slow
@needs("bash")
def test_bash(aimath, tmp_path):
    script = aimath("completion", "bash").out
    (tmp_path / "logits.csv").write_text("1\n")
    (tmp_path / "data").mkdir()
    for words, offered in (
        (["aimath", "softm"], ["softmax"]),
        (["aimath", "softmax", "--temp"], ["--temperature"]),
        (["aimath", "softmax", "--format", "ma"], ["markdown"]),
        (["aimath", "softmax", "@lo"], ["@logits.csv"]),
        (["aimath", "softmax", "@d"], ["@data/"]),
        (["aimath", "softmax", "lo"], []),  # left to the shell: files
        (["aimath", "softmax", "--out", "lo"], []),
        (["aimath", "softmax", "--digits", ""], []),
        (["aimath", "help", "cross"], ["cross-entropy"]),
        (["aimath", "quiz", "linear"], ["linear-algebra"]),
        (["aimath", "completion", ""], ["bash", "zsh", "fish"]),
        (["aimath", "neuron", "--activation", "si"], ["sigmoid"]),
        (["aimath", "diffuse", "--schedule", "s"], ["scaled-linear"]),
        (["aimath", "gd", "--schedule", "s"], ["step"]),
        (["aimath", "quiz", "--topic", "linear"], ["linear-algebra"]),
        (["aimath", "softmax", "--invalid", ""], ["stop", "skip", "nan"]),
    ):
        assert bash(script, words, tmp_path) == offered
    for name in COMMANDS:
        flags = [flag for part in lookup(name).params for flag in part.flags]
        assert set(bash(script, ["aimath", name, "-"], tmp_path)) == {*flags, "-h", "--help"}


@needs("zsh")
def test_zsh_reads_it(aimath, tmp_path):
    (tmp_path / "_aimath").write_text(aimath("completion", "zsh").out)
    assert subprocess.run(["zsh", "-n", "_aimath"], cwd=tmp_path, check=False).returncode == 0


@needs("fish")
def test_fish(aimath, tmp_path):
    (tmp_path / "aimath.fish").write_text(aimath("completion", "fish").out)
    (tmp_path / "logits.csv").write_text("1\n")
    for line, offered in (
        ("aimath softm", "softmax"),
        ("aimath softmax --temp", "--temperature"),
        ("aimath softmax --format mark", "markdown"),
        ("aimath neuron --activation sig", "sigmoid"),
        ("aimath softmax lo", "logits.csv"),
        ("aimath softmax @lo", "@logits.csv"),
        ("aimath kl --p=@lo", "--p=@logits.csv"),
        ("aimath softmax --format=mark", "--format=markdown"),
        ("aimath help cross", "cross-entropy"),
    ):
        ran = subprocess.run(
            ["fish", "--no-config", "-c", f"source aimath.fish; complete -C '{line}'"],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        )  # fmt: skip
        assert ran.stdout.split()[0] == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_option_of_every_command_is_there(aimath, shell):
    script = aimath("completion", shell).out
    for name in COMMANDS:
        assert name in script
        for part in lookup(name).params:
            for flag in part.flags:
                assert flag in script or f"{'-l' if flag[:2] == '--' else '-s'} {flag.lstrip('-')}" in script


CHOOSING = [
    (name, part)
    for name in COMMANDS
    for part in lookup(name).params
    if part.metavar in {"NAME", "FORM", "WHAT"} and part.name not in {"input_format", "missing", "invalid"}
]
READING = [part for part in lookup("softmax").params if part.name in {"missing", "invalid"}]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "part"), CHOOSING, ids=lambda it: getattr(it, "name", it))
def test_choices_are_all_that_is_taken(aimath, name, part):
    line = shlex.split(lookup(name).example)[1:]
    for flag in part.flags:
        line = line[: line.index(flag)] + line[line.index(flag) + 2 :] if flag in line else line
    refused = aimath(*line, part.flags[0], "nonesuch")
    assert refused.code == 2
    said = refused.err.replace(" or ", ", ").split("one of ")[-1].strip()
    assert tuple(said.split(", ")) == part.choices
    for choice in part.choices:
        assert aimath(*line, part.flags[0], choice).code == 0


@pytest.mark.parametrize("part", READING, ids=lambda part: part.name)
def test_choices_of_reading_are_all_that_is_taken(aimath, part):
    refused = aimath("softmax", part.flags[0], "nonesuch", stdin="1 2\n")
    assert refused.code == 2
    said = refused.err.replace(" or ", ", ").split("one of ")[-1].strip()
    assert tuple(said.split(", ")) == part.choices
    for choice in part.choices:
        assert aimath("softmax", part.flags[0], choice, stdin="1 2\n").code == 0


def test_other_shells_are_refused(aimath):
    assert aimath("completion", "tcsh").err.startswith(
        "aimath completion: error: 'tcsh' is not one of bash, zsh, fish"
    )
    assert aimath("completion").code == 2


@pytest.mark.slow
def test_nothing_is_installed(program, tmp_path):
    for shell in ("bash", "zsh", "fish"):
        program("completion", shell, env={"HOME": str(tmp_path), "PATH": sys.exec_prefix})
    assert list(tmp_path.iterdir()) == []
