"""What a terminal shows of a run."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
import threading


def seen(warm, *arguments, code=0, columns=80, typed=(), **how) -> str:
    """Run at a pseudo-terminal, which is its input, output and errors, and give the text.

    Each line of `typed` is typed when the quiz's prompt is there.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    parts, left = [], list(typed)

    def read():
        try:
            while data := os.read(ours, 1 << 16):
                parts.append(data)
                if left and b"".join(parts[-2:]).endswith(b"  > "):
                    os.write(ours, left.pop(0).encode())
        except OSError:  # the other side is closed
            return

    reader = threading.Thread(target=read)
    reader.start()
    width = {"COLUMNS", "LINES"} - how.get("env", {}).keys()
    ran = warm(
        *arguments,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        **how | {"unset": [*how.get("unset", ()), *width]},
    )
    os.close(theirs)
    reader.join()
    os.close(ours)
    text = b"".join(parts).decode().replace("\r\n", "\n")
    assert ran.code == code, text
    return text
