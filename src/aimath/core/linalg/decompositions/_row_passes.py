"""Accumulators of passes over the rows of a matrix, of which singular values and vectors are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from aimath.core.numerics.arrays import check_finite, format_shape
from aimath.core.numerics.units import UNIT_ROWS
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aimath.core.numerics.accumulators import State
    from aimath.core.numerics.types import Array

BLOCK = 1 << 17
"""Elements of the rows that are multiplied at a time, or of more rows if these are long."""
MAX_CONDITION, MAX_SPREAD = 1e6, 100.0
"""Products of rows cost small singular values more digits than QR does where the triangle that evens them
is worse conditioned, or where they are so many times as large as the rows before."""


class Rows(NamedTuple):
    """How rows are taken: their width, and the power of two that they are divided by."""

    width: int
    power: int = 0

    def pieces(self, block: Array, first_row: int) -> Iterator[Array]:
        """Yield rows (r, width) as float64 times 2^-power, some at a time; InputError at a bad entry."""
        array = np.asarray(block, np.float64)
        if array.ndim != 2 or array.shape[1] != self.width:
            why = f"a block of {format_shape(array)} among rows of {self.width}"
            raise InputError(why, row=first_row, operand="W")
        with np.errstate(over="ignore", invalid="ignore"):
            unit = array if self.power == 0 else np.ldexp(array, -self.power)
            bad = not np.vdot(unit, unit) < 2.0**500
        if bad:
            check_finite(array, "W", first_row)
            raise InputError("entries differ too much in size to be squared", row=first_row, operand="W")
        # For QR a few times as many rows as columns, within the cache if that is possible.
        step = max(BLOCK // self.width, min(4 * self.width, 1 << 11))
        for k in range(0, len(array), step):
            yield unit[k : k + step]


class RowPass:
    """What the accumulators of rows share: pieces of checked rows, and how many there were."""

    def __init__(self, taken: Rows, unit: int = 0) -> None:
        self.taken, self.unit, self.rows = taken, unit, 0

    def update(self, block: Array) -> None:
        """Add rows (r, n)."""
        for piece in self.taken.pieces(block, self.unit * UNIT_ROWS + self.rows):
            self.add(piece)
            self.rows += len(piece)

    def add(self, piece: Array) -> None:
        """Add rows that are checked."""
        raise NotImplementedError

    def check_kind(self, other: Self) -> None:
        """Raise InputError if another accumulator is about rows of another kind."""
        if self.taken != other.taken:
            raise InputError(f"rows of {other.taken.width} and of {self.taken.width} don't go together")

    def state_of_pass(self) -> State:
        """Return what all of them hold."""
        return {"pass": np.array([*self.taken, self.unit, self.rows])}

    @staticmethod
    def taken_of(state: Mapping[str, Any]) -> tuple[Rows, int, int]:
        """Return the width and power, the unit and the rows that a state holds."""
        width, power, unit, rows = map(int, state["pass"])
        return Rows(width, power), unit, rows


class TriangleAccumulator(RowPass):
    """An accumulator of the R (n, n) of a QR decomposition: its singular values are those of the rows.

    Where R is well-conditioned, further rows are made even by R^-1, and the squares of what is lose no
    digits of small values: C R stands for them, where CᵀC is I and the sum of the products of rows of
    A R^-1 (Garrison and Ipsen 2024). That is a third of the work of QR (TSQR, Demmel et al. 2012), which
    serves all other rows.

    >>> found = TriangleAccumulator(Rows(2))
    >>> found.update(np.diag([3.0, 2.0]))
    >>> found.update(np.diag([4.0, 0.0]))
    >>> np.abs(found.result()).tolist()
    [[5.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, taken: Rows, unit: int = 0) -> None:
        super().__init__(taken, unit)
        self._triangle = np.zeros((0, taken.width))
        self._products: Array | None = None  # Σ evenᵀ even of the rows that R lacks
        self._inverse: Array | None = None  # of R, once it was needed

    def add(self, piece: Array) -> None:
        """Add rows that are checked."""
        if self._add_products(piece):
            return
        if self._products is not None:
            self._fold()
            if self._add_products(piece):
                return
        self._set_triangle(np.linalg.qr(np.concatenate((self._triangle, piece)), mode="r"))

    def _add_products(self, piece: Array) -> bool:
        """Add rows by their products, and return whether that costs no digits."""
        if self._inverse is None:
            self._inverse = self._invert()
        if self._inverse is None:
            return False
        even = piece @ self._inverse
        products = even.T @ even
        if self._products is not None:
            products += self._products
        if not np.abs(products).sum(axis=1).max() < MAX_SPREAD:
            return False
        self._products = products
        return True

    def _invert(self) -> Array | None:
        """Return R^-1, or None if R is of too few rows or ill-conditioned."""
        if self.rows < 2 * self.taken.width:
            return None
        try:
            inverse = np.linalg.inv(self._triangle)
        except np.linalg.LinAlgError:
            return None
        condition = float(np.linalg.norm(self._triangle) * np.linalg.norm(inverse))
        return np.asarray(inverse) if condition < MAX_CONDITION else None

    def _fold(self) -> None:
        """Make the products a part of R: C R, where Cᵀ is the Cholesky factor of I and them."""
        if self._products is not None:
            lower = np.linalg.cholesky(np.eye(self.taken.width) + self._products)
            self._set_triangle(np.triu(lower.T @ self._triangle))

    def _set_triangle(self, triangle: Any) -> None:
        self._triangle, self._products, self._inverse = np.ascontiguousarray(triangle), None, None

    def merge(self, other: Self) -> None:
        """Add the rows of another accumulator."""
        self.check_kind(other)
        self._fold()
        other._fold()
        self.rows += other.rows
        if len(other._triangle):
            both = np.concatenate((self._triangle, other._triangle))
            self._set_triangle(np.linalg.qr(both, mode="r"))

    def result(self) -> Array:
        """Return R (k, n), k of no more than n rows."""
        self._fold()
        return self._triangle

    def state(self) -> State:
        """Return all that is held."""
        held = self.state_of_pass() | {"triangle": self._triangle.copy()}
        return held if self._products is None else held | {"products": self._products.copy()}

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        taken, unit, rows = cls.taken_of(state)
        found = cls(taken, unit)
        found.rows, found._triangle = rows, np.array(state["triangle"])
        found._products = np.array(state["products"]) if "products" in state else None
        return found


class RandomSums(NamedTuple):
    """Random sums of rows, and the squares of all entries."""

    sums: Array  # (k, n)
    square: float


class RangeAccumulator(RowPass):
    """An accumulator of random sums of rows: where they point is where a matrix is large.

    What is drawn depends on the seed, the unit and the place of a row in it, however rows are cut.

    >>> found = RangeAccumulator(Rows(2), 1)
    >>> found.update(np.eye(2))
    >>> found.result().sums.shape, found.result().square
    ((1, 2), 2.0)
    """

    def __init__(self, taken: Rows, size: int, seed: int = 0, unit: int = 0) -> None:
        super().__init__(taken, unit)
        # The stream of the seed itself is that of randn:MxN.
        self._rng = np.random.Generator(np.random.PCG64((seed, 1, unit)))
        self.sums, self.square = np.zeros((size, taken.width)), 0.0

    def add(self, piece: Array) -> None:
        """Add rows that are checked."""
        self.sums += self._rng.standard_normal((len(piece), len(self.sums))).T @ piece
        self.square += float(np.vdot(piece, piece))

    def merge(self, other: Self) -> None:
        """Add the sums of other rows."""
        self.check_kind(other)
        if len(self.sums) != len(other.sums):
            raise InputError("random sums of different sizes don't go together")
        self.rows += other.rows
        self.sums += other.sums
        self.square += other.square

    def result(self) -> RandomSums:
        """Return the sums of all rows so far."""
        return RandomSums(self.sums, self.square)

    def state(self) -> State:
        """Return all that is held, the place in the stream of random numbers as bytes."""
        place = self._rng.bit_generator.state["state"]
        words = b"".join(place[name].to_bytes(16, "little") for name in ("state", "inc"))
        return self.state_of_pass() | {
            "sums": self.sums.copy(),
            "square": np.array(self.square),
            "generator": np.frombuffer(words, np.uint8).copy(),
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        taken, unit, rows = cls.taken_of(state)
        found = cls(taken, len(state["sums"]), unit=unit)
        found.rows, found.sums, found.square = rows, np.array(state["sums"]), float(state["square"])
        words = np.asarray(state["generator"], np.uint8).tobytes()
        place, step = (int.from_bytes(words[k : k + 16], "little") for k in (0, 16))
        generator = {"bit_generator": "PCG64", "state": {"state": place, "inc": step}}
        found._rng.bit_generator.state = generator | {"has_uint32": 0, "uinteger": 0}
        return found


class ImagesAccumulator(RowPass):
    """An accumulator of the images V AᵀA of vectors V (k, n).

    >>> found = ImagesAccumulator(Rows(2), np.array([[1.0, 0.0]]))
    >>> found.update(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> found.result().tolist()
    [[10.0, 14.0]]
    """

    def __init__(self, taken: Rows, vectors: Array, unit: int = 0) -> None:
        super().__init__(taken, unit)
        # Products of arrays that lie otherwise in memory are rounded otherwise.
        self.vectors = np.ascontiguousarray(vectors)
        self.images = np.zeros_like(self.vectors)

    def add(self, piece: Array) -> None:
        """Add rows that are checked."""
        self.images += (self.vectors @ piece.T) @ piece

    def merge(self, other: Self) -> None:
        """Add the images by other rows."""
        self.check_kind(other)
        self.rows += other.rows
        self.images += other.images

    def result(self) -> Array:
        """Return the images (k, n) by all rows so far."""
        return self.images

    def state(self) -> State:
        """Return all that is held."""
        return self.state_of_pass() | {"vectors": self.vectors.copy(), "images": self.images.copy()}

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        taken, unit, rows = cls.taken_of(state)
        found = cls(taken, np.array(state["vectors"]), unit)
        found.rows, found.images = rows, np.array(state["images"])
        return found


class Projection(NamedTuple):
    """What a matrix A is along orthonormal vectors V (k, n)."""

    projected: Array  # Vᵀ's coordinates of all rows (m, k), or the R of their QR decomposition
    images: Array  # (k, n) V AᵀA
    rest: float  # squared norm of what V doesn't reach; 0 if it wasn't asked for
    rows: int


class ProjectionAccumulator(RowPass):
    """An accumulator of the projections of rows on orthonormal vectors V (k, n).

    With `every` the projections of all rows are kept, else the R of their QR decomposition.

    >>> found = ProjectionAccumulator(Rows(2), np.array([[1.0, 0.0]]), rest=True)
    >>> found.update(np.array([[3.0, 1.0], [4.0, 1.0]]))
    >>> np.abs(found.result().projected).tolist(), found.result().rest
    ([[5.0]], 2.0)
    """

    def __init__(
        self, taken: Rows, vectors: Array, rest: bool = False, every: bool = False, unit: int = 0
    ) -> None:
        super().__init__(taken, unit)
        # Products of arrays that lie otherwise in memory are rounded otherwise.
        self.vectors = np.ascontiguousarray(vectors)
        self.images = np.zeros_like(self.vectors)
        self.keeps_rest, self.keeps_every = bool(rest), bool(every)
        self.rest = 0.0
        self._parts: list[Array] = [np.zeros((0, len(vectors)))]  # of rows, or one triangle

    def add(self, piece: Array) -> None:
        """Add rows that are checked."""
        projected = self.vectors @ piece.T
        self.images += projected @ piece
        if self.keeps_rest:
            over = piece - projected.T @ self.vectors
            self.rest += float(np.vdot(over, over))
        self._keep(projected.T)

    def _keep(self, projected: Array) -> None:
        if self.keeps_every:
            self._parts.append(projected)
        else:
            both = np.concatenate((self._parts[0], projected))
            self._parts = [np.asarray(np.linalg.qr(both, mode="r"))]

    def merge(self, other: Self) -> None:
        """Add the projections of other rows."""
        self.check_kind(other)
        self.rows += other.rows
        self.images += other.images
        self.rest += other.rest
        self._keep(np.concatenate(other._parts))

    def result(self) -> Projection:
        """Return the projections of all rows so far."""
        return Projection(np.concatenate(self._parts), self.images, self.rest, self.rows)

    def state(self) -> State:
        """Return all that is held."""
        return self.state_of_pass() | {
            "vectors": self.vectors.copy(),
            "images": self.images.copy(),
            "rest": np.array(self.rest),
            "kept": np.array([self.keeps_rest, self.keeps_every]),
            "projected": np.concatenate(self._parts),
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        taken, unit, rows = cls.taken_of(state)
        rest, every = map(bool, state["kept"])
        found = cls(taken, np.array(state["vectors"]), rest, every, unit)
        found.rows, found.images, found.rest = rows, np.array(state["images"]), float(state["rest"])
        found._parts = [np.array(state["projected"])]
        return found
