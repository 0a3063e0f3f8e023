"""A table of .csv or .tsv is one, wherever blank lines stand in it; in text they separate."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

TABLES = st.integers(1, 3).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=1, max_size=5)
)


@pytest.mark.parametrize(("suffix", "comma"), [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("command", [["transpose"], ["softmax"], ["describe"], ["describe", "--column", "1"]])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(table=TABLES, blanks=st.lists(st.integers(0, 2), min_size=6, max_size=6), header=st.booleans())
def test_blank_lines_of_a_table_mean_nothing(aimath, tmp_path, suffix, comma, command, table, blanks, header):
    lines = [comma.join(map(str, row)) for row in table]
    lines = [comma.join(f"c{k}" for k in range(len(table[0]))), *lines] if header else lines
    plain, spaced = tmp_path / f"p.{suffix}", tmp_path / f"s.{suffix}"
    plain.write_text("".join(f"{line}\n" for line in lines))
    spaced.write_text("".join(f"{line}\n" + "\n" * k for line, k in zip(lines, blanks, strict=False)))
    ran = aimath(*command, f"@{spaced}")
    assert ran.code == 0
    assert (ran.code, ran.out) == aimath(*command, f"@{plain}")[:2]


def test_blank_lines_separate_matrices_and_columns_of_text(answered):
    assert answered("transpose", stdin="1 2\n3 4\n\n5 6\n7 8\n") == "1 3\n2 4\n\n5 7\n6 8\n"
    assert answered("softmax", stdin="0\n0\n\n0\n0\n").split() == ["0.5"] * 4
