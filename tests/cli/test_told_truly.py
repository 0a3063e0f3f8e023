"""What is refused is said truly, and the way out leads somewhere."""

from __future__ import annotations

import gzip
import zipfile

import pytest
from hypothesis import given, strategies as st

from aimath.core.calculus import ARITY, parse_function
from aimath.errors import InputError
from aimath.read.numbers import parse_integer

MISSING = ("nan", "NaN", "NA", "n/a", "null")


def test_compressed_file_that_is_not_read_is_said_to_be_one(refused, tmp_path):
    file = tmp_path / "g.csv.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("g.csv", "v\n1\n2\n")
    said = refused("describe", f"@{file}", "--column", "v")
    assert "zip" in said
    assert "--input-format" not in said


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_compression_is_told_by_content(aimath, tmp_path, suffix):
    file = tmp_path / f"g.csv{suffix}"
    file.write_bytes(gzip.compress(b"v\n1\n2\n"))
    assert aimath("describe", f"@{file}", "--column", "v", "--fields", "mean").out == "1.5\n"


@pytest.mark.parametrize(
    "cell",
    [
        "true",
        "false",
        "[1]",
        '{"a":1}',
        "Infinity",
        "1_0",
        "0x1",
        "-",
        "1e",
        "--1",
        "1.2.3",
        "+-1",
        "[]",
        "{}",
    ],
)
@pytest.mark.parametrize("row", [1, 2, 700])
def test_cell_that_is_json_and_no_number_is_told(refused, tmp_path, cell, row):
    """Cells are cut from whole blocks and read as JSON: what JSON takes besides numbers is none."""
    rows = [f"{k},{cell if k == row else k}" for k in range(1, 900)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b", *rows]) + "\n")
    said = refused("describe", f"@{tmp_path / 't.csv'}", "--column", "b", code=1)
    assert f"t.csv:{row + 1}:2: '{cell}' is not a number" in said


@pytest.mark.parametrize("word", MISSING)
@pytest.mark.parametrize(
    "line", ["grpo 1 {} 0", "softmax 1 {} 2", "describe {} 1", "softmax a=1 b={}", "entropy {}"]
)
def test_missing_number_is_no_misspelt_word(refused, line, word):
    said = refused(*line.format(word).split())
    assert "try aimath" not in said
    assert "--missing skip" in said


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=12).filter(lambda name: name not in ARITY))
def test_unknown_function_is_no_product(name):
    if name in ("pi", "tau"):
        return
    with pytest.raises(InputError) as caught:
        parse_function(f"{name}(x)")
    hint = caught.value.hint
    assert hint.startswith("did you mean ") or all(known in hint for known in ARITY)


def test_letter_or_numbered_name_before_a_bracket_is_a_product():
    for name in ("x", "w1", "x_2"):
        with pytest.raises(InputError) as caught:
            parse_function(f"{name}(x)")
        assert caught.value.hint == f"write {name}*(...)"


@pytest.mark.parametrize(
    ("text", "meant"), [("|x|", "abs(x)"), ("2*|x - y| + 1", "abs(x - y)"), ("|x", "abs(x)")]
)
def test_bars_are_abs(text, meant):
    with pytest.raises(InputError) as caught:
        parse_function(text)
    assert caught.value.hint == f"write {meant}"


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".txt", ".CSV"])
def test_suffix_alone_is_no_name(refused, tmp_path, monkeypatch, suffix):
    monkeypatch.chdir(tmp_path)
    for path in (suffix, f"{tmp_path}/{suffix}"):
        assert "is a suffix without a name" in refused("softmax", "2", "1", "--out", path)
    assert [one.name for one in tmp_path.iterdir() if one.name != ".stdin"] == []


@pytest.mark.parametrize("header", ["a,a", "b,a,a", "a,b, a"])
def test_column_whose_name_two_have_is_asked_for_by_number(aimath, header):
    names = header.split(",")
    text = f"{header}\n" + ",".join(map(str, range(1, len(names) + 1))) + "\n"
    numbers = [k for k, name in enumerate(names, 1) if name.strip() == "a"]
    ran = aimath("describe", "--column", "a", "--input-format", "csv", stdin=text)
    assert (ran.code, ran.out) == (2, "")
    assert f"columns {numbers[0]} and {numbers[1]} are each called 'a'" in ran.err
    assert aimath("describe", "--column", str(numbers[0]), "--input-format", "csv", stdin=text).code == 0


def test_diffusion_says_what_is_missing_or_too_much(refused):
    assert "needs --t or --alpha-bar\n" in refused("diffuse", "1", "2")
    assert "exclude each other" in refused("diffuse", "1", "2", "--t", "3", "--alpha-bar", ".5")


@pytest.mark.parametrize("words", ["king - man", "king + man", "king man", "- man king"])
def test_analogy_counts_words_and_not_signs(refused, words):
    assert "not 2 words" in refused("analogy", *words.split())


@pytest.mark.parametrize("words", ["king + man + woman", "king - man - woman", "king man + woman"])
def test_analogy_of_other_signs_says_so(refused, words):
    assert "two words added and one taken away" in refused("analogy", *words.split())


@given(st.integers(-(10**6), 10**6), st.integers(0, 9))
def test_whole_number_with_an_exponent_is_shown_without(digits, exponent):
    with pytest.raises(InputError) as caught:
        parse_integer(f"{digits}e{exponent}", "--start", -(10**18), 10**18)
    assert caught.value.hint == f"write {digits * 10**exponent}"
    with pytest.raises(InputError) as caught:
        parse_integer(f"{digits}.5", "--start", -(10**18), 10**18)
    assert caught.value.hint == ""


def test_whole_number_option_shows_it(refused):
    assert "write 1000000" in refused("rope", "1", "0", "--start", "1e6")


@pytest.mark.parametrize(
    "line", ["softmax @t.csv", "describe @t.csv", "softmax", "pca t.csv", "layer-norm @t.csv"]
)
def test_table_with_texts_is_told_its_columns_of_numbers(aimath, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    name, *words = line.split()
    for head, picked in (
        ("name,size,kind,w", "size,w"),
        ("name,my-size,kind,w", "2,4"),
        ("w,size,kind,w", "2,4"),
    ):
        text = f"{head}\nann,1,a,3\nbob,2,b,5\ncid,3,a,9\n"
        (tmp_path / "t.csv").write_text(text)
        ran = aimath(name, *words, stdin="" if words else text)
        assert ran.code == 1
        assert ":2:1: 'ann' is not a number\n" in ran.err
        assert ran.err.endswith(f"\n  use --column {picked} for the columns of numbers\n")
        assert aimath(name, *words, "--column", picked, stdin="" if words else text).code == 0
    for text in ("a,b\n1,2\n3,0.l\n", "a,b\nx,y\nz,w\n"):  # a slip, and no numbers at all
        (tmp_path / "t.csv").write_text(text)
        assert "--column" not in aimath(name, *words, stdin="" if words else text).err


@pytest.mark.parametrize("name", ["compare", "evaluate"])
@pytest.mark.parametrize("rows", ["2,1,.1\n0,3,1\n", ".5,-.5,1\n.2,.3,.5\n", ".5,.2,.2\n.2,.3,.5\n"])
def test_logits_that_nobody_called_so_are_offered_their_option(aimath, tmp_path, monkeypatch, name, rows):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text(rows)
    words = ("@x.csv", "@x.csv") if name == "compare" else ("--probs", "@x.csv", "--target", "0,1")
    ran = aimath(name, *words)
    assert ran.code == 1
    assert ran.err.startswith(f"aimath {name}: error: x.csv:1")
    assert ran.err.endswith("\n  use --logits if they are logits\n")
    assert "--logits if" not in aimath("compare", ".5,.5", ".4,.6", "--target", "7").err
