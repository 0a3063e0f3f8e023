"""The command of analogies: against cosines written out, files of vectors, mistakes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tests.digits import near

from aimath.cli.catalogue import lookup

WORDS = {
    "paris": (1, 5, 0.5),
    "france": (1, 0, 0.5),
    "rome": (-2, 5, 1),
    "italy": (-2, 0.25, 1),
    "cheese": (3, 3, -9),
    "zero": (0, 0, 0),
}


@pytest.fixture
def text(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("".join(f"{word} {' '.join(map(str, row))}\n" for word, row in WORDS.items()))
    return file


def cosines(vectors, a, b, c):
    """Rank the other words by cosines written out."""
    target = [x - y + z for x, y, z in zip(vectors[a], vectors[b], vectors[c], strict=True)]
    ranking = {
        word: math.fsum(x * y for x, y in zip(row, target, strict=True))
        / (math.hypot(*row) * math.hypot(*target))
        for word, row in vectors.items()
        if word not in {a, b, c} and any(row)
    }
    return dict(sorted(ranking.items(), key=lambda pair: -pair[1]))


def test_king_is_to_man_as_queen_is_to_woman(aimath):
    assert aimath("analogy", "king", "man", "woman") == (0, "queen\n", "")
    assert aimath("analogy", "woman", "queen", "king") == (0, "man\n", "")


def test_ranking_is_that_of_cosines_written_out(aimath, text):
    wanted = cosines(WORDS, "paris", "france", "italy")
    ran = aimath("analogy", "paris", "france", "italy", "--vectors", text)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.split("\n") == [*wanted, ""]
    assert next(iter(wanted)) == "rome"
    shown = json.loads(aimath("analogy", "paris", "france", "italy", "--vectors", f"@{text}", "--json").out)
    assert shown["similarities"] == near(list(wanted.values()), 1e-14)
    assert (shown["word"], shown["ranking"], shown["top"]) == ("rome", list(wanted), len(wanted))
    assert shown["similarity"] == shown["similarities"][0]
    assert shown["target"] == [-2, 5.25, 1]
    assert shown["given"] == [list(WORDS[word]) for word in ("paris", "france", "italy")]


def test_fields_give_the_numbers(aimath, text):
    line = ("analogy", "paris", "france", "italy", "--vectors", text)
    wanted = cosines(WORDS, "paris", "france", "italy")
    assert float(aimath(*line, "--fields", "similarity").out) == near(wanted["rome"], 1e-14)
    many = [float(x) for x in aimath(*line, "--fields", "similarities").out.split()]
    assert many == near(list(wanted.values()), 1e-14)
    assert aimath(*line, "--fields", "word").out == "rome\n"


def test_top(aimath, refused, tmp_path):
    rng = np.random.default_rng(0)
    many = {f"w{k}": rng.standard_normal(4).tolist() for k in range(40)}
    file = tmp_path / "many.txt"
    file.write_text("40 4\n" + "".join(f"{w} {' '.join(map(repr, row))}\n" for w, row in many.items()))
    wanted = list(cosines(many, "w1", "w2", "w3"))
    line = ("analogy", "w1", "w2", "w3", "--vectors", file)
    assert aimath(*line).out.split() == wanted[:10]
    assert aimath(*line, "--top", "1").out.split() == wanted[:1]
    assert aimath(*line, "--top", "37").out.split() == wanted
    for more in ("38", "1000000000"):  # all that there are
        assert aimath(*line, "--top", more).out.split() == wanted
    refused(*line, "--top", "0")


def test_a_word_given_twice_is_left_out_once(aimath, text):
    wanted = cosines(WORDS, "paris", "paris", "italy")
    assert aimath("analogy", "paris", "paris", "italy", "--vectors", text).out.split() == list(wanted)
    assert len(wanted) == 3


def test_stored_array_and_its_words(aimath, text, tmp_path):
    wanted = aimath("analogy", "paris", "france", "italy", "--vectors", text).out
    np.save(tmp_path / "v.npy", np.array(list(WORDS.values())))
    (tmp_path / "v.txt").write_text("".join(f"{word}\n" for word in WORDS))
    (tmp_path / "v.txt").rename(tmp_path / "names")
    line = ("analogy", "paris", "france", "italy", "--vectors", tmp_path / "v.npy")
    assert aimath(*line, "--words", tmp_path / "names").out == wanted
    (tmp_path / "names").rename(tmp_path / "v.txt")
    assert aimath(*line).out == wanted


@pytest.mark.parametrize(
    ("words", "said", "hint", "code"),
    [
        (("king", "man", "womann"), "'womann' is not among the 4 words", "did you mean woman?", 1),
        (
            ("paris", "man", "woman"),
            "'paris' is not among the 4 words",
            "choose from king, queen, man, woman",
            1,
        ),
        (("King", "man", "woman"), "'King' is not among the 4 words", "did you mean king?", 1),
        (("king", "man"), "needs three words A, B and C, not 2 words", "try aimath analogy", 2),
        (("king", "man", "woman", "queen"), "not 4 words", "try aimath analogy", 2),
        (("king", "", "woman"), "needs three words", "try aimath analogy", 2),
        ((), "not 0 words", "try aimath analogy", 2),
        (("king", "man", "woman", "--words", "x"), "--words names the rows of --vectors", "", 2),
        (("king", "man", "woman", "--top", "0"), "--top", "", 2),
        (("king", "man", "woman", "--vectors", "/no/such"), "'/no/such': No such file", "", 1),
    ],
)
def test_what_is_wrong_is_said(refused, words, said, hint, code):
    told = refused("analogy", *words, code=code)
    assert said in told
    assert hint in told
    assert len(told.splitlines()) <= 2


def test_nothing_is_near_zero(refused, tmp_path):
    file = tmp_path / "w.txt"
    file.write_text("a 1 0\nb 2 0\nc 1 0\nd 1 1\n")
    assert "zero vector" in refused("analogy", "a", "b", "c", "--vectors", file, code=1)


def test_no_other_word(refused, tmp_path):
    file = tmp_path / "w.txt"
    file.write_text("a 1 0\nb 0 2\nc 1 1\n")
    assert "no other word" in refused("analogy", "a", "b", "c", "--vectors", file, code=1)


def test_explain_shows_vectors_target_and_ranking(aimath, text):
    out = aimath("analogy", "paris", "france", "italy", "--vectors", text, "--explain").out
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][-9:] == ["A", "=", "paris,", "B", "=", "france,", "C", "=", "italy"]
    assert ["2", "5", "0", "0.25", "5.25"] in lines
    assert " paris is to france as rome is to italy" in out
    assert "✓" in out
    assert max(map(len, out.splitlines())) <= 80


def test_terminal_table_and_plot_name_the_words(aimath, text):
    line = ("analogy", "paris", "france", "italy", "--vectors", text)
    shown = aimath(*line, "--format", "table").out
    assert "rome" in shown
    head, *drawn = aimath(*line, "--plot").err.splitlines()
    assert head == " similarities"
    assert [row.split()[0] for row in drawn] == list(cosines(WORDS, "paris", "france", "italy"))


def test_words_steer_no_terminal(aimath, tmp_path):
    file = tmp_path / "w.txt"
    file.write_text("a 1 0\nb 0 2\nc 1 1\n\x1b[31md 1 2\n")
    line = ("analogy", "a", "b", "c", "--vectors", file)
    for more in ("--explain", "--format=table", "--plot"):
        ran = aimath(*line, more)
        assert "\x1b" not in (ran.err if more == "--plot" else ran.out)


def test_typer_reads_the_words_too(aimath):
    assert aimath("analogy", "king", "man", "--top=1", "woman").out == "queen\n"
    assert aimath("analogy", "--", "king", "man", "woman").out == "queen\n"
    assert "A B C" in aimath("analogy", "--help").out
    assert lookup("analogy").text_parameter == "given"
    assert lookup("kl").text_parameter is None
