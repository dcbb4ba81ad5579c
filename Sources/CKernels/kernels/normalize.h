// Normalisation by mean and variance, and the channel-wise scale and shift that a batch norm comes down to.
//
// Mean and variance take two passes. Both are corrected by the mean of the deviations, which is not quite
// zero when the mean is rounded (Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance",
// 1983).

OK_INLINE void ok_scale_row(const float *x, float *y, int64_t n, float mean, float off, float scale,
                            const float *weight, const float *bias, int elementwise) {
    for (int64_t i = 0; i < n; i += OK_LANES) {
        vf w = v_splat(1), b = v_zero();
        if (weight) w = elementwise ? v_load_first(weight + i, n - i) : v_splat(*weight);
        if (bias) b = elementwise ? v_load_first(bias + i, n - i) : v_splat(*bias);
        vf v = (v_load_first(x + i, n - i) - v_splat(mean) - v_splat(off)) * v_splat(scale);
        v_store_first(y + i, v_fma(v, w, b), n - i);
    }
}

static void ok_normalize_block(const ok_normalize_args *args, const float *x, int64_t xs, float *y,
                               int64_t ys, int64_t axis, int64_t inner, const float *weight,
                               const float *bias) {
    double n = (double)(axis * inner), sum = 0, off = 0, square = 0;
    if (args->centred)
        for (int64_t k = 0; k < axis; ++k) sum += ok_row_sum(OK_TERM_VALUE, x + k * xs, inner, 0);
    float mean = (float)(sum / n);
    for (int64_t k = 0; k < axis; ++k) {
        if (args->centred) off += ok_row_sum(OK_TERM_OFF, x + k * xs, inner, mean);
        square += ok_row_sum(OK_TERM_OFF_SQUARE, x + k * xs, inner, mean);
    }
    double variance = square / n - (off / n) * (off / n);
    float scale = (float)(1 / sqrt(variance + args->epsilon));
    for (int64_t k = 0; k < axis; ++k)
        ok_scale_row(x + k * xs, y + k * ys, inner, mean, (float)(off / n), scale, weight ? weight + k : NULL,
                     bias ? bias + k : NULL, args->elementwise);
}

// Up to OK_LANES neighbouring columns, each normalised over the axis.
static void ok_normalize_columns(const ok_normalize_args *args, const float *x, int64_t xs, float *y,
                                 int64_t ys, int64_t axis, int64_t lanes, const float *weight,
                                 const float *bias) {
    vf n = v_splat((float)axis), mean = v_zero(), off = v_zero();
    if (args->centred) {
        mean = ok_column_sum(OK_TERM_VALUE, x, xs, axis, lanes, v_zero()) / n;
        off = ok_column_sum(OK_TERM_OFF, x, xs, axis, lanes, mean) / n;
    }
    vf variance = ok_column_sum(OK_TERM_OFF_SQUARE, x, xs, axis, lanes, mean) / n - off * off;
    vf scale = 1.0f / v_sqrt(variance + v_splat(args->epsilon));
    for (int64_t k = 0; k < axis; ++k) {
        vf v = (v_load_first(x + k * xs, lanes) - mean - off) * scale;
        if (weight) v = v * v_splat(weight[k]);
        if (bias) v = v + v_splat(bias[k]);
        v_store_first(y + k * ys, v, lanes);
    }
}

static void ok_normalize(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_normalize_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context);
    int64_t xs = ok_length(args->source.axis_stride, context),
            ys = ok_length(args->destination.axis_stride, context);
    for (int64_t o = 0; o < outer; ++o) {
        const float *x = (const float *)context->slots[args->source.slot] +
                         o * ok_length(args->source.outer_stride, context);
        float *y = (float *)context->slots[args->destination.slot] +
                   o * ok_length(args->destination.outer_stride, context);
        int64_t first = args->elementwise ? 0 : o % args->groups * axis;
        const float *weight = args->weight ? args->weight + first : NULL;
        const float *bias = args->bias ? args->bias + first : NULL;
        if (args->columns)
            for (int64_t i = 0; i < inner; i += OK_LANES)
                ok_normalize_columns(args, x + i, xs, y + i, ys, axis, inner - i, weight, bias);
        else
            ok_normalize_block(args, x, xs, y, ys, axis, inner, weight, bias);
    }
}

static void ok_affine(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_affine_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context);
    int64_t xs = ok_length(args->source.axis_stride, context),
            ys = ok_length(args->destination.axis_stride, context);
    for (int64_t o = 0; o < outer; ++o) {
        const float *x = (const float *)context->slots[args->source.slot] +
                         o * ok_length(args->source.outer_stride, context);
        float *y = (float *)context->slots[args->destination.slot] +
                   o * ok_length(args->destination.outer_stride, context);
        if (inner == 1 && xs == 1 && ys == 1)
            ok_scale_row(x, y, axis, 0, 0, 1, args->scale, args->shift, 1);
        else
            for (int64_t k = 0; k < axis; ++k)
                ok_scale_row(x + k * xs, y + k * ys, inner, 0, 0, 1, args->scale + k, args->shift + k, 0);
    }
}
