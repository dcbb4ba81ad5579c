// Convolution through a transform, with channels along the vector.
//
// A block of N = 2 M real samples is a polynomial mod x^N + 1. With i for x^M it is M complex numbers mod x^M
// - i, and that ring splits in halves down to points: mod x^2h - c, with r = sqrt(c), goes to mod x^h - r
// (low + r · high) and mod x^h + r (low - r · high). So the multiplier belongs to the node, not to the
// element, the leaves come in the order of the tree, which both sides share, and no bin is special. Products
// of leaves are products of polynomials; the samples that wrap around (with changed sign) are not used.
// Sources: A. Bernstein's and S. Winograd's view of the FFT as a chain of remainders; overlap-save is the
// usual one.
//
// One vector holds one point of OK_LANES channels, so all stages are plain vector arithmetic. The products
// are, for each point, a complex matrix product of weights and blocks.

typedef struct ok_complex {
    vf re, im;
} ok_complex;

OK_INLINE ok_complex oc_load(const float *p, int64_t gap) { return (ok_complex){v_load(p), v_load(p + gap)}; }
OK_INLINE void oc_store(float *p, int64_t gap, ok_complex z) {
    v_store(p, z.re);
    v_store(p + gap, z.im);
}
OK_INLINE ok_complex oc_add(ok_complex a, ok_complex b) { return (ok_complex){a.re + b.re, a.im + b.im}; }
OK_INLINE ok_complex oc_sub(ok_complex a, ok_complex b) { return (ok_complex){a.re - b.re, a.im - b.im}; }
OK_INLINE ok_complex oc_times_i(ok_complex a) { return (ok_complex){-a.im, a.re}; }
// z · (r[0] + i r[1]), or by the conjugate.
OK_INLINE ok_complex oc_turn(ok_complex z, const float *r, int conjugate) {
    vf re = v_splat(r[0]), im = v_splat(conjugate ? -r[1] : r[1]);
    return (ok_complex){v_fma(z.re, re, -(z.im * im)), v_fma(z.re, im, z.im * re)};
}

// Where points are: `step` floats from one to the next, `gap` from a real part to its imaginary part.
typedef struct ok_points {
    float *base;
    int64_t step, gap;
} ok_points;

#define OK_AT(p, n) ((p).base + (n) * (p).step)

// Nodes of length 2 h into halves. roots: r for each node.
static void ok_split2_stage(ok_points in, ok_points out, int64_t points, int64_t h, const float *roots) {
    for (int64_t n = 0; n < points; n += 2 * h, roots += 2)
        for (int64_t j = n; j < n + h; ++j) {
            ok_complex a = oc_load(OK_AT(in, j), in.gap),
                       b = oc_turn(oc_load(OK_AT(in, j + h), in.gap), roots, 0);
            oc_store(OK_AT(out, j), out.gap, oc_add(a, b));
            oc_store(OK_AT(out, j + h), out.gap, oc_sub(a, b));
        }
}

static void ok_merge2_stage(ok_points in, ok_points out, int64_t points, int64_t h, const float *roots) {
    for (int64_t n = 0; n < points; n += 2 * h, roots += 2)
        for (int64_t j = n; j < n + h; ++j) {
            ok_complex a = oc_load(OK_AT(in, j), in.gap), b = oc_load(OK_AT(in, j + h), in.gap);
            oc_store(OK_AT(out, j), out.gap, oc_add(a, b));
            oc_store(OK_AT(out, j + h), out.gap, oc_turn(oc_sub(a, b), roots, 1));
        }
}

// Two levels at once, nodes of length 4 q. roots: c^(1/4), c^(1/2), c^(3/4) for each node.
static void ok_split4_stage(ok_points in, ok_points out, int64_t points, int64_t q, const float *roots) {
    for (int64_t n = 0; n < points; n += 4 * q, roots += 6)
        for (int64_t j = n; j < n + q; ++j) {
            ok_complex a = oc_load(OK_AT(in, j), in.gap),
                       b = oc_turn(oc_load(OK_AT(in, j + q), in.gap), roots, 0);
            ok_complex c = oc_turn(oc_load(OK_AT(in, j + 2 * q), in.gap), roots + 2, 0);
            ok_complex d = oc_turn(oc_load(OK_AT(in, j + 3 * q), in.gap), roots + 4, 0);
            ok_complex ac = oc_add(a, c), bd = oc_add(b, d), a_c = oc_sub(a, c),
                       b_d = oc_times_i(oc_sub(b, d));
            oc_store(OK_AT(out, j), out.gap, oc_add(ac, bd));
            oc_store(OK_AT(out, j + q), out.gap, oc_sub(ac, bd));
            oc_store(OK_AT(out, j + 2 * q), out.gap, oc_add(a_c, b_d));
            oc_store(OK_AT(out, j + 3 * q), out.gap, oc_sub(a_c, b_d));
        }
}

static void ok_merge4_stage(ok_points in, ok_points out, int64_t points, int64_t q, const float *roots) {
    for (int64_t n = 0; n < points; n += 4 * q, roots += 6)
        for (int64_t j = n; j < n + q; ++j) {
            ok_complex s = oc_load(OK_AT(in, j), in.gap), t = oc_load(OK_AT(in, j + q), in.gap);
            ok_complex u = oc_load(OK_AT(in, j + 2 * q), in.gap), v = oc_load(OK_AT(in, j + 3 * q), in.gap);
            ok_complex st = oc_add(s, t), uv = oc_add(u, v), s_t = oc_sub(s, t),
                       v_u = oc_times_i(oc_sub(v, u));
            oc_store(OK_AT(out, j), out.gap, oc_add(st, uv));
            oc_store(OK_AT(out, j + q), out.gap, oc_turn(oc_add(s_t, v_u), roots, 1));
            oc_store(OK_AT(out, j + 2 * q), out.gap, oc_turn(oc_sub(st, uv), roots + 2, 1));
            oc_store(OK_AT(out, j + 3 * q), out.gap, oc_turn(oc_sub(s_t, v_u), roots + 4, 1));
        }
}

// In place in `z`, but for the last stage, which writes to `spectrum`.
static void ok_forward(const ok_transform_args *args, ok_points z, ok_points spectrum) {
    const float *roots = args->roots;
    int64_t points = args->points, length = points;
    if (__builtin_ctzll((uint64_t)points) % 2) {
        ok_split2_stage(z, z, points, length / 2, roots);
        length /= 2;
        roots += 2;
    }
    for (; length > 1; length /= 4) {
        ok_split4_stage(z, length == 4 ? spectrum : z, points, length / 4, roots);
        roots += 6 * (points / length);
    }
}

// From `spectrum`, times the number of points, into `z`.
static void ok_inverse(const ok_transform_args *args, ok_points spectrum, ok_points z) {
    int64_t points = args->points, odd = __builtin_ctzll((uint64_t)points) % 2,
            first = odd ? points / 2 : points;
    // Roots of the last stage end the table: 2 for the odd stage, 6 (1 + 4 + 16 …) nodes, twice that after an
    // odd one.
    const float *roots = args->roots + (odd ? 2 : 0) + 6 * (odd ? 2 : 1) * (first - 1) / 3;
    for (int64_t length = 4; length <= first; length *= 4) {
        roots -= 6 * (points / length);
        ok_merge4_stage(length == 4 ? spectrum : z, z, points, length / 4, roots);
    }
    if (odd) ok_merge2_stage(z, z, points, points / 2, args->roots);
}

// One point of MB blocks times the weights of one panel of NV vectors.
#define OK_TRANSFORM_TILE(MB, NV)                                                                            \
    static void ok_transform_tile_##MB##x##NV(const float *x, int64_t xs, int64_t xgap, const float *w,      \
                                              int64_t channels, float *y, int64_t ys, int64_t ygap)          \
        OK_REALTIME {                                                                                        \
        vf re[MB][NV], im[MB][NV];                                                                           \
        OK_UNROLL                                                                                            \
        for (int m = 0; m < MB; ++m)                                                                         \
            for (int v = 0; v < NV; ++v) re[m][v] = im[m][v] = v_zero();                                     \
        for (int64_t c = 0; c < channels; ++c, w += 2 * NV * OK_LANES) {                                     \
            vf wr[NV], wi[NV];                                                                               \
            for (int v = 0; v < NV; ++v) wr[v] = v_load(w + v * OK_LANES);                                   \
            for (int v = 0; v < NV; ++v) wi[v] = v_load(w + (NV + v) * OK_LANES);                            \
            OK_UNROLL                                                                                        \
            for (int m = 0; m < MB; ++m) {                                                                   \
                vf xr = v_splat(x[m * xs + c]), xi = v_splat(x[m * xs + xgap + c]);                          \
                for (int v = 0; v < NV; ++v) re[m][v] = v_fma(xr, wr[v], re[m][v]);                          \
                for (int v = 0; v < NV; ++v) im[m][v] = v_fma(xr, wi[v], im[m][v]);                          \
                for (int v = 0; v < NV; ++v) re[m][v] = v_fma(-xi, wi[v], re[m][v]);                         \
                for (int v = 0; v < NV; ++v) im[m][v] = v_fma(xi, wr[v], im[m][v]);                          \
            }                                                                                                \
        }                                                                                                    \
        OK_UNROLL                                                                                            \
        for (int m = 0; m < MB; ++m, y += ys)                                                                \
            for (int v = 0; v < NV; ++v) {                                                                   \
                v_store(y + v * OK_LANES, re[m][v]);                                                         \
                v_store(y + ygap + v * OK_LANES, im[m][v]);                                                  \
            }                                                                                                \
    }

typedef void (*ok_transform_tile)(const float *, int64_t, int64_t, const float *, int64_t, float *, int64_t,
                                  int64_t) OK_REALTIME;

#define OK_TRANSFORM_HEIGHTS(X, NV) X(1, NV) X(2, NV) X(3, NV) X(4, NV) X(5, NV) X(6, NV)
// Sums in flight: 24 of 32 registers, or 12 of 16.
#if defined(OK_ISA_AVX512) || defined(OK_ISA_NEON)
#define OK_TRANSFORM_VECTORS 2
OK_TRANSFORM_HEIGHTS(OK_TRANSFORM_TILE, 2)
#else
#define OK_TRANSFORM_VECTORS 1
#endif
OK_TRANSFORM_HEIGHTS(OK_TRANSFORM_TILE, 1)
#undef OK_TRANSFORM_HEIGHTS

#define OK_TALL(NV)                                                                                          \
    {ok_transform_tile_1x##NV, ok_transform_tile_2x##NV, ok_transform_tile_3x##NV,                           \
     ok_transform_tile_4x##NV, ok_transform_tile_5x##NV, ok_transform_tile_6x##NV}
static const ok_transform_tile ok_transform_tiles[][6] = {
    OK_TALL(1),
#if OK_TRANSFORM_VECTORS == 2
    OK_TALL(2),
#endif
};
#undef OK_TALL

OK_INLINE int64_t ok_whole_vectors(int64_t n) { return (n + OK_LANES - 1) / OK_LANES * OK_LANES; }

// The complex matrix product at every point.
static void ok_transform_products(const ok_transform_args *args, const float *x, int64_t x_step, float *y,
                                  int64_t y_step, int64_t blocks) {
    int64_t xc = ok_whole_vectors(args->channels), yc = ok_whole_vectors(args->outputs);
    const float *w = args->weights;
    for (int64_t p = 0; p < args->points; ++p, x += x_step, y += y_step)
        for (int64_t o = 0; o < yc;) {
            int64_t vectors = yc - o >= OK_TRANSFORM_VECTORS * OK_LANES ? OK_TRANSFORM_VECTORS : 1;
            for (int64_t b = 0; b < blocks;) {
                // 7 … 11 blocks go as two tiles of nearly the same height.
                int64_t left = blocks - b, height = left <= 6 ? left : left < 12 ? (left + 1) / 2 : 6;
                ok_transform_tiles[vectors - 1][height - 1](x + b * 2 * xc, 2 * xc, xc, w, args->channels,
                                                            y + b * 2 * yc + o, 2 * yc, yc);
                b += height;
            }
            w += args->channels * 2 * vectors * OK_LANES;
            o += vectors * OK_LANES;
        }
}

// One half (real parts: the first `points` samples) of a block of up to OK_LANES channels, zero where there
// are no more.
static void ok_transform_load(const float *source, int64_t row_stride, int64_t rows, int64_t count,
                              int64_t points, float *half) {
    count = count < 0 ? 0 : count < points ? count : points;
    if (rows < OK_LANES || count < points)
        for (int64_t n = 0; n < points; ++n) v_store(half + n * 2 * OK_LANES, v_zero());
    ok_transpose4(source, row_stride, rows, count, half, 2 * OK_LANES);
}

OK_COMPACT static void ok_transform_store(const ok_transform_args *args, const float *half, float *y,
                                          int64_t row_stride, int64_t rows, int64_t count) {
    if (count <= 0) return;
    ok_transpose4(half, 2 * OK_LANES, count, rows, y, row_stride);
    for (int64_t m = 0; m < rows; ++m)
        ok_activate_row(&args->activation, y + m * row_stride, y + m * row_stride, count);
}

OK_INLINE int64_t ok_smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// Blocks [first, first + blocks) of one batch item.
static void ok_transform_group(const ok_transform_args *args, ok_context *context, const float *x, float *y,
                               int64_t first, int64_t blocks) {
    int64_t points = args->points, hop = 2 * points - args->kernel + 1,
            columns = ok_length(args->columns, context);
    int64_t xs = ok_length(args->source_row_stride, context),
            ys = ok_length(args->destination_row_stride, context);
    int64_t xc = ok_whole_vectors(args->channels), yc = ok_whole_vectors(args->outputs);
    int64_t x_step = blocks * 2 * xc + OK_TRANSFORM_GAP, y_step = blocks * 2 * yc + OK_TRANSFORM_GAP;
    ok_points z = {context->slots[args->block], 2 * OK_LANES, OK_LANES};
    float *in = context->slots[args->source_spectra], *out = context->slots[args->output_spectra];
    for (int64_t b = 0; b < blocks; ++b)
        for (int64_t c = 0; c < args->channels; c += OK_LANES) {
            int64_t start = (first + b) * hop, rows = ok_smaller(args->channels - c, OK_LANES);
            int64_t left = columns + args->kernel - 1 - start;
            const float *s = x + c * xs + start;
            ok_transform_load(s, xs, rows, left, points, z.base);
            ok_transform_load(s + points, xs, rows, left - points, points, z.base + OK_LANES);
            ok_forward(args, z, (ok_points){in + b * 2 * xc + c, x_step, xc});
        }
    ok_transform_products(args, in, x_step, out, y_step, blocks);
    for (int64_t b = 0; b < blocks; ++b)
        for (int64_t o = 0; o < args->outputs; o += OK_LANES) {
            int64_t start = (first + b) * hop, rows = ok_smaller(args->outputs - o, OK_LANES);
            int64_t left = ok_smaller(columns - start, hop);
            ok_inverse(args, (ok_points){out + b * 2 * yc + o, y_step, yc}, z);
            vf bias = v_load(args->bias + o);
            for (int64_t n = 0; n < 2 * points; ++n)
                v_store(z.base + n * OK_LANES, v_load(z.base + n * OK_LANES) + bias);
            float *d = y + o * ys + start;
            ok_transform_store(args, z.base, d, ys, rows, ok_smaller(left, points));
            ok_transform_store(args, z.base + OK_LANES, d + points, ys, rows, left - points);
        }
}

static void ok_transform(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_transform_args *args = arguments;
    int64_t columns = ok_length(args->columns, context), hop = 2 * (int64_t)args->points - args->kernel + 1;
    int64_t blocks = (columns + hop - 1) / hop;
    for (int64_t i = 0; i < args->batch; ++i) {
        const float *x = (const float *)context->slots[args->source] + args->offset +
                         i * ok_length(args->source_batch_stride, context);
        float *y = (float *)context->slots[args->destination] +
                   i * ok_length(args->destination_batch_stride, context);
        for (int64_t first = 0; first < blocks; first += args->group)
            ok_transform_group(args, context, x, y, first, ok_smaller(blocks - first, args->group));
    }
}
