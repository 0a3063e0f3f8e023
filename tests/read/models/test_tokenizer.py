"""Text to ids and back, and what a broken or hostile tokenizer gets: one line, nothing on stderr."""

from __future__ import annotations

import builtins
import copy
import json
import os
import random

import pytest

from aimath.errors import InputError
from aimath.read.models.tokenizer import read_tokenizer

tokenizers = pytest.importorskip("tokenizers")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "king", "queen", "##s", "a", "##b", "the", ",", "é"]
BYTES = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [
        {"id": 260, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True},
    ],
    "normalizer": None,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    "post_processor": None,
    "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
              "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": {}, "merges": []},
}  # fmt: skip


def byte_level():
    """Return the file of a byte-level BPE as GPT-2 has it, with four merges."""
    whole = copy.deepcopy(BYTES)
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    merges = [("h", "e"), ("l", "l"), ("he", "ll"), ("Ġ", "w")]
    whole["model"]["vocab"] = {token: k for k, token in enumerate([*letters, *map("".join, merges)])}
    whole["model"]["merges"] = [" ".join(pair) for pair in merges]
    return whole


def write(path, whole):
    path.write_text(json.dumps(whole), encoding="utf-8")
    return str(path)


@pytest.fixture
def bytes_file(tmp_path):
    return write(tmp_path / "tokenizer.json", byte_level())


@pytest.fixture
def words_file(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return str(path)


def test_byte_level_text_goes_to_ids_and_back(bytes_file):
    found = read_tokenizer(bytes_file)
    for text in ("hello world", "naïve 猫\n\t\x1b[31m", "", "   a", "é\u0301\U0001f642"):
        assert found.decode(found.encode(text)) == text
    assert [found.token(k) for k in found.encode("hello world")] == ["hell", "o", " w", "o", "r", "l", "d"]
    assert found.end_ids == {260}
    assert found.size == 261
    assert found.decode([*found.encode("he"), 260]) == "he"
    assert found.token(260) == "<|endoftext|>"


def test_no_token_has_control_characters(bytes_file):
    found = read_tokenizer(bytes_file)
    shown = [found.token(k) for k in range(found.size)]
    assert all(text.isprintable() and text for text in shown)
    assert r"\x1b" in shown
    assert r"\x0a" in shown


def test_word_pieces_are_those_of_bert(words_file):
    found = read_tokenizer(words_file)
    ids = found.encode("The Queens, É zebra [MASK]")
    assert [found.token(k) for k in ids] == (
        [
            "[CLS]",
            "the",
            "queen",
            "##s",
            ",",
            "[UNK]",
            "[UNK]",
            "[MASK]",
            "[SEP]",
        ]  # é is e without its accent
    )
    assert found.encode("king", special=False) == [5]
    assert found.decode(ids[:4]) == "the queens"
    assert found.encode("") == [2, 3]


def test_the_settings_beside_a_vocabulary_count(words_file, tmp_path):
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}', encoding="utf-8")
    found = read_tokenizer(words_file)
    assert [found.token(k) for k in found.encode("The é", special=False)] == ["[UNK]", "é"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_of_a_vocabulary_end_as_they_do(tmp_path, end):
    (tmp_path / "vocab.txt").write_bytes(end.join(word.encode() for word in WORDS))
    assert read_tokenizer(str(tmp_path)).encode("kings") == [2, 5, 7, 3]


def test_limits_and_padding_of_the_file_are_not_the_model_s(tmp_path):
    whole = byte_level() | {
        "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": "!"},
    }  # fmt: skip
    assert len(read_tokenizer(write(tmp_path / "tokenizer.json", whole)).encode("abcdef")) == 6


def test_a_folder_its_weights_and_its_files_name_the_same(bytes_file, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"")
    for path in (tmp_path, f"{tmp_path}/", f"@{tmp_path}", bytes_file, tmp_path / "model.safetensors"):
        assert read_tokenizer(str(path)).size == 261


@pytest.mark.parametrize(
    ("name", "text", "ends"),
    [
        ("tokenizer_config.json", '{"eos_token": "!"}', {0}),
        ("tokenizer_config.json", '{"eos_token": {"content": "he"}}', {256}),
        ("generation_config.json", '{"eos_token_id": [7, 9, -1, 9999, true, "x"]}', {7, 9}),
        ("config.json", '{"eos_token_id": 5}', {5}),
        ("config.json", '{"eos_token_id": null}', {260}),
    ],
)
def test_the_end_of_text_is_what_the_folder_says(bytes_file, tmp_path, name, text, ends):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_tokenizer(bytes_file).end_ids == ends


def test_without_the_package_the_way_out_is_said(bytes_file, words_file, monkeypatch):
    whole = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "tokenizers":
            raise ImportError(name)
        return whole(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for path in (bytes_file, words_file):
        with pytest.raises(InputError, match=r"not installed; pip install 'aimath\[text\]'"):
            read_tokenizer(path)


BROKEN = {
    "nothing": b"",
    "a list": b"[]",
    "no model": b"{}",
    "no UTF-8": b'{"model": {}, "a": "\xff"}',
    "a key twice": b'{"model": {}, "model": {}}',
    "deep": b'{"model": {}, "a": ' + b"[" * 100 + b"]" * 100 + b"}",
    "deeper": b'{"a":' * 200_000,
    "half": json.dumps(BYTES).encode()[:400],
    "UTF-16": json.dumps(BYTES).encode("utf-16"),
    "a number of a million digits": b'{"model": {}, "a": ' + b"9" * 10**6 + b"}",
    "an empty model": b'{"model": {}}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_tokenizer_is_told_of_in_one_line(tmp_path, capfd, name):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(BROKEN[name])
    with pytest.raises(InputError) as told:
        read_tokenizer(str(path))
    assert str(told.value).startswith(f"{path}: ")
    assert str(told.value).isprintable()
    assert capfd.readouterr() == ("", "")


def replaced(**changes):
    return byte_level() | changes


def template(ids):
    special = {"SpecialToken": {"id": "[X]", "type_id": 0}}
    tokens = {"[X]": {"id": "[X]", "ids": ids, "tokens": ["x"]}}
    return {"type": "TemplateProcessing", "single": [special, {"Sequence": {"id": "B", "type_id": 0}}],
            "pair": [special], "special_tokens": tokens}  # fmt: skip


def split_at(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


HOSTILE = {
    "a template of nothing": (replaced(post_processor=template([1])), "ab"),
    "a pattern that never ends": (replaced(pre_tokenizer=split_at("(a+)+$")), "a" * 40 + "b"),
    "a pattern that is none": (replaced(pre_tokenizer=split_at("((")), "ab"),
    "a map of nonsense": (
        replaced(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
        "ab",
    ),
    "a text that grows": (
        replaced(
            normalizer={
                "type": "Sequence",
                "normalizers": [{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaa"}]
                * 12,
            }
        ),
        "a",
    ),
    "no token for what is unknown": (
        replaced(model={"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "u"}, pre_tokenizer=None),
        "z",
    ),
    "an id below 0": (replaced(model=BYTES["model"] | {"vocab": {"a": -1}}), "a"),
    "an id beyond 32 bits": (replaced(model=BYTES["model"] | {"vocab": {"a": 2**40}}), "a"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_makes_the_package_panic_is_told_of_in_one_line(tmp_path, capfd, name):
    whole, text = HOSTILE[name]
    path = write(tmp_path / "tokenizer.json", whole)
    with pytest.raises(InputError) as told:
        read_tokenizer(path).encode(text)
    assert str(told.value).startswith(path)
    assert len(str(told.value)) < 1000
    assert capfd.readouterr() == ("", "")


def test_the_error_stream_is_there_again(tmp_path, capfd):
    whole, text = HOSTILE["a template of nothing"]
    with pytest.raises(InputError):
        read_tokenizer(write(tmp_path / "tokenizer.json", whole)).encode(text)
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


@pytest.mark.parametrize("text", ["\udcff", "a\ud800", "\udfff" * 100])
def test_half_a_character_of_the_command_line_is_refused(bytes_file, text):
    with pytest.raises(InputError, match="is not UTF-8 at character") as told:
        read_tokenizer(bytes_file).encode(text)
    assert str(told.value).isprintable()


@pytest.mark.parametrize("number", [-1, 261, 2**32, 2**64])
def test_an_id_that_is_no_token_is_named(bytes_file, number):
    found = read_tokenizer(bytes_file)
    for ask in (found.token, lambda k: found.decode([k])):
        with pytest.raises(InputError, match=f"has no token of the id {number}"):
            ask(number)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", r"it has no \[UNK\]"),
        (b"[UNK]\n[CLS]\n", r"it has no \[SEP\]"),
        (b"\xff\n", "is not UTF-8"),
        (b"\x93NUMPY", "its content is npy"),
    ],
)
def test_a_vocabulary_that_is_none_is_told_of(tmp_path, data, why):
    (tmp_path / "vocab.txt").write_bytes(data)
    with pytest.raises(InputError, match=why):
        read_tokenizer(str(tmp_path))


def test_a_folder_without_a_tokenizer_says_what_it_lacks(tmp_path):
    with pytest.raises(InputError, match=r"holds no tokenizer\.json and no vocab\.txt; put the one"):
        read_tokenizer(str(tmp_path))
    with pytest.raises(InputError, match="cannot read"):
        read_tokenizer(f"{tmp_path}/nowhere")


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "tokenizer.json"
    with path.open("wb") as file:
        file.truncate(65 << 20)
        file.write(b"{")
    with pytest.raises(InputError, match="is larger than 64 MiB"):
        read_tokenizer(str(path))


def mutations(count):
    """Yield files of which some bytes are others, or are missing."""
    good, rng = json.dumps(byte_level(), ensure_ascii=False).encode(), random.Random(3)  # noqa: S311
    for _ in range(count):
        data = bytearray(good)
        for _ in range(rng.choice((1, 1, 3, 20))):
            at = rng.choice((rng.randrange(len(data)), rng.randrange(700), len(data) - rng.randrange(1, 90)))
            data[at : at + rng.choice((0, 1, 1, 5))] = rng.choice(
                (b"", b"0", b'"', b"9", b"null", b"\xff", b"{")
            )
        yield bytes(data)


def check_survival(path, data):
    path.write_bytes(data)
    told = ""
    try:
        found = read_tokenizer(str(path))
        ids = found.encode("hello wörld [X]")
        whole, shown = found.decode(ids), [found.token(number) for number in ids]
    except InputError as error:
        told, whole, shown = str(error), "", []
    assert isinstance(whole, str)
    assert all(text.isprintable() for text in shown)
    assert "\n" not in told
    assert len(told) < 1000


def test_a_damaged_file_is_read_or_refused(tmp_path, capfd):
    for data in mutations(60):
        check_survival(tmp_path / "tokenizer.json", data)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_many_damaged_files_are_read_or_refused(tmp_path, capfd):
    for data in mutations(4000):
        check_survival(tmp_path / "tokenizer.json", data)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_million_letters_are_one_text_like_others(bytes_file):
    found = read_tokenizer(bytes_file)
    text = "hello wörld " * 83_334
    assert len(found.encode(text)) == 9 * 83_334
