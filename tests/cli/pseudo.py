"""What a terminal shows of a run."""

from __future__ import annotations

import os
import pty
import threading


def seen(warm, *arguments, code=0, **how) -> str:
    """Run at a pseudo-terminal, its output and errors together, and give the text."""
    ours, theirs = pty.openpty()
    parts = []

    def read():
        try:
            while data := os.read(ours, 1 << 16):
                parts.append(data)
        except OSError:  # the other side is closed
            return

    reader = threading.Thread(target=read)
    reader.start()
    ran = warm(*arguments, stdout=theirs, stderr=theirs, **how)
    os.close(theirs)
    reader.join()
    os.close(ours)
    text = b"".join(parts).decode().replace("\r\n", "\n")
    assert ran.code == code, text
    return text
