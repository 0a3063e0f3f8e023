"""The library is the command line without its text: names, defaults and results of every command are the same."""

from __future__ import annotations

import inspect
import json
import math
import re
import shlex

import numpy as np
import pytest

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.command import REQUIRED
from aimath.cli.options import Supplied, TableOptions
from aimath.core import calculus, information, linalg, nn, optim, probability
from aimath.errors import InputError

DOORS = {
    door.__name__.rpartition(".")[2]: door for door in (calculus, information, linalg, nn, optim, probability)
}
LEARNING = {"train", "generate", "gpt"}
"""Commands of models that learn, or that files hold, which are no functions of core."""
NAMES = [
    name for name, entry in COMMANDS.items() if entry.module.startswith("commands.") and name not in LEARNING
]
A, Q, K, V = [[2, 1], [1, 2]], [[1, 0], [1, 1], [0, 1]], [[1, 0], [2, 1], [0, 1]], [[1, 0], [0, 1], [2, 2]]
CAUSAL = [[True, False, False], [True, True, False], [True, True, True]]
JOINT, DATA, WIDE = [[0.4, 0.1], [0.1, 0.4]], [[1, 2], [3, 4], [5, 9]], [[2, 0, 1], [0, 3, 1]]

CALLS = [
    ("dot 1,2,3 4,5,6", lambda: linalg.dot([1, 2, 3], [4, 5, 6])),
    ("dot --a 1,2,3 --b 4,5,6", lambda: linalg.dot(a=[1, 2, 3], b=[4, 5, 6])),
    (
        "neuron --weights .5,-.25,1 --inputs 1,2,3 --bias .5 --activation sigmoid",
        lambda: linalg.neuron(weights=[0.5, -0.25, 1], inputs=[1, 2, 3], bias=0.5, activation="sigmoid"),
    ),
    (
        "layer '1 2; 0 -1' 3,4 --bias .5,-1 --activation relu",
        lambda: linalg.layer([[1, 2], [0, -1]], [3, 4], bias=[0.5, -1], activation="relu"),
    ),
    ("sample 2 1 0.1 -1 3", lambda: probability.sample(logits=[2, 1, 0.1, -1, 3])),
    (
        "sample 2 1 0.1 -1 3 --temperature .8 --top-k 4 --top-p .95 --min-p .05 --order llama.cpp",
        lambda: probability.sample([2, 1, 0.1, -1, 3], temperature=0.8, top_k=4, top_p=0.95, min_p=0.05, order="llama.cpp"),
    ),
    ("sample 2 1 0.1 --count 5 --seed 3", lambda: probability.sample([2, 1, 0.1], count=5, seed=3)),
    (
        "dpo --chosen=-12,-1 --rejected=-14,-2 --ref-chosen=-12.5,-3 --ref-rejected=-13.5,-1 --beta .5",
        lambda: information.dpo(
            chosen=[-12, -1], rejected=[-14, -2], ref_chosen=[-12.5, -3], ref_rejected=[-13.5, -1], beta=0.5
        ),
    ),
    ("grpo 1 0 0 1 1", lambda: information.grpo(rewards=[1, 0, 0, 1, 1])),
    (
        "info-nce '1 0; 0 1; 1 1' '1 .1; 0 1; .9 1' --temperature .1 --symmetric",
        lambda: information.info_nce(
            a=[[1, 0], [0, 1], [1, 1]], b=[[1, 0.1], [0, 1], [0.9, 1]], temperature=0.1, symmetric=True
        ),
    ),
    (
        "info-nce --similarity '1 .2; .1 .9'",
        lambda: information.info_nce(similarity=[[1, 0.2], [0.1, 0.9]]),
    ),
    ("focal 2 1 0.1 --target 0 --gamma 3", lambda: information.focal([2, 1, 0.1], target=0, gamma=3)),
    ("focal .3 --target 1 --alpha .4", lambda: information.focal(logits=[0.3], target=1, alpha=0.4)),
    ("difference '1 2; 3 4' '1 2.1; 3 3.8'", lambda: linalg.difference(a=[[1, 2], [3, 4]], b=[[1, 2.1], [3, 3.8]])),
    ("layer-norm 2 4 4 4 5 5 7 9", lambda: linalg.layer_norm(x=[2, 4, 4, 4, 5, 5, 7, 9])),
    (
        "layer-norm 1,2,4 --gain 1,2,3 --bias 0,0,1 --eps .1",
        lambda: linalg.layer_norm([1, 2, 4], gain=[1, 2, 3], bias=[0, 0, 1], eps=0.1),
    ),
    ("rms-norm 3 -4 0 5", lambda: linalg.rms_norm(x=[3, -4, 0, 5])),
    ("rms-norm 3,-4 --gain 1,2 --eps .1", lambda: linalg.rms_norm([3, -4], gain=[1, 2], eps=0.1)),
    (
        "rope '1 0 1 0; 1 0 1 0; 1 0 1 0' --theta 100 --pairs interleaved --start 3",
        lambda: linalg.rope(x=[[1, 0, 1, 0]] * 3, theta=100, pairs="interleaved", start=3),
    ),
    ("positional 4x6 --theta 100 --start 3", lambda: linalg.positional(shape=(4, 6), theta=100, start=3)),
    ("layer -W '1 2; 0 -1' --x 3,4", lambda: linalg.layer(W=[[1, 2], [0, -1]], x=[3, 4])),
    ("matmul '1 2; 3 4' '5 6; 7 8'", lambda: linalg.matmul([[1, 2], [3, 4]], [[5, 6], [7, 8]])),
    ("transpose '1 2 3; 4 5 6'", lambda: linalg.transpose([[1, 2, 3], [4, 5, 6]])),
    ("inverse '2 1; 1 2'", lambda: linalg.inverse(A)),
    ("inverse '2 1; 1 2' --force", lambda: linalg.inverse(A, force=True)),
    ("det '1 2; 3 4'", lambda: linalg.det([[1, 2], [3, 4]])),
    ("eig '2 1; 1 2'", lambda: linalg.eig(A)),
    ("eig '0 -1; 1 0'", lambda: linalg.eig(A=[[0, -1], [1, 0]])),
    ("cosine 1,2,3 4,5,6", lambda: linalg.cosine([1, 2, 3], [4, 5, 6])),
    ("cosine --matrix '1 0; 1 1; -3 0'", lambda: linalg.cosine(matrix=[[1, 0], [1, 1], [-3, 0]])),
    ("pca '1 2; 3 4; 5 9' --components 1", lambda: linalg.pca(DATA, components=1)),
    ("pca '1 2; 3 4; 5 9' --components .9", lambda: linalg.pca(DATA, 0.9)),
    ("pca -X '1 2; 3 4; 5 9' -k 1 --whiten", lambda: linalg.pca(X=DATA, components=1, whiten=True)),
    ("svd-approx '2 0 1; 0 3 1' --rank 1", lambda: linalg.svd_approx(WIDE, rank=[1])),
    ("svd-approx '2 0 1; 0 3 1'", lambda: linalg.svd_approx(W=WIDE)),
    ("svd-approx '2 0 1; 0 3 1' --exact", lambda: linalg.svd_approx(WIDE, exact=True)),
    (
        "svd-approx '2 0 1; 0 3 1' --rank 1 --randomized --seed 5",
        lambda: linalg.svd_approx(WIDE, [1], randomized=True, seed=5),
    ),
    (
        "weights '3 4; 0 1' --spectra --quantize int8,nf4",
        lambda: nn.weights({"3 4; 0 1": [[3.0, 4.0], [0.0, 1.0]]}, spectra=True, quantize=["int8", "nf4"]),
    ),
    ("lora --shape 768x512", lambda: linalg.lora(shape=(768, 512))),
    ("lora --shape 768x768 --rank 16", lambda: linalg.lora(shape=(768, 768), rank=16)),
    ("embed random:8 king --dtype float64", lambda: nn.embed(nn.letter_encoder(), [nn.letter_ids("king")])),
    (
        "embed random:4 king --pooling max --no-normalize --dtype float64",
        lambda: nn.embed(nn.letter_encoder(4), [nn.letter_ids("king")], pooling="max", no_normalize=True),
    ),
    (
        "params --layers 2 --d-model 8 --heads 2 --vocab 50",
        lambda: nn.params(layers=2, d_model=8, heads=2, vocab=50),
    ),
    (
        "params --layers 2 --d-model 8 --heads 4 --vocab 50 --kv-heads 2 --head-dim 3 --d-ff 16 --tied --experts 4 --experts-per-token 1 --window 64 --context 1k --batch 3 --dtype fp32 --cache-dtype int8",
        lambda: nn.params(
            layers=2, d_model=8, heads=4, vocab=50, kv_heads=2, head_dim=3, d_ff=16, tied=True, experts=4,
            experts_per_token=1, window=64, context=1024, batch=3, dtype="fp32", cache_dtype="int8",
        ),
    ),
    (
        "params --layers 2 --d-model 8 --heads 4 --vocab 50 --like bert --positions 20",
        lambda: nn.params(layers=2, d_model=8, heads=4, vocab=50, like="bert", positions=20),
    ),
    ("attention -Q '{Q}' -K '{K}' -V '{V}'", lambda: linalg.attention(Q, K, V)),
    (
        "attention -Q '{Q}' -K '{K}' -V '{V}' --causal --scale .3",
        lambda: linalg.attention(Q=Q, K=K, V=V, causal=True, scale=0.3),
    ),
    (
        "attention -Q '{Q}' -K '{K}' -V '{V}' --mask '1 0 0; 1 1 0; 1 1 1'",
        lambda: linalg.attention(Q, K, V, mask=CAUSAL),
    ),
    (
        "attention -Q '{Q}' -K '{K}' -V '{V}' --mask '0 -2 1; 0 0 0; .5 0 0'",
        lambda: linalg.attention(Q, K, V, mask=[[0, -2, 1], [0, 0, 0], [0.5, 0, 0]]),
    ),
    (
        "attention -Q '{Q}' -K '{K}' -V '{V}' --heads 2 --window 2",
        lambda: linalg.attention(Q, K, V, heads=2, window=2),
    ),
    (
        "attention -Q '{Q}' -K '1; 2; 3' -V '3; 4; 5' --heads 2 --kv-heads 1",
        lambda: linalg.attention(Q, [[1], [2], [3]], [[3], [4], [5]], heads=2, kv_heads=1),
    ),
    ("attention '{Q}' --heads 2", lambda: linalg.attention(Q, heads=2)),
    (
        "attention '{Q}' --heads 2 --seed 7 --causal",
        lambda: linalg.attention(X=Q, heads=2, seed=7, causal=True),
    ),
    ("analogy king - man + woman", lambda: linalg.analogy("king", "man", "woman")),
    ("attention '{Q}'", lambda: linalg.attention(Q, heads=1)),
    ("analogy king man woman", lambda: linalg.analogy("king", "man", "woman")),
    ("analogy woman king queen --top 1", lambda: linalg.analogy("woman", "king", "queen", top=1)),
    ("grad 'x^2*y' x=3 y=2", lambda: calculus.grad("x^2*y", x=3, y=2)),
    ("grad 'x^2*y' x=3 y=2 --hessian", lambda: calculus.grad("x^2*y", x=3, y=2, hessian=True)),
    (
        "grad 'x^2*y' x=3 y=2 --variables y,x --direction x=1",
        lambda: calculus.grad("x^2*y", x=3, y=2, variables=["y", "x"], direction={"x": 1}),
    ),
    (
        "grad 'x^2*y' --at 3,2 --direction 1,2",
        lambda: calculus.grad("x^2*y", at=[3, 2], direction=[1, 2]),
    ),
    ("grad 'x^2*y' x=1,2,3 y=2,5", lambda: calculus.grad("x^2*y", x=[1, 2, 3], y=[2, 5])),
    ("grad 'x^2*y' y=2,5 x=1,2,3", lambda: calculus.grad("x^2*y", y=[2, 5], x=[1, 2, 3])),
    ("grad 'lr^2' lr=10", lambda: calculus.grad("lr^2", start={"lr": 10.0})),
    ("grad 'x*y' 'x + z' x=3 y=2 z=1", lambda: calculus.grad("x*y", "x + z", x=3, y=2, z=1)),
    (
        "backprop '(tanh(w*x + b) - y)^2' w=0.5 x=2 b=-0.5 y=1",
        lambda: calculus.backprop("(tanh(w*x + b) - y)^2", w=0.5, x=2, b=-0.5, y=1),
    ),
    ("backprop 'x*y' x=2 y=3 --variables y,x", lambda: calculus.backprop("x*y", x=2, y=3, variables="yx")),
    (
        "backprop --layer '1 2 3; 4 5 6' 1,2,3 0,0 --target 0",
        lambda: nn.backprop(layer=[[1, 2, 3], [4, 5, 6]], x=[1, 2, 3], b=[0, 0], target=0),
    ),
    ("backprop --layer '1 2 3; 4 5 6' 1,2,3", lambda: nn.backprop([[1, 2, 3], [4, 5, 6]], [1, 2, 3])),
    *((f"{name}", getattr(optim, name)) for name in optim.OPTIMIZERS),
    ("gd --function '(w-3)^2' --start w=10", lambda: optim.gd("(w-3)^2", w=10)),
    (
        "gd --function 'lr^2 + y^2' --start lr=10,y=2 --lr .2 --steps 5 --until .5 --weight-decay .1",
        lambda: optim.gd("lr^2 + y^2", start={"lr": 10.0}, y=2, lr=0.2, steps=5, until=0.5, weight_decay=0.1),
    ),
    (
        "momentum --lr .05 --schedule step --gamma .5 --step-size 3 --momentum .8 --dampening .1",
        lambda: optim.momentum(lr=0.05, schedule="step", gamma=0.5, step_size=3, momentum=0.8, dampening=0.1),
    ),
    (
        "nesterov --schedule warmup-cosine --warmup 4 --min-lr .01 --init-lr .02 --momentum .8",
        lambda: optim.nesterov(schedule="warmup-cosine", warmup=4, min_lr=0.01, init_lr=0.02, momentum=0.8),
    ),
    (
        "rmsprop --alpha .9 --eps 1e-6 --centered --momentum .5 --schedule polynomial --power 2",
        lambda: optim.rmsprop(
            alpha=0.9, eps=1e-6, centered=True, momentum=0.5, schedule="polynomial", power=2
        ),
    ),
    (
        "adam --beta1 .8 --beta2 .99 --eps 1e-6 --amsgrad --weight-decay .1",
        lambda: optim.adam(beta1=0.8, beta2=0.99, eps=1e-6, amsgrad=True, weight_decay=0.1),
    ),
    (
        "adamw --beta1 .8 --beta2 .99 --weight-decay .1",
        lambda: optim.adamw(beta1=0.8, beta2=0.99, weight_decay=0.1),
    ),
    ("race", optim.race),
    (
        "race --function 'x^2 + 3*y^2' --start 2,1 --optimizers gd,adam --lr .05 --steps 7 --schedule cosine",
        lambda: optim.race(
            "x^2 + 3*y^2", [2, 1], optimizers=["gd", "adam"], lr=0.05, steps=7, schedule="cosine"
        ),
    ),
    ("learning-rate 1 9 --lr .2", lambda: optim.learning_rate([1, 9], lr=0.2)),
    (
        "learning-rate --function 'x^2 + 3*y^2' --at x=1,y=2",
        lambda: optim.learning_rate(function="x^2 + 3*y^2", at={"x": 1, "y": 2}),
    ),
    ("learning-rate --at w=10", lambda: optim.learning_rate(at={"w": 10})),
    (
        "schedule 0 5 10 15 20 --schedule cosine --lr .1",
        lambda: optim.schedule([0, 5, 10, 15, 20], schedule="cosine", lr=0.1),
    ),
    ("schedule --steps 6 --schedule cosine", lambda: optim.schedule(schedule="cosine", steps=6)),
    (
        "schedule 0 5 12 --schedule inverse-time --gamma .5 --step-size 4",
        lambda: optim.schedule([0, 5, 12], "inverse-time", gamma=0.5, step_size=4),
    ),
    ("schedule 0 5 --schedule linear --steps 9", lambda: optim.schedule([0, 5], "linear", steps=9)),
    ("softmax 2 1 0.1", lambda: probability.softmax([2, 1, 0.1])),
    ("softmax 2 1 0.1 -T .5 --log", lambda: probability.softmax([2, 1, 0.1], temperature=0.5)),
    (
        "logsumexp 1000 1000.5 999 --weights 2,-.5,1",
        lambda: probability.logsumexp([1000, 1000.5, 999], weights=[2, -0.5, 1]),
    ),
    ("logsumexp 1000 1000.5 999", lambda: probability.logsumexp([1000, 1000.5, 999])),
    ("temperature 2 1 0.1 -1 3", lambda: probability.temperature([2, 1, 0.1, -1, 3])),
    ("temperature 2 1 0.1 -T 0,3", lambda: probability.temperature([2, 1, 0.1], temperature=(0, 3))),
    (
        "bayes --prior .3 --likelihood .8 --evidence .35",
        lambda: probability.bayes(prior=0.3, likelihood=0.8, evidence=0.35),
    ),
    (
        "bayes --prior .01 --likelihood .9 --false-positive .05",
        lambda: probability.bayes(0.01, 0.9, false_positive=0.05),
    ),
    ("bayes --prior .3,.7 --likelihood .8,.1", lambda: probability.bayes([0.3, 0.7], [0.8, 0.1])),
    (
        "bayes --prior .01 --likelihood .9 --likelihood .8 --false-positive .05 --false-positive .1",
        lambda: probability.bayes_sequence(0.01, [0.9, 0.8], [0.05, 0.1]),
    ),
    (
        "bayes --prior .3,.7 --likelihood .8,.1 --likelihood .5,.6",
        lambda: probability.bayes_sequence(prior=[0.3, 0.7], likelihood=[[0.8, 0.1], [0.5, 0.6]]),
    ),
    ("gaussian 0.5 --mu 1 --sigma 2", lambda: probability.gaussian([0.5], mu=1, sigma=2)),
    ("gaussian 0 1 2 --cdf", lambda: probability.gaussian([0, 1, 2])),
    ("gaussian -50 1 2 --cdf --log", lambda: probability.gaussian([-50, 1, 2])),
    ("gaussian 0 1 2 --log", lambda: probability.gaussian(x=[0, 1, 2])),
    ("gaussian .975 .5 --quantile", lambda: probability.gaussian(quantile=[0.975, 0.5])),
    ("gaussian --between 10 11 --sigma 2", lambda: probability.gaussian(between=(10, 11), sigma=2)),
    ("gaussian --sample 3 --mu 2 --seed 4", lambda: probability.gaussian(sample=3, mu=2, seed=4)),
    ("describe 2 4 4 4 5 5 7 9", lambda: probability.describe([2, 4, 4, 4, 5, 5, 7, 9])),
    ("describe 2 4 4 9 --ddof 1", lambda: probability.describe([2, 4, 4, 9], ddof=1)),
    ("describe 2 4 4 9 --quantiles .1,.999", lambda: probability.describe([2, 4, 4, 9], quantiles=[0.1, 0.999])),
    (
        "describe '1 2; 3 4; 5 9' --each-column",
        lambda: probability.describe(DATA, each_column=True),
    ),
    ("diffuse 1 -1 0.5 --t 500", lambda: probability.diffuse([1, -1, 0.5], t=500)),
    (
        "diffuse 1 -1 --t 3 --T 50 --schedule cosine --noise 0,1",
        lambda: probability.diffuse([1, -1], t=3, T=50, schedule="cosine", noise=[0, 1]),
    ),
    (
        "diffuse 1 -1 --t 3 --schedule scaled-linear --beta-start .001 --beta-end .01 --seed 9",
        lambda: probability.diffuse(
            [1, -1], t=3, schedule="scaled-linear", beta_start=0.001, beta_end=0.01, seed=9
        ),
    ),
    ("diffuse 1 -1 --alpha-bar .64 --noise 0,1", lambda: probability.diffuse([1, -1], alpha_bar=0.64, noise=[0, 1])),
    (
        "diffuse --image '1 -1; 0 1' --t 5 --seed 2",
        lambda: probability.diffuse([[1, -1], [0, 1]], t=5, image=True, seed=2),
    ),
    ("entropy .5 .25 .125 .125", lambda: information.entropy([0.5, 0.25, 0.125, 0.125])),
    ("entropy 5 3 --normalize --base e", lambda: information.entropy([5, 3], normalize=True, base=math.e)),
    ("entropy 2 1 0.1 --logits", lambda: information.entropy(logits=[2, 1, 0.1])),
    ("cross-entropy 0,1,0 .1,.8,.1", lambda: information.cross_entropy([0, 1, 0], [0.1, 0.8, 0.1])),
    ("cross-entropy --probs .1,.8,.1 --target 1", lambda: information.cross_entropy(probs=[0.1, 0.8, 0.1], target=1)),
    (
        "cross-entropy --p 0,4,0 --q 1,8,1 --normalize --label-smoothing .1 --base 2",
        lambda: information.cross_entropy(
            p=[0, 4, 0], q=[1, 8, 1], normalize=True, label_smoothing=0.1, base=2
        ),
    ),
    (
        "cross-entropy --logits 2,1,.1 --target 1 --label-smoothing .1",
        lambda: information.cross_entropy(logits=[2, 1, 0.1], target=1, label_smoothing=0.1),
    ),
    (
        "cross-entropy --log-probs=-.1053605,-2.302585 --target 0 --normalize",
        lambda: information.cross_entropy(log_probs=[-0.1053605, -2.302585], target=0, normalize=True),
    ),
    ("bayes --successes 12,10,9 --trials 99,98,97", lambda: probability.bayes(successes=[12, 10, 9], trials=[99, 98, 97])),
    (
        "bayes --successes 12,10 --trials 99,98 --pseudo-counts .5,2",
        lambda: probability.bayes(successes=[12, 10], trials=[99, 98], pseudo_counts=[0.5, 2]),
    ),
    (
        "bayes --prior .1,.2 --likelihood .9 --false-positive .3",
        lambda: probability.bayes([0.1, 0.2], [0.9], false_positive=[0.3]),
    ),
    ("kl .9,.1 .5,.5", lambda: information.kl([0.9, 0.1], [0.5, 0.5])),
    (
        "kl --p 9,1 --q 5,5 --base 2 --normalize --reverse",
        lambda: information.kl(p=[9, 1], q=[5, 5], base=2, normalize=True),
    ),
    (
        "compare '2 1 .1; 0 3 1' '2 1.1 .1; 0 2 1' --logits --target 0,1",
        lambda: information.compare([[2, 1, 0.1], [0, 3, 1]], [[2, 1.1, 0.1], [0, 2, 1]], [0, 1], logits=True),
    ),
    (
        "compare .9,.1,0 .5,.5,0 --base 2 --reverse --classes 2",
        lambda: information.compare([0.9, 0.1, 0], [0.5, 0.5, 0], base=2, reverse=True, classes=2),
    ),
    (
        "compare 0,1,1,0 1,1,1,1 --paired --seed 3",
        lambda: information.compare([0, 1, 1, 0], [1, 1, 1, 1], paired=True, seed=3),
    ),
    (
        "evaluate --logits '2 1 .1; 0 3 1' --target 0,2 --top 2 --bins 5 --base 2 --labels a,b,c",
        lambda: information.evaluate(
            logits=[[2, 1, 0.1], [0, 3, 1]], target=[0, 2], top=2, bins=5, base=2, labels=("a", "b", "c")
        ),
    ),
    (
        "evaluate --probs '.2; .7; .9' --target 0,1,1",
        lambda: information.evaluate([[0.2], [0.7], [0.9]], [0, 1, 1]),
    ),
    (
        "evaluate --log-probs='-.1; -2; -.5' --target 1,0,0",
        lambda: information.evaluate(log_probs=[[-0.1], [-2], [-0.5]], target=[1, 0, 0]),
    ),
    (
        "kl 2,1 1,2 --logits --temperature 3",
        lambda: information.kl([2, 1], [1, 2], logits=True, temperature=3),
    ),
    ("kl 2,1 1,2 --logits", lambda: information.kl([2, 1], [1, 2], logits=True)),
    ("kl -1,-1 -2,-1 --log-probs --normalize", lambda: information.kl([-1, -1], [-2, -1], normalize=True, log_probs=True)),
    ("js 2,1 1,2 --logits", lambda: information.js([2, 1], [1, 2], logits=True)),
    ("entropy -1,-1 --log-probs --normalize", lambda: information.entropy(log_probs=[-1, -1], normalize=True)),
    ("perplexity 2 1 .1 --logits", lambda: information.perplexity(logits=[2, 1, 0.1])),
    (
        "cross-entropy --p .7,.2,.1 --logits 2,1,.1 --base 2 --label-smoothing .1",
        lambda: information.cross_entropy([0.7, 0.2, 0.1], logits=[2, 1, 0.1], base=2, label_smoothing=0.1),
    ),
    ("js .9,.1 .5,.5", lambda: information.js([0.9, 0.1], [0.5, 0.5])),
    (
        "js 9,1 5,5 --distance --base e --normalize",
        lambda: information.js([9, 1], [5, 5], base=math.e, normalize=True),
    ),
    ("mutual-information '.4 .1; .1 .4'", lambda: information.mutual_information(JOINT)),
    ("perplexity .5 .25 .25", lambda: information.perplexity([0.5, 0.25, 0.25])),
    ("perplexity 2 1 1 --normalize", lambda: information.perplexity([2, 1, 1], normalize=True)),
    ("perplexity .5 .125 --tokens", lambda: information.perplexity(tokens=[0.5, 0.125])),
    ("perplexity -1 -3 --log-probs", lambda: information.perplexity(log_probs=[-1, -3])),
    ("gaussian-kl --mu 1 --sigma 2", lambda: information.gaussian_kl(mu=1, sigma=2)),
    (
        "gaussian-kl --mu 1,0 --sigma 2,1 --mu2 .5,0 --sigma2 1,3 --base 2",
        lambda: information.gaussian_kl([1, 0], [2, 1], mu2=[0.5, 0], sigma2=[1, 3], base=2),
    ),
    ("gaussian-kl --mu 1,0 --logvar .5,0", lambda: information.gaussian_kl(mu=[1, 0], logvar=[0.5, 0])),
    (
        "rlhf --rewards 1,0,2 --reference .5,.3,.2 --beta .5",
        lambda: information.rlhf(rewards=[1, 0, 2], reference=[0.5, 0.3, 0.2], beta=0.5),
    ),
]  # fmt: skip

CONTEXT = {"labels", "function", "numpy", "formulas", "functions", "variables", "optimizer", "text", "token"}
"""What an object of JSON tells beside the quantities and options: names, and what was drawn with what."""


QUANTILE = re.compile(r"(kl_)?(p[0-9.]+|median)")
"""Names of the entries of a vector: quantiles, which the library has as an array."""


def written(value):
    """Give a quantity as JSON has it."""
    if isinstance(value, (tuple, list)):
        return [written(one) for one in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return written(value.tolist())
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def without_gaps(value):
    """Give a quantity with null where there is none: nan, as of a spread of one number."""
    if isinstance(value, list):
        return [without_gaps(one) for one in value]
    return None if value == "nan" else value


def is_same(told, value, k, count):
    """Whether row k of `count` has this quantity: its own entry of it, or all of it."""
    entry = value[k] if isinstance(value, list) and len(value) == count else value
    told = list(told.values()) if isinstance(told, dict) else told  # quantiles, by their levels
    return told in (
        without_gaps(value),
        without_gaps(entry),
    )  # a list is no number, nor are lists of different shape the same


@pytest.mark.parametrize(("line", "call"), CALLS, ids=[line for line, _ in CALLS])
def test_the_library_answers_what_the_command_line_answers(line, call, answered):
    matrices = {
        name: "; ".join(" ".join(map(str, row)) for row in m)
        for name, m in zip("QKV", (Q, K, V), strict=True)
    }
    name, *words = shlex.split(line.format(**matrices))
    rows = [json.loads(row) for row in answered(name, *words, "--json").splitlines()]
    answer = call()
    several = answer if isinstance(answer, tuple) and not hasattr(answer, "_fields") else [answer]
    options = {library for library, *_ in declared(name)}
    for k, row in enumerate(rows):
        one = several[k] if len(several) > 1 else answer
        for key in row.keys() - CONTEXT - {name for name in row if QUANTILE.fullmatch(name)}:
            value = written(getattr(one, key, None))
            assert is_same(row[key], value, k, len(rows)) or (value is None and key in options), key
    first = several[0]
    fields = {key: getattr(first, key) for key in first._fields}
    fields = {key for key, value in fields.items() if value is not None and not hasattr(value, "_fields")}
    assert fields <= set(rows[0]), "in the library, but not in JSON"


def test_every_command_is_called():
    assert {line.split()[0] for line, _ in CALLS} == set(NAMES), "CALLS has a line for each command"


# Names and defaults, from the command's declaration.

READING = {"max_memory", "max_steps", "workers", "part", "state", "dask", *TableOptions._fields} - {
    "data",
    "batch",
    "seed",
}
SHOWING = {
    "softmax": {"log"}, "gaussian": {"log", "cdf"}, "kl": {"reverse"}, "js": {"distance"}, "attention": {"tokens"}, "bayes": {"names"},
    "svd-approx": {"save_factors"}, "lora": {"save", "match"}, "embed": {"dtype", "truncate"}, **{key: {"last", "every", "check"} for key in optim.OPTIMIZERS},
}  # fmt: skip
"""Options that choose what is shown of an answer, which holds all of it."""
SAME_AS = {
    "entropy": {"from_logits": "logits", "logarithms": "log_probs"}, "gaussian": {"p": "quantile"}, "diffuse": {"picture": "x0"},
    "perplexity": {"token_probs": "tokens", "logarithms": "log_probs", "from_logits": "logits"},
}  # fmt: skip
"""Operands and switches that are one argument of the library: its name says the form, its value the data."""
WORDS = {
    "grad": {"given": set()}, "backprop": {"given": set()}, "analogy": {"given": {"a", "b", "c"}},
    "lora": {"files": {"base", "tuned"}}, "weights": {"files": {"tensors"}}, "embed": {"given": {"encoder", "ids", "mask"}},
    "cosine": {"vectors": set(), "words": set()},  # where a and b are read from
    "evaluate": {"labels": {"labels"}},
    "cross-entropy": {"ignore": set()}, "entropy": {"categories": set(), "values": set()}, "js": {"categories": set()},
    "mutual-information": {"categories": set(), "values": set()},
    **{key: {"given": set()} for key in ("gd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "race")},
}  # fmt: skip
"""Arguments that are no numbers, by the names that the library has for them."""
DESCRIBED = {("embed", "pooling"), ("race", "optimizers"), ("analogy", "vectors"), ("analogy", "words")}
"""Defaults that the help tells in words."""


def declared(name):
    """Give each parameter of a command by the library's name, with its own, its default and its help."""
    for key, parameter in lookup(name).parameters.items():
        if not isinstance(parameter.spec, Supplied):
            default = None if parameter.default is REQUIRED else parameter.default
            yield SAME_AS.get(name, {}).get(key, key), key, default, parameter.spec.help


def functions(name):
    """Give the functions of a command's name: its chapter's, and that of networks if there is one."""
    chapter = COMMANDS[name].module.split(".")[1]
    found = [getattr(DOORS[chapter], name.replace("-", "_"))]
    return found + ([nn.backprop] if name == "backprop" else [])


@pytest.mark.parametrize("name", NAMES)
def test_names_and_defaults_are_the_command_line_s(name):
    parameters = {}
    for function in functions(name):
        parameters |= inspect.signature(function).parameters
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    mine = {key: p for key, p in parameters.items() if p.kind not in kinds}
    hidden = READING | SHOWING.get(name, set()) | set(WORDS.get(name, ()))
    theirs = [one for one in declared(name) if one[1] not in hidden]
    words = set().union(*WORDS.get(name, {}).values())
    free = {"function", "start"} if name == "backprop" else {"start"} if name == "grad" else set()
    assert {library for library, *_ in theirs} == set(mine) - words - free
    for library, _, default, told in theirs:
        own = None if mine[library].default is inspect.Parameter.empty else mine[library].default
        said = re.search(r"\[default: ([^\]]*)\]", told)
        if (name, library) in DESCRIBED:
            assert said
        elif default in (None, "", False) and own not in (None, False):
            assert said, library
            assert said[1] == ",".join(f"{x:g}" for x in np.atleast_1d(own)), library
        elif library == "seed":
            assert str(own) == default
        else:
            assert own == (default or own if default in ("", False) else default), library


def test_variables_that_are_named_like_parameters():
    assert optim.gd("(lr-3)^2", start={"lr": 10.0}).point.tolist() == optim.gd().point.tolist()
    assert calculus.grad("at^2", start={"at": 3.0}).gradient == [6.0]


def test_formulas_go_over_the_same_data(answered, tmp_path):
    line, points = "mean((w*x+b-y)^2) + 0.1*w^2", {"x": [1, 2, 3, 4], "y": [3.1, 4.9, 7.2, 8.8]}
    rows = "".join(f"{x},{y}\n" for x, y in zip(*points.values(), strict=True))
    (tmp_path / "points.csv").write_text(f"x,y\n{rows}")
    over, start = ("--data", f"@{tmp_path}/points.csv"), ("w=1", "b=0")
    for name in (*optim.OPTIMIZERS, "race"):
        found = list(
            map(json.loads, answered(name, line, *over, *start, "--lr", ".01", "--json").splitlines())
        )
        own = getattr(optim, name)(line, data=points, w=1, b=0, lr=0.01)
        assert [row["point"] for row in found] == own.point.tolist()
        assert np.ravel([row["loss"] for row in found]).tolist() == own.loss.tolist()
    row = json.loads(answered("grad", line, *over, *start, "--hessian", "--json"))
    own = calculus.grad(line, data=points, w=1, b=0, hessian=True)
    assert (row["value"], row["gradient"], row["hessian"]) == (
        own.value,
        own.gradient.tolist(),
        own.hessian.tolist(),
    )
    row = json.loads(answered("learning-rate", "--function", line, *over, "--at", "w=1,b=0", "--json"))
    own = optim.learning_rate(function=line, data=points, at={"w": 1, "b": 0})
    assert row["curvatures"] == own.curvatures.tolist()


def test_rows_of_the_library_are_rows_of_the_command_line(answered):
    x0 = [[1.0, -1.0], [0.5, 2.0]]
    out = answered("diffuse", "--t", "5", "--seed", "3", stdin="1 -1\n.5 2\n")
    assert [[float(x) for x in row.split()] for row in out.splitlines()] == probability.diffuse(
        x0, t=5, seed=3
    ).noisy.tolist()


def test_weights_by_name_are_two_files_of_them(answered, tmp_path):
    rng = np.random.default_rng(5)
    base = {"a": rng.normal(size=(6, 4)), "b": rng.normal(size=(5, 5))}
    tuned = {key: value + rng.normal(size=(len(value), 1)) for key, value in base.items()}
    for path, weights in (("base.npz", base), ("tuned.npz", tuned)):
        np.savez(tmp_path / path, **weights)
    rows = answered("lora", str(tmp_path / "base.npz"), str(tmp_path / "tuned.npz"), "--json").splitlines()
    found = linalg.lora(base, tuned)
    assert [json.loads(row)["rank"] for row in rows] == found.rank.tolist()
    assert linalg.lora(base["a"], tuned["a"]).rank.tolist() == found.rank[:2].tolist()
    with pytest.raises(InputError, match="b is among the one weights and not the other"):
        linalg.lora(base, {"a": tuned["a"]})


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (information.entropy, "give probs, or logits"),
        (lambda: information.entropy([1], logits=[1]), "give probs, or logits"),
        (lambda: information.entropy(logits=[1], normalize=True), "only probs can be normalised, not logits"),
        (lambda: information.cross_entropy([1]), "give p and q, or logits and target"),
        (lambda: information.cross_entropy(logits=[1, 2]), "give p and q, or logits and target"),
        (lambda: information.perplexity(tokens=[1], log_probs=[1]), "give probs, or tokens, or log_probs"),
        (lambda: information.gaussian_kl(1), "give sigma, or logvar"),
        (lambda: information.gaussian_kl(1, mu2=2, logvar=0), "give mu and logvar alone"),
        (lambda: linalg.cosine([1, 2]), "give a and b, or matrix"),
        (lambda: linalg.attention(Q, K), "give Q, K and V"),
        (lambda: linalg.attention(X=Q), "give heads too"),
        (lambda: linalg.attention(Q, K, heads=1), "of one matrix X, or are cut from all three"),
        (lambda: linalg.attention(Q, X=K, heads=1), "of one matrix X, or are cut from all three"),
        (lambda: linalg.svd_approx(WIDE, randomized=True, exact=True), "randomized or exact, not both"),
        (linalg.lora, "give shape, or base and tuned"),
        (lambda: probability.gaussian(1, sample=2), "give x, or quantile, or between, or sample"),
        (calculus.grad, "needs a formula"),
        (lambda: calculus.grad("x*y", x=1), "no value for y"),
        (
            lambda: calculus.grad("alpha*y", alpa=1, y=2),
            "alpa is not a variable of alpha.y; did you mean alpha",
        ),
        (lambda: calculus.grad("x", at=[1], x=1), "at gives the points, and so does x"),
        (lambda: calculus.grad("x", "x^2", x=1, hessian=True), "for one formula"),
        (lambda: calculus.backprop("x", [1], x=1), "start gives the point, and so does x"),
        (lambda: optim.gd("3"), "3 has no variable to change"),
        (lambda: optim.gd("w^2"), "no value for w"),
        (lambda: optim.gd("w^2", w=1, lrr=0.1), "lrr is not a variable of w.2"),
        (optim.learning_rate, "give the curvatures, or a function and a point"),
        (lambda: optim.learning_rate([1], function="w^2", at=[1]), "either the curvatures or a function"),
    ],
)
def test_arguments_that_make_no_call(call, why):
    with pytest.raises(InputError, match=why):
        call()
