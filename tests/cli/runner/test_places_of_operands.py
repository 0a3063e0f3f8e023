"""What is wrong with an operand is told with its own file and line, whichever files the others come from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aimath.cli.catalogue import COMMANDS, lookup

REAL, HALVES, LOGS = (1.0, 2.0), (0.5, 0.5), (np.log(0.5), np.log(0.5))
CALLS = {
    ("dot",): {"a": REAL, "b": REAL},
    ("neuron",): {"weights": REAL, "inputs": REAL},
    ("layer", "-W", "1 2; 3 4"): {"x": REAL, "bias": REAL},
    ("backprop", "--layer", "1 2; 3 4"): {"x": REAL, "b": REAL, "target": (1,)},
    ("layer-norm",): {"x": REAL, "gain": REAL, "bias": REAL},
    ("rms-norm",): {"x": REAL, "gain": REAL},
    ("cosine",): {"a": REAL, "b": REAL},
    ("logsumexp",): {"values": REAL, "weights": REAL},
    ("cross-entropy",): {"p": HALVES, "q": HALVES},
    ("cross-entropy", "--logits"): {"logits": REAL, "target": (1,)},
    ("cross-entropy", "--probs"): {"probs": HALVES, "target": (1,)},
    ("cross-entropy", "--log-probs"): {"log_probs": LOGS, "p": HALVES},
    ("bayes",): {"prior": HALVES, "likelihood": HALVES},
    ("bayes", "--successes"): {"successes": REAL, "trials": (5.0, 4.0)},
    ("diffuse", "--alpha-bar", ".5"): {"x0": REAL, "noise": REAL},
    ("kl",): {"p": HALVES, "q": HALVES},
    ("kl", "--normalize"): {"p": REAL, "q": REAL},
    ("js",): {"p": HALVES, "q": HALVES},
    ("compare", "--logits"): {"a": REAL, "b": REAL, "target": (1,)},
    ("compare", "--paired"): {"a": REAL, "b": REAL},
    ("evaluate", "--logits"): {"logits": REAL, "target": (1,)},
    ("evaluate", "--probs"): {"probs": HALVES, "target": (1,)},
    ("evaluate", "--log-probs"): {"log_probs": LOGS, "target": (1,)},
    ("gaussian-kl",): {"mu": REAL, "sigma": REAL, "mu2": REAL, "sigma2": REAL},
    ("gaussian-kl", "--logvar"): {"mu": REAL, "logvar": REAL},
    ("rlhf",): {"rewards": REAL, "reference": HALVES},
    ("dpo",): {"chosen": REAL, "rejected": REAL, "ref_chosen": REAL, "ref_rejected": REAL},
    ("focal",): {"logits": REAL, "target": (1,)},
}  # fmt: skip
"""Options, and operands with a row that has an answer."""
FOR_ALL = {("layer", "bias"), ("backprop", "b")}
"""Operands of which one row is wanted."""
FINITE = [
    (words, operand)
    for words, operands in CALLS.items()
    for operand in operands
    if (words[0], operand) != ("logsumexp", "values")  # where inf has an answer
]
WRITTEN = {
    "txt": lambda rows: "# numbers\n\n" + "".join(" ".join(map(str, row)) + "\n" for row in rows),
    "csv": lambda rows: "".join(",".join(map(str, row)) + "\n" for row in [["u", "v"][: len(rows[0])], *rows]),
    "ndjson": lambda rows: "".join(json.dumps([str(x) if np.isinf(x) else x for x in row]) + "\n" for row in rows),
}  # fmt: skip
STANDING = [
    (words, operand)
    for words, operand in FINITE
    if len(CALLS[words][operand]) > 1 and "target" not in CALLS[words] and words[0] != "compare"
]
"""Operands of which one row may stand for all rows of another."""
BEFORE = {"txt": 2, "csv": 1, "ndjson": 0, "npy": 0}
"""Lines before the first row."""


def write(path, rows):
    """Write rows in the form that the suffix says, and give the path as it is typed."""
    form = path.suffix[1:]
    if form == "npy":
        np.save(path, np.array(rows, float))
    else:
        path.write_text(WRITTEN[form]([[*row] for row in rows]))
    return f"@{path.name}"


def run(aimath, words, given):
    """Run a command line whose operands are given by their flags, or one in its place."""
    operands = lookup(words[0]).operands
    named = [(operands[name].flag, text) for name, text in given.items() if operands[name].flag]
    flags = [flag for flag, _ in named]
    plain = [text for name, text in given.items() if not operands[name].flag]
    others = [word for word in words[1:] if word not in flags]
    return aimath(words[0], *plain, *(word for pair in named for word in pair), *others)


def test_every_command_of_several_vectors_is_here():
    vectors = {
        name: [key for key, spec in lookup(name).operands.items() if not spec.matrix]
        for name, entry in COMMANDS.items()
        if not entry.is_text
    }
    alternatives = {"gaussian", "entropy", "perplexity"}  # of which one alone is given
    several = {name for name, keys in vectors.items() if len(keys) > 1}
    called = {words[0] for words in CALLS}
    assert several - alternatives == called, "CALLS has a line for each command of several vectors"
    tried = {(words[0], key) for words, operands in CALLS.items() for key in operands}
    left = {(name, key) for name in several - alternatives for key in vectors[name]} - tried
    assert left == {("bayes", "evidence"), ("bayes", "false_positive"), ("bayes", "pseudo_counts")}


def written(folder, words, rows_of):
    """Write the operands of a call to a file each, in several forms, and give the paths by name."""
    forms = zip(CALLS[words], [*BEFORE] * 2, strict=False)
    return {name: write(folder / f"{name}.{form}", rows_of[name]) for name, form in forms}


@pytest.mark.parametrize("form", [*BEFORE])
@pytest.mark.parametrize(
    ("words", "wrong"), [case for case in FINITE if (case[0][0], case[1]) not in FOR_ALL]
)
def test_a_bad_row_has_the_place_of_its_own_file(aimath, tmp_path, monkeypatch, words, wrong, form):
    monkeypatch.chdir(tmp_path)
    operands = CALLS[words]
    rows = {name: [row] * (1 if (words[0], name) in FOR_ALL else 4) for name, row in operands.items()}
    given = written(tmp_path, words, rows)
    row = operands[wrong]
    given[wrong] = write(tmp_path / f"{wrong}.{form}", [row, row, (*row[:-1], np.inf), row])
    ran = run(aimath, words, given)
    assert ran.code == 1
    assert f"error: {wrong}.{form}:{BEFORE[form] + 3}:" in ran.err.partition("\n")[0]


@pytest.mark.parametrize("form", [*BEFORE])
@pytest.mark.parametrize(("words", "wrong"), STANDING)
def test_a_bad_row_for_all_rows_has_the_place_of_its_own_file(
    aimath, tmp_path, monkeypatch, words, wrong, form
):
    monkeypatch.chdir(tmp_path)
    operands = CALLS[words]
    rows = {name: [row] * (1 if (words[0], name) in FOR_ALL else 4) for name, row in operands.items()}
    given = written(tmp_path, words, rows)
    given[wrong] = write(tmp_path / f"{wrong}.{form}", [(*operands[wrong][:-1], np.inf)])
    ran = run(aimath, words, given)
    assert (ran.code, ran.out) == (1, "")
    assert f"error: {wrong}.{form}:{BEFORE[form] + 1}:" in ran.err.partition("\n")[0]


@pytest.mark.parametrize(("words", "wrong"), STANDING)
def test_what_is_typed_has_no_place_in_a_file(aimath, tmp_path, monkeypatch, words, wrong):
    monkeypatch.chdir(tmp_path)
    operands = CALLS[words]
    for count in (1, 4):
        rows = {name: [row] * (1 if (words[0], name) in FOR_ALL else count) for name, row in operands.items()}
        given = written(tmp_path, words, rows)
        given[wrong] = ",".join(map(str, (*operands[wrong][:-1], np.inf)))
        ran = run(aimath, words, given)
        assert (ran.code, ran.out) == (1, "")
        assert not any(path[1:] in ran.err for path in given.values() if path.startswith("@"))
