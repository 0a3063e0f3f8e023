"""Parts of a work and what combines them: the answer of one process, to the byte, in any order and form."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.cli.runner.division.conftest import FORMS, LINES, ROWS, UNIT, small_units

from aimath.errors import InputError


@pytest.fixture
def parts(answered):
    """Run every part of a command line, and give the names of their states."""

    def run(line: str, n: int, prefix: str = "S") -> list[str]:
        names = [f"{prefix}{n}-{i}.npz" for i in range(1, n + 1)]
        for i, name in enumerate(names, 1):
            assert not answered(*shlex.split(line), "--part", f"{i}/{n}", "--state", name)
        return names

    return run


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_parts_together_are_the_whole(aimath, parts, line):
    whole = {form: aimath(*shlex.split(line), *form.split()) for form in FORMS}
    rng = np.random.default_rng(0)
    for n in (3, 2 * ROWS):
        names = parts(line, n)
        for form, wanted in whole.items():
            rng.shuffle(names)
            ran = aimath("combine", *names, *form.split())
            assert (ran.code, ran.out) == (wanted.code, wanted.out), (n, form)


MATRIX_LINES = {"pca @{} --components 2": "components", "svd-approx @{} --rank 2 --exact": "right"}


@pytest.mark.slow
@pytest.mark.parametrize(("line", "field"), MATRIX_LINES.items(), ids=MATRIX_LINES)
def test_a_held_matrix_has_parts_by_the_memory_limit_that_its_refusal_names(
    refused, answered, parts, tmp_path, monkeypatch, line, field
):
    monkeypatch.chdir(tmp_path)
    np.save("m.npy", np.random.default_rng(0).normal(size=(140_000, 16)))
    line = line.format("m.npy")
    with monkeypatch.context() as patch:  # it is refused before it is decomposed
        patch.setattr("aimath.core.linalg.pca", None)
        patch.setattr("aimath.core.linalg.svd_approx", None)
        said = refused(*shlex.split(line), "--part", "1/2", "--state", "S.npz")
    assert "nothing to divide" in said
    limited = f"{line} {re.search('--max-memory [0-9]+M', said)[0]}"
    form = ("--json", "--fields", field)  # each row along the components is too much to compare here
    assert answered("combine", *parts(limited, 3), *form) == answered(*shlex.split(limited), *form)


@pytest.mark.parametrize("line", MATRIX_LINES)
def test_a_small_matrix_has_no_parts(refused, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    np.save("m.npy", np.eye(3))
    said = refused(*shlex.split(line.format("m.npy")), "--part", "1/2", "--state", "S.npz")
    assert "a 3 x 3 matrix is held" in said
    assert "--max-memory" not in said
    assert not os.path.exists("S.npz")  # noqa: PTH110


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("line", MATRIX_LINES)
def test_parts_that_were_read_in_blocks_are_not_combined_by_what_is_held(refused, parts, monkeypatch, line):
    names = parts(line.format("a.npy"), 2)
    monkeypatch.setattr("aimath.read.matrices.MAX_HELD_BYTES", 1 << 29)
    said = refused("combine", *names, code=1)
    assert f"a {ROWS} x 4 matrix in blocks, and here is memory to hold it" in said


@pytest.mark.slow
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_any_number_of_parts_in_any_order_is_the_whole(aimath, parts, line):
    rng = np.random.default_rng(1)
    wanted = aimath(*shlex.split(line), "--json")
    for n in (*range(1, 8), ROWS + 3):
        names = parts(line, n)
        for _ in range(3):
            rng.shuffle(names)
            ran = aimath("combine", *names, "--json")
            assert (ran.code, ran.out) == (wanted.code, wanted.out), n


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    "line",
    ["weights base.safetensors", LINES["weights"], "lora base.safetensors tuned.safetensors", LINES["pca"]],
)
def test_each_field_is_answered_of_parts_too(aimath, parts, line):
    """Also those that need no numbers, such as the names of tensors."""
    names = parts(line, 2)
    for field in json.loads(aimath(*shlex.split(line), "--json").out.splitlines()[0]):
        wanted = aimath(*shlex.split(line), "--fields", field)
        ran = aimath("combine", *names, "--fields", field)
        assert (ran.code, ran.out) == (0, wanted.out), (field, ran.err)


@pytest.mark.usefixtures("files")
def test_states_may_be_named_by_a_pattern(answered, parts):
    parts(LINES["describe"], 3)
    assert answered("combine", "S3-*.npz") == answered(*LINES["describe"].split())


@pytest.mark.usefixtures("files")
def test_rows_without_an_answer_are_counted_over_all_parts(aimath):
    rows = np.load("a.npy")
    rows[[2, 9, 21], 1] = np.nan
    np.save("gaps.npy", rows)
    line = ["compare", "@gaps.npy", "@b.npy", "--logits", "--invalid", "skip"]
    whole = aimath(*line)
    assert whole.code == 3
    for i in (1, 2):
        assert aimath(*line, "--part", f"{i}/2", "--state", f"G{i}.npz").code == 3
    ran = aimath("combine", "G1.npz", "G2.npz")
    assert (ran.code, ran.out) == (3, whole.out)
    assert "3 rows without an answer" in ran.err


@pytest.mark.usefixtures("files")
def test_a_row_that_is_bad_is_named_by_its_line_in_the_file(aimath):
    rows = np.load("a.npy")
    rows[17, 1] = np.nan
    np.save("bad.npy", rows)
    line = ["compare", "@bad.npy", "@b.npy", "--logits"]
    said = aimath(*line).err
    assert ":18:" in said
    assert aimath(*line, "--part", "4/5", "--state", "x.npz").err == said


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_sizes_around_a_unit_make_no_difference(data):
    from aimath.cli.runner.division.units import Learnt, RowUnits
    from aimath.cli.runner.division.work import ReductionWorker, Work
    from aimath.core.numerics.accumulators import MergeTree

    unit = data.draw(st.integers(2, 6))
    rows = data.draw(st.integers(1, 4 * unit + 1))
    seed = data.draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/a.npy", rng.normal(size=(rows, 3)))
        given_words = {"operands": [f"@{folder}/a.npy"], "each_column": True}
        work = Work("describe", given_words, unit_rows=unit)
        units = -(-rows // unit)
        cuts = sorted(data.draw(st.lists(st.integers(0, units), max_size=5)))
        worker = ReductionWorker(work, RowUnits(work.job(), unit).segments)
        restore = partial(Learnt.of_state, worker.job, worker.reduction)
        parts = [worker.learn(a, b) for a, b in itertools.pairwise([0, *cuts, units])]
        divided, whole = (
            MergeTree().add_states(nodes, restore).merged().state()
            for nodes in (itertools.chain(*parts), worker.learn(0, units))
        )
    assert divided.keys() == whole.keys()
    for name, array in whole.items():
        assert np.asarray(array).tobytes() == np.asarray(divided[name]).tobytes(), name


def test_a_unit_is_of_65536_rows(answered, tmp_path, monkeypatch):
    from aimath.cli.runner.division.states import read_state

    monkeypatch.chdir(tmp_path)
    np.save("long.npy", np.arange(65_537.0)[:, None])
    for i in (1, 2):
        answered("describe", "long.npy", "--each-column", "--part", f"{i}/2", "--state", f"L{i}.npz")
    assert [read_state(f"L{i}.npz").header.span for i in (1, 2)] == [(0, 1), (1, 2)]
    assert answered("combine", "L1.npz", "L2.npz") == answered("describe", "long.npy", "--each-column")


@pytest.mark.usefixtures("files")
def test_units_are_cut_as_small_as_asked_for(monkeypatch, answered):
    from aimath.cli.runner.division.states import read_state

    answered(*LINES["describe"].split(), "--part", "1/1", "--state", "one.npz")
    assert read_state("one.npz").header.units == -(-ROWS // UNIT)
    small_units(monkeypatch, ROWS)
    answered(*LINES["describe"].split(), "--part", "1/1", "--state", "one.npz")
    assert read_state("one.npz").header.units == 1


def scripts():
    """The lines of the page, as scripts for a shell: how a part is run, and what combines them."""
    from aimath.pages.combine import HOW_TO_RUN

    lines = [one.text for one in HOW_TO_RUN if one.kind == "command"]
    return dict(
        zip(("slurm", "parallel", "kubernetes"), zip(lines[::2], lines[1::2], strict=True), strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slurm", "parallel", "kubernetes"])
def test_the_lines_of_the_page_are_run(files, name):
    if name == "parallel" and not shutil.which("parallel"):
        pytest.skip("GNU parallel is not installed")
    part, combine = scripts()[name]
    loops = {
        "slurm": "for SLURM_ARRAY_TASK_ID in $(seq 8); do SLURM_ARRAY_TASK_COUNT=8; {}; done",
        "parallel": "{}",
        "kubernetes": "for JOB_COMPLETION_INDEX in $(seq 0 7); do {}; done",
    }
    (files / "aimath").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aimath "$@"\n')
    (files / "aimath").chmod(0o755)
    line = part.replace("BASE TUNED", "base.safetensors tuned.safetensors")
    script = f"set -e; {loops[name].replace('{}', line, 1)}; {combine}"
    env = os.environ | {"PATH": f"{files}:{os.environ['PATH']}", "HOME": str(files)}
    ran = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, env=env, check=False)
    whole = subprocess.run(
        [sys.executable, "-m", "aimath", "lora", "base.safetensors", "tuned.safetensors"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, whole.stdout), ran.stderr
    assert len(list(files.glob("part-*.npz"))) == 8


@pytest.mark.parametrize("left", [None, 1, 2, UNIT, 2 * UNIT])
@pytest.mark.parametrize(
    ("command", "given_words"),
    [
        ("describe", {"operands": ["@a.npy"], "each_column": True}),
        ("compare", {"operands": ["@a.npy", "@b.npy"], "logits": True}),
        ("evaluate", {"logits": "@a.npy", "target": "@t.npy"}),
    ],
)
def test_a_unit_that_a_worker_does_not_find_is_no_empty_share(files, command, given_words, left):
    from aimath.cli.runner.division.units import RowUnits
    from aimath.cli.runner.division.work import ReductionWorker, Work

    work = Work(command, given_words, unit_rows=UNIT)
    worker = ReductionWorker(work, RowUnits(work.job(), UNIT).segments)
    assert worker.learn(3, 4)[0].state["counts"].tolist() == [0, 1]
    for path in files.glob("[abt].npy"):
        if left is None:
            path.unlink()
        else:
            np.save(path, np.load(path)[:left])
    with pytest.raises(InputError):
        worker.learn(3, 4)
