"""InfoNCE: a cross-entropy of telling which of many belongs to which."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core.numerics.arrays import Check, as_matrix, check_number, format_shape, raise_at
from aimath.core.numerics.cosines import all_cosines
from aimath.core.numerics.forms import select_form
from aimath.core.probability import describe, log_softmax_rows, logsumexp_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Matrix, Scalar, Vector
    from aimath.core.numerics.types import Array


class InfoNCE(NamedTuple):
    """Losses of pairs among all that they might have been."""

    similarity: Matrix  # of row i of a and row j of b; pairs stand on the diagonal
    temperature: float  # > 0
    symmetric: bool
    losses: Vector  # nats, of each row of a against all rows of b
    back_losses: Vector  # the same of b's rows against a's

    @property
    def loss(self) -> Scalar:
        """Mean of the losses, or with `symmetric` of both means."""
        means = describe([self.losses, self.back_losses]).mean
        return describe(means).mean if self.symmetric else means[0]

    @property
    def accuracy(self) -> Scalar:
        """Share of rows whose own pair is the most similar, the first of equals."""
        return np.asarray(np.mean(self.similarity.argmax(axis=1) == np.arange(len(self.similarity))))

    @property
    def chance(self) -> float:
        """The loss of a guess, ln n."""
        return math.log(len(self.similarity))

    @property
    def gradients(self) -> Matrix:
        """Of the loss by the similarities."""
        n = len(self.similarity)
        probs = np.exp(log_softmax_rows(self.similarity, self.temperature))
        back = np.exp(log_softmax_rows(np.ascontiguousarray(self.similarity.T), self.temperature)).T
        forth = _off_by_one(probs)
        both = 0.5 * (forth + _off_by_one(back.T).T) if self.symmetric else forth
        with np.errstate(over="ignore"):
            found = both / n / self.temperature
        raise_at(
            ~np.isfinite(found), "the gradient by similarity {k} is beyond float64", operand="similarity"
        )
        return np.asarray(found)

    @np.errstate(all="ignore")
    def check(self) -> Check:
        """Return the loss beside means of logsumexp less the pair's own logit.

        It can't tell where these cancel to below a billionth of the largest logit.
        """
        with np.errstate(all="ignore"):
            logits = self.similarity / self.temperature
        own = np.diagonal(logits)
        forth, back = (np.mean(logsumexp_rows(x) - own) for x in (logits, np.ascontiguousarray(logits.T)))
        scale = np.abs(logits).max()
        other = np.asarray(0.5 * (forth + back) if self.symmetric else forth)
        undecided = (scale > 0.0) & (np.maximum(self.loss, other) <= 1e-9 * scale)
        return Check(self.loss, other, scale, undecided)


@overload
def info_nce(a: ArrayLike, b: ArrayLike, temperature: float = ..., symmetric: bool = ...) -> InfoNCE: ...
@overload
def info_nce(
    a: None = None, b: None = None, temperature: float = ..., symmetric: bool = ..., *, similarity: ArrayLike
) -> InfoNCE: ...
def info_nce(
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    temperature: float = 0.07,
    symmetric: bool = False,
    *,
    similarity: ArrayLike | None = None,
) -> InfoNCE:
    """Return the InfoNCE loss of rows of a and b that belong together, or of a matrix of similarities.

    loss = mean over i of -ln softmax(similarity_i / temperature)_i, the similarity of rows being
    their cosine, rounded once up to 1000 rows; with `symmetric` the mean with the same from b to a (CLIP).
    van den Oord, Li and Vinyals (2018), Radford et al. (2021).

    >>> float(info_nce(similarity=[[1, 1], [1, 1]]).loss) == math.log(2)
    True
    """
    form = select_form({"a": a, "b": b}, {"similarity": similarity})
    check_number("temperature", temperature, "above 0 and finite", usage=True)
    given: Any = similarity
    found = as_matrix(given, operand="similarity") if form == "similarity" else _cosines(a, b)
    if found.shape[0] != found.shape[1]:
        rows, columns = found.shape
        raise InputError(
            "{operand} must be square: row i belongs to column i, and this is {rows} x {columns}",
            operand="similarity",
            rows=rows,
            columns=columns,
        )
    forth, back = (
        0.0 - np.diagonal(log_softmax_rows(np.ascontiguousarray(x), temperature)) for x in (found, found.T)
    )
    return InfoNCE(found, float(temperature), symmetric, np.asarray(forth), np.asarray(back))


def _cosines(a: Any, b: Any) -> Array:
    x, y = as_matrix(a, operand="a"), as_matrix(b, operand="b")
    if x.shape != y.shape:
        shapes = f"a is {format_shape(x)} and b is {format_shape(y)}"
        raise InputError(f"{shapes}: row i of one belongs to row i of the other")
    for operand, rows in (("a", x), ("b", y)):
        zero = np.asarray(~rows.any(axis=1))
        why = "row {number} of {operand} is zero: its cosine is undefined"
        raise_at(zero[:, np.newaxis], why, operand=operand, number=int(np.argmax(zero)) + 1)
    return all_cosines(x, y)


def _off_by_one(probs: Array) -> Array:
    """Return probs - 1 on the diagonal, as minus the sum of the others, and probs elsewhere."""
    found = np.array(probs)
    np.fill_diagonal(found, 0.0)
    np.fill_diagonal(found, -found.sum(axis=1))
    return found
