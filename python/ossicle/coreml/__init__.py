"""Core ML models on any machine: take their weights, compile them.

    weights = ossicle.CoreMLWeightLoader("model.mlpackage")
    weights["encoder_weight"]                          # float32, expanded, read when asked for
    ossicle.coreml.compile("model.mlpackage", "model.mlmodelc")

Names, shapes and types are Core ML's own.
"""

from ._compile import compile
from ._weights import CoreMLWeight, CoreMLWeightLoader

__all__ = ["CoreMLWeight", "CoreMLWeightLoader", "compile"]
