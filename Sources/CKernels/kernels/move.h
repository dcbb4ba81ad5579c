// Copies, windows and interleaving.

#define OK_COPY_ROW(type)                                                                                    \
    do {                                                                                                     \
        const type *s = (const type *)source;                                                                \
        type *d = (type *)destination;                                                                       \
        for (int64_t i = 0; i < n; ++i) d[i * ds] = s[i * ss];                                               \
    } while (0)

static void ok_copy_row(int32_t element, const char *source, int64_t ss, char *destination, int64_t ds,
                        int64_t n) {
    if (ss == 1 && ds == 1) {
        memcpy(destination, source, (size_t)(n * element));
        return;
    }
    switch (element) {
    case 1:
        OK_COPY_ROW(uint8_t);
        break;
    case 2:
        OK_COPY_ROW(uint16_t);
        break;
    case 4:
        OK_COPY_ROW(uint32_t);
        break;
    default:
        OK_COPY_ROW(uint64_t);
        break;
    }
}

// A transpose of 4-byte elements: source rows are `rs` apart, destination rows `rd`. Goes in blocks that stay
// in L1.
static void ok_transpose_block(const uint32_t *source, int64_t rs, uint32_t *destination, int64_t rd,
                               int64_t rows, int64_t columns) {
    enum { EDGE = 16 };
    for (int64_t r0 = 0; r0 < rows; r0 += EDGE) {
        int64_t r1 = r0 + EDGE < rows ? r0 + EDGE : rows;
        for (int64_t c = 0; c < columns; ++c)
            for (int64_t r = r0; r < r1; ++r) destination[c * rd + r] = source[r * rs + c];
    }
}

static void ok_copy(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_copy_args *args = arguments;
    ok_nest nest;
    ok_nest_shape(&nest, args->rank, args->shape, context);
    if (ok_nest_empty(&nest)) return;
    ok_nest_operand(&nest, &args->source, context);
    ok_nest_operand(&nest, &args->destination, context);
    const char *source = context->slots[args->source.slot];
    char *destination = context->slots[args->destination.slot];
    int64_t element = args->element, offset[2] = {0}, index[OK_MAX_RANK] = {0};
    int32_t last = nest.rank - 1;
    if (element == 4 && nest.rank >= 2 && nest.stride[1][last] == 1 && nest.stride[0][last - 1] == 1) {
        // The two inner axes change places: shorten the nest by one and move whole planes.
        ok_nest outer = nest;
        outer.rank = nest.rank - 1;
        outer.shape[outer.rank - 1] = 1;
        do {
            ok_transpose_block((const uint32_t *)source + offset[0], nest.stride[0][last],
                               (uint32_t *)destination + offset[1], nest.stride[1][last - 1],
                               nest.shape[last], nest.shape[last - 1]);
        } while (ok_nest_next(&outer, index, offset));
        return;
    }
    do {
        ok_copy_row(args->element, source + offset[0] * element, nest.stride[0][last],
                    destination + offset[1] * element, nest.stride[1][last], nest.shape[last]);
    } while (ok_nest_next(&nest, index, offset));
}

// Which source index a padded index reads; -1 for a zero.
OK_INLINE int64_t ok_padded_index(int32_t mode, int64_t i, int64_t n) {
    if (i >= 0 && i < n) return i;
    switch (mode) {
    case OK_PAD_REFLECT:
        return i < 0 ? -i : 2 * (n - 1) - i;
    case OK_PAD_REPLICATE:
        return i < 0 ? 0 : n - 1;
    case OK_PAD_CIRCULAR:
        return i < 0 ? i + n : i - n;
    default:
        return -1;
    }
}

#if OK_LANES >= 8
// Every fourth float of 4 · OK_LANES, all four phases.
OK_INLINE void ok_split4(const float *s, float *d0, float *d1, float *d2, float *d3) {
    vf a = v_load(s), b = v_load(s + OK_LANES), c = v_load(s + 2 * OK_LANES), d = v_load(s + 3 * OK_LANES);
#if OK_LANES == 16
#define OK_EVEN(x, y) __builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define OK_LOWER(x, y) __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define OK_UPPER(x, y)                                                                                       \
    __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define OK_ODD(x, y) __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#else
#define OK_EVEN(x, y) __builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14)
#define OK_ODD(x, y) __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15)
#define OK_LOWER(x, y) __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11)
#define OK_UPPER(x, y) __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15)
#endif
    vf e0 = OK_EVEN(a, b), e1 = OK_EVEN(c, d), o0 = OK_ODD(a, b), o1 = OK_ODD(c, d);
    v_store(d0, OK_EVEN(e0, e1));
    v_store(d2, OK_ODD(e0, e1));
    v_store(d1, OK_EVEN(o0, o1));
    v_store(d3, OK_ODD(o0, o1));
}
OK_INLINE void ok_split2(const float *s, float *d0, float *d1) {
    vf a = v_load(s), b = v_load(s + OK_LANES);
    v_store(d0, OK_EVEN(a, b));
    v_store(d1, OK_ODD(a, b));
}
// The other way: four phases into one row.
OK_INLINE void ok_merge2(vf a, vf b, float *d) {
    v_store(d, OK_LOWER(a, b));
    v_store(d + OK_LANES, OK_UPPER(a, b));
}
OK_INLINE void ok_merge4(const float *s0, const float *s1, const float *s2, const float *s3, float *d) {
    vf a = v_load(s0), b = v_load(s1), c = v_load(s2), e = v_load(s3);
    ok_merge2(OK_LOWER(a, c), OK_LOWER(b, e), d);
    ok_merge2(OK_UPPER(a, c), OK_UPPER(b, e), d + 2 * OK_LANES);
}
#define OK_HAS_SPLIT 1
#endif

// Columns that lie wholly inside the source, all phases at once. Returns the column it stopped at.
static int64_t ok_window_inside(const ok_window_args *args, const float *row, float *out,
                                int64_t phase_stride, int64_t first, int64_t last) {
    int64_t c = first, stride = args->stride;
#ifdef OK_HAS_SPLIT
    const float *s = row - args->pad_x;
    if (stride == 4)
        for (; c + OK_LANES <= last; c += OK_LANES)
            ok_split4(s + c * 4, out + c, out + phase_stride + c, out + 2 * phase_stride + c,
                      out + 3 * phase_stride + c);
    else if (stride == 2)
        for (; c + OK_LANES <= last; c += OK_LANES) ok_split2(s + c * 2, out + c, out + phase_stride + c);
#else
    (void)row, (void)out, (void)phase_stride, (void)last, (void)stride;
#endif
    return c;
}

static void ok_window_row(const ok_window_args *args, const float *row, float *out, int64_t phase_stride,
                          int64_t in_x, int64_t out_x) {
    int64_t stride = args->stride, pad = args->pad_x;
    // Columns first … last - 1 read source elements only, in every phase.
    int64_t first = pad <= 0 ? 0 : (pad + stride - 1) / stride;
    int64_t last = (in_x + pad) / stride;
    if (last > out_x) last = out_x;
    if (first > last) first = last;
    int64_t middle = stride == 1 ? first : ok_window_inside(args, row, out, phase_stride, first, last);
    for (int64_t phase = 0; phase < stride; ++phase) {
        float *o = out + phase * phase_stride;
        for (int64_t c = 0; c < first; ++c) {
            int64_t i = ok_padded_index(args->mode, c * stride + phase - pad, in_x);
            o[c] = i < 0 || i >= in_x ? 0 : row[i];
        }
        if (stride == 1)
            memcpy(o + first, row + first - pad, (size_t)(last - first) * sizeof(float));
        else
            for (int64_t c = middle; c < last; ++c) o[c] = row[c * stride + phase - pad];
        for (int64_t c = last; c < out_x; ++c) {
            int64_t i = ok_padded_index(args->mode, c * stride + phase - pad, in_x);
            o[c] = i < 0 || i >= in_x ? 0 : row[i];
        }
    }
}

static void ok_window(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_window_args *args = arguments;
    const float *source = (const float *)context->slots[args->source] + args->offset;
    float *destination = context->slots[args->destination];
    int64_t in_x = ok_length(args->in_x, context), in_y = ok_length(args->in_y, context);
    int64_t out_x = ok_length(args->out_x, context), out_y = ok_length(args->out_y, context);
    int64_t bs = ok_length(args->batch_stride, context), ps = ok_length(args->plane_stride, context);
    int64_t rs = ok_length(args->row_stride, context);
    int64_t plane = out_x * out_y, phase_stride = plane * args->planes;
    for (int64_t b = 0; b < args->batch; ++b)
        for (int64_t p = 0; p < args->planes; ++p)
            for (int64_t y = 0; y < out_y; ++y) {
                float *out = destination + (b * args->stride * args->planes + p) * plane + y * out_x;
                int64_t sy = ok_padded_index(args->mode, y - args->pad_y, in_y);
                if (sy < 0 || sy >= in_y) {
                    for (int64_t phase = 0; phase < args->stride; ++phase)
                        memset(out + phase * phase_stride, 0, (size_t)out_x * sizeof(float));
                    continue;
                }
                ok_window_row(args, source + b * bs + p * ps + sy * rs, out, phase_stride, in_x, out_x);
            }
}

// d[column · stride + phase - skip] = s[phase · in + column] for all that lies in [0, out).
static void ok_interleave_row(const float *s, int64_t in, int64_t stride, int64_t skip, float *d,
                              int64_t out) {
    // Columns [first, middle) are whole in every phase and go a vector at a time.
    int64_t first = skip > 0, middle = first;
#ifdef OK_HAS_SPLIT
    int64_t last = (out + skip) / stride;
    if (stride == 4)
        for (; middle + OK_LANES <= last; middle += OK_LANES)
            ok_merge4(s + middle, s + in + middle, s + 2 * in + middle, s + 3 * in + middle,
                      d + middle * 4 - skip);
    else if (stride == 2)
        for (; middle + OK_LANES <= last; middle += OK_LANES)
            ok_merge2(v_load(s + middle), v_load(s + in + middle), d + middle * 2 - skip);
#endif
    for (int64_t phase = 0; phase < stride; ++phase) {
        if (first > 0 && phase >= skip && phase - skip < out) d[phase - skip] = s[phase * in];
        int64_t column = middle, t = column * stride + phase - skip;
        for (; t < out; t += stride, ++column) d[t] = s[phase * in + column];
    }
}

static void ok_interleave(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_interleave_args *args = arguments;
    const float *source = context->slots[args->source];
    float *destination = context->slots[args->destination];
    int64_t in = ok_length(args->in_columns, context), out = ok_length(args->out_columns, context);
    int64_t bs = ok_length(args->destination_batch_stride, context);
    int64_t rs = ok_length(args->destination_row_stride, context);
    int64_t stride = args->stride, skip = args->crop % stride;
    for (int64_t b = 0; b < args->batch; ++b)
        for (int64_t c = 0; c < args->channels; ++c) {
            const float *s = source + (b * args->channels + c) * stride * in;
            ok_interleave_row(s, in, stride, skip, destination + b * bs + c * rs, out);
        }
}
