"""Rows that several processes answer, and parts of them: the bytes of one process."""

from __future__ import annotations

import shlex

import numpy as np
import pytest
from tests.covering import some_and_all, turns

from aimath.errors import InputError

LINES = {
    "softmax": "softmax @a.npy",
    "sweep": "softmax @a.npy --temperature 1,2",
    "kl": "kl @a.npy @b.npy --logits",
    "target": "cross-entropy --logits @a.npy --target @t.npy --ignore 3",
    "text target": "cross-entropy --logits @a.npy --target @t.txt",
    "describe": "describe @a.npy",
    "one beside": "kl @a.npy --q 1,2,3,4 --logits",
    "files": "softmax @x-*.csv",
    "shell's files": "softmax x-0.csv x-1.csv x-2.csv x-3.csv",
    "numbered": "sample @a.npy --count 2",
    "numbered files": "sample @a.npy @b.npy --count 2",
    "a file again": "sample @a.npy @b.npy @a.npy --count 2",
    "bad rows": "entropy @holes.npy --logits --invalid skip",
    "rows of nan": "entropy @holes.npy --logits --invalid nan",
}
FORMS = ("", "--json", "--csv", "--format markdown", "--out o.npy", "--format tsv --no-header")


@pytest.fixture
def small(files, monkeypatch):
    """Files as the others, and tasks of a few rows."""
    rows = np.load("a.npy")
    rows[[3, 17]] = np.nan
    np.save("holes.npy", rows)
    monkeypatch.setattr("aimath.cli.runner.division.rows.TASK_NUMBERS", 12)
    return files


def outcome(aimath, folder, line: str, form: str, *more: str):
    ran = aimath(*shlex.split(line), *form.split(), *more)
    written = folder / "o.npy"
    data = written.read_bytes() if written.exists() else b""
    written.unlink(missing_ok=True)
    return ran, data


@pytest.mark.slow
@some_and_all
@pytest.mark.parametrize("name", LINES)
def test_several_processes_give_the_bytes_of_one(aimath, small, name, share):
    ways = [*((form, 2) for form in FORMS), ("--csv", 3), ("--csv", 4)]
    for form, workers in turns(ways, [*LINES].index(name), share):
        wanted = outcome(aimath, small, LINES[name], form)
        found = outcome(aimath, small, LINES[name], form, "--workers", str(workers))
        assert found == wanted, (form, workers)


@pytest.mark.parametrize("form", ["--csv", "--out o.npy"])
def test_two_processes_give_the_bytes_of_one(aimath, small, monkeypatch, form):
    from aimath.cli.runner.division import rows, workers

    begun = []
    monkeypatch.setattr(
        workers, "_start", lambda *given, start=workers._start: begun.append(1) or start(*given)
    )
    assert rows.TASK_NUMBERS == 12
    wanted = outcome(aimath, small, LINES["target"], form)
    assert wanted[0].code == 0
    assert outcome(aimath, small, LINES["target"], form, "--workers", "2") == wanted
    assert len(begun) == 2


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_parts_behind_each_other_are_the_whole(aimath, line):
    for form in ("", "--json", "--csv", "--format markdown"):
        whole = aimath(*shlex.split(line), *form.split())
        for n in (2, 3, 30):
            parts = [aimath(*shlex.split(line), *form.split(), "--part", f"{i}/{n}") for i in range(1, n + 1)]
            assert "".join(ran.out for ran in parts) == whole.out, (form, n)
            assert max(ran.code for ran in parts) == whole.code


@pytest.mark.slow
def test_rows_that_are_numbered_are_divided_where_files_tell_how_many_there_are(aimath, refused, small):
    line = "sample @x-0.csv @x-1.csv @a.npy --count 2"
    wanted = outcome(aimath, small, line, "")
    assert outcome(aimath, small, line, "", "--workers", "2") == wanted
    for i in (1, 2, 3):
        assert "the numbers of rows" in refused(*line.split(), "--part", f"{i}/3")


@pytest.mark.slow
def test_rows_before_a_bad_one_are_answered(aimath, small):
    line = "entropy @holes.npy --logits"
    wanted = outcome(aimath, small, line, "")
    assert (wanted[0].code, wanted[0].out.count("\n")) == (1, 3)
    assert outcome(aimath, small, line, "", "--workers", "3") == wanted


@pytest.mark.slow
def test_rows_of_another_kind_are_told_of_as_by_one_process(aimath, small):
    (small / "z-0.csv").write_text("1,2\n3,4\n")
    (small / "z-1.csv").write_text("1,2,3\n")
    (small / "z-2.csv").write_text("1\n2\n")
    for form in ("", "--csv", "--json"):
        wanted = outcome(aimath, small, "softmax @z-*.csv", form)
        assert outcome(aimath, small, "softmax @z-*.csv", form, "--workers", "2") == wanted, form


@pytest.mark.slow
def test_notes_are_said_once(aimath, small):
    np.save("large.npy", np.full((23, 4), (1 << 62) + 1))
    wanted = outcome(aimath, small, "softmax @large.npy", "")
    assert wanted[0].err.count("were rounded") == 1
    assert outcome(aimath, small, "softmax @large.npy", "", "--workers", "3") == wanted


@pytest.mark.parametrize("left", [None, 1, 4, 8])
def test_rows_that_are_no_longer_there_are_told_of(files, left):
    from aimath.cli.runner.division import rows
    from aimath.cli.runner.division.units import RowUnits
    from aimath.cli.runner.division.work import Work

    job = Work("softmax", {"operands": ["@a.npy"]}).job()
    job = job._replace(segments=tuple(RowUnits(job, 5).segments))
    [task] = rows.plan_tasks(job, 5, range(1, 2))
    assert sum(len(block.lines) for block in rows._blocks(job, task)) == 5
    if left is None:
        (files / "a.npy").unlink()
    else:
        np.save(files / "a.npy", np.load(files / "a.npy")[:left])
    with pytest.raises(InputError):
        list(rows._blocks(job, task))


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("numbers", [8, 20, 40, 1 << 21])
@pytest.mark.parametrize("parts", [1, 2, 3, 5, 7])
def test_parts_of_rows_are_all_rows_once(monkeypatch, aimath, numbers, parts):
    monkeypatch.setattr("aimath.cli.runner.division.rows.TASK_NUMBERS", numbers)
    for line in ("softmax @a.npy", "kl @a.npy @b.npy --logits --csv"):
        words = line.split()
        printed = [aimath(*words, "--part", f"{k}/{parts}").out for k in range(1, parts + 1)]
        assert "".join(printed) == aimath(*words).out
