"""Small files of every kind that commands read, and lines that do a command's work on them, beside its example.

An example shows what a command is for: that of `train` lists the runs, that of `lora` counts. What works on
files is tried by these lines, and a test finds the option or operand for which there is none.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import re
import shlex
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from aimath.cli.catalogue import COMMANDS, lookup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WORK = (
    "train spiral --steps 2 --width 2 --fields step,train,status",
    "train spiral --resume {spiral.safetensors} --steps 3 --fields step,train,status",
    "train names {names.txt} --steps 1 --width 4 --batch 2 --fields step,train,status",
    "generate {reverse.safetensors} --prompt 123456",
    "generate {vae.safetensors} --count 1",
    "generate {names.safetensors} --nll abc",
    "weights {base.safetensors} --spectra --quantize q8_0 --against {tuned.safetensors}",
    "weights {model}",
    "lora {base.safetensors} {tuned.safetensors}",
    "params {model/config.json}",
    "evaluate --logits @{logits.csv} --target @{target.csv}",
    "compare @{logits.csv} @{logits.csv} --logits --target @{target.csv}",
    "compare @{logits.csv} @{logits.csv} --paired --column 1",
    "entropy --categories @{table.csv} --column kind",
    "describe @{table.csv.gz} --each-column --exclude kind",
    "softmax @{table.csv} --id kind",
    "analogy king man woman --vectors {vectors.txt}",
    "analogy king man woman --vectors {vectors.npy} --words {words.txt}",
    "cosine king man --vectors {vectors.txt}",
    "cosine king man --vectors {vectors.npy} --words {words.txt}",
    "attention @{logits.csv} --heads 1",
    "gd 'mean((w*a-b)^2)' w=1 --data {pairs.csv} --steps 2",
    "grad @{formulas.txt} x=1",
    "grad x^2 --at @{target.csv} --rows",
    "gpt {reverse.safetensors} 123456 --top 2",
    "gpt {names.safetensors} @{name.txt} --nll",
    "embed random:8 @{words.txt}",
    "combine {part1.npz} {part2.npz}",
    "verify softmax {softmax.py}",
    "demo softmax",
    "guide map",
    "guide roadmap --progress {progress.jsonl}",
)  # fmt: skip
"""With {FILE} of those that are made."""
DATA = sorted(name for name in COMMANDS if any(part.name == "data" for part in lookup(name).params))
READS = (
    *WORK,
    *(f"{name} 'mean((w*a-b)^2)' w=1 --data {{pairs.csv}}" for name in DATA if name != "learning-rate"),
    "learning-rate --function 'mean((w*a-b)^2)' --at w=1 --data {pairs.csv}",
)
"""WORK, and the lines of an option that ten commands share."""
SAVES = {
    ("train", "--save"): "train spiral --steps 2 --width 2 --save {new/m.safetensors}",
    ("lora", "--save"): "lora {base.safetensors} {tuned.safetensors} --energy .9 --save {new/adapter}",
    ("svd-approx", "--save-factors"): "svd-approx @{logits.csv} --rank 1 --save-factors {new/a.npy} {new/b.npy}",
    ("quiz", "--progress"): "quiz kl --count 1 --tries 1 --progress {new/progress.jsonl}",
    ("every", "--state"): "describe @{pairs.csv} --each-column --part 1/2 --state {new/s.npz}",
    ("every", "--figure"): "softmax 2 1 --figure {new/x.svg}",
}  # fmt: skip
"""What writes files, other than --out, which every command has."""


def words_of(line: str, folder: Path) -> list[str]:
    """Give the words of a line, with the files of a folder."""
    return [re.sub(r"\{([^}]+)\}", lambda m: str(folder / m[1]), word) for word in shlex.split(line)]


def file_options() -> dict[tuple[str, str], str]:
    """Give, by command and flag (operands have none), the help of each option that is the name of a file."""
    found = {}
    for name in COMMANDS:
        for part in lookup(name).params:
            if re.search("FILE|DIR|CONFIG|MODEL", part.metavar) and part.name not in {"out", "arch"}:
                whose = "every" if part.name in {"figure", "state"} else name
                found[whose, part.flags[0] if part.flags else ""] = part.help
    return found


def is_written(text: str) -> bool:
    """Return whether the help of an option is that of a file which is written."""
    return text.startswith(("Write", "Append", "Draw"))


def answers(code: int) -> bool:
    """Return whether it is the exit code of an answer: of a check that failed too, and of rows passed over."""
    return code in {0, 3, 4}


def make_files(folder: Path, warm, name: str = "") -> None:
    """Write them all, with a name wherever one stands in a file: of a tensor, column, row, class, word or key."""
    tensors(folder, name or "w")
    tables(folder, name or "w")
    model = {"model_type": "gpt2", "n_layer": 1, "n_embd": 3, "n_head": 1, "vocab_size": 4, "n_positions": 4}
    (folder / "model/config.json").write_text(json.dumps(model | ({name: 1} if name else {})))
    (folder / "name.txt").write_text("abc\n")
    (folder / "formulas.txt").write_text("x^2\nsin(x)\n")
    letters = "abcdefghij"
    (folder / "names.txt").write_text("".join(f"{a}{b}\n" for a, b in product(letters, letters)))
    text = "import numpy as np\ndef softmax(x):\n    x = np.exp(x - np.max(x, -1, keepdims=True))\n"
    text += "    return x / x.sum(-1, keepdims=True)\n"
    if name:
        text = f"print({name!r})\ndef softmax(x):\n    raise ValueError({name!r})\n"
    (folder / "softmax.py").write_text(text)
    for words in (
        "spiral --steps 2 --width 2",
        "reverse --steps 1 --width 4 --heads 1 --layers 1 --batch 2",
        "vae --steps 1 --width 4 --batch 2",
        "names {names.txt} --steps 1 --width 4 --batch 2",
    ):
        line = f"train {words} --save {{{words.split()[0]}.safetensors}}"
        assert warm(*words_of(line, folder)).code == 0, line
    for k in (1, 2):
        line = f"describe @{{pairs.csv}} --each-column --part {k}/2 --state {{part{k}.npz}}"
        assert warm(*words_of(line, folder)).code == 0, line
    asked = ("quiz", "kl", "--count", "1", "--tries", "1", "--progress", folder / "progress.jsonl")
    assert warm(*asked, stdin=b"999\n").code == 4


def tensors(folder: Path, name: str) -> None:
    """Write two files of weights and a folder of shards."""
    from safetensors.numpy import save_file

    draw = np.random.default_rng(0).standard_normal
    a, b = draw((4, 3)), draw((3, 3))
    held: Mapping[str, np.ndarray] = {f"{name}.0.weight": a, "o.weight": b}
    save_file(held, folder / "base.safetensors")
    save_file(held | {f"{name}.0.weight": a + b[0], "o.weight": b.T.copy()}, folder / "tuned.safetensors")
    (folder / "model").mkdir()
    save_file(dict(held), folder / "model/one.safetensors")
    index = {"metadata": {"total_size": 168}, "weight_map": dict.fromkeys(held, "one.safetensors")}
    (folder / "model/model.safetensors.index.json").write_text(json.dumps(index))


def tables(folder: Path, name: str) -> None:
    """Write tables, plain and compressed, and vectors of words."""
    plain = name.translate(dict.fromkeys(map(ord, '"\r\n')))
    word = "".join(plain.split()) or "w"
    table = f'"{plain}",kind,b\n1,"{plain}",2\n3,q,1\n5,"{plain}",2\n'.encode()
    for suffix, pack in (("", bytes), (".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)):
        (folder / f"table.csv{suffix}").write_bytes(pack(table))
    (folder / "logits.csv").write_text("1,2\n3,1\n0,1\n")
    (folder / "target.csv").write_text("1\n0\n0\n")
    (folder / "pairs.csv").write_text("a,b\n1,2\n2,4\n3,7\n")
    vectors = {"king": (1, 2), "man": (1, 1), "woman": (0, 1), word: (0, 2)}
    text = "".join(f"{one} {x} {y}\n" for one, (x, y) in vectors.items())
    (folder / "vectors.txt").write_text(text, encoding="utf-8")
    np.save(folder / "vectors.npy", np.array([*vectors.values()], float))
    (folder / "words.txt").write_text("".join(f"{one}\n" for one in vectors), encoding="utf-8")
