"""`ossicle info`."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

from .._model import Model, load
from .._text import byte_size, facts
from ..coreml._files import is_coreml
from . import info_coreml

HELP = "Show what a model file holds and, for audio models, how fast it runs here."
EXAMPLES = """\
examples:
  ossicle info amp.nam
  ossicle info --json amp.nam | jq .parameters
  ossicle info vad.mlpackage       functions, inputs, outputs and operations
  ossicle info --plan amp.nam      also the steps that will run"""

_BLOCK = 512
_MEASURE_SECONDS = 0.25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        metavar="FILE",
        help="a .nam, RTNeural, AIDA-X or GuitarML .json, hybrid .safetensors, .mlpackage, .mlmodel(c)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--plan", action="store_true", help="also show the steps, kernels and buffers")


def run(options: argparse.Namespace) -> None:
    if is_coreml(options.model):
        found = info_coreml.as_json(options.model)
        print(json.dumps(found, indent=2) if options.json else info_coreml.show(options.model, found))
        if options.plan and not options.json and (plans := info_coreml.plans(options.model, found)):
            print(f"\n{plans}")
        return
    model = load(options.model)
    streaming = _streaming(model) if model.streamable else None
    if options.json:
        print(json.dumps(_as_json(model, streaming), indent=2))
        return
    rows = [("file", options.model), *facts(model)]
    if streaming:
        rows += [
            ("latency", f"{streaming['latency']} samples"),
            ("stream memory", byte_size(streaming["memory_bytes"])),
            ("real-time factor", _factor_text(streaming)),
        ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
    print(f"\nlayers\n{model.layers().rstrip()}")
    if options.plan:
        print(f"\nplan\n{model.plan().rstrip()}")


def _factor_text(streaming: dict[str, Any]) -> str:
    factor = streaming["real_time_factor"]
    return f"{factor:.4f} ({1 / factor:.0f}× real time; one thread, block {_BLOCK}, {streaming['rate']:g} Hz)"


def _as_json(model: Model, streaming: dict[str, Any] | None) -> dict[str, Any]:
    built = model._built()

    def port(port: Any) -> dict[str, Any]:
        return {"name": port.name, "shape": port.shape, "dtype": str(port.dtype)}

    return {
        "format": model.format,
        "inputs": [port(each) for each in built.inputs],
        "outputs": [port(each) for each in built.outputs],
        "parameters": model.parameter_count,
        "weight_bytes": model.weight_bytes,
        "sample_rate": model.sample_rate,
        "loudness": model.loudness,
        "receptive_field": model.receptive_field,
        "streaming": streaming,
        "metadata": model.metadata,
        "layers": model.layers().splitlines(),
    }


def _streaming(model: Model) -> dict[str, Any]:
    """Latency, memory, and the real-time factor: seconds of work for a second of audio."""
    rate = model.sample_rate or 48000.0
    with model.stream(_BLOCK) as stream:
        frames = max(_BLOCK // stream.granularity, 1) * stream.granularity
        shape = (frames, stream.input_channels) if stream.channels_last else (stream.input_channels, frames)
        noise = np.random.default_rng(0).standard_normal(shape).astype(np.float32) * np.float32(0.1)
        out = stream.process(noise)
        times: list[float] = []
        end = time.perf_counter() + _MEASURE_SECONDS
        while (start := time.perf_counter()) < end or not times:
            stream.process(noise, out)
            times.append(time.perf_counter() - start)
        return {
            "latency": stream.latency,
            "memory_bytes": stream.memory_bytes,
            "rate": rate,
            "real_time_factor": float(np.median(times)) * rate / frames,
        }
