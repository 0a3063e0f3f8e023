"""Functions of arrays in their tails, against mpmath."""

import mpmath as mp
import numpy as np
import pytest
from tests.digits import ulps

from aimath.core.calculus._operations import OPERATIONS

# Most squares of these are rounded, which exp(-x²) without care multiplies by x².
TAILS = [0.0, 1e-300, 1e-9, 0.1, 0.5, 0.9, 1.0, 2.7, 6.1, 9.3, 20.1, 25.7, 26.0, 30.3, 36.9, 700.0]

EXACT = {
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "sigmoid_slope": lambda x: mp.exp(x) / (1 + mp.exp(x)) ** 2,
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "sech2": lambda x: mp.sech(x) ** 2,
    "bell": lambda x: mp.exp(-(x**2)),
    "normal_cdf": mp.ncdf,
    "normal_density": mp.npdf,
    "gelu": lambda x: x * mp.ncdf(x),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "erf": mp.erf,
    "tanh": mp.tanh,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXACT))
def test_tails_of_functions(name):
    operation, exact = OPERATIONS[name], EXACT[name]
    for x in (sign * x for x in TAILS for sign in (1, -1)):
        with mp.workdps(800):
            wanted = exact(mp.mpf(x))
        with np.errstate(all="ignore"):  # as whoever evaluates arrays has it
            found, row = operation.scalar(x), operation.array(np.array([x, 0.25]))[0]
        if abs(wanted) > 1e-300:
            assert ulps(found, wanted) <= (0.51 if name == "cbrt" else 3), x
            assert ulps(row, wanted) <= 4, x
        else:
            assert found == pytest.approx(float(wanted), abs=1e-300)
            assert row == pytest.approx(float(wanted), abs=1e-300)
