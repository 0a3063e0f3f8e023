"""What `aimath train` reaches, and in how many seconds: each run with three seeds, the GPT beside torch.

CPU seconds of this process with one BLAS thread, from the making of a run to its last step: what is told on
the way costs nothing. Held out is what a recipe was chosen by; test was looked at when it was chosen.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tests.benchmarks.rows import Row, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.benchmarks.rows import Plan

TARGETS = {18}
SEEDS = (0, 1, 2)
POINTS = 8
"""Places of a curve."""


class Bar(NamedTuple):
    """A recipe with settings of its own, and what its test figures must be."""

    name: str
    arch: str
    settings: Mapping[str, Any]
    seconds: float  # that it may take
    reached: Callable[[Mapping[str, float]], bool]
    words: str


BARS = (
    Bar("digits", "mlp", {}, 0.5, lambda t: t["test"] >= 0.96, "96 % of the test half; 97 % of all 500"),
    Bar(
        "digits",
        "mlp",
        {"steps": 1800, "batch": 128, "dropout": 0.1},
        2.0,
        lambda t: t["test"] >= 0.97,
        "97 %",
    ),
    Bar("spiral", "", {}, 0.7, lambda t: t["test"] >= 0.97, "97 %"),
    Bar("reverse", "", {}, 0.2, lambda t: t["test"] == 1.0, "all of 2,000"),
    Bar("lora", "", {}, 1.0, lambda t: t["test"] >= 0.93 and t["test_adapter_off"] >= 0.94, "93 %"),
    Bar("rlhf", "", {}, 0.5, lambda t: t["test"] <= 0.02, ".02 of the exact policy"),
    Bar("names", "ngram", {}, 0.3, lambda t: t["test"] < 1.9843, "1.9842 nats"),
    Bar("names", "mlp", {"fast": True}, 1.0, lambda t: t["test"] <= 2.04, "2.04 nats"),
    Bar("names", "mlp", {}, 5.0, lambda t: t["test"] <= 1.99, "1.99 nats"),
    Bar(
        "names",
        "mlp",
        {"width": 256, "steps": 4200, "lr": 0.005, "dropout": 0.2, "weight_decay": 0.3},
        15.0,
        lambda t: t["test"] <= 1.965,
        "1.965 nats",
    ),
    Bar("names", "gpt", {}, 10.0, lambda t: t["test"] <= 2.04, "2.04 nats"),
    Bar(
        "ddpm",
        "",
        {},
        10.0,
        lambda t: (
            t["c2st"] <= 0.62
            and max(t["c2st_fake"], t["c2st_real"]) <= 0.66
            and t["nearest"] >= 1.9
            and t["agreement"] >= 0.98
        ),
        "c2st .62, halves .66, nearest 1.9, agreement .98",
    ),
    Bar("vae", "", {}, 0.5, lambda t: t["test"] <= 25.0, "25 nats"),
    Bar("vae", "", {"beta": 4.0}, 0.5, lambda t: t["kl"] < 0.01, "KL .01"),
)


class Course(NamedTuple):
    """How a run went."""

    seconds: float  # on the processor
    held_out: float
    told: Mapping[str, float]  # of the test
    curve: tuple[tuple[float, float], ...]  # seconds, and the loss on what is held out


def measure(plan: Plan) -> Iterator[Row]:
    """Give a row for each recipe: the seconds of the slowest of its seeds, if all reach the bar."""
    for bar in BARS:
        courses = [run(bar, seed) for seed in (SEEDS[:1] if plan.quick else SEEDS)]
        slowest = max(course.seconds for course in courses)
        missed = sum(not bar.reached(course.told) for course in courses)
        yield Row(
            18,
            f"{titled(bar)}: {bar.words}",
            f"{slowest:.2f} s",
            f"{bar.seconds:g} s",
            slowest / bar.seconds,
            1.0,
            f"{missed} of {len(courses)} seeds" if missed else "",
        )


def lines(only: str = "", seeds: tuple[int, ...] = SEEDS) -> Iterator[str]:
    """Give two lines for each recipe and seed, with its curve, and those of the GPT by torch."""
    for bar in BARS:
        if only and only not in f"{bar.name} {bar.arch}":
            continue
        for seed in seeds:
            course = run(bar, seed)
            verdict = "reached" if bar.reached(course.told) else "MISSED"
            verdict += (
                "" if course.seconds <= bar.seconds else f", {course.seconds / bar.seconds:.2f} of its time"
            )
            figures = ", ".join(f"{name} {value:.4g}" for name, value in course.told.items())
            head = f"{titled(bar)} seed {seed}: {course.seconds:.2f} s of {bar.seconds:g}"
            yield f"{head}, held out {course.held_out:.4f}, {figures}; {bar.words}: {verdict}"
            yield "    " + " · ".join(f"{spent:.2g} s {loss:.4g}" for spent, loss in course.curve)
    if not only or "torch" in only:
        yield from _beside_torch()


def titled(bar: Bar) -> str:
    """Give the words by which a recipe is asked for."""
    options = (f"{name}={value}" for name, value in bar.settings.items())
    return " ".join(filter(None, (bar.name, bar.arch, *options)))


def run(bar: Bar, seed: int) -> Course:
    """Train by a recipe; what is told on the way costs nothing."""
    from aimath.training.registry import recipes

    recipe = recipes(bar.name)[bar.arch]
    begin = time.process_time()
    run: Any = recipe.build({**recipe.defaults, **bar.settings, "seed": seed}, ())
    spent, curve = time.process_time() - begin, []
    while run.done < run.steps:
        begin = time.process_time()
        run.step()
        spent += time.process_time() - begin
        if run.done * POINTS // run.steps > (run.done - 1) * POINTS // run.steps:
            curve.append((spent, run.validate()))
    return Course(spent, run.validate(), run.test(), tuple(curve))


def _beside_torch(steps: int = 1000) -> Iterator[str]:
    """Give seconds and losses of the GPT's default run by aimath and by torch, on the same batches."""
    if missing := skipped(18, "torch"):
        yield missing
        return
    from aimath.training.registry import recipes

    recipe = recipes("names")["gpt"]
    ours: Any = recipe.build({**recipe.defaults, "steps": steps}, ())
    theirs: Any = recipe.build({**recipe.defaults, "steps": steps}, ())
    twin = TorchGpt(theirs)
    spent = {"aimath": 0.0, "torch": 0.0}
    for _ in range(steps):
        for name, step in (("aimath", ours.step), ("torch", twin.step)):
            begin = time.process_time()
            step()
            spent[name] += time.process_time() - begin
    twin.give_back()
    for name, run in (("aimath", ours), ("torch", theirs)):
        yield f"GPT of {steps} steps by {name}: {spent[name]:.2f} s, held out {run.validate():.4f}"
    yield f"ratio {spent['aimath'] / spent['torch']:.2f}"


class TorchGpt:
    """The same GPT by torch in eager mode, float32, with torch's own Muon and Adam, from the same weights."""

    def __init__(self, run: Any) -> None:
        import torch

        torch.set_num_threads(1)
        self.run, self.config = run, run.gpt.config
        arrays = run.gpt.parameters.arrays()
        self.inner = [name for name in arrays if name in run.gpt.matrices]
        # torch has matrices as (outputs, inputs), by which its Muon scales
        self.weights = {
            name: torch.tensor(
                np.ascontiguousarray(array.T if name in self.inner else array), requires_grad=True
            )
            for name, array in arrays.items()
        }
        rest = [weight for name, weight in self.weights.items() if name not in self.inner]
        muon = torch.optim.Muon(
            [self.weights[name] for name in self.inner],
            lr=1.0,
            weight_decay=0.0,
            momentum=0.95,
            nesterov=True,
        )
        self.optimizers = (muon, torch.optim.Adam(rest, lr=1.0))

    def step(self) -> float:
        """Draw the run's next batch, and take its step."""
        import torch
        from torch.nn import functional

        run, w = self.run, self.weights
        lines = (run.generator.random(int(run.settings["batch"])) * len(run._rows.starts)).astype(np.intp)
        ids, _, places = run._rows.batch(lines)
        targets = torch.from_numpy(run._targets[run._place[places]])
        told = torch.from_numpy((places >= 0).astype(np.float32))
        tokens = torch.from_numpy(ids)
        rows, length = tokens.shape
        width, heads = self.config.width, self.config.heads
        x = functional.embedding(tokens, w["wte.weight"]) + w["wpe.weight"][:length]
        for k in range(self.config.layers):
            normed = functional.layer_norm(x, (width,), w[f"h.{k}.ln_1.weight"])
            packed = functional.linear(normed, w[f"h.{k}.attn.c_attn.weight"])
            q, key, value = packed.view(rows, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(q, key, value, is_causal=True)
            mixed = mixed.transpose(1, 2).reshape(rows, length, width)
            x = x + functional.linear(mixed, w[f"h.{k}.attn.c_proj.weight"])
            normed = functional.layer_norm(x, (width,), w[f"h.{k}.ln_2.weight"])
            inner = functional.relu(functional.linear(normed, w[f"h.{k}.mlp.c_fc.weight"]))
            x = x + functional.linear(inner, w[f"h.{k}.mlp.c_proj.weight"])
        logits = functional.linear(functional.layer_norm(x, (width,), w["ln_f.weight"]), w["lm_head.weight"])
        losses = -(targets * functional.log_softmax(logits, -1)).sum(-1)
        loss = (losses * told).sum() / told.sum()
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = run.lr
            optimizer.step()
        run.done += 1
        return float(loss.detach())

    def give_back(self) -> None:
        """Put torch's weights into the run, which can tell their loss."""
        for name, array in self.run.gpt.parameters.arrays().items():
            learned = self.weights[name].detach().numpy()
            array[...] = learned.T if name in self.inner else learned
