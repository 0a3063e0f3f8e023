"""What the command line promises, sentence by sentence, and each way in which it was once broken."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

HALF = "0.5 0.5\n"


# Operands


@pytest.mark.parametrize(
    "words", [("-1", "-1"), ("-1e0,-1",), ("−1", "-2/2"), ("-inf", "-100%", "-1"), ("--", "1", "1")]
)
def test_negative_numbers_need_no_dashes(answered, words):
    text = answered("softmax", *words)
    assert text.endswith(HALF)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "nan", "1_0", "２", "0x1", "1.2.3", "1,5.0.1", "0.l"])
def test_what_is_no_number_is_named(refused, text):
    said = refused("softmax", "1", text)
    assert said.startswith("aimath softmax: error: argument 2: '")


def test_labels_that_fit_no_operand_are_refused(refused):
    assert "--labels: 3 names for 2 numbers" in refused("softmax", "1", "2", "--labels", "a,b,c", "--json")


def test_labels_in_json_of_another_length_are_no_labels(aimath):
    ran = aimath("softmax", "--json", stdin='{"logits":[1,2],"labels":["a"]}')
    assert "labels" not in json.loads(ran.out)
    ran = aimath("softmax", "--json", stdin='{"logits":[1,2],"labels":["a","b"]}')
    assert json.loads(ran.out)["labels"] == ["a", "b"]


def test_operand_is_named_though_its_letter_is_in_the_sentence(aimath):
    assert "error: p: probabilities sum to 10" in aimath("kl", "9,1", ".5,.5").err
    ran = aimath("kl", stdin='{"p":[0.5,0.5],"q":[2,1]}\n')
    assert "<stdin>:1: q: probabilities sum to 3" in ran.err


def test_typed_row_is_named_without_an_empty_file_name(aimath):
    ran = aimath("softmax", "1 2; 3 inf")
    assert (ran.code, ran.out) == (1, "0.2689414213699951 0.7310585786300049\n")
    assert "error: row 2: logit 2 is inf" in ran.err


def test_way_out_is_one_that_the_command_has(aimath):
    for line in (("entropy", ".5", ".6"), ("bayes", "--prior", ".5,.3,.3", "--likelihood", ".1,.2,.3")):
        ran = aimath(*line)
        assert (ran.code, ran.err.splitlines()[-1]) == (1, "  use --normalize to divide by the sum")
        assert aimath(*line, "--normalize").code == 0


def test_unknown_command_points_to_the_list(aimath):
    assert aimath("bogus").err == "aimath: error: no such command 'bogus'\n  see aimath --help\n"
    assert aimath("softmx", "1").err.endswith("\n  did you mean softmax?\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("softmax 1 2 --temperature -1", "--temperature must be at least 0, not -1\n"),
        ("softmax 1 2 --labels a", "--labels: 1 name for 2 numbers\n  give one name for each number\n"),
        ("softmax 1 2 --format npy", "json, markdown\n  use --out FILE.npy in place of --format\n"),
        ("softmax 1 2 --kappa 3", "no such option: --kappa\n  see aimath softmax --help\n"),
        (
            "cross-entropy --logits 1 2 --target 0",
            "every operand is given by its option\n  write a list without blanks: 1,2,3\n",
        ),
        ("softmax a= b=2", "argument 1: 'a=' is not a number\n  try aimath softmax 2 1 0.1\n"),
        (
            "svd-approx randn:2 --rank 1 --save-factors a.csv b.npy",
            "--save-factors: 'a.csv' is no .npy\n  name two .npy\n",
        ),
        (
            "lora base.npy tuned",
            "the suffix of 'tuned' is not known\n  weights come as .csv .tsv .txt .json .ndjson .jsonl .npy .npz .safetensors .parquet .arrow .feather\n",
        ),
        (
            "bayes --prior .1 --likelihood .9",
            "\n  give --evidence or --false-positive, or a list of priors\n",
        ),
    ],
)
def test_the_way_out_fits_what_was_typed(aimath, line, said):
    ran = aimath(*line.split())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(said)


# Files


def test_column_of_what_has_no_columns_is_refused(refused, tmp_path):
    np.save(tmp_path / "x.npy", np.eye(2))
    (tmp_path / "x.json").write_text("[[1,2],[3,4]]")
    for name in ("x.npy", "x.json"):
        assert "--column picks a column of a table" in refused(
            "softmax", f"@{tmp_path / name}", "--column", "1"
        )


def test_rounded_integers_are_said_once(aimath, tmp_path):
    np.save(tmp_path / "x.npy", np.full((2**17, 1), 2**53 + 1))  # several blocks
    ran = aimath("softmax", f"@{tmp_path / 'x.npy'}", "--out", tmp_path / "out.npy")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "aimath softmax: warning: int64 values above 2^53 were rounded\n"


def test_unknown_suffix_names_the_file(aimath, tmp_path):
    (tmp_path / "x.dat").write_text("1 2\n")
    assert "x.dat: its suffix is none of" in aimath("softmax", f"@{tmp_path / 'x.dat'}").err


def test_bad_row_of_a_csv_is_as_wide_as_the_others(aimath, tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("a,b\n0,0\n1\n0,0\n")
    ran = aimath("softmax", f"@{file}", "--invalid", "nan", "--csv")
    assert (ran.code, ran.out) == (3, "probs_a,probs_b\n0.5,0.5\nnan,nan\n0.5,0.5\n")


# stdin


def test_a_column_is_answered_as_a_column(answered):
    assert answered("softmax", stdin="0\n0\n\n0\n") == "0.5\n0.5\n\n1\n"


def test_json_of_one_command_is_read_by_another(aimath):
    out = aimath("softmax", "the=0", "cat=0", "--json").out
    row = json.loads(aimath("entropy", "--json", stdin=out).out)
    assert (row["labels"], row["entropy"]) == (["the", "cat"], 1.0)


def test_rows_before_a_bad_one_are_whole(aimath):
    ran = aimath("softmax", stdin="0 0\n0 x\n0 0\n")
    assert (ran.code, ran.out) == (1, HALF)
    assert ran.err.startswith("aimath softmax: error: <stdin>:2:2: 'x' is not a number")


@pytest.mark.parametrize(("how", "out"), [("skip", HALF * 2), ("nan", HALF + "nan nan\n" + HALF)])
@pytest.mark.parametrize("bad", ["0 x", "0 inf", "-inf -inf"])
def test_rows_that_are_passed_over_are_counted(aimath, bad, how, out):
    ran = aimath("softmax", "--invalid", how, stdin=f"0 0\n{bad}\n0 0\n")
    assert ran == (3, out, "aimath softmax: warning: 1 row without an answer\n")


# Sweeps and seeds


def test_words_of_an_option_stand_in_lists_too(aimath):
    out = aimath("entropy", ".5", ".5", "--base", "2,e", "--csv").out
    assert out == aimath("entropy", ".5", ".5", "--base", "2", "--base", "e", "--csv").out
    assert out.splitlines()[1:] == ["2,1", f"{math.e},{math.log(2)}"]


def test_a_sweep_has_an_end(refused):
    ends = ("--mu", "lin:0:1:10000", "--sigma", "lin:1:2:101")
    assert "the sweep has 1010000 combinations, more than 1000000" in refused("gaussian", "0", *ends)


def test_product_of_sweeps_varies_the_last_fastest(aimath):
    out = aimath("gaussian", "0", "--mu", "0,1", "--sigma", "lin:1:3:2", "--csv").out
    assert [line.split(",")[:2] for line in out.splitlines()] == [
        ["mu", "sigma"],
        *(["0", "1"], ["0", "3"], ["1", "1"], ["1", "3"]),
    ]


@pytest.mark.parametrize("form", ["plain", "csv", "json", "table", "markdown"])
def test_sweep_of_many_rows_has_every_form(answered, form):
    rows = "".join(f"0 {k}\n" for k in range(300))
    text = answered("softmax", "--temperature", "1,2", "--format", form, "--all", stdin=rows)
    assert (
        len(text.splitlines()) == {"plain": 601, "csv": 601, "json": 600, "table": 602, "markdown": 602}[form]
    )


@pytest.mark.parametrize("form", ["plain", "csv", "json"])
def test_rows_are_not_lost_to_an_option_that_leads_the_answer(answered, form):
    text = answered("temperature", "--temperature", "1", "--format", form, stdin="1 2\n3 4\n5 6\n")
    assert len(text.splitlines()) == (3 if form == "json" else 4)


def test_sweep_of_matrices_keeps_their_rows_together(aimath):
    tables = "[[0.5,0],[0,0.5]]\n[[1,0],[0,0]]\n"
    ran = aimath("mutual-information", "--base", "2,4", "--fields", "joint", stdin=tables)
    rows = [line.split() for line in ran.out.splitlines()]
    assert rows[0] == ["base", "joint_1_1", "joint_1_2", "joint_2_1", "joint_2_2"]
    one, other = ["0.5", "0", "0", "0.5"], ["1", "0", "0", "0"]
    assert rows[1:] == [["2", *one], ["4", *one], ["2", *other], ["4", *other]]


@pytest.mark.slow
def test_sweep_of_many_rows_as_npy_and_derivation(aimath, tmp_path):
    rows = "".join(f"0 {k}\n" for k in range(300))
    sweep = ("softmax", "--temperature", "1,2")
    assert aimath(*sweep, "--out", tmp_path / "x.npy", stdin=rows)[:2] == (0, "")
    table = [line.split("\t") for line in aimath(*sweep, stdin=rows).out.splitlines()[1:]]
    assert np.array_equal(np.load(tmp_path / "x.npy"), np.array(table, float))
    assert aimath(*sweep, "--explain", stdin=rows).out.count(" ✓ ") == 600


def test_seed_that_random_drew_draws_the_same_again(aimath):
    ran = aimath("gaussian", "--sample", "2", "--seed", "random")
    drawn = ran.err.split()[-1]
    assert aimath("gaussian", "--sample", "2", "--seed", drawn) == (0, ran.out, "")
    assert aimath("gaussian", "--sample", "2", "--seed", str(2**53 - 1)).code == 0
    assert aimath("gaussian", "--sample", "2", "--seed", str(2**53)).code == 2


# Derivations


def test_json_objects_may_hold_optional_operands(aimath):
    for line in (
        ["bayes", "--prior", ".3", "--likelihood", ".8", "--evidence", ".35"],
        ["gaussian-kl", "--mu", "1", "--sigma", "2", "--mu2", "3", "--sigma2", "4"],
    ):
        direct = aimath(*line).out
        assert aimath(line[0], stdin=aimath(*line, "--json").out).out == direct
    rows = '{"logits":[2,1,0.1],"target":0}\n{"logits":[0,0,0],"target":2}\n'
    ran = aimath("cross-entropy", "--logits", "-", stdin=rows)
    assert ran.out == aimath("cross-entropy", "2 1 0.1; 0 0 0", "--target", "0,2").out


def test_two_lists_are_not_one_vector(aimath, refused):
    assert "'3,4' is a second list" in refused("softmax", "1,2", "3,4")
    assert aimath("softmax", "2,", "1,", "0.1").out == aimath("softmax", "2", "1", "0.1").out


def test_random_numbers_say_what_they_depend_on(aimath):
    for line in (["diffuse", "1", "--t", "5", "--seed", "7"], ["gaussian", "--sample", "2", "--seed", "7"]):
        row = json.loads(aimath(*line, "--json").out.splitlines()[0])
        assert (row["seed"], row["numpy"]) == (7, np.__version__)
    assert "seed" not in json.loads(aimath("diffuse", "1", "--t", "5", "--noise", "0", "--json").out)


def test_swept_values_stay_first_when_fields_are_chosen(aimath):
    out = aimath("softmax", "1", "2", "--temperature", "1,2", "--fields", "entropy").out
    assert out.splitlines()[0] == "temperature\tentropy"


def test_json_is_ascii(aimath):
    out = aimath("softmax", "é=2", "→=1", "--json").out
    assert out.isascii()
    assert json.loads(out)["labels"] == ["é", "→"]


@pytest.mark.parametrize(
    "line",
    [
        ["entropy", "1", "2", "--logits", "--normalize"],
        ["perplexity", ".5", "--tokens", "--normalize"],
        ["cross-entropy", "1", "2", "--target", "0", "--normalize"],
        ["entropy", ".5", ".5", "--explain", "--csv"],
        ["entropy", ".5", ".5", "--explain", "--format", "plain"],
    ],
)
def test_options_that_exclude_each_other(refused, line):
    refused(*line)


# What was found by asking every command


@pytest.mark.parametrize(
    "line",
    ["transpose", "svd-approx", "svd-approx --rank 1", "eig", "inverse", "det", "pca", "matmul --b 1;2"],
)
@pytest.mark.parametrize("text", ["\0", "1 2\n3 x\n", "1 2\n3 4 5\n"])
def test_matrix_that_cannot_be_read_is_nan_or_its_own_mistake(aimath, line, text):
    ran = aimath(*line.split(), "--invalid", "nan", stdin=text)
    if ran.code == 3:
        assert set(ran.out.split()) - {"rank", "parameters", "error", "relative_error", "energy"} == {"nan"}
    else:
        assert (ran.code, ran.out) == (1, "")
        assert "error: <stdin>:" in ran.err
        assert "unexpected" not in ran.err


def test_operand_is_named_by_the_option_that_was_typed(aimath):
    assert (
        "error: --bias: 'x' is not"
        in aimath("backprop", "--layer", "1 2; 3 4", "--x", "1,2", "--bias", "0,x").err
    )
    ran = aimath("bayes", "--prior", ".5", "--likelihood", ".8", "--likelihood", "x", "--evidence", ".6")
    assert "error: --likelihood: 'x' is not" in ran.err
    assert "error: -Q: 'x' is not" in aimath("attention", "-Q", "x", "-K", "1", "-V", "1").err


@pytest.mark.parametrize(
    ("terminal", "columns", "width"), [(True, 40, 428), (True, 120, 1228), (False, 40, 828)]
)
def test_a_picture_is_as_wide_as_the_terminal(aimath, monkeypatch, tmp_path, terminal, columns, width):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("aimath.cli.output.is_terminal", lambda number: terminal and number == 1)
    line = "bayes --prior .001 --likelihood .99 --false-positive .01 --explain --out"
    assert aimath(*line.split(), tmp_path / "x.svg").code == 0
    assert f' width="{width}" ' in (tmp_path / "x.svg").read_text().partition("\n")[0]
