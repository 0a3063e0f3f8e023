"""What people who know torch, numpy, scipy or scikit-learn call aimath's commands and options.

Nothing here is a second name: these words stand in errors and look-ups only, which tell the line to type.
They are written small, with - for _, and without the dashes before an option.
"""

from __future__ import annotations

COMMAND_SYNONYMS = {
    # linear algebra
    "inner": "dot", "inner-product": "dot", "dot-product": "dot", "scalar-product": "dot", "vdot": "dot",
    "perceptron": "neuron", "node": "neuron",
    "linear": "layer", "dense": "layer", "fc": "layer", "fully-connected": "layer", "affine": "layer",
    "mm": "matmul", "bmm": "matmul", "matmult": "matmul", "multiply": "matmul", "matrix-multiply": "matmul",
    "matrix-product": "matmul", "matrix-multiplication": "matmul",
    "t": "transpose", "inv": "inverse", "invert": "inverse", "matrix-inverse": "inverse",
    "determinant": "det",
    "eigen": "eig", "eigh": "eig", "eigvals": "eig", "eigenvalue": "eig", "eigenvalues": "eig",
    "eigenvectors": "eig --fields vectors",
    "cos": "cosine", "cos-sim": "cosine", "cossim": "cosine", "cosine-similarity": "cosine",
    "similarity": "cosine", "pairwise-cosine": "cosine", "angle": "cosine --fields angle",
    "word2vec": "analogy", "analogies": "analogy", "most-similar": "analogy", "glove": "analogy",
    "embeddings": "analogy", "word-vectors": "analogy",
    "self-attention": "attention", "sdpa": "attention", "scaled-dot-product-attention": "attention",
    "mha": "attention", "multihead-attention": "attention", "multi-head-attention": "attention",
    "causal-attention": "attention --causal",
    "principal-components": "pca", "principal-component-analysis": "pca",
    "svd": "svd-approx", "truncated-svd": "svd-approx", "low-rank": "svd-approx", "lowrank": "svd-approx",
    "low-rank-approximation": "svd-approx", "randomized-svd": "svd-approx --randomized",
    "singular-values": "svd-approx --fields singular_values",
    "adapter": "lora", "peft": "lora", "qlora": "lora",
    # calculus
    "gradient": "grad", "derivative": "grad", "derive": "grad", "differentiate": "grad", "partial": "grad",
    "partials": "grad", "partial-derivatives": "grad", "slope": "grad", "nabla": "grad", "jacobian": "grad",
    "jac": "grad", "hessian": "grad --hessian", "hess": "grad --hessian",
    "autograd": "backprop", "autodiff": "backprop", "backward": "backprop", "backpropagation": "backprop",
    "chain-rule": "backprop", "chain": "backprop", "micrograd": "backprop",
    # optimisation
    "sgd": "gd", "gradient-descent": "gd", "descent": "gd", "minimize": "gd", "minimise": "gd",
    "optimize": "gd", "optimise": "gd", "heavy-ball": "momentum", "nag": "nesterov", "adam-w": "adamw",
    "amsgrad": "adam --amsgrad", "optimizers": "race", "optimisers": "race",
    "lr": "learning-rate", "learningrate": "learning-rate",
    "lr-schedule": "schedule", "scheduler": "schedule", "lr-scheduler": "schedule",
    "cosine-annealing": "schedule --schedule cosine", "warmup": "schedule --schedule warmup-cosine",
    # probability
    "soft-max": "softmax", "log-softmax": "softmax --log", "argmax": "softmax --fields argmax",
    "boltzmann": "softmax", "lse": "logsumexp", "log-sum-exp": "logsumexp",
    "crossentropy": "cross-entropy", "xent": "cross-entropy", "ce": "cross-entropy",
    "ce-loss": "cross-entropy", "cross-entropy-loss": "cross-entropy", "log-loss": "cross-entropy",
    "crossentropyloss": "cross-entropy", "nllloss": "cross-entropy", "kldivloss": "kl",
    "nll": "cross-entropy", "nll-loss": "cross-entropy", "loss": "cross-entropy",
    "bayes-rule": "bayes", "bayes-theorem": "bayes", "posterior": "bayes",
    "normal": "gaussian", "norm": "gaussian", "gauss": "gaussian", "bell-curve": "gaussian",
    "normal-pdf": "gaussian", "norm-pdf": "gaussian", "pdf": "gaussian",
    "cdf": "gaussian --cdf", "normal-cdf": "gaussian --cdf", "norm-cdf": "gaussian --cdf",
    "ppf": "gaussian --quantile", "quantile": "gaussian --quantile", "probit": "gaussian --quantile",
    "stats": "describe", "statistics": "describe", "summary": "describe", "summarize": "describe",
    "mean": "describe --fields mean", "average": "describe --fields mean", "avg": "describe --fields mean",
    "std": "describe --fields std", "stdev": "describe --fields std", "var": "describe --fields variance",
    "variance": "describe --fields variance", "median": "describe --fields median",
    "ddpm": "diffuse --t 500", "diffusion": "diffuse --t 500", "noise": "diffuse --t 500",
    "forward-diffusion": "diffuse --t 500", "q-sample": "diffuse --t 500", "noising": "diffuse --t 500",
    # information
    "shannon": "entropy", "shannon-entropy": "entropy", "information": "entropy", "surprisal": "entropy",
    "temp": "temperature", "ppl": "perplexity --tokens",
    "kl-div": "kl", "kld": "kl", "kldiv": "kl", "kl-divergence": "kl", "kullback-leibler": "kl",
    "relative-entropy": "kl", "divergence": "kl",
    "jsd": "js", "js-div": "js", "js-divergence": "js", "jensen-shannon": "js",
    "jensenshannon": "js --distance", "js-distance": "js --distance",
    "mi": "mutual-information", "mutual-info": "mutual-information", "info-gain": "mutual-information",
    "vae": "gaussian-kl", "vae-loss": "gaussian-kl", "vae-kl": "gaussian-kl", "elbo": "gaussian-kl",
    "normal-kl": "gaussian-kl", "kl-normal": "gaussian-kl", "kl-gaussian": "gaussian-kl",
    "ppo": "rlhf", "kl-penalty": "rlhf", "alignment": "rlhf",
    # the guide
    "demos": "demo", "example": "demo", "examples": "demo", "show": "demo",
    "tutorial": "guide", "course": "guide", "roadmap": "guide roadmap", "resources": "guide resources",
    "map": "guide map", "questions": "quiz", "exercise": "quiz", "exercises": "quiz",
    "ask": "quiz", "explain": "help", "usage": "help", "manual": "man", "docs": "man", "doc": "man",
    "list": "help", "commands": "help", "learn": "train", "fit": "train",
}  # fmt: skip
"""The command line that a word stands for: a command, and what follows the words that were typed."""

FUNCTION_SYNONYMS = {
    name: f"neuron --weights 1 --inputs {{rows}} --activation {name}"
    for name in ("sigmoid", "relu", "tanh", "gelu")
}
"""The command line that gives a function of the numbers that were typed."""

OPTION_SYNONYMS = {
    # of one command or several
    "temp": ("--temperature",), "t": ("--temperature", "--t"), "tau": ("--temperature",),
    "vocab": ("--labels", "--tokens", "--words"), "words": ("--labels", "--tokens"),
    "tokens": ("--labels",), "names": ("--labels",), "classes": ("--labels",),
    "mean": ("--mu",), "loc": ("--mu",), "m": ("--mu",), "std": ("--sigma",), "scale": ("--sigma",),
    "stddev": ("--sigma",), "sd": ("--sigma",), "s": ("--sigma",), "variance": ("--sigma",),
    "var": ("--sigma",),
    "mean2": ("--mu2",), "std2": ("--sigma2",), "log-var": ("--logvar",),
    "n-components": ("--components", "--rank"), "k": ("--components", "--rank", "--top"),
    "components": ("--rank",), "dim": ("--components",), "dims": ("--components",), "r": ("--rank",),
    "rank": ("--components",), "topn": ("--top",), "top-n": ("--top",), "n": ("--steps", "--top", "--count"),
    "epochs": ("--steps",), "epoch": ("--steps",), "iterations": ("--steps",), "iters": ("--steps",),
    "iter": ("--steps",), "n-iter": ("--steps",), "num-steps": ("--steps",), "n-steps": ("--steps",),
    "max-iter": ("--steps",), "num-iterations": ("--steps",), "updates": ("--steps",),
    "learning-rate": ("--lr",), "rate": ("--lr",), "eta": ("--lr",), "step-size": ("--lr",), "l": ("--lr",),
    "formula": ("--function",), "func": ("--function",), "f": ("--function",), "fn": ("--function",),
    "loss": ("--function",), "x0": ("--start",), "init": ("--start",), "initial": ("--start",),
    "point": ("--start", "--at"), "w": ("--weights", "-W"), "weight": ("--weights", "-W"), "x": ("--inputs",),
    "input": ("--inputs", "--x"), "b": ("--bias", "--b"), "act": ("--activation",), "b1": ("--beta1",),
    "b2": ("--beta2",), "epsilon": ("--eps",), "decay": ("--weight-decay",), "wd": ("--weight-decay",),
    "mom": ("--momentum",), "tol": ("--until",), "tolerance": ("--until",), "optimizer": ("--optimizers",),
    "h": ("--heads",), "n-heads": ("--heads",), "num-heads": ("--heads",), "n-head": ("--heads",),
    "nhead": ("--heads",), "is-causal": ("--causal",), "masked": ("--causal",), "attn-mask": ("--mask",),
    "query": ("-Q",), "key": ("-K",), "value": ("-V",), "q": ("-Q", "--q"),
    "v": ("-V", "--explain"), "p": ("--p",),
    "queries": ("-Q",), "keys": ("-K",), "values": ("-V",),
    "size": ("--shape",), "embeddings": ("--vectors",), "file": ("--vectors",),
    "label": ("--target",), "y": ("--target",), "targets": ("--target",), "smoothing": ("--label-smoothing",),
    "pred": ("--q",), "prediction": ("--q",), "true": ("--p",), "smooth": ("--label-smoothing",),
    "bits": ("--base 2",), "nats": ("--base e",), "log-base": ("--base",), "norm": ("--normalize",),
    "counts": ("--normalize",), "normalise": ("--normalize",), "sqrt": ("--distance",),
    "likelihoods": ("--likelihood",), "priors": ("--prior",), "fpr": ("--false-positive",),
    "fp": ("--false-positive",), "marginal": ("--evidence",), "ppf": ("--quantile",),
    "timestep": ("--t",), "timesteps": ("--T",), "num-timesteps": ("--T",), "beta": ("--beta-start",),
    "reward": ("--rewards",), "ref": ("--reference",), "kl-coef": ("--beta",),
    "random-state": ("--seed",), "rng": ("--seed",), "num": ("--count",), "questions": ("--count",),
    # of all
    "verbose": ("--explain",), "steps": ("--explain",), "show-steps": ("--explain",),
    "step-by-step": ("--explain",), "show": ("--explain",), "derivation": ("--explain",),
    "why": ("--explain",), "details": ("--explain",), "output": ("--out",), "o": ("--out",),
    "save": ("--out",), "outfile": ("--out",), "precision": ("--digits",), "prec": ("--digits",),
    "round": ("--decimals",), "places": ("--decimals",), "graph": ("--plot",), "draw": ("--plot",),
    "chart": ("--plot",), "figure": ("--plot",), "sep": ("--delimiter",), "separator": ("--delimiter",),
    "columns": ("--column",), "usecols": ("--column",), "field": ("--fields",), "only": ("--fields",),
    "memory": ("--max-memory",), "nan": ("--missing skip",), "md": ("--format markdown",),
    "markdown": ("--format markdown",), "tsv": ("--format tsv",), "table": ("--format table",),
    "plain": ("--format plain",),
}  # fmt: skip
"""The options that a word may stand for: the first that the command has; some with their value."""

OPTION_SYNONYMS_OF = {
    "describe": {
        **{word: f"--fields {word}" for word in ("mean", "std", "variance", "median", "min", "max", "count")},
        "var": "--fields variance", "stdev": "--fields std", "sd": "--fields std", "average": "--fields mean",
    },
    "diffuse": {
        "steps": "--t", "step": "--t", "num-steps": "--T", "n-steps": "--T", "num-diffusion-steps": "--T",
    },
    "softmax": {"probs": "--fields probs", "entropy": "--fields entropy", "argmax": "--fields argmax"},
}  # fmt: skip
"""What words mean as options of one command."""

ROOTED_OPTIONS = ("variance", "var")
"""Options whose value is the square of the one that stands for them."""

SPLIT_OPTIONS = {"betas": ("--beta1", "--beta2")}
"""Options that take a list where aimath has one for each of its numbers."""

BARE_OPERANDS = {
    ("bayes", 3): ("--likelihood", "--prior", "--evidence"),
    ("neuron", 3): ("--weights", "--inputs", "--bias"),
    ("layer", 3): ("-W", "--x", "--bias"),
    ("gaussian-kl", 4): ("--mu", "--sigma", "--mu2", "--sigma2"),
    ("rlhf", 3): ("--rewards", "--reference", "--beta"),
    ("pca", 2): ("", "--components"),
    ("svd-approx", 2): ("", "--rank"),
}
"""What so many words without options are, in the order in which people write them."""
