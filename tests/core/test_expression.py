"""The formula language: what it means, what it refuses and how it says so, and that no text breaks it."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given, strategies as st
from tests.core.formula_oracle import derivative
from tests.digits import near

from aimath.core.calculus import Function, function
from aimath.errors import InputError


@pytest.mark.parametrize(
    ("text", "x", "value"),
    [
        ("-x**2", 3, -9),
        ("2**-x", 3, 1 / 8),
        ("2**3**2", 0, 512),
        ("2^3^2", 0, 512),
        ("-x**-2", 2, -0.25),
        ("6/x/2", 3, 1),
        ("x--1", 3, 4),
        ("x-+-1", 3, 4),
        ("--x", 3, 3),
        ("-+-x", 3, 3),
        ("1/2*x", 3, 1.5),
        ("2-x-1", 3, -2),
        ("2*-x", 3, -6),
        ("2*-x^2", 3, -18),
        ("2^-x^2", 1, 0.5),
        ("(2^-x)^2", 1, 0.25),
        ("-2^2", 0, -4),
        ("(-2)^2", 0, 4),
        ("x^0", 0, 1),
        ("0**x", 0, 1),
        ("exp(-800)*1e-300", 0, 0),
        ("1e-400", 0, 0),
        (".5e1+5.", 0, 10),
        ("  x\t+ 1 ", 1, 2),
        ("e^1", 0, math.e),
        ("2*pi - tau", 0, 0),
        ("ln(x)", math.e, 1),
        ("max(1, x, 2)*min(x, 7)", 3, 9),
        ("sign(x) + sign(-x) + sign(0)", 3, 0),
        ("logsumexp(x)", 3, 3),
        ("relu(x) + relu(-x)", 3, 3),
        ("(((x)))", 3, 3),
        ("cbrt(-27)", 0, -3),
    ],
)
def test_meaning(text, x, value):
    assert function(text, ["x"])([x]) == value
    assert function(text, ["x"]).values(np.array([[x]], float)).tolist() == [value]


def test_variables_come_in_order_of_appearance():
    assert function("b*x_1 + a - b*lambda + None").variables == ("b", "x_1", "a", "lambda", "None")
    assert function("x", ["y", "x"])([1, 2]) == 2
    assert function("3").variables == ()


# What is wrong, where the caret stands, and what is proposed.
WRONG = [
    ("2x", 1, "operator is missing before 'x'", "write 2*x"),
    ("x y", 2, "operator is missing", "x y: write x*y"),
    ("2(x+1)", 1, "operator is missing", "2*("),
    ("(x)(y)", 3, "operator is missing", ")*("),
    ("1.2.3", 3, "operator is missing before '.3'", ""),
    ("1e5e5", 3, "operator is missing before 'e5'", ""),
    ("0x10", 1, "operator is missing", ""),
    ("1_0", 1, "U+005F", "a name begins with a letter"),
    ("x − 1", 2, "'−' (U+2212) has no place", "write -"),
    ("x × 2", 2, "U+00D7", "write *"),
    ("2π", 1, "U+03C0", "write pi"),
    ("x²", 1, "U+00B2", "write ^2"),
    ("ｅｘｐ(x)", 0, "U+FF45", ""),
    ("x\n+ 1", 1, "U+000A", ""),
    ("x\x00", 1, "U+0000", ""),
    ("x = 3", 2, "U+003D", "name=number"),
    ("x[0]", 1, "U+005B", "write ("),
    ("'x'", 0, "U+0027", ""),
    ("x;y", 1, "U+003B", ""),
    ("x # y", 2, "U+0023", ""),
    ("x % 2", 2, "U+0025", ""),
    ("__import__", 0, "U+005F", ""),
    ("().__class__", 2, "U+002E", ""),
    ("exp + 1", 0, "exp is a function", "exp(...)"),
    ("3*sin", 2, "sin is a function", "sin(...)"),
    ("sin x", 0, "sin is a function", "sin(...)"),
    ("foo(3)", 0, "foo is not a known function", "foo*("),
    ("sigmoyd(x)", 0, "sigmoyd is not a known function", "did you mean sigmoid?"),
    ("x(3)", 0, "x is not a known function", "x*(...)"),
    ("pi(3)", 0, "pi is a constant", "pi*(...)"),
    ("exp()", 0, "exp takes 1 argument, not 0", ""),
    ("sin(x, y)", 0, "sin takes 1 argument, not 2", ""),
    ("1 + max(x)", 4, "max takes at least 2 arguments, not 1", ""),
    ("max(x,)", 6, "')' stands where", ""),
    ("max(,x)", 4, "',' stands where", ""),
    ("(x, y)", 2, "a comma", ""),
    ("x, y", 1, "a comma", ""),
    ("(x", 0, "never closed", "add a )"),
    ("sin(x", 0, "never closed", "add a )"),
    ("x)", 1, "no ( for this )", ""),
    ("x +", 3, "ends too early", ""),
    ("*x", 0, "'*' stands where", ""),
    ("x * / y", 4, "'/' stands where", ""),
    ("x ^^ 2", 3, "'^' stands where", ""),
    ("x + 1e999", 4, "overflows", ""),
    ("x + " + "1" * 401, 4, "more than 400 characters", ""),
    ("a" * 65, 0, "more than 64 characters", ""),
]


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_is_not_pointed_at(text):
    with pytest.raises(InputError, match="the formula is empty") as caught:
        function(text)
    assert (caught.value.shown, caught.value.usage) == ("", True)


@pytest.mark.parametrize(("text", "place", "why", "hint"), WRONG, ids=[repr(w[0][:20]) for w in WRONG])
def test_a_mistake_is_pointed_at(text, place, why, hint):
    with pytest.raises(InputError) as caught:
        function(text)
    error = caught.value
    assert why in error.why
    assert hint in error.hint
    assert error.usage
    line, caret = error.shown.split("\n")
    assert caret.strip() == "^"
    if len(text) <= 60:
        assert caret.index("^") == place
        assert line[:place] == text[:place]
    else:
        assert len(line) <= 66


def test_the_caret_stays_under_its_place_in_a_long_text():
    text = "+".join(["x"] * 100) + " y" + "+x" * 100
    with pytest.raises(InputError) as caught:
        function(text)
    line, caret = caret_of(caught.value)
    assert line[caret] == "y"
    assert line.startswith("...")
    assert line.endswith("...")
    assert len(line) <= 66


def caret_of(error):
    line, caret = error.shown.split("\n")
    return line, caret.index("^")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("x" + "+x" * 5000, "10001 characters; the limit is 10000"),
        ("+".join("x" * 3001), "more than 6000"),
        ("(" * 101 + "x" + ")" * 101, "deeper than 100"),
        ("sin(" * 101 + "x" + ")" * 101, "deeper than 100"),
        ("-" * 51 + "x", "more than 50 signs"),
    ],
)
def test_limits(text, limit):
    with pytest.raises(InputError, match=limit):
        function(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100 + "x" + ")" * 100,
        "sin(" * 100 + "x" + ")" * 100,
        "-" * 50 + "x",
        "x^" * 2999 + "x",
        "x/" * 2999 + "x",
        "+".join(["x"] * 3000),
        "+".join(f"a{k}" for k in range(1500)),
        "*".join(f"a{k}" for k in range(1500)),
        "logsumexp(" + ",".join(f"a{k}" for k in range(1500)) + ")",
        "max(" + ",".join(f"a{k}" for k in range(1500)) + ")",
    ],
    ids=lambda text: text[:12],
)
def test_what_is_within_the_limits_is_answered(text):
    f = function(text)
    point = [1.0] * len(f.variables)
    slopes = f.gradient(point)
    assert list(f.fast_gradient()(point)) == near(slopes, 1e-12)
    assert f.gradients(np.array([point]))[0] == near(slopes, 1e-12)
    assert len(f.graph.nodes) < 60_000  # a gradient is as long as its formula, times a small number


TOKENS = [
    *"+-*/^(),", "**", " ", "x", "y", "pi", "e", "1", "0", ".5", "2e3", "1e308", "1e-308",
    "exp", "log(", "sqrt(", "max(", "logsumexp(", "gelu(", "cbrt(", "abs(", "sigmoid(", "softplus(", ")",
]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
@example("0^-1")
@example("0^x")
@example("log(0)*x")
@example("1e308*1e308")
@example("x/0")
@example("9**9**9**9")
def test_no_tokens_break_it(text):
    answer(text)


@given(st.text(max_size=60))
@example("\ud800")
@example("1if x else 2")
@example("lambda: 0")
def test_no_text_breaks_it(text):
    answer(text)


def answer(text):
    """Everything that can be asked of a formula either has a finite answer or is refused by name."""
    f, refused = asked(function, text)
    if refused:
        assert refused.usage
        return
    point = [0.0, 2.0, -1.5][: len(f.variables)]
    assume(len(point) == len(f.variables))
    for ask in (f, f.gradient, f.hessian):
        found, refused = asked(ask, point)
        assert refused or np.isfinite(found).all()
        assert not refused or (not refused.usage and len(str(refused)) < 300)
    f.kinks(point)
    f.formulas()


def asked(ask, *args):
    """The answer and the refusal, of which there is one."""
    try:
        return ask(*args), None
    except InputError as error:
        return None, error


# Formulas that are right by construction, with the value that fractions give them.
LEAVES = st.one_of(st.just(("x", Fraction(3, 4))), st.integers(0, 9).map(lambda k: (str(k), Fraction(k))))


def _joined(parts):
    (a, u), op, (b, v) = parts
    value = u + v if op == "+" else u - v if op == "-" else u * v
    return f"({a}{op}{b})", value


EXACT = st.recursive(
    LEAVES, lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(_joined), max_leaves=8
)


@given(EXACT)
def test_arithmetic_is_that_of_fractions(pair):
    text, value = pair
    found = function(text, ["x"])([0.75])
    assert found == float(value)  # small dyadic numbers: float64 holds each on the way


ARITHMETIC = st.recursive(
    st.sampled_from(["x", "2", "3"]),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**", "*-", "**-"]), inner).map(
        "".join
    ),
    max_leaves=8,
)


@given(ARITHMETIC)
def test_precedence_is_pythons(text):
    try:
        expected = eval(text.replace("2", "2.0").replace("3", "3.0"), {"x": 1.25})  # noqa: S307
    except (ZeroDivisionError, OverflowError):
        expected = None
    try:
        found = function(text, ["x"])([1.25])
    except InputError:
        found = None
    if expected is None or isinstance(expected, complex) or not math.isfinite(expected):
        assert found is None
    else:
        # 2.0 ** 2 is a product here and a power there.
        assert found == near(expected, 1e-13)


UNARY = [
    "exp",
    "log",
    "sqrt",
    "tanh",
    "sin",
    "abs",
    "relu",
    "sigmoid",
    "softplus",
    "cbrt",
    "atan",
    "gelu",
    "log1p",
]
TREES = st.recursive(
    st.sampled_from(["x", "y", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^"]), inner).map(
            lambda t: f"({t[0]}{t[1]}{t[2]})"
        ),
        st.tuples(st.sampled_from(UNARY), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["max", "min", "logsumexp"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]},{t[2]})"
        ),
    ),
    max_leaves=10,
)
POINTS = st.tuples(st.sampled_from([-2.0, -0.5, 0.0, 0.75, 3.0]), st.sampled_from([-1.0, 0.0, 0.25, 2.0]))


def checked(ask, *args):
    found, refused = asked(ask, *args)
    return None if refused else np.array(found)


@given(TREES, POINTS)
def test_arrays_are_undefined_where_one_point_is_refused(text, point):
    f = function(text, ["x", "y"])
    row = np.array([point])
    for one, many in ((f, f.values), (f.gradient, f.gradients), (f.hessian, f.hessians)):
        found, wanted = many(row)[0], checked(one, point)
        assert np.isnan(found).any() == (wanted is None)
        if wanted is not None:
            assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9 * float(np.abs(wanted).max()))


@given(TREES, POINTS)
def test_fast_functions_agree(text, point):
    f = function(text, ["x", "y"])
    wanted = checked(f.gradient, point)
    if wanted is not None:
        assert list(f.fast_gradient()(point)) == near(wanted.tolist(), 1e-13)


@given(TREES, POINTS)
def test_a_derivative_reads_back(text, point):
    f = function(text, ["x", "y"])
    wanted = checked(f.gradient, point)
    for k, formula in enumerate(f.formulas()):
        if formula and wanted is not None:
            found = checked(function(formula, ["x", "y"]), point)
            # As a formula of its own it may be undefined where the infinities of a derivative cancel.
            if found is not None:
                assert found == pytest.approx(wanted[k], rel=1e-9, abs=1e-9 * float(np.abs(wanted).max()))


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("(1-x)^2 + 100*(y-x^2)^2", ("-2*(1 - x) - 400*x*(y - x^2)", "200*(y - x^2)")),
        ("x*log(x) - x", ("1 + log(x) - 1",)),
        ("-exp(-x)", ("exp(-x)",)),
        ("x^y", ("y*x^(y - 1)", "x^y*log(x)")),
        ("(-x)^3", ("-3*(-x)^2",)),
        ("1/(x - y)", ("-1/(x - y)/(x - y)", "1/(x - y)/(x - y)")),
        ("tanh(x)", ("1/cosh(x)^2",)),
        ("x*tanh(2*y)", ("tanh(2*y)", "2/cosh(2*y)^2*x")),
        ("relu(x) + abs(y)", ("max(sign(x), 0)", "sign(y)")),
        ("erf(x - 1)*2", ("2.256758334191025*exp(-(x - 1)^2)",)),
        ("gelu(x)", ("(1 + erf(x/sqrt(2)))/2 + x*exp(-x^2/2)/sqrt(tau)",)),
        ("max(x, y)", ("", "")),
        ("+".join(f"sin({k}*x)" for k in range(9)), ("",)),
    ],
)
def test_derivatives_as_formulas(text, formulas):
    assert function(text).formulas() == formulas


UNDEFINED = [
    ("log(x-3)", 3, "log(x-3): argument is 0 at x=3, and must be above 0"),
    ("2 + log( x-3 )*y", 2, "log( x-3 ): argument is -1 at x=2, and must be above 0"),
    ("log(1+x)", -1, "log(1+x): argument is 0 at x=-1, and must be above 0"),
    ("log1p(x)", -2, "log1p(x): argument is -2 at x=-2, and must be above -1"),
    ("1/(x-1)", 1, "1/(x-1): division by zero at x=1"),
    ("x^-1", 0, "x^-1: 0 to the power -1 divides by zero at x=0"),
    ("x^0.5", -4, "x^0.5: a negative number (-4) has no power 0.5 at x=-4"),
    ("sqrt(x)", -1, "sqrt(x): argument is -1 at x=-1, and must be at least 0"),
    ("asin(x)", 2, "asin(x): argument is 2 at x=2, and must be -1 to 1"),
    ("exp(x)", 1000, "exp(x): the value overflows float64 at x=1000"),
    ("1/exp(x)", 1000, "exp(x): the value overflows float64 at x=1000"),
    ("9**9**9**9*x", 1, "9**9**9: the value overflows float64"),
    ("x*1e308*10", 1, "x*1e308*10: the value overflows float64 at x=1"),
    ("cosh(x)", -800, "cosh(x): the value overflows float64 at x=-800"),
    ("x + log(0)", 1, "log(0): argument is 0, and must be above 0"),
]


@pytest.mark.parametrize(("text", "x", "why"), UNDEFINED)
def test_what_has_no_value_is_named(text, x, why):
    f = function(text, ["x", "y"])
    for ask in (f, f.gradient, f.hessian):
        with pytest.raises(InputError) as caught:
            ask([x, 1])
        assert caught.value.why == why
        assert not caught.value.usage
    for many in (f.values, f.gradients, f.hessians):
        assert np.isnan(many(np.array([[x, 1.0]]))).all()


INFINITE = [
    ("sqrt(x)", "sqrt(x) has no finite derivative at x=0"),
    ("y + cbrt(x)", "cbrt(x) has no finite derivative at x=0"),
    ("x^0.5", "x^0.5 has no finite derivative at x=0"),
    ("sqrt(x*x)", "sqrt(x*x) has no finite derivative at x=0"),
    ("asin(1 - x)", "asin(1 - x) has no finite derivative at x=0"),
    ("atan(1e200*(x+1)) + sqrt(x)", "sqrt(x) has no finite derivative at x=0"),  # an infinity there is none
    ("1e300*sin(1e300*x)", "1e300*x has a derivative beyond float64 at x=0"),
]


@pytest.mark.parametrize(("text", "why"), INFINITE)
def test_an_infinite_derivative_is_named(text, why):
    f = function(text, ["x", "y"])
    assert np.isfinite(f([0, 1]))
    with pytest.raises(InputError) as caught:
        f.gradient([0, 1])
    assert caught.value.why == why
    assert np.isnan(f.gradients(np.array([[0.0, 1.0]]))).any()


def test_an_infinite_second_derivative_is_named_by_the_variables_alone():
    f = function("y^sqrt(x + 1e-320)", ["x", "y"])
    with pytest.raises(InputError, match=r"has (a|no finite) derivative.* at x=0(, y=2)?$"):
        f.hessian([0, 2])
    with pytest.raises(InputError, match=r"x\^1.5 has no finite derivative at x=0$"):
        function("x^1.5*y").hessian([0, 2])


def test_an_infinity_on_the_way_to_a_derivative_is_none():
    assert function("atan(x)").gradient([1e200]) == [0]  # 1/(1 + x²) with x² = inf
    assert function("x^y").gradient([0, 2]) == [0, 0]  # 0² log 0
    assert function("sqrt(x)^2").gradient([0]) == [1]
    assert function("x^y").hessian([0, 2]) == [[2, 0], [0, 0]]
    assert function("x*log(1e-300*x)").gradient([1e-20]) == near(
        [1 - 320 * math.log(10)], 1e-7
    )  # 1e-320 is subnormal


KINKS = [
    ("abs(x)", [0], [0], "not differentiable at x=0 (abs): 0 is used"),
    ("relu(x-1)", [1], [0], "not differentiable at x=1 (relu): 0 is used"),
    ("sign(x)*y", [0, 5], [0, 0], "not differentiable at x=0 (sign): 0 is used"),
    ("max(x, y)", [2, 2], [0.5, 0.5], "not differentiable at x=2, y=2 (max): equal shares are used"),
    ("min(x, y, 3*x)", [2, 2], [0.5, 0.5], "not differentiable at x=2, y=2 (min): equal shares are used"),
    ("min(x, x, y)", [1, 2], [1, 0], "not differentiable at x=1, y=2 (min): equal shares are used"),
]


@pytest.mark.parametrize(("text", "point", "slopes", "note"), KINKS)
def test_kinks_follow_torch_and_are_told(text, point, slopes, note):
    f = function(text)
    assert f.gradient(point) == slopes
    assert f.gradients(np.array([point], float)).tolist() == [slopes]
    assert list(f.fast_gradient()([float(x) for x in point])) == slopes
    assert f.kinks(point) == (note,)
    assert f.has_kinks
    assert f.kinks([x + k + 0.25 for k, x in enumerate(point)]) == () or "x, x" in text


def test_a_constant_has_no_kink():
    assert not function("abs(0) + max(1, 1) + x").has_kinks


def test_equal_parts_are_one_node():
    assert function("(x+1)*(x+1)").size == function("(x+1)^2").size == 4


def test_zero_is_never_minus_zero():
    found = function("-(x*0)")
    assert math.copysign(1, found([1])) == 1
    assert math.copysign(1, found.gradient([1])[0]) == 1


def test_a_point_of_the_wrong_length_is_refused():
    with pytest.raises(InputError, match="2 coordinates"):
        function("x+y").values(np.zeros((3, 3)))


def test_unknown_variable_of_a_given_list():
    with pytest.raises(InputError) as caught:
        function("learning*rat", ["learning", "rate"])
    assert caught.value.why == "rat is not a variable here"
    assert caught.value.hint == "did you mean rate?"
    assert isinstance(function("rate", ["learning", "rate"]), Function)


@given(TREES, POINTS)
def test_any_formula_against_several_hundred_digits(text, point):
    f = function(text, ["x", "y"])
    found, slopes, curvatures = (checked(ask, point) for ask in (f, f.gradient, f.hessian))
    assume(curvatures is not None and not f.kinks(point))
    size = max(np.abs(found).max(), np.abs(slopes).max(), np.abs(curvatures).max())
    assume(size < 1e12)  # what large values cancel to is right to their digits, not to its own
    close = {"rel": 1e-9, "abs": 1e-9 * (1 + size)}
    assert found == pytest.approx(exact(text, point), **close)
    for i in range(2):
        assert slopes[i] == pytest.approx(exact(text, point, i), **close)
        for j in range(2):
            assert curvatures[i, j] == pytest.approx(exact(text, point, i, j), **close)


def exact(text, point, *by):
    """The oracle's derivative, where there is one on both sides."""
    try:
        return float(derivative(text, ["x", "y"], point, *by))
    except (TypeError, ZeroDivisionError):  # a complex number beside the edge of what is defined
        assume(False)


def test_without_a_gradient_there_is_no_hessian():
    f = function("cbrt(x-x)*y")
    for many, one in ((f.gradients, f.gradient), (f.hessians, f.hessian)):
        with pytest.raises(InputError, match="no finite derivative"):
            one([1, 2])
        assert np.isnan(many(np.array([[1.0, 2.0]]))).any()


def test_hessians_of_more_points_than_a_block():
    f = function("x^2*y + log(x)")
    points = np.abs(np.random.default_rng(0).normal(size=(70_000, 2)))
    points[[5, 69_999]] = -1.0
    found = f.hessians(points)
    assert np.isnan(found).any(axis=(1, 2)).sum() == 2
    for k in (0, 65_535, 65_536, 69_998):
        assert found[k] == near(np.array(f.hessian(points[k].tolist())), 1e-15)
