"""Writes operations/operations.mil and operations.safetensors: one function of one MIL operation for each golden.

    python3 make_operation_goldens.py operations

What an operation gives is computed in operation_goldens in float64 with NumPy alone, from the formulas of
coremltools' operation reference (`converters/mil/mil/ops/defs`); loops are as plain as they can be. Keys are
FUNCTION/in/NAME and FUNCTION/out/NAME.
"""

import importlib
import sys

from operation_goldens.writing import save

#: In this order: all draw from one stream of noise.
FAMILIES = (
    "elementwise",
    "activations",
    "moves",
    "parts",
    "indices",
    "reductions",
    "products",
    "convolutions",
    "pooling",
    "resizing",
    "normalizations",
    "quantization",
    "recurrent",
    "lists",
    "recurrent_variants",
    "computed",
)

for family in FAMILIES:
    importlib.import_module(f"operation_goldens.{family}")
save(sys.argv[1])
