"""Compressed files and pipes: the same rows as of what they hold, whatever the blocks; damage is told of."""

import bz2
import contextlib
import gzip
import io
import lzma
import random
import zlib

import pytest

from aimath.errors import InputError
from aimath.read import _compressed
from aimath.read._compressed import FREE_BYTES, Inflated
from aimath.read._stream import Stream

CODECS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
with contextlib.suppress(InputError):
    ZSTD = _compressed.zstd_module()
    CODECS["zst"] = lambda data: ZSTD.compress(data, options={ZSTD.CompressionParameter.checksum_flag: 1})
SUFFIXES = sorted(CODECS)
TABLE = b"name,a\n" + b"".join(b"r%d,%d\n" % (k, k * k) for k in range(400))


class Dribble(io.RawIOBase):
    """A raw stream that gives a few bytes at a time."""

    def __init__(self, data, most):
        self.data, self.most = io.BytesIO(data), most

    def read1(self, size):
        return self.data.read(min(size, self.most))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_and_pipe(rows, at, suffix):
    data = CODECS[suffix](TABLE)
    plain = rows(at("t.csv", TABLE), column="a")
    assert rows(at(f"t.csv.{suffix}", data), column="a") == plain
    assert rows(stdin=data, column="a", input_format="csv") == plain
    assert rows(at(f"t.{suffix}", data), column="a", input_format="csv") == plain
    assert rows(at("t.csv", data), column="a") == plain  # by content, whatever the name


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_array(rows, at, suffix):
    import numpy as np

    file = io.BytesIO()
    np.save(file, np.arange(6.0).reshape(2, 3))
    data = CODECS[suffix](file.getvalue())
    assert rows(at(f"x.npy.{suffix}", data)) == [[0, 1, 2], [3, 4, 5]]
    assert rows(stdin=data) == [[0, 1, 2], [3, 4, 5]]
    assert "truncated" in "".join(
        map(str, told(rows, at(f"y.npy.{suffix}", CODECS[suffix](file.getvalue()[:-8]))))
    )


def told(rows, tokens, **how):
    try:
        return rows(tokens, **how)
    except InputError as error:
        return [str(error)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_members_in_a_row_are_one(suffix):
    whole = b"".join(CODECS[suffix](TABLE[at : at + 1000]) for at in range(0, len(TABLE), 1000))
    for most in (1, 2, 7, 1 << 20):
        stream = Stream(Dribble(whole, most), "x")
        stream.sniff()
        assert stream.read_all(1 << 30) == TABLE


@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_zeros_may_follow(suffix):
    stream = Stream(io.BytesIO(CODECS[suffix](TABLE) + bytes(1000)), "x")
    stream.sniff()
    assert stream.read_all(1 << 30) == TABLE


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_cut_is_truncated(rows, at, suffix):
    data = CODECS[suffix](TABLE[:300])
    for size in range(6, len(data)):
        [said] = told(rows, at(f"t.csv.{suffix}", data[:size]), column="a")
        assert "truncated" in said, (size, said)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_follows_is_told_of(rows, at, suffix):
    [said] = told(rows, at(f"t.csv.{suffix}", CODECS[suffix](TABLE) + b"more"), column="a")
    assert "bytes follow the" in said


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_flipped_byte_is_an_error_or_right(rows, at, suffix):
    data = CODECS[suffix](TABLE[:300])
    right = rows(at("t.csv", TABLE[:300]), column="a")
    draw = random.Random(1)  # noqa: S311
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= draw.randrange(1, 256)
        found = told(rows, at(f"t.csv.{suffix}", bytes(broken)), column="a")
        assert found == right or (len(found) == 1 and isinstance(found[0], str)), (place, found)


def test_a_bomb_has_its_price():
    """Both sizes are told; what was inflated until then is bounded."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"1\n" * (1 << 20)) for _ in range(64)) + packer.flush()
    inflated = Inflated(io.BytesIO(bomb).read, "gzip")
    count = 0
    with pytest.raises(  # noqa: PT012  which block it is is not known
        InputError, match=r"MiB of gzip inflate to [0-9.]+ MiB or more, over 200 times as much"
    ) as caught:
        while data := inflated.read1(1 << 18):
            count += len(data)
    assert FREE_BYTES <= count <= FREE_BYTES + (1 << 20)
    assert "gzip -dc FILE" in caught.value.hint


def test_not_so_much_data_may_inflate_as_they_like(rows, at):
    assert len(rows(at("x.csv.gz", gzip.compress(b"1\n" * 1_000_000)))[0]) == 1_000_000


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_compressed_twice_is_not_followed(refusal, at, suffix):
    assert "compressed twice" in refusal(at(f"x.csv.{suffix}", CODECS[suffix](gzip.compress(TABLE)))).message


def test_a_name_that_says_nothing(refusal, at):
    error = refusal(at("x.gz", gzip.compress(b"1\n")))
    assert error.usage
    assert "x.csv.gz" in error.hint or "FILE.csv.gz" in error.hint


def test_zstd_without_a_module(monkeypatch, refusal, at):
    import importlib

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    error = refusal(at("x.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(20)))
    assert "nothing is installed" in error.message
    assert "aimath[zstd]" in error.hint
