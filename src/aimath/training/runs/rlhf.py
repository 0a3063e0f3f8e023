"""The run rlhf: a policy over six replies learns by REINFORCE what the closed form says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core import information, nn
from aimath.errors import InputError
from aimath.training.gradient_run import GradientRun, Network, copied, make_optimizer
from aimath.training.interface import (
    Baseline,
    Example,
    Experiment,
    Formula,
    Picture,
    Quantity,
    Recipe,
    Samples,
)
from aimath.training.runs._perceptron_page import number_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.nn import Parameters, Tensor
    from aimath.core.numerics.types import Array, Indices
    from aimath.training.interface import Asked, Settings, Surprise

PROMPT = "What is the capital of France?"
REPLIES = (
    "Paris.",
    "It is Paris, on the Seine.",
    "I don't know.",
    "London.",
    "Great question! Surely Paris, as you knew.",
    "Paris! Paris! Paris! Paris!",
)
REWARDS = np.array([2.0, 2.5, 0.0, -1.0, 3.0, 4.0])
"""What the reward model says, which likes flattery, and the word Paris most of all."""
QUALITY = np.array([2.0, 2.5, 0.5, -2.0, 1.0, -1.0])
"""What people would say."""
REFERENCE = np.array([0.3, 0.25, 0.2, 0.15, 0.08, 0.02])
"""The policy before: what a model says that was trained on text alone."""
BETAS = np.geomspace(3.0, 0.1, 41)


class Policy(Network):
    """Six logits, softmax of which is how likely each reply is."""

    tokens = REPLIES

    def __init__(self) -> None:
        self.parameters = nn.Parameters({"logits": np.log(REFERENCE)})

    @property
    def probs(self) -> Array:
        """How likely each reply is."""
        logits = np.asarray(self.parameters["logits"].value)
        powers = np.exp(logits - logits.max())
        return np.asarray(powers / powers.sum())

    def samples(self, asked: Asked) -> Samples:
        """Return replies that are drawn."""
        probs = self.probs ** (1.0 / max(asked.temperature, 1e-6))
        drawn = draw_replies(probs / probs.sum(), np.random.default_rng(asked.seed), asked.samples)
        return Samples(texts=tuple(REPLIES[k] for k in drawn))

    def surprise(self, _text: str) -> Surprise:
        """Raise InputError: replies have no tokens here."""
        raise InputError("this policy chooses among six replies, which have no letters", usage=True)


class RlhfRun(GradientRun):
    """A policy that learns from the rewards of replies it draws, held to its reference."""

    def __init__(self, settings: Settings) -> None:
        self.model = Policy()
        optimizer = make_optimizer(str(settings["optimizer"]), self.model.parameters)
        super().__init__(settings, self.model.parameters, optimizer)
        self.beta = float(settings["beta"])
        self.best = information.rlhf(REWARDS, REFERENCE, self.beta)

    @property
    def data(self) -> str:
        """What it learns from."""
        return f"{len(REPLIES)} replies to '{PROMPT}', a reward for each"

    @property
    def ignorance(self) -> float:
        """No loss is too large: rewards have no bound."""
        return float("inf")

    def batch_loss(self) -> Tensor:
        """Return what has the gradient of REINFORCE: -mean(advantage · ln p) over replies that are drawn.

        The advantage is the reward less beta · ln(p / reference), less the mean of the others in the batch.
        """
        probs = self.model.probs
        drawn = draw_replies(probs, self.generator, int(self.settings["batch"]))
        values = REWARDS - self.beta * np.log(probs / REFERENCE)
        return surrogate(self.parameters, drawn, values)

    def step(self) -> float:
        """Take a step, and return the objective of before it, lost: beta · KL - expected reward."""
        before = self.validate()
        super().step()
        return before

    def validate(self) -> float:
        """Return beta · KL(policy‖reference) - expected reward, computed over all six replies."""
        probs = self.model.probs
        return float(self.beta * (probs * np.log(probs / REFERENCE)).sum() - (probs * REWARDS).sum())

    def figures(self) -> Mapping[str, float | str]:
        """Return the largest distance to the exact policy, expected reward and quality, and the KL."""
        probs = self.model.probs
        return {
            "distance": float(np.abs(probs - np.asarray(self.best.policy)).max()),
            "reward": float(probs @ REWARDS),
            "quality": float(probs @ QUALITY),
            "kl": float((probs * np.log(probs / REFERENCE)).sum()),
        }

    def test(self) -> Mapping[str, float]:
        """Return the largest distance to the exact policy, and each reply's probability beside it."""
        exact = np.asarray(self.best.policy)
        figures = {"test": float(np.abs(self.model.probs - exact).max())}
        for k, (ours, best) in enumerate(zip(self.model.probs.tolist(), exact.tolist(), strict=True), 1):
            figures |= {f"policy_{k}": ours, f"exact_{k}": best}
        return figures

    def baselines(self) -> Sequence[Baseline]:
        """Return the objective of the reference, and the best there is."""
        return (
            Baseline("reference", float(-(REFERENCE @ REWARDS))),
            Baseline("exact policy", -float(self.best.objective), "= -beta ln Z"),
        )

    def formulas(self) -> Sequence[Formula]:
        """Return the exact policy's objective and the divergence of the one that was learned."""
        rewards, reference = number_list(REWARDS), number_list(REFERENCE)
        probs = self.model.probs.round(6)
        probs /= probs.sum()
        return (
            Formula(
                "the best objective, of policy = reference · exp(reward / beta) / Z",
                float(self.best.objective),
                f"aimath rlhf --rewards {rewards} --reference {reference} --beta {self.beta:g}",
                "objective",
            ),
            Formula(
                "how far the policy that was learned is from its reference",
                float((probs * np.log(probs / REFERENCE)).sum()),
                f"aimath kl {number_list(probs, 12)} {reference}",
                "kl",
            ),
        )

    def pictures(self) -> Sequence[Picture]:
        """Return reward and quality of the exact policy as beta falls: the second turns."""
        exact = [np.asarray(information.rlhf(REWARDS, REFERENCE, beta).policy) for beta in BETAS.tolist()]
        values = np.stack([np.stack(exact) @ REWARDS, np.stack(exact) @ QUALITY])
        title = "of the exact policy: as beta falls the reward rises, and what people would say turns"
        columns = tuple(f"{beta:.6g}" for beta in BETAS.tolist())
        return (Picture("curve", title, values, ("reward", "quality"), columns, axes=("beta", "expected")),)

    def example(self) -> Example:
        """Return the step that each reply drawn in proportion would make: the exact gradient."""
        parameters = copied(self.parameters)
        optimizer = make_optimizer(str(self.settings["optimizer"]), parameters)
        optimizer.load(self.optimizer.state())
        probs = self.model.probs
        values = REWARDS - self.beta * np.log(probs / REFERENCE)
        drawn = int(np.abs(values - probs @ values).argmax())
        advantage = float(values[drawn] - probs @ values)

        def loss() -> Tensor:
            return -nn.log_softmax(parameters["logits"])[drawn] * advantage  # type: ignore[no-any-return]

        return Example(
            text=f"the reply whose advantage is largest, '{REPLIES[drawn]}'",
            forward=(
                Quantity("logits", "", np.asarray(parameters["logits"].value)),
                Quantity("policy", "softmax(logits)", probs),
                Quantity("value", f"reward - {self.beta:g} · ln(policy / reference)", values),
                Quantity("advantage", "its value less the mean, Σ policy · value", np.array([advantage])),
                Quantity("loss", "-advantage · ln policy of it", np.asarray(loss().value).reshape(1)),
            ),
            target=None,
            loss=loss,
            parameters=parameters,
            optimizer=optimizer,
        )


def surrogate(parameters: Parameters, drawn: Indices, values: Array) -> Tensor:
    """Return -mean(advantage · ln p) of replies drawn, each advantage its value less the others' mean."""
    got = values[drawn]
    advantages = (got - got.mean()) * len(got) / max(1, len(got) - 1)
    shares = np.bincount(drawn, advantages, minlength=len(REPLIES)) / len(got)
    loss: Tensor = -(nn.log_softmax(parameters["logits"]) * shares).sum()
    return loss


def draw_replies(probs: Array, generator: np.random.Generator, count: int) -> Indices:
    """Return the numbers of replies that are drawn: the first whose running sum exceeds a random number."""
    places = np.searchsorted(np.cumsum(probs), generator.random(count), side="right")
    return np.minimum(places, len(probs) - 1)


RECIPES = {
    "": Recipe(
        name="rlhf",
        arch="",
        summary="A policy over six replies learns from their rewards, held to a reference",
        seen="REINFORCE coming to the exact policy; reward hacking as beta falls",
        unit="reward lost",
        defaults={"steps": 800, "lr": 0.05, "batch": 64, "beta": 1.0, "optimizer": "adam", "seed": 0},
        seconds=0.5,
        quality="within .02 of the exact policy after 800 steps",
        build=lambda settings, _lines: RlhfRun(settings),
        restore=lambda _settings, _tokens, tensors: Policy().loaded(tensors),
        columns=("distance", "reward", "quality", "kl"),
        experiments=(
            Experiment("--beta 5,1,.3 --last", "as beta falls, reward rises and quality falls: hacking"),
            Experiment("--batch 4", "few replies a step: REINFORCE is noisy"),
            Experiment("--plot", "reward and quality over beta, by the closed form"),
        ),
        lesson="The reward model likes the word Paris: held back less, the policy says it more.",
    )
}
