"""What is accepted as input and output, and what the messages say when it is not."""

from __future__ import annotations

import re

import numpy as np
import ossicle
import pytest


def says(*parts: object) -> str:
    """A pattern that needs every part, in this order."""
    return ".*".join(re.escape(str(part)) for part in parts)


def test_wrong_input_shape_names_both(linear: ossicle.Linear) -> None:
    with pytest.raises(ossicle.ShapeError, match=says("4", (2, 5))):
        linear(np.zeros((2, 5), np.float32))
    with pytest.raises(ValueError, match=says("4", (2, 5))):
        linear(np.zeros((2, 5), np.float32))


def test_wrong_channels_name_both() -> None:
    layer = ossicle.Conv1D(3, 2, 1).load_state_dict(
        {"weight": [[[0.5], [1.0], [2.0]]] * 2, "bias": [0.0, 1.0]}
    )
    with pytest.raises(ossicle.ShapeError, match=r"\[5, 8\](.|\n)*3"):
        layer(np.zeros((5, 8), np.float32))


def test_wrong_out_shape_names_both(linear: ossicle.Linear) -> None:
    x = np.zeros((2, 4), np.float32)
    for _ in range(2):  # the first call and the short path
        with pytest.raises(ossicle.ShapeError, match=says("out", (2, 3), (3, 2))):
            linear(x, out=np.zeros((3, 2), np.float32))
        linear(x)


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.zeros((2, 3)), "float64"),
        (np.zeros((2, 3), np.int32), "int32"),
        ([[0.0] * 3] * 2, "list"),
    ],
)
def test_wrong_out_type(linear: ossicle.Linear, out: object, error: str) -> None:
    x = np.zeros((2, 4), np.float32)
    for _ in range(2):
        with pytest.raises(TypeError, match=error):
            linear(x, out=out)
        linear(x)


def test_out_must_be_dense_and_writable(linear: ossicle.Linear) -> None:
    x = np.zeros((2, 4), np.float32)
    for _ in range(2):
        with pytest.raises(ValueError, match="contiguous"):
            linear(x, out=np.zeros((3, 2), np.float32).T)
        frozen = np.zeros((2, 3), np.float32)
        linear(x, out=frozen)
        frozen.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            linear(x, out=frozen)


@pytest.mark.parametrize("value", [[[1, 2, 3, 4]], np.zeros((1, 4), np.int16), np.zeros((1, 4), bool)])
def test_integers_are_refused(linear: ossicle.Linear, value: object) -> None:
    with pytest.raises(TypeError, match=says("floating-point", (1, 4))):
        linear(value)


@pytest.mark.parametrize("value", ["abcd", None, [[1j] * 4], [[1.0], [1.0, 2.0]]])
def test_other_types_are_refused(linear: ossicle.Linear, value: object) -> None:
    with pytest.raises(ossicle.DTypeError):
        linear(value)


def test_float_types_and_byte_orders(linear: ossicle.Linear) -> None:
    x = np.array([[0.5, -1.0, 2.0, 0.25]], np.float32)
    expected = linear(x)
    for dtype in (np.float16, np.float64, np.longdouble, ">f4", ">f8"):
        np.testing.assert_array_equal(linear(x.astype(dtype)), expected)


def test_array_likes(linear: ossicle.Linear) -> None:
    class Tensor:
        shape = (1, 4)
        dtype = "float32"

        def __array__(self, dtype=None, copy=None):
            return np.ones((1, 4), dtype or np.float32)

    np.testing.assert_array_equal(linear(Tensor()), linear(np.ones((1, 4), np.float32)))
    subclass = np.ones((1, 4), np.float32).view(np.recarray)
    np.testing.assert_array_equal(linear(subclass), linear(np.ones((1, 4), np.float32)))


def test_input_is_not_changed_and_may_be_read_only(linear: ossicle.Linear, rng: np.random.Generator) -> None:
    x = rng.standard_normal((5, 4)).astype(np.float32)
    before = x.copy()
    x.flags.writeable = False
    linear(x)
    linear(x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("shift", [0, 1, 3])
def test_out_may_overlap_the_input(rng: np.random.Generator, shift: int) -> None:
    layer = ossicle.Linear(4, 4).load_state_dict({"weight": np.eye(4)[::-1], "bias": np.zeros(4)})
    for _ in range(2):  # the first call and the short path
        memory = rng.standard_normal(16).astype(np.float32)
        x, out = memory[:8].reshape(2, 4), memory[shift : shift + 8].reshape(2, 4)
        expected = x[:, ::-1].copy()
        layer(x, out=out)
        np.testing.assert_array_equal(out, expected)


def test_results_are_independent(linear: ossicle.Linear, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 4)).astype(np.float32)
    first = linear(x)
    kept = first.copy()
    linear(-x)
    np.testing.assert_array_equal(first, kept)


def test_changed_out_is_looked_at_again(linear: ossicle.Linear, rng: np.random.Generator) -> None:
    """The last `out` is remembered; other arrays and other shapes must not be taken for it."""
    x = rng.standard_normal((2, 4)).astype(np.float32)
    expected = linear(x)
    a, b = np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float32)
    for out in (a, b, a, a, b):
        out[:] = np.nan
        np.testing.assert_array_equal(linear(x, out=out), expected)
    with pytest.raises(ossicle.ShapeError, match=says((1, 3), (2, 3))):
        linear(x[:1], out=a)


def test_changed_input_is_looked_at_again(linear: ossicle.Linear, rng: np.random.Generator) -> None:
    """The last input is remembered; its numbers, shape and type are not."""
    x = rng.standard_normal((2, 4)).astype(np.float32)
    out = np.empty((2, 3), np.float32)
    first = linear(x, out=out).copy()
    x *= -1
    assert not np.array_equal(linear(x, out=out), first)
    np.testing.assert_array_equal(linear(x, out=out), linear(x.copy()))
    linear(x, out=out)
    with pytest.raises(ValueError, match="resize"):
        x.resize((4, 4))
    view = x.view()
    linear(view)
    view.shape = (1, 2, 4)
    assert linear(view).shape == (1, 2, 3)
    view.dtype = np.int32
    with pytest.raises(ossicle.DTypeError, match="int32"):
        linear(view)


def test_many_shapes(linear: ossicle.Linear) -> None:
    """Sessions for old shapes are dropped and made again."""
    for length in [*range(1, 50), *range(1, 50)]:
        assert linear(np.zeros((length, 4), np.float32)).shape == (length, 3)
    assert linear.memory_bytes < 50 * 10**6


def test_a_signal_of_no_frames_is_refused(rng: np.random.Generator) -> None:
    model = ossicle.Sequential(ossicle.Conv1D(1, 2, 3, padding=1))
    model.load_state_dict({"0.weight": rng.standard_normal((2, 1, 3)), "0.bias": rng.standard_normal(2)})
    with pytest.raises(ossicle.ShapeError, match="1, 0"):
        model(np.zeros((1, 0), np.float32))
