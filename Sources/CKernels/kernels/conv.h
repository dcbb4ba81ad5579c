// Convolution: an implicit matrix product whose right-hand rows are shifted views of the input.
//
// Time is the vector axis: a weight is broadcast, a row of the input is loaded unaligned at its shift. No
// input is rearranged (but for stride and padding), channel counts need not fill a register, and [channels,
// time] stays as it is from layer to layer. The order of the sum is fixed, so a block split never changes a
// bit.

// MR output rows x NV vectors of columns. `tail` lanes of the last vector are used; 0 means all.
#define OK_CONV_TILE(MR, NV)                                                                                 \
    static void ok_conv_tile_##MR##x##NV(const float *w, const float *const *rows, int64_t terms,            \
                                         int64_t column, int64_t tail, const float *bias, float *y,          \
                                         int64_t stride) OK_REALTIME {                                       \
        vf acc[MR][NV];                                                                                      \
        OK_UNROLL                                                                                            \
        for (int m = 0; m < MR; ++m)                                                                         \
            for (int v = 0; v < NV; ++v) acc[m][v] = v_splat(bias[m]);                                       \
        if (tail == 0) {                                                                                     \
            for (int64_t k = 0; k < terms; ++k, w += MR) {                                                   \
                const float *x = rows[k] + column;                                                           \
                vf b[NV];                                                                                    \
                for (int v = 0; v < NV; ++v) b[v] = v_load(x + v * OK_LANES);                                \
                OK_UNROLL                                                                                    \
                for (int m = 0; m < MR; ++m) {                                                               \
                    vf a = v_splat(w[m]);                                                                    \
                    for (int v = 0; v < NV; ++v) acc[m][v] = v_fma(a, b[v], acc[m][v]);                      \
                }                                                                                            \
            }                                                                                                \
        } else {                                                                                             \
            for (int64_t k = 0; k < terms; ++k, w += MR) {                                                   \
                const float *x = rows[k] + column;                                                           \
                vf b[NV];                                                                                    \
                for (int v = 0; v < NV - 1; ++v) b[v] = v_load(x + v * OK_LANES);                            \
                b[NV - 1] = v_load_part(x + (NV - 1) * OK_LANES, tail);                                      \
                OK_UNROLL                                                                                    \
                for (int m = 0; m < MR; ++m) {                                                               \
                    vf a = v_splat(w[m]);                                                                    \
                    for (int v = 0; v < NV; ++v) acc[m][v] = v_fma(a, b[v], acc[m][v]);                      \
                }                                                                                            \
            }                                                                                                \
        }                                                                                                    \
        OK_UNROLL                                                                                            \
        for (int m = 0; m < MR; ++m, y += stride) {                                                          \
            for (int v = 0; v < NV - 1; ++v) v_store(y + v * OK_LANES, acc[m][v]);                           \
            if (tail == 0)                                                                                   \
                v_store(y + (NV - 1) * OK_LANES, acc[m][NV - 1]);                                            \
            else                                                                                             \
                v_store_part(y + (NV - 1) * OK_LANES, acc[m][NV - 1], tail);                                 \
        }                                                                                                    \
    }

// 32 registers hold 8 x 3 sums; 16 hold 4 x 3.
#if defined(OK_ISA_AVX512) || defined(OK_ISA_NEON)
#define OK_CONV_ROWS 8
OK_CONV_TILE(8, 1)
OK_CONV_TILE(8, 2)
OK_CONV_TILE(8, 3)
#else
#define OK_CONV_ROWS 4
#endif
OK_CONV_TILE(4, 1)
OK_CONV_TILE(4, 2)
OK_CONV_TILE(4, 3)
OK_CONV_TILE(2, 1)
OK_CONV_TILE(2, 2)
OK_CONV_TILE(2, 3)
OK_CONV_TILE(1, 1)
OK_CONV_TILE(1, 2)
OK_CONV_TILE(1, 3)

typedef void (*ok_conv_tile)(const float *, const float *const *, int64_t, int64_t, int64_t, const float *,
                             float *, int64_t) OK_REALTIME;

OK_INLINE ok_conv_tile ok_conv_tile_for(int64_t rows, int vectors) {
#define OK_PICK(MR)                                                                                          \
    (vectors == 3 ? ok_conv_tile_##MR##x3 : vectors == 2 ? ok_conv_tile_##MR##x2 : ok_conv_tile_##MR##x1)
#if OK_CONV_ROWS == 8
    if (rows == 8) return OK_PICK(8);
#endif
    if (rows == 4) return OK_PICK(4);
    if (rows == 2) return OK_PICK(2);
    return OK_PICK(1);
#undef OK_PICK
}

// All rows of one group for columns [first, first + count): y points at column `first` of row 0.
static void ok_conv_block(const ok_conv_args *args, const float *weights, const float *bias,
                          const float *const *rows, int64_t first, int64_t count, float *y, int64_t stride) {
    int64_t column = 0;
    while (column < count) {
        int64_t left = (count - column + OK_LANES - 1) / OK_LANES;
        // Four vectors go as 2 + 2, which keeps more sums in flight than 3 + 1.
        int vectors = left >= 5 || left == 3 ? 3 : left >= 2 ? 2 : 1;
        int64_t width = (int64_t)vectors * OK_LANES;
        int64_t tail = column + width > count ? count - column - (width - OK_LANES) : 0;
        const float *w = weights;
        for (int64_t m = 0; m < args->rows;) {
            int64_t rest = args->rows - m;
            int64_t run = rest >= OK_CONV_ROWS ? OK_CONV_ROWS : rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
            ok_conv_tile_for(run, vectors)(w, rows, args->terms, first + column, tail, bias + m,
                                           y + m * stride + column, stride);
            w += run * args->terms;
            m += run;
        }
        column += width;
    }
}

OK_INLINE void ok_conv_rows(const ok_conv_args *args, const ok_context *context, int64_t batch, int64_t group,
                            int64_t y, const float **rows) {
    for (int32_t s = 0; s < args->source_count; ++s) {
        const ok_conv_source *source = &args->sources[s];
        int64_t channel_stride = ok_length(source->channel_stride, context);
        int64_t row_stride = ok_length(source->row_stride, context);
        int64_t phase_stride = ok_length(source->phase_stride, context);
        const float *base = (const float *)context->slots[source->slot] + source->offset +
                            batch * ok_length(source->batch_stride, context) +
                            group * source->channels * channel_stride + y * source->stride_y * row_stride;
        for (int32_t c = 0; c < source->channels; ++c, base += channel_stride)
            for (int32_t ky = 0; ky < source->taps_y; ++ky) {
                const float *line = base + ky * source->dilation_y * row_stride;
                if (source->stride_x == 1) {
                    for (int32_t kx = 0; kx < source->taps_x; ++kx) *rows++ = line + kx * source->dilation_x;
                    continue;
                }
                for (int32_t kx = 0; kx < source->taps_x; ++kx) {
                    int64_t shift = (int64_t)kx * source->dilation_x;
                    *rows++ = line + (shift % source->stride_x) * phase_stride + shift / source->stride_x;
                }
            }
    }
}

// destination = activation(a) · gate(b), row by row; a is overwritten.
OK_COMPACT static void ok_conv_gate(const ok_conv_args *args, float *a, float *b, int64_t count, float *y,
                                    int64_t stride) {
    int64_t rows = args->rows / 2;
    ok_activate_row(&args->activation, a, a, rows * count);
    ok_activate_row(&args->gate, b, b, rows * count);
    for (int64_t m = 0; m < rows; ++m)
        ok_binary_row(OK_MULTIPLY, a + m * count, 1, b + m * count, 1, y + m * stride, count);
}

OK_COMPACT static void ok_conv_finish(const ok_conv_args *args, float *y, int64_t stride,
                                      const float *residual, int64_t residual_stride, int64_t rows,
                                      int64_t count) {
    if (!args->gated && args->activation.kind != OK_IDENTITY) {
        if (stride == count)
            ok_activate_row(&args->activation, y, y, rows * count);
        else
            for (int64_t m = 0; m < rows; ++m)
                ok_activate_row(&args->activation, y + m * stride, y + m * stride, count);
    }
    if (residual)
        for (int64_t m = 0; m < rows; ++m)
            ok_binary_row(OK_ADD, y + m * stride, 1, residual + m * residual_stride, 1, y + m * stride,
                          count);
}

static void ok_conv(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_conv_args *args = arguments;
    const float **rows = context->slots[args->pointers];
    int64_t columns = ok_length(args->columns, context), height = ok_length(args->out_y, context);
    int64_t stride = ok_length(args->destination_row_stride, context);
    int64_t residual_stride = ok_length(args->residual_row_stride, context);
    int64_t out_rows = args->gated ? args->rows / 2 : args->rows;
    for (int64_t b = 0; b < args->batch; ++b)
        for (int64_t g = 0; g < args->groups; ++g)
            for (int64_t y = 0; y < height; ++y) {
                ok_conv_rows(args, context, b, g, y, rows);
                const float *weights = args->weights + g * args->group_weights,
                            *bias = args->bias + g * args->rows;
                float *out = (float *)context->slots[args->destination] +
                             b * ok_length(args->destination_batch_stride, context) + g * out_rows * stride +
                             y * ok_length(args->destination_y_stride, context);
                const float *residual = NULL;
                if (args->residual >= 0)
                    residual = (const float *)context->slots[args->residual] +
                               b * ok_length(args->residual_batch_stride, context) +
                               g * out_rows * residual_stride +
                               y * ok_length(args->residual_y_stride, context);
                for (int64_t first = 0; first < columns; first += OK_CONV_BLOCK) {
                    int64_t count = columns - first < OK_CONV_BLOCK ? columns - first : OK_CONV_BLOCK;
                    if (args->gated) {
                        float *sums = context->slots[args->accumulator];
                        ok_conv_block(args, weights, bias, rows, first, count, sums, count);
                        ok_conv_gate(args, sums, sums + out_rows * count, count, out + first, stride);
                    } else {
                        ok_conv_block(args, weights, bias, rows, first, count, out + first, stride);
                    }
                    ok_conv_finish(args, out + first, stride, residual ? residual + first : NULL,
                                   residual_stride, out_rows, count);
                }
            }
}
