"""`ossicle info` of Core ML models."""

from __future__ import annotations

from typing import Any

from .._errors import OssicleError
from .._text import byte_size
from ..coreml import BNNSInference, CoreMLWeightLoader

KINDS = {
    "program": "Core ML ML Program",
    "network": "Core ML neural network (before ML Programs)",
    "espresso": "Core ML neural network, compiled (Espresso; batch norm is folded into the weights)",
}
#: The first system of a specification version.
SYSTEMS = {6: "iOS 15", 7: "iOS 16", 8: "iOS 17", 9: "iOS 18", 10: "iOS 26"}


def as_json(path: str) -> dict[str, Any]:
    """The description with what is stored."""
    loader = CoreMLWeightLoader(path)
    stored = loader.available_weights
    weights = {"count": len(stored), "bytes": sum(weight.nbytes for weight in stored)}
    found = {"format": "coreml", **loader.description, "weights": weights}
    for function in found["functions"]:
        function["runs"] = runs(path, function["name"] or None)
    return found


def runs(path: str, function: str | None) -> dict[str, Any]:
    """Whether a function runs here, by which engine, or why not."""
    try:
        with BNNSInference(path, function=function) as model:
            return {"supported": True, "engine": model.engine, "workspace_bytes": model.workspace_bytes}
    except OssicleError as error:
        return {"supported": False, "reason": str(error).removeprefix(f"{path}: ")}


def show(path: str, found: dict[str, Any]) -> str:
    """Rows for reading."""
    version = found["specification_version"]
    system = SYSTEMS.get(version)
    rows = [
        ("file", path),
        ("format", KINDS[found["kind"]]),
        ("specification", f"{version} ({system} and later)" if system else str(version)),
    ]
    functions = found["functions"]
    several = len(functions) > 1
    if several:
        names = [each["name"] for each in functions]
        rows.append(("functions", f"{', '.join(names)}; default {found['default_function']}"))
    for function in functions:
        of = f" of {function['name']}" if several else ""
        rows += [
            (part + of, "\n".join(map(_feature, function[part])))
            for part in ("inputs", "outputs", "states")
            if function[part]
        ]
        rows.append(("runs here" + of, _runs(function["runs"])))
    stored = f"weights of {found['default_function']}" if several else "weights"
    rows.append((stored, f"{found['weights']['count']}, {byte_size(found['weights']['bytes'])}"))
    rows += [
        (name, found[key] + more)
        for name, key, more in (
            ("computes in", "compute_precision", _here(found["compute_precision"])),
            ("stores", "storage_precision", ""),
        )
        if found[key]
    ]
    metadata = found["metadata"]
    rows += [(key, metadata[key]) for key in ("description", "author", "license", "version") if metadata[key]]
    width = max(len(name) for name, _ in rows)
    pages = ["\n".join(_row(name, value, width) for name, value in rows)]
    pages += [_histogram(each, several) for each in functions if each["operations"]]
    return "\n\n".join(pages)


def plans(path: str, found: dict[str, Any]) -> str:
    """The steps of every function that runs here."""
    several = len(found["functions"]) > 1
    pages = []
    for function in found["functions"]:
        if function["runs"]["supported"]:
            with BNNSInference(path, function=function["name"] or None) as model:
                of = f" of {function['name']}" if several else ""
                pages.append(f"plan{of}\n{model.plan().rstrip()}")
    return "\n\n".join(pages)


def _here(precision: str) -> str:
    """The engine has one float type."""
    return "; here floats are float32" if "Float16" in precision else ""


def _runs(found: dict[str, Any]) -> str:
    if found["supported"]:
        return f"yes, engine {found['engine']}, workspace {byte_size(found['workspace_bytes'])}"
    return "no: " + str(found["reason"]).replace("; ", ";\n")


def _row(name: str, value: str, width: int) -> str:
    return f"{name:<{width}}  " + value.replace("\n", "\n" + " " * (width + 2))


def _histogram(function: dict[str, Any], several: bool) -> str:
    of = f" of {function['name']}" if several else ""
    counts = sorted(function["operations"].items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{count:>6}  {name}" for name, count in counts]
    return "\n".join([f"operations{of} ({function['opset']})", *lines])


def _feature(feature: dict[str, Any]) -> str:
    """Such as `audio [1, 16…4096] float32`."""
    name, kind = feature["name"], feature["type"]
    if not feature.get("shape"):
        return f"{name} {feature.get('dtype') or kind}, shape not stated"
    shape = [str(extent or "?") for extent in feature["shape"]]
    for axis, (low, high) in enumerate(feature.get("ranges", [])):
        if low != high:
            default = f" (default {shape[axis]})" if axis < len(shape) else ""
            shape[axis : axis + 1] = [f"{low}…{high if high >= 0 else ''}{default}"]
    text = f"{name} [{', '.join(shape)}] {feature.get('dtype', kind)}".rstrip()
    if "enumerated" in feature:
        others = [str(each) for each in feature["enumerated"] if each != feature["shape"]]
        text += ", also " + ", ".join(others) if others else ""
    if "default" in feature:
        return f"{text}, {feature['default']:g} when left out"
    return text + (", optional" if feature["optional"] else "")
