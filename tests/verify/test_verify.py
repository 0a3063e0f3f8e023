"""`verify`: stubs fail, right functions pass, slips get their names, and what a function may not do its sentence."""

from __future__ import annotations

import inspect
import math
import re
import textwrap
import time

import numpy as np
import pytest
from tests.waiting import PATIENCE

from aimath.cli.catalogue import COMMANDS
from aimath.verify import tasks as module
from aimath.verify.judge import are_close, judge
from aimath.verify.run import Answer, run_python
from aimath.verify.slips import find_slip
from aimath.verify.task import numerical_gradient, right_answer, slip_answer
from aimath.verify.tasks import tasks

TASKS = tasks()
SLIPS = [(name, k) for name, task in TASKS.items() for k in range(len(task.slips))]


def answers_of(cases, function):
    """Return what a function answers in this process, as the child would report it."""
    made = []
    for k, case in enumerate(cases):
        arguments = [part.copy() if isinstance(part, np.ndarray) else part for part in case.arguments]
        with np.errstate(all="ignore"):
            values = np.asarray(function(*arguments))
        made.append(Answer("answer", k, values.astype(np.float64), str(values.dtype)))
    return made


def solved(task):
    names = {"np": np}
    body = textwrap.indent(task.solution, "    ")
    exec(f"def f({', '.join(task.parameters)}):\n{body}", names)  # noqa: S102
    return names["f"]


@pytest.mark.parametrize("name", TASKS)
def test_right_function_passes_every_case(name):
    task, cases = TASKS[name], [*TASKS[name].all_cases(7)]
    verdicts = judge(task, cases, answers_of(cases, solved(task)))
    assert [verdict for verdict in verdicts if not verdict.is_right] == []
    assert find_slip(task, cases, answers_of(cases, solved(task))) is None


@pytest.mark.parametrize(("name", "k"), SLIPS)
def test_every_slip_is_named(name, k):
    """By its own words, or those of a slip that answers the same in every case."""
    task, cases = TASKS[name], [*TASKS[name].all_cases(7)]
    slip, made = task.slips[k], []
    for place, case in enumerate(cases):
        values = slip_answer(slip, case)
        made.append(
            Answer("answer", place, values, "float64", error="" if values is not None else "it raises")
        )
    verdicts = judge(task, cases, made)
    assert not all(verdict.is_right for verdict in verdicts)
    found = find_slip(task, cases, made)
    assert found is not None
    if found.text != slip.text:
        assert any(_answer_alike(slip, other, cases) for other in task.slips if other.text == found.text)


def _answer_alike(slip, other, cases):
    pairs = [(slip_answer(slip, case), slip_answer(other, case)) for case in cases]
    return all(one is None or two is None or are_close(one, two, 1e-6) for one, two in pairs)


def test_there_are_many_slips_of_many_commands():
    assert len({slip.text for task in TASKS.values() for slip in task.slips}) >= 100
    assert sum(bool(task.slips) for task in TASKS.values()) >= 30


def test_every_task_is_a_command():
    assert set(TASKS) <= set(COMMANDS)


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.has_gradient])
def test_gradients_are_those_of_a_complex_step_or_known(name):
    task = TASKS[name]
    case = [*task.all_cases(3)][-1]
    found = numerical_gradient(task, case)
    assert found.shape == (*right_answer(task, case).shape, *np.shape(case.arguments[0]))
    known = {
        "softmax": lambda z: np.diag(p := np.exp(z - z.max()) / np.exp(z - z.max()).sum()) - np.outer(p, p),
        "logsumexp": lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(),
        "perplexity": lambda x: np.full(len(x), -np.exp(-x.mean()) / len(x)),
        "dot": lambda _, b: b,
        "gaussian-kl": lambda mu, _: mu,
    }
    if name in known:
        assert np.allclose(found, known[name](*case.arguments), rtol=1e-7, atol=1e-9)


# as a user runs it

FIXED = """import numpy as np
def softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    w = np.exp(z)
    return w / w.sum(axis=-1, keepdims=True)
"""


def verify(aimath, tmp_path, body, *words, name="softmax", file="mine.py"):
    path = tmp_path / file
    path.write_text(body)
    return aimath("verify", name, path, "--seconds", "2", *words)


def test_stub_comes_out_as_a_file_and_fails(aimath, tmp_path):
    for name in ("softmax", "attention", "mutual-information"):
        stub = aimath("verify", name)
        assert (stub.code, stub.err) == (0, "")
        compile(stub.out, "mine.py", "exec")
        ran = verify(aimath, tmp_path, stub.out, name=name)
        assert ran.code == 4
        assert "it is not written yet" in ran.out


def test_right_file_passes_and_a_slip_is_named(aimath, tmp_path):
    ran = verify(aimath, tmp_path, FIXED)
    assert (ran.code, ran.err) == (0, "")
    slipped = FIXED.replace("z = z - z.max(axis=-1, keepdims=True)", "pass")
    ran = verify(aimath, tmp_path, slipped, "--format", "table")
    assert ran.code == 4
    assert "no shift: exp overflows above 709" in ran.err
    assert "The slip: no shift" in ran.out


def test_function_of_another_name(aimath, tmp_path):
    (tmp_path / "mine.py").write_text(FIXED.replace("def softmax", "def mine"))
    assert aimath("verify", "softmax", f"{tmp_path / 'mine.py'}:mine").code == 0
    ran = aimath("verify", "softmax", tmp_path / "mine.py")
    assert (ran.code, ran.out) == (1, "")
    assert "no function softmax; it has mine" in ran.err


def test_gradient_is_checked_where_there_is_one(aimath, tmp_path):
    right = FIXED + "def softmax_grad(z):\n    p = softmax(z)\n    return np.diag(p) - np.outer(p, p)\n"
    ran = verify(aimath, tmp_path, right)
    assert "ordinary: gradient" in ran.out
    assert re.search(r"ordinary: gradient\tright", ran.out)
    wrong = right.replace("np.diag(p) -", "np.diag(p) +")
    assert re.search(r"ordinary: gradient\twrong", verify(aimath, tmp_path, wrong).out)


FORBIDDEN = [
    ("while True: pass", "takes longer than 2 s: does it loop?"),
    ("import os; os.fork(); return z", "starts another process"),
    ("import subprocess; subprocess.run(['true']); return z", "starts another program"),
    ("import os; os.system('true'); return z", "runs a shell"),
    ("open('x', 'w').write('x'); return z", "writes a file"),
    ("import os; os.remove(__file__); return z", "changes files"),
    ("import torch; return z", "imports torch"),
    ("import scipy.special; return z", "imports scipy"),
    ("from aimath.core.probability import softmax as s; return s(z).probs", "imports aimath"),
    ("import socket; socket.create_connection(('127.0.0.1', 9)); return z", "goes to the network"),
    ("print('x' * 3_000_000); return z", "prints more than a megabyte"),
    ("import os; os.closerange(3, 100); return z", "takes away what Python needs"),
    ("import sys; sys.setrecursionlimit(10**9); return sorted([1, 2], key=softmax)", "crashes Python"),
    ("input(); return z", "reads standard input"),
    ("import os; os.open('x', os.O_CREAT); return z", "writes a file"),
    ("import sqlite3; sqlite3.connect('x.db'); return z", "changes files"),
    ("import os; os.killpg(0, 9)", "sends a signal"),
    ("return [None, 1.0, 2.0]", "a list with a NoneType in it, not numbers"),
    ("yield 1", "returns a generator, not numbers"),
    ("raise ValueError('too hot')", "raises ValueError in line 3: too hot"),
    ("return 1 / 0", "raises ZeroDivisionError in line 3"),
    ("return softmax(z)", "calls itself without end"),
    ("import sys; sys.exit()", "ends the program"),
    ("import os; os._exit(3)", "ends the program"),
    ("return np.zeros(10**12)", "takes too much memory"),
    ("np.exp(z)", "returns None: is a return missing?"),
    ("return 'x'", "not numbers"),
    ("return [[1], [1, 2]]", "rows of different lengths"),
    ("return np.exp(1j * z)", "complex numbers"),
    ("return np.ones((3, 1))", "the shape is 3 x 1, it must be 3"),
    ("return np.ones(()) ", "the shape is a single number, it must be 3"),
    (
        "z -= z.max(axis=-1, keepdims=True); w = np.exp(z); return w / w.sum(axis=-1, keepdims=True)",
        "changes its argument z",
    ),
    (
        "w = np.exp(z - z.max(-1, keepdims=True)); return (w / w.sum(-1, keepdims=True)).astype('float32')",
        "answers in float32",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("body", "said"), FORBIDDEN)
def test_what_a_function_may_not_do_gets_its_sentence(aimath, tmp_path, body, said):
    before = FIXED.partition("def")[0] + f"def softmax(z):\n    {body}\n"
    ran = verify(aimath, tmp_path, before.replace("\n", "\n", 1))
    assert ran.code == 4
    assert said.replace("line 3", "line") in re.sub(r"line \d+", "line", ran.out)
    assert "Traceback" not in ran.out + ran.err
    assert {path.name for path in tmp_path.iterdir()} == {"mine.py", ".stdin"}


HEAD = "import math\nimport sys\nimport numpy as np\n"
BODY = "    z = z - z.max(axis=-1, keepdims=True)\n    w = np.exp(z)\n    return w / w.sum(axis=-1, keepdims=True)\n"
STYLES = {
    "loops, lists, a call of itself": """
def softmax(z):
    if z.ndim == 2:
        return [softmax(row) for row in z]
    powers = [math.exp(x - max(z)) for x in z]
    return [x / sum(powers) for x in powers]
""",
    "a dataclass of text hints": """from __future__ import annotations
from dataclasses import dataclass
import numpy as np
@dataclass
class Axis:
    k: int = -1
def softmax(z, axis=Axis()):
    w = np.exp(z - z.max(axis.k, keepdims=True))
    return w / w.sum(axis.k, keepdims=True)
""",
    "fractions": "from fractions import Fraction\ndef softmax(z):\n    w = np.exp(z - z.max(-1, keepdims=True))\n    p = w / w.sum(-1, keepdims=True)\n    return np.vectorize(Fraction, otypes=[object])(p)\n",
    "a thread that sleeps": "import threading, time\ndef softmax(z):\n    threading.Thread(target=time.sleep, args=(999,)).start()\n" + BODY,
    "an exit handler that sleeps": "import atexit, time\natexit.register(time.sleep, 999)\ndef softmax(z):\n" + BODY,
    "no standard output": "sys.stdout.close()\nsys.stdout = sys.stderr = None\ndef softmax(z):\n" + BODY,
    "replaced functions": "import json, os\nnp.array = np.asarray = np.array_equal = json.dumps = os.write = None\ndef softmax(z):\n" + BODY,
    "words into every descriptor": "import os\nfor k in range(3, 30):\n    try: os.write(k, b'12\\nhello\\n')\n    except OSError: pass\ndef softmax(z):\n" + BODY,
    "Windows' line ends": ("def softmax(z):\n" + BODY).replace("\n", "\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_right_function_of_any_style_passes(style, tmp_path):
    path = tmp_path / "a file: mine.py"
    for name in ("numpy", "json", "errno", "types"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit")
    source = STYLES[style]
    path.write_bytes(b"\xef\xbb\xbf" + ("" if "__future__" in source else HEAD).encode() + source.encode())
    cases = [*TASKS["softmax"].all_cases(0)]
    begun = time.monotonic()
    outcome = run_python(TASKS["softmax"], cases, str(path), "softmax", PATIENCE)
    assert (outcome.error, outcome.printed) == ("", "")
    verdicts = judge(TASKS["softmax"], cases, outcome.answers)
    assert len(verdicts) == len(cases)
    assert [verdict for verdict in verdicts if not verdict.is_right] == []
    assert time.monotonic() - begun < PATIENCE  # what sleeps isn't waited for


def found_for(name, function):
    """Return what is found for a function that may raise."""
    cases, made = [*TASKS[name].all_cases(7)], []
    for k, case in enumerate(cases):
        try:
            made.append(answers_of([case], function)[0]._replace(case=k))
        except (ArithmeticError, TypeError, ValueError) as error:
            made.append(Answer("answer", k, error=str(error)))
    return find_slip(TASKS[name], cases, made)


def _loop(z):
    powers = [math.exp(x) for x in z]
    return [x / sum(powers) for x in powers]


BESIDES = [
    ("softmax", lambda z: _loop(z - max(z)), "made for one vector"),
    ("softmax", lambda z: np.exp(z - z.mean(-1, keepdims=True)) / np.exp(z - z.mean(-1, keepdims=True)).sum(-1, keepdims=True), "made for ordinary rows, not for -inf"),
    ("softmax", _loop, "no shift"),
    ("softmax", lambda z: np.sort(np.exp(z - z.max(-1, keepdims=True)) / np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True)), "another order"),
    ("kl", lambda p, q: (p * np.log2(p / q)).sum(-1), "bits for nats"),
    ("kl", lambda p, q: 3.0 * (p * np.log(p / q)).sum(), "every answer is 3 times the right one"),
    ("entropy", lambda p: -sum(x * math.log2(x) for x in p), "0 · log 0"),
    ("cross-entropy", lambda p, q: -np.sum(p * np.log(q)), "0 · log 0"),
    ("det", lambda a: np.prod(np.diag(np.linalg.qr(a)[1])), "right but for the sign"),
    ("inverse", lambda a: np.linalg.inv(a).round(3), "rounded to 3 decimals"),
    ("perplexity", lambda x: math.prod(math.exp(v) for v in x) ** (-1 / len(x)), "a product of probabilities underflows"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "function", "said"), BESIDES)
def test_slip_is_named_though_something_else_is_wrong(name, function, said):
    found = found_for(name, function)
    assert found is not None
    assert said in found.text
    assert found.explained <= found.wrong


def test_too_few_digits_are_no_slip():
    """An answer in float32 is nearly right: it must not be taken for eps in the denominator."""
    right = solved(TASKS["softmax"])
    assert found_for("softmax", lambda z: np.asarray(right(z), np.float32)) is None


@pytest.mark.slow
def test_time_is_that_of_all_cases(aimath, tmp_path):
    for words in (
        [tmp_path / "mine.py"],
        ["--command", "sleep 999"],
        ["--command", "sh -c 'sleep 999 & cat'"],
    ):
        (tmp_path / "mine.py").write_text("import time\ndef softmax(z):\n    time.sleep(999)\n")
        begun = time.monotonic()
        ran = aimath("verify", "softmax", *words, "--seconds", "2")
        assert (ran.code, "takes longer than 2 s" in ran.out) == (4, True)
        assert time.monotonic() - begun < PATIENCE


def test_flood_of_a_program_is_cut(aimath):
    assert (
        "prints more than a megabyte" in aimath("verify", "dot", "--command", "yes 1", "--seconds", "60").out
    )


def test_table_has_room_for_numbers_and_long_sentences_stand_below(aimath, tmp_path):
    body = (
        "import math\ndef softmax(z):\n    e = [math.exp(x) for x in z]\n    return [x / sum(e) for x in e]\n"
    )
    ran = verify(aimath, tmp_path, body, "--format", "table")
    said = " ".join(ran.out.split())
    assert "large: 1000 no answer" in said
    assert "ordinary right 0.659001" in said
    assert "large: 1000: it raises OverflowError in line 3: math range error." in said
    assert "The slip in 2 of the 3 wrong cases: no shift" in said
    plain = verify(aimath, tmp_path, body).out
    assert "large: 1000\tit raises OverflowError in line 3: math range error\t" in plain


def test_what_it_prints_is_told(aimath, tmp_path):
    ran = verify(aimath, tmp_path, FIXED.replace("    w = np", "    print('here')\n    w = np"))
    assert ran.code == 0
    assert "it prints 'here" in ran.err


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def softmax(z:\n", "SyntaxError in line 1"),
        ("import torch\n", "imports torch"),
        ("raise SystemExit\n", "ends the program"),
        ("x = 1\n", "no function softmax; it has none"),
        ("\x00", "raises"),
        ("open('x','w')\n", "writes a file"),
    ],
)
def test_file_that_cannot_be_loaded_is_one_line(aimath, tmp_path, body, said):
    ran = verify(aimath, tmp_path, body)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


def test_words_that_are_wrong(aimath, tmp_path):
    assert (
        "no such function to verify" in aimath("verify", "sofmax").err or aimath("verify", "sofmax").code == 2
    )
    ran = aimath("verify", "softmax", tmp_path / "none.py")
    assert (ran.code, ran.out) == (1, "")
    assert "is not a file" in ran.err
    assert aimath("verify", "softmax", "a.py", "--command", "cat").code == 2
    for words in (["softmax", "a.py", "b.py"], ["softmax", " "], ["--show"], ["softmax", "--seed", "1"],
                  ["--command", "cat"], ["softmax", "a.py", "--show"], ["softmax", "--seconds", "3"]):  # fmt: skip
        assert aimath("verify", *words).code == 2, words


def test_program_in_any_language(aimath):
    right = 'awk \'NF{m=$1;for(i=2;i<=NF;i++)if($i>m)m=$i;s=0;for(i=1;i<=NF;i++)s+=exp($i-m);for(i=1;i<=NF;i++)printf "%.17g ",exp($i-m)/s;print ""}\''
    ran = aimath("verify", "softmax", "--command", right)
    assert "inf" in ran.out or ran.code in (0, 4)  # awk's -inf
    assert ran.out.count("\tright\t") >= 8
    ran = aimath("verify", "dot", "--command", "echo 32")
    assert ran.code == 4
    assert "ordinary\tright" in ran.out
    ran = aimath("verify", "dot", "--command", "echo hello")
    assert "prints 'hello', which is no number" in ran.out
    assert "exit code 1" in aimath("verify", "dot", "--command", "false").out
    assert aimath("verify", "dot", "--command", "/no/such").code == 2


def test_solution_is_shown_only_when_asked_for(aimath):
    for name, task in TASKS.items():
        assert task.solution.split("\n")[-1].strip() not in aimath("verify", name).out, name
    assert "keepdims" in aimath("verify", "softmax", "--show").out


def test_module_has_nothing_of_ours_within_the_child():
    """The child imports numpy and the standard library alone."""
    source = inspect.getsource(__import__("aimath.verify.child", fromlist=["child"]))
    assert not re.search(r"^\s*(from|import) aimath", source, re.MULTILINE)
    assert module
