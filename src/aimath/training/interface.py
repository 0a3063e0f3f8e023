"""What every run is: a Recipe makes a Run, whose steps train a Model, and a checkpoint holds that.

The loop, `aimath train`, `aimath generate` and the checkpoints know no more of a run than stands here.
A module that has runs lists them as RECIPES, by their `arch`; the registry says which module that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np

    from aimath.core.nn import Parameters, Tensor
    from aimath.core.numerics.types import Array, FloatArray

Setting = int | float | str | bool
Settings = Mapping[str, Setting]
"""What decides a run, the defaults of its recipe included: a checkpoint holds it as JSON."""


class Experiment(NamedTuple):
    """What to add to the command line, and what that does, as it was measured."""

    options: str  # "--optimizer adam"
    outcome: str


class Recipe(NamedTuple):
    """A run before it is made: all that lists and the head of the output say of it, and how to make it."""

    name: str
    arch: str  # one of several models of the name, "" for the first
    summary: str  # "A GPT learns to spell first names"
    seen: str  # what there is to see: "a loss above its baselines, names that nobody has"
    unit: str  # of the loss: "nats a letter"
    defaults: Settings  # every setting that it takes; "seed" and "steps" are among them
    seconds: float  # on one core, with the defaults
    quality: str  # what is reached in that time: "about 2.09 nats a letter (8.1 choices)"
    build: Callable[[Settings, Sequence[str]], Run]
    """Makes the run of all its settings, on lines of the user's own if there are some."""
    restore: Callable[[Settings, Sequence[str], Mapping[str, FloatArray]], Model]
    """Makes the model of a checkpoint from its settings, its tokens and its tensors by name, or raises
    InputError if these aren't its own."""
    experiments: tuple[Experiment, ...] = ()
    columns: tuple[str, ...] = ()  # figures of a logged row beside the losses, as `Run.figures` has them
    takes_lines: bool = False  # a file of the user's own lines may stand in for the data
    lesson: str = ""  # one sentence below the samples: what they show


class Baseline(NamedTuple):
    """What something simpler reaches on the same held-out data, in the unit of the loss unless it says so."""

    name: str
    value: float
    how: str = ""  # "= ln 27"
    column: str = ""  # the column that it is compared with; "" is the loss held out


class Formula(NamedTuple):
    """A printed figure, and the command line of aimath that recomputes it, as its field `field`."""

    what: str  # "the loss before the first step, ln 27"
    value: float
    command_line: str  # "aimath entropy --base e ..."
    field: str
    digits: int = 4  # significant, to which the two agree


class Asked(NamedTuple):
    """What `generate` asks for. What a model can't heed it refuses by InputError."""

    samples: int = 20
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    prompt: str = ""
    label: int | None = None
    seed: int = 0
    path: bool = False  # images: with the states on the way from noise


class Samples(NamedTuple):
    """What a model made: texts, or images, or neither."""

    texts: tuple[str, ...] = ()
    surprise: tuple[float, ...] = ()  # nats of each text
    images: FloatArray | None = None  # (n, 8, 8), 0 is blank and 16 full
    labels: tuple[int, ...] = ()  # the class of each image
    path: FloatArray | None = None  # (states, n, 8, 8), from noise to the images
    new: float | None = None  # the share that isn't among the training data


class Surprise(NamedTuple):
    """A text, its tokens with the end mark, and -ln p of each."""

    text: str
    tokens: tuple[str, ...]
    nats: Array


class Model(Protocol):
    """What has been learned: what a checkpoint holds."""

    @property
    def tensors(self) -> Mapping[str, FloatArray]:
        """The weights by the names of the architecture's origin; views that change as it learns."""

    @property
    def tokens(self) -> Sequence[str]:
        """What its vocabulary's entries stand for, () if it has none."""

    def samples(self, asked: Asked) -> Samples:
        """Return what the model makes, by a generator seeded as asked."""

    def surprise(self, text: str) -> Surprise:
        """Return -ln p of each token of a text, or raise InputError if the model has no texts."""


class Picture(NamedTuple):
    """A picture of what was learned, drawn at a terminal or by --plot.

    kind "heat": `values` (rows, columns) from 0 to 1 with names of rows and columns; "map": classes
    (rows, columns) from 0 on, the first row on top, with the points (n, 2) of `classes` on it, within
    `limits` (left, right, bottom, top); "curve": `values` (k, n) named by `rows` over the `columns`.
    """

    kind: str
    title: str
    values: FloatArray
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    points: FloatArray | None = None
    classes: Any = None
    limits: tuple[float, float, float, float] = (-1.0, 1.0, -1.0, 1.0)
    axes: tuple[str, str] = ("", "")


class Quantity(NamedTuple):
    """A line of one example's forward pass: "logits", "W h + b", and the numbers."""

    name: str
    formula: str
    values: FloatArray
    entries: tuple[str, ...] = ()  # what the entries of the last axis are called


class Example(NamedTuple):
    """One example whose step `--explain` shows in numbers, by the model's own code."""

    text: str  # "emma, the letter after 'em'"
    forward: tuple[Quantity, ...]  # the last are the logits, where it has a target
    target: int | None
    loss: Callable[[], Tensor]
    """Computes the loss of this example anew, of `parameters` as they are: a scalar, without dropout."""
    parameters: Parameters  # in float64, a copy: the run's own don't change
    optimizer: Optimizer  # of `parameters`, in the state of the run's


class Optimizer(Protocol):
    """What updates weights by their gradients: one of core.nn's."""

    def step(self, lr: float) -> None:
        """Update the weights in place."""

    def state(self) -> Mapping[str, FloatArray]:
        """Return what it remembers, by name."""

    def load(self, state: Mapping[str, FloatArray]) -> None:
        """Take what `state` returned, or raise InputError."""


class Run(Protocol):
    """A model being trained. Only `step` draws from `generator`, which nothing else may move."""

    settings: Settings  # complete: that of its recipe with these makes the same run
    steps: int  # planned in all
    done: int  # taken
    generator: np.random.Generator

    @property
    def model(self) -> Model:
        """The model as it is now."""

    @property
    def weights(self) -> int:
        """How many numbers are learned."""

    @property
    def data(self) -> str:
        """What it learns from: "26,948 names; 1,489 to choose by, 1,473 held out"."""

    @property
    def ignorance(self) -> float:
        """The loss of a model that knows nothing, ln 27: at twice as much a training has diverged."""

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""

    def step(self) -> float:
        """Take one optimisation step and return its training loss, that of before the update."""

    def validate(self) -> float:
        """Return the loss on what is held out to choose by."""

    def figures(self) -> Mapping[str, float | str]:
        """Return the recipe's further `columns` of a logged row: numbers, or a text such as a sample."""

    def test(self) -> Mapping[str, float]:
        """Return the figures on test data, "test" the first; asked once, at the end."""

    def baselines(self) -> Sequence[Baseline]:
        """Return what simpler models reach, computed on the same data."""

    def formulas(self) -> Sequence[Formula]:
        """Return the formulas in what was printed, of the state now."""

    def pictures(self) -> Sequence[Picture]:
        """Return pictures of what was learned."""

    def example(self) -> Example:
        """Return one example's step, of the state now."""

    @property
    def optimizer(self) -> Optimizer | None:
        """What updates the weights; None where nothing is learned by steps."""

    def load(self, tensors: Mapping[str, FloatArray], state: Mapping[str, FloatArray], done: int) -> None:
        """Go on from a checkpoint's weights, optimizer and number of steps, or raise InputError.

        It is raised if these aren't this run's. The generator is set by who calls.
        """
