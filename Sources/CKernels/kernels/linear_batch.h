// Matrix product for many rows of x, in blocks of k, so that what a tile reads stays near the core. A tile
// reads x where it lies, unless its rows would share the sets of a cache: then x is copied into panels of a
// tile's height first.
//
// Between blocks of k the sums rest in y, unrounded: they are floats already. Every output thus remains one
// chain of fused multiply-adds over k in order, the same as in linear.h.

// MR rows of x, `xs` apart, their terms `ks` apart; one panel of NV vectors. `start` has the sums so far: y
// itself, or the bias (ss = 0). Three rows to a pointer: that is what an address can say without arithmetic.
#define OK_BATCH_TILE(MR, NV)                                                                                \
    static void ok_batch_tile_##MR##x##NV(const float *x, int64_t xs, int64_t ks, const float *w,            \
                                          int64_t terms, const float *start, int64_t ss, float *y,           \
                                          int64_t ys, int64_t width) OK_REALTIME {                           \
        vf acc[MR][NV];                                                                                      \
        int64_t last = width - (NV - 1) * OK_LANES;                                                          \
        if (last >= OK_LANES) {                                                                              \
            OK_UNROLL                                                                                        \
            for (int m = 0; m < MR; ++m)                                                                     \
                for (int v = 0; v < NV; ++v) acc[m][v] = v_load(start + m * ss + v * OK_LANES);              \
        } else {                                                                                             \
            OK_UNROLL                                                                                        \
            for (int m = 0; m < MR; ++m) {                                                                   \
                for (int v = 0; v < NV - 1; ++v) acc[m][v] = v_load(start + m * ss + v * OK_LANES);          \
                acc[m][NV - 1] = v_load_part(start + m * ss + (NV - 1) * OK_LANES, last);                    \
            }                                                                                                \
        }                                                                                                    \
        const float *rows[(MR + 2) / 3];                                                                     \
        OK_UNROLL                                                                                            \
        for (int r = 0; r < (MR + 2) / 3; ++r) rows[r] = x + 3 * r * xs;                                     \
        for (int64_t k = 0; k < terms; ++k, w += NV * OK_LANES) {                                            \
            vf b[NV];                                                                                        \
            for (int v = 0; v < NV; ++v) b[v] = v_load(w + v * OK_LANES);                                    \
            OK_UNROLL                                                                                        \
            for (int m = 0; m < MR; ++m) {                                                                   \
                vf a = v_splat(rows[m / 3][m % 3 * xs]);                                                     \
                for (int v = 0; v < NV; ++v) acc[m][v] = v_fma(a, b[v], acc[m][v]);                          \
            }                                                                                                \
            OK_UNROLL                                                                                        \
            for (int r = 0; r < (MR + 2) / 3; ++r) rows[r] += ks;                                            \
        }                                                                                                    \
        OK_UNROLL                                                                                            \
        for (int m = 0; m < MR; ++m, y += ys) {                                                              \
            for (int v = 0; v < NV - 1; ++v) v_store(y + v * OK_LANES, acc[m][v]);                           \
            if (last >= OK_LANES)                                                                            \
                v_store(y + (NV - 1) * OK_LANES, acc[m][NV - 1]);                                            \
            else                                                                                             \
                v_store_part(y + (NV - 1) * OK_LANES, acc[m][NV - 1], last);                                 \
        }                                                                                                    \
    }

#if defined(OK_ISA_AVX512) || defined(OK_ISA_NEON)
#define OK_LINEAR_ROWS 12
#define OK_LINEAR_HEIGHTS(X) X(12) X(8) X(4) X(2) X(1)
#else
#define OK_LINEAR_ROWS 6
#define OK_LINEAR_HEIGHTS(X) X(6) X(4) X(2) X(1)
#endif
#define OK_BOTH_WIDTHS(MR) OK_BATCH_TILE(MR, 1) OK_BATCH_TILE(MR, 2)
OK_LINEAR_HEIGHTS(OK_BOTH_WIDTHS)
#undef OK_BOTH_WIDTHS

typedef void (*ok_batch_tile)(const float *, int64_t, int64_t, const float *, int64_t, const float *, int64_t,
                              float *, int64_t, int64_t) OK_REALTIME;

// The tallest tile of at most `rows` rows.
OK_INLINE int64_t ok_linear_height(int64_t rows) {
#define OK_CASE(MR)                                                                                          \
    if (rows >= MR) return MR;
    OK_LINEAR_HEIGHTS(OK_CASE)
#undef OK_CASE
    return 1;
}

OK_INLINE ok_batch_tile ok_batch_tile_for(int64_t height, int64_t vectors) {
#define OK_CASE(MR)                                                                                          \
    if (height == MR) return vectors == 2 ? ok_batch_tile_##MR##x2 : ok_batch_tile_##MR##x1;
    OK_LINEAR_HEIGHTS(OK_CASE)
#undef OK_CASE
    return ok_batch_tile_1x1;
}

// Outputs of one panel for all rows, over k in [k0, k0 + terms), where x starts; packed when xs is 0.
OK_INLINE void ok_linear_panel(const ok_linear_args *args, int64_t column, int64_t vectors, int64_t k0,
                               int64_t terms, const float *x, int64_t xs, float *y, int64_t ys,
                               int64_t rows) {
    const float *w = args->weights + column * args->inputs + k0 * vectors * OK_LANES,
                *bias = args->bias + column;
    int64_t width = args->outputs - column;
    if (width > vectors * OK_LANES) width = vectors * OK_LANES;
    for (int64_t row = 0; row < rows;) {
        int64_t height = ok_linear_height(rows - row);
        float *tile = y + row * ys + column;
        ok_batch_tile_for(height, vectors)(x + row * (xs ? xs : terms), xs ? xs : 1, xs ? 1 : height, w,
                                           terms, k0 ? tile : bias, k0 ? ys : 0, tile, ys, width);
        if (args->activation.kind != OK_IDENTITY && k0 + terms == args->inputs)
            for (int64_t r = 0; r < height; ++r)
                ok_activate_row(&args->activation, tile + r * ys, tile + r * ys, width);
        row += height;
    }
}

static void ok_linear_batch(const ok_linear_args *args, const float *x, int64_t xs, float *y, int64_t ys,
                            int64_t rows, float *packed) {
    int64_t vectors = (args->outputs + OK_LANES - 1) / OK_LANES;
    const int packs = xs % OK_LINEAR_ALIASED_STRIDE == 0;
    for (int64_t first = 0; first < rows; first += OK_LINEAR_BLOCK_ROWS) {
        int64_t count = rows - first < OK_LINEAR_BLOCK_ROWS ? rows - first : OK_LINEAR_BLOCK_ROWS;
        const float *xb = x + first * xs;
        float *yb = y + first * ys;
        for (int64_t k = 0; k < args->inputs; k += OK_LINEAR_BLOCK_TERMS) {
            int64_t terms =
                args->inputs - k < OK_LINEAR_BLOCK_TERMS ? args->inputs - k : OK_LINEAR_BLOCK_TERMS;
            for (int64_t row = 0; packs && row < count;) {
                int64_t height = ok_linear_height(count - row);
                ok_transpose4(xb + row * xs + k, xs, height, terms, packed + row * terms, height);
                row += height;
            }
            for (int64_t v = 0; v < vectors; v += 2)
                ok_linear_panel(args, v * OK_LANES, vectors - v >= 2 ? 2 : 1, k, terms,
                                packs ? packed : xb + k, packs ? 0 : xs, yb, ys, count);
        }
    }
}
