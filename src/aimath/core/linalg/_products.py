"""Products of vectors and matrices: dot, matmul, neurons and layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics import exact
from aimath.core.numerics.arrays import Check, blame, matrix, same_rows, shape, vectors
from aimath.core.numerics.special import SHARP, activated
from aimath.errors import InputError, counted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array


class Dot(NamedTuple):
    """Dot products of a and b."""

    a: Array  # (..., n)
    b: Array  # (..., n) or (n,)
    dot: Array  # (...) rounded once

    @property
    def terms(self) -> Array:
        """(..., n) what is added up."""
        with np.errstate(all="ignore"):
            return np.asarray(self.a * self.b)

    def check(self) -> Check:
        """Add up fractions (of many numbers: floats of 80 bits)."""
        return Check(self.dot, exact.by_fractions(self.a, self.b))


def dot(a: ArrayLike, b: ArrayLike) -> Dot:
    """Multiply vectors entry by entry and add up.

    dot = sum(a * b), as if exactly and rounded once: [1e16, 1, -1e16] · [1, 1, 1] is 1, where numpy
    and torch say 0. Along the last axis; one b may stand for all rows of a. Grassmann (1844).

    >>> dot([1e16, 1, -1e16], [1, 1, 1]).dot
    array(1.)
    """
    x, y = vectors(a, "value", operand="a"), vectors(b, "value", operand="b")
    same_rows(x, y, ("a", "b"))
    return Dot(x, y, _bounded(_dots(x, y), "the dot product"))


class Neuron(NamedTuple):
    """Neurons: a weighted sum, a bias, and what an activation makes of them."""

    weights: Array  # (..., n)
    inputs: Array  # (..., n) or (n,)
    bias: Array  # (...) or ()
    activation: str
    output: Array  # (...)
    total: Array  # (...) rounded once

    @property
    def terms(self) -> Array:
        """(..., n) weight times input."""
        with np.errstate(all="ignore"):
            return np.asarray(self.weights * self.inputs)

    def check(self) -> Check:
        """Recompute the sum in fractions, then the activation."""
        other = exact.by_fractions(_with(self.weights, self.bias), _with(self.inputs, np.ones(())))
        return Check(self.output, activated(other, self.activation))


def neuron(weights: ArrayLike, inputs: ArrayLike, bias: ArrayLike = 0.0, activation: str = "none") -> Neuron:
    """Let a neuron answer: output = activation(sum(weights * inputs) + bias).

    The sum with its bias is rounded once. Activations: none, relu, tanh, sigmoid, gelu (exact).
    McCulloch and Pitts (1943), Rosenblatt (1958).

    >>> neuron([0.5, -0.25], [1, 2], bias=1).output
    array(1.)
    """
    w, x = vectors(weights, "weight", operand="weights"), vectors(inputs, "input", operand="inputs")
    same_rows(w, x, ("weights", "inputs"))
    b = vectors(bias, "bias", operand="bias").reshape(np.shape(bias))
    rows = np.broadcast_shapes(w.shape[:-1], x.shape[:-1])
    if b.shape not in {(), rows}:
        raise InputError(f"{b.size} biases for {int(np.prod(rows))} sums", operand="bias")
    wide, ones = _with(w, b), _with(x, np.ones(()))
    total = _bounded(_dots(wide, ones), "the weighted sum")
    lost = _dots(_with(wide, -total), _with(ones, np.ones(()))) if activation in SHARP else None
    return Neuron(w, x, b, activation, activated(total, activation, lost), total)


class Layer(NamedTuple):
    """A layer of m neurons that all see the same n inputs."""

    W: Array  # (m, n) a neuron a row, as torch's Linear has it
    x: Array  # (..., n)
    bias: Array  # (m,)
    activation: str
    output: Array  # (..., m)
    total: Array  # (..., m) rounded once

    @property
    def terms(self) -> Array:
        """(..., m, n) weight times input."""
        with np.errstate(all="ignore"):
            return np.asarray(self.W * self.x[..., np.newaxis, :])

    def lost(self) -> Array:
        """(..., m) what rounding took from total."""
        lost = np.zeros_like(self.total)
        _totals(self.W, self.x, self.bias, lost)
        return lost

    def check(self) -> Check:
        """Recompute the sums in fractions (many: in floats of 80 bits), then the activation."""
        x = _with(self.x, np.ones(()))[..., np.newaxis, :]
        other = exact.by_fractions(_with(self.W, self.bias), x)
        return Check(self.output, activated(other, self.activation))


def layer(W: ArrayLike, x: ArrayLike, bias: ArrayLike | None = None, activation: str = "none") -> Layer:  # noqa: N803
    """Send x, or each row of it, through a layer: output = activation(W x + bias).

    Every sum is rounded once, so a row of a batch gives what it gives alone; BLAS doesn't promise
    that. Rosenblatt (1958).

    >>> layer([[1, 2], [0, -1]], [3, 4], activation="relu").output
    array([11.,  0.])
    """
    weights, inputs = matrix(W, "W"), vectors(x, "input", operand="x")
    m, n = weights.shape
    if inputs.shape[-1] != n:
        why = f"x has {inputs.shape[-1]} entries, but W of {m}x{n} takes {n}"
        raise InputError(why, operand="x")
    b = np.zeros(m) if bias is None else vectors(bias, "bias", operand="bias")
    if b.shape != (m,):
        raise InputError(f"bias has shape {shape(b)}, but W of {m}x{n} gives {m} sums", operand="bias")
    lost = np.zeros((*inputs.shape[:-1], m)) if activation in SHARP else None
    total = _bounded(_totals(weights, inputs, b, lost), "a weighted sum")
    return Layer(weights, inputs, b, activation, activated(total, activation, lost), total)


def _totals(W: Array, x: Array, b: Array, lost: Array | None = None) -> Array:  # noqa: N803
    """Give W x + b (..., m) and, if it is wanted, what rounding took from it."""
    rows = _with(x, np.ones(())).reshape(-1, W.shape[1] + 1)
    flat = None if lost is None else lost.reshape(-1, len(W))
    return exact.product(rows, _with(W, b).T, flat).reshape(*x.shape[:-1], len(W))


class Matmul(NamedTuple):
    """The product of two matrices."""

    a: Array  # (m, k)
    b: Array  # (k, n)
    product: Array  # (m, n)

    def check(self) -> Check:
        """Multiply both by a vector of random signs: a (b s) must be (a b) s (Freivalds 1977)."""
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (self.b.shape[1], 1))
        size = np.abs(self.a) @ np.abs(self.b).sum(axis=1, keepdims=True)
        answer = exact.product(self.product, signs)
        return Check(answer, exact.product(self.a, exact.product(self.b, signs)), np.maximum(size, 1.0))


def matmul(a: ArrayLike, b: ArrayLike) -> Matmul:
    """Multiply matrices: entry (i, j) is row i of a times column j of b.

    Rounded once each, up to 2^31 multiplications; above that, by BLAS. Cayley (1858).

    >>> matmul([[1, 2], [3, 4]], [[0, 1], [1, 0]]).product
    array([[2., 1.],
           [4., 3.]])
    """
    x, y = matrix(a, "a"), matrix(b, "b")
    if x.shape[1] != len(y):
        columns, rows = counted(x.shape[1], "column"), counted(len(y), "row")
        why = f"a of {shape(x)} has {columns}, but b of {shape(y)} has {rows}"
        raise InputError(why, operand="b")
    return Matmul(x, y, _bounded(exact.product(x, y), "an entry of the product"))


class Transpose(NamedTuple):
    """A matrix with rows for columns."""

    a: Array  # (m, n)
    transposed: Array  # (n, m)

    def check(self) -> Check:
        """Read the entries off column by column."""
        return Check(self.transposed.ravel(), self.a.ravel(order="F"))


def transpose(a: ArrayLike) -> Transpose:
    """Swap rows and columns: transposed[j, i] = a[i, j].

    >>> transpose([[1, 2, 3]]).transposed.shape
    (3, 1)
    """
    x = matrix(a, "a")
    return Transpose(x, np.ascontiguousarray(x.T))


def _dots(x: Array, y: Array) -> Array:
    """Give dot products of rows with rows, or of all rows with one."""
    few, many = sorted((x, y), key=lambda v: v.ndim)
    if few.ndim == 1 < many.ndim:
        found = exact.product(many.reshape(-1, few.size), few[:, np.newaxis])
        return found.reshape(many.shape[:-1])
    return exact.dots(*np.broadcast_arrays(x, y))


def _with(rows: Array, last: Array) -> Array:
    """Give rows (..., n) with one more entry each: a bias is a weight whose input is 1."""
    lead = np.broadcast_shapes(rows.shape[:-1], last.shape)
    wide = np.broadcast_to(rows, (*lead, rows.shape[-1]))
    return np.concatenate((wide, np.broadcast_to(last, lead)[..., np.newaxis]), axis=-1)


def _bounded(found: Array, what: str) -> Array:
    """Refuse what float64 can't hold, naming its row."""
    blame(np.isinf(found)[..., np.newaxis], f"{what} is beyond float64")
    return found
