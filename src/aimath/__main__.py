"""`aimath`, and `python -m aimath`: the program around the commands."""

from __future__ import annotations

import gc
import os
import signal
import sys


def main() -> None:
    """Be the command `aimath`."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # Before numpy is imported: on rows and small matrices BLAS threads cost 7 to 9 times (measured).
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    # What is imported stays: looking through it for garbage, as is done every 700 objects, takes 8 ms.
    gc.set_threshold(200_000)
    # glibc gives the memory of each block back and asks for it anew, a third of the time of an .npy, until
    # it has seen a larger piece freed.
    bytes(1 << 24)
    from aimath.cli.app import call  # noqa: PLC0415  not before the lines above

    code = call(sys.argv[1:])
    # Everything is written and flushed: tearing the interpreter down takes 10 to 50 ms more.
    os._exit(code)


if __name__ == "__main__":
    main()
