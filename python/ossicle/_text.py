"""Printed forms: one line, a page, and the same page for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ._errors import WeightsError

if TYPE_CHECKING:
    from ._info import Described
    from ._ports import Port


def byte_size(count: int) -> str:
    """`20480` as `20.0 KiB`."""
    size, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"


def facts(model: Described) -> list[tuple[str, str]]:
    """Name and value of everything that is known in one line each."""
    built = model._built()
    field = model.receptive_field
    rows = [
        ("format", model.format),
        ("inputs", ", ".join(map(_port, built.inputs))),
        ("outputs", ", ".join(map(_port, built.outputs))),
        ("parameters", f"{model.parameter_count:,}"),
        ("weights", byte_size(model.weight_bytes)),
        ("sample rate", f"{model.sample_rate:g} Hz" if model.sample_rate else "not stated"),
        ("receptive field", "unbounded" if field is None else f"{field} samples"),
        ("streams", "yes" if model.streamable else "no"),
    ]
    if model.loudness is not None:
        rows.append(("loudness", f"{model.loudness:.1f} dB"))
    return rows


def summary(model: Described) -> str:
    rate = f", {model.sample_rate:g} Hz" if model.sample_rate else ""
    return f"<{model._title()}: {model.format}, {model.parameter_count:,} parameters{rate}>"


def describe(model: Described) -> str:
    """A page; of something that has no weights yet, what is known without them."""
    try:
        rows = facts(model)
    except WeightsError as error:
        return f"{model!r}\n\nnot ready: {error}\n"
    width = max(len(name) for name, _ in rows)
    head = "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
    sections = (model._title(), head, f"Layers\n{model.layers().rstrip()}", f"Plan\n{model.plan().rstrip()}")
    return "\n\n".join(sections) + "\n"


def html(model: Described) -> str:
    try:
        rows = facts(model)
    except WeightsError as error:
        return f"<pre>{escape(repr(model))}</pre><p>not ready: {escape(str(error))}</p>"
    left = 'style="text-align:left"'
    cells = "".join(
        f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(value)}</td></tr>" for name, value in rows
    )
    return (
        f"<b>{escape(model._title())}</b><table>{cells}</table>"
        f"<details><summary>Layers</summary><pre>{escape(model.layers())}</pre></details>"
        f"<details><summary>Plan</summary><pre>{escape(model.plan())}</pre></details>"
    )


def _port(port: Port) -> str:
    shape = ", ".join("?" if extent is None else str(extent) for extent in port.shape)
    return f"{port.name or 'x'} [{shape}] {port.dtype}"
