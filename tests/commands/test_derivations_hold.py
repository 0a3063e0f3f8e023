"""No equation of a derivation says what its own digits deny: both its sides are worked out again."""

from __future__ import annotations

import itertools
import random
import re
import shlex

import pytest
from tests.commands.derivation_lines import equations

from aimath.cli.catalogue import COMMANDS, lookup

LINES = r"""
dot {1,2,3|0.1,-7,2.5e4|1e8,1,-1e-8} {4,5,6|0,0,-0.3333}
dot {1e-160,3e-160|1e150,-2e150} 2e-160,5e140
dot '1 2; 3 4' '5 6; -7 0.8'
dot {7|0.1} -3e-5
dot 1,.5,.25,.125,7,-9,1e-5,40 3,3,3,3,1,2,3,4 {--all|}
neuron --weights {.5,-.25,1|1e-9,0,3} --inputs {1,2,3|7,1e5,-0.1} --bias {.5|-1e-20} --activation {relu|tanh|sigmoid|gelu}
neuron --weights {50|-800|0} --inputs 1 --activation {sigmoid|gelu|tanh}
layer '1 2; 0 -1' {3,4|'3 4; 5 6'} --bias .5,-1 --activation {none|relu|tanh}
matmul '1 2; 3 4' '5 6; 7 8'
matmul '1098.684 -0.01178; 1e-8 1e8; 1 1.00001' '2 1 0.1; 3.00002 -7 1e5'
matmul '1 1.0000001' '-1; 1'
matmul randn:3x9 randn:9x2
transpose '1 2 3; 4 5 6'
inverse {'2 1; 1 1'|'1e-8 1; 1 1e8'|5|'1230.56 3; 2 1'|'2 -1 0; -1 2 -1; 0 -1 2'|randn:5x5} --force
det {'1 2; 3 4'|7|'0.1 0.3; 0.2 0.6'|'1 1; 1 1.0000001'|'100000.1 100000.3; 100000.2 100000.4'}
det {'1 2 3; 4 5 6; 7 8 9.00001'|'1e150 2; 3 1e-150'|'0.1 0.2 0.3; -7 1e5 3; 2 2 1e-7'|randn:4x4}
eig {'2 1; 1 2'|'1 2; 3 4'|5|1.0000014|'0 0; 0 0'|'0 1; -1 0'|'1e150 2; 3 1e-150'|'0.5908 -2.46e-12; 5.648 1.00000007576'}
eig {'1 2 3; 4 5 6; 7 8 10'|randn:6x6|'0.1 0.2 0.3; -7 1e5 3; 2 2 1e-7'}
cosine {1,2,3|1,1e-8,0|1e-160,3e-160,0|7e150,2,1} {4,5,6|1,-1e-8,0|0,0,-1e-9}
cosine 5,859.668,7.21 {-426.5886,15.1,0.0202|-20,13.956,1}
cosine {5 -3|'1 2; 3 4' '2 1; 4 3'}
cosine --matrix '1 2; 3 4; -1 0'
pca '1 2; 3 4; 5 9' --components {1|.95}
svd-approx '2 0 1; 0 3 1' --rank {1|1,2}
lora --shape {768x768|1x1000000|4096x11008|999999999x7} --rank 1
lora --shape {768x768|3x3} --rank {2|3}
embed random:{2|8|64} {king|'a longer text'|é} {--pooling mean|--pooling cls|--pooling max} {--no-normalize|--dtype float64|}
weights {'3 4; 0 1'|'1e200 3; 7 -1e200'|'1.0000001 1; 1 1'|'0 0; 0 0'} {--spectra|--quantize int8,fp8_e4m3|--against '3 4; 0 2'|}
gpt reverse {123456|11|98765432101} {--nll|--lens|--layer 0 --head 0|} --dtype {float32|float64}
params --layers {1|3} --d-model {8|768} --heads 4 --vocab 50257 --like {llama|gpt2|bert} --context {1|7} --dtype {bf16|int4|fp64}
params --layers 6 --d-model 8 --heads 4 --vocab 9 {--kv-heads 2|--experts 8|--experts 5 --experts-per-token 3|--window 64} --tied --batch 3
params --layers 999 --d-model 99999 --heads 3 --vocab 7 --context 999999 --cache-dtype int4
analogy {king|woman} man king
attention -Q '1 0; 1 1; 0 1' -K '1 0; 2 1; 0 1' -V '1 0; 0 1; 2 2' {--causal|}
attention -Q '1 0 1e-9 2; 1 1 0 -3' -K '1 3; {2 5|1e-7 0}' -V '1 0; {4 1e-9|2 2}' {--heads 4 --kv-heads 2|--heads 2 --kv-heads 1} {--window 1|}
attention -Q '1 0 7' -K '1e-9 3 1' -V 5 {--scale .3|}
difference {1,2,3|1e200,1e200,7} {1,2,3.5|1e200,1e200,7.0001|3,2,1}
dpo --chosen=-12,{-1|-1.0000001} --rejected=-14,-2 --ref-chosen=-12.5,-3 --ref-rejected=-13.5,{-1|-4} --beta {.1|3}
grpo {1,0,0,1|1,1|1e200,-1e200|3.0000001,3,3}
info-nce --similarity {'1 .2; .1 .9'|'1 1; 1 1'|'0 9; 9 0'} --temperature {.07|1} {--symmetric|}
focal {2,1,.1|0,-40|1,1} --target {0|1} --gamma {0|.5|2}
focal {.3|-9|30} --target {0|1} --gamma {0|2} --alpha {.25|1}
sample {2,1,.1,-1,3|0,0,-40} --temperature {1|.3} {--top-k 2|--top-p .7 --min-p .1}
layer-norm {2,9|1e200,-1e200|1e-3,2e-3|1,1.00000001|'1 2; 3 7'} --eps {1e-5|0|1e-30} {--gain 2,3|}
rms-norm {2,4,9|1e200,-1e200|1e-3,2e-3|0,1e-170} --eps {1e-6|0|.1}
rope {'1 2 3 4; 5 6 7 8'|1,1e-9|3,0,0,-4} --start {0|7|99999} --pairs {halves|interleaved}
positional {4x6|3x5} --start {0|7|99999}
grad {'x^2 + 2*x*y + y^2'|'sin(x)*y'|'exp(x)/y'|'tanh(x*y)'|'sqrt(x^2+y^2)'|'1/(1+exp(-x))+y'} {x=3|x=-0.3|x=1e-9} y={2|1e5}
grad {'x^y'|'x/y - y/x'|'log(1+exp(x*y))'|'sigmoid(x)*y'|'x*y*x*y'} x={0.5|lin:1:2:3} y=1.0000000001
grad 'x^2*y' 'x+y' x=2 y=3
grad '(x-1)^2*(y+2)^3' --at '1 2; 3 4' --hessian --direction 1,1
backprop {'(tanh(w*x + b) - y)^2'|'cosh(w*x)-b/y'|'w*x + w*b*sigmoid(y)'} w=0.5 x=2 b=-0.5 y={1|1e-9}
backprop {'x*x*x'|'log(x)^2'|'sqrt(x)/x'} x={2|1e5|0.3333333333333333}
backprop --layer '1 2 3; 4 5 6' {'1,2,3'|'1230.56,0,-2'|'1 0 1; 2 1 -0.5'} 0,0 --target {0|1}
backprop --layer '1 2; 3 4' 5,-6
gd --lr {.1|1|1e-9|.1,.5,1.1} --steps 4
gd --function {'(w-3)^4'|'w^2/2'|'1e6*(w-3)^2'|'cosh(w-2)'|'-(w-2)^2'} --start w={1|3.0000001|-300} --lr 1e-7 --steps {0|3}
gd --function 'x^2+10*y^2' --start x=1,y=1 --steps 3
gd {--schedule cosine|--weight-decay .1|--start w=3} --steps 3
gd 'mean((w*x+b-y)^2)' --data points.csv {w=0 b=0|w=.3 b=-1e-9|w=1e5 b=1} {--lr .01|--batch 3 --seed 2} --steps {0|3}
momentum 'mean((w*x+b-y)^2)+.1*w^2' --data points.csv w=1 b=.5 --lr .001,.01 --steps 2
adam 'mean(log(1+exp(-w*x*(y-5))))+sum(x)*w^2' --data points.csv w={1|-.3333333} --steps {1|2} {--batch 2|}
grad {'mean((w*x+b-y)^2)'|'sqrt(mean((w*x-y)^2))+b*sum(x)'|'mean(tanh(w*x)*y)/sum(b*x)'} --data points.csv w={1|.3} b={-1e-9|7} {--hessian|}
momentum {--lr .1|--lr .1,.2 --dampening .5} --function {w^2/3 --start 1|x^2+10*y^2 --start 1,.3} --steps {0|3}
nesterov --function 'x^2+10*y^2' --start x=1,y=0.3 --steps 4
rmsprop {--centered|--momentum .9|--lr .5} --steps {0|4}
adam {--lr .1|--lr 1e-9|--beta1 0|--beta2 0|--eps 1|--eps 0|--amsgrad|--beta1 .99999 --beta2 .9999999} --start {w=10|w=3.000001|w=-7} --steps 2
adam --function {'1e100*w^2'|'1e-100*w^2'|'(w-1)^4'} --start {1|-0.3} --steps 1
adam --function 'x^2+y^2' --start 1,2 --steps 2
adam --lr .1,.2 --steps 2
adamw {--weight-decay .5 --lr 3|--weight-decay 0|--lr 1e-5 --function 7.000000001*w^2} --start {w=10|w=1.000001} --steps 2
race {--lr .1|--lr 1 --steps 3}
learning-rate {1,9|1|1e-9,1e9|3,3|0,1|1,1.0000001|2,4,8,16,32,64,128,256} --lr {.2|1e-9|1e5}
learning-rate --function 'x^2+10*y^2' --at x=1,y=1
schedule 0 5 10 20 25 --schedule {step|exponential|inverse-time|linear --min-lr .01|polynomial|cosine|warmup-cosine --init-lr .01} --lr .1
softmax {2,1,0.1|0,-40|7|0,0,0|-3.5,2,1e-12|1e300,-1e300,1e288|-inf,1,2|700,-inf,-700,699.5|'1 2; -5 0.6'} {|--log|--temperature .1|--temperature inf|--temperature 0|--temperature .5,3}
softmax 0.7,-12,3.25,40,5e-5,-6,70,8 --all
logsumexp {1000,1000.5,999|0,-40|0,-17|0,-10|5,-15|1e9,1e9|-0.7,-0.69|0,-18,-19,-37|7|'0 -40; 1 2'|-inf,3|123456789.5,-1|700,-700|-1000,-1040|1300.9971246,2|0.999999066,1}
logsumexp {1000,1000.5,999|0,-40,3|-0.7,-0.69,-50} --weights {1,2,.5|1e300,-1,0|.5,.5,1e-9|-1,1,1}
logsumexp 0,-30,-30,-30,-30,-30,-30,-30 {--all|}
temperature {2,1,0.1,-1,3|0,0|-inf,1,2}
bayes --prior {.3|.5|1e-12|.999999999} --likelihood {.8|1|1e-9} --false-positive {.1|1e-7}
bayes --prior .3 --likelihood .8 --evidence {.35|.24|.9}
bayes --prior '.3;.4' --likelihood '.8;.1' --false-positive .1 --names spam,free
bayes --prior {.2,.3,.5|1e-10,.5,.4999999999|.5,.25,.2500005} --likelihood .1,.5,.9
bayes --successes {120,100|1,0} --trials {1000,1000|120,1e6} --pseudo-counts {1,1|.5,.5}
bayes --successes 3,3,9 --trials 9,9,10
bayes --prior .1,.2 --likelihood .8 --false-positive .1
bayes --prior .2,.8 --likelihood .1,.5 --likelihood .3,.3
bayes --prior .3 --likelihood .8 --likelihood .5 --false-positive .1 --false-positive .2
gaussian {0,1,2|-5,0.3333,38} {--log|--cdf|--cdf --log|} {|--mu 1.5 --sigma 0.01}
gaussian --quantile {.025,.5,.975|1e-12,.999999} --mu {0|3} --sigma .1
gaussian --between {-1|1e-9} {1|inf|40} {|--mu 1e-3 --sigma 2.5}
gaussian --sample {1|5} --mu {1e6|-2} --sigma {1e-3|.5}
describe {2,4,4,4,5,5,7,9|7|0,0,0|1,1.0000000001|1e-300,2e-300|1.2e154,-1.2e154|'1 2; 3 4; -5 0.6'|-1e9,1e-9,0.3333333333} {--ddof 0|--all}
describe {3,4.5|1e-162,2e-162|123456789,-0.001,12} --ddof 1
describe {'1 2; 3 4; 5 9'|'1e9 2; 1000000001 2'|5} --each-column {--ddof 1|}
diffuse {1,-1,0.5|-300|0|'1 2; 3 4'} {--t 500|--t 0|--t 999 --schedule cosine|--alpha-bar .3|--alpha-bar 1e-12|--alpha-bar .999999999}
entropy {.5,.25,.125,.125|1|1,0|1e-12,.999999999999|1e-300,1|.5,.5000005|.5,.4999995} --base {2|e|10|3}
entropy {1.0000005|.1,.1,.1,.1,.1,.1,.1,.3|'.3 .7; .01 .99'} {--all|}
entropy --logits {2,1,0.1|50,0|-inf,1,2} --base {2|e}
cross-entropy {0,1,0|.2,.3,.5|.25,.25,.5000005} {.1,.8,.1|.3333333333,.3333333333,.3333333334|.5,.5,0} --base {2|e|10} {--label-smoothing .1|}
cross-entropy {1|1.0000005} {1|.9999995}
cross-entropy --logits={2,1,0.1|50,0,-1|-inf,0,1} --target {1|2} {--label-smoothing .1 --base 2|--base 10|}
kl {.9,.1|.5,.5|1,0|1e-12,.999999999999|1e-300,1|.5,.5000005} {.5,.5|.4999999999,.5000000001|.50001,.49999|1e-12,.999999999999|.5,.4999995} {--base 2|--base 10 --reverse|--reverse}
kl {.2,.3,.5|0,.5,.5} {0,.5,.5|.2000001,.2999999,.5} --base {e|2}
kl {2,1,.1|0,-800,3|1,1.0000001,1} {1,2,0|3,3,3} --logits --temperature {.5|3|1e6} {--reverse|--base 2|}
kl 1 {1|1.0000005} {--reverse|}
kl .0625,.4375,.015625,.015625,.015625,.015625,.015625,.421875 .125,.125,.125,.125,.125,.125,.125,.125 {--all|}
kl {'.3 .7; .01 .99'|.9,.1} '.4 .6; .02 .98'
kl {2,1,.1|0,-800,3|1,1.0000001,2} {1,2,.1|1,1,2|-800,0,1} --logits {--reverse|--base 2|}
kl {-1,-2|-700,0} -1,-1.5 --log-probs --normalize
js {2,1|0,-800} {1,2|2,1.00001} --logits {--base e|--distance|}
js {.9,.1|1,0|.5,.5|.9999999999956007,4.3993e-12} {.5,.5|0,1|.4999999999,.5000000001|.9999999999956006,4.3994e-12|.5,.5000005} {--base e|--distance}
compare '2 1 .1; 0 3 1; 5 5 5' {'2 1.1 .1; 0 2 1; 5 5 5'|'2 1.0000001 .1; 0 3 1; 5 5 5'|'-7 1e3 2; 0 0 0; 1 2 3'} --logits {--target 0,1,2|--target 0,1,2 --base 2|--reverse}
compare {.9,.1|.5,.5|1,0|1e-12,.999999999999} {.5,.5|0,1|.4999999999,.5000000001} {--target 1|--base 10|}
entropy {'1 2; 1 3; 2 3'|1,1,2,7} --categories
cross-entropy --log-probs=-1.1,-.40,-9 {--target 1|--p .2,.5,.3|--target 2 --label-smoothing .1} --normalize
mutual-information {'1 2; 1 2; 2 1'|'1 2; 1 3'|'1 1; 2 2; 1 1'} --categories {--base e|}
js {1,1,2|3,4} {1,2,2|3,3,3} --categories {--distance|}
evaluate --logits '2 1 .1; 0 3 1; 5 5 5' --target {0,1,2|2,0,0|1,1,1} --bins {3|15} --top {1|2}
evaluate --probs {'.1; .25; .9; .4'|'.5; .5; 1; 0'|'1e-12; .999999999; .3; .7'} --target {0,1,1,0|1,1,1,1} {--base 2|--bins 2}
evaluate --log-probs='-.1 -2.3521684610440907; -3 -.05106918319' --target {0,1|1,1}
evaluate --logits {3|-800} --target {0|1}
compare {0,1,1,0,1|1e-9,2,3,4,5|1e8,3,4,5,.1} {1,1,1,0,1|0,2,3,4,5|1,2,3,4,5} --paired {--all|}
mutual-information {'.4 .1; .1 .4'|'.25 .25; .25 .25'|'.25 .25; .25 .2500007'|1|'.5 0; 0 .5'|'.250001 .249999; .249999 .250001'} --base {2|e|3}
mutual-information {'1 0.3333333333; 3 1'|'3 1 4; 1 5 9'|'1e-8 1; 1 1e8'|'1e150 2; 3 1e-150'} --normalize {--all|}
perplexity {.5,.25,.25|1|1,0|1e-12,.999999999999|.5,.4999995|1.0000005|.1,.1,.1,.1,.1,.1,.1,.3} {--all|}
perplexity --logits {2,1,.1|50,0|0,0,0,0}
entropy --log-probs {-1,-2|-700,0} --normalize
cross-entropy --p {.7,.2,.1|0,1,0} --logits={2,1,.1|50,0,-1} {--base 2|--label-smoothing .1|}
perplexity --tokens {.5,.1,.9|1|1e-300,1|0,1}
perplexity --log-probs {-1,-3|-1e-9,0|-700,-800,-1e5}
gaussian-kl --mu {1|1e-9|1e6} --sigma {2|1.000000001|1e-6} --base {e|2}
gaussian-kl --mu {1,2,0.1|0,0,0} --sigma {.5,3,1|1,1e-9,7} --mu2 0,1,2 --sigma2 1,1,.25
gaussian-kl --mu {1,2|'1 2; 3 4'} --logvar {0,1e-9|-3,2}
rlhf --rewards={1,0,2|0,0,0|1e5,-1e5,0|-3,-3.0000001,-3} --reference {.5,.3,.2|1,0,0|.3333333333,.3333333333,.3333333334|.5,.25,.2500005} --beta {1|.01|1e6}
"""
"""Command lines; of {one|or|another} each is taken."""

WITHOUT_EQUATIONS = {
    *("layer", "transpose", "pca", "svd-approx"),  # matrices and their quantities
    *("rope", "positional", "sample"),  # tables of what formulas give entry by entry
    *("race", "schedule", "temperature", "weights"),  # tables
}
"""Calculators whose derivations have no number that is said to be equal to a calculation with numbers."""
WITH_PRODUCTS, FOUR_DIGITS = {"matmul", "inverse", "eig", "backprop"}, 4
"""Calculators that write a row times a column in fewer digits than other numbers."""

CALCULATORS = [name for name, entry in COMMANDS.items() if not (entry.is_text or lookup(name).informational)]


@pytest.fixture(autouse=True)
def points(tmp_path, monkeypatch):
    """The table that lines name."""
    monkeypatch.chdir(tmp_path)
    rows = "1,3.1\n2,4.9\n3,7.2\n4.00001,8.8\n-0.3333333,1e-9\n1e-7,1.25\n"
    (tmp_path / "points.csv").write_text(f"x,y\n{rows}")


def expanded(line):
    """Give the words of each line that a line with choices stands for."""
    fixed, *rest = re.split(r"\{(.*?)\}", line)
    choices = [text.split("|") if k % 2 == 0 else [text] for k, text in enumerate(rest)]
    return [shlex.split("".join((fixed, *chosen))) for chosen in itertools.product(*choices)]


def lines_of(name):
    """Give the words of every command line of a calculator, its example last."""
    lines = [words for line in LINES.split("\n") if line.startswith(f"{name} ") for words in expanded(line)]
    return [*lines, shlex.split(COMMANDS[name].example)[1:]]


def evaluate(aimath, name, lines, *options):
    """Work out again every equation of the derivations of some command lines; give their number and the false ones."""
    evaluated, false = 0, []
    shown = FOUR_DIGITS if name in WITH_PRODUCTS else 6
    for words, option in itertools.product(lines, options):
        ran = aimath(words[0], "--explain", *option, *words[1:])
        assert ran.code == 0, ran.err
        found = list(equations(ran.out, int(option[1]) if option else shown))
        evaluated += len(found)
        false += [(shlex.join([*words, *option]), each) for each in found if not each.holds]
    return evaluated, false


@pytest.mark.parametrize("name", CALCULATORS)
def test_equations_of_a_sample_hold(aimath, name):
    lines = lines_of(name)
    sample = random.Random(name).sample(lines[:-1], k=min(4, len(lines) - 1))  # noqa: S311
    _, false = evaluate(aimath, name, [*sample, lines[-1]], [])
    assert false == []


@pytest.mark.parametrize("name", CALCULATORS)
@pytest.mark.slow
def test_every_equation_holds(aimath, name):
    evaluated, false = evaluate(aimath, name, lines_of(name), [], ["--digits", "9"])
    assert false == []
    assert (evaluated == 0) == (name in WITHOUT_EQUATIONS), (
        f"{evaluated} equations were worked out again in the derivation of {name}: "
        "LINES has the command lines, WITHOUT_EQUATIONS who has none"
    )


TRUE = (
    " S = 1 + 0.367879 + 0.149569 = 1.51745",
    " H = 0.346574 + 0.346574 = 0.693147 nats      perplexity 2",
    " 4 m + ln S = 1000.5 + ln 1.82966 = 1001.104131 nats",
    " 4 m + ln S = 0 + ln(1 + 4.24835e-18) = 4.248354255e-18 nats",
    " exp 1.03972 = 2.82843 equally likely choices",
    " row 1 of a · column 1 of inverse:  2·1 + 1·-1 = 1",
    " 24576 / 589824 = 4.16667 %",
    " H = 1.75 bits = 1.21301 nats",
    " ✓ checked another way: odds 0.428571 · 5.09091 = 2.18182 to 1, which is P = 0.685714",
    " ✓ checked another way: cross-entropy - entropy = inf - 0.693147 = inf",
    " det =  1 · (5·9 - 6·8)\n      - 2 · (4·9 - 6·7)\n      = 9",
    " w = 10 - 0.1 · 14/(√196 + 1e-8) = 9.9",
    " |-3|^2 = 9      log2(0.25) = -2",
    " S = 3.3e-320 + 1e-320 = 4.2996e-320",
    " abar = 0.3      √(1 - abar) = 0.83666",
    " largest curvature L = 9   smallest mu = 1   L/mu = 9\n converges below lr = 2/L = 0.222222",
    " f = 25 at x = 3, y = 2\n ∂f/∂x = 2*x + 2*y = 10",
    "m = (p + q)/2\n      p    q    m\n 1  0.9  0.5  0.7  ███",
    "      p    q  p · ln(1/q)\n 1  0.5  0.8     0.111572  ███",
    "    work                    nats\n 1  0.9 · ln(0.9/0.5)  +0.529008  + ███",
    " node            value  local  derivative  × upstream  = gradient\n └─e = o - y       0.5  2*e             1         0.5         0.5\n   ├─o           0.75  1\n   └─y           0.25  1",
)
"""Derivations all of whose equations hold, and those are at least one."""
FALSE = {
    "a wrong digit": " S = 1 + 0.367879 + 0.149569 = 1.51746",
    "a wrong digit, were it rounded off": " S = 0.5 + 0.25 = 0.7501",
    "a wrong sign": " KL(p‖q) = 0.529008 + 0.160944 = 0.368064 nats",
    "a wrong sign of the outcome": " det = 1·4 - 2·3 = 2",
    "a wrong operation": " cosine = 32 · 3.74166 / 8.77496 = 0.974632",
    "a wrong power of ten": " variance = 32 / (8 - 0) = 4e1",
    "bits for nats": " H = 1.75 bits = 1.75 nats",
    "a wrong factor between bits and nats": " H = 1.75 bits = 2.52472 nats",
    "a share for a percentage": " 24576 / 589824 = 0.0416667 %",
    "a percentage of a percentage": " 50 % = 50",
    "a rounded 1 in a logarithm": " 4 m + ln S = 0 + ln 1 = 4.248354255e-18 nats",
    "rounded factors that cancel": " det = 1·1 - 1·1 = 1e-10",
    "a root of 0 that is not 0": " variance = 0 / (2 - 0) = 0      std = √variance = 5e-301",
    "infinite against finite": " H(p, q) = 0 + inf = 0.693147 nats",
    "the end of a broken line": " S = 0.1 + 0.2\n   + 0.3 = 0.5",
    "the middle of a chain": " JS = 0.1/2 + 0.3/2 = 0.4 = 0.2 bits",
    "a name": " abar = 0.3      √abar = 0.83666",
    "a column's formula": "m = (p + q)/2\n      p    q    m\n 1  0.9  0.5  0.4",
    "a column's head": "      p    q  p · ln(1/q)\n 1  0.5  0.8    -0.111572",
    "a cell's calculation": "    work                    nats\n 1  0.9 · ln(0.9/0.5)  -0.529008",
    "a local derivative": " node   value  local  derivative  × upstream  = gradient\n └─e       0.5  2*e           0.5           1         0.5",
    "a gradient": " node   value  local  derivative  × upstream  = gradient\n └─e       0.5  1             0.5           2         0.5",
}
SILENT = (
    " S = 0.1 + 0.2 + … + 0.4 = 1.5",
    " x = 3, 4      W · x by neuron,input:",
    "cosine = a · b / (|a| · |b|)",
    " ✓ checked another way: the textbook's line, Σ ln(s2/s1) + (s1² + (m1 - m2)²)/(2 s2²) - 1/2 = 1.30685",
    " ✓ checked another way: log2 Σ exp(z_j) - Σ t_i · z_i/ln 2 = 0.741108",
    " ✓ checked another way: 1 - |a/|a| - b/|b||² / 2 = 0.974632",
    "  3·1 + 1e-150·0 ≈ 1e+150 · 0",
    "    A\n 1  2 1\n 2  1 2",
    "    p_i  surprise  p_i · surprise\n 1    0       inf               0",
)
"""What says no equation between numbers."""


@pytest.mark.parametrize("text", TRUE)
def test_what_the_digits_allow_holds(text):
    found = list(equations(text))
    assert found
    assert all(equation.holds for equation in found)


@pytest.mark.parametrize("text", FALSE.values(), ids=FALSE)
def test_what_the_digits_deny_does_not_hold(text):
    assert not all(equation.holds for equation in equations(text))


@pytest.mark.parametrize("text", SILENT)
def test_what_is_no_equation_is_not_evaluated(text):
    assert list(equations(text)) == []
