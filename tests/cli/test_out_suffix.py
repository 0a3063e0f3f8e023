"""What --out writes is what the file's name says."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aimath.cli.options import FORMATS

KNOWN = ["txt", "csv", "tsv", "json", "jsonl", "ndjson", "md", "npy", "svg"]
USUAL = [
    "png",
    "pdf",
    "parquet",
    "xlsx",
    "gz",
    "csv.gz",
    "json.zst",
    "html",
    "tex",
    "yaml",
    "log",
    "npz",
    "safetensors",
    "csv~",
    "PNG",
]
WAYS = (
    [],
    ["--json"],
    ["--csv"],
    ["--explain"],
    ["--explain", "--json"],
    *(["--format", f] for f in FORMATS),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(USUAL) | st.text(string.ascii_lowercase + string.digits, min_size=1),
    st.sampled_from(WAYS),
)
def test_suffix_that_is_no_form_is_refused(warm, tmp_path, suffix, way):
    if suffix in KNOWN:
        return
    file = tmp_path / f"answer.{suffix}"
    ran = warm("softmax", "1", "2", *way, "--out", str(file))
    assert (ran.code, ran.out, file.exists()) == (2, b"", False)
    assert all(f".{known}" in ran.text for known in KNOWN)


@pytest.mark.parametrize("suffix", ["npy", "svg", "NPY"])
@pytest.mark.parametrize("form", FORMATS)
def test_text_is_not_written_under_the_name_of_another_form(warm, tmp_path, suffix, form):
    file = tmp_path / f"answer.{suffix}"
    ran = warm("softmax", "1", "2", "--format", form, "--out", str(file))
    assert (ran.code, ran.out, file.exists()) == (2, b"", False)


@pytest.mark.parametrize(
    "name", ["answer", ".hidden", "a.b/answer", *(f"x.{known}" for known in KNOWN), "x.CSV"]
)
def test_other_names_are_written(warm, tmp_path, name):
    (tmp_path / "a.b").mkdir()
    assert warm("softmax", "1", "2", "--out", str(tmp_path / name))[:3] == (0, b"", b"")
    assert (tmp_path / name).stat().st_size
