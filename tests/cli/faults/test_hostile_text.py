"""Text that would steer a terminal, be markup, a template or a formula, wherever a command takes text."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import struct
import unicodedata
import xml.dom.minidom
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests import pseudo

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.text import escape_control

pytestmark = pytest.mark.slow

ALL = sorted(name for name, entry in COMMANDS.items() if not entry.is_text)
STEERS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
HOSTILE = [
    "\x1b[31m[/x]\u202e{a}%s", "[red]b[/red]", "\x9b2J:smile:", "a\u2066\u200b\U000e0041", "z\r\n\x7f\t", "{probs}{0}",
    "[link=http://a]", "=1+\x011", "\x1b]0;t\x07", "\udcff\udc80", "$(id)`id`", "<svg onload=a>&amp;", "-\u2028x",
]  # fmt: skip
SPACE = 512 << 20
"""Bytes of address space that are enough to say no."""


def line_of(name):
    return shlex.split(lookup(name).example)[1:]


def steering(text, ours=""):
    return [sign for sign in text if sign not in f"\n{ours}" and unicodedata.category(sign) in STEERS]


def refused_or_answered(ran):
    """No traceback, no warning, nothing that steers; a mistake is one short line with a way out."""
    text = ran.out.decode("utf-8", "surrogateescape") + ran.err.decode("utf-8")
    assert ran.code in {0, 1, 2}, text
    assert steering(ran.err.decode()) == []
    for word in ("Traceback", "mistake of aimath's", "Warning:", "pickle"):
        assert word not in ran.text
    if ran.code:
        assert ran.text.startswith("aimath"), text
        assert len(ran.err) <= 1000
        assert len(ran.text.splitlines()) <= 4
    return ran


@pytest.mark.parametrize("name", ALL)
def test_every_option_takes_any_text(warm, name):
    line = line_of(name)
    for k, part in enumerate(part for part in lookup(name).params if part.kind is not bool):
        hostile = HOSTILE[(k + len(name)) % len(HOSTILE)]
        values = [hostile, hostile] if part.kind == tuple[str, str] else [hostile]
        place = [name] if not part.flags else [*line, part.flags[0]]
        where = [f"/nowhere/{values[0]}"] if part.name == "out" else values
        ran = refused_or_answered(warm(*place, *where, "--format", "table", memory=SPACE))
        assert steering(ran.out.decode("utf-8", "surrogateescape")) == [], part.name


@pytest.mark.parametrize("name", ALL)
def test_unknown_names_are_echoed_harmlessly(warm, name):
    line = line_of(name)
    for hostile in HOSTILE if name == "softmax" else HOSTILE[ALL.index(name) % 4 :: 4]:
        shown = escape_control(hostile.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"))
        for words in (["--fields", hostile], [f"--{hostile.replace('=', '')}"]):
            ran = refused_or_answered(warm(*line, *words))
            assert (ran.code, ran.out) == (2, b"")
            assert shown.strip("-=")[:5] in ran.text, words


def with_labels(warm, line):
    """Give as many hostile labels as the command's numbers take, or none."""
    for count in range(2, 12):
        labels = [HOSTILE[k % len(HOSTILE)].replace(",", "") for k in range(count)]
        if warm(*line, "--labels", ",".join(labels)).code == 0:
            return labels
    return []


@pytest.mark.parametrize(
    "name", [name for name in ALL if any(p.name == "labels" for p in lookup(name).params)]
)
def test_labels_are_shown_and_read_back(warm, name, tmp_path):
    line = line_of(name)
    labels = with_labels(warm, line)
    if not labels:  # of one number
        return
    call = [*line, "--labels", ",".join(labels)]
    stripped = [label.strip() for label in labels]
    for more in ((), ("--explain",), ("--plot",)):
        for env in ({"COLUMNS": "30"}, {"COLUMNS": "200"}):
            text = pseudo.seen(warm, *call, *more, env={"TERM": "xterm", **env})
            bare = re.sub(r"\x1b\[(?:0|1|2|32|(?:1;)?3[56]|1;31)m", "", text)
            assert steering(bare) == []
            if env["COLUMNS"] == "200" and not more and "\\x1b[31m" in bare:
                assert escape_control(stripped[0])[:12] in bare
    svg = tmp_path / "x.svg"
    assert warm(*call, "--explain", "--plot", "--out", svg).code == 0
    assert "onload" not in str(xml.dom.minidom.parse(str(svg)).documentElement.attributes.items())
    row = json.loads(warm(*call, "--json").out.splitlines()[0])
    escaped = [label.encode("utf-8", "backslashreplace").decode() for label in stripped]
    assert row["labels"] == escaped
    heads = warm(*call, "--csv").out.decode("utf-8", "surrogateescape")
    table = list(csv.reader(io.StringIO(heads, newline=""), strict=True))
    assert len({len(cells) for cells in table}) == 1
    assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for cells in table for cell in cells)


def npz(name):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in (name, "other"):
            array = io.BytesIO()
            np.lib.format.write_array(array, np.eye(2))
            archive.writestr(f"{member}.npy", array.getvalue())
    return out.getvalue()


def safetensors(name):
    header = json.dumps(
        {n: {"dtype": "F64", "shape": [1], "data_offsets": [k, k + 8]} for n, k in ((name, 0), ("o", 8))}
    )
    return struct.pack("<Q", len(header)) + header.encode() + bytes(16)


@pytest.mark.parametrize("name", [name for name in ALL if len(lookup(name).usages[0].operands) == 1])
def test_names_within_files(warm, name, tmp_path):
    """Headers, keys, members and the files' own names: those that exist, and those that don't."""
    for hostile in HOSTILE if name == "softmax" else HOSTILE[ALL.index(name) % 4 :: 4]:
        names_within_files(warm, name, hostile, tmp_path)


def names_within_files(warm, name, hostile, tmp_path):
    # Without them that is told, whatever the file holds.
    needed = {"diffuse": ("--t", "1"), "focal": ("--target", "0")}.get(name, ())
    word = hostile.encode("utf-8", "backslashreplace").decode()
    one_line = re.sub(r"[\r\n]", "", word)
    files = {
        "header.csv": f'"{one_line.replace(chr(34), "")}",b\n1,x\n'.encode(),
        "wide.csv": f'"{one_line}",b\n.5,.25,.25\n'.encode(),
        "keys.json": json.dumps({word: [1, 2], f"{word}2": 3}).encode(),
        "cell.json": json.dumps([[1, word]]).encode(),
        "cell.csv": f"1,2\n3,{one_line}\n".encode(),
        "member.npz": npz(word.replace("\x00", "")),
        "tensor.safetensors": safetensors(word),
    }
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
        ran = refused_or_answered(
            warm(name, f"@{tmp_path / file}", *needed, "--format", "table", memory=SPACE)
        )
        assert ran.code, file
    for token in (
        f"@{hostile}",
        f"@{hostile}.npy",
        f"@{tmp_path}/member.npz:{hostile}x",
        f"@{tmp_path}/tensor.safetensors:{hostile}x",
    ):
        ran = refused_or_answered(warm(name, token, *needed, memory=SPACE))
        assert ran.code in {1, 2}
        assert escape_control(hostile.partition("\r")[0])[:4] in ran.text


# Anything at all

TOKENS = st.text(
    st.one_of(
        st.sampled_from("0123456789.,;[]=-+−eE/%: \tinfnaxyw()*^@{}\"'#_"),
        st.characters(exclude_characters="\0"),
    ),
    max_size=30,
)
ARGUMENTS = TOKENS.map(lambda text: text.encode("utf-8", "replace").decode())
SLOW = settings(max_examples=settings.default.max_examples * 2)


@SLOW
@given(name=st.sampled_from(sorted(COMMANDS)), words=st.lists(ARGUMENTS, max_size=4))
def test_any_arguments(warm, name, words):
    ran = warm(name, *words, memory=SPACE)
    # Without input a quiz ends with its questions unanswered.
    refused_or_answered(ran._replace(code=0) if name == "quiz" and ran.code == 4 else ran)


@SLOW
@given(
    name=st.sampled_from([name for name in ALL if lookup(name).usages[0].operands]),
    data=st.one_of(
        st.binary(max_size=60),
        TOKENS.map(lambda text: text.encode("utf-8", "replace")),
        st.lists(TOKENS, max_size=4).map(lambda lines: "\n".join(lines).encode("utf-8", "replace")),
    ),
    how=st.sampled_from(
        [
            (),
            ("--rows",),
            ("--header",),
            ("--missing", "nan"),
            ("--invalid", "nan"),
            ("--input-format", "json"),
            ("--column", "1"),
        ]
    ),
)
def test_anything_on_standard_input(warm, name, data, how):
    ran = warm(name, *how, stdin=data, memory=SPACE)
    if ran.code == 3:
        assert "without an answer" in ran.text
    else:
        refused_or_answered(ran)
