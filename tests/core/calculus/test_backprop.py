"""Backpropagation worked by hand, node by node."""

import math

import pytest
from tests.digits import near

from aimath.core.calculus import backprop, parse_function


def test_the_tree_worked_by_hand():
    found = backprop(parse_function("(w*x + b - y)^2"), [2, 3, 1, 5])
    assert found.lines.tolist() == ["L = e^2", "e = a - y", "a = p + b", "p = w*x", "w", "x", "b", "y"]
    assert found.depths.tolist() == [0, 1, 2, 3, 4, 4, 3, 2]
    assert found.values.tolist() == [4, 2, 7, 6, 2, 3, 1, 5]
    assert found.locals.tolist() == ["", "2*e", "1", "1", "x", "w", "1", "-1"]
    assert found.slopes.tolist() == [1, 4, 1, 1, 3, 2, 1, -1]
    assert found.upstream.tolist() == [1, 1, 4, 4, 4, 4, 4, 4]
    assert found.flows.tolist() == [1, 4, 4, 4, 12, 8, 4, -4]
    assert found.gradients.tolist() == [12, 8, 4, -4]
    assert found.check().holds.all()


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("x*x*x + x/x", [3]),
        ("(x+1)*(x+1) + log(x+1)", [2]),
        ("log(sigmoid(x))*y", [-800, 2]),
        ("max(x, y, 2*x)^2 + min(x, y)", [1, 2]),
        ("logsumexp(x, y, x*y) - softplus(x)", [1, 2]),
        ("x^y + 2^x + gelu(y)", [2, 3]),
        ("abs(x)*relu(y) - cbrt(x)", [-3, 2]),
    ],
)
def test_flows_into_the_places_of_a_variable_add_up(text, point):
    f = parse_function(text)
    found = backprop(f, point)
    for k, name in enumerate(f.variables):
        flows = found.flows[found.nodes == name]
        assert math.fsum(flows) == near(f.gradient(point)[k], 1e-13)
    assert found.flows == near(found.slopes * found.upstream, 0)
    # What flows into a node is what the nodes below are sent.
    for k in range(1, len(found.depths)):
        above = max(j for j in range(k) if found.depths[j] == found.depths[k] - 1)
        assert found.upstream[k] == found.flows[above]


def test_nodes_are_not_named_as_variables():
    f = parse_function("(L*e1 - a)^2 + o*p*L")
    found = backprop(f, [1, 2, 3, 4, 5])
    names = [line.split(" = ")[0] for line in found.lines if " = " in line]
    assert not set(names) & set(f.variables)
    assert len(set(names)) == len(names)


def test_more_nodes_than_letters():
    found = backprop(parse_function("+".join(f"sin(x)^{k}" for k in range(3, 60))), [0.5])
    lines = {line for line in found.lines if " = " in line}  # sin(x) stands in many places, as one node
    assert len({line.split(" = ")[0] for line in lines}) == len(lines) > 26
