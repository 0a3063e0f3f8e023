import hashlib
from pathlib import Path

import numpy as np
import pytest

from aimath.core.linalg import EXAMPLE_VECTORS, EXAMPLE_WORDS
from aimath.errors import InputError
from aimath.read import _datasets
from aimath.read.blocks import WORDS, memory_limit
from aimath.read.operands import read_blocks

DIGITS_PATH = Path(_datasets.DIGITS_PATH)
# UCI's own counts of the classes 0 to 9 in optdigits.tes.
COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_is_the_test_set_of_uci(read):
    [block] = read(["digits"], matrix=True)
    [matrix] = block.operands["x"]
    assert (matrix.shape, matrix.min(), matrix.max()) == ((1797, 64), 0, 16)
    assert [block.row_labels.count(str(k)) for k in range(10)] == COUNTS
    assert block.row_labels[:12] == tuple("012345678901")
    assert matrix[0, :10].tolist() == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0]
    assert block.source == "digits"


def test_digits_are_those_that_scikit_learn_carries():
    # sha256 of load_digits() of scikit-learn 1.9.1, data and target as one uint8 table.
    table = np.load(DIGITS_PATH)
    assert (table.dtype, table.shape) == (np.uint8, (1797, 65))
    assert (
        hashlib.sha256(table.tobytes()).hexdigest()
        == "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2"
    )


def test_the_licence_stands_beside_the_data():
    text = DIGITS_PATH.with_suffix(".txt").read_text("utf-8")
    for part in ("E. Alpaydin and C. Kaynak", "CC BY 4.0", "https://doi.org/10.24432/C50P49", "Changes"):
        assert part in text


def test_digits_of_some_classes(read):
    whole = np.load(DIGITS_PATH)
    [block] = read(["digits:4,0,1"], matrix=True)
    kept = whole[np.isin(whole[:, 64], [0, 1, 4])]
    assert block.operands["x"].tolist() == [kept[:, :64].tolist()]
    assert block.row_labels == tuple(map(str, kept[:, 64]))
    assert len(block.row_labels) == 541  # the zeros, ones and fours


def test_one_digit_is_told_by_its_number(read, rows):
    whole = np.load(DIGITS_PATH)
    threes = whole[whole[:, 64] == 3]
    [block] = read(["digits:3#7"])
    assert block.operands["x"].tolist() == [threes[6, :64].tolist()]
    assert (block.row_labels, list(block.lines)) == (("3",), [np.flatnonzero(whole[:, 64] == 3)[6] + 1])
    [block] = read(["digits:3#183"], matrix=True)
    assert block.operands["x"].tolist() == [[threes[-1, :64].tolist()]]
    assert rows(["digits#1797"]) == [whole[-1, :64].tolist()]


def test_digits_as_rows_keep_their_places(read):
    [block] = read(["digits:3"])
    assert block.operands["x"].shape == (183, 64)
    assert (list(block.lines[:3]), set(block.row_labels)) == ([4, 14, 24], {"3"})
    part = block.slice_rows(1, 3)
    assert (list(part.lines), part.row_labels, part.operands["x"].shape) == ([14, 24], ("3", "3"), (2, 64))


def test_names_of_a_matrix_stay_when_its_block_is_cut(read):
    [block] = read(["digits:3"], matrix=True)
    assert len(block.slice_rows(0, 1).row_labels) == 183
    [beside] = read(["digits:3", "1,2"], ("W", "x"), matrix={"W"})
    assert len(beside.row_labels) == 183
    [beside] = read(["digits:3", "1,2;3,4"], ("W", "x"), matrix={"W"})
    assert len(beside.slice_rows(1, 2).row_labels) == 183


def test_rows_go_in_step_with_their_names(read):
    found = read(["digits:3", "-"], ("p", "q"), {}, b"1 2\n" * 182 + b"1 2 3\n")
    assert [len(block.row_labels) for block in found] == [182, 1]


BAD_DIGITS = {
    "digits:": "each class of 'digits:' must be a whole number, not ''",
    "digits:x": "each class of 'digits:x' must be a whole number, not 'x'",
    "digits:0,,1": "each class of 'digits:0,,1' must be a whole number, not ''",
    "digits:10": "each class of 'digits:10' must be 0 to 9, not 10",
    "digits:-1": "each class of 'digits:-1' must be 0 to 9, not -1",
    "randn:": "'randn:' is not a size",
    "randn:3x": "'randn:3x' is not a size",
    "randn:0x3": "'randn:0x3' is not a size",
    "randn:3x4x5x6": "'randn:3x4x5x6' is not a size",
    "randn:3x0x5": "'randn:3x0x5' is not a size",
    "randn:-3": "'randn:-3' is not a size",
    "randn:1e3": "'randn:1e3' is not a size",
    "randn:" + "9" * 19: "'randn:9999999999999999999' is not a size",
    "digits:3#184": "the image of 'digits:3#184' must be 1 to 183, not 184",
    "digits:3#0": "the image of 'digits:3#0' must be 1 to 183, not 0",
    "digits:3#": "the image of 'digits:3#' must be a whole number, not ''",
    "digits#x": "the image of 'digits#x' must be a whole number, not 'x'",
    "digit": "argument 1: 'digit' is not a number",
}


@pytest.mark.parametrize("matrix", [False, True])
@pytest.mark.parametrize(("token", "why"), BAD_DIGITS.items())
def test_names_that_are_none(refusal, token, why, matrix):
    error = refusal([token], matrix=matrix)
    assert (error.message, error.usage) == (why, True)


def test_a_name_stands_alone(refusal):
    for tokens in (["digits", "1"], ["1", "randn:3"]):
        assert "can't stand beside other arguments" in refusal(tokens).message


def test_names_are_no_entries_of_a_row():
    with pytest.raises(InputError, match="'digits' is not a number"):
        list(read_blocks(["1 2 3"], ["x", "k"], {"k": "digits"}, None, per_row=["k"]))


# ---- randn ------------------------------------------------------------------------------------


def test_randn_is_numpys_default_generator(read):
    expected = np.random.default_rng(7).standard_normal((300, 5))
    [block] = read(["randn:300x5"], matrix=True, seed=7)
    assert np.array_equal(block.operands["x"], expected[None])
    rows = read(["randn:300x5"], seed=7)
    assert np.array_equal(np.concatenate([block.operands["x"] for block in rows]), expected)
    assert read(["randn:4"], matrix=True)[0].operands["x"].shape == (1, 1, 4)
    assert read(["randn:4"])[0].operands["x"].shape == (1, 4)


def test_randn_of_three_sides_is_a_batch_of_matrices(read):
    expected = np.random.default_rng(7).standard_normal((2, 3, 5))
    [block] = read(["randn:2x3x5"], matrix=True, seed=7)
    assert np.array_equal(block.operands["x"], expected)
    assert [*block.lines] == [1, 2]
    rows = read(["randn:2x3x5"], seed=7)
    assert np.array_equal(np.concatenate([block.operands["x"] for block in rows]), expected.reshape(6, 5))


def test_words_are_those_of_the_analogy(read):
    assert WORDS == EXAMPLE_WORDS
    for word, vector in zip(EXAMPLE_WORDS, EXAMPLE_VECTORS, strict=True):
        assert read([word])[0].operands["x"].tolist() == [[*vector]]
        assert read([word], matrix=True)[0].operands["x"].tolist() == [[[*vector]]]


def test_randn_is_the_same_whatever_the_blocks(read):
    expected = np.random.default_rng(0).standard_normal((70_000, 17))
    [block] = read(["randn:70000x17"], matrix=True)
    assert np.array_equal(block.operands["x"][0], expected)
    rows = read(["randn:70000x17"])
    assert len(rows) > 5
    assert np.array_equal(np.concatenate([block.operands["x"] for block in rows]), expected)
    assert [line for block in rows for line in block.lines] == list(range(1, 70_001))


def test_each_operand_has_its_own_numbers_in_the_order_of_names(read):
    names = ("Q", "K", "V")
    [block] = read(["randn:2x3"] * 3, names, matrix=True)
    drawn = [np.random.default_rng(seed).standard_normal((2, 3)) for seed in (0, (0, 2), (0, 3))]
    assert [block.operands[name][0].tolist() for name in names] == [matrix.tolist() for matrix in drawn]
    flags = {"V": "randn:2x3", "Q": "randn:2x3", "K": "randn:2x3"}
    [again] = read([], names, flags, matrix=True)
    assert all(np.array_equal(again.operands[name], block.operands[name]) for name in names)
    [mixed] = read(["1 2 3", "randn:2x3", "1 2 3"], names, matrix=True)
    assert mixed.operands["K"].tolist() == [drawn[0].tolist()]


def test_huge_shapes_are_refused_with_their_numbers(refusal):
    error = refusal(["randn:100000x100000"], matrix=True)
    limit = memory_limit() / 2**30
    assert error.message.startswith("a 100000 x 100000 float64 matrix needs 74.51 GiB; the limit is ")
    assert abs(float(error.message.split()[-2]) - limit) < 0.1
    assert error.hint == "use a smaller size or --max-memory 75G"
    wrapping = refusal(["randn:4294967296x4294967297"], matrix=True)
    assert wrapping.message.startswith("a 4294967296 x 4294967297 float64 matrix needs 137438953504.00 GiB")
    assert "one row of 999999999999999999 numbers" in refusal(["randn:5x999999999999999999"]).message
    small = refusal(["randn:100x100"], matrix=True, max_memory=79_999)
    assert "100 x 100" in small.message


def test_rows_without_an_end_are_drawn_as_they_are_asked_for():
    first = next(read_blocks(["randn:999999999999x2"], ["x"], {}, None))
    assert first.operands["x"].nbytes <= 1 << 18


# ---- through the commands ---------------------------------------------------------------------


def test_commands_take_names_and_seeds(aimath):
    ran = aimath("gaussian", "randn:3", "--seed", "5", "--fields", "x", "--json")
    assert ran.code == 0, ran.err
    expected = np.random.default_rng(5).standard_normal(3)
    assert ran.out.count("\n") == 1
    assert [float(v) for v in ran.out.split("[")[1].split("]")[0].split(",")] == expected.tolist()
    table = np.load(DIGITS_PATH)
    brightest = table[table[:, 64] == 0, :64].max(axis=1)
    assert aimath("describe", "digits:0", "--fields", "max").out.split() == [str(k) for k in brightest]


def test_a_random_seed_is_drawn_once_and_said_once(aimath):
    ran = aimath("diffuse", "randn:4", "--seed", "random", "--t", "3", "--json")
    assert ran.code == 0, ran.err
    assert ran.err.count("note: --seed random drew") == 1
    seed = ran.err.split()[-1]
    again = aimath("diffuse", "randn:4", "--seed", seed, "--t", "3", "--json")
    assert (again.out, again.err) == (ran.out, "")


def test_rounded_integers_are_said_once_on_stderr(aimath, tmp_path):
    path = tmp_path / "wide.npy"
    np.save(path, np.full((60_000, 2), 2**53 + 1))
    ran = aimath("describe", f"@{path}", "--fields", "max")
    assert ran.code == 0
    assert ran.err == "aimath describe: warning: int64 values above 2^53 were rounded\n"
    assert set(ran.out.split()) == {"9007199254740992"}


def test_the_data_is_where_the_package_is():
    import aimath

    assert Path(aimath.__file__).parent in DIGITS_PATH.parents
