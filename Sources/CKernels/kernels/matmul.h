// Batched matrix product: y is laid out in panels at run time, then it is the product of linear.h.

// y as ok_linear_args wants its weights; zero where there are no more columns.
static void ok_matmul_pack(const float *y, int64_t stride, int transposed, int64_t terms, int64_t columns,
                           float *panel) {
    int64_t padded = (columns + OK_LANES - 1) / OK_LANES * OK_LANES;
    for (int64_t first = 0; first < padded;) {
        int64_t width = padded - first >= 2 * OK_LANES ? 2 * OK_LANES : OK_LANES;
        int64_t count = columns - first < width ? columns - first : width;
        if (transposed)
            ok_transpose4(y + first * stride, stride, count, terms, panel, width);
        else
            for (int64_t k = 0; k < terms; ++k)
                for (int64_t c = 0; c < count; c += OK_LANES)
                    v_store_first(panel + k * width + c, v_load_first(y + k * stride + first + c, count - c),
                                  count - c);
        for (int64_t k = 0; count < width && k < terms; ++k)
            memset(panel + k * width + count, 0, (size_t)(width - count) * sizeof(float));
        panel += width * terms;
        first += width;
    }
}

static void ok_matmul(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_matmul_args *args = arguments;
    ok_nest nest;
    // The matrices are the innermost "row" of the walk over the batch.
    if (!ok_nest_binary(&nest, args->rank, args->shape, &args->x, &args->y, &args->destination, context))
        return;
    int64_t rows = ok_length(args->rows, context), columns = ok_length(args->columns, context);
    int64_t xs = ok_length(args->x_stride, context), ys = ok_length(args->y_stride, context);
    ok_linear_args linear = {.inputs = ok_length(args->terms, context), .outputs = columns};
    if (rows <= 0 || columns <= 0) return;
    float *panels = context->slots[args->panels], *bias = context->slots[args->bias];
    memset(bias, 0, (size_t)((columns + OK_LANES - 1) / OK_LANES * OK_LANES) * sizeof(float));
    linear.weights = panels;
    linear.bias = bias;
    int64_t index[OK_MAX_RANK] = {0}, offset[3] = {0}, packed = -1;
    do {
        const float *x = (const float *)context->slots[args->x.slot] + offset[0];
        const float *y = (const float *)context->slots[args->y.slot] + offset[1];
        float *out = (float *)context->slots[args->destination.slot] + offset[2];
        // A y that serves several x is laid out once for as long as it stays.
        if (packed != offset[1]) ok_matmul_pack(y, ys, args->y_transposed, linear.inputs, columns, panels);
        packed = offset[1];
        int64_t stride = xs;
        if (args->x_transposed) {
            float *turned = context->slots[args->turned];
            ok_transpose4(x, xs, linear.inputs, rows, turned, linear.inputs);
            x = turned;
            stride = linear.inputs;
        }
        ok_linear_rows(&linear, x, stride, out, ok_length(args->destination_stride, context), rows,
                       context->slots[args->block]);
    } while (ok_nest_next(&nest, index, offset));
}
