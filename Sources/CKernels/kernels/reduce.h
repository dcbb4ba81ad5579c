// Sums and extremes along an axis.
//
// Long sums are split in chunks: lanes of float32 within a chunk, chunks in a second sum (float64 along a
// row), so the error stays near that of one rounding. Lane and chunk order are fixed by the length alone.

enum { OK_CHUNK = 64 }; // vectors

typedef enum ok_term { OK_TERM_VALUE, OK_TERM_SQUARE, OK_TERM_ABS, OK_TERM_OFF, OK_TERM_OFF_SQUARE } ok_term;

OK_INLINE vf ok_term_of(int32_t term, vf x, vf shift) {
    switch (term) {
    case OK_TERM_SQUARE:
        return x * x;
    case OK_TERM_ABS:
        return v_abs(x);
    case OK_TERM_OFF:
        return x - shift;
    case OK_TERM_OFF_SQUARE:
        return (x - shift) * (x - shift);
    default:
        return x;
    }
}

OK_INLINE double ok_row_sum(int32_t term, const float *x, int64_t n, float shift) {
    double total = 0;
    vf s = v_splat(shift);
    int64_t i = 0, whole = n - n % OK_LANES;
    while (i < whole) {
        int64_t end = whole - i < OK_CHUNK * OK_LANES ? whole : i + OK_CHUNK * OK_LANES;
        vf a = v_zero(), b = v_zero(), c = v_zero(), d = v_zero();
        for (; i + 4 * OK_LANES <= end; i += 4 * OK_LANES) {
            a += ok_term_of(term, v_load(x + i), s);
            b += ok_term_of(term, v_load(x + i + OK_LANES), s);
            c += ok_term_of(term, v_load(x + i + 2 * OK_LANES), s);
            d += ok_term_of(term, v_load(x + i + 3 * OK_LANES), s);
        }
        for (; i < end; i += OK_LANES) a += ok_term_of(term, v_load(x + i), s);
        total += v_sum((a + b) + (c + d));
    }
    for (; i < n; ++i) total += ok_term_of(term, v_splat(x[i]), s)[0];
    return total;
}

OK_INLINE float ok_row_extreme(int32_t kind, const float *x, int64_t n) {
    float lanes[OK_LANES], result = x[0];
    int64_t i = 0;
    if (n >= OK_LANES) {
        vf best = v_load(x);
        for (i = OK_LANES; i + OK_LANES <= n; i += OK_LANES) best = ok_combine(kind, best, v_load(x + i));
        v_store(lanes, best);
        for (int l = 0; l < OK_LANES; ++l) result = ok_combine(kind, v_splat(result), v_splat(lanes[l]))[0];
    }
    for (; i < n; ++i) result = ok_combine(kind, v_splat(result), v_splat(x[i]))[0];
    return result;
}

OK_INLINE vf v_load_first(const float *p, int64_t n) { return n < OK_LANES ? v_load_part(p, n) : v_load(p); }
OK_INLINE void v_store_first(float *p, vf x, int64_t n) {
    if (n < OK_LANES)
        v_store_part(p, x, n);
    else
        v_store(p, x);
}

// Sum over n rows `stride` apart, for `lanes` neighbouring columns.
OK_INLINE vf ok_column_sum(int32_t term, const float *x, int64_t stride, int64_t n, int64_t lanes, vf shift) {
    vf total = v_zero();
    for (int64_t k = 0; k < n;) {
        vf group = v_zero(); // of chunks: no sum has many terms before it has millions
        for (int c = 0; c < OK_CHUNK && k < n; ++c) {
            int64_t end = n - k < OK_CHUNK ? n : k + OK_CHUNK;
            vf chunk = v_zero();
            for (; k < end; ++k) chunk += ok_term_of(term, v_load_first(x + k * stride, lanes), shift);
            group += chunk;
        }
        total += group;
    }
    return total;
}

OK_INLINE vf ok_column_fold(int32_t kind, const float *x, int64_t stride, int64_t n, int64_t lanes) {
    vf result = v_load_first(x, lanes);
    for (int64_t k = 1; k < n; ++k) result = ok_combine(kind, result, v_load_first(x + k * stride, lanes));
    return result;
}

static float ok_reduce_row(int32_t kind, const float *x, int64_t n) {
    switch (kind) {
    case OK_REDUCE_MEAN:
        return (float)(ok_row_sum(OK_TERM_VALUE, x, n, 0) / (double)n);
    case OK_REDUCE_MAX:
        return ok_row_extreme(OK_MAXIMUM, x, n);
    case OK_REDUCE_MIN:
        return ok_row_extreme(OK_MINIMUM, x, n);
    case OK_REDUCE_PRODUCT: {
        float product = 1;
        for (int64_t i = 0; i < n; ++i) product *= x[i];
        return product;
    }
    case OK_REDUCE_SUM_SQUARES:
        return (float)ok_row_sum(OK_TERM_SQUARE, x, n, 0);
    case OK_REDUCE_L1:
        return (float)ok_row_sum(OK_TERM_ABS, x, n, 0);
    case OK_REDUCE_L2:
        return (float)sqrt(ok_row_sum(OK_TERM_SQUARE, x, n, 0));
    default:
        return (float)ok_row_sum(OK_TERM_VALUE, x, n, 0);
    }
}

static vf ok_reduce_column(int32_t kind, const float *x, int64_t stride, int64_t n, int64_t lanes) {
    switch (kind) {
    case OK_REDUCE_MEAN:
        return ok_column_sum(OK_TERM_VALUE, x, stride, n, lanes, v_zero()) / v_splat((float)n);
    case OK_REDUCE_MAX:
        return ok_column_fold(OK_MAXIMUM, x, stride, n, lanes);
    case OK_REDUCE_MIN:
        return ok_column_fold(OK_MINIMUM, x, stride, n, lanes);
    case OK_REDUCE_PRODUCT:
        return ok_column_fold(OK_MULTIPLY, x, stride, n, lanes);
    case OK_REDUCE_SUM_SQUARES:
        return ok_column_sum(OK_TERM_SQUARE, x, stride, n, lanes, v_zero());
    case OK_REDUCE_L1:
        return ok_column_sum(OK_TERM_ABS, x, stride, n, lanes, v_zero());
    case OK_REDUCE_L2:
        return v_sqrt(ok_column_sum(OK_TERM_SQUARE, x, stride, n, lanes, v_zero()));
    default:
        return ok_column_sum(OK_TERM_VALUE, x, stride, n, lanes, v_zero());
    }
}

static void ok_reduce(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_reduce_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), n = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context), windows = ok_length(args->windows, context);
    int64_t stride = ok_length(args->source.axis_stride, context);
    int64_t out_stride = ok_length(args->destination.axis_stride, context);
    if (n <= 0) return;
    for (int64_t o = 0; o < outer; ++o) {
        const float *x = (const float *)context->slots[args->source.slot] +
                         o * ok_length(args->source.outer_stride, context);
        float *y = (float *)context->slots[args->destination.slot] +
                   o * ok_length(args->destination.outer_stride, context);
        for (int64_t w = 0; w < windows; ++w) {
            int64_t first = w * n / windows, last = ((w + 1) * n + windows - 1) / windows;
            if (!args->columns)
                y[w * out_stride] = ok_reduce_row(args->kind, x + first, last - first);
            else
                for (int64_t i = 0; i < inner; i += OK_LANES)
                    v_store_first(
                        y + w * out_stride + i,
                        ok_reduce_column(args->kind, x + first * stride + i, stride, last - first, inner - i),
                        inner - i);
        }
    }
}
