"""A dask cluster of two processes in a process of its own: it prints its address, and ends with its input.

Lines that it reads are what is done to it: "lose FILE" lets a worker end itself at the first task after that,
if FILE isn't there yet; "version X" and "without" change the aimath of the workers; "go DIRECTORY" their
directory; "tasks" prints how many there are.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile


def main() -> None:
    from distributed import Client, LocalCluster, WorkerPlugin

    class EndOnce(WorkerPlugin):
        """Let a worker end at its first task, unless one has."""

        name = "end-once"

        def __init__(self, path):
            self.path = path

        def transition(self, key, start, finish, **_):  # noqa: ARG002  as dask calls it
            if finish == "executing" and str(key).startswith("aimath-"):
                try:
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    return
                os._exit(3)

    def set_version(version):
        importlib.import_module("aimath").__version__ = version

    def go(client, directory):
        """Let both workers go to a directory, also one that is being started in place of another."""
        while [*client.run(os.getcwd, on_error="ignore").values()] != [directory] * 2:
            client.wait_for_workers(2, timeout=120)
            client.run(os.chdir, directory, on_error="ignore")

    def forget(*, there):
        if there:
            sys.modules.pop("aimath", None)
        else:
            for name in [name for name in sys.modules if name.partition(".")[0] == "aimath"]:
                del sys.modules[name]
            sys.modules["aimath"] = None

    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            memory_limit=0,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.CRITICAL,
            local_directory=folder,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        print(cluster.scheduler_address, flush=True)  # noqa: T201  the parent reads it
        for line in sys.stdin:
            what, _, value = line.strip().partition(" ")
            if what == "lose":
                cluster.scale(2)
                client.wait_for_workers(2, timeout=120)
                client.register_plugin(EndOnce(value))
            elif what == "version":
                client.run(set_version, value)
            elif what == "without":
                client.run(forget, there=value == "no more")
            elif what == "go":
                go(client, value)
            print(len(cluster.scheduler.tasks) if what == "tasks" else "done", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
