"""The formula language: what it means, what it refuses and how it says so, and that no text breaks it."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, strategies as st
from tests.digits import near

from aimath.core.calculus import parse_function
from aimath.core.calculus._grammar import parse
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
    assert parse_function(text, ["x"])([x]) == value
    assert parse_function(text, ["x"]).values(np.array([[x]], float)).tolist() == [value]


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
    ("x – 1", 2, "'–' (U+2013) has no place", "write -"),
    ("x ∙ 2", 2, "U+2219", ""),
    ("2π", 1, "an operator is missing before 'π'", "2π: write 2*π"),
    ("x²y", 2, "an operator is missing before 'y'", "write ²*y"),
    ("√x²", 0, "what √ is taken of isn't clear", "write √(...)"),
    ("1 + √√x", 4, "what √ is taken of isn't clear", "write √(...)"),
    ("√f(x)", 0, "what √ is taken of isn't clear", "write √(...)"),
    ("√", 0, "what √ is taken of isn't clear", "write √(...)"),
    ("√sin", 1, "sin is a function", "sin(...)"),
    ("x^²", 2, "'^' stands where", ""),
    ("x⁻", 1, "U+207B", ""),
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
    ("foo(3)", 0, "foo is not a known function", "the functions are abs, "),
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
        parse_function(text)
    assert (caught.value.snippet, caught.value.usage) == ("", True)


@pytest.mark.parametrize(("text", "place", "why", "hint"), WRONG, ids=[repr(w[0][:20]) for w in WRONG])
def test_a_mistake_is_pointed_at(text, place, why, hint):
    with pytest.raises(InputError) as caught:
        parse_function(text)
    error = caught.value
    assert why in error.message
    assert hint in error.hint
    assert error.usage
    line, caret = error.snippet.split("\n")
    assert caret.strip() == "^"
    if len(text) <= 60:
        assert caret.index("^") == place
        assert line[:place] == text[:place]
    else:
        assert len(line) <= 66


def test_the_caret_stays_under_its_place_in_a_long_text():
    text = "+".join(["x"] * 100) + " y" + "+x" * 100
    with pytest.raises(InputError) as caught:
        parse_function(text)
    line, caret = caret_of(caught.value)
    assert line[caret] == "y"
    assert line.startswith("...")
    assert line.endswith("...")
    assert len(line) <= 66


def caret_of(error):
    line, caret = error.snippet.split("\n")
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
        parse_function(text)


@pytest.mark.slow
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
    f = parse_function(text)
    point = [1.0] * len(f.variables)
    slopes = f.gradient(point)
    assert list(f.compiled_gradient()(point)) == near(slopes, 1e-12)
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


@pytest.mark.slow
@given(st.text(max_size=60))
@example("\ud800")
@example("1if x else 2")
@example("lambda: 0")
def test_no_text_breaks_it(text):
    answer(text)


def answer(text):
    """Everything that can be asked of a formula either has a finite answer or is refused by name."""
    f, refused = asked(parse_function, text)
    if refused:
        assert refused.usage
        return
    point = [0.0, 2.0, -1.5][: len(f.variables)]
    assume(len(point) == len(f.variables))
    for ask in (f, f.gradient, f.hessian):
        found, refused = asked(ask, point)
        assert refused or np.isfinite(found).all()
        assert not refused or (not refused.usage and len(str(refused)) < 300)
    f.non_differentiable(point)
    f.gradient_formulas()


def asked(ask, *args):
    """The answer and the refusal, of which there is one."""
    try:
        return ask(*args), None
    except InputError as error:
        return None, error


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
        found = parse_function(text, ["x"])([1.25])
    except InputError:
        found = None
    if expected is None or isinstance(expected, complex) or not math.isfinite(expected):
        assert found is None
    else:
        # 2.0 ** 2 is a product here and a power there.
        assert found == near(expected, 1e-13)


def _twice(inner):
    """Return pairs of formulas made of such pairs: as ASCII writes them, and with the signs of print."""
    two = st.tuples(inner, inner)
    power = st.integers(-12, 12).map(lambda n: (f"^({n})", str(n).translate(RAISED)))
    signs = st.sampled_from(
        [("+", "+"), ("-", "−"), ("*", "·"), ("*", "×"), ("*", "⋅"), ("/", "÷"), ("/", "∕")]
    )
    return st.one_of(
        st.tuples(two, signs).map(
            lambda t: tuple(f"({a}){s}({b})" for a, s, b in zip(t[0][0], t[1], t[0][1], strict=True))
        ),
        st.tuples(inner, power).map(lambda t: tuple(f"({a}){raised}" for a, raised in zip(*t, strict=True))),
        inner.map(lambda pair: (f"sqrt({pair[0]})", f"√({pair[1]})")),
        inner.map(lambda pair: (f"-({pair[0]})", f"−({pair[1]})")),
    )


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LEAVES = [
    ("x", "x"),
    ("2", "2"),
    ("pi", "π"),
    ("tau", "τ"),
    ("sqrt(x)", "√x"),
    ("sqrt(2)", "√ 2"),
    ("x^2", "x²"),
]


@given(st.recursive(st.sampled_from(LEAVES), _twice, max_leaves=12))
def test_signs_of_print_mean_what_ascii_writes(pair):
    plain, printed = (parse_function(text) for text in pair)
    assert printed.variables == plain.variables
    shape = [(part.op, part.args, part.value) for part in parse(pair[0])]
    assert [(part.op, part.args, part.value) for part in parse(pair[1])] == shape
