"""The float64 reference agrees with PyTorch on every stored case, so that tests may lean on it."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=str)
def test_reference_is_pytorch(case: Case) -> None:
    arguments = {k: v for k, v in case.arguments.items() if k != "batch_first"}
    found = reference.run(case.module, arguments, case.weights, case.input, *case.states)
    output, *final = found if isinstance(found, tuple) else (found,)
    # The stored states and some activations are PyTorch's float32, hence not tighter.
    np.testing.assert_allclose(output, case.output, atol=2e-6, rtol=1e-6)
    for state, expected in zip(final, case.final_states, strict=True):
        np.testing.assert_allclose(state, expected, atol=2e-6, rtol=1e-6)
