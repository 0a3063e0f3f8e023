"""What target 15 is compared with: `python -m tests.benchmarks.by_dask WORK FILE OUT`, on two workers of 512 MB.

Each work is done as dask's own functions do it, with their defaults.
"""

from __future__ import annotations

import logging
import signal
import sys
import warnings

import numpy as np

BLOCK = 32_000_000
"""Bytes of a chunk: dask's own 128 MiB fill a worker of 512 MB; smaller ones took longer."""

DEADLINE = 900
"""Seconds after which it is ended: a worker that is out of memory is started again and again."""


def rows(path: str, start: int, stop: int) -> np.ndarray:
    return np.load(path, mmap_mode="r")[start:stop]


def opened(path: str):
    """Give the file as an array of dask's whose chunks the workers read for themselves."""
    import dask
    import dask.array as da

    m, n = np.load(path, mmap_mode="r").shape
    step = BLOCK // (8 * n)
    cuts = [(k, min(k + step, m)) for k in range(0, m, step)]
    read = dask.delayed(rows)
    return da.concatenate([da.from_delayed(read(path, a, b), (b - a, n), float) for a, b in cuts])


def pca(x, out: str) -> None:
    """Do as dask_ml's PCA does."""
    import dask
    from dask.array import linalg

    _, s, v = linalg.svd(x - x.mean(axis=0))
    np.savez(out, *dask.compute(s[:10], v[:10]))


def entropy(x, out: str) -> None:
    from scipy import special

    np.save(out, x.map_blocks(special.entr).sum(axis=1).compute() / np.log(2))


def rank(x, out: str) -> None:
    import dask
    from dask.array import linalg

    _, s, v = linalg.svd_compressed(x, 16)
    np.savez(out, *dask.compute(s, v))


def main(work: str, path: str, out: str) -> None:
    from distributed import Client, LocalCluster

    signal.alarm(DEADLINE)
    warnings.simplefilter("ignore")
    how = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": "512MB", "dashboard_address": None}
    with LocalCluster(**how, silence_logs=logging.CRITICAL) as cluster, Client(cluster):
        {"pca": pca, "entropy": entropy, "svd-approx": rank}[work](opened(path), out)


if __name__ == "__main__":
    main(*sys.argv[1:])
