"""The command of attention: against sums written out, masks, tokens, heads, pictures."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
from tests.digits import near

Q, K, V = "1 0; 1 1; 0 1", "1 0; 2 1; 0 1", "1 0; 0 1; 2 2"
THREE = ("attention", "-Q", Q, "-K", K, "-V", V)


def rows(text):
    return [[float(x) for x in re.split(r"[\s]+", row.strip())] for row in text.strip().split(";")]


def table(text):
    return [[float(x) for x in line.split()] for line in text.splitlines()]


def mixed(q, k, v, scale, added):
    """Write softmax(Q Kᵀ scale + added) V out, number by number."""
    output = []
    for i, query in enumerate(q):
        scores = [math.fsum(a * b for a, b in zip(query, key, strict=True)) * scale for key in k]
        exponentials = [math.exp(score + added[i][j]) for j, score in enumerate(scores)]
        total = math.fsum(exponentials)
        shares = [e / total for e in exponentials]
        output.append(
            [math.fsum(s * row[c] for s, row in zip(shares, v, strict=True)) for c in range(len(v[0]))]
        )
    return output


def hidden_after(size):
    return [[0.0 if j <= i else -math.inf for j in range(size)] for i in range(size)]


@pytest.mark.parametrize(
    ("options", "scale", "added"),
    [
        ((), 2**-0.5, [[0.0] * 3] * 3),
        (("--causal",), 2**-0.5, hidden_after(3)),
        (("--scale", "3"), 3.0, [[0.0] * 3] * 3),
        (("--mask", "1 0 0; 1 1 0; 1 1 1"), 2**-0.5, hidden_after(3)),
        (("--mask", "0 -2 .5; 1 1 0; -inf 3 0"), 2**-0.5, [[0, -2, 0.5], [1, 1, 0], [-math.inf, 3, 0]]),
        (("--causal", "--mask", "0 2 2; 1 -1 2; 5 1 0"), 2**-0.5, [[0, -math.inf, -math.inf], [1, -1, -math.inf], [5, 1, 0]]),
    ],
)  # fmt: skip
def test_output_is_the_sums_written_out(answered, options, scale, added):
    text = answered(*THREE, *options)
    wanted = mixed(rows(Q), rows(K), rows(V), scale, added)
    np.testing.assert_allclose(table(text), wanted, rtol=1e-14, atol=1e-16)


def test_a_mask_of_other_numbers_than_0_and_1_is_added(aimath):
    shown = json.loads(aimath(*THREE, "--mask", "1 0 0; 1 1 0; 1 1 1", "--json").out)
    assert shown["mask"] == [[0, "-inf", "-inf"], [0, 0, "-inf"], [0, 0, 0]]
    shown = json.loads(aimath(*THREE, "--mask", "1 0 0; 1 1 0; 1 1 2", "--json").out)
    assert shown["mask"] == [[1, 0, 0], [1, 1, 0], [1, 1, 2]]


def test_operands_come_in_order_too_and_from_files(aimath, tmp_path):
    for name, text in (("q", Q), ("k", K), ("v", V)):
        (tmp_path / f"{name}.csv").write_text(text.replace("; ", "\n").replace(" ", ",") + "\n")
    wanted = aimath(*THREE).out
    assert aimath("attention", Q, K, V).out == wanted
    assert aimath("attention", *(tmp_path / f"{name}.csv" for name in "qkv")).out == wanted
    flags = [word for name in "qkv" for word in (f"-{name.upper()}", tmp_path / f"{name}.csv")]
    assert aimath("attention", *flags).out == wanted


def test_several_problems_are_answered_one_after_the_other(aimath):
    problems = [json.dumps({"Q": [[1, 0]], "K": [[1, 0], [0, 1]], "V": [[0], [v]]}) for v in range(5)]
    problems[3] = problems[3].replace("[[1, 0]],", "[[1, 0, 2]],")
    share = 1 / (1 + math.exp(2**-0.5))
    ran = aimath("attention", "--invalid", "skip", "--json", stdin="\n".join(problems) + "\n")
    found = [json.loads(line)["output"] for line in ran.out.splitlines()]
    assert ran.code == 3
    assert found == [[[near(v * share, 1e-15)]] for v in (0, 1, 2, 4)]
    ran = aimath("attention", stdin="\n".join(problems) + "\n")
    assert ran.code == 1
    assert "<stdin>:4: Q has width 3 and K 2" in ran.err
    ran = aimath("attention", "-K", K, "-V", V, stdin='{"Q": [[1, 0]]}\n{"Q": [[0, 1]]}\n')
    assert table(ran.out.replace("\n\n", "\n")) == [
        near(row, 1e-14) for row in mixed([[1, 0], [0, 1]], rows(K), rows(V), 2**-0.5, [[0] * 3] * 2)
    ]


def test_a_line_that_typer_reads_gives_the_same(aimath):
    """`-Q'...'` in one word, and an operand that starts with a minus, are not plain."""
    assert aimath("attention", f"-Q{Q}", "-K", K, "-V", V).out == aimath(*THREE).out
    shown = aimath("attention", "-Q", "-1 0", "-K", "-1 2; 0 0", "-V", "1; 0")
    assert table(shown.out) == [[near(1 / (1 + math.exp(-(2**-0.5))), 1e-15)]]


def test_every_panel_is_a_field(aimath):
    shown = json.loads(aimath(*THREE, "--causal", "--tokens", "the,cat,sat", "--json").out)
    assert shown["labels"] == ["the", "cat", "sat"]
    scores = [[sum(a * b for a, b in zip(q, k, strict=True)) for k in rows(K)] for q in rows(Q)]
    assert shown["scores"] == scores
    np.testing.assert_allclose(shown["scaled"], np.array(scores) / math.sqrt(2), rtol=1e-15)
    assert [[x == "-inf" for x in row] for row in shown["masked"]] == [
        [j > i for j in range(3)] for i in range(3)
    ]
    assert [sum(row) for row in shown["weights"]] == pytest.approx([1, 1, 1], abs=1e-15)
    assert shown["causal"] is True
    assert "mask" not in shown
    assert shown["scale"] == near(2**-0.5, 1e-15)


def test_explain_has_four_panels_with_the_tokens(aimath):
    out = aimath(*THREE, "--causal", "--tokens", "the,cat,sat", "--explain").out
    lines = out.splitlines()
    assert re.split(r" {2,}", lines[1].strip()) == ["1 Q·Kᵀ", "2 times scale", "3 mask", "4 softmax"]
    cat = lines[3].split()
    assert cat[:4] == ["cat", "1", "3", "1"]
    assert [float(x) for x in cat[4:10]] == pytest.approx(
        [0.7071, 2.1213, 0.7071, 0.7071, 2.1213, -math.inf], abs=5e-4
    )
    assert [float(x) for x in cat[10:13]] == pytest.approx([0.1956, 0.8044, 0], abs=5e-4)
    assert cat[13:] == ["░█"]
    assert " 5 softmax · V, for sat:   0.1978·[1, 0] + 0.4011·[0, 1] + 0.4011·[2, 2]" in lines
    assert "✗" not in out


def test_explain_without_a_mask_has_no_panel_for_it(aimath):
    out = aimath(*THREE, "--explain").out
    assert "mask" not in out
    assert "3 softmax" in out


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 3, 10, 13, 40])
@pytest.mark.parametrize("more", [(), ("--causal",), ("--ascii",), ("--digits", "8"), ("--all",)])
def test_explain_is_narrow_and_holds(answered, size, more):
    if size > 10 and "--all" in more:
        more = ("--causal", "--ascii")
    shape = f"randn:{size}x4"
    text = answered("attention", shape, shape, f"randn:{size}x9", "--explain", *more)
    assert max(map(len, text.splitlines())) <= 80
    assert "✓" in text or " ok " in text
    assert ("more rows (--all)" in text) == (size > 12)


def test_a_query_that_sees_nothing_is_named(refused):
    assert "query 2 sees no key" in refused(*THREE, "--mask", "1 1 1; 0 0 0; 1 1 1", code=1)


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--tokens", "the,cat"), "--tokens: 2 names for 3 positions", 2),
        (("--scale", "inf"), "--scale", 2),
        (("--mask", "1 0; 1 1"), "the mask has shape 2x2", 1),
        (("--seed", "2", "--heads", "2"), "--seed does nothing beside -Q", 2),
        (("--heads", "3"), "3 heads can't share the width 2 of Q evenly", 1),
        (("--heads", "2", "--kv-heads", "4"), "2 heads can't share the 4 of --kv-heads evenly", 2),
        (("--kv-heads", "2"), "--kv-heads needs the number of heads", 2),
        (("--window", "0"), "--window", 2),
        (("--heads", "0"), "--heads", 2),
        (("--head", "2"), "--heads", 2),
    ],
)
def test_what_is_wrong_is_said(refused, words, said, code):
    told = refused(*THREE, *words, stdin="1 2\n3 4\n", code=code)
    assert said in told
    assert len(told.splitlines()) <= 2


def test_shapes_that_do_not_fit(aimath, refused):
    assert "Q has width 2 and K 3" in refused("attention", "-Q", "1 0", "-K", "1 0 2", "-V", "1", code=1)
    ran = aimath("attention", "-Q", "1 x", "-K", "1 0", "-V", "1")
    assert ran.code == 2
    assert "-Q: 'x' is not a number" in ran.err


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("causal", [(), ("--causal",)])
def test_heads_are_cut_and_joined(aimath, heads, causal):
    """Every head by sums written out, with the weights that the same seed draws."""
    ran = aimath("attention", "randn:3x4", "--heads", str(heads), "--seed", "5", "--json", *causal)
    shown = json.loads(ran.out)
    draw = np.random.default_rng((5, 1)).standard_normal((4, 4, 4)) / 2
    x, width = np.random.default_rng(5).standard_normal((3, 4)), 4 // heads
    assert shown["X"] == x.tolist()
    assert [shown[name] for name in ("Wq", "Wk", "Wv", "Wo")] == draw.tolist()
    q, k, v = (x @ w for w in draw[:3])
    added = hidden_after(3) if causal else [[0.0] * 3] * 3
    parts = [slice(h * width, (h + 1) * width) for h in range(heads)]
    found = [mixed(q[:, p], k[:, p], v[:, p], width**-0.5, added) for p in parts]
    np.testing.assert_allclose(shown["mixed"], found, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(shown["output"], np.hstack(found) @ draw[3], rtol=1e-12, atol=1e-13)
    assert np.shape(shown["weights"]) == (heads, 3, 3)
    assert (shown["seed"], "attention" in shown) == (5, False)


def test_seed_changes_the_weights_and_is_repeatable(aimath):
    one, again, other = (
        aimath("attention", "1 2; 3 4", "--heads", "1", "--seed", seed).out for seed in ("1", "1", "2")
    )
    assert one == again != other
    ran = aimath("attention", "1 2; 3 4", "--heads", "1", "--seed", "random")
    drawn = re.search(r"--seed random drew (\d+)", ran.err)
    assert ran.out == aimath("attention", "1 2; 3 4", "--heads", "1", "--seed", drawn[1]).out


def test_explain_of_heads_shows_each_of_the_first(aimath):
    out = aimath("attention", "randn:3x6", "--heads", "6", "--explain", "--tokens", "a,b,c").out
    assert max(map(len, out.splitlines())) <= 80
    assert [f"head {h}" in out for h in range(1, 7)] == [True] * 4 + [False] * 2
    assert "2 more heads of 6" in out
    assert "✓" in out


def test_plot_has_numbers_shades_and_tokens(aimath):
    ran = aimath(*THREE, "--causal", "--tokens", "the,cat,sat", "--plot")
    title, head, the, cat, _, legend = ran.err.splitlines()
    assert title == " weights: row = query, column = key"
    assert head.split() == ["the", "cat", "sat"]
    assert the.split() == ["the", "1.0", "██", "·", "·"]
    assert cat.split() == ["cat", "0.2", "░░", "0.8", "██", "·"]
    assert legend == " ░░ to 0.25   ▒▒ to 0.5   ▓▓ to 0.75   ██ to 1   · masked"
    plain = aimath(*THREE, "--plot", "--ascii")
    assert plain.err.isascii()


def test_plot_of_many_is_an_image(aimath):
    ran = aimath("attention", *["randn:30x2"] * 3, "--plot")
    _, *image, said = ran.err.splitlines()
    assert (len(image), said) == (30, " blank 0.00043 to █ 0.45")
    assert set("".join(image)) <= set(" ░▒▓█")


def test_sweep_of_scales_answers_each(aimath):
    ran = aimath(*THREE, "--scale", "1,2", "--csv")
    head, *lines = ran.out.splitlines()
    assert head == "scale,row,output_1,output_2"
    found = np.array([line.split(",") for line in lines], float)
    assert found[:, :2].tolist() == [[scale, row] for scale in (1, 2) for row in (1, 2, 3)]
    for scale in (1, 2):
        wanted = mixed(rows(Q), rows(K), rows(V), scale, [[0.0] * 3] * 3)
        assert found[found[:, 0] == scale, 2:] == near(np.array(wanted), 1e-14)


def test_tokens_name_the_rows_of_a_table(aimath):
    ran = aimath(*THREE, "--tokens", "the,cat,sat", "--csv", "--fields", "weights,scale")
    head, *lines = ran.out.splitlines()
    assert head == "label,weights_1,weights_2,weights_3,scale"
    assert [line.partition(",")[0] for line in lines] == ["the", "cat", "sat"]
    swept = aimath(*THREE, "--tokens", "the,cat,sat", "--csv", "--scale", "1,2").out.splitlines()
    assert (swept[0], swept[4][:6]) == ("scale,label,output_1,output_2", "2,the,")


@pytest.mark.parametrize("tokens", [(), ("--tokens", "the,cat,sat")])
def test_each_row_of_each_head_has_a_line(aimath, tokens):
    line = ("attention", "randn:3x4", "--heads", "2", *tokens)
    ran = aimath(*line, "--fields", "weights", "--csv")
    head, *lines = ran.out.splitlines()
    assert head == f"head,{'label' if tokens else 'row'},weights_1,weights_2,weights_3"
    cells = [line.split(",") for line in lines]
    names = ("the", "cat", "sat") if tokens else ("1", "2", "3")
    assert [row[:2] for row in cells] == [[h, name] for h in "12" for name in names]
    weights = json.loads(aimath(*line, "--json").out)["weights"]
    assert np.array([row[2:] for row in cells], float).reshape(2, 3, 3).tolist() == weights


def test_what_is_made_for_every_pair_is_priced(aimath):
    line = ("attention", *["randn:300x2"] * 3, "--max-memory", "10M")
    assert (aimath(*line).code, aimath(*line, "--fields", "weights").code) == (0, 0)
    ran = aimath(*line, "--json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "aimath attention: error: scores, scaled, masked, weights of 300 x 300 numbers with their text needs "
        "16.48 MiB; the limit is 10.00 MiB\n  use --fields output or --max-memory 1G\n"
    )
    several = aimath("attention", "randn:300x6", "--heads", "3", "--explain", "--max-memory", "10M")
    assert "scores of 3 x 300 x 300 numbers with their text needs 12.36 MiB" in several.err


def test_tokens_steer_no_terminal(aimath):
    out = aimath(*THREE, "--tokens", "the,\x1b[31mcat,sa\u202et", "--explain").out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_lone_matrix_has_one_head(answered):
    text = answered("attention", "1 0 2; 0 1 1")
    assert text == answered("attention", "1 0 2; 0 1 1", "--heads", "1")
    assert answered("attention", "1 0 2; 0 1 1", "--seed", "3") != text
    batch = answered("attention", "randn:2x3x4").split("\n\n")
    assert len(batch) == 2
    assert batch[0].split() == answered("attention", "randn:3x4").split()  # the first is drawn as it is alone


# heads that are given


@pytest.fixture
def stored(tmp_path):
    """Write Q of 2 x 4 heads, K and V of 2 x 2, each 3 rows of width 2; the first of the batch; and columns."""
    rng = np.random.default_rng(0)
    whole = {
        "Q": rng.normal(size=(2, 4, 3, 2)),
        "K": rng.normal(size=(2, 2, 3, 2)),
        "V": rng.normal(size=(2, 2, 3, 2)),
    }
    for name, array in whole.items():
        np.save(tmp_path / f"{name}4.npy", array)
        np.save(tmp_path / f"{name}3.npy", array[0])
        np.save(tmp_path / f"{name}2.npy", np.concatenate(array[0], axis=1))
        (tmp_path / f"{name}3.json").write_text(json.dumps(array[0].tolist()))
    return whole


def files(folder, axes, suffix="npy"):
    return [word for name in "QKV" for word in (f"-{name}", folder / f"{name}{axes}.{suffix}")]


def heads_of(whole, window=None):
    """Give every head's answer (batch, head, row, width) by sums written out."""
    out = -math.inf
    added = [[0.0 if window is None or i - window < j <= i else out for j in range(3)] for i in range(3)]
    return np.array(
        [
            [
                mixed(q, whole["K"][b][h // 2], whole["V"][b][h // 2], 2**-0.5, added)
                for h, q in enumerate(some)
            ]
            for b, some in enumerate(whole["Q"])
        ]
    )


@pytest.mark.parametrize("window", [None, 1, 2])
def test_heads_of_files_are_columns_or_axes(answered, stored, tmp_path, window):
    more = ("--kv-heads", "2", *(() if window is None else ("--window", window)))
    truth = heads_of(stored, window)
    lines = answered("attention", *files(tmp_path, 2), "--heads", "4", *more, "--csv").splitlines()
    found = np.array([line.split(",") for line in lines[1:]], float)
    np.testing.assert_allclose(found, np.concatenate(truth[0], axis=1), rtol=1e-13, atol=1e-15)
    for suffix in ("npy", "json"):
        lines = answered("attention", *files(tmp_path, 3, suffix), *more, "--csv").splitlines()
        assert lines[0] == "head,row,output_1,output_2"
        found = np.array([line.split(",") for line in lines[1:]], float)
        assert found[:, :2].tolist() == [[h, r] for h in (1, 2, 3, 4) for r in (1, 2, 3)]
        np.testing.assert_allclose(found[:, 2:], truth[0].reshape(12, 2), rtol=1e-13, atol=1e-15)
    lines = answered("attention", *files(tmp_path, 4), "--heads", "4", *more, "--json").splitlines()
    found = np.array([json.loads(line)["output"] for line in lines])
    np.testing.assert_allclose(found, truth, rtol=1e-13, atol=1e-15)


@pytest.mark.usefixtures("stored")
def test_weights_of_heads_go_on_to_entropy(aimath, tmp_path):
    weights = aimath(
        "attention", *files(tmp_path, 2), "--heads", "4", "--kv-heads", "2", "--fields", "weights"
    ).out
    rows = [[float(x) for x in line.split()] for line in weights.splitlines() if line]
    assert len(rows) == 12
    shown = aimath("entropy", stdin=weights).out.split()
    assert [float(x) for x in shown] == near([-sum(p * math.log2(p) for p in row) for row in rows], 1e-13)


def test_three_axes_with_heads_are_heads_not_a_batch(refused, aimath):
    told = refused(
        "attention", *[word for n in "QKV" for word in (f"-{n}", "randn:2x5x8")], "--heads", "4", code=1
    )
    assert "Q is 2x5x8, which is 2 heads, not 4" in told
    shown = aimath(
        "attention", *[word for n in "QKV" for word in (f"-{n}", "randn:2x5x8")], "--heads", "2", "--json"
    )
    assert np.shape(json.loads(shown.out)["output"]) == (2, 5, 8)
    several = aimath("attention", *[word for n in "QKV" for word in (f"-{n}", "randn:2x5x8")], "--json")
    outputs = [json.loads(line)["output"] for line in several.out.splitlines()]
    np.testing.assert_allclose(outputs, json.loads(shown.out)["output"], rtol=1e-13)


@pytest.mark.usefixtures("stored")
def test_keys_of_fewer_heads_are_shared_by_request(refused, tmp_path):
    told = refused("attention", *files(tmp_path, 3), "--heads", "4", code=1)
    assert "K is 2x3x2, which is 2 heads, not 4" in told
    assert "use --kv-heads 2 to share them" in told


@pytest.mark.usefixtures("stored")
def test_explain_of_given_heads_says_whose_keys(aimath, tmp_path):
    out = aimath("attention", *files(tmp_path, 2), "--heads", "4", "--kv-heads", "2", "--explain").out
    assert max(map(len, out.splitlines())) <= 80
    assert [f"head {h}, keys {g}" in out for h, g in ((1, 1), (2, 1), (3, 2), (4, 2))] == [True] * 4
    assert "✓" in out
    assert "mask" not in out


def test_sweeps_of_heads_and_windows(aimath):
    words = [word for n in "QKV" for word in (f"-{n}", "randn:3x4")]
    lines = aimath("attention", *words, "--heads", "1,2", "--window", "1,3", "--csv").out.splitlines()
    assert lines[0] == "heads,window,row,output_1,output_2,output_3,output_4"
    assert [line.split(",")[:3] for line in lines[1::3]] == [[h, w, "1"] for h in "12" for w in "13"]
