"""What --out writes is what the file's name says."""

from __future__ import annotations

import shlex
import string

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.options import FORMATS

KNOWN = ["txt", "csv", "tsv", "json", "jsonl", "ndjson", "md", "npy", "svg", "html", "tex"]
COMPRESSED = ["gz", "bz2", "xz", "zst"]
USUAL = [
    "png",
    "pdf",
    "parquet",
    "xlsx",
    "rar",
    "csv.rar",
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
    if suffix in (*KNOWN, *COMPRESSED):
        return
    file = tmp_path / f"answer.{suffix}"
    ran = warm("softmax", "1", "2", *way, "--out", str(file))
    assert (ran.code, ran.out, file.exists()) == (2, b"", False)
    assert all(f".{known}" in ran.text for known in KNOWN)


CALCULATING = sorted(name for name, entry in COMMANDS.items() if not entry.is_text)
EXPLAINED = ["csv", "tsv", "npy", "CSV"]
"""Suffixes of forms that would leave the derivation out."""


@pytest.mark.parametrize("name", CALCULATING)
def test_every_command_refuses_a_false_suffix_before_it_reads(warm, tmp_path, name):
    """Whatever stdin holds, and whatever else is asked for."""
    words = shlex.split(lookup(name).example)[1:]
    for suffix, way in [
        ("png", []),
        ("csv.rar", ["--explain"]),
        *((known, ["--explain"]) for known in EXPLAINED),
    ]:
        file = tmp_path / f"answer.{suffix}"
        ran = warm(*words, *way, "--out", str(file))
        assert (ran.code, ran.out, file.exists()) == (2, b"", False), (suffix, way)
        assert all(f".{known}" in ran.text for known in ("txt", "json", "svg"))


@pytest.mark.parametrize("suffix", ["txt", "svg", "json", "html", "md", "tex"])
def test_derivation_goes_where_it_fits(warm, tmp_path, suffix):
    file = tmp_path / f"answer.{suffix}"
    assert warm("softmax", "1", "2", "--explain", "--out", str(file)).code == 0
    assert b"shifted" in file.read_bytes() or b"max" in file.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(KNOWN), st.sampled_from(FORMATS), st.booleans())
def test_form_asked_for_is_what_the_name_says(warm, tmp_path, suffix, form, explain):
    """Text of any form may go into a .txt, and no form under the name of another."""
    file = tmp_path / f"answer.{suffix}"
    file.unlink(missing_ok=True)
    ran = warm("softmax", "1", "2", "--format", form, *["--explain"] * explain, "--out", str(file))
    own = {"md": "markdown", "tex": "latex", "jsonl": "json", "ndjson": "json"}.get(suffix, suffix)
    fits = own in ("txt", form) and not (explain and form not in ("table", "json", "markdown"))
    assert (ran.code, file.exists()) == ((0, True) if fits else (2, False))


@pytest.mark.parametrize("suffix", ["npy", "svg", "html", "tex", "NPY"])
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
