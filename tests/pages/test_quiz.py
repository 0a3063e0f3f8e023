"""The quiz as a dialogue: two tries, near misses named, the derivation; on standard input and at a terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests import pseudo

from aimath.errors import InputError
from aimath.quiz.deck import EXERCISES, draw_cards
from aimath.quiz.progress import Answered, ProgressFile, read_progress


def answers(topics, count, seed=0):
    return [card.answer for card in draw_cards(topics, seed, count)]


def test_all_right_is_0(answered):
    text = answered("quiz", "kl", "--count", "3", stdin="".join(f"{a}\n" for a in answers(["kl"], 3)))
    assert text.count("✓ right: ") == 3
    assert text.endswith("\n3 of 3 right.\n")
    assert "Σ p_i" not in text  # what is right needs no derivation


@pytest.mark.slow
@pytest.mark.parametrize("topic", sorted(EXERCISES))
def test_every_calculator_is_asked_and_explained(aimath, topic):
    count = 3
    wrong = [
        "999" if card.exercise else "abcd".replace(card.answer, "")[0]
        for card in draw_cards([topic], 0, count)
    ]
    ran = aimath("quiz", topic, "--count", str(count), "--tries", "1", stdin="\n".join(wrong))
    assert (ran.code, ran.err) == (4, "")
    assert ran.out.count("The answer is ") == count
    for card in draw_cards([topic], 0, count):
        if card.command:
            shown = aimath(*card.command, "--explain").out
            assert f"  $ {shlex.join(['aimath', *card.command, '--explain'])}\n{shown}" in ran.out
        else:
            assert card.model_answer[1] in " ".join(ran.out.split())


def test_second_try_is_the_next_line(aimath):
    (answer,) = answers(["det"], 1)
    ran = aimath("quiz", "det", "--count", "1", stdin=f"999\n{answer}\n")
    assert ran.code == 0
    assert "✗ not right; once more" in ran.out
    assert ran.out.endswith("1 of 1 right, 1 of them at a later try.\n")
    ran = aimath("quiz", "det", "--count", "1", "--tries", "1", stdin=f"999\n{answer}\n")
    assert ran.code == 4
    assert "once more" not in ran.out


def test_near_miss_is_named(aimath):
    (card,) = draw_cards(["entropy"], 0, 1)
    nats = card.exercise.distractors[0]
    ran = aimath("quiz", "entropy", "--count", "1", stdin=f"{nats.value:.4g}\n")
    assert "✗ that is right in nats: the question asks for bits; once more" in " ".join(ran.out.split())


def test_wrong_letter_is_told_why_not(aimath):
    (card,) = draw_cards(["words"], 0, 1)
    wrong = next(letter for letter in "abcd" if letter != card.answer)
    ran = aimath("quiz", "words", "--count", "1", stdin=f"{wrong}\n{card.answer}\n")
    assert ran.code == 0
    said = " ".join(ran.out.split())
    assert card.explanations["abcd".index(wrong)] in said
    assert card.model_answer[0] in said


def test_empty_line_passes_and_the_rest_is_unanswered(aimath):
    ran = aimath("quiz", "--count", "4", stdin="\n")
    assert ran.code == 4
    assert ran.out.count("The answer is ") == 1
    assert "\n0 of 4 right; 4 not answered.\n" in ran.out
    assert aimath("quiz", "--count", "2").out.endswith("0 of 2 right; 2 not answered.\n")


@pytest.mark.parametrize("last", ["", "\n", "\r\n"])
def test_last_line_needs_no_end(aimath, last):
    (answer,) = answers(["det"], 1)
    assert aimath("quiz", "det", "--count", "1", stdin=answer + last).code == 0


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe",
        b"\x00" * 500_000,
        b"a" * 3_000_000,
        b"\x1b[2J",
        "٣".encode(),
        b"$(rm)",
        b"[bold]x[/bold]",
        b"1" * 401,
    ],
)
def test_hostile_answer_gets_one_clear_line(aimath, text):
    ran = aimath("quiz", "det", "--count", "1", "--tries", "1", stdin=text + b"\n")
    assert (ran.code, ran.err) == (4, "")
    assert "is not a number" in " ".join(ran.out.split())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", ran.out)
    assert len(ran.out) < 2500


@pytest.mark.slow
def test_endless_line_ends(program):
    with Path("/dev/zero").open("rb") as zeros:
        ran = program("quiz", "--count", "1", stdin=zeros)
    assert (ran.returncode, ran.stderr) == (
        1,
        "aimath quiz: error: <stdin>: an answer has more than 64 MiB\n",
    )


@pytest.mark.slow
def test_answer_may_come_in_pieces():
    (answer,) = answers(["det"], 1)
    line = [sys.executable, "-m", "aimath", "quiz", "det", "--count", "1", "--tries", "1"]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    shown = iter(process.stdout.readline, b"")
    assert any(b"determinant" in said for said in shown)  # from the question on it reads
    for sign in f"{answer}\n":
        process.stdin.write(sign.encode())
        process.stdin.flush()
        time.sleep(0.1)
    out, _ = process.communicate()
    assert process.returncode == 0, out


@pytest.mark.slow
def test_closed_standard_input_is_no_answer():
    words = shlex.join([sys.executable, "-m", "aimath", "quiz", "--count", "2"])
    ran = subprocess.run(["sh", "-c", f"{words} <&-"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (4, "")
    assert ran.stdout.endswith("0 of 2 right; 2 not answered.\n")


@pytest.mark.slow
def test_seed_count_and_topic(aimath):
    first = aimath("quiz", "--export", "md")
    assert first == aimath("quiz", "--export", "md", "--seed", "0", "--count", "10")
    assert first.out != aimath("quiz", "--export", "md", "--seed", "1").out
    assert aimath("quiz", "kl", "js", "--export", "md") == aimath(
        "quiz", "--topic", "kl", "--topic", "js", "--export", "md"
    )
    drawn = aimath("quiz", "--seed", "random", "--export", "md")
    seed = re.fullmatch(r"aimath quiz: note: --seed random drew (\d+)\n", drawn.err)[1]
    assert aimath("quiz", "--seed", seed, "--export", "md").out == drawn.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["softmx"], "there is no topic 'softmx'\n  did you mean softmax?\n"),
        (["--topic", "xyzzy"], "there is no topic 'xyzzy'\n  name a command, linear-algebra, "),
        (["--count", "0"], "--count must be 1 to 1000, not 0"),
        (["--count", "x"], "--count must be a whole number, not 'x'"),
        (["--seed", "-1"], "--seed must be 0 to "),
        (["--tries", "10"], "--tries must be 1 to 9, not 10"),
        (["--export", "pdf"], "--export: 'pdf' is not one of md, csv"),
    ],
)
def test_bad_line_is_refused(refused, words, said):
    told = refused("quiz", *words)
    assert told.startswith(f"aimath quiz: error: {said}")


def test_fewer_questions_than_asked_for_is_said(aimath):
    ran = aimath("quiz", "words", "--count", "13", "--export", "csv")
    assert ran.err == "aimath quiz: note: there are 12 such questions\n"
    assert len(list(csv.reader(io.StringIO(ran.out)))) == 13


@pytest.mark.slow
def test_key_of_a_worksheet_is_right(aimath):
    ran = aimath("quiz", "--count", "40", "--export", "csv")
    head, *rows = csv.reader(io.StringIO(ran.out))
    assert head == ["number", "topic", "question", "answer", "explanation"]
    assert [row[0] for row in rows] == [str(k + 1) for k in range(40)]
    ran = aimath("quiz", "--count", "40", "--tries", "1", stdin="".join(f"{row[3]}\n" for row in rows))
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "40 of 40 right.")
    sheet = aimath("quiz", "--count", "40", "--export", "md").out
    keys = re.findall(r"^(\d+)\. \*\*(.+?)\*\* ", sheet.partition("# Key")[2], re.MULTILINE)
    assert keys == [(row[0], row[3]) for row in rows]
    assert all(row[2].split("\n")[0] in sheet for row in rows)


def test_ascii_holds_for_derivations_too(aimath):
    ran = aimath("quiz", "kl", "--count", "3", "--tries", "1", "--ascii", stdin="9\n" * 3)
    assert ran.out.isascii()


@pytest.mark.slow
def test_lines_fit(aimath):
    out = aimath("quiz", "--count", "70", "--tries", "1", stdin="9\n" * 70).out
    assert not [line for line in out.splitlines() if len(line) > 80 and "$ aimath" not in line]


def test_prompt_at_a_terminal(warm):
    (answer,) = answers(["det"], 1)
    seen = pseudo.seen(warm, "quiz", "det", "--count", "1", "--seed", "0", typed=["12345\n", f"{answer}\n"])
    assert "  > 12345\n  ✗ not right; once more\n" in seen
    assert f"  > {answer}\n  ✓ right: {answer}\n" in seen


def test_end_of_input_at_a_terminal(warm):
    seen = pseudo.seen(warm, "quiz", "--count", "2", typed=["\x04"], code=4)
    assert seen.splitlines()[-1] == "0 of 2 right; 2 not answered."


def test_narrow_terminal(warm):
    seen = pseudo.seen(warm, "quiz", "words", "--count", "2", typed=["e\n", "\x04"], columns=40, code=4)
    assert max(map(len, seen.splitlines())) <= 40


def test_question_mark_helps_and_typos_are_no_tries(aimath):
    (answer,) = answers(["det"], 1)
    ran = aimath("quiz", "det", "--count", "1", "--tries", "1", stdin=f"?\nthree\n1,5\n{answer}\n")
    assert ran.code == 0
    assert "Type a number" in ran.out
    assert "aimath demo" in ran.out
    assert "? 'three' is not a number" in ran.out
    assert ran.out.endswith("1 of 1 right.\n")


def test_q_ends(aimath):
    ran = aimath("quiz", "det", "--count", "3", stdin="q\n1\n1\n")
    assert ran.code == 4
    assert ran.out.endswith("0 of 3 right; 3 not answered.\n")


def test_questions_of_the_article_come_first():
    first = [card.topic for card in draw_cards([], 5, 10)]
    assert first[:8] == [
        "matmul",
        "lora",
        "backprop",
        "softmax",
        "cross-entropy",
        "diffuse",
        "temperature",
        "rlhf",
    ]
    assert [card.topic for card in draw_cards(["words"], 3, 8)] == first[:8]


def test_seed_at_a_terminal_is_new_and_told(warm):
    seen = pseudo.seen(warm, "quiz", "det", "--count", "1", typed=["\x04"], code=4)
    seed = re.search(r"Seed (\d+):", seen)[1]
    again = pseudo.seen(warm, "quiz", "det", "--count", "1", "--seed", seed, typed=["\x04"], code=4)
    assert re.search(r"determinant.*", seen)[0] == re.search(r"determinant.*", again)[0]


def test_progress_is_kept_and_asked_again(aimath, tmp_path):
    """What was missed is asked again until it is right; the roadmap ticks what is."""
    file = tmp_path / "progress.jsonl"
    (right,) = answers(["kl"], 1)
    assert aimath("quiz", "kl", "--count", "1", "--progress", file, stdin=f"{right}\n").code == 0
    ran = aimath("quiz", "det", "--count", "1", "--tries", "1", "--progress", file, stdin="999\n")
    assert ran.out.endswith("To look at again: det, aimath demo det\n")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["topic"], line["outcome"], line["seed"]) for line in lines] == [
        ("kl", "first", 0),
        ("det", "wrong", 0),
    ]
    ran = aimath("quiz", "--missed", "--count", "2", "--progress", file, stdin="")
    assert ran.out.count(": det\n") == 1
    assert "kl" not in ran.out
    shown = aimath("guide", "roadmap", "--progress", file, "--format", "csv", "--fields", "quiz,done").out
    ticks = dict(line.split(",") for line in shown.splitlines())
    assert (ticks["kl"], ticks["softmax"]) == ("✓", "no")
    (right,) = answers(["det"], 1)
    assert aimath("quiz", "--missed", "--count", "1", "--progress", file, stdin=f"{right}\n").code == 0
    ran = aimath("quiz", "--missed", "--progress", file)
    assert (ran.code, ran.out) == (0, "Nothing was missed.\n")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"topic": 1}', '{"topic": 1, "question": "", "outcome": "first", "seed": 0}', "\xff"]
)
def test_file_that_is_no_progress_is_left_alone(aimath, tmp_path, text):
    file = tmp_path / "other"
    file.write_text(text, "latin-1")
    for words in (
        ["quiz", "--progress", file],
        ["quiz", "--missed", "--progress", file],
        ["guide", "roadmap", "--progress", file],
    ):
        ran = aimath(*words, stdin="1\n")
        assert (ran.code, ran.out) == (1, "")
        assert "line 1: that is no line of a quiz's progress" in ran.err
    assert file.read_text("latin-1") == text


def test_answer_that_has_no_room_leaves_the_lines_before_it(tmp_path, monkeypatch):
    file = tmp_path / "progress.jsonl"
    progress, answer, write = ProgressFile(str(file)), Answered("kl", "kl", "first", 0), os.write
    progress.append(answer)
    monkeypatch.setattr(os, "write", lambda number, data: write(number, data[:7]))
    with pytest.raises(InputError, match="could not be written whole"):
        progress.append(answer)
    progress.close()
    assert read_progress(str(file)) == [answer]


def test_progress_that_cannot_be_kept_is_told_before_a_question(aimath, tmp_path):
    assert aimath("quiz", "--progress", tmp_path / "no" / "file").out == ""
    for words in (["--missed"], ["--missed", "--progress", "x", "kl"], ["--export", "md", "--progress", "x"]):
        assert aimath("quiz", *words).code == 2
    assert aimath("guide", "map", "--progress", "x").code == 2
    ran = aimath("quiz", "--missed", "--progress", tmp_path / "none")
    assert (ran.code, "there is no file" in ran.err) == (1, True)
