"""Types of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
FloatArray = np.ndarray[Any, np.dtype[Any]]  # of float64 or float32
Indices = np.ndarray[Any, np.dtype[np.intp]]
EPS = 2.0**-52
"""From 1 to the next float64."""
