"""Graphs: what is simplified keeps its value, what is equal is one node."""

import itertools
import math

import pytest
from tests.digits import near

from aimath.core.calculus._evaluate import Program
from aimath.core.calculus._graph import Graph

POINT = [1.75, -3.0]


def samples(graph):
    """Nodes of every kind that a simplification looks for."""
    x, y = (graph.node("variable", value=float(k)) for k in range(2))
    numbers = [graph.number(value) for value in (0.0, 1.0, -1.0, 2.0, -2.5)]
    graph.in_derivative = True
    made = [
        graph.neg(x),
        graph.neg(y),
        graph.sub(x, y),
        graph.node("mul", numbers[4], x),
        graph.node("exp", y),
    ]
    products = [graph.mul(numbers[3], graph.node("exp", y)), graph.neg(graph.node("mul", x, y))]
    return [x, y, *numbers, *made, *products]


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div"])
def test_simplified_pairs_keep_their_value(op):
    graph = Graph()
    for a, b in itertools.product(samples(graph), repeat=2):
        simple, plain = getattr(graph, op)(a, b), graph.node(op, a, b)
        found, wanted = (Program(graph, [node]).node_values(POINT)[-1] for node in (simple, plain))
        if math.isfinite(wanted):
            assert found == near(wanted, 1e-15), (graph.nodes[a], graph.nodes[b])


def test_simplified_signs_and_powers_keep_their_value():
    graph = Graph()
    for a in samples(graph):
        value = Program(graph, [a]).node_values(POINT)[-1]
        assert Program(graph, [graph.neg(a)]).node_values(POINT)[-1] == -value
        for exponent in (0.0, 1.0, 2.0, 3.0):
            power = Program(graph, [graph.pow(a, graph.number(exponent))])
            assert power.node_values(POINT)[-1] == near(value**exponent, 1e-15)


def test_nothing_is_left_of_zeros_ones_and_double_signs():
    graph = Graph()
    graph.in_derivative = True
    x = graph.node("variable")
    zero, one = graph.number(0.0), graph.number(1.0)
    assert graph.add(x, zero) == graph.add(zero, x) == graph.sub(x, zero) == x
    assert graph.mul(one, x) == graph.mul(x, one) == graph.div(x, one) == x
    assert graph.mul(zero, x) == graph.mul(x, zero) == graph.div(zero, x) == graph.sub(x, x) == zero
    assert graph.neg(graph.neg(x)) == x
    assert graph.mul(graph.number(-1.0), x) == graph.mul(x, graph.number(-1.0)) == graph.neg(x)
    assert graph.div(x, x) == one
    assert graph.mul(graph.number(2.0), graph.mul(graph.number(3.0), x)) == graph.mul(graph.number(6.0), x)


def test_factors_are_not_joined_beyond_float64():
    graph = Graph()
    graph.in_derivative = True
    x = graph.node("variable")
    both = graph.mul(graph.number(1e-200), graph.mul(graph.number(1e-200), x))
    assert Program(graph, [both]).node_values([1e300])[-1] == near(1e-100, 1e-15)


def test_equal_nodes_are_one():
    graph = Graph()
    x = graph.node("variable")
    assert graph.node("sin", x) == graph.node("sin", x)
    assert graph.number(0.0) != graph.number(-0.0)
    assert graph.node("log", graph.number(0.0)) == graph.node("log", graph.number(0.0))


def test_numbers_are_worked_out_where_nothing_is_rounded():
    graph = Graph()
    one, three, tenth = (graph.number(value) for value in (1.0, 3.0, 0.1))
    assert graph.constant(graph.node("mul", three, graph.number(0.25))) == 0.75
    assert graph.constant(graph.node("pow", three, graph.number(4.0))) == 81
    assert graph.constant(graph.node("sub", one, three)) == -2
    for rounded in (
        ("div", one, three),
        ("mul", three, tenth),
        ("add", one, graph.number(1e-17)),
        ("exp", one),
    ):
        assert graph.constant(graph.node(*rounded)) is None
    graph.in_derivative = True
    x = graph.node("variable")
    factors = graph.mul(three, graph.mul(tenth, x))  # .30000000000000004 would be another formula
    assert graph.nodes[factors].args == (three, graph.mul(tenth, x))
