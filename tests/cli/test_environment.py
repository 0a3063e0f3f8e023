"""R16: no variable of the environment changes a byte of what goes into a pipe."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.covering import some_and_all, turns

pytestmark = pytest.mark.slow

BLAS = [
    "svd-approx randn:120x90 --rank 3,7",
    "svd-approx randn:700x300 --rank 2 --fields singular_values,error",
    "eig randn:60x60",
    "pca randn:300x40 --components 3",
    "inverse randn:120x120",
    "matmul randn:200x300 randn:300x10",
    "attention randn:100x64 --heads 4",
    "cosine --matrix randn:80x64",
    "layer '1 2; 3 4' 1,1 --explain",
    "describe randn:1x3000 --json",
    "softmax 3 1 0.2 --plot --format table",
    "analogy king man woman --json",
    "grad 'x^2*y' 'x+y' x=1,2 y=3 --json",
    "gd --steps 30 --lr .1,.2 --csv",
    "gaussian --sample 5 --seed 3",
    "entropy --help",
]
THREADS = ["OPENBLAS_NUM", "GOTO_NUM", "OMP_NUM", "MKL_NUM", "MKL_DOMAIN_NUM", "BLIS_NUM", "VECLIB_MAXIMUM"]
ENVIRONMENTS = [
    {f"{name}_THREADS": "2" for name in THREADS},
    {f"{name}_THREADS": "x" for name in THREADS},
    {"OPENBLAS_NUM_THREADS": "2"},
    {"OPENBLAS_NUM_THREADS": "3", "OPENBLAS_DEFAULT_NUM_THREADS": "2", "OMP_DYNAMIC": "true"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "7"},
    {"PYTHONHASHSEED": "2", "LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE", "PYTHONUTF8": "1", "PYTHONDEVMODE": "1"},
    {"COLUMNS": "20", "LINES": "5", "TERM": "dumb", "NO_COLOR": "1", "PYTHONOPTIMIZE": "1"},
    {"COLUMNS": "300", "TERM": "xterm-256color", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TTY_COMPATIBLE": "1"},
    {"PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "latin-1", "PYTHONINSPECT": "1"},
    {"SEED": "9", "AIMATH_SEED": "9", "AIMATH_FORMAT": "json", "CI": "1", "BLOAT": "x" * 5000},
]  # fmt: skip


def ran(line, more):
    bare = {key: value for key, value in os.environ.items() if not key.endswith("_THREADS")}
    bare = {key: value for key, value in bare.items() if key not in {"COLUMNS", "LINES", "NO_COLOR"}}
    run = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m aimath {line}"], env=bare | more, capture_output=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return run.returncode, run.stdout, run.stderr


@some_and_all
@pytest.mark.parametrize("line", BLAS)
def test_same_bytes_in_every_environment(line, share):
    answer = ran(line, {})
    assert (answer[0], bool(answer[1])) == (0, True)
    for more in turns(ENVIRONMENTS, BLAS.index(line), share):
        if "latin-1" in more.values() and ("explain" in line or "table" in line or "help" in line):
            continue  # text for people is drawn in the signs that the stream has
        assert ran(line, more) == answer, more
