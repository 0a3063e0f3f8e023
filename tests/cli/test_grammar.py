"""One grammar everywhere: each operand of each command in every way to give it, and every number shown is JSON's."""

from __future__ import annotations

import io
import json
import re
import shlex
import struct
import zipfile
from decimal import Decimal

import numpy as np
import pytest

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.fast_parser import escape_negatives, parse_args
from aimath.cli.runner.job import select_usage

pytestmark = pytest.mark.slow

ALL = sorted(name for name, entry in COMMANDS.items() if not entry.is_text)


class Call:
    """An example taken apart: operands as numbers, and the words that are none."""

    def __init__(self, name):
        self.name, self.command = name, lookup(name)
        words = escape_negatives(shlex.split(self.command.example)[2:])
        given = parse_args(self.command, words)
        form = select_usage(self.command, given)
        self.operands = {}
        tokens = list(given.get("operands") or ()) if form.operands else []
        named = [key for key in self.command.operands if given.get(key)]
        left = [key for key in form.operands if key not in named]
        texts = [" ".join(tokens)] if len(left) == 1 else tokens
        self.operands = {key: matrix(text) for key, text in zip(left, texts, strict=True)} if left else {}
        for key in named:
            text = given[key][0] if self.command.operands[key].repeatable else given[key]
            self.operands[key] = matrix(text)
        self.by_flag = [key for key in self.operands if key in named]
        self.others = [*words]
        for word in (
            w for key in named for w in (self.command.operands[key].flag, *np.atleast_1d(given[key]))
        ):
            self.others.remove(word)
        for token in tokens:  # they come first
            self.others.remove(token)

    def line(self, key=None, token=None, *, flag=False):
        """Write the call with one operand given as `token`, in its place or by its flag."""
        words = [self.name]
        for one, rows in self.operands.items():
            text = token if one == key else literal(rows)
            if text is None:
                continue
            option = self.command.operands[one].flag
            words += [option, text] if one in self.by_flag or (flag and option) else [text]
        return [*words, *self.others]


def matrix(text):
    return [[float(x) for x in re.split(r"[\s,]+", row.strip())] for row in text.strip(" []").split(";")]


def literal(rows):
    return "; ".join(",".join(map(short, row)) for row in rows)


def short(x):
    return repr(x).removesuffix(".0")


def npy(rows):
    out = io.BytesIO()
    np.lib.format.write_array(out, np.array(rows))
    return out.getvalue()


def npz(rows):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("other.npy", npy([[9.0]]))
        archive.writestr("w.npy", npy(rows))
    return out.getvalue()


def safetensors(rows):
    data = np.array(rows).tobytes()
    header = json.dumps(
        {"w": {"dtype": "F64", "shape": np.shape(rows), "data_offsets": [0, len(data)]}}
    ).encode()
    return struct.pack("<Q", len(header)) + header + data


def separated(sign):
    return lambda rows: "".join(sign.join(map(short, row)) + "\n" for row in rows).encode()


FILES = {
    "x.csv": separated(","),
    "x.tsv": separated("\t"),
    "x.txt": separated(" "),
    "x.json": lambda rows: json.dumps(rows).encode(),
    "x.ndjson": lambda rows: b"".join(json.dumps(row).encode() + b"\n" for row in rows),
    "x.jsonl": lambda rows: b"".join(json.dumps(row).encode() + b"\r\n" for row in rows),
    "x.npy": npy,
    "x.npz:w": npz,
    "x.safetensors:w": safetensors,
}


def spellings(rows, *, is_matrix):
    """Write one operand in every way that fits in a word."""
    yield literal(rows)
    yield literal(rows).replace("-", "−")
    yield ";".join(" ".join(map(short, row)) for row in rows)
    yield "; ".join(", ".join(f"{x:+}" for x in row) for row in rows)
    yield "; ".join(",".join(f"{200 * x!r}e-2/2" for x in row) for row in rows)
    yield json.dumps(rows) if is_matrix else json.dumps(rows[0])


@pytest.fixture(params=ALL)
def call(request):
    return Call(request.param)


def same(found, answer):
    """Equal to the last digit, a column in place of a row allowed."""
    return found.split() == answer.split()


def test_operands_in_every_way_to_write_them(warm, call, tmp_path):
    answer = warm(*call.line()).out
    assert answer == warm(*shlex.split(call.command.example)[1:]).out
    for key, rows in call.operands.items():
        operand = call.command.operands[key]
        for text in spellings(rows, is_matrix=operand.matrix):
            for flag in (False, True):
                ran = warm(*call.line(key, text, flag=flag))
                assert (ran.code, ran.out, ran.err) == (0, answer, b""), call.line(key, text, flag=flag)
        for name, written in FILES.items():
            path = tmp_path / name.partition(":")[0]
            path.write_bytes(written(rows))
            for sign in ("@", "") if operand.matrix and name in {"x.csv", "x.npz:w"} else ("@",):
                ran = warm(*call.line(key, f"{sign}{tmp_path}/{name}"))
                assert (ran.code, ran.err) == (0, b""), (name, ran)
                assert same(ran.out, answer), name


def test_operands_on_standard_input(warm, call):
    answer = warm(*call.line()).out
    required = select_usage(call.command, {}).operands
    keys = [key for key in call.operands if key in required]
    if not keys:
        assert not required or set(call.operands).isdisjoint(required)
        return
    objects = {
        key: rows if call.command.operands[key].matrix else rows[0] for key, rows in call.operands.items()
    }
    ran = warm(call.name, *call.others, stdin=json.dumps(objects).encode())
    assert (ran.code, ran.err) == (0, b""), ran
    assert same(ran.out, answer)
    for key in keys:
        rows = call.operands[key]
        if call.command.operands[key].repeatable or (len(keys) > 1 and not call.command.operands[key].flag):
            continue
        line = call.line(key, None, flag=True)
        if len(rows) == 1 or call.command.operands[key].matrix:
            inputs = [separated(sign)(rows) for sign in (" ", ", ", "\t")]
            inputs += [b"\xef\xbb\xbf" + inputs[0].replace(b"\n", b"\r\n") + b"# the end"]
            inputs += [json.dumps(rows if call.command.operands[key].matrix else rows[0]).encode()]
            if len(keys) == 1 and len(rows) == 1:
                inputs += [separated("")([[x] for x in rows[0]])]
            for data in inputs:
                ran = warm(*line, stdin=data)
                assert (ran.code, ran.err) == (0, b""), (line, data, ran)
                assert same(ran.out, answer), (line, data)
            ran = warm(*call.line(key, "-", flag=True), stdin=inputs[0])
            assert (ran.code, same(ran.out, answer)) == (0, True), line


def known(value):
    """Give every number of a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [x for part in value for x in known(part)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


DERIVED = {
    "gd": {"3.06456"},  # where the step after the last would lead
    "svd-approx": {"1.2"},  # m·n/(m + n), with both numbers beside it
}


NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*(?:e[-+]?\d+)?(?![\w.])")


def shown_numbers(text):
    """Give the numbers of a text with the half of their last digit; a check shows another route's."""
    text = re.sub(r"(?m)^ [✓✗] .*(?:\n {3,}.*)*", "", text)
    for token in NUMBER.findall(text):
        number = Decimal(token)
        yield token, abs(number), Decimal((0, (5,), number.as_tuple().exponent - 1)) * Decimal("1.001")


def test_derivation_shows_the_numbers_of_json(warm, call):
    line = call.line()
    fields = warm(*line, "--fields", "?").text.partition("choose from ")[2].strip().replace(" ", "")
    rows = [json.loads(row) for row in warm(*line, "--json", "--fields", fields).out.splitlines()]
    held = [abs(Decimal(repr(x))) for x in known(rows)]
    assert held or call.name == "combine"  # alone, it tells in words what can be divided
    if call.name == "combine":
        return
    held += [100 * x for x in held]  # as percentages
    held += [abs(Decimal(token)) for token in re.findall(r"\d+\.?\d*|\.\d+", call.command.example)]
    shown = list(shown_numbers(warm(*line, "--explain", "--all").out.decode()))
    assert shown
    strange = {
        text for text, number, half in shown if "." in text and not any(abs(number - x) <= half for x in held)
    }
    assert strange == DERIVED.get(call.name, set())


def test_derivation_shows_the_answer(warm, call):
    line = call.line()
    shown = list(shown_numbers(warm(*line, "--explain", "--all").out.decode()))
    rows = warm(*line, "--no-header").out.decode().splitlines()
    last = json.loads(warm(*line, "--json").out.splitlines()[-1])
    if "step" in last and "point" in last:  # of a trace the derivation shows some steps, and where it ends
        rows = [str(last["point"])]
    for row in rows:
        for token in set(NUMBER.findall(row)) - {"0"}:
            answer = abs(Decimal(token))
            near = (abs(number - x) <= half for _, number, half in shown for x in (answer, 100 * answer))
            assert any(near), token
