"""What counts as an overflow, and what does not."""

import numpy as np

from aimath.core.nn.autograd._errstate import checked_call


def test_a_flag_without_a_reason_is_no_refusal():  # Accelerate's matrix products raise some
    def spurious(x):
        np.exp(np.array([1000.0]))
        return x + 1

    assert checked_call(spurious, np.array([1.0])).tolist() == [2]
