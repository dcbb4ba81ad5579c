/// The parameters of each operation in all of Core ML's operation sets up to iOS 18 (coremltools `ops/defs`).
///
/// A parameter that is not among them comes from a later set, and may change what the operation means: it is refused.
enum MILParameterTable {
    /// The parameters of `operation` that it should not have.
    static func unknown(in operation: MILOperation) -> [String] {
        let known = parameters[operation.type] ?? []
        return operation.arguments.keys.filter { !known.contains($0) }.sorted()
    }

    static let parameters: [String: Set<String>] = {
        var table: [String: Set<String>] = [:]
        for (operations, parameters) in groups {
            for operation in operations.split(separator: " ") {
                table[String(operation)] = Set(parameters.split(separator: " ").map(String.init))
            }
        }
        return table
    }()

    private static let groups: [(operations: String, parameters: String)] = [
        ("add sub mul real_div floor_div mod pow maximum minimum", "x y"),
        ("equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor", "x y"),
        ("logical_not abs sign floor ceil round square sqrt exp exp2 erf identity shape", "x"),
        ("sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh", "x"),
        ("relu relu6 sigmoid silu softplus softsign", "x"),
        ("rsqrt inverse log l2_norm", "epsilon x"),
        ("cast", "dtype x"),
        ("select", "a b cond"),
        ("leaky_relu elu prelu threshold thresholded_relu", "alpha x"),
        (
            "clip clamped_relu linear_activation scaled_tanh sigmoid_hard softplus_parametric",
            "alpha beta x"
        ),
        ("gelu", "mode x"),
        ("softmax flatten2d", "axis x"),
        ("linear", "bias weight x"),
        ("matmul", "transpose_x transpose_y x y"),
        ("einsum", "equation values"),
        ("scaled_dot_product_attention", "attn_mask key query value"),
        ("conv", "bias dilations groups pad pad_type strides weight x"),
        ("conv_transpose", "bias dilations groups output_shape pad pad_type strides weight x"),
        ("max_pool l2_pool", "ceil_mode kernel_sizes pad pad_type strides x"),
        ("avg_pool", "ceil_mode exclude_padding_from_average kernel_sizes pad pad_type strides x"),
        ("upsample_nearest_neighbor", "scale_factor_height scale_factor_width x"),
        ("resize_nearest_neighbor", "target_size_height target_size_width x"),
        ("upsample_bilinear", "align_corners half_pixel_centers scale_factor_height scale_factor_width x"),
        ("resize_bilinear", "sampling_mode target_size_height target_size_width x"),
        ("resize", "interpolation_mode resized_dims sampling_mode shape x"),
        ("batch_norm", "beta epsilon gamma mean variance x"),
        ("instance_norm", "beta epsilon gamma x"),
        ("layer_norm", "axes beta epsilon gamma x"),
        ("local_response_norm", "alpha beta k size x"),
        (
            "lstm",
            "activation bias bias_back cell_activation clip direction initial_c initial_h output_sequence peephole "
                + "peephole_back recurrent_activation weight_hh weight_hh_back weight_ih weight_ih_back x"
        ),
        (
            "gru",
            "activation bias direction initial_h input_bias output_sequence recurrent_activation reset_after "
                + "weight_hh weight_ih x"
        ),
        ("rnn", "activation bias direction initial_h output_sequence weight_hh weight_ih x"),
        ("reduce_sum reduce_mean reduce_max reduce_min reduce_prod", "axes keep_dims x"),
        ("reduce_sum_square reduce_l1_norm reduce_l2_norm", "axes keep_dims x"),
        ("reduce_log_sum reduce_log_sum_exp", "axes keep_dims x"),
        ("reduce_argmax reduce_argmin", "axis keep_dims output_dtype x"),
        ("transpose", "perm x"),
        ("reshape", "shape x"),
        ("reshape_like", "begins end_masks ends ref_tensors x"),
        ("expand_dims squeeze reverse", "axes x"),
        ("concat", "axis interleave values"),
        ("stack", "axis values"),
        ("tile", "reps x"),
        ("pad", "constant_val mode pad x"),
        ("fill", "shape value"),
        ("fill_like", "ref_tensor value"),
        ("range_1d", "end start step"),
        ("band_part", "lower upper x"),
        ("sliding_windows", "axis size stride x"),
        ("depth_to_space space_to_depth", "block_size x"),
        ("pixel_shuffle", "upscale_factor x"),
        ("pixel_unshuffle", "downscale_factor x"),
        ("space_to_batch", "block_shape paddings x"),
        ("batch_to_space", "block_shape crops x"),
        ("slice_by_index", "begin begin_mask end end_mask squeeze_mask stride x"),
        ("slice_by_size", "begin size x"),
        ("crop", "crop_height crop_width x"),
        ("split", "axis num_splits split_sizes x"),
        ("slice_update", "begin begin_mask end end_mask squeeze_mask stride update x"),
        ("gather", "axis batch_dims indices validate_indices x"),
        ("gather_along_axis", "axis indices validate_indices x"),
        ("gather_nd", "batch_dims indices validate_indices x"),
        ("scatter scatter_along_axis", "axis data indices mode updates validate_indices"),
        ("scatter_nd", "data indices mode updates validate_indices"),
        ("one_hot", "axis indices off_value on_value one_hot_vector_size"),
        ("cumsum", "axis exclusive reverse x"),
        ("argsort", "ascending axis x"),
        ("topk", "ascending axis k output_indices_dtype return_indices sort x"),
        ("quantize", "axis input output_dtype scale zero_point"),
        ("dequantize", "axis input scale zero_point"),
        ("read_state", "input"),
        ("write_state", "data input"),
        ("make_list", "dtype dynamic_length elem_shape init_length"),
        ("list_length", "ls"),
        ("list_write", "index ls value"),
        ("list_read", "index ls"),
        ("list_scatter", "indices ls value"),
        ("list_gather", "indices ls"),
        ("while_loop", "loop_vars"),
        ("cond", "pred"),
    ]
}
