"""Arrays as the bytes of files, for the tests of readers."""

from __future__ import annotations

import io
import zipfile

import numpy as np


def npy_bytes(array, version=None):
    """Return the bytes of an .npy."""
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(array), version=version)
    return out.getvalue()


def npz_bytes(compression=zipfile.ZIP_DEFLATED, **arrays):
    """Return the bytes of an .npz; what is bytes already stands in it as it is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in arrays.items():
            archive.writestr(f"{name}.npy", data if isinstance(data, bytes) else npy_bytes(data))
    return out.getvalue()
