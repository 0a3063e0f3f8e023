"""The names that scripts rely on: all fields of JSON and heads of CSV, of every command and usage, are committed.

`python -m pytest tests/test_interface.py --rewrite-interface` writes them anew, when they change on purpose.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from tests.models import write_model, write_tokenizer
from tests.oracles import decoder

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.fast_parser import escape_negatives, parse_args
from aimath.cli.options import InputOptions, OutputOptions
from aimath.cli.runner.job import select_usage
from aimath.pages.naive import NAIVE

CHANGED = """the names that scripts rely on have changed. If that is on purpose, say so in .github/CHANGELOG.md and
write them anew: python -m pytest tests/test_interface.py --rewrite-interface"""
COMMITTED = Path(__file__).with_name("interface.json")
OPTIMIZERS = ("momentum", "nesterov", "rmsprop", "adam", "adamw")
LINES = [
    "dot 1,2 3,4",
    "dot --a 1,2 --b 3,4",
    "dot randn:3 randn:3 --seed 1",
    "neuron 1,2 3,4 --activation relu --bias 0,1",
    "neuron --weights 1,2 --inputs 3,4",
    "layer '1 2; 3 4' 1,2 --bias 0,1 --activation relu",
    "layer -W '1 2; 3 4' --x '1 2; 3 4'",
    "matmul '1 2; 3 4' '5 6; 7 8'",
    "matmul --a '1 2; 3 4' --b '5 6; 7 8'",
    "transpose '1 2 3; 4 5 6'",
    "inverse '2 1; 1 1'",
    "inverse '1 2; 2 4.000000000000001' --force",
    "det '1 2; 3 4'",
    "eig '2 1; 1 2'",
    "eig -A '0 -1; 1 0'",
    "cosine 1,2 3,4",
    "cosine --a 1,2 --b 3,4",
    "cosine --matrix '1 2; 3 4; 5 7'",
    "pca '1 2; 3 4; 5 7' --components 1",
    "pca '1 2; 3 4; 5 7' --components .95",
    "pca -X '1 2; 3 4; 5 7' --whiten",
    "svd-approx '2 0 1; 0 3 1' --rank 1",
    "svd-approx -W '2 0 1; 0 3 1'",
    "svd-approx '2 0 1; 0 3 1' --rank 1,2 --exact",
    "svd-approx randn:6x5 --rank 2 --randomized",
    "svd-approx '2 0 1; 0 3 1' --rank 1 --save-factors A.npy B.npy",
    "lora --shape 768x768",
    "lora 768x768 --rank 4",
    "lora --shape 768x768 --rank 1,2",
    "lora base.npz tuned.npz",
    "lora base.npz tuned.npz --energy .5,.9",
    "lora base.npz tuned.npz --energy .9 --match w --save adapter",
    "lora base.npz --rank 2",
    "embed random:8 king queen",
    "embed random:8 king --pooling cls --no-normalize --truncate --dtype float64 --max-memory 1G",
    "weights base.npz --match w",
    "weights base.npz --fields name,shape,dtype",
    "weights base.npz --spectra --quantize q8_0,int8",
    "weights base.npz --against tuned.npz",
    "params --layers 2 --d-model 8 --heads 2 --vocab 50",
    "params --layers 2 --d-model 8 --heads 4 --vocab 50 --kv-heads 2 --head-dim 3 --d-ff 16 --tied --dtype int8",
    "params --layers 2 --d-model 8 --heads 2 --vocab 50 --experts 4 --experts-per-token 1 --window 64 --batch 1,2",
    "params --layers 2 --d-model 8 --heads 2 --vocab 50 --like bert --positions 20",
    "params config.json --context 1k,4k --cache-dtype fp8",
    "train",
    "train digits --steps 2 --lr .01 --batch 8 --layers 1 --width 4 --optimizer sgd --dropout .1 --seed 1",
    "train digits --arch softmax --steps 1,2 --weight-decay .1 --last --max-seconds 5",
    "train reverse --steps 2 --heads 1 --save m.safetensors --stop-at 1",
    "train --resume m.safetensors",
    "train lora --steps 2 --rank 2",
    "train rlhf --steps 2 --beta .5",
    "train names --arch mlp --steps 2 --fast --context 3",
    "train ddpm --steps 2 --last --save d.safetensors",
    "generate d.safetensors --label 3 --count 1",
    "generate m.safetensors --prompt 123456 --temperature .8 --top-k 3 --top-p .9 --min-p .01 --count 2 --seed 1",
    "generate m.safetensors --nll 123456",
    "generate gpt2 --prompt the --tokens 3 --dtype float64",
    "gpt reverse 123456",
    "gpt reverse --ids '1,2;3' --top 2",
    "gpt m.safetensors 123456654321 --nll --stride 2 --dtype float64",
    "gpt m.safetensors 123456 --nll --fields text,perplexity",
    "gpt m.safetensors 123456 --lens",
    "gpt m.safetensors 123456 --layer 0",
    "gpt m.safetensors 123456 --layer 0 --head 0",
    "grad 'x^2*y' --at '3 2; 1 1' --exact",
    "grad 'x^2*y' x=3 y=2",
    "grad 'x^2*y' x=3,4 y=2 --variables y,x",
    "grad 'x^2*y' --at '3 2; 1 1'",
    "grad 'x^2*y' x=3 y=2 --hessian",
    "grad 'x^2*y' x=3 y=2 --direction 1,1",
    "grad 'x*y' 'x + y' x=3 y=2",
    "backprop '(w*x - y)^2' w=1 x=2 y=3",
    "backprop 'x*y' x=1 y=2 --variables y,x",
    "backprop --layer '1 2; 3 4' --x 1,2 --bias 0,1 --target 1",
    "gd --steps 2",
    "gd --function 'x^2 + y^2' --start x=1,y=2 --steps 2",
    "gd 'x^2 + y^2' x=1 y=2 --steps 2",
    "gd --lr .1,.5 --last --until 1e-3 --check --max-steps 100",
    "gd --steps 4 --every 2 --schedule step --gamma .5 --step-size 2 --weight-decay .1",
    "gd --steps 2 --schedule polynomial --power 2",
    "gd --steps 2 --schedule cosine --min-lr .01",
    "gd --steps 2 --schedule warmup-cosine --warmup 1 --init-lr .01",
    "gd --steps 2 --schedule inverse-time",
    "gd 'mean((w*x-y)^2)' w=1 --data points.csv --steps 2",
    "gd 'mean((w*x-y)^2)' w=1 --data points.csv --batch 1,2 --seed 3 --steps 2 --missing skip",
    *(f"{name} 'mean((w*x-y)^2)' w=1 --data points.csv --batch 2 --seed 3 --steps 2" for name in OPTIMIZERS),
    "race 'mean((w*x-y)^2)' w=1 --data points.csv --batch 2 --seed 3 --steps 2",
    "grad 'mean((w*x-y)^2)' w=1 --data points.csv",
    "learning-rate --function 'mean((w*x-y)^2)' --at w=1 --data points.csv",
    *(f"{name} --steps 2" for name in OPTIMIZERS),
    *(f"{name} --steps 2 --lr .1,.2 --last" for name in OPTIMIZERS),
    "momentum --steps 2 --momentum .5 --dampening .1 --weight-decay .1",
    "nesterov --steps 2 --momentum .5 --weight-decay .1",
    "rmsprop --steps 2 --alpha .9 --eps 1e-6 --centered --momentum .5 --weight-decay .1",
    "adam --steps 2 --beta1 .8 --beta2 .9 --eps 1e-6 --weight-decay .1 --amsgrad",
    "adamw --steps 2 --beta1 .8 --beta2 .9 --eps 1e-6 --weight-decay .1 --amsgrad",
    "race --steps 2",
    "race 'x^2' x=1 --steps 2",
    "race --function 'x^2' --start 1 --optimizers gd,adam --lr .1,.2 --steps 2 --until .1 --schedule cosine",
    "learning-rate 1 9",
    "learning-rate 1 9 --lr .1,.2",
    "learning-rate --function 'x^2 + 2*y^2' --at 1,1",
    "schedule 0 5 10",
    "schedule 0 5 10 --lr .1,.2",
    "schedule --steps 3 --schedule linear",
    "schedule 0 5 10 --schedule step --gamma .5 --step-size 2",
    "schedule 0 5 10 --schedule polynomial --power 2 --steps 10",
    "schedule 0 5 10 --schedule warmup-cosine --warmup 2 --min-lr .01 --init-lr .001",
    "schedule 0 5 10 --schedule inverse-time --gamma .5 --step-size 2",
    "softmax 2 1 0.1",
    "softmax the=2 cat=1",
    "softmax 2 1 0.1 --log",
    "softmax 2 1 0.1 --temperature .5,1",
    "logsumexp 2 1 0.1",
    "logsumexp 2 1 0.1 --weights 1,-.5,2",
    "temperature 2 1 0.1",
    "temperature 2 1 0.1 --temperature .5,1",
    "bayes --prior .3 --likelihood .8 --evidence .35",
    "bayes --prior .3 --likelihood .8 --false-positive .1 --names ill,positive",
    "bayes --prior .3 --likelihood .8 --likelihood .7 --false-positive .1 --false-positive .2",
    "bayes --prior .2,.8 --likelihood .1,.5",
    "bayes --prior .2,.8 --likelihood .1,.5 --likelihood .9,.3",
    "gaussian 0 1",
    "gaussian 0 1 --mu 1 --sigma 2",
    "gaussian 0 1 --mu 1,2",
    "gaussian 0 1 --log",
    "gaussian 0 1 --cdf",
    "gaussian 0 1 --cdf --log",
    "gaussian .1 .5 --quantile",
    "gaussian --between -1 1",
    "gaussian --sample 2",
    "gaussian --sample 2 --seed 1",
    "sample 2 1 .1 --temperature .5,1 --top-k 2 --top-p .9 --min-p .1 --order llama.cpp",
    "sample 2 1 .1 --count 2 --seed 1",
    "describe 2 4 4 7",
    "describe 2 4 4 7 --ddof 0,1",
    "describe 2 4 4 7 --quantiles .1,.999",
    "describe '2 1; 4 3; 4 8' --each-column",
    "diffuse 1 -1 --t 500",
    "diffuse 1 -1 --t 3,9 --T 10 --schedule linear --beta-start .001 --beta-end .1 --noise .5,-.5",
    "diffuse 1 -1 --alpha-bar .5 --seed 1",
    "diffuse 1 -1 --t 3 --schedule cosine",
    "diffuse '1 -1; 2 3' --image --t 500",
    "entropy .5 .25 .25",
    "entropy 3 1 --normalize --base 2,e",
    "entropy 2 1 0.1 --logits",
    "entropy -.6931471805599453 -.6931471805599453 --log-probs",
    "cross-entropy .9,.1 .5,.5",
    "cross-entropy --p .7,.2,.1 --logits 2,1,.1",
    "cross-entropy --p 9,1 --q 5,5 --normalize --base 2",
    "cross-entropy --probs .9,.1 --target 0",
    "cross-entropy --logits 2,1,0.1 --target 0",
    "cross-entropy --logits 2,1,0.1 --target 0 --label-smoothing 0,.1",
    "cross-entropy --log-probs -.1053605,-2.302585 --target 0 --ignore -1",
    "cross-entropy --log-probs -.1053605,-2.302585 --p .5,.5",
    "bayes --successes 12,10 --trials 99,98 --pseudo-counts .5,.5",
    "bayes --prior .1,.2 --likelihood .9 --false-positive .3",
    "kl .9,.1 .5,.5",
    "kl --p 9,1 --q 5,5 --normalize --base 2,e",
    "kl .9,.1 .5,.5 --reverse",
    "kl 2,1 1,2 --logits",
    "kl 2,1 1,2 --logits --temperature 2",
    "kl -1,-1 -2,-1 --log-probs --normalize",
    "js .9,.1 .5,.5",
    "js .9,.1 .5,.5 --distance",
    "js 2,1 1,2 --logits",
    "js -1,-1 -2,-1 --log-probs --normalize",
    "js --p 9,1 --q 5,5 --normalize --base 2,e",
    "compare .9,.1 .5,.5",
    "compare --a '2 1; 0 3' --b '2 2; 0 2' --logits --reverse --classes 2 --base 2,e",
    "compare -.6931471805599453,-.6931471805599453 -.6931471805599453,-.6931471805599453 --log-probs --target 0",
    "compare '2 1; 0 3' '2 2; 0 2' --logits --target 0,-100 --ignore -100",
    "compare 0,1,1 1,1,1 --paired --seed 1",
    "evaluate '2 1 0; 0 3 1' 0,1",
    "evaluate --logits '2 1; 0 3; 1 1' --target 0,1,-100 --ignore -100 --top 1,2 --bins 5,10 --base 2",
    "evaluate --probs '.7 .2 .1; .1 .8 .1' --target 0,2",
    "evaluate --log-probs='-.1; -2; -.5' --target 1,0,0",
    "mutual-information '.4 .1; .1 .4'",
    "mutual-information '4 1; 1 4' --normalize --base 2,e",
    "mutual-information '1 2; 1 2; 2 1' --categories",
    "entropy 1 1 2 1 --categories",
    "entropy '1 2; 1 3; 2 3' --categories",
    "js 1,1,2 1,2,2 --categories",
    "perplexity .5 .25 .25",
    "perplexity 3 1 --normalize",
    "perplexity .5 .25 --tokens",
    "perplexity -1 -2 --log-probs",
    "perplexity 2 1 0.1 --logits",
    "gaussian-kl --mu 1,0 --sigma 2,1",
    "gaussian-kl --mu 1 --sigma 2 --mu2 0 --sigma2 1 --base 2,e",
    "gaussian-kl --mu 1,0 --logvar 0,.5",
    "rlhf 1,0 .5,.5",
    "rlhf --rewards 1,0 --reference 5,5 --normalize --beta .5,1",
    "difference 1,2 1,3",
    "difference --a '1 2; 3 4' --b '1 2; 3 5'",
    "dpo --chosen -1,-2 --rejected -3,-1 --ref-chosen -1,-1 --ref-rejected -2,-2 --beta .1,.5",
    "grpo 1 0 2",
    "info-nce '1 0; 0 1' '1 .1; 0 1' --symmetric",
    "info-nce --a '1 0; 0 1' --b '1 .1; 0 1' --temperature .1,.5",
    "info-nce --similarity '1 .2; .1 .9'",
    "focal 2 1 .1 --target 0 --gamma 1,2",
    "focal --logits 2 --target 1 --alpha .25,.5",
    "attention -Q '1 0; 1 1' -K '1 0; 2 1' -V '1 0; 0 1' --tokens the,cat",
    "attention -Q '1 0; 1 1' -K '1 0; 2 1' -V '1 0; 0 1' --causal --scale 1",
    "attention -Q '1 0; 1 1' -K '1 0; 2 1' -V '1 0; 0 1' --mask '1 0; 1 1'",
    "attention '1 0 1 0; 0 1 0 1' --heads 2 --seed 5",
    "attention -Q '1 0; 1 1' -K '1; 2' -V '1; 0' --heads 2 --kv-heads 1 --window 2",
    "attention '1 0 1 0; 0 1 0 1'",
    "layer-norm 1 2 4",
    "layer-norm --x 1,2,4 --gain 1,2,1 --bias 0,0,1 --eps 0,1e-5",
    "rms-norm 1 2 4",
    "rms-norm --x 1,2,4 --gain 1,2,1 --eps 0,1e-6",
    "rope '1 0; 1 0'",
    "rope --x 1,0,2,0 --theta 100,1e6 --pairs interleaved --start 3",
    "positional 2x4",
    "positional 2x4 --theta 100 --start 5",
    "demo",
    "demo softmax",
    "demo pca",
    *(f"demo {name} --naive" for name in NAIVE),
    *(f"guide{page}" for page in ("", " map", " roadmap", " resources", " check")),
    "guide roadmap --progress progress.jsonl",
    "verify",
    "verify softmax --show",
    "combine",
    "verify softmax mine.py --seconds 9 --seed 1",
    "verify dot --command 'echo 1'",
    "quiz --topic kl --count 2 --tries 1 --seed 1 --export csv",
    "analogy king man woman",
    "analogy king - man + woman",
    "analogy a b c --vectors words.txt --top 1",
    "cosine a b --vectors words.txt",
    "analogy a b c --vectors vectors.npy --words words.list",
]


SHARED = {*InputOptions._fields, *OutputOptions._fields}
WORDS = {"help", "completion", "man", "quiz"}
"""Commands that print words alone; the quiz but for its worksheets."""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files that the lines name."""
    monkeypatch.chdir(tmp_path)
    np.savez("base.npz", w=np.eye(3))
    np.savez("tuned.npz", w=np.eye(3) + 0.5)
    Path("config.json").write_text('{"model_type": "gpt2", "n_positions": 4096}')
    Path("mine.py").write_text("def softmax(z):\n    return z\n")
    Path("progress.jsonl").write_text('{"topic":"kl","question":"","outcome":"first","seed":0}\n')
    Path("points.csv").write_text("x,y\n1,3.1\n2,4.9\n3,7.2\n")
    write_tokenizer(write_model(Path("gpt2"), decoder.CASES["GPT-2"]))
    np.save("vectors.npy", np.array([[1.0, 0], [0, 1], [2, 1], [3, 1]]))
    Path("words.list").write_text("a\nb\nc\nd\n")
    Path("words.txt").write_text("a 1 0\nb 0 1\nc 2 1\nd 3 1\n")


def ask(aimath, line, *form):
    """Give what a line prints."""
    ran = aimath(*shlex.split(line), *form)
    assert ran.code in {0, 4}, f"aimath {line}: {ran.err}"
    return ran.out


def names(aimath, line):
    """Give the fields of JSON, once for rows that have the same, and the head of CSV."""
    if "--export" in line:
        return {"csv": ask(aimath, line).splitlines()[0]}
    rows = map(json.loads, ask(aimath, line, "--json").splitlines())
    fields = {"json": list(dict.fromkeys(map(",".join, rows)))}
    if line.startswith("demo "):  # a demo is a derivation, which has no CSV
        return fields
    return {**fields, "csv": ask(aimath, line, "--csv").splitlines()[0]}


@pytest.mark.usefixtures("files")
def test_names_in_json_and_csv_are_those_that_scripts_rely_on(aimath, request):
    interface = {line: names(aimath, line) for line in LINES}
    if request.config.getoption("rewrite_interface"):
        lines = (f"{json.dumps(line)}: {json.dumps(known)}" for line, known in interface.items())
        COMMITTED.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    committed = json.loads(COMMITTED.read_text())
    changed = [
        f"aimath {line}\n  was {committed.get(line)}\n  is  {interface.get(line)}"
        for line in dict.fromkeys((*committed, *interface))
        if committed.get(line) != interface.get(line)
    ]
    assert not changed, "\n".join((CHANGED, *changed))


def parsed(line):
    """Give a line's command and its options as typer would give them."""
    name, *words = escape_negatives(shlex.split(line))
    return lookup(name), parse_args(lookup(name), words)


def test_lines_are_of_every_command_in_every_usage_with_every_option():
    lines = [parsed(line) for line in LINES]
    used = {
        (part.flags, part.help)
        for command, options in lines
        for part in command.params
        if options[part.name] != part.default
    }
    for name in COMMANDS.keys() - WORDS:
        known = lookup(name)
        usages = {select_usage(*line) for line in lines if line[0].name == name}
        assert usages == {*known.usages}, f"LINES has a line for each usage of {name}"
        own = [part for part in known.params if part.flags and part.name not in SHARED]
        assert {(part.flags, part.help) for part in own} <= used, (
            f"LINES has a line for each option of {name}"
        )
