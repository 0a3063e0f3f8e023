"""Command lines of every calculator, usage and switch, with slots for numbers at the ends of float64 and near."""

from __future__ import annotations

import itertools
import math
import re
import shlex
from typing import TYPE_CHECKING

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.fast_parser import escape_negatives, parse_args
from aimath.cli.options import OutputOptions
from aimath.cli.runner.answers import _make_reports, _reduced_report
from aimath.cli.runner.job import parse_job
from aimath.cli.runner.reduction import Accumulators, named_operands

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from aimath.report import Report

FORMS = r"""
dot {0},{1} {1},1
dot --a {0},{1},{2} --b {2},{1},{0}
neuron --inputs {0},{1} --weights {1},1 --bias {2} --activation {relu|tanh|sigmoid|gelu|none}
layer '{0} {1}; {1} 1' {2},{0} --bias {1},{2} --activation {relu|tanh|sigmoid|gelu|none}
layer -W '{0} {1}; {1} 1' --x {2},{0}
matmul '{0} {1}; 1 0' '{1} {0}; 0 1'
transpose '{0} {1}; 1 0'
inverse '{0} {1}; {1} 1'
inverse '{0} {1}; {2} 1' --force
inverse '{0} 1 0; 0 {1} 1; 1 0 {2}'
det '{0} {1}; {2} 1'
det '{0} 1 0; {1} {1} 1; 1 0 {2}'
eig '{0} {1}; 1 {0}'
eig '{0} {1}; {1} 1'
eig '{0} 1 0; {1} {1} 1; 1 0 {2}'
cosine {0},{1} {1},1
cosine --matrix '{0} {1}; {1} 1; {2} 0'
analogy king man {woman|queen}
attention -Q '{0} {1}' -K '{1} 1; 1 {0}' -V '{0};{1}'
attention -Q '{0} {1}; 1 {2}' -K '{1} 1; 1 {0}' -V '{0} 1;{1} {2}' --scale {scale}
attention -Q '{0}; 1' -K '{1}; {2}' -V '{0};{1}' {--causal|--mask '1 0; 1 1'}
attention -Q '{0} {1}; 1 {2}' -K '{1}; {2}' -V '{0};{1}' --heads 2 --kv-heads 1 {--window 1|--causal}
attention '{0} {1}; 1 {2}' --heads {1|2} {--causal|--seed 3}
attention -Q 1,2 -K '{0} 1; 1 0' -V '1;2' --mask '{1} {2}'
pca '{0} {1}; {1} 1; 0 1'
pca '{0} {1}; {1} {2}; 0 1; 1 1' --components 1 --whiten
svd-approx '{0} {1}; {1} 1' --rank 1
svd-approx '{0} {1}; {1} 1; {2} {0}'
svd-approx '{0} {1}; {1} 1; {2} {0}' --rank 1 {--randomized|--exact}
lora --shape 7x5 --rank {1|2|5}
lora --shape {7x5|1x1|4096x11008}
grad 'x^2*y' x={0} y={1}
grad 'x/y+{2}' x={0} y={1} --hessian
grad 'log(1+exp(x*y))' x={0} y={1} --direction {2},1
grad 'x*y' 'sqrt(x)+y' x={0} y={1}
grad 'sin(x)*tanh(y)' x={0},{1} y={2},1
backprop '(tanh(w*x + b) - y)^2' w={0} x={1} b={2} y=1
backprop 'log(x^2+y)/x' x={0} y={1}
backprop --layer '{0} {1}; {1} 1' 1,{2} {0},0 --target {0|1}
backprop --layer '{0} {1}; {1} 1' 1,{2}
{gd|momentum|nesterov|rmsprop|adam|adamw} --start w={0} --lr {lr} --steps 3
{gd|momentum|nesterov|rmsprop|adam|adamw} --function '{0}*w^2' --start w={1} --steps 3
{gd|momentum|nesterov|rmsprop|adam|adamw} --function '{0}*w' --start w={1} --lr {lr} --steps 2
{rmsprop|adam|adamw} --function '{0}*x+{1}*y' --start 1,2 --steps 3 --eps {eps}
rmsprop --function '{0}*w+w^2' --start {1} --steps 3 --centered --momentum .5
{adam|adamw} --function '{0}*w+w^2' --start {1} --steps 3 --amsgrad --eps {eps}
momentum --function '{0}*w+w^2' --start {1} --steps 3 --dampening .5
{gd|adam|adamw} --function 'w^2' --start {0} --weight-decay {decay} --steps 2
race --function '{0}*x^2 + {1}*y^2' --start 2,{2} --steps 3
learning-rate {0} {1} --lr {lr}
learning-rate --function '{0}*x^2 + {1}*y^2' --at x=1,y={2}
schedule 0 5 10 20 25 --schedule {step|exponential|linear|polynomial|cosine|warmup-cosine|constant} --lr {lr}
schedule 0 1 5 7 20 --schedule {cosine|warmup-cosine} --lr {0} --min-lr {1}
schedule 0 5 20 --schedule polynomial --lr {0} --power {1}
schedule 0 5 20 --schedule {step|exponential|inverse-time} --lr {0} --gamma {gamma}
schedule 0 1 5 --schedule warmup-cosine --lr {0} --init-lr {1}
softmax {0} {1}
softmax {0} {1} --temperature {temperature}
softmax {0} {1} {2} --log --temperature {temperature}
softmax {0} {1} -inf
logsumexp {0} {1}
logsumexp {0} {1} 0 --weights {2},{0},1
logsumexp {0} {1} {2} {inf|-inf}
temperature {0} {1} {2}
temperature {0} {1} -T {temperature},1
cross-entropy {0},{1} {1},1 --normalize
cross-entropy {0},{1},{2} {1},1,{0} --normalize --label-smoothing .1 --base 10
cross-entropy --logits {0},{1} --target {0|1}
cross-entropy --logits {0},{1},{2} --target 1 --label-smoothing .1
bayes --prior {0} --likelihood {1} --evidence {2}
bayes --prior {0} --likelihood {1} --false-positive {2}
bayes --prior {0},1 --likelihood {1},{2} --normalize
bayes --prior {0},{1} --likelihood {1},{2} --likelihood {2},1 --normalize
bayes --successes {0},{1} --trials {1},{2}
bayes --successes 1,2,3 --trials 3,3,3 --pseudo-counts {0},{1}
bayes --prior {0},{1} --likelihood {1} --false-positive {2}
bayes --prior .5,.5 --likelihood {0},{1}
bayes --prior .5 --likelihood {0} --likelihood {1} --false-positive {1} --false-positive {2}
gaussian {0} --mu {1} --sigma {2}
gaussian {0} {1} --mu {1} --sigma {2} --cdf
gaussian {0} {1} --mu {1} --sigma {2} --log
gaussian {0} {1} --mu {1} --sigma {2} --cdf --log
gaussian {0} --quantile --mu {1} --sigma {2}
gaussian .3 --mu {0} --sigma {1} --quantile
gaussian --between {0} {1} --sigma {2}
gaussian --between {0} {1} --mu {2}
gaussian --sample 3 --mu {0} --sigma {1} --seed 1
describe {0} {1}
describe {0} {1} {2} --ddof 1
diffuse {0},{1} --noise {1},0 --alpha-bar .5
diffuse {0},{1} --alpha-bar {share} --seed 1
diffuse {0},{1} --t {0|500|999} --schedule {linear|cosine|scaled-linear} --seed 1
diffuse {0},{1} --t 5 --beta-start {share} --beta-end .02 --seed 1
diffuse --image '{0} {1}; 0 1' --t 5 --seed 2
entropy {0} {1} --normalize
entropy {0} {1} {2} --normalize --base 10
entropy {0} {1} --logits
entropy {0} {1} {2} -inf --logits --base 3
perplexity {0} {1} --normalize
perplexity --tokens {0} {1}
perplexity --tokens {0} {0} {0}
perplexity --log-probs {0} {0} {0}
perplexity --log-probs {0} {1} {2}
kl {0},{1} {1},1 --normalize
kl {0},{1},{2} {1},1,{0} --normalize --reverse --base 2
js {0},{1} 1,{2} --normalize
js {0},{1},{2} {1},1,{0} --normalize --distance --base e
mutual-information '{0} {1}; {1} 1' --normalize
mutual-information '{0} {1} 1; {1} {2} 0' --normalize --base e
gaussian-kl --mu {0} --sigma {1} --mu2 {1} --sigma2 {2}
gaussian-kl --mu {0},{1} --logvar {2},{1}
gaussian-kl --mu {0} --sigma {1} --base 2
rlhf --rewards {0},{1} --reference .5,.5 --beta {beta}
rlhf --rewards {0},{1},1 --reference {1},1,{2} --normalize
rlhf --rewards {0},{1},1 --reference {1},1,{2} --normalize --beta {beta}
sample {0} {1} {2} --temperature {temperature}
sample {0} {1} {2} 1 --top-k 2 --top-p {share} --min-p {share} --order {vllm|llama.cpp}
sample {0} 1 {1} --count 3 --top-p .5 --seed 2
layer-norm {0} {1} {2} --eps {eps}
layer-norm {0},{1} --gain {2},1 --bias {0},{1}
rms-norm {0} {1} {2} --eps {eps}
rms-norm {0},{1} --gain {2},1
rope {0},{1},{2},1 --start {0|1|100000} --pairs {halves|interleaved}
positional {1x1|3x4|2x5} --theta {theta} --start {0|99999}
difference {0},{1} {1},{2}
difference '{0} {1}; {2} 0' '{0} {2}; {1} 1'
dpo --chosen={0},1 --rejected={1},2 --ref-chosen={2},0 --ref-rejected={1},1 --beta {beta}
grpo {0} {1} {2}
info-nce '{0} {1}; {1} 1' '{2} {1}; {1} {0}' {--symmetric|}
info-nce --similarity '{0} {1}; {1} {2}' --temperature {beta}
focal {0} {1} {2} --target {0|1|2} --gamma {eps}
focal {0} --target {0|1} --alpha {share}
describe '{0} {1}; {2} 1' --each-column
describe {0} {1} {2} --quantiles .1,.999
kl {0},{1} {1},{2} --logits
kl {0},{1} {1},{2} --logits --temperature {.3|7|1e9}
js {0},{1},1 {1},{2},0 --logits
entropy {0} {1} {2} --logits
perplexity {0} {1} --logits
compare '{0} {1}; {1} 1' '{1} {2}; 0 1' --logits {--target 0,1|--reverse|--base 2}
compare '{0} {1}' '{1} {2}' --logits
compare {0},{1},1 {1},{2},2 --paired --seed 1
embed random:{2|8|64} '{0} {1}' {2} {--pooling max|--pooling cls --no-normalize|--dtype float64|}
weights '{0} {1}; {2} 1' {--spectra|--quantize int8,nf4,fp8_e4m3}
weights '{0} {1}; {2} 1' --against '{1} {2}; {0} 1'
gpt reverse {123456|11|98765432101} {--top 3|--lens|--nll|--layer 0 --head 0|--layer 0} --dtype {float32|float64}
entropy '{0} {1}; {1} {1}; {2} {0}' --categories
mutual-information '{0} {1}; {1} {1}; {2} {0}' --categories
js {0},{1},{1} {2},{0} --categories
evaluate --logits '{0} {1}; {1} 1; {2} {0}' --target {0,1,1|1,1,1} {--bins 3|--top 1}
evaluate --logits '{0} {1} 1; {1} 1 {2}' --target {0,2|1,1}
evaluate --logits '{0}; {1}; {2}' --target 0,1,1
params --layers {1|7} --d-model 48 --heads 4 --vocab 27 {--tied|--experts 4 --experts-per-token 2|--like bert --positions 64} --context {1|32k}
params --layers 1000000 --d-model 1000 --heads 10 --vocab 1000000 --kv-heads 2 --window 5 --dtype {fp64|int4}
"""
"""A digit in braces is a number, a name one of OPTIONS; of {one|another} each is taken."""

ENDS = ("1.7e308", "-1.7e308", "1e200", "-1e-200", "1e-308", "-1e-308", "5e-324", "0", "1")
OPTIONS = {
    "lr": ("1.7e308", "1e-308", "5e-324", ".1"), "temperature": ("1.7e308", "1e-308", "5e-324", "0", "inf", "1"),
    "eps": ("0", "5e-324", "1e-8", "1.7e308"), "decay": ("0", "1.7e308", "1e-308", ".1"),
    "gamma": ("1.7e308", "1", "5e-324", ".5"), "share": ("0", "1", "5e-324", "1e-308", ".5"),
    "theta": ("10000", "1e-299", "1e299", "1"),
    "beta": ("1.7e308", "1e-308", "5e-324", "1"), "scale": ("1.7e308", "-1.7e308", "5e-324", "0", "1"),
}  # fmt: skip
CALCULATORS = [name for name, entry in COMMANDS.items() if not (entry.is_text or lookup(name).informational)]


def forms(name: str = "") -> list[str]:
    """Give the forms, those of one command or all."""
    return [form for form in FORMS.strip().splitlines() if not name or name in re.split(r"[{|} ]", form)]


def ordinary(rng: random.Random) -> str:
    """Draw a number of the kind that rounding finds hard: of any size, or a hair from a round one."""
    kind = rng.randrange(4)
    if kind == 0:
        return repr(rng.choice((1.0, 0.5, 3.0, 1e-3)) * (1.0 + rng.randrange(-4, 5) * 2.0**-52))
    if kind == 1:
        return repr(rng.uniform(-1.0, 1.0) * 10.0 ** rng.randint(-20, 20))
    return repr(rng.random() if kind == 2 else round(rng.uniform(-9.0, 9.0), 1))


def lines(form: str, count: int, rng: random.Random, numbers: Sequence[str] = ENDS) -> Iterator[str]:
    """Yield every line that a form stands for, or so many drawn by chance; without numbers, ordinary ones."""
    slots = list(dict.fromkeys(re.findall(r"\{([^}]*)\}", form)))
    choices = [
        numbers if slot in {"0", "1", "2"} else OPTIONS.get(slot, tuple(slot.split("|"))) for slot in slots
    ]
    if all(choices) and math.prod(map(len, choices)) <= count:
        drawn = itertools.product(*choices)
    else:
        drawn = ([rng.choice(c) if c else ordinary(rng) for c in choices] for _ in range(count))
    for values in drawn:
        line = form
        for slot, value in zip(slots, values, strict=True):
            line = line.replace(f"{{{slot}}}", value)
        yield line


def reports(line: str) -> Iterator[Report]:
    """Yield the answers to a line as the library gives them: nothing is caught or hidden on the way."""
    name, *words = shlex.split(line)
    command = lookup(name)
    given = parse_args(command, escape_negatives(words))
    for key in OutputOptions._fields:
        del given[key]
    job, pieces = parse_job(command, given, stdin=False)
    if job.reduction:
        learnt = Accumulators(job, job.reduction)
        for piece in pieces:
            learnt.update(named_operands(job, piece))
        yield from (_reduced_report(job, learnt.of_run(run), run) for run in job.runs)
        return
    for piece in pieces:
        yield from _make_reports(job, piece, job.runs)
