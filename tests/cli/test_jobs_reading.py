"""Jobs of a practitioner that are about reading: each one line, as typed first, with the answer of numpy and math."""

import importlib
import json
import math
import shlex

import numpy as np
import pytest
from tests.cli import jobs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("jobs")
    jobs.write(made)
    return made


@pytest.fixture
def answer(warm, folder):
    """Run a line among the files, and give its output as numbers, a row a line."""

    def run(line, stdin=b"", *, code=0, text=False):
        ran = warm(*shlex.split(line), stdin=stdin, cwd=str(folder))
        assert ran.code == code, (ran.out, ran.err)
        if text:
            return ran
        return [[float(cell) for cell in row.split()] for row in ran.out.decode().splitlines()]

    return run


def close(found, expected):
    np.testing.assert_allclose(np.array(found, float), np.array(expected, float), rtol=1e-12, atol=1e-14)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


Z = jobs.logits()
TARGETS = [jobs.CLASSES.index(name) for name in jobs.LABELS]
NLL = [[-math.log(p[t])] for p, t in zip(softmax(Z), TARGETS, strict=True)]


def test_1_chat(answer):
    nll = [-logprob for _, logprob, _ in jobs.CHAT_TOKENS]
    close(answer("perplexity @chat.json"), [[math.exp(sum(nll) / len(nll))]])
    ran = answer("perplexity @chat.json --json", text=True)
    assert json.loads(ran.out)["labels"] == [token for token, _, _ in jobs.CHAT_TOKENS]
    assert "OpenAI's chat completion" in ran.text


def test_2_completion_with_a_leading_null(answer):
    ran = answer("perplexity @vllm.json --json", text=True)
    assert json.loads(ran.out)["perplexity"] == pytest.approx(math.exp(0.8), rel=1e-15, abs=0)
    assert json.loads(ran.out)["labels"] == [" cat", " sat"]
    assert "1 first token without one passed over" in ran.text


def test_3_lines_of_log_probabilities(answer, folder):
    expected = [[math.exp(-sum(row) / len(row))] for row in jobs.LOG]
    close(answer("perplexity --log-probs --key logprobs", (folder / "log.jsonl").read_bytes()), expected)
    close(answer("perplexity --log-probs --key logprobs @log.jsonl"), expected)


def test_4_entropy_of_stored_logits(answer):
    p = softmax(Z.astype("<f4").astype(float))
    close(answer("entropy --logits next.npy"), -(p * np.log2(p)).sum(1, keepdims=True))


def test_5_the_likeliest_tokens_of_each_place(answer):
    line = "entropy --log-probs @chat.json --key 'choices.0.logprobs.content.*.top_logprobs'"
    p = np.exp([[logprob for _, logprob in top] for _, _, top in jobs.CHAT_TOKENS])
    p /= p.sum(1, keepdims=True)
    close(answer(f"{line} --normalize"), -(p * np.log2(p)).sum(1, keepdims=True))
    said = answer(line, text=True, code=1).text
    assert "is missing" in said
    assert "--normalize" in said


def test_6_kl_of_stored_logits(answer):
    p, q = softmax(Z), softmax(Z + 0.1)
    np.testing.assert_allclose(
        answer("kl --logits a.npy b.npy"), (p * np.log(p / q)).sum(1, keepdims=True), atol=1e-15
    )


def test_7_cross_entropy_of_arrays(answer):
    close(answer("cross-entropy --logits logits.npy --target @labels.npy"), NLL)


def test_8_columns_of_a_table(answer, folder):
    close(answer("cross-entropy --logits @preds.csv --column 'logit_*' --target label"), NLL)
    close(answer("cross-entropy --logits preds.csv --exclude id --target label"), NLL)
    table = (folder / "preds.csv").read_bytes()
    close(answer("cross-entropy --logits - --column 'logit_*' --target label", table), NLL)
    ran = answer("cross-entropy --logits @preds.csv --column 'logit_*' --target label --id id", text=True)
    assert [line.split("\t")[0] for line in ran.out.decode().splitlines()] == [
        "id",
        "u0",
        "u1",
        "u2",
        "u3",
        "u4",
    ]


def test_9_keys_of_lines(answer, folder):
    close(answer("cross-entropy --logits @x.jsonl --key logits --target label"), NLL)
    close(
        answer("cross-entropy --logits - --key logits --target label", (folder / "x.jsonl").read_bytes()), NLL
    )


def test_15_pca_with_rows_named(answer):
    line = "pca @iris.csv --exclude species --row-labels species --components 2"
    ran = answer(f"{line} --plot --csv", text=True)
    x = np.array([row[:4] for row in jobs.IRIS])
    _, _, vh = np.linalg.svd(x - x.mean(0))
    head, *rows = [row.split(",") for row in ran.out.decode().splitlines()]
    assert head == ["label", "projected_PC1", "projected_PC2"]
    assert [row[0] for row in rows] == [row[4] for row in jobs.IRIS]
    found = np.array([row[1:] for row in rows], float)
    np.testing.assert_allclose(np.abs(found), np.abs((x - x.mean(0)) @ vh[:2].T), atol=1e-12)
    assert ran.text


def test_19_words_of_a_file(answer):
    a, b = (np.array(jobs.WORDS[word]) for word in ("king", "queen"))
    close(answer("cosine king queen --vectors few.txt"), [[a @ b / np.linalg.norm(a) / np.linalg.norm(b)]])
    assert "did you mean queen?" in answer("cosine king quen --vectors few.txt", text=True, code=2).text


@pytest.mark.parametrize("line", ["cosine --matrix @few.txt", "cosine --matrix @emb.jsonl --key embedding"])
def test_20_21_all_pairs(answer, line):
    rows = np.array([*jobs.WORDS.values()], float)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    close(answer(line), unit @ unit.T)


def test_20_words_name_the_rows(answer):
    ran = answer("cosine --matrix @few.txt --csv", text=True)
    assert [row.split(",")[0] for row in ran.out.decode().splitlines()[1:]] == [*jobs.WORDS]


@pytest.mark.parametrize(("policy", "count"), [("skip", 2)])
def test_30_missing(answer, policy, count):
    ran = answer(f"describe @t.csv --column a --missing {policy} --fields mean,count,missing", text=True)
    assert ran.out.decode().split("\n")[1].split("\t") == ["2.5", str(count), "2"]
    assert (
        "use --missing skip or --missing nan" in answer("describe @t.csv --column a", text=True, code=1).text
    )


def test_31_decimal_comma(answer):
    line = "describe @excel.csv --delimiter ';' --decimal , --column {} --fields mean"
    close(answer(line.format("v")), [[3.75]])
    close(answer(line.format("w")), [[334.0]])
    close(answer("describe @excel.csv --decimal , --column v --fields mean"), [[3.75]])
    said = answer("describe @excel.csv --delimiter ';' --column v", text=True, code=1).text
    assert "'1,5' is not a number" in said
    assert "--decimal ," in said


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_32_compressed(answer, folder, suffix):
    line = "cross-entropy --logits {} --column 'logit_*' --target label"
    close(answer(line.format(f"@preds.csv.{suffix}")), NLL)
    close(answer(line.format("-"), (folder / f"preds.csv.{suffix}").read_bytes()), NLL)


@pytest.mark.parametrize("name", ["model.pt", "model.onnx", "model.h5", "sheet.xlsx"])
@pytest.mark.parametrize("line", ["describe {}", "describe @{}", "softmax 1 {}", "pca {}"])
def test_33_what_is_not_read_is_named(answer, name, line):
    ran = answer(line.format(name), text=True, code=2)
    assert name in ran.text
    assert "is not a number" not in ran.text
    assert any(way in ran.text for way in ("save", "to_csv")), ran.text


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_33_parquet_and_arrow(answer, folder, suffix):
    pa = pytest.importorskip("pyarrow")
    parquet, feather = (importlib.import_module(f"pyarrow.{name}") for name in ("parquet", "feather"))
    names = [f"logit_{name}" for name in jobs.CLASSES]
    table = pa.table({**dict(zip(names, Z.T.tolist(), strict=True)), "label": jobs.LABELS})
    path = folder / f"preds.{suffix}"
    parquet.write_table(table, path) if suffix == "parquet" else feather.write_feather(table, str(path))
    close(answer(f"cross-entropy --logits @preds.{suffix} --column 'logit_*' --target label"), NLL)
    close(answer(f"describe preds.{suffix} --column logit_cat --fields mean"), [[Z[:, 0].mean()]])


def test_35_numbers_of_a_log(answer, folder):
    losses = [line.split()[3] for line in (folder / "train.log").read_text().splitlines()]
    close(
        answer("describe --fields mean", "\n".join(losses).encode() + b"\n"),
        [[np.mean([*map(float, losses)])]],
    )


def test_file_that_is_there_needs_no_sign(answer):
    close(answer("describe x.jsonl --key label --fields mean"), [[np.mean(TARGETS)]])
    close(answer("kl --logits a.npy a.npy"), [[0.0]] * 5)
    assert "no file that is there" in answer("describe gone.csv", text=True, code=2).text
