"""gpt on the command line: our own models and those of files, forms, windows, what goes wrong."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from tests import oracles
from tests.digits import near
from tests.models import write_model, write_tokenizer
from tests.oracles import decoder as room

pytest.importorskip("tokenizers")
IDS = ",".join(map(str, room.IDS))


def objects(ran):
    return [json.loads(line) for line in ran.splitlines()]


@pytest.fixture
def gpt2(tmp_path):
    folder = write_model(tmp_path / "gpt2", room.CASES["GPT-2"])
    write_tokenizer(folder)
    return str(folder)


@pytest.fixture
def llama(tmp_path):
    folder = write_model(tmp_path / "llama", room.CASES["Llama, grouped keys"])
    write_tokenizer(folder)
    return str(folder)


@pytest.fixture
def names(aimath, tmp_path):
    path = str(tmp_path / "names.safetensors")
    aimath("train", "names", "--steps", "5", "--layers", "2", "--width", "16", "--save", path, "--last")
    return path


@pytest.mark.parametrize("name", room.CASES)
def test_the_likeliest_tokens_are_those_of_transformers(answered, tmp_path, name):
    folder = write_model(tmp_path / "m", room.CASES[name])
    found = objects(answered("gpt", str(folder), "--ids", IDS, "--top", "11", "--dtype", "float64", "--json"))
    told = oracles.committed("decoder", name)["logits"][-1]
    probs = np.exp(told - told.max())
    probs /= probs.sum()
    assert [row["id"] for row in found] == np.argsort(-told, kind="stable").tolist()
    for row in found:
        assert row["logit"] == pytest.approx(told[row["id"]], rel=0, abs=1e-11)
        assert row["probability"] == pytest.approx(probs[row["id"]], rel=1e-10, abs=0)
        assert row["bits"] == pytest.approx(-math.log2(probs[row["id"]]), rel=1e-9, abs=0)


@pytest.mark.parametrize("name", room.CASES)
def test_what_each_part_added_is_the_logit_and_nothing_is_left_over(answered, tmp_path, name):
    folder = write_model(tmp_path / "m", room.CASES[name])
    line = ("gpt", str(folder), "--ids", IDS, "--dtype", "float64")
    added = [float(x) for x in answered(*line, "--fields", "added").split()]
    row = objects(answered(*line, "--top", "1", "--json"))[0]
    assert len(added) in {5, 6}  # embedding, twice attention and MLP, and the biases of norms
    assert math.fsum(added) == pytest.approx(row["model_logit"], rel=0, abs=1e-12 * max(1, *map(abs, added)))
    assert "✓ checked another way" in answered(*line, "--explain")


@pytest.mark.parametrize("name", room.CASES)
def test_the_lens_ends_in_the_answer(answered, tmp_path, name):
    folder = write_model(tmp_path / "m", room.CASES[name])
    line = ("gpt", str(folder), "--ids", IDS, "--dtype", "float64")
    first, *_, last = objects(answered(*line, "--lens", "--json"))
    best = objects(answered(*line, "--top", "1", "--json"))[0]
    assert (first["depth"], last["depth"], last["id"], last["answer_rank"]) == (0, 2, best["id"], 1)
    assert last["probability"] == pytest.approx(best["probability"], rel=1e-12, abs=0)
    hidden = oracles.committed("decoder", name)["hidden"]
    if room.CASES[name].config.norm_first:
        weights = room.drawn(room.shapes_of(room.CASES[name]))
        x = hidden[1]  # after the first layer
        if room.CASES[name].config.norm == "layer":
            x = x - x.mean()
        x = x / np.sqrt((x * x).mean() + room.CASES[name].config.eps)
        gpt2 = room.CASES[name].config.names == "gpt2"
        x = x * weights["ln_f.weight" if gpt2 else "model.norm.weight"] + weights.get("ln_f.bias", 0.0)
        head = weights.get(
            "lm_head.weight", weights.get("wte.weight", weights.get("model.embed_tokens.weight"))
        )
        assert objects(answered(*line, "--lens", "--json"))[1]["id"] == int((head @ x).argmax())


def test_attention_is_that_of_transformers(answered, tmp_path):
    folder = write_model(tmp_path / "m", room.CASES["Llama, grouped keys"])
    line = ("gpt", str(folder), "--ids", IDS, "--dtype", "float64", "--layer", "1")
    told = oracles.committed("decoder", "Llama, grouped keys")["attention"][1]
    for head in range(6):
        rows = answered(*line, "--head", str(head)).splitlines()
        assert len(rows) == 8
        found = [float(x) for x in rows[-1].split()]
        assert found == pytest.approx(told[head].tolist(), rel=1e-11, abs=0)
    whole = objects(answered(*line, "--json"))[0]["weights"]
    assert np.array(whole)[:, -1] == pytest.approx(told, rel=1e-11, abs=0)


@pytest.mark.parametrize(
    "line",
    [
        ("gpt", "reverse", "312", "--layer", "0"),
        ("attention", "1 0; 0 1; 1 1", "--heads", "2", "--tokens", "3,1,2", "--fields", "weights"),
    ],
)
def test_matrices_of_heads_are_tables_with_the_tokens_at_both_edges(answered, line):
    """The numbers of a table are those of JSON; no cell is a line of its own."""
    weights = objects(answered(*line, "--json"))[0]["weights"]
    blocks = answered(*line, "--format", "table", "--digits", "3").rstrip().split("\n\n")
    assert len(blocks) == len(weights)
    start = 0 if line[0] == "gpt" else 1
    for k, (block, matrix) in enumerate(zip(blocks, weights, strict=True)):
        title, heads, _, *rows = block.split("\n")
        assert (title, heads.split()) == (f" head {k + start}", ["3", "1", "2"])
        for name, row, numbers in zip("312", rows, matrix, strict=True):
            first, *cells = row.split()
            assert first == name
            assert [float(cell) for cell in cells] == pytest.approx(numbers, rel=5e-3, abs=0)


def test_heads_count_from_0_wherever_they_are_named(aimath, answered, tmp_path):
    """The number that a table, a picture, a derivation or CSV gives a head is that which --head takes."""
    folder = write_model(tmp_path / "m", room.CASES["Llama, grouped keys"])
    line = ("gpt", str(folder), "--ids", IDS, "--layer", "1")
    shown = aimath(*line, "--plot", "--format", "table", "--all")
    for said in (shown.out, shown.err):
        assert [said.count(f"head {k}") for k in range(7)] == [1] * 6 + [0]
    table = [row.split(",") for row in answered(*line, "--csv").splitlines()[1:]]
    for head in range(6):
        alone = [float(x) for x in answered(*line, "--head", str(head)).split()]
        assert [float(x) for row in table if row[0] == str(head) for x in row[2:]] == near(alone, 1e-7)


def test_surprise_is_perplexitys_answer_on_its_log_probabilities(answered, gpt2, tmp_path):
    line = ("gpt", gpt2, "the cat sat on a mat", "--nll", "--dtype", "float64")
    rows = objects(answered(*line, "--json"))
    assert [row["token"] for row in rows] == ["cat", "sat", "on", "a", "mat"]
    logs = [str(-row["nats"]) for row in rows]
    told = float(answered("perplexity", "--log-probs", *logs))
    assert rows[0]["perplexity"] == pytest.approx(told, rel=1e-12, abs=0)
    assert rows[0]["total"] == pytest.approx(math.fsum(row["nats"] for row in rows), rel=1e-13, abs=0)
    assert rows[0]["bits_per_byte"] == pytest.approx(
        rows[0]["total"] / math.log(2) / len(" cat sat on a mat"), rel=1e-12, abs=0
    )
    for row in rows:
        assert row["probability"] == pytest.approx(math.exp(-row["nats"]), rel=1e-12, abs=0)
        assert row["bits"] == pytest.approx(row["nats"] / math.log(2), rel=1e-12, abs=0)
    file = str(tmp_path / "l.npy")
    answered(*line, "--fields", "logits", "--out", file)
    targets = ",".join(str(row["id"]) for row in rows)
    each = [float(x) for x in answered("cross-entropy", "--logits", f"@{file}", "--target", targets).split()]
    assert each == pytest.approx([row["nats"] for row in rows], rel=1e-10, abs=0)


def test_a_row_a_text_where_that_is_all_that_is_asked(answered, gpt2):
    said = answered("gpt", gpt2, "the cat sat", "a dog", "--nll", "--fields", "text,perplexity,bits_per_byte")
    head, *rows = (line.split("\t") for line in said.splitlines())
    assert head == ["text", "perplexity", "bits_per_byte"]
    assert [row[0] for row in rows] == ["the cat sat", "a dog"]


def test_logits_of_several_texts_are_rows_for_the_next_command(answered, gpt2, tmp_path):
    file = str(tmp_path / "l.npy")
    answered("gpt", gpt2, "the cat", "a dog ran", "--fields", "logits", "--out", file)
    assert np.load(file).shape == (2, 11)
    best = [
        line.split("\t")
        for line in answered("gpt", gpt2, "the cat", "a dog ran", "--top", "1").splitlines()[1:]
    ]
    probs = [line.split() for line in answered("softmax", f"@{file}").splitlines()]
    for row, line in zip(best, probs, strict=True):
        assert max(map(float, line)) == pytest.approx(float(row[2]), rel=1e-6, abs=0)


def test_texts_come_as_words_lines_and_files(answered, gpt2, tmp_path):
    words = answered("gpt", gpt2, "the cat", "a dog")
    assert answered("gpt", gpt2, stdin="the cat\n\na dog\n") == words
    assert answered("gpt", gpt2, "-", stdin="the cat\r\na dog") == words
    file = tmp_path / "t.txt"
    file.write_text("the cat\nsat\n")
    assert objects(answered("gpt", gpt2, f"@{file}", "--json"))[0]["text"] == "the cat\nsat"
    assert answered("gpt", gpt2, stdin="") == ""


def test_windows_tell_each_token_once(answered, gpt2):
    text = " ".join(["the cat sat on a mat and dog ran"] * 3)  # 27 tokens, a context of 12
    rows = objects(answered("gpt", gpt2, text, "--nll", "--stride", "5", "--dtype", "float64", "--json"))
    assert [row["place"] for row in rows] == list(range(1, 27))
    alone = objects(
        answered("gpt", gpt2, " ".join(text.split()[:13]), "--nll", "--dtype", "float64", "--json")
    )
    assert [row["nats"] for row in rows[:12]] == pytest.approx(
        [row["nats"] for row in alone], rel=1e-12, abs=0
    )
    window = objects(
        answered("gpt", gpt2, " ".join(text.split()[5:18]), "--nll", "--dtype", "float64", "--json")
    )
    assert rows[16]["nats"] == pytest.approx(window[-1]["nats"], rel=1e-12, abs=0)


def test_our_own_checkpoint_is_read_letter_by_letter(answered, names):
    rows = objects(answered("gpt", names, "emma", "--nll", "--json", "--dtype", "float64"))
    assert [row["token"] for row in rows] == [*"emma", "."]
    told = objects(answered("generate", names, "--nll", "emma", "--json"))
    assert [row["nats"] for row in rows] == pytest.approx([row["nats"] for row in told], rel=1e-4, abs=0)
    assert rows[0]["bits_per_byte"] == pytest.approx(rows[0]["total"] / math.log(2) / 4, rel=1e-12, abs=0)
    assert len(answered("gpt", names, "emm").splitlines()) == 6


def test_a_run_is_trained_first(answered):
    assert answered("gpt", "reverse", "123456", "--top", "1", "--fields", "token") == "6\n"


@pytest.mark.parametrize("form", ["plain", "csv", "tsv", "markdown", "table", "json"])
@pytest.mark.parametrize(
    "way", [(), ("--nll",), ("--lens",), ("--layer", "1", "--head", "0"), ("--layer", "0")]
)
def test_every_way_in_every_form(answered, llama, form, way):
    for more in ((), ("--explain",)) if form in {"markdown", "table", "json"} else ((),):
        said = answered("gpt", llama, "the cat sat on", *way, "--format", form, *more)
        assert said.strip()
        assert "✗" not in said
    assert "the cat sat on" in answered("gpt", llama, "the cat sat on", *way, "--explain") or way[:1] == (
        "--layer",
    )


WRONG = {
    "no model": ((), "name a model", 2),
    "an empty text": (("{}", ""), "a text is empty", 2),
    "two ways": (("{}", "the", "--nll", "--lens"), "--nll and --lens exclude each other", 2),
    "a head of no layer": (("{}", "the", "--head", "1"), "--head", 2),
    "a layer too far": (("{}", "the", "--layer", "2"), "--layer must be 0 to 1, not 2", 2),
    "a head too far": (("{}", "the", "--layer", "0", "--head", "3"), "--head must be 0 to 2, not 3", 2),
    "a layer of one": (
        ("reverse", "1", "--layer", "1"),
        "--layer must be 0, as there is one alone, not 1",
        2,
    ),
    "a stride of nothing": (("{}", "the cat", "--stride", "3"), "--stride", 2),
    "ids beside a text": (("{}", "the", "--ids", "1"), "not beside 'the'", 2),
    "ids that are none": (("{}", "--ids", "1,x"), "'x'", 2),
    "ids too large": (("{}", "--ids", "11"), "there is no id 11, only 0 to 10", 2),
    "no ids": (("{}", "--ids", "1;;2"), "has no id", 2),
    "too long": (("{}", "the " * 13), "is 13 tokens, and the context 12", 1),
    "one token and its surprise": (("{}", "the", "--nll"), "nothing stands before it", 2),
    "another precision": (("{}", "the", "--dtype", "bf16"), "not one of float32, float64", 2),
    "no such file": (("gone.safetensors", "the"), "No such file", 1),
    "no such folder": (("gone", "the"), "No such file", 1),
    "a run that is no decoder": (("digits", "1"), "a model of digits is no decoder", 1),
    "a letter that isn't known": (("reverse", "12a"), "there is no 'a' among its letters", 2),
    "a text that isn't UTF-8": (("{}", "\udcff"), "is not UTF-8", 2),
    "a file that isn't there": (("{}", "@gone.txt"), "No such file", 1),
}


@pytest.mark.parametrize(("words", "why", "code"), WRONG.values(), ids=WRONG)
def test_mistakes_are_one_line_with_a_way_out(refused, gpt2, words, why, code):
    assert why in refused("gpt", *(word.format(gpt2) for word in words), code=code)


@pytest.mark.parametrize("way", [(), ("--nll",)])
def test_bars_stand_beside_the_table_or_below_it(answered, tmp_path, way):
    def page(*words):
        answered("gpt", "reverse", "123", *way, *words, "--out", str(tmp_path / "page.svg"))
        return (tmp_path / "page.svg").read_text(encoding="utf-8")

    assert page().count("bar: ") == 1
    assert "bar: " not in page("--plot")
    assert page("--plot").count("<rect") > 1


def test_an_encoder_is_for_another_command(refused, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert "a 'bert' is not run\n  aimath embed runs it" in refused("gpt", str(tmp_path), "the", code=1)


def test_texts_without_a_tokenizer(refused, tmp_path):
    folder = write_model(tmp_path / "m", room.CASES["Llama"])
    assert "give the numbers of its tokens by --ids" in refused("gpt", str(folder), "the", code=1)


def test_weights_that_are_no_numbers(refused, tmp_path):
    folder = write_model(tmp_path / "m", room.CASES["GPT-2"], np.float32, layer_norm_epsilon=1e-5)
    raw = bytearray((folder / "model.safetensors").read_bytes())
    raw[-4:] = np.float32(np.nan).tobytes()
    (folder / "model.safetensors").write_bytes(raw)
    said = refused("gpt", str(folder), "--ids", IDS, code=1)
    assert "nan" in said or "no number" in said or "beyond" in said


def test_a_large_model_goes_on(answered, refused, gpt2):
    greedy = answered("generate", gpt2, "--prompt", "the cat", "--tokens", "4", "--temperature", "0")
    text = "the cat"
    for _ in range(4):
        token = answered("gpt", gpt2, text, "--top", "1", "--fields", "token").rstrip("\n")
        if token == "<end>":  # noqa: S105
            break
        text += f" {token}"
    assert greedy == f"{text}\n"
    several = answered(
        "generate", gpt2, "--prompt", "the cat", "--count", "5", "--tokens", "3", "--seed", "2"
    ).splitlines()
    assert len(several) == 5
    assert all(line.startswith("the cat") for line in several)
    again = answered(
        "generate", gpt2, "--prompt", "the cat", "--count", "5", "--tokens", "3", "--seed", "2"
    ).splitlines()
    assert several == again
    assert "--prompt" in refused("generate", gpt2)
    assert "--tokens" in refused("generate", "reverse", "--tokens", "3")
    assert "classes" in refused("generate", gpt2, "--prompt", "the", "--label", "3")


@pytest.mark.parametrize("stated", ["eos_token_id", "list"])
def test_it_stops_before_a_token_that_ends_a_text(answered, gpt2, stated):
    line = ("generate", gpt2, "--prompt", "the cat", "--tokens", "6", "--temperature", "0")
    first, *words = answered(*line).removeprefix("the cat ").split()
    config = Path(gpt2, "config.json")
    vocabulary = json.loads(Path(gpt2, "tokenizer.json").read_text())["model"]["vocab"]
    end = next(word for word in words if word != first)
    ends = vocabulary[end] if stated != "list" else [vocabulary[end], 0]
    config.write_text(json.dumps(json.loads(config.read_text()) | {"eos_token_id": ends}))
    assert answered(*line) == " ".join(["the cat", first, *words[: words.index(end)]]) + "\n"


def test_a_full_context_ends_a_text_and_is_told(aimath, gpt2):
    ran = aimath("generate", gpt2, "--prompt", "the cat", "--tokens", "50", "--temperature", "0")
    assert len(ran.out.split()) == 13  # a context of 12, and the token after it
    assert "the context of 12 tokens is full" in ran.err


def test_generate_tells_gpts_surprise(answered, gpt2):
    told = objects(answered("generate", gpt2, "--nll", "the cat sat", "--json"))
    ours = objects(answered("gpt", gpt2, "the cat sat", "--nll", "--json"))
    assert [row["nats"] for row in told] == [row["nats"] for row in ours]
