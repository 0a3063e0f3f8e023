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
    "embeddings": "embed", "word-vectors": "analogy",
    "self-attention": "attention", "sdpa": "attention", "scaled-dot-product-attention": "attention",
    "mha": "attention", "multihead-attention": "attention", "multi-head-attention": "attention",
    "causal-attention": "attention --causal",
    "principal-components": "pca", "principal-component-analysis": "pca",
    "svd": "svd-approx", "truncated-svd": "svd-approx", "low-rank": "svd-approx", "lowrank": "svd-approx",
    "low-rank-approximation": "svd-approx", "randomized-svd": "svd-approx --randomized",
    "singular-values": "svd-approx --fields singular_values",
    "svdvals": "svd-approx --fields singular_values", "condition-number": "svd-approx --fields condition",
    "cond": "svd-approx --fields condition", "matrix-rank": "svd-approx --fields numerical_rank",
    "rank": "svd-approx --fields numerical_rank",
    "explained-variance-ratio": "pca --fields ratio", "explained-variance": "pca --fields variance",
    "layernorm": "layer-norm", "rmsnorm": "rms-norm", "rotary": "rope", "rotary-embedding": "rope",
    "positional-encoding": "positional", "position-encoding": "positional", "sinusoidal": "positional",
    "count-parameters": "params", "num-parameters": "params", "parameter-count": "params",
    "parameters": "params", "flops": "params --fields flops", "kv-cache": "params --fields kv_cache",
    "rmse": "difference --fields rmse", "allclose": "difference",
    "mae": "difference", "max-error": "difference --fields max",
    "llm": "gpt", "transformer": "gpt", "language-model": "gpt", "lm": "gpt", "next-token": "gpt",
    "nanogpt": "gpt", "gpt2": "gpt", "llama": "gpt", "logit-lens": "gpt --lens", "logitlens": "gpt --lens",
    "bits-per-byte": "gpt --nll",
    "embedding": "embed", "sentence-transformers": "embed", "sentence-transformer": "embed", "sbert": "embed",
    "encode": "embed", "text2vec": "embed", "encoder": "embed", "bert": "embed",
    "sentence-embedding": "embed", "vectorize": "embed", "minilm": "embed", "text-embedding": "embed",
    "adapter": "lora", "peft": "lora", "qlora": "lora",
    # calculus
    "diff": "grad", "differential": "grad",
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
    "cosineannealinglr": "schedule --schedule cosine", "lambdalr": "schedule", "steplr": "schedule",
    "get-cosine-schedule-with-warmup": "schedule --schedule warmup-cosine",
    "cosine-annealing": "schedule --schedule cosine", "warmup": "schedule --schedule warmup-cosine",
    # probability
    "soft-max": "softmax", "log-softmax": "softmax --log", "argmax": "softmax --fields argmax",
    "boltzmann": "softmax", "lse": "logsumexp", "log-sum-exp": "logsumexp",
    "crossentropy": "cross-entropy", "xent": "cross-entropy", "ce": "cross-entropy",
    "accuracy": "evaluate", "accuracy-score": "evaluate", "top-k-accuracy-score": "evaluate --top 5",
    "brier": "evaluate --fields brier", "brier-score-loss": "evaluate --fields brier_half",
    "ece": "evaluate --fields ece", "calibration": "evaluate", "calibration-curve": "evaluate --plot",
    "reliability-diagram": "evaluate --plot", "confusion-matrix": "evaluate --fields confusion",
    "classification-report": "evaluate", "f1-score": "evaluate --fields f1",
    "roc-auc-score": "evaluate --fields auroc",
    "auc": "evaluate --fields auroc", "auroc": "evaluate --fields auroc", "average-precision": "evaluate",
    "ce-loss": "cross-entropy", "cross-entropy-loss": "cross-entropy", "log-loss": "cross-entropy",
    "crossentropyloss": "cross-entropy", "nllloss": "cross-entropy", "kldivloss": "kl",
    "nll": "cross-entropy", "nll-loss": "cross-entropy", "loss": "cross-entropy",
    "bayes-rule": "bayes", "bayes-theorem": "bayes", "posterior": "bayes",
    "normal": "gaussian", "gauss": "gaussian", "bell-curve": "gaussian",
    "normal-pdf": "gaussian", "norm-pdf": "gaussian", "pdf": "gaussian",
    "cdf": "gaussian --cdf", "normal-cdf": "gaussian --cdf", "norm-cdf": "gaussian --cdf",
    "ppf": "gaussian --quantile", "norm-ppf": "gaussian --quantile",
    "quantile": "gaussian --quantile", "probit": "gaussian --quantile",
    "hist": "describe --plot", "histogram": "describe --plot",
    "stats": "describe", "statistics": "describe", "summary": "describe", "summarize": "describe",
    "mean": "describe --fields mean", "average": "describe --fields mean", "avg": "describe --fields mean",
    "std": "describe --fields std", "standard-deviation": "describe --fields std",
    "stdev": "describe --fields std", "var": "describe --fields variance",
    "variance": "describe --fields variance", "median": "describe --fields median",
    "ddpm": "diffuse --t 500", "diffusion": "diffuse --t 500", "noise": "diffuse --t 500",
    "add-noise": "diffuse --t 500",
    "forward-diffusion": "diffuse --t 500", "q-sample": "diffuse --t 500", "noising": "diffuse --t 500",
    # information
    "shannon": "entropy", "shannon-entropy": "entropy", "information": "entropy", "surprisal": "entropy",
    "temp": "temperature", "ppl": "perplexity --tokens",
    "kl-div": "kl", "kld": "kl", "kldiv": "kl", "kl-divergence": "kl", "kullback-leibler": "kl",
    "relative-entropy": "kl", "divergence": "kl",
    "jsd": "js", "js-div": "js", "js-divergence": "js", "jensen-shannon": "js",
    "jensenshannon": "js --distance", "js-distance": "js --distance",
    "mutual-info-score": "mutual-information",
    "mi": "mutual-information", "mutual-info": "mutual-information", "info-gain": "mutual-information",
    "vae": "gaussian-kl", "vae-loss": "gaussian-kl", "vae-kl": "gaussian-kl", "elbo": "gaussian-kl",
    "normal-kl": "gaussian-kl", "kl-normal": "gaussian-kl", "kl-gaussian": "gaussian-kl",
    "nt-xent": "info-nce", "ntxent": "info-nce", "infonce": "info-nce", "contrastive": "info-nce",
    "contrastive-loss": "info-nce", "clip-loss": "info-nce", "simclr": "info-nce",
    "focal-loss": "focal", "dpo-loss": "dpo",
    "kl-penalty": "rlhf", "alignment": "rlhf",
    # the guide
    "demos": "demo", "example": "demo", "examples": "demo", "show": "demo",
    "tutorial": "guide", "course": "guide", "roadmap": "guide roadmap", "resources": "guide resources",
    "map": "guide map", "questions": "quiz", "exercise": "quiz", "exercises": "quiz",
    "ask": "quiz", "explain": "help", "usage": "help", "manual": "man", "docs": "man", "doc": "man",
    "learn": "train", "fit": "train",
    **dict.fromkeys(("merge", "reduce", "parallel", "cluster", "slurm", "distributed"), "combine"),
}  # fmt: skip
"""The command line that a word stands for: a command, and what follows the words that were typed."""

FUNCTION_SYNONYMS = {
    name: f"neuron --weights 1 --inputs {{rows}} --activation {name}"
    for name in ("sigmoid", "relu", "tanh", "gelu")
} | dict.fromkeys(
    ("norm", "length", "magnitude", "l2-norm", "vector-norm"), "cosine {list} {list} --fields norm_a"
)
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
    "n-components": ("--components", "--rank"), "k": ("--components", "--rank", "--top", "-K"),
    "components": ("--rank",), "dim": ("--components", "--d-model"), "dims": ("--components",),
    "r": ("--rank",),
    "rank": ("--components",), "topn": ("--top",), "top-n": ("--top",),
    "n": ("--steps", "--top", "--count", "--components"),
    "jobs": ("--workers",), "n-jobs": ("--workers",), "num-workers": ("--workers",),
    "processes": ("--workers",), "nproc": ("--workers",), "shard": ("--part",),
    "epochs": ("--steps",), "epoch": ("--steps",), "iterations": ("--steps",), "iters": ("--steps",),
    "iter": ("--steps",), "n-iter": ("--steps",), "num-steps": ("--steps",), "n-steps": ("--steps",),
    "max-iter": ("--steps",), "num-iterations": ("--steps",), "updates": ("--steps",),
    "learning-rate": ("--lr",), "rate": ("--lr",), "eta": ("--lr",), "step-size": ("--lr",), "l": ("--lr",),
    "formula": ("--function",), "func": ("--function",), "f": ("--function",), "fn": ("--function",),
    "loss": ("--function",), "x0": ("--start",), "init": ("--start",), "initial": ("--start",),
    "point": ("--start", "--at"), "w": ("--weights", "-W"), "weights": ("-W",),
    "weight": ("--weights", "-W"), "x": ("--inputs",),
    "input": ("--inputs", "--x"), "b": ("--bias", "--b"), "act": ("--activation",), "b1": ("--beta1",),
    "b2": ("--beta2",), "epsilon": ("--eps",), "decay": ("--weight-decay",), "wd": ("--weight-decay",),
    "mom": ("--momentum",), "tol": ("--until",), "tolerance": ("--until",), "optimizer": ("--optimizers",),
    "h": ("--heads",), "n-heads": ("--heads",), "num-heads": ("--heads",), "n-head": ("--heads",),
    "nhead": ("--heads",), "is-causal": ("--causal",), "masked": ("--causal",), "attn-mask": ("--mask",),
    "query": ("-Q",), "key": ("-K",), "value": ("-V",), "q": ("-Q", "--q"),
    "logit-lens": ("--lens",), "ppl": ("--nll",), "perplexity": ("--nll",), "surprisal": ("--nll",),
    "attn": ("--layer",), "max-new-tokens": ("--tokens",), "max-tokens": ("--tokens",),
    "token-ids": ("--ids",), "input-ids": ("--ids",),
    "v": ("-V", "--explain"), "p": ("--p",), "pool": ("--pooling",), "pooling-mode": ("--pooling",),
    "max-length": ("--truncate",), "normalize-embeddings": ("--no-normalize",),
    **dict.fromkeys(("num-layers", "n-layers", "n-layer", "num-hidden-layers"), ("--layers",)),
    **dict.fromkeys(("hidden-size", "n-embd", "embed-dim", "width"), ("--d-model",)),
    "vocab-size": ("--vocab",), "intermediate-size": ("--d-ff",), "t-max": ("--steps",),
    **dict.fromkeys(("warmup-steps", "num-warmup-steps"), ("--warmup",)),
    **dict.fromkeys(("total", "total-steps", "num-training-steps"), ("--steps",)),
    "queries": ("-Q",), "keys": ("-K",), "values": ("-V",),
    "size": ("--shape",), "embeddings": ("--vectors",), "file": ("--vectors",),
    "label": ("--target",), "y": ("--target",), "targets": ("--target",), "smoothing": ("--label-smoothing",),
    "pred": ("--q",), "prediction": ("--q",), "true": ("--p",), "smooth": ("--label-smoothing",),
    "bits": ("--base 2",), "log2": ("--base 2",), "ln": ("--base e",),
    "log10": ("--base 10",), "nats": ("--base e",), "log-base": ("--base",), "norm": ("--normalize",),
    "counts": ("--normalize",), "normalise": ("--normalize",), "sqrt": ("--distance",),
    **dict.fromkeys(
        ("likelihoods", "sensitivity", "recall", "tpr", "true-positive", "true-positive-rate"),
        ("--likelihood",),
    ),
    "false-positive-rate": ("--false-positive",), "priors": ("--prior",), "fpr": ("--false-positive",),
    **dict.fromkeys(("specificity", "tnr", "true-negative-rate"), ("--false-positive",)),
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
    "chart": ("--plot",), "sep": ("--delimiter",), "separator": ("--delimiter",),
    "columns": ("--column",), "usecols": ("--column",), "field": ("--fields",), "only": ("--fields",),
    "memory": ("--max-memory",), "nan": ("--missing skip",), "md": ("--format markdown",),
    "markdown": ("--format markdown",), "tsv": ("--format tsv",), "table": ("--format table",),
    "plain": ("--format plain",),
}  # fmt: skip
"""The options that a word may stand for: the first that the command has; some with their value."""

OPTION_SYNONYMS_OF = {
    "attention": {"key": "-K"},
    "describe": {
        **{word: f"--fields {word}" for word in ("mean", "std", "variance", "median", "min", "max", "count")},
        "var": "--fields variance", "stdev": "--fields std", "sd": "--fields std", "average": "--fields mean",
    },
    "diffuse": {
        "steps": "--t", "step": "--t", "num-steps": "--T", "n-steps": "--T", "num-diffusion-steps": "--T",
    },
    "gaussian": {"pdf": "--fields density", "density": "--fields density", "logpdf": "--log"},
    "rope": {"position": "--start", "pos": "--start", "offset": "--start", "base": "--theta"},
    "softmax": {"probs": "--fields probs", "entropy": "--fields entropy", "argmax": "--fields argmax"},
}  # fmt: skip
"""What words mean as options of one command."""

LEADING_WORDS = {"plot": "--plot", "draw": "--plot", "explain": "--explain", "derive": "--explain"}
"""What stands before a command elsewhere, and is an option here: plot softmax 2 1."""

LINES_ALONE = {"version": "aimath --version", "list": "aimath help", "commands": "aimath help"}
"""Words that a line answers which has nothing of theirs."""

NOTHING_ALIKE = (
    "matrix",
    "probability",
    "ppo",
    "trace",
    "mse",
    "mse-loss",
    "l1-loss",
    "smooth-l1-loss",
    "huber-loss",
)
"""What aimath doesn't do, though a command is spelt alike."""

ROOTED_OPTIONS = ("variance", "var")
"""Options whose value is the square of the one that stands for them."""

COMPLEMENT_OPTIONS = ("specificity", "tnr", "true-negative-rate")
"""Options whose value is 1 less that of the one that stands for them."""

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
