"""Core ML models on any machine: run them, take their weights, compile them.

    model = ossicle.BNNSInference("model.mlpackage")
    y = model.predict(x)                               # or names to arrays: model.predict({"x": x})

    weights = ossicle.CoreMLWeightLoader("model.mlpackage")
    weights["encoder_weight"]                          # float32, expanded, read when asked for
    ossicle.coreml.compile("model.mlpackage", "model.mlmodelc")

Names, shapes and types are Core ML's own.
"""

from ._compile import compile
from ._features import Feature, operations
from ._inference import BNNSInference
from ._memory import MemoryPressure, MemoryPressureObserver
from ._weights import CoreMLWeight, CoreMLWeightLoader

__all__ = [
    "BNNSInference",
    "CoreMLWeight",
    "CoreMLWeightLoader",
    "Feature",
    "MemoryPressure",
    "MemoryPressureObserver",
    "compile",
    "operations",
]
