"""Options of every command, as they are typed."""

from __future__ import annotations

from aimath.cli.runner.job import parse_size


def test_sizes_have_units():
    assert [parse_size(f"2{unit}") for unit in ("", "K", "m", "G", "T")] == [
        2 << bits for bits in (0, 10, 20, 30, 40)
    ]
