"""Targets 1 to 5, 16 and 19: whole programs, ours and a peer's turn by turn, each a process of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.rows import Row, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.benchmarks.rows import Plan

TARGETS = {1, 2, 3, 4, 5, 16, 19}

AIMATH = str(Path(sys.executable).with_name("aimath"))
NUMPY = (sys.executable, "-c", "import numpy")

GAWK_SOFTMAX = r"""{
    m = $1; for (i = 2; i <= NF; i++) if ($i > m) m = $i
    s = 0; for (i = 1; i <= NF; i++) s += e[i] = exp($i - m)
    for (i = 1; i < NF; i++) printf "%.17g ", e[i] / s
    printf "%.17g\n", e[NF] / s
}"""
GAWK_ENTROPY = r"""{
    h = 0; for (i = 1; i <= NF; i++) if ($i > 0) h -= $i * log($i)
    printf "%.17g\n", h / log(2)
}"""
SCIPY_SOFTMAX = """import sys, numpy, scipy.special
x = numpy.load(sys.argv[1])
numpy.save(sys.argv[2], scipy.special.softmax(x, axis=-1))"""

SCIPY_COMPARE = """import sys, numpy, scipy.special
a, b = (numpy.load(name).astype(float) for name in sys.argv[1:])
p, q = (numpy.exp(scipy.special.log_softmax(x, axis=1)) for x in (a, b))
kl = scipy.special.rel_entr(p, q).sum(axis=1)
print(kl.mean(), kl.std(ddof=1) / len(kl) ** .5, numpy.quantile(kl, [.5, .9, .95, .99, .999]), kl.max(), kl.argmax())
print((a.argmax(axis=1) == b.argmax(axis=1)).mean(), numpy.abs(p - q).sum(axis=1).mean() / 2)"""


class Cost(NamedTuple):
    """What a process took."""

    wall: float  # s
    cpu: float  # s, of all its threads
    peak: float  # MiB of memory


def run(words: Sequence[str], stdin: str = os.devnull) -> Cost:
    """Run a program to its end, its output into a pipe that is emptied as `cat` would."""
    read, write = os.pipe()
    actions = (
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, write, 1),
        (os.POSIX_SPAWN_CLOSE, read),
    )
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    start = time.perf_counter()
    process = os.posix_spawn(words[0], words, environment, file_actions=actions)
    os.close(write)
    while os.read(read, 1 << 20):
        pass
    _, status, used = os.wait4(process, 0)
    wall = time.perf_counter() - start
    os.close(read)
    if status:
        raise SystemExit(f"{shlex.join(words)} failed with status {status}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def alternately(ours: Callable[[], Cost], peer: Callable[[], Cost], rounds: int) -> list[tuple[Cost, Cost]]:
    """Run both turn by turn, after one turn that only warms the caches."""
    return [(ours(), peer()) for _ in range(rounds + 1)][1:]


def row(number: int, work: str, pairs: list[tuple[Cost, Cost]], what: str, target: float) -> Row:
    """Compare one kind of cost."""
    ours, peer = (median(getattr(pair[k], what) for pair in pairs) for k in (0, 1))
    ratio = median(getattr(a, what) / getattr(b, what) for a, b in pairs)
    texts = (f"{cost:.0f} MiB" if what == "peak" else f"{cost * 1000:.0f} ms" for cost in (ours, peer))
    return Row(number, f"{work}, {'peak memory' if what == 'peak' else what}", *texts, ratio, target)


def both(number: int, work: str, pairs: list[tuple[Cost, Cost]], target: float) -> Iterator[Row]:
    """Compare wall time, which is what is asked for, and CPU time, which tells the same where others work too."""
    yield row(number, work, pairs, "wall", target)
    yield row(number, work, pairs, "cpu", target)


def small(rounds: int) -> Iterator[Row]:
    """Target 1: the first command of the README."""
    words = (AIMATH, "softmax", "2", "1", "0.1")
    pairs = alternately(lambda: run(words), lambda: run(NUMPY), 2 * rounds)
    yield row(1, "softmax 2 1 0.1 / import numpy", pairs, "cpu", 0.55)
    yield row(1, "softmax 2 1 0.1 / import numpy", pairs, "wall", 1.15)


def examples() -> dict[str, tuple[str, ...]]:
    """Give a command line of every command."""
    from aimath.cli.catalogue import COMMANDS, lookup

    calculating = (name for name, entry in COMMANDS.items() if not entry.is_text)
    return {name: (AIMATH, *shlex.split(lookup(name).example)[1:]) for name in calculating}


def others(rounds: int, step: int) -> Iterator[Row]:
    """Target 2: every other command, or each `step`-th, the slowest and the one in the middle; and help."""
    names = [name for name in examples() if name != "softmax"][::step]
    lines = {name: words for name, words in examples().items() if name in names}
    pairs = {
        name: alternately(lambda words=words: run(words), lambda: run(NUMPY), rounds)
        for name, words in lines.items()
    }
    for what, target in (("cpu", 0.7), ("wall", 1.25)):
        rows = [row(2, f"{name} / import numpy", pairs[name], what, target) for name in lines]
        rows.sort(key=lambda row: row.ratio)
        yield rows[-1]._replace(work=f"slowest of {len(rows)}: {rows[-1].work}")
        yield rows[len(rows) // 2]._replace(work=f"in the middle: {rows[len(rows) // 2].work}")
    for words in (("--help",), ("softmax", "--help")):
        pairs_of_help = alternately(lambda words=words: run((AIMATH, *words)), lambda: run(NUMPY), rounds)
        yield row(2, f"{' '.join(words)} / import numpy", pairs_of_help, "wall", 0.8)


def text(
    folder: Path, name: str, command: str, gawk: str, rounds: int
) -> tuple[str, list[tuple[Cost, Cost]]]:
    """Run a command and gawk over the lines of one file."""
    source = made(folder, f"{name}.txt")
    peer = (shutil.which("gawk") or "", gawk)
    pairs = alternately(lambda: run((AIMATH, command), source), lambda: run(peer, source), rounds)
    rows, n = ("1e5", "50") if name.endswith("50") else ("1e6", "5")
    return f"{command} of {rows} x {n} as text / gawk", pairs


def softmax_of_text(folder: Path, rounds: int) -> Iterator[Row]:
    """Target 3: a million rows from text to text, in bounded memory."""
    work, pairs = text(folder, "logits-5", "softmax", GAWK_SOFTMAX, rounds)
    yield from both(3, work, pairs, 0.25)
    peak = max(ours.peak for ours, _ in pairs)
    yield Row(3, "softmax of 1e6 x 5 as text, peak / 64 MiB", f"{peak:.0f} MiB", "64 MiB", peak / 64, 1.0)


def other_text(folder: Path, rounds: int) -> Iterator[Row]:
    """Target 4: another command, and longer rows."""
    work, pairs = text(folder, "probs-5", "entropy", GAWK_ENTROPY, rounds)
    yield from both(4, work, pairs, 0.5)
    work, pairs = text(folder, "logits-50", "softmax", GAWK_SOFTMAX, rounds)
    yield from both(4, work, pairs, 0.25)


def arrays(folder: Path, rounds: int) -> Iterator[Row]:
    """Target 5: .npy to .npy."""
    source, target = made(folder, "array-5.npy"), str(folder / "out.npy")
    ours = (AIMATH, "softmax", f"@{source}", "--out", target)
    peer = (sys.executable, "-c", SCIPY_SOFTMAX, source, target)
    pairs = alternately(lambda: run(ours), lambda: run(peer), rounds)
    yield from both(5, "softmax of 2e6 x 5, .npy to .npy / scipy", pairs, 0.6)
    yield row(5, "softmax of 2e6 x 5, .npy to .npy / scipy", pairs, "peak", 0.3)


def tables(folder: Path, rounds: int) -> Iterator[Row]:
    """Target 16: a column of numbers beside one of texts, with quotes, with cells that are missing."""
    mlr = (
        shutil.which("mlr") or "",
        "--icsv",
        "--ojson",
        "stats1",
        "-a",
        "count,mean,var,min,max",
        "-f",
        "a",
    )
    for kind in ("plain", "quoted", "gaps"):
        source = made(folder, f"table-{kind}.csv")
        ours = (AIMATH, "describe", f"@{source}", "--column", "a", "--missing", "skip")
        pairs = alternately(lambda ours=ours: run(ours), lambda source=source: run((*mlr, source)), rounds)
        yield row(16, f"describe a column of 1e6 x 3, {kind} / mlr", pairs, "cpu", 0.5)


def models(folder: Path, rounds: int) -> Iterator[Row]:
    """Target 19: logits of two models, in bounded memory."""
    base, other = (made(folder, f"model-{name}.npy") for name in ("base", "other"))
    ours = (AIMATH, "compare", f"@{base}", f"@{other}", "--logits")
    peer = (sys.executable, "-c", SCIPY_COMPARE, base, other)
    pairs = alternately(lambda: run(ours), lambda: run(peer), rounds)
    yield row(19, "compare of 2,000 x 5,000 float32 / scipy", pairs, "cpu", 0.5)
    peak = max(ours.peak for ours, _ in pairs)
    yield Row(19, "compare of 2,000 x 5,000, peak / 64 MiB", f"{peak:.0f} MiB", "64 MiB", peak / 64, 1.0)


def made(folder: Path, name: str) -> str:
    """Make a file of data, once."""
    path = folder / name
    if not path.exists():
        words = [sys.executable, "-m", "tests.benchmarks.data", path.stem, str(path)]
        subprocess.run(words, check=True)
    return str(path)


def measure(plan: Plan) -> Iterator[Row | str]:
    """Give the rows of the targets asked for, or why there are none."""
    folder, rounds, few = plan.folder, plan.rounds, max(3, plan.rounds // 2)
    parts = {
        1: ((), lambda: small(rounds)),
        2: ((), lambda: others(rounds, 8 if plan.quick else 1)),
        3: (("gawk",), lambda: softmax_of_text(folder, few)),
        4: (("gawk",), lambda: other_text(folder, few)),
        5: (("scipy",), lambda: arrays(folder, few)),
        16: (("mlr",), lambda: tables(folder, few)),
        19: (("scipy",), lambda: models(folder, rounds)),
    }
    for number, (peers, part) in parts.items():
        if number in plan.only:
            missing = skipped(number, *peers)
            yield from [missing] if missing else part()
