"""The run names: a GPT, a small net or counts learn to spell, from names or from one's own lines."""

from __future__ import annotations

import copy
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import nn
from aimath.training.gradient_run import copied
from aimath.training.interface import Baseline, Example, Experiment, Formula, Picture, Quantity, Recipe
from aimath.training.language_models import _context_net, _gpt_speller, _ngram
from aimath.training.language_models.kneser_ney import ONE_DISCOUNT, THREE_DISCOUNTS, fit_kneser_ney
from aimath.training.language_models.letters import encode_lines, load_names, split_lines
from aimath.training.runs._perceptron_page import cosine_formula, number_list, uniform_formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.interface import Setting, Settings
    from aimath.training.language_models.letters import Corpus

FAST: dict[str, Setting] = {
    "steps": 550,
    "lr": 0.01,
    "context": 6,
    "width": 96,
    "dropout": 0.0,
    "soft": 0.2,
}
"""What --fast has instead of the defaults."""


class SpellingPage:
    """What every run on lines says beside its losses."""

    corpus: Corpus
    settings: Settings
    steps: int
    model: Any

    @cached_property
    def beginning(self) -> str:
        """The first letters of a line: 'emm' where that can be spelled, else those of the first test line."""
        if set("emm") <= set(self.corpus.tokens):
            return "emm"
        return self.corpus.test.lines[0][:3]

    @cached_property
    def _baselines(self) -> tuple[Baseline, ...]:
        return tuple(letter_baselines(self.corpus))

    def baselines(self) -> Sequence[Baseline]:
        """Return what counting reaches on the lines to choose by."""
        return self._baselines

    def formulas(self) -> Sequence[Formula]:
        """Return the loss before the first step, and what is said of the letter after a beginning."""
        size = len(self.corpus.tokens)
        logits = np.log(self.model.after(self.beginning)).round(4)
        probs = np.exp(logits) / np.exp(logits).sum()
        likeliest, typed = int(probs.argmax()), number_list(logits)
        letter = self.corpus.tokens[likeliest] if likeliest else "the end"
        entropy = float(-(probs * np.log2(probs)).sum())
        return (
            uniform_formula(f"the loss of {size} equally likely letters", size),
            Formula(
                f"the surprise at {letter} after '{self.beginning}'",
                float(-np.log(probs[likeliest])),
                f"aimath cross-entropy --logits {typed} --target {likeliest}",
                "cross_entropy",
            ),
            Formula(
                f"the choices that there are after '{self.beginning}'",
                2.0**entropy,
                f"aimath perplexity --logits {typed}",
                "perplexity",
            ),
            *(cosine_formula(float(self.settings["lr"]), self.steps) if self.steps >= 100 else ()),
        )

    def pictures(self) -> Sequence[Picture]:
        """Return the chances of the letter after each beginning of a text, a row each."""
        begun = [self.beginning[:k] for k in range(len(self.beginning) + 1)]
        chances = np.stack([self.model.after(text) for text in begun])
        names = tuple(text or "(begin)" for text in begun)
        title = f"the letter after each beginning of '{self.beginning}'"
        return (Picture("heat", title, chances, names, tuple(self.corpus.tokens)),)


def letter_baselines(corpus: Corpus) -> list[Baseline]:
    """Return the losses of equal chances, of 2 to 5 letters counted, and of Kneser-Ney's six."""
    size = len(corpus.tokens)
    found = [Baseline("uniform", math.log(size), f"= ln {size}")]
    names = {1: "unigram", 2: "bigram", 3: "trigram", 4: "4-gram", 5: "5-gram"}
    for order, name in names.items():
        model = fit_kneser_ney(corpus.training, order, size, THREE_DISCOUNTS)
        found.append(Baseline(name, model.loss(corpus.validation)))
    for discounts, how in ((ONE_DISCOUNT, "(one discount)"), (THREE_DISCOUNTS, "(three)")):
        model = fit_kneser_ney(corpus.training, 6, size, discounts)
        found.append(Baseline("Kneser-Ney-6", model.loss(corpus.validation), how))
    return found


class GptNamesRun(SpellingPage, _gpt_speller.GptRun):
    """A GPT that learns to spell."""

    def example(self) -> Example:
        """Return one line's way through the GPT."""
        ids, targets = _one_line(self.corpus, self.beginning)
        twin = copy.copy(self.gpt)
        twin.parameters = copied(self.gpt.parameters)
        optimizer = _gpt_speller.make_gpt_optimizer(str(self.settings["optimizer"]), twin)
        optimizer.load(
            {name: np.asarray(values, np.float64) for name, values in self.optimizer.state().items()}
        )
        p = twin.parameters
        x = p["wte.weight"].value[ids] + p["wpe.weight"].value[: len(ids)]
        weights = _attention_of_last(x, p["h.0.ln_1.weight"].value, p["h.0.attn.c_attn.weight"].value, twin)
        said = tuple(self.corpus.tokens[k] for k in ids)
        return Example(
            text=_example_text(self.corpus, self.beginning, int(targets[-1])),
            forward=(
                Quantity("x", "wte[letter] + wpe[place] of the last letter", x[-1]),
                Quantity(
                    "attention", "softmax(q · k / √d) of the first head, the last letter", weights, said
                ),
                Quantity(
                    "logits", "W_head norm(x)", twin.logits(ids[np.newaxis]).value[0, -1], self.corpus.tokens
                ),
            ),
            target=int(targets[-1]),
            loss=lambda: twin.loss(
                ids[np.newaxis],
                np.where(np.arange(len(ids)) < len(ids) - 1, -1, targets)[np.newaxis],
                ignore=-1,
            ),
            parameters=p,
            optimizer=optimizer,
        )


def _attention_of_last(x: Array, gain: Array, packed: Array, gpt: nn.GPT) -> Array:
    """Return how the first head of the first block weighs the letters, at the last of them."""
    d = gpt.config.width // gpt.config.heads
    rows = nn.layer_norm(x, gain) @ packed
    q, k = rows[-1, :d], rows[:, gpt.config.width : gpt.config.width + d]
    return np.asarray(nn.softmax(k @ q / math.sqrt(d)))


class MlpNamesRun(SpellingPage, _context_net.ContextNetRun):
    """A net of the few letters before that learns to spell."""

    def example(self) -> Example:
        """Return one context's way through the net."""
        ids, targets = _one_line(self.corpus, self.beginning)
        twin = copy.copy(self.model)
        twin.parameters = copied(self.model.parameters)
        optimizer = nn.AdamW(twin.parameters, weight_decay=float(self.settings["weight_decay"]))
        optimizer.load(
            {name: np.asarray(values, np.float64) for name, values in self.optimizer.state().items()}
        )
        context = np.pad(ids, (twin.context, 0))[np.newaxis, -twin.context :]
        p, target = twin.parameters, np.array([targets[-1]])
        rows = twin.signs(context) @ p["table.weight"].value + p["table.bias"].value
        return Example(
            text=_example_text(self.corpus, self.beginning, int(targets[-1])),
            forward=(
                Quantity("(a, b)", "the table's rows of the letters before, added up, + bias", rows[0]),
                Quantity("h", "a · relu(b)", nn.reglu(rows)[0]),
                Quantity("logits", "W h + c", twin.logits(context).value[0], self.corpus.tokens),
            ),
            target=int(target[0]),
            loss=lambda: nn.cross_entropy_loss(twin.logits(context), target),
            parameters=p,
            optimizer=optimizer,
        )


class NgramNamesRun(SpellingPage, _ngram.NgramRun):
    """Counts that spell."""

    def example(self) -> Example:
        """Return the chances of one letter."""
        return _ngram.next_letter_example(
            self.model, self.beginning, np.log(self.model.after(self.beginning))
        )


def _one_line(corpus: Corpus, beginning: str) -> tuple[Indices, Indices]:
    """Return a beginning as ids, and what comes after each in the first line that begins so."""
    whole = next(
        (line for part in corpus[1:4] for line in part.lines if line.startswith(beginning)), beginning
    )
    ids = encode_lines([whole], corpus.tokens).ids
    n = len(beginning) + 1
    return ids[:n], ids[1 : n + 1]


def _example_text(corpus: Corpus, beginning: str, target: int) -> str:
    return f"the letter after '{beginning}', {corpus.tokens[target] if target else 'the end'}"


def _corpus(lines: Sequence[str]) -> Corpus:
    return split_lines(lines) if lines else load_names()


def _with_fast(settings: Settings) -> Settings:
    """Return settings in which --fast has replaced those that stand as in the recipe."""
    if not settings["fast"]:
        return settings
    usual = RECIPES["mlp"].defaults
    return {**settings, **{name: value for name, value in FAST.items() if settings[name] == usual[name]}}


def build_gpt(settings: Settings, lines: Sequence[str]) -> GptNamesRun:
    """Return the run of a GPT."""
    return GptNamesRun(settings, _corpus(lines))


def build_mlp(settings: Settings, lines: Sequence[str]) -> MlpNamesRun:
    """Return the run of a net of the letters before."""
    return MlpNamesRun(_with_fast(settings), _corpus(lines))


def build_ngram(settings: Settings, lines: Sequence[str]) -> NgramNamesRun:
    """Return the run that counts."""
    return NgramNamesRun(settings, _corpus(lines))


def restore_mlp(
    settings: Settings, tokens: Sequence[str], tensors: Mapping[str, FloatArray]
) -> _context_net.ContextNet:
    """Return the net of a checkpoint."""
    return _context_net.restore(_with_fast(settings), tokens, tensors)


SEEN = "a loss that falls below what counting reaches, and names that nobody has"
RECIPES = {
    "gpt": Recipe(
        name="names",
        arch="gpt",
        summary="A GPT learns to spell first names",
        seen=SEEN,
        unit="nats a letter",
        defaults={
            "steps": 1000,
            "lr": 0.015,
            "batch": 32,
            "layers": 2,
            "width": 48,
            "heads": 4,
            "context": 16,
            "optimizer": "muon",
            "soft": 0.3,
            "seed": 0,
        },
        seconds=9.0,
        quality="about 2.02 nats a letter (7.6 choices)",
        build=build_gpt,
        restore=_gpt_speller.restore,
        takes_lines=True,
        experiments=(
            Experiment("--optimizer adam", "each weight has its own rate"),
            Experiment("--lr 1", "diverges"),
            Experiment("--layers 1 --width 64", "one block, wider"),
        ),
        lesson="It learns after which letters a name may end, and which pairs nobody writes.",
    ),
    "mlp": Recipe(
        name="names",
        arch="mlp",
        summary="A net of the seven letters before learns to spell first names",
        seen=SEEN,
        unit="nats a letter",
        defaults={
            "steps": 2000,
            "lr": 0.006,
            "batch": 256,
            "context": 7,
            "width": 160,
            "dropout": 0.15,
            "weight_decay": 0.2,
            "soft": 0.3,
            "fast": False,
            "seed": 0,
        },
        seconds=5.0,
        quality="about 1.98 nats a letter (7.2 choices), below Kneser-Ney",
        build=build_mlp,
        restore=restore_mlp,
        takes_lines=True,
        experiments=(
            Experiment("--fast", "about 2.03 in 1 s"),
            Experiment(
                "--width 256 --steps 4200 --lr .005 --dropout .2 --weight-decay .3",
                "about 1.95 in 15 s",
            ),
            Experiment("--dropout 0 --weight-decay 0", "learns the names by heart"),
        ),
        lesson="It sees seven letters at once, and learns what they have in common; counts can't.",
    ),
    "ngram": Recipe(
        name="names",
        arch="ngram",
        summary="Kneser-Ney counts the letters after five others",
        seen="how far counting comes",
        unit="nats a letter",
        defaults={"steps": 0, "context": 5, "seed": 0},
        seconds=0.1,
        quality="1.99 nats a letter (7.3 choices)",
        build=build_ngram,
        restore=_ngram.restore,
        takes_lines=True,
        experiments=(Experiment("--context 2", "three letters at a time: a trigram"),),
        lesson="Nothing is learned by steps: this is what counts alone know.",
    ),
}
