"""--out FILE.csv.gz: the bytes of FILE.csv, compressed; the same each time; nothing half-written."""

import bz2
import gzip
import lzma

import pytest

OPENERS = {"gz": gzip.decompress, "bz2": bz2.decompress, "xz": lzma.decompress}


@pytest.mark.parametrize("suffix", sorted(OPENERS))
@pytest.mark.parametrize("form", ["csv", "tsv", "txt", "json", "md", "svg"])
def test_holds_what_the_plain_file_holds(warm, tmp_path, suffix, form):
    plain, packed = tmp_path / f"x.{form}", tmp_path / f"x.{form}.{suffix}"
    for path in (plain, packed):
        assert warm("softmax", "2", "1", "--out", str(path)).code == 0
    first = packed.read_bytes()
    assert OPENERS[suffix](first) == plain.read_bytes()
    assert warm("softmax", "2", "1", "--out", str(packed)).code == 0
    assert packed.read_bytes() == first


@pytest.mark.parametrize("suffix", sorted(OPENERS))
def test_reads_back(warm, tmp_path, suffix):
    path = tmp_path / f"x.csv.{suffix}"
    assert warm("softmax", "2", "1", "--out", str(path)).code == 0
    assert warm("entropy", f"@{path}").out == warm("entropy", stdin=warm("softmax", "2", "1").out).out


@pytest.mark.parametrize(
    ("name", "said"),
    [("x.npy.gz", "header is known last"), (".gz", "suffix without a name"), ("x.foo.gz", "names no form")],
)
def test_refused(warm, tmp_path, name, said):
    ran = warm("softmax", "2", "1", "--out", str(tmp_path / name))
    assert (ran.code, said in ran.text) == (2, True), ran.text
    assert not [*tmp_path.iterdir()]


def test_an_error_leaves_the_old_file(warm, tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(b"old")
    assert warm("entropy", "2", "1", "--out", str(path)).code == 1
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_bytes() == b"old"
