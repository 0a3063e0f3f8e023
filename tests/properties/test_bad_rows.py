"""A bad row k of many is named k and costs only itself: of every command that reads rows, in each form."""

from __future__ import annotations

import json
import shlex

import pytest
from tests.properties.hard_lines import CALCULATORS

from aimath.cli.catalogue import lookup

GOOD = "1 2|2 1|.5 3|3 .25|-1 .5"
SHARES = ".5 .5|.25 .75|.9 .1|.125 .875|1 0"
ROWS = [
    ("softmax", GOOD, "1 x|1 nan|1 inf|-inf -inf"),
    ("softmax --log", GOOD, "1 inf"),
    ("temperature -T 1", GOOD, "1 inf|x 1"),
    ("logsumexp", GOOD, "1 nan|x 1"),
    ("entropy", SHARES, ".5 .6|-.5 1.5|.5 x|nan 1"),
    ("entropy --normalize", GOOD.replace("-", ""), "0 0|-1 2"),
    ("entropy --logits --fields surprise", GOOD, "1.7e308 -1.7e308"),
    ("perplexity", SHARES, ".5 .6|2 -1"),
    ("perplexity --tokens", SHARES, "2 .5|-1 .5"),
    ("perplexity --log-probs", "-1 -2|-3 0|-2 -2|0 0|-.5 -4", "1 -1|nan -1"),
    ("kl --q .5,.5", SHARES, ".5 .6|nan 1"),
    ("kl --q .5,.5 --fields terms,reverse,kl", SHARES, ".5 .6|-1 2"),
    ("js --q .5,.5", SHARES, ".5 .6|x 1"),
    ("cross-entropy --q .5,.5", SHARES, ".5 .6"),
    ("cross-entropy --logits - --target 1", GOOD, "1 nan|1.7e308 -1.7e308"),
    ("gaussian", GOOD, "1 nan|x 1"),
    ("gaussian --quantile", SHARES, "2 .5|nan 0"),
    ("gaussian-kl --sigma 1,1", GOOD, "1 inf|1 x"),
    ("rlhf --reference .5,.5", GOOD, "1 inf|nan 0"),
    ("describe --fields mean,std", GOOD, "1 nan|x 1"),
    ("describe --fields mean,variance", GOOD, "1e200 -1e200|1.7e308 0"),
    ("describe --fields mean,squares,deviations", GOOD, "1.7e308 -1.7e308"),
    ("dot --b 2,2", GOOD, "1.7e308 1.7e308|1 x"),
    ("neuron --weights 2,2", GOOD, "1.7e308 1.7e308|nan 1"),
    ("layer '1 2; 3 4'", GOOD, "1.7e308 1.7e308|inf 0"),
    ("cosine --b 1,1", GOOD, "0 0|1 inf"),
    ("backprop --layer '1 2; 3 4'", GOOD, "1.7e308 1.7e308|1 x"),
    ("grad 'log(x+2)*y' --variables x,y --at -", GOOD, "-2 1|-3 1|1 x"),
    ("learning-rate --lr .1", GOOD.replace("-", ""), "0 0|-1 2|1 inf"),
    ("schedule --schedule cosine", "1 2|0 5|3 3|7 20|0 0", "1.5 2|-1 0"),
    ("diffuse --t 5 --noise 0,1", GOOD, "1 inf|1 x"),
    ("diffuse --alpha-bar .5 --noise 1.7e308,1", GOOD, "1.7e308 0"),
    ("bayes --likelihood .8,.1", SHARES, ".5 .6|-1 2"),
    ("sample --top-p .5", GOOD, "1 nan|x 1|-inf -inf"),
    ("layer-norm --eps 0", GOOD, "1 1|1 nan"),
    ("rms-norm --eps 0", GOOD, "0 0|1 inf"),
    ("grpo", GOOD, "1 nan|x 1"),
    ("dpo --rejected=-1,-2 --ref-chosen=-1,-1 --ref-rejected=0,0", GOOD, "1 nan|inf 1"),
    ("focal --logits - --target 1", GOOD, "1 nan|x 1"),
]  # fmt: skip
"""Command lines that read a vector a row, rows with an answer, and rows without one."""
LACKING = {"diffuse --alpha-bar .5 --noise 1.7e308,1"}
WHOLE = {
    "matmul": "a matrix", "transpose": "a matrix", "inverse": "a matrix", "det": "a matrix", "eig": "a matrix",
    "attention": "matrices", "pca": "all rows make one answer", "svd-approx": "a matrix", "lora": "files", "weights": "files",
    "mutual-information": "a matrix", "analogy": "words", "positional": "no rows", "params": "no rows", "compare": "all rows make one answer", "evaluate": "all rows make one answer", "difference": "arrays", "gpt": "texts", "embed": "texts",
    "info-nce": "matrices", "rope": "a row's answer depends on its place",
    **dict.fromkeys(("gd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "race"), "a start, no rows"),
}  # fmt: skip
FORMS = (["--format", "plain"], ["--csv"], ["--json"], ["--format", "tsv"])


def test_every_command_that_reads_rows_is_here():
    known = {line.split()[0] for line, *_ in ROWS} | WHOLE.keys()
    assert known == set(CALCULATORS), "ROWS has a line for each command, or WHOLE why there is none"
    assert not [name for name in WHOLE if not lookup(name)]


def rows_of(out, form):
    """Give the lines of an answer that are rows."""
    lines = out.splitlines()
    return lines if form[-1] == "--json" else lines[1:]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[-1])
@pytest.mark.parametrize(("line", "good", "bad"), ROWS, ids=[line for line, *_ in ROWS])
def test_a_bad_row_costs_only_itself(aimath, line, good, bad, form):
    name, *words = shlex.split(line)
    if "--json" in form and line in LACKING:
        pytest.skip("an object holds null, or words, for what a row lacks")
    rows = good.split("|")
    whole = aimath(name, *words, *form, stdin="\n".join(rows) + "\n")
    assert (whole.code, whole.err) == (0, "")
    answers = whole.out.splitlines()
    head = answers[: len(answers) - len(rows)]  # a header, where the form has one
    answers = answers[len(head) :]
    for k, wrong in enumerate(bad.split("|")):
        at = (2 * k + 1) % (len(rows) + 1)
        data = "\n".join([*rows[:at], wrong, *rows[at:]]) + "\n"
        told = (line, wrong, at + 1)

        stopped = aimath(name, *words, *form, "--invalid", "stop", stdin=data)
        assert stopped.code == 1, (told, stopped)
        assert f"<stdin>:{at + 1}" in stopped.err, (told, stopped.err)
        assert stopped.out.splitlines() == [*(head if at else []), *answers[:at]], told

        skipped = aimath(name, *words, *form, "--invalid", "skip", stdin=data)
        assert (skipped.code, skipped.out.splitlines()) == (3, head + answers), told
        assert skipped.err.count("\n") == 1, told
        assert "1 row without an answer" in skipped.err

        kept = aimath(name, *words, *form, "--invalid", "nan", stdin=data)
        found = kept.out.splitlines()[len(head) :]
        assert (kept.code, found[:at] + found[at + 1 :]) == (3, answers), told
        lost = found[at]
        assert "null" in lost or "nan" in lost, (told, lost)
        if form[-1] == "--json":
            json.loads(lost)
