"""A sweep whose answers are of several widths is one table: what an answer lacks is an empty cell."""

from __future__ import annotations

import csv

import pytest

DATA = "1 2 4; 3 4 1; 5 9 2; 0 1 7"


@pytest.mark.parametrize("counts", ["1,2", "2,1", "3,1,2", "1,1", "1,2,3"])
def test_components_of_pca_are_swept(warm, counts):
    asked = counts.split(",")
    rows = list(csv.DictReader(warm("pca", DATA, "-k", counts, "--csv").out.decode().splitlines()))
    widest = max(map(int, asked))
    assert list(rows[0]) == ["components", *(f"projected_PC{k + 1}" for k in range(widest))]
    assert [row["components"] for row in rows] == [k for k in asked for _ in range(4)]
    for k in {*asked}:
        alone = list(csv.DictReader(warm("pca", DATA, "-k", k, "--csv").out.decode().splitlines()))
        mine = [row for row in rows if row["components"] == k]
        kept = [{name: x for name, x in row.items() if x and name != "components"} for row in mine]
        assert kept == alone * asked.count(k)


@pytest.mark.parametrize("form", ["plain", "tsv", "markdown", "table", "json"])
def test_every_form_takes_the_sweep(warm, form):
    ran = warm("pca", DATA, "-k", "1,3", "--format", form)
    assert (ran.code, ran.err) == (0, b"")


def test_a_long_sweep_of_a_matrix_is_one_table(warm):
    rows = list(
        csv.reader(warm("pca", "randn:300x9", "-k", ",".join("123456789"), "--csv").out.decode().splitlines())
    )
    assert {len(row) for row in rows} == {10}
    assert len(rows) == 1 + 9 * 300


def test_steps_of_a_schedule_are_swept(warm):
    ran = warm("schedule", "--steps", "2,4", "--schedule", "linear", "--lr", "1", "--csv")
    assert ran.out == b"steps,lr_1,lr_2,lr_3,lr_4\n2,1,0.5,,\n4,1,0.75,0.5,0.25\n"


def test_rows_of_several_widths_are_refused_as_before(warm):
    ran = warm("softmax", "--csv", stdin=b"1 2\n1 2 3\n")
    assert ran.code == 1
    assert "--format json" in ran.text
