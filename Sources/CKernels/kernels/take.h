// Moves along one axis by a rule for the index: padding, reversing, gathering, resizing.

// How many source samples one destination sample spans.
OK_INLINE double ok_source_step(const ok_scale *scale, int64_t n, int64_t windows) {
    switch (scale->kind) {
    case OK_SCALE_EXTENTS:
        return (double)n / (double)windows;
    case OK_SCALE_CORNERS:
        return windows > 1 ? (double)(n - 1) / (double)(windows - 1) : 0;
    default:
        return 1 / scale->factor;
    }
}

static int64_t ok_nearest_index(const ok_scale *scale, int64_t w, int64_t n, int64_t windows) {
    int64_t index;
    if (scale->kind == OK_SCALE_WHOLE)
        index = w / (int64_t)scale->factor;
    else if (scale->kind == OK_SCALE_EXTENTS && windows == n)
        index = w;
    else if (scale->kind == OK_SCALE_GRID)
        index = (int64_t)floor((double)w * scale->factor + scale->offset);
    else // PyTorch works in float32 here, and which sample is nearest hangs on it.
        index = (int64_t)floorf((float)w * (float)ok_source_step(scale, n, windows));
    return index < 0 ? 0 : index < n ? index : n - 1;
}

static int64_t ok_take_index(const ok_take_args *args, int64_t w, int64_t n, int64_t windows) {
    switch (args->kind) {
    case OK_TAKE_PADDED:
        return ok_padded_index(args->mode, w - args->begin, n);
    case OK_TAKE_REVERSE:
        return n - 1 - w;
    case OK_TAKE_NEAREST:
        return ok_nearest_index(&args->scale, w, n, windows);
    default:
        return args->table[w];
    }
}

#define OK_TAKE_ROWS(name, type)                                                                             \
    static void name(const int64_t *indices, type value, const type *x, int64_t xs, type *y, int64_t ys,     \
                     int64_t windows, int64_t inner) {                                                       \
        for (int64_t w = 0; w < windows; ++w) {                                                              \
            type *row = y + w * ys;                                                                          \
            if (inner == 1)                                                                                  \
                *row = indices[w] < 0 ? value : x[indices[w] * xs];                                          \
            else if (indices[w] >= 0)                                                                        \
                memcpy(row, x + indices[w] * xs, (size_t)inner * sizeof(type));                              \
            else                                                                                             \
                for (int64_t i = 0; i < inner; ++i) row[i] = value;                                          \
        }                                                                                                    \
    }
OK_TAKE_ROWS(ok_take_words, uint32_t)
OK_TAKE_ROWS(ok_take_bytes, uint8_t)
#undef OK_TAKE_ROWS

static void ok_take(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_take_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), n = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context), windows = ok_length(args->windows, context);
    int64_t xs = ok_length(args->source.axis_stride, context),
            ys = ok_length(args->destination.axis_stride, context);
    if (inner <= 0) return;
    int64_t *indices = context->slots[args->indices];
    for (int64_t w = 0; w < windows; ++w) {
        int64_t index = ok_take_index(args, w, n, windows);
        indices[w] = index >= 0 && index < n ? index : -1;
    }
    for (int64_t o = 0; o < outer; ++o) {
        const char *x = (const char *)context->slots[args->source.slot] +
                        o * ok_length(args->source.outer_stride, context) * args->element;
        char *y = (char *)context->slots[args->destination.slot] +
                  o * ok_length(args->destination.outer_stride, context) * args->element;
        if (args->element == 4)
            ok_take_words(indices, args->value, (const uint32_t *)x, xs, (uint32_t *)y, ys, windows, inner);
        else
            ok_take_bytes(indices, (uint8_t)args->value, (const uint8_t *)x, xs, (uint8_t *)y, ys, windows,
                          inner);
    }
}

static ok_lerp_point ok_lerp_place(const ok_scale *scale, int64_t w, int64_t n, double step) {
    double position = ((double)w + 0.5) * step - 0.5;
    if (scale->kind == OK_SCALE_CORNERS) position = (double)w * step;
    if (scale->kind == OK_SCALE_GRID) position = (double)w * scale->factor + scale->offset;
    if (position < 0) position = 0;
    if (position > (double)(n - 1)) position = (double)(n - 1);
    int64_t left = (int64_t)position;
    return (ok_lerp_point){left, left + (left < n - 1), (float)(position - (double)left)};
}

OK_INLINE void ok_lerp_row(const float *a, const float *b, float weight, float *y, int64_t n) {
    for (int64_t i = 0; i < n; i += OK_LANES) {
        vf left = v_load_first(a + i, n - i), right = v_load_first(b + i, n - i);
        v_store_first(y + i, v_splat(1 - weight) * left + v_splat(weight) * right, n - i);
    }
}

static void ok_lerp(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_lerp_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), n = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context), windows = ok_length(args->windows, context);
    int64_t xs = ok_length(args->source.axis_stride, context),
            ys = ok_length(args->destination.axis_stride, context);
    if (n <= 0) return;
    ok_lerp_point *points = context->slots[args->points];
    double step = ok_source_step(&args->scale, n, windows);
    for (int64_t w = 0; w < windows; ++w) points[w] = ok_lerp_place(&args->scale, w, n, step);
    for (int64_t o = 0; o < outer; ++o) {
        const float *x = (const float *)context->slots[args->source.slot] +
                         o * ok_length(args->source.outer_stride, context);
        float *y = (float *)context->slots[args->destination.slot] +
                   o * ok_length(args->destination.outer_stride, context);
        if (inner == 1)
            for (int64_t w = 0; w < windows; ++w) {
                ok_lerp_point p = points[w];
                y[w * ys] = (1 - p.weight) * x[p.left * xs] + p.weight * x[p.right * xs];
            }
        else
            for (int64_t w = 0; w < windows; ++w)
                ok_lerp_row(x + points[w].left * xs, x + points[w].right * xs, points[w].weight, y + w * ys,
                            inner);
    }
}
