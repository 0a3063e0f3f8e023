"""Commands of linear algebra: products, neurons and layers, angles."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import MemoryLimit, Number, Operand, Option, Vector
from aimath.commands._shared import MAX_TERMS, Left, Right, check_memory, format_dot_product, single_matrix
from aimath.errors import InputError
from aimath.report import CrossCheck, Line, Panels, Plot, Report, Table

ACTIVATIONS = ("none", "relu", "tanh", "sigmoid", "gelu")
Activation = Annotated[str, Option("--activation", metavar="NAME", choices=ACTIVATIONS)]


@command(
    example="aimath dot 1,2,3 4,5,6",
    answer="the sum, rounded once",
    quiz=("dot",),
    chapter="linear-algebra",
)
def dot(a: Left, b: Right) -> Report:
    """Multiply two vectors entry by entry and add up.

    a · b = sum a_i b_i, rounded once: 1e16,1,-1e16 times 1,1,1 is 1, where numpy says 0.
    """
    from aimath.core import linalg as linear

    return Report(
        linear.dot(a, b),
        show=("dot",),
        steps=(
            Line("a · b = Σ a_i · b_i"),
            Table((("a", "{a}"), ("b", "{b}"), ("a_i · b_i", "{terms:+}")), bar="terms"),
            Line(" a · b = {terms: + } = {dot}"),
            CrossCheck("added up with more digits than float64 has: {alternative}"),
        ),
        plot=Plot("terms"),
    )


@command(
    example="aimath neuron --weights .5,-.25,1 --inputs 1,2,3 --bias .5 --activation sigmoid",
    answer="output; `--bias`, `--activation`",
    quiz=("neuron", "activation"),
)
def neuron(
    weights: Annotated[Vector, Operand("A weight for each input.", flag="--weights", seeded=True)],
    inputs: Annotated[Vector, Operand("What comes in.", flag="--inputs", seeded=True)],
    bias: Annotated[float, Number(("--bias",), "Added to the weighted sum.")] = 0.0,
    activation: Activation = "none",
) -> Report:
    """Let a neuron answer: a weighted sum, a bias, an activation.

    output = activation(sum w_i x_i + b). gelu is the exact one.
    """
    from aimath.core import linalg as linear

    bare = activation == "none"
    end = Line(f" output = {activation}({{total}}) = {{output}}")
    return Report(
        linear.neuron(weights, inputs, bias, activation),
        show=("output",),
        steps=(
            Line(f"output = {'Σ w_i · x_i + b' if bare else f'{activation}(Σ w_i · x_i + b)'}"),
            Table((("weight w", "{weights}"), ("input x", "{inputs}"), ("w · x", "{terms:+}")), bar="terms"),
            Line(" Σ w · x = {terms: + }      with the bias b = {bias}: {total}"),
            *((end,) * (not bare)),
            CrossCheck("added up with more digits than float64 has: {alternative}"),
        ),
        plot=Plot("terms"),
    )


@command(
    example="aimath layer '1 2; 0 -1' 3,4 --bias .5,-1 --activation relu",
    answer="output; `--bias`, `--activation`",
    quiz=("layer",),
)
def layer(
    W: Annotated[Vector, Operand("Weights, a neuron a row.", flag="-W", matrix=True, seeded=True)],  # noqa: N803
    x: Annotated[Vector, Operand("Inputs; of rows, each is answered.", flag="--x", seeded=True)],
    bias: Annotated[Vector | None, Operand("A bias for each neuron.  [default: 0]", flag="--bias")] = None,
    activation: Activation = "none",
    memory: MemoryLimit = None,
) -> Report:
    """Send inputs through a layer of neurons.

    output = activation(W x + b), W with a row for each neuron.
    """
    from aimath.core import linalg as linear

    weights, shift = (
        single_matrix(W, "W", unbatched=False),
        None if bias is None else single_matrix(bias, "bias", unbatched=False),
    )
    check_memory((len(x), len(weights)), "matrix of outputs", memory)
    bare = activation == "none"
    ends = (("W·x + b", "{total}"), *(((activation, "{output}"),) * (not bare)))
    return Report(
        linear.layer(weights, x, shift, activation),
        show=("output",),
        steps=(
            Line(f"output = {'W·x + b' if bare else f'{activation}(W·x + b)'}      a neuron is a row of W"),
            Line(" x = {x}      W · x by neuron,input:"),
            Table((("W", "{W}"), ("W · x", "{terms:+}")), bar="terms"),
            Line(" sums by neuron:"),
            Table((("bias b", "{bias}"), *ends), bar="output"),
            CrossCheck("added up with more digits than float64 has: {alternative}"),
        ),
        plot=Plot("output"),
    )


@command(
    example="aimath matmul '1 2; 3 4' '5 6; 7 8'",
    answer="the product",
    quiz=("matmul",),
)
def matmul(
    a: Annotated[Vector, Operand("The left matrix.", flag="--a", matrix=True, seeded=True)],
    b: Annotated[Vector, Operand("The right matrix.", flag="--b", matrix=True, seeded=True)],
    memory: MemoryLimit = None,
) -> Report:
    """Multiply two matrices.

    Entry (i, j) is row i of a times column j of b, rounded once.
    """
    from aimath.core import linalg as linear

    left, right = single_matrix(a, "a"), single_matrix(b, "b")
    if left.shape == right.shape and len(left) == 1 < left.shape[1]:
        few = left.shape[1] <= MAX_TERMS
        words = [",".join(f"{x:.6g}" for x in row[0].tolist()) for row in (left, right)] if few else []
        why = f"a and b are one row of {left.shape[1]} numbers each: of two vectors there is a dot product"
        raise InputError(why, hint=f"try {' '.join(('aimath dot', *(words or ('A', 'B'))))}")
    check_memory((len(left), right.shape[-1]), "product", memory)
    result = linear.matmul(left, right)
    (m, k), n = result.a.shape, result.b.shape[1]
    few = [divmod(at, n) for at in (range(m * n) if m * n <= MAX_TERMS else (0, m * n - 1))]
    return Report(
        result,
        show=("product",),
        steps=(
            Line("product = a · b      entry i,j = row i of a · column j of b"),
            Panels((("a", "a"),)),
            Panels((("b", "b"),)),
            *(
                Line(f" {i + 1},{j + 1}:  {format_dot_product('a', 'b', i, j, k)} = {{product[{i}][{j}]}}")
                for i, j in few
            ),
            Panels((("product", "product"),)),
            CrossCheck("a · (b · s) = {alternative}      for random signs s; (a · b) · s = {answer}"),
        ),
        plot=Plot("product"),
    )


@command(
    example="aimath transpose '1 2 3; 4 5 6'",
    answer="the matrix",
    quiz=("transpose",),
)
def transpose(
    a: Annotated[Vector, Operand("A matrix: a literal or a file.", matrix=True, seeded=True)],
) -> Report:
    """Swap the rows and columns of a matrix.

    transposed[j, i] = a[i, j].
    """
    from aimath.core import linalg as linear

    return Report(
        linear.transpose(single_matrix(a, "a")),
        show=("transposed",),
        steps=(
            Line("transposed_j,i = a_i,j      rows become columns"),
            Panels((("a", "a"),)),
            Panels((("transposed", "transposed"),)),
            CrossCheck("the entries of a, read column by column: {alternative}"),
        ),
        plot=Plot("transposed"),
    )
