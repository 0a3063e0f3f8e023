"""train and generate on the command line: lists, logs, sweeps, files, Ctrl-C, what goes wrong."""

from __future__ import annotations

import functools
import json
import math
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.pseudo import seen
from tests.waiting import PATIENCE, wait_until

from aimath.training.registry import RUNS

HEAD = ["step", "seconds", "train", "heldout", "lr"]


def rows(ran):
    head, *lines = (line.split("\t") for line in ran.out.splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


def test_alone_it_lists_the_runs_with_what_they_take(answered):
    listed = answered("train")
    head, *lines = listed.splitlines()
    assert head == "run\tseconds\tlearns\tseen"
    assert list(dict.fromkeys(line.split("\t")[0].split()[0] for line in lines)) == list(RUNS)
    assert all(0.0 < float(line.split("\t")[1]) <= 60.0 for line in lines)


def test_a_pipe_gets_the_log_and_the_result_as_rows(aimath):
    ran = aimath("train", "digits", "--steps", "30")
    assert (ran.code, ran.err) == (0, "")
    log = rows(ran)
    assert list(log[0]) == [*HEAD, "accuracy", "test", "status"]
    assert [int(row["step"]) for row in log] == [*range(0, 31, 3), 30]
    assert {row["status"] for row in log[:-1]} == {"going"}
    assert log[-1]["status"] == "done"
    assert float(log[0]["heldout"]) == pytest.approx(math.log(10), rel=1e-12, abs=0)
    assert {row["test"] for row in log[:-1]} == {""}
    assert float(log[-1]["test"]) > 0.8


def test_json_has_an_object_a_logged_step_and_a_last_one(aimath):
    objects = [
        json.loads(line) for line in aimath("train", "digits", "--steps", "20", "--json").out.splitlines()
    ]
    *log, last = objects
    assert all({*HEAD, "accuracy", "test", "status"} == row.keys() for row in log)
    assert all(row["test"] is None for row in log)
    assert {"run", "seed", "steps", "weights", "baselines", "test", "test_loss"} <= last.keys()
    assert (last["run"], last["weights"], last["steps"]) == ("digits", 64 * 128 + 128 + 128 * 10 + 10, 20)
    assert last["baselines"]["all alike"] == math.log(10)


def test_a_sweep_is_a_row_a_run_and_its_time_is_told_first(aimath):
    ran = aimath(
        "train", "spiral", "--lr", "log:1e-3:1e-1:3", "--seed", "1,2", "--steps", "5", "--csv", "--last"
    )
    assert ran.code == 0
    head, *lines = (line.split(",") for line in ran.out.splitlines())
    assert head[:3] == ["lr", "seed", "step"]
    assert [line[:2] for line in lines] == [[lr, seed] for lr in ("0.001", "0.01", "0.1") for seed in "12"]
    assert ran.err.startswith("aimath train: note: 6 runs will take about ")


def test_a_sweep_with_a_run_that_diverges_goes_on_and_says_which(aimath):
    ran = aimath("train", "spiral", "--lr", ".01,50", "--steps", "40", "--last")
    assert ran.code == 4
    assert [row["status"] for row in rows(ran)] == ["done", "diverged"]
    assert "check failed: the training diverged at step" in ran.err


def test_divergence_is_code_4_with_step_and_reason(aimath):
    ran = aimath("train", "spiral", "--lr", "10")
    assert ran.code == 4
    assert rows(ran)[-1]["status"] == "diverged"
    step = rows(ran)[-1]["step"]
    assert f"diverged at step {step}: the loss" in ran.err
    assert "twice that of a model that knows nothing" in ran.err


def test_what_takes_too_long_is_refused_before_it_starts(refused):
    said = refused("train", "digits", "--steps", "100000000", "--last")
    assert "more than 60" in said
    assert "--max-seconds" in said
    said = refused("train", "spiral", "--steps", "2000", "--seed", "1,2,3,4,5", "--max-seconds", "1")
    assert "5 runs will take about" in said


def test_no_steps_is_the_untrained_model(aimath):
    first, last = rows(aimath("train", "digits", "--steps", "0"))
    assert (first["step"], first["train"], first["status"], last["status"]) == ("0", "", "going", "done")
    assert float(last["heldout"]) == pytest.approx(math.log(10), rel=1e-12, abs=0)


WRONG = {
    "a run that isn't there": (("digitz",), "did you mean digits"),
    "a setting that the run lacks": (("spiral", "--rank", "2"), "spiral has no --rank"),
    "an architecture that isn't there": (("digits", "--arch", "gru"), "choose from mlp, softmax"),
    "an optimizer that isn't there": (("digits", "--optimizer", "lion"), "not one of sgd, adam"),
    "an optimizer of other runs": (("digits", "--optimizer", "muon"), "no muon"),
    "a rate of 0": (("digits", "--lr", "0"), "--lr must be above 0"),
    "a rate below 0": (("digits", "--lr", "-1"), "--lr must be above 0"),
    "an infinite rate": (("digits", "--lr", "inf"), "--lr must be above 0 and finite"),
    "half a step": (("digits", "--steps", "1.5"), "1.5"),
    "a width of 0": (("digits", "--width", "0"), "--width"),
    "dropout of all": (("digits", "--dropout", "1"), "--dropout must be at most"),
    "a seed that is a word": (("digits", "--seed", "x"), "--seed"),
    "a file that the run doesn't take": (("digits", "x.txt"), "digits takes no file"),
    "three words": (("digits", "a", "b"), "takes a run and a file"),
    "settings of no run": (("--steps", "3"), "none is named"),
    "a file of another form": (("digits", "--save", "m.npz"), "use --save m.safetensors"),
    "a file for several runs": (("digits", "--seed", "1,2", "--save", "m.safetensors"), "2 runs don't fit"),
    "a file that isn't there": (("--resume", "none.safetensors"), "No such file"),
}


@pytest.mark.parametrize(("words", "why"), WRONG.values(), ids=WRONG)
def test_mistakes_are_one_line_with_a_way_out(aimath, words, why, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = aimath("train", *words)
    assert (ran.code, ran.out) == (1 if "No such" in why else 2, "")
    assert why in ran.err
    assert len(ran.err.splitlines()) <= 3
    assert [path.name for path in tmp_path.iterdir() if path.name != ".stdin"] == []


def test_a_folder_that_isnt_there_is_told_before_the_training(aimath, tmp_path, monkeypatch):
    monkeypatch.setattr("aimath.training.loop.train", pytest.fail)
    ran = aimath("train", "digits", "--steps", "400", "--save", f"{tmp_path}/no/m.safetensors")
    assert (ran.code, ran.out) == (1, "")
    assert "there is no directory" in ran.err


def test_half_and_the_other_half_are_the_whole_bit_for_bit(aimath, tmp_path):
    whole, half, rest = (str(tmp_path / f"{name}.safetensors") for name in ("whole", "half", "rest"))
    for words in (
        ("spiral", "--steps", "40", "--save", whole),
        ("spiral", "--steps", "40", "--stop-at", "17", "--save", half),
        ("--resume", half, "--save", rest),
    ):
        assert aimath("train", *words, "--last").code == 0
    assert Path(whole).read_bytes() == Path(rest).read_bytes()
    ran = aimath("train", "digits", "--resume", half)
    assert (ran.code, ran.out) == (2, "")
    assert "is of spiral" in ran.err
    assert "--lr is as" in aimath("train", "--resume", half, "--lr", "1").err
    assert rows(aimath("train", "--resume", half, "--steps", "45"))[-1]["step"] == "45"


@pytest.mark.slow
def test_a_full_disk_is_code_1_with_a_message(program, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"old")
    small = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (4096, 4096))
    ran = program("train", "spiral", "--steps", "3", "--save", str(path), preexec_fn=small)
    assert ran.returncode == 1
    assert "file too large" in ran.stderr
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"old"]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ran = program(
            "train", "spiral", "--steps", "3", stdout=full, stderr=subprocess.PIPE, capture_output=False
        )
    assert ran.returncode == 1
    assert "no space left" in ran.stderr


def interrupted(tmp_path, *words):
    """Run a long training, press Ctrl-C once it goes on, and give its code, output and errors."""
    out, err = tmp_path / "out", tmp_path / "err"
    asked = [
        sys.executable,
        "-m",
        "aimath",
        "train",
        "digits",
        "--steps",
        "50000",
        "--max-seconds",
        "10000",
        *words,
    ]
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(asked, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL)
        wait_until(lambda: out.read_bytes().count(b"\n") >= 2 or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        code = process.wait(PATIENCE)
    return code, out.read_text(), err.read_text()


@pytest.mark.slow
def test_ctrl_c_ends_the_step_and_prints_the_last_row(tmp_path):
    code, out, err = interrupted(tmp_path)
    assert (code, err) == (130, "")
    last = out.splitlines()[-1].split("\t")
    assert last[-1] == "interrupted"
    assert 0 < int(last[0]) < 50000
    assert 0.0 < float(last[-2]) <= 1.0


@pytest.mark.slow
def test_ctrl_c_writes_what_can_be_gone_on_with(tmp_path, program):
    path = str(tmp_path / "m.safetensors")
    code, out, _ = interrupted(tmp_path, "--save", path)
    assert code == 130
    done = int(out.splitlines()[-1].split("\t")[0])
    assert os.listdir(tmp_path) and not [name for name in os.listdir(tmp_path) if name.startswith(".aimath")]  # noqa: PTH208, PT018
    ran = program("train", "--resume", path, "--stop-at", str(done + 2), "--max-seconds", "10000", "--last")
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[-1].split("\t")[0] == str(done + 2)


def test_derivation_shows_one_step_with_its_check(answered):
    told = answered("train", "digits", "--steps", "5", "--explain")
    assert "✓ checked another way: g = " in told
    assert "Adam: m <- β1 m" in told
    assert "logits = W2 h1 + b2" in told


@pytest.mark.slow
def test_a_terminal_shows_head_table_formulas_and_experiments(warm):
    text = seen(warm, "train", "spiral", "--steps", "20", env={"TERM": "dumb"})
    for said in (
        "1,251 weights",
        "expected",
        "baselines",
        "= ln 3",
        "by_descent",
        "The formulas in it:",
        "Try:",
    ):
        assert said in text
    live = seen(warm, "train", "spiral", "--steps", "200", env={"TERM": "xterm"})
    assert "\x1b[?25l" in live and live.count("\x1b[?25h") == 1  # noqa: PT018
    assert "held out" in live


def test_curve_and_map_go_to_standard_error_beside_piped_rows(aimath):
    ran = aimath("train", "spiral", "--steps", "20", "--plot")
    assert len(rows(ran)) == 12
    assert "the arm that the network gives each place to" in ran.err
    assert "all alike" in ran.err


@pytest.fixture
def reversing(aimath, tmp_path):
    path = str(tmp_path / "m.safetensors")
    assert aimath("train", "reverse", "--save", path, "--last").code == 0
    return path


def test_a_saved_model_writes_and_tells_its_surprise(aimath, reversing):
    assert aimath("generate", reversing, "--prompt", "123456") == (0, "123456 -> 654321\n", "")
    drawn = aimath("generate", reversing, "--count", "3", "--seed", "2").out.splitlines()
    assert len({*drawn}) == 3
    assert all(line[:6] == line[:9:-1] for line in drawn)
    told = rows(aimath("generate", reversing, "--nll", "123456", "000000"))
    assert [row["token"] for row in told] == [*"654321", *"000000"]
    for row in told:
        assert float(row["probability"]) == pytest.approx(math.exp(-float(row["nats"])), rel=1e-12, abs=0)


MISUSED = {
    "no model": ((), "name a model"),
    "a text without --nll": (("{}", "123456"), "texts behind --nll"),
    "--nll without a text": (("{}", "--nll"), "--nll needs a text"),
    "a text that can't be": (("{}", "--nll", "abc"), "'abc' is not 6 digits"),
    "a prompt that can't be": (("{}", "--prompt", "12"), "'12' is not 6 digits"),
    "a label": (("{}", "--label", "3"), "no classes to ask for"),
    "a cold temperature": (("{}", "--temperature", "-1"), "--temperature"),
    "a share above 1": (("{}", "--top-p", "1.5"), "--top-p"),
    "none": (("{}", "--count", "0"), "--count"),
    "samplers of no sample": (("{}", "--nll", "123456", "--count", "3"), "--count does nothing beside --nll"),
}


@pytest.mark.parametrize(("words", "why"), MISUSED.values(), ids=MISUSED)
def test_misuse_of_generate(refused, reversing, words, why):
    assert why in refused("generate", *(word.format(reversing) for word in words))


def test_what_classifies_makes_nothing(refused):
    assert "makes nothing" in refused("generate", "spiral", code=1)


def test_what_the_optimizer_remembers_is_no_weight_of_the_model(aimath, answered, tmp_path):
    half, whole = tmp_path / "half.safetensors", tmp_path / "whole.safetensors"
    trained = json.loads(answered("train", "reverse", "--stop-at", "3", "--save", half, "--json", "--last"))
    answered("train", "--resume", half, "--stop-at", "5", "--save", whole, "--last")
    *tensors, every = [json.loads(line) for line in answered("weights", whole, "--json").splitlines()]
    assert every["parameters"] == trained["weights"]
    assert not [one for one in tensors if one["name"].startswith("optimizer")]
    ran = aimath("lora", half, whole)
    assert ran.code == 0
    assert "optimizer" not in ran.out + ran.err
