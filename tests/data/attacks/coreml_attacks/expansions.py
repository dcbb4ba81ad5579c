"""Compressed weights."""

from .mil import RELU, mil, program


def expand(name, type, operation, text, weights=None):
    mil(f"expand_{name}", program(f"{type} w = {operation}; {RELU}"), text, weights=weights)


AFFINE = "constexpr_affine_dequantize()[axis = int32({axis}), quantized_data = tensor<int8, [2, 2]>([[1, 2], [3, 4]]), scale = {scale}, zero_point = int8(0)]"
expand("axis", "tensor<fp32, [2, 2]>", AFFINE.format(axis=5, scale="fp32(1)"), "axis 5 of a tensor of 2 axes")
expand(
    "axis_negative", "tensor<fp32, [2, 2]>", AFFINE.format(axis=-3, scale="fp32(1)"), "axis -1 of a tensor"
)
expand(
    "scale",
    "tensor<fp32, [2, 2]>",
    AFFINE.format(axis=0, scale="tensor<fp32, [3]>([1, 2, 3])"),
    "scale has 3 elements",
)
expand(
    "scale_empty",
    "tensor<fp32, [2, 2]>",
    AFFINE.format(axis=0, scale="tensor<fp32, [0]>([])"),
    "scale has 0 elements",
)
expand("declared", "tensor<fp32, [4]>", AFFINE.format(axis=0, scale="fp32(1)"), "its declared type")
expand(
    "missing",
    "tensor<fp32, [2]>",
    "constexpr_affine_dequantize()[axis = int32(0)]",
    "no constant holds its elements",
)
LUT = "constexpr_lut_to_dense()[indices = tensor<uint8, [{n}]>([{v}]), lut = tensor<fp32, [{k}]>([{l}]), shape = tensor<uint32, [{r}]>([{s}])]"
expand(
    "palette_bytes",
    "tensor<fp32, [16]>",
    LUT.format(n=1, v=1, k=2, l="0, 1", r=1, s=16),
    "1 elements of uint8 for [16] of uint1",
)
expand(
    "palette_size",
    "tensor<fp32, [8]>",
    LUT.format(n=1, v=1, k=5, l="0, 1, 2, 3, 4", r=1, s=8),
    "a palette of shape [5]",
)
expand(
    "palette_shape",
    "tensor<fp32, [8]>",
    LUT.format(n=1, v=1, k=2, l="0, 1", r=2, s="4294967295, 4294967295"),
    "is not one of at most",
)
expand(
    "palette_zero",
    "tensor<fp32, [8]>",
    LUT.format(n=1, v=1, k=2, l="0, 1", r=3, s="0, 4294967295, 4294967295"),
    "is not one of at most",
)
GROUP = "constexpr_lut_to_dense(indices = tensor<uint1, [4]>([0, 1, 0, 1]), lut = {lut})"
expand(
    "palette_rank",
    "tensor<fp32, [4]>",
    GROUP.format(lut="tensor<fp32, [2]>([0, 1])"),
    "with a palette of shape [2]",
)
expand(
    "palette_entries",
    "tensor<fp32, [4]>",
    GROUP.format(lut="tensor<fp32, [1, 3, 1]>([[[0], [1], [2]]])"),
    "with a palette of 3",
)
expand(
    "palette_tiles",
    "tensor<fp32, [4]>",
    GROUP.format(lut="tensor<fp32, [3, 2, 1]>([[[0], [1]], [[0], [1]], [[0], [1]]])"),
    "does not tile [4]",
)
expand(
    "palette_axis",
    "tensor<fp32, [8]>",
    GROUP.format(lut="tensor<fp32, [1, 2, 2]>([[[0, 1], [2, 3]]])"),
    "needs a vector_axis",
)
expand(
    "palette_no_vector",
    "tensor<fp32, [4]>",
    GROUP.format(lut="tensor<fp32, [1, 2, 0]>([[[], []]])"),
    "vectors of 0",
)
expand(
    "palette_long_vector",
    "tensor<fp32, [4]>",
    GROUP.format(lut=f"tensor<fp32, [1, 2, 1000]>([[[{', '.join('0' * 1000)}], [{', '.join('0' * 1000)}]]])"),
    "vectors of 1000",
)
BLOCK = "constexpr_blockwise_shift_scale(data = tensor<int8, [4]>([1, 2, 3, 4]), scale = {scale}{rest})"
expand(
    "block_tiles",
    "tensor<fp32, [4]>",
    BLOCK.format(scale="tensor<fp32, [3]>([1, 2, 3])", rest=""),
    "does not tile [4]",
)
expand(
    "block_zero",
    "tensor<fp32, [4]>",
    BLOCK.format(scale="tensor<fp32, [0]>([])", rest=""),
    "does not tile [4]",
)
expand("block_rank", "tensor<fp32, [4]>", BLOCK.format(scale="fp32(1)", rest=""), "does not tile [4]")
expand(
    "block_offset",
    "tensor<fp32, [4]>",
    BLOCK.format(scale="tensor<fp32, [2]>([1, 2])", rest=", offset = tensor<int8, [1]>([1])"),
    "offset has shape [1]",
)
SPARSE = "constexpr_sparse_to_dense(mask = tensor<{type}, [4]>([1, 0, 1, 0]), nonzero_data = tensor<fp32, [{n}]>([{v}]))"
expand(
    "mask_count",
    "tensor<fp32, [4]>",
    SPARSE.format(type="uint1", n=3, v="1, 2, 3"),
    "3 values for a mask of 2 ones",
)
expand("mask_type", "tensor<fp32, [4]>", SPARSE.format(type="int32", n=2, v="1, 2"), "a mask of int32")
chain = f"tensor<fp32, [4]> w0 = {BLOCK.format(scale='tensor<fp32, [1]>([1])', rest='')};"
for i in range(200):
    chain += f"tensor<fp32, [4]> w{i + 1} = constexpr_blockwise_shift_scale(data = w{i}, scale = tensor<fp32, [1]>([1]));"
mil("expand_chain", program(chain + RELU), "nested too deeply")
