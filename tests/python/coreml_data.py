"""Core ML models for the tests, and what is done with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import ossicle

COREML = Path(__file__).parents[1] / "data" / "coreml"
GENERATED = COREML / "generated"
SILERO = COREML / "real" / "silero_vad_v6"
LINEAR = GENERATED / "linear_fp32.mlpackage"


def compare(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], tolerance: float) -> None:
    assert set(expected) <= set(found)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name].reshape(array.shape), array, atol=tolerance, err_msg=name)


def random(model: ossicle.BNNSInference, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {port.name: rng.standard_normal(port.shape).astype(np.float32) for port in model.inputs}


def _message(field: int, *parts: bytes) -> bytes:
    """A field of Protocol Buffers that holds bytes; short ones."""
    content = b"".join(parts)
    assert len(content) < 128
    return bytes([field << 3 | 2, len(content)]) + content


def compiled(folder: Path, program: str, description: bytes = b"") -> Path:
    """A compiled model of one function, from its text."""
    model = folder / "m.mlmodelc"
    model.mkdir()
    (model / "model.mil").write_text(f"program(1.3) {{ func main<ios18>({program} }}")
    numbers = [5, 0, 0, 7], [8, 0, 0, 0, len(description)]
    head, rest = (b"".join(each.to_bytes(8, "little") for each in part) for part in numbers)
    (model / "coremldata.bin").write_bytes(
        (502).to_bytes(4, "little") + head + b"generic" + rest + description + bytes(16)
    )
    return model


def with_default(folder: Path) -> Path:
    """Y = a + b, for arrays of two numbers; b is 7.5 when it is left out."""

    def feature(name: bytes, *more: bytes, optional: bytes = b"") -> bytes:
        array = _message(5, b"\x08\x02", b"\x10\xa0\x80\x04", *more)
        return _message(1, _message(1, name), _message(3, array, optional))

    default = b"\x9d\x03" + np.float32(7.5).tobytes()  # field 51
    return compiled(
        folder,
        "tensor<fp32, [2]> a, tensor<fp32, [2]> b) { tensor<fp32, [2]> y = add(x = a, y = b); } -> (y);",
        feature(b"a") + feature(b"b", default, optional=b"\xc0\x3e\x01"),
    )


def with_mask(folder: Path) -> Path:
    """A model that adds a constant with an infinity."""
    return compiled(
        folder,
        "tensor<fp32, [2]> x) {"
        " tensor<fp32, [2]> mask = const()[val = tensor<fp32, [2]>([0x0p+0, -inf])];"
        " tensor<fp32, [2]> y = add(x = x, y = mask); } -> (y);",
    )
