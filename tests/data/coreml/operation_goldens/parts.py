"""Parts: slices, splits and crops."""

import numpy as np

from .elementwise import i, x
from .writing import case, noise

case("slice_by_index_plain", "slice_by_index", {"x": x}, x[0:2, 1:3, 1:4], begin=[0, 1, 1], end=[2, 3, 4])
case("slice_by_index_negative", "slice_by_index", {"x": x}, x[:, -2:3, :-1], begin=[0, -2, 0], end=[2, 3, -1])
case(
    "slice_by_index_strides",
    "slice_by_index",
    {"x": x},
    x[:, ::2, ::-1],
    begin=[0, 0, 3],
    end=[2, 3, 0],
    stride=[1, 2, -1],
    end_mask=[False, False, True],
)
case(
    "slice_by_index_masks",
    "slice_by_index",
    {"x": x},
    x[:, 1, :3],
    begin=[1, 1, 2],
    end=[1, 9, 3],
    begin_mask=[True, False, True],
    end_mask=[True, False, False],
    squeeze_mask=[False, True, False],
)
case(
    "slice_by_index_squeezed",
    "slice_by_index",
    {"x": x},
    x[:, 0],
    begin=[0, 2, 0],
    end=[2, 3, 4],
    stride=[1, -1, 1],
    begin_mask=[False, True, False],
    squeeze_mask=[False, True, False],
)
case(
    "slice_by_index_beyond", "slice_by_index", {"x": x}, x[:, :, 2:], begin=[0, 0, 2], end=[2, 3, 2147483647]
)
case(
    "slice_by_index_int",
    "slice_by_index",
    {"x": i},
    i[1:, 0, ::3],
    begin=[1, 0, 0],
    end=[2, 1, 4],
    stride=[1, 1, 3],
    squeeze_mask=[False, True, False],
)
case(
    "slice_by_index_moving",
    "slice_by_index",
    {"x": x, "begin": np.int32([0, 0, 1]), "end": np.int32([2, 3, 3])},
    x[:, :, 1:3],
)
case("slice_by_size_rest", "slice_by_size", {"x": x}, x[:, 1:, 1:3], begin=[0, 1, 1], size=[-1, -1, 2])
case(
    "slice_by_size_moving",
    "slice_by_size",
    {"x": x, "begin": np.int32([0, 1, 2])},
    x[:, 1:3, 2:4],
    size=[2, 2, 2],
)
updated = x.copy()
updated[:, 1:3, ::2] = 7
case(
    "slice_update_strides",
    "slice_update",
    {"x": x, "update": np.full((2, 2, 2), 7, np.float32)},
    updated,
    opset="ios18",
    begin=[0, 1, 0],
    end=[2, 3, 4],
    stride=[1, 1, 2],
)

tall = noise(1, 2, 5, 6)
case("crop_ends", "crop", {"x": tall}, tall[:, :, 1:3, 2:6], crop_height=[1, 2], crop_width=[2, 0])
