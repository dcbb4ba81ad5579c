// Maximum and mean over sliding windows. Every output combines its taps in order, so that neither lanes nor
// blocks change a bit.

typedef struct ok_window_span {
    int64_t first, taps; // of the taps inside the signal
    float divisor;
} ok_window_span;

// Window w, for a signal from `low` (negative in a stream) up to, without, n.
OK_INLINE ok_window_span ok_pool_window(const ok_pool_args *args, int64_t w, int64_t low, int64_t n) {
    int64_t first = w * args->stride - args->pad_begin, d = args->dilation;
    int64_t counted = args->kernel;
    if (first + (counted - 1) * d >= n + args->pad_end) counted = (n + args->pad_end - first + d - 1) / d;
    int64_t skipped = first < low ? (low - first + d - 1) / d : 0;
    int64_t end = first + args->kernel * d;
    if (end > n + d - 1) end = n + d - 1;
    first += skipped * d;
    int64_t taps = first < n ? (end - first) / d : 0;
    return (ok_window_span){first, taps, (float)(args->counts_padding ? counted : taps)};
}

OK_INLINE vf ok_pool_finish(const ok_pool_args *args, vf sum, int64_t taps, float divisor) {
    if (taps <= 0 && args->counter >= 0) return v_zero(); // before the signal: nothing to see, and no NaN
    return args->kind == OK_POOL_AVERAGE ? sum / v_splat(divisor) : sum;
}

OK_INLINE vf ok_pool_start(const ok_pool_args *args) {
    return args->kind == OK_POOL_AVERAGE ? v_zero() : v_splat(-INFINITY);
}

OK_INLINE vf ok_pool_add(const ok_pool_args *args, vf sum, vf x) {
    return args->kind == OK_POOL_AVERAGE ? sum + x : ok_combine(OK_MAXIMUM, x, sum);
}

OK_INLINE vf ok_load_strided(const float *p, int64_t stride) {
    if (stride == 1) return v_load(p);
    vf x;
    for (int l = 0; l < OK_LANES; ++l) x[l] = p[l * stride];
    return x;
}

static void ok_pool_one(const ok_pool_args *args, const float *x, float *y, int64_t w, int64_t low,
                        int64_t n) {
    ok_window_span span = ok_pool_window(args, w, low, n);
    vf sum = ok_pool_start(args);
    for (int64_t t = 0; t < span.taps; ++t)
        sum = ok_pool_add(args, sum, v_splat(x[span.first + t * args->dilation]));
    y[w] = ok_pool_finish(args, sum, span.taps, span.divisor)[0];
}

static void ok_pool_row(const ok_pool_args *args, const float *x, float *y, int64_t low, int64_t n,
                        int64_t windows) {
    int64_t stride = args->stride, w = 0;
    // Windows inside … end - 1 have all their taps.
    int64_t inside = low + args->pad_begin <= 0 ? 0 : (low + args->pad_begin + stride - 1) / stride;
    int64_t room = n + args->pad_begin - (args->kernel - 1) * args->dilation - 1;
    int64_t end = room < 0 ? 0 : room / stride + 1;
    if (end > windows) end = windows;
    for (; w < windows && w < inside; ++w) ok_pool_one(args, x, y, w, low, n);
    for (; w + OK_LANES <= end; w += OK_LANES) {
        const float *p = x + w * stride - args->pad_begin;
        vf sum = ok_pool_start(args);
        for (int64_t t = 0; t < args->kernel; ++t)
            sum = ok_pool_add(args, sum, ok_load_strided(p + t * args->dilation, stride));
        v_store(y + w, ok_pool_finish(args, sum, args->kernel, (float)args->kernel));
    }
    for (; w < windows; ++w) ok_pool_one(args, x, y, w, low, n);
}

static void ok_pool_columns(const ok_pool_args *args, const float *x, int64_t xs, float *y, int64_t ys,
                            int64_t low, int64_t n, int64_t windows, int64_t inner) {
    for (int64_t w = 0; w < windows; ++w) {
        ok_window_span span = ok_pool_window(args, w, low, n);
        for (int64_t i = 0; i < inner; i += OK_LANES) {
            vf sum = ok_pool_start(args);
            for (int64_t t = 0; t < span.taps; ++t)
                sum = ok_pool_add(args, sum,
                                  v_load_first(x + (span.first + t * args->dilation) * xs + i, inner - i));
            v_store_first(y + w * ys + i, ok_pool_finish(args, sum, span.taps, span.divisor), inner - i);
        }
    }
}

static void ok_pool(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_pool_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context), windows = ok_length(args->windows, context);
    int64_t xs = ok_length(args->source.axis_stride, context),
            ys = ok_length(args->destination.axis_stride, context);
    int64_t low = 0;
    if (args->counter >= 0) {
        int64_t *seen = context->slots[args->counter];
        low = args->lag - *seen;
        if (low < -args->pad_begin) low = -args->pad_begin;
        *seen += axis;
    }
    for (int64_t o = 0; o < outer; ++o) {
        const float *x = (const float *)context->slots[args->source.slot] +
                         o * ok_length(args->source.outer_stride, context);
        float *y = (float *)context->slots[args->destination.slot] +
                   o * ok_length(args->destination.outer_stride, context);
        if (inner == 1 && xs == 1 && ys == 1)
            ok_pool_row(args, x, y, low, axis, windows);
        else
            ok_pool_columns(args, x, xs, y, ys, low, axis, windows, inner);
    }
}
