"""Who shares tasks: processes of our own, or a dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    from aimath.cli.runner.division.workers import Handler
    from aimath.cli.runner.job import Division


class Pool(Protocol):
    """What calls a handler with one task after the other, several at a time."""

    @property
    def count(self) -> int:
        """How many tasks are worked on at a time."""
        ...

    def __enter__(self) -> Self:
        """Return the pool."""
        ...

    def __exit__(self, *_: object) -> None:
        """Give up what is not done."""

    def close(self) -> None:
        """Give up what is not done."""

    def results(self, tasks: Sequence[Any], name: Callable[[Any], str]) -> Iterator[tuple[int, Any]]:
        """Yield (number of the task, result) in the order of the tasks; a lost task is called by its name."""
        ...

    def learn(self, tasks: Sequence[Any], name: Callable[[Any], str]) -> Iterator[Any]:
        """Yield results in the order of the tasks; those of neighbours may be joined by the handler."""
        ...


def open_pool(division: Division, most: int, setup: Callable[..., Handler], *arguments: Any) -> Pool:
    """Return those who share tasks: a cluster, or the processes asked for, no more than have work."""
    if division.dask:
        from aimath.cli.runner.division.cluster import ClusterPool  # noqa: PLC0415  only for clusters

        return ClusterPool(division.dask, setup, *arguments)
    from aimath.cli.runner.division.workers import WorkerPool  # noqa: PLC0415  only for several

    return WorkerPool(min(division.workers, most), setup, *arguments)
