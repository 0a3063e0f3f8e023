"""Products of vectors and matrices: dot, matmul, neurons and layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics import exact
from aimath.core.numerics.arrays import Check, as_matrix, as_vectors, check_same_rows, format_shape, raise_at
from aimath.core.numerics.special import ROUNDING_SENSITIVE, activate
from aimath.errors import InputError, pluralize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import (
        Bias,
        Inputs,
        Matrix,
        Outputs,
        Scalars,
        Vectors,
        Weights,
        WeightTerms,
    )
    from aimath.core.numerics.types import Array


class Dot(NamedTuple):
    """Dot products of a and b."""

    a: Vectors
    b: Vectors
    dot: Scalars  # rounded once

    @property
    def terms(self) -> Vectors:
        """What is added up."""
        with np.errstate(all="ignore"):
            return np.asarray(self.a * self.b)

    def check(self) -> Check:
        """Return the dot products beside sums of fractions (of many numbers: 80-bit floats)."""
        return Check(self.dot, exact.vecdot_fractions(self.a, self.b))


def dot(a: ArrayLike, b: ArrayLike) -> Dot:
    """Return the dot products of vectors along the last axis.

    dot = sum(a * b), as if exactly and rounded once: [1e16, 1, -1e16] · [1, 1, 1] is 1, where numpy
    and torch say 0. Along the last axis; one b may stand for all rows of a. Grassmann (1844).

    >>> dot([1e16, 1, -1e16], [1, 1, 1]).dot
    array(1.)
    """
    x, y = as_vectors(a, "value", operand="a"), as_vectors(b, "value", operand="b")
    check_same_rows(x, y, ("a", "b"))
    return Dot(x, y, _check_overflow(_row_dots(x, y), "the dot product"))


class Neuron(NamedTuple):
    """Neurons: activation of a weighted sum and a bias."""

    weights: Vectors
    inputs: Vectors
    bias: Scalars
    activation: str
    output: Scalars
    total: Scalars  # rounded once

    @property
    def terms(self) -> Vectors:
        """Weight times input."""
        with np.errstate(all="ignore"):
            return np.asarray(self.weights * self.inputs)

    def check(self) -> Check:
        """Return the output beside the activation of a sum in fractions."""
        other = exact.vecdot_fractions(
            _append_column(self.weights, self.bias), _append_column(self.inputs, np.ones(()))
        )
        return Check(self.output, activate(other, self.activation))


def neuron(weights: ArrayLike, inputs: ArrayLike, bias: ArrayLike = 0.0, activation: str = "none") -> Neuron:
    """Return a neuron's output activation(sum(weights * inputs) + bias).

    The sum with its bias is rounded once. Activations: none, relu, tanh, sigmoid, gelu (exact).
    McCulloch and Pitts (1943), Rosenblatt (1958).

    >>> neuron([0.5, -0.25], [1, 2], bias=1).output
    array(1.)
    """
    w, x = as_vectors(weights, "weight", operand="weights"), as_vectors(inputs, "input", operand="inputs")
    check_same_rows(w, x, ("weights", "inputs"))
    b = as_vectors(bias, "bias", operand="bias").reshape(np.shape(bias))
    rows = np.broadcast_shapes(w.shape[:-1], x.shape[:-1])
    if b.shape not in {(), rows}:
        raise InputError(f"{b.size} biases for {int(np.prod(rows))} sums", operand="bias")
    wide, ones = _append_column(w, b), _append_column(x, np.ones(()))
    total = _check_overflow(_row_dots(wide, ones), "the weighted sum")
    lost = (
        _row_dots(_append_column(wide, -total), _append_column(ones, np.ones(())))
        if activation in ROUNDING_SENSITIVE
        else None
    )
    return Neuron(w, x, b, activation, activate(total, activation, lost), total)


class Layer(NamedTuple):
    """A dense layer of m neurons on n inputs."""

    W: Weights  # a neuron a row, as torch's Linear has it
    x: Inputs
    bias: Bias
    activation: str
    output: Outputs
    total: Outputs  # rounded once

    @property
    def terms(self) -> WeightTerms:
        """Weight times input."""
        with np.errstate(all="ignore"):
            return np.asarray(self.W * self.x[..., np.newaxis, :])

    def rounding_errors(self) -> Array:
        """Return the rounding errors (..., m) of `total`."""
        lost = np.zeros_like(self.total)
        _affine(self.W, self.x, self.bias, lost)
        return lost

    def check(self) -> Check:
        """Return the output beside the activation of sums in fractions (many: 80-bit floats)."""
        x = _append_column(self.x, np.ones(()))[..., np.newaxis, :]
        other = exact.vecdot_fractions(_append_column(self.W, self.bias), x)
        return Check(self.output, activate(other, self.activation))


def layer(W: ArrayLike, x: ArrayLike, bias: ArrayLike | None = None, activation: str = "none") -> Layer:  # noqa: N803
    """Return a dense layer's output activation(W x + bias) for each row of x.

    Every sum is rounded once, so a row of a batch gives what it gives alone; BLAS doesn't promise
    that. Rosenblatt (1958).

    >>> layer([[1, 2], [0, -1]], [3, 4], activation="relu").output
    array([11.,  0.])
    """
    weights, inputs = as_matrix(W, "W"), as_vectors(x, "input", operand="x")
    m, n = weights.shape
    if inputs.shape[-1] != n:
        raise InputError(
            "{operand} has {entries} entries, but W of {m}x{n} takes {n}",
            operand="x",
            entries=inputs.shape[-1],
            m=m,
            n=n,
        )
    b = np.zeros(m) if bias is None else as_vectors(bias, "bias", operand="bias")
    if b.shape != (m,):
        raise InputError(
            "{operand} has shape {shape}, but W of {m}x{n} gives {m} sums",
            operand="bias",
            shape=format_shape(b),
            m=m,
            n=n,
        )
    lost = np.zeros((*inputs.shape[:-1], m)) if activation in ROUNDING_SENSITIVE else None
    total = _affine(weights, inputs, b, lost)
    _check_overflow(np.abs(total).max(axis=-1), "a weighted sum")
    return Layer(weights, inputs, b, activation, activate(total, activation, lost), total)


def _affine(W: Array, x: Array, b: Array, rounding_errors: Array | None = None) -> Array:  # noqa: N803
    """Return W x + b (..., m), and write its rounding errors if they are wanted."""
    rows = _append_column(x, np.ones(())).reshape(-1, W.shape[1] + 1)
    flat = None if rounding_errors is None else rounding_errors.reshape(-1, len(W))
    return exact.matmul(rows, _append_column(W, b).T, flat).reshape(*x.shape[:-1], len(W))


class Matmul(NamedTuple):
    """The product of two matrices."""

    a: Matrix
    b: Matrix
    product: Matrix

    def check(self) -> Check:
        """Return (a b) s beside a (b s) for random signs s (Freivalds 1977)."""
        signs = np.asarray(np.random.default_rng(0).choice([-1.0, 1.0], (self.b.shape[1], 1)), np.float64)
        with np.errstate(all="ignore"):
            size = np.abs(self.a) @ np.abs(self.b).sum(axis=1, keepdims=True)
        answer = exact.matmul(self.product, signs)
        return Check(answer, exact.matmul(self.a, exact.matmul(self.b, signs)), np.maximum(size, 1.0))


def matmul(a: ArrayLike, b: ArrayLike) -> Matmul:
    """Return the matrix product of a and b.

    Rounded once each, up to 2^31 multiplications; above that, by BLAS. Cayley (1858).

    >>> matmul([[1, 2], [3, 4]], [[0, 1], [1, 0]]).product
    array([[2., 1.],
           [4., 3.]])
    """
    x, y = as_matrix(a, "a"), as_matrix(b, "b")
    if x.shape[1] != len(y):
        columns, rows = pluralize(x.shape[1], "column"), pluralize(len(y), "row")
        raise InputError(
            "a of {a} has {columns}, but {operand} of {b} has {rows}",
            operand="b",
            a=format_shape(x),
            columns=columns,
            b=format_shape(y),
            rows=rows,
        )
    return Matmul(x, y, _check_overflow(exact.matmul(x, y), "an entry of the product"))


class Transpose(NamedTuple):
    """The transpose of a matrix."""

    a: Matrix
    transposed: Matrix

    def check(self) -> Check:
        """Return the entries beside those read column by column."""
        return Check(self.transposed.ravel(), self.a.ravel(order="F"))


def transpose(a: ArrayLike) -> Transpose:
    """Return the transpose: transposed[j, i] = a[i, j].

    >>> transpose([[1, 2, 3]]).transposed.shape
    (3, 1)
    """
    x = as_matrix(a, "a")
    return Transpose(x, np.ascontiguousarray(x.T))


def _row_dots(x: Array, y: Array) -> Array:
    few, many = sorted((x, y), key=lambda v: v.ndim)
    if few.ndim == 1 < many.ndim:
        found = exact.matmul(many.reshape(-1, few.size), few[:, np.newaxis])
        return found.reshape(many.shape[:-1])
    return exact.vecdot(*np.broadcast_arrays(x, y))


def _append_column(rows: Array, column: Array) -> Array:
    """Return rows (..., n) with a column appended: a bias is a weight whose input is 1."""
    lead = np.broadcast_shapes(rows.shape[:-1], column.shape)
    wide = np.broadcast_to(rows, (*lead, rows.shape[-1]))
    return np.concatenate((wide, np.broadcast_to(column, lead)[..., np.newaxis]), axis=-1)


def _check_overflow(values: Array, name: str) -> Array:
    """Return the values, or raise an InputError if one overflows float64."""
    raise_at(np.isinf(values)[..., np.newaxis], "{name} is beyond float64", name=name)
    return values
