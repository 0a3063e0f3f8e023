"""Each optimiser's own state and options on the command line."""

from __future__ import annotations

import json

import pytest

SIX = ("gd", "momentum", "nesterov", "rmsprop", "adam", "adamw")


def rows(out):
    head, *lines = (line.split("\t") for line in out.splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


def objects(out):
    return [json.loads(line) for line in out.splitlines()]


def test_gd_alone_walks_down_the_guides_parabola(aimath, answered):
    text = answered("gd", "--lr", "0.1")
    table = rows(text)
    assert list(table[0]) == ["step", "point_w", "loss", "gradient_w"]
    assert [row["step"] for row in table] == [str(k) for k in range(21)]
    assert [table[1]["point_w"], table[20]["point_w"]] == ["8.6", "3.0807045053224793"]
    assert aimath("gd").out == text


@pytest.mark.parametrize("name", SIX)
def test_json_holds_the_state_and_the_options(aimath, name):
    found = objects(aimath(name, "--steps", "3", "--json").out)
    state = {
        "gd": set(), "momentum": {"buffer"}, "nesterov": {"buffer"}, "rmsprop": {"square_avg", "buffer"},
        "adam": {"m", "v", "m_hat", "v_hat"}, "adamw": {"m", "v", "m_hat", "v_hat"},
    }[name]  # fmt: skip
    shared = {"labels", "step", "point", "loss", "gradient", "rate", "update", "status", "why", "norm"}
    given = {"function", "optimizer", "schedule", "lr", "weight_decay"}
    assert len(found) == 4
    for row in found:
        assert shared | state | given <= set(row)
        assert (row["labels"], row["optimizer"], row["lr"]) == (["w"], name, 0.1)
    assert {"v_max", "grad_avg"}.isdisjoint(found[0])


def test_variants_bring_their_own_state(aimath):
    assert "v_max" in objects(aimath("adam", "--amsgrad", "--json").out)[0]
    assert "grad_avg" in objects(aimath("rmsprop", "--centered", "--json").out)[0]
