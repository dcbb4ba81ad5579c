// Softmax: the largest element is taken off first, so nothing overflows.

// e^(x - top) for up to OK_LANES elements, kept in y unless only their sum is wanted.
OK_INLINE vf ok_softmax_terms(int logarithm, const float *x, float *y, vf top, int64_t lanes) {
    vf e = v_exp_negative(v_load_first(x, lanes) - top);
    if (!logarithm) v_store_first(y, e, lanes);
    return e;
}

static void ok_softmax_row(int logarithm, const float *x, float *y, int64_t n) {
    float top = ok_row_extreme(OK_MAXIMUM, x, n);
    double sum = 0;
    int64_t i = 0, whole = n - n % OK_LANES;
    while (i < whole) {
        int64_t end = whole - i < OK_CHUNK * OK_LANES ? whole : i + OK_CHUNK * OK_LANES;
        vf chunk = v_zero();
        for (; i < end; i += OK_LANES)
            chunk += ok_softmax_terms(logarithm, x + i, y + i, v_splat(top), OK_LANES);
        sum += v_sum(chunk);
    }
    if (i < n) {
        vf e = ok_softmax_terms(logarithm, x + i, y + i, v_splat(top), n - i);
        for (int64_t l = 0; l < n - i; ++l) sum += e[l];
    }
    if (logarithm) {
        vf log_sum = v_log(v_splat((float)sum));
        for (int64_t i = 0; i < n; i += OK_LANES)
            v_store_first(y + i, v_load_first(x + i, n - i) - v_splat(top) - log_sum, n - i);
    } else {
        vf scale = v_splat((float)(1 / sum));
        for (int64_t i = 0; i < n; i += OK_LANES)
            v_store_first(y + i, v_load_first(y + i, n - i) * scale, n - i);
    }
}

static void ok_softmax_columns(int logarithm, const float *x, int64_t xs, float *y, int64_t ys, int64_t n,
                               int64_t lanes) {
    vf top = ok_column_fold(OK_MAXIMUM, x, xs, n, lanes), sum = v_zero();
    for (int64_t k = 0; k < n; ++k) sum += ok_softmax_terms(logarithm, x + k * xs, y + k * ys, top, lanes);
    if (logarithm) {
        vf log_sum = v_log(sum);
        for (int64_t k = 0; k < n; ++k)
            v_store_first(y + k * ys, v_load_first(x + k * xs, lanes) - top - log_sum, lanes);
    } else {
        vf scale = 1.0f / sum;
        for (int64_t k = 0; k < n; ++k)
            v_store_first(y + k * ys, v_load_first(y + k * ys, lanes) * scale, lanes);
    }
}

static void ok_softmax(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_softmax_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context);
    int64_t xs = ok_length(args->source.axis_stride, context),
            ys = ok_length(args->destination.axis_stride, context);
    if (axis <= 0) return;
    for (int64_t o = 0; o < outer; ++o) {
        const float *x = (const float *)context->slots[args->source.slot] +
                         o * ok_length(args->source.outer_stride, context);
        float *y = (float *)context->slots[args->destination.slot] +
                   o * ok_length(args->destination.outer_stride, context);
        if (!args->columns)
            ok_softmax_row(args->logarithm, x, y, axis);
        else
            for (int64_t i = 0; i < inner; i += OK_LANES)
                ok_softmax_columns(args->logarithm, x + i, xs, y + i, ys, axis, inner - i);
    }
}
