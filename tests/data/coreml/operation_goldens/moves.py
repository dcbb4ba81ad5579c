"""Moves: elements change places."""

import numpy as np

from .elementwise import i, x
from .writing import case, noise

case("transpose_three", "transpose", {"x": x}, x.transpose(2, 0, 1), perm=[2, 0, 1])
case("transpose_negative", "transpose", {"x": x}, x.transpose(0, 2, 1), perm=[0, -1, -2])
case("transpose_int", "transpose", {"x": i}, i.transpose(2, 0, 1), perm=[2, 0, 1])
case("reshape_open", "reshape", {"x": x}, x.reshape(4, 6), shape=[4, -1])
case("reshape_keep", "reshape", {"x": x}, x.reshape(2, 4, 3), shape=[0, 4, -1], opset="ios15")
# Since iOS 17 zeros are counted from the end, and one that is beyond the front is 1.
case("reshape_keep_last", "reshape", {"x": x}, x.reshape(1, 6, 1, 4), shape=[0, -1, 1, 0])
case("reshape_keep_middle", "reshape", {"x": x}, x.reshape(3, 8), shape=[0, -1])
case(
    "reshape_like_two",
    "reshape_like",
    {"x": x, "ref_tensors__a": noise(6, 9), "ref_tensors__b": noise(5, 4)},
    x.reshape(6, 4),
    begins=(0, 1),
    ends=(1, 0),
    end_masks=(False, True),
)
case("expand_dims_two", "expand_dims", {"x": x}, x[:, None, :, :, None], axes=[1, -1])
case("squeeze_all", "squeeze", {"x": x[:, :1, :1]}, x[:, 0, 0])
case("squeeze_some", "squeeze", {"x": x[:, :1, :1]}, x[:, :1, 0], axes=[2])
case("flatten2d_default", "flatten2d", {"x": x}, x.reshape(2, 12))
case("flatten2d_axis", "flatten2d", {"x": x}, x.reshape(6, 4), axis=2)
case(
    "concat_axis", "concat", {"values__a": x, "values__b": x[:, :2]}, np.concatenate([x, x[:, :2]], 1), axis=1
)
case(
    "concat_interleave",
    "concat",
    {"values__a": x, "values__b": -x},
    np.stack([x, -x], 2).reshape(2, 6, 4),
    axis=1,
    interleave=True,
)
case(
    "concat_scalars",
    "concat",
    {"values__a": np.int32(3), "values__b": np.int32(4)},
    np.int32([3, 4]),
    axis=0,
)
case("stack_axis", "stack", {"values__a": x, "values__b": -x}, np.stack([x, -x], 1), axis=1)
case("stack_last", "stack", {"values__a": x, "values__b": -x}, np.stack([x, -x], -1), axis=-1)
case("split_even", "split", {"x": x}, np.split(x, 2, 2), axis=2, num_splits=2)
case("split_sizes", "split", {"x": x}, [x[:, :1], x[:, 1:]], axis=1, split_sizes=[1, 2])
case("tile_two", "tile", {"x": x}, np.tile(x, (1, 2, 3)), reps=[1, 2, 3])
case("reverse_all", "reverse", {"x": x}, x[::-1, ::-1, ::-1])
case("reverse_some", "reverse", {"x": x}, x[:, :, ::-1], axes=[2])
case("shape_of", "shape", {"x": x}, np.int32([2, 3, 4]))
case("identity_of", "identity", {"x": x}, x)
case(
    "pad_constant",
    "pad",
    {"x": x},
    np.pad(x, ((0, 0), (1, 0), (2, 3)), constant_values=0.5),
    pad=[1, 0, 2, 3],
    mode="constant",
    constant_val=0.5,
)
case(
    "pad_reflect",
    "pad",
    {"x": x},
    np.pad(x, ((0, 0), (0, 0), (2, 3)), "reflect"),
    pad=[0, 0, 2, 3],
    mode="reflect",
)
case(
    "pad_replicate",
    "pad",
    {"x": x},
    np.pad(x, ((0, 0), (0, 0), (2, 3)), "edge"),
    pad=[0, 0, 0, 0, 2, 3],
    mode="replicate",
)
case("fill_float", "fill", {}, np.full((2, 3), 1.5), shape=[2, 3], value=1.5)
case("fill_like_int", "fill_like", {"ref_tensor": x}, np.full((2, 3, 4), 7), value=7)
case("range_1d_float", "range_1d", {}, np.arange(1.0, 3.1, 0.5), start=1.0, end=3.1, step=0.5)
case("range_1d_rounded", "range_1d", {}, np.float32([0, 0.1, 0.2]), start=0.0, end=0.3, step=0.1)
case("range_1d_large", "range_1d", {}, np.arange(2**24, 2**24 + 3), start=2**24, end=2**24 + 3, step=1)
case("range_1d_int", "range_1d", {}, np.arange(9, -3, -4), start=9, end=-3, step=-4)
case(
    "band_part_band",
    "band_part",
    {"x": x},
    x * np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]], np.float32),
    lower=1,
    upper=1,
)
case("band_part_upper", "band_part", {"x": x}, x * np.triu(np.ones((3, 4), np.float32)), lower=0, upper=-1)
long = noise(2, 9, 2)
case(
    "sliding_windows_step",
    "sliding_windows",
    {"x": long},
    np.stack([long[:, k : k + 4] for k in (0, 2, 4)], 1),
    axis=1,
    size=4,
    stride=2,
)
image = noise(2, 8, 3, 5)
depth = image.reshape(2, 2, 2, 2, 3, 5)
case(
    "depth_to_space_blocks",
    "depth_to_space",
    {"x": image},
    depth.transpose(0, 3, 4, 1, 5, 2).reshape(2, 2, 6, 10),
    block_size=2,
)
case(
    "pixel_shuffle_blocks",
    "pixel_shuffle",
    {"x": image},
    depth.transpose(0, 1, 4, 2, 5, 3).reshape(2, 2, 6, 10),
    upscale_factor=2,
)
plane = noise(2, 3, 4, 6)
space = plane.reshape(2, 3, 2, 2, 3, 2)
case(
    "space_to_depth_blocks",
    "space_to_depth",
    {"x": plane},
    space.transpose(0, 3, 5, 1, 2, 4).reshape(2, 12, 2, 3),
    block_size=2,
)
case(
    "pixel_unshuffle_blocks",
    "pixel_unshuffle",
    {"x": plane},
    space.transpose(0, 1, 3, 5, 2, 4).reshape(2, 12, 2, 3),
    downscale_factor=2,
)
case(
    "space_to_batch_blocks",
    "space_to_batch",
    {"x": plane},
    np.pad(plane, ((0, 0), (0, 0), (0, 0), (0, 2)))
    .reshape(2, 3, 2, 2, 4, 2)
    .transpose(3, 5, 0, 1, 2, 4)
    .reshape(8, 3, 2, 4),
    block_shape=[2, 2],
    paddings=np.int32([[0, 0], [0, 2]]),
)
batches = noise(4, 3, 2, 3)
case(
    "batch_to_space_blocks",
    "batch_to_space",
    {"x": batches},
    batches.reshape(2, 2, 1, 3, 2, 3).transpose(2, 3, 4, 0, 5, 1).reshape(1, 3, 4, 6)[:, :, 1:, :5],
    block_shape=[2, 2],
    crops=np.int32([[1, 0], [0, 1]]),
)
