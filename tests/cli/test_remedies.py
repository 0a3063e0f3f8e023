"""R19: each way out that is offered works: what it says to type is answered, or fails for another reason."""

from __future__ import annotations

import re
import shlex

import numpy as np
import pytest

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.errors import closest

FILES = {
    "a.pt": b"PK\x03\x04",
    "t.dta": b"dta",
    "sq.csv": b"a,b\n1,2\n3,4\n",
    "col.txt": b"1\n2\n3 4\n",
    "miss.csv": b"a,b\n1,\n3,4\n",
    "rows.jsonl": b'{"u": [1, 2], "v": [3, 4]}\n',
    "odd.data": b"1 2\n3 4\n",
    "texts.csv": b"name,size,kind,w\nann,1,a,3\nbob,2,b,5\n",
    "unnamed.csv": b"name,my size,kind,w\nann,1,a,3\nbob,2,b,5\n",
}
LINES = [
    "entropy 2 1 .1", "entropy 2 1 -1", "entropy 3 5", "entropy .5 .6", "kl 2,1,.1 1,1,1", "js 2,1 1,2",
    "cross-entropy 2,1 .5,.5", "perplexity 3 2", "perplexity 2 1 .1", "perplexity 2 1 -1", "rlhf 1,2 --reference 3,4", "mutual-information '2 1; 1 3'",
    "inverse '1 2; 2 4'", "pca '1 2; 3 4; 5 7' --components 9", "svd-approx randn:200x200 --exact --max-memory 1M",
    "gd --fields point_w", "gd --fields gradient_w", "softmax 1 2 --fields probs_1", "softmax 1 2 --fields nope",
    "pca '1 2; 3 4; 5 7' --fields ratio_1", "softmax 1 2 --format npy", "softmax 1 2 --explain --csv", "softmax 1 2 --explian",
    "softmax 1 2 --out x.png", "softmax @odd.data", "softmax 1,2 3,4", "dot 1 2 3 4", "dot 1,2",
    "kl .5 .5 .5 .5", "describe @miss.csv --column b", "softmax @rows.jsonl", "softmax @rows.jsonl --column 1",
    "describe @sq.csv --column c", "softmax @sq.csv --delimiter 3", "softmax 1 --max-memory lots", "svd-approx randn:3x",
    "grad 'x^2'", "grad 'x^2' y=1", "grad 'x^2' x=1 y=2", "grad 'x*y' x=1", "grad 7", "grad 'expp(x)' x=1", "grad '2(x)' x=1",
    "grad 'x(2)' x=1", "grad 'x^2' --at 1,2", "backprop 'x*y' x=1", "backprop x y x=1 y=1", "backprop x x=1 --target 0",
    "gd --function 7", "gd --function 'x*y' --start 1", "gd --steps 30 --max-steps 10", "gd --schedule nope", "bayes --prior .1 --likelihood .9",
    "bayes --prior .1 --likelihood .9 --false-positive .1 --names a", "diffuse 1 -1", "lora", "lora MODEL --rank 8", "lora --shape 3x",
    "lora --shape 3x3 --rank 9", "lora odd.data odd.data", "lora sq.csv", "lora @odd.data @odd.data", "lora --energy .9", "analogy king man", "analogy kin man woman",
    "analogy king man woman --vectors nofile.txt", "help sofmax", "man sofmax", "demo sofmax", "guide maps", "quiz sofmax",
    "completion", "sofmax 1 2", "temperature x", "describe 1 x", "softmax --temperature lin:1:2", "cross-entropy --logits 2,1 --target 5",
    "svd-approx sq.csv --rank 1 --save-factors a.npy a.npy", "svd-approx sq.csv --rank 1 --save-factors a.txt b.npy",
    "compare @sq.csv @sq.csv", "compare 2,1 1,2", "evaluate --probs 2,1 --target 0", "softmax @texts.csv", "pca texts.csv", "describe @texts.csv", "entropy @unnamed.csv --normalize", "layer-norm @unnamed.csv",
    "softmax 1 2 --labels a", "attention '1 0; 0 1' --heads 1 --tokens a", "matmul 1,2 3,4,5", "--versoin",
]  # fmt: skip
SAMPLES = {"FORM": "csv", "KEY": "u", "FILE": "x", "A:B:N": "1:2:3", "MxN": "3x3", "...": "1"}
"""What a reader puts in the place of a word that stands for something."""


def applied(words, hint):
    """Give the command lines that follow a hint, each as one would type it."""
    for word, sample in SAMPLES.items():
        hint = hint.replace(word, sample)
    if found := re.search(r"\b(?:try|see) (aimath .*)", hint):
        return [shlex.split(found[1])[1:]]
    if found := re.search(r"did you mean (?:aimath )?(.+)\?", hint):
        *_, meant = found[1].split()
        near = closest(meant.lstrip("-"), [word.lstrip("-") for word in words])
        return [[meant if word.lstrip("-") in near else word for word in words]]
    if "choose from" in hint:
        return []
    lines = []
    if gone := re.search(r" in place of (\S+?)(?=[;,]|$)", hint):
        k = words.index(gone[1])
        words = words[:k] + words[k + 1 + gone[1].startswith("--") :]
        hint = hint[: gone.start()]
    for flag, value in re.findall(
        r"(--[a-z][a-z-]*)((?: (?!to |or |if |in |is |has |with |alone)[^\s;:()]+)?)", hint
    ):
        more = [flag, *value.strip(" ,").split()]
        before = words[: words.index(flag)] + words[words.index(flag) + 2 :] if flag in words else words
        lines.append([*before, *more])
    if found := re.match(r"(?:add|write) ((?:\w+=\S+ ?)+)", hint):
        lines.append([*words, *found[1].rstrip(";,").split()])
    if found := re.match(r"a file is given as (@\S+)", hint):
        lines.append([found[1] if word == found[1][1:] else word for word in words])
    if found := re.match(r"write (?:each as one list: )(.+)", hint):
        lines.append([words[0], *found[1].split()])
    return lines


@pytest.fixture
def place(tmp_path, monkeypatch):
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    np.save(tmp_path / "w.npy", np.eye(3))
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", LINES)
def test_the_way_out_leads_out(aimath, line):
    words = shlex.split(line)
    ran = aimath(*words)
    assert ran.code != 0
    first, *more = ran.err.splitlines()
    hints = [text.strip() for text in more]
    for words_again in applied(words, hints[-1] if hints else ""):
        again = aimath(*words_again)
        assert again.code == 0 or again.err.splitlines()[:1] != [first], (hints, words_again)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_example_that_a_hint_names_is_answered(aimath, name):
    """What "try aimath ..." and "see aimath NAME --help" say to type."""
    for usage in getattr(lookup(name), "usages", ()):
        if usage.example:
            assert aimath(*shlex.split(usage.example)[1:]).code == 0
    assert aimath(*shlex.split(lookup(name).example)[1:]).code == 0
    assert aimath(name, "--help").code == 0


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("line", "wanted", "unwanted"),
    [
        ("entropy 2 1 .1", "--logits", ""),
        ("entropy 2 1 -1", "--logits", "--normalize"),
        ("entropy 3 5", "--normalize", "--logits"),
        ("entropy .9", "try aimath entropy .9 .1", "--normalize"),
        ("kl 2.5,1 .5,.5", "--normalize", "--logits"),
        ("svd-approx a.pt", "safetensors.torch.save_file", "try aimath"),
        ("svd-approx @a.pt", "safetensors.torch.save_file", "--input-format"),
        ("lora a.pt b.pt", "safetensors.torch.save_file", "@a.pt"),
        ("lora a.pt", "safetensors.torch.save_file", ""),
        ("lora @odd.data @odd.data", ".safetensors", "--input-format"),
        ("pca t.xlsx", ".csv", "try aimath"),
        ("describe @t.dta", "to_csv", "--input-format"),
        ("softmax model.gguf", "GGUF", "try aimath"),
        ("lora MODEL --rank 8", "BASE and TUNED", ""),
        ("gd --fields point_w", "--fields point", "choose from"),
    ],
)
def test_what_is_offered_fits(aimath, line, wanted, unwanted):
    ran = aimath(*line.split())
    assert ran.code in {1, 2}
    hint = ran.err.partition("\n")[2]
    assert wanted in hint
    assert not unwanted or unwanted not in hint
