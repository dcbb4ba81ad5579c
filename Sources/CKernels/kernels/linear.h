// Matrix product with packed weights, outputs along the vector: the form for few rows of x (GEMV, small
// batches).
//
// Every output is one chain of fused multiply-adds over k in order, whatever tile computes it, so a row gives
// the same bits alone (GEMV) and in a batch (GEMM, linear_batch.h).

// MR rows of x, NP panels of NV vectors.
#define OK_LINEAR_TILE(MR, NP, NV)                                                                           \
    static void ok_linear_tile_##MR##x##NP##x##NV(const float *x, int64_t xs, const float *w,                \
                                                  int64_t inputs, const float *bias, float *y, int64_t ys,   \
                                                  int64_t width) OK_REALTIME {                               \
        vf acc[MR][NP * NV];                                                                                 \
        const int64_t panel = inputs * NV * OK_LANES;                                                        \
        OK_UNROLL                                                                                            \
        for (int m = 0; m < MR; ++m)                                                                         \
            for (int v = 0; v < NP * NV; ++v) acc[m][v] = v_load(bias + v * OK_LANES);                       \
        for (int64_t k = 0; k < inputs; ++k, w += NV * OK_LANES) {                                           \
            vf b[NP * NV];                                                                                   \
            for (int p = 0; p < NP; ++p)                                                                     \
                for (int v = 0; v < NV; ++v) b[p * NV + v] = v_load(w + p * panel + v * OK_LANES);           \
            OK_UNROLL                                                                                        \
            for (int m = 0; m < MR; ++m) {                                                                   \
                vf a = v_splat(x[m * xs + k]);                                                               \
                for (int v = 0; v < NP * NV; ++v) acc[m][v] = v_fma(a, b[v], acc[m][v]);                     \
            }                                                                                                \
        }                                                                                                    \
        OK_UNROLL                                                                                            \
        for (int m = 0; m < MR; ++m, y += ys)                                                                \
            for (int v = 0; v < NP * NV; ++v) {                                                              \
                int64_t lanes = width - v * OK_LANES;                                                        \
                if (lanes >= OK_LANES)                                                                       \
                    v_store(y + v * OK_LANES, acc[m][v]);                                                    \
                else if (lanes > 0)                                                                          \
                    v_store_part(y + v * OK_LANES, acc[m][v], lanes);                                        \
            }                                                                                                \
    }

// Panels that one tile of 4 or 2 rows takes, so that enough sums are in flight.
#if defined(OK_ISA_AVX512) || defined(OK_ISA_NEON)
#define OK_LINEAR_PANELS_4 3
#define OK_LINEAR_PANELS_2 4
OK_LINEAR_TILE(4, 3, 2)
OK_LINEAR_TILE(2, 4, 2)
#else
#define OK_LINEAR_PANELS_4 1
#define OK_LINEAR_PANELS_2 3
OK_LINEAR_TILE(2, 3, 2)
#endif
OK_LINEAR_TILE(1, 4, 2)
OK_LINEAR_TILE(4, 1, 2)
OK_LINEAR_TILE(2, 1, 2)
OK_LINEAR_TILE(1, 1, 2)
OK_LINEAR_TILE(4, 1, 1)
OK_LINEAR_TILE(2, 1, 1)
OK_LINEAR_TILE(1, 1, 1)

typedef void (*ok_linear_tile)(const float *, int64_t, const float *, int64_t, const float *, float *,
                               int64_t, int64_t) OK_REALTIME;

// The widest tile for `rows` rows that fits into `panels` panels of two vectors; *take panels.
OK_INLINE ok_linear_tile ok_linear_tile_for(int64_t rows, int64_t panels, int64_t *take) {
#define OK_WIDE(MR, NP) OK_WIDE_(MR, NP)
#define OK_WIDE_(MR, NP) ok_linear_tile_##MR##x##NP##x2
    if (rows == 4 && panels >= OK_LINEAR_PANELS_4)
        return *take = OK_LINEAR_PANELS_4, OK_WIDE(4, OK_LINEAR_PANELS_4);
    if (rows == 2 && panels >= OK_LINEAR_PANELS_2)
        return *take = OK_LINEAR_PANELS_2, OK_WIDE(2, OK_LINEAR_PANELS_2);
    if (rows == 1 && panels >= 4) return *take = 4, ok_linear_tile_1x4x2;
    *take = 1;
    return rows == 4 ? ok_linear_tile_4x1x2 : rows == 2 ? ok_linear_tile_2x1x2 : ok_linear_tile_1x1x2;
#undef OK_WIDE
#undef OK_WIDE_
}

// All outputs of `rows` rows of x: 4, 2 or 1.
OK_INLINE void ok_linear_few(const ok_linear_args *args, const float *x, int64_t xs, float *y, int64_t ys,
                             int64_t rows) {
    const int64_t width = 2 * OK_LANES, vectors = (args->outputs + OK_LANES - 1) / OK_LANES,
                  panels = vectors / 2;
    int64_t take;
    for (int64_t p = 0; p < panels; p += take) {
        ok_linear_tile tile = ok_linear_tile_for(rows, panels - p, &take);
        tile(x, xs, args->weights + p * width * args->inputs, args->inputs, args->bias + p * width,
             y + p * width, ys, args->outputs - p * width);
    }
    if (vectors % 2 == 0) return;
    ok_linear_tile tile = rows == 4   ? ok_linear_tile_4x1x1
                          : rows == 2 ? ok_linear_tile_2x1x1
                                      : ok_linear_tile_1x1x1;
    int64_t column = panels * width;
    tile(x, xs, args->weights + column * args->inputs, args->inputs, args->bias + column, y + column, ys,
         args->outputs - column);
}

// `packed`: scratch, from OK_LINEAR_PACKED_ROWS rows on.
static void ok_linear_rows(const ok_linear_args *args, const float *x, int64_t xs, float *y, int64_t ys,
                           int64_t rows, float *packed) {
    if (rows >= OK_LINEAR_PACKED_ROWS) {
        ok_linear_batch(args, x, xs, y, ys, rows, packed);
        return;
    }
    for (int64_t row = 0; row < rows;) {
        int64_t run = rows - row >= 4 ? 4 : rows - row >= 2 ? 2 : 1;
        ok_linear_few(args, x + row * xs, xs, y + row * ys, ys, run);
        for (int64_t r = row; r < row + run; ++r)
            ok_activate_row(&args->activation, y + r * ys, y + r * ys, args->outputs);
        row += run;
    }
}

static void ok_linear(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_linear_args *args = arguments;
    ok_linear_rows(args, context->slots[args->source], ok_length(args->source_stride, context),
                   context->slots[args->destination], ok_length(args->destination_stride, context),
                   ok_length(args->batch, context), context->slots[args->packed]);
}
