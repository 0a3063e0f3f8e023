"""What a command line prints to a pipe, word for word."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile

from aimath.cli.app import run_line


def printed(command_line: str) -> str:
    r"""Return the standard output of a command line such as `aimath help softmax`.

    >>> printed("aimath softmax 0 0")
    '0.5 0.5\n'
    """
    sys.stdout.flush()
    stdout = os.dup(1)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        try:
            run_line(shlex.split(command_line)[1:])
        finally:
            sys.stdout.flush()
            os.dup2(stdout, 1)
            os.close(stdout)
        file.seek(0)
        return file.read().decode()
