// Matrix product with packed weights, outputs along the vector.
//
// Every output is one chain of fused multiply-adds over k in order, whatever tile computes it, so a row gives the same
// bits alone (GEMV) and in a batch (GEMM).

// MR rows of x, NP panels of NV vectors.
#define OK_LINEAR_TILE(MR, NP, NV)                                                                           \
    static void ok_linear_tile_##MR##x##NP##x##NV(const float *x, int64_t xs, const float *w, int64_t inputs, const float *bias, \
                                          float *y, int64_t ys, int64_t width) {                             \
        vf acc[MR][NP * NV];                                                                                 \
        const int64_t panel = inputs * NV * OK_LANES;                                                        \
        for (int m = 0; m < MR; ++m)                                                                         \
            for (int v = 0; v < NP * NV; ++v) acc[m][v] = v_load(bias + v * OK_LANES);                       \
        for (int64_t k = 0; k < inputs; ++k, w += NV * OK_LANES) {                                           \
            vf b[NP * NV];                                                                                   \
            for (int p = 0; p < NP; ++p)                                                                     \
                for (int v = 0; v < NV; ++v) b[p * NV + v] = v_load(w + p * panel + v * OK_LANES);           \
            for (int m = 0; m < MR; ++m) {                                                                   \
                vf a = v_splat(x[m * xs + k]);                                                               \
                for (int v = 0; v < NP * NV; ++v) acc[m][v] = v_fma(a, b[v], acc[m][v]);                     \
            }                                                                                                \
        }                                                                                                    \
        for (int m = 0; m < MR; ++m, y += ys)                                                                \
            for (int v = 0; v < NP * NV; ++v) {                                                              \
                int64_t lanes = width - v * OK_LANES;                                                        \
                if (lanes >= OK_LANES)                                                                       \
                    v_store(y + v * OK_LANES, acc[m][v]);                                                    \
                else if (lanes > 0)                                                                          \
                    v_store_part(y + v * OK_LANES, acc[m][v], lanes);                                        \
            }                                                                                                \
    }

// Rows of one tile; how many panels a short tile takes so that enough sums are in flight.
#if defined(OK_ISA_AVX512) || defined(OK_ISA_NEON)
#define OK_LINEAR_ROWS 12
OK_LINEAR_TILE(12, 1, 2)
OK_LINEAR_TILE(4, 3, 2)
OK_LINEAR_TILE(2, 4, 2)
OK_LINEAR_TILE(1, 4, 2)
#define OK_LINEAR_PANELS_4 3
#define OK_LINEAR_PANELS_2 4
#else
#define OK_LINEAR_ROWS 6
OK_LINEAR_TILE(6, 1, 2)
OK_LINEAR_TILE(2, 3, 2)
OK_LINEAR_TILE(1, 4, 2)
#define OK_LINEAR_PANELS_4 1
#define OK_LINEAR_PANELS_2 3
#endif
OK_LINEAR_TILE(4, 1, 2)
OK_LINEAR_TILE(2, 1, 2)
OK_LINEAR_TILE(1, 1, 2)
#if OK_LINEAR_ROWS == 12
OK_LINEAR_TILE(12, 1, 1)
#else
OK_LINEAR_TILE(6, 1, 1)
#endif
OK_LINEAR_TILE(4, 1, 1)
OK_LINEAR_TILE(2, 1, 1)
OK_LINEAR_TILE(1, 1, 1)

#define OK_PASTE4_(MR, NP, NV) ok_linear_tile_##MR##x##NP##x##NV
#define OK_TILE(MR, NP, NV) OK_PASTE4_(MR, NP, NV)

// Panels [panel, panel + count) of 2 vectors for `rows` rows of x.
OK_INLINE void ok_linear_panels(const ok_linear_args *args, int64_t panel, int64_t count, const float *x, int64_t xs,
                                float *y, int64_t ys, int64_t rows) {
    const int64_t width = 2 * OK_LANES, size = args->inputs * width;
    for (int64_t row = 0; row < rows;) {
        int64_t rest = rows - row;
        int64_t run = rest >= OK_LINEAR_ROWS ? OK_LINEAR_ROWS : rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
        const float *xr = x + row * xs;
        float *yr = y + row * ys;
        for (int64_t p = panel; p < panel + count;) {
            const float *w = args->weights + p * size, *bias = args->bias + p * width;
            float *yp = yr + p * width;
            int64_t left = args->outputs - p * width, take = 1;
            int64_t available = panel + count - p;
            if (run == OK_LINEAR_ROWS) {
                OK_TILE(OK_LINEAR_ROWS, 1, 2)(xr, xs, w, args->inputs, bias, yp, ys, left);
            } else if (run == 4) {
#if OK_LINEAR_PANELS_4 > 1
                if (available >= OK_LINEAR_PANELS_4) {
                    take = OK_LINEAR_PANELS_4;
                    OK_TILE(4, OK_LINEAR_PANELS_4, 2)(xr, xs, w, args->inputs, bias, yp, ys, left);
                } else
#endif
                    ok_linear_tile_4x1x2(xr, xs, w, args->inputs, bias, yp, ys, left);
            } else if (run == 2) {
                if (available >= OK_LINEAR_PANELS_2) {
                    take = OK_LINEAR_PANELS_2;
                    OK_TILE(2, OK_LINEAR_PANELS_2, 2)(xr, xs, w, args->inputs, bias, yp, ys, left);
                } else
                    ok_linear_tile_2x1x2(xr, xs, w, args->inputs, bias, yp, ys, left);
            } else if (available >= 4) {
                take = 4;
                ok_linear_tile_1x4x2(xr, xs, w, args->inputs, bias, yp, ys, left);
            } else {
                ok_linear_tile_1x1x2(xr, xs, w, args->inputs, bias, yp, ys, left);
            }
            p += take;
        }
        row += run;
    }
}

// The last panel, one vector wide.
static void ok_linear_narrow(const ok_linear_args *args, int64_t column, const float *x, int64_t xs, float *y,
                             int64_t ys, int64_t rows) {
    const float *w = args->weights + column * args->inputs, *bias = args->bias + column;
    int64_t width = args->outputs - column;
    for (int64_t row = 0; row < rows;) {
        int64_t rest = rows - row;
        int64_t run = rest >= OK_LINEAR_ROWS ? OK_LINEAR_ROWS : rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
        const float *xr = x + row * xs;
        float *yr = y + row * ys + column;
        if (run == OK_LINEAR_ROWS)
            OK_TILE(OK_LINEAR_ROWS, 1, 1)(xr, xs, w, args->inputs, bias, yr, ys, width);
        else if (run == 4)
            ok_linear_tile_4x1x1(xr, xs, w, args->inputs, bias, yr, ys, width);
        else if (run == 2)
            ok_linear_tile_2x1x1(xr, xs, w, args->inputs, bias, yr, ys, width);
        else
            ok_linear_tile_1x1x1(xr, xs, w, args->inputs, bias, yr, ys, width);
        row += run;
    }
}

static void ok_linear(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_linear_args *args = arguments;
    const float *x = context->slots[args->source];
    float *y = context->slots[args->destination];
    int64_t rows = ok_length(args->batch, context), xs = ok_length(args->source_stride, context);
    int64_t ys = ok_length(args->destination_stride, context);
    const int64_t width = 2 * OK_LANES;
    int64_t vectors = (args->outputs + OK_LANES - 1) / OK_LANES, panels = vectors / 2;
    // A group of panels stays in the second-level cache while all rows of x pass by it.
    int64_t group = (384 * 1024) / (args->inputs * width * (int64_t)sizeof(float) + 1);
    group = rows <= OK_LINEAR_ROWS ? panels : group < 4 ? 4 : group;
    for (int64_t p = 0; p < panels; p += group)
        ok_linear_panels(args, p, panels - p < group ? panels - p : group, x, xs, y, ys, rows);
    if (vectors % 2) ok_linear_narrow(args, panels * width, x, xs, y, ys, rows);
    if (args->activation.kind == OK_IDENTITY) return;
    if (ys == args->outputs)
        ok_activate_row(&args->activation, y, y, rows * args->outputs);
    else
        for (int64_t row = 0; row < rows; ++row)
            ok_activate_row(&args->activation, y + row * ys, y + row * ys, args->outputs);
}
#undef OK_TILE
