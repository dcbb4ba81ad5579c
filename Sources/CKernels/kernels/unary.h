// One function of one value, and the same functions for rows inside other kernels.

#define OK_UNARY_KINDS(X)                                                                                    \
    X(OK_RELU)                                                                                               \
    X(OK_LEAKY_RELU)                                                                                         \
    X(OK_ELU)                                                                                                \
    X(OK_SELU)                                                                                               \
    X(OK_GELU)                                                                                               \
    X(OK_GELU_TANH)                                                                                          \
    X(OK_SIGMOID)                                                                                            \
    X(OK_TANH)                                                                                               \
    X(OK_SILU)                                                                                               \
    X(OK_SOFTPLUS)                                                                                           \
    X(OK_SOFTSIGN)                                                                                           \
    X(OK_MISH)                                                                                               \
    X(OK_HARDTANH)                                                                                           \
    X(OK_HARDSIGMOID)                                                                                        \
    X(OK_HARDSWISH)                                                                                          \
    X(OK_EXP)                                                                                                \
    X(OK_LOG)                                                                                                \
    X(OK_SQRT)                                                                                               \
    X(OK_ABS)                                                                                                \
    X(OK_NEGATE)                                                                                             \
    X(OK_FAST_TANH)                                                                                          \
    X(OK_NAM_FAST_TANH)                                                                                      \
    X(OK_SQUARE)                                                                                             \
    X(OK_SIGN)                                                                                               \
    X(OK_FLOOR)                                                                                              \
    X(OK_CEIL)                                                                                               \
    X(OK_ROUND)                                                                                              \
    X(OK_RSQRT)                                                                                              \
    X(OK_RECIPROCAL)                                                                                         \
    X(OK_ERF)                                                                                                \
    X(OK_EXP2)                                                                                               \
    X(OK_SIN)                                                                                                \
    X(OK_COS)                                                                                                \
    X(OK_TAN)                                                                                                \
    X(OK_ASIN)                                                                                               \
    X(OK_ACOS)                                                                                               \
    X(OK_ATAN)                                                                                               \
    X(OK_SINH)                                                                                               \
    X(OK_COSH)                                                                                               \
    X(OK_ASINH)                                                                                              \
    X(OK_ACOSH)                                                                                              \
    X(OK_ATANH)                                                                                              \
    X(OK_GELU_SIGMOID)                                                                                       \
    X(OK_SCALED_TANH)                                                                                        \
    X(OK_LINEAR_FUNCTION)                                                                                    \
    X(OK_CLAMPED_LINEAR)                                                                                     \
    X(OK_CLAMPED_RELU)                                                                                       \
    X(OK_THRESHOLDED_RELU)

// One compiled row loop a kind, so the switch stays outside.
#define OK_UNARY_ROW(kind)                                                                                   \
    static void kind##_row(const float *x, float *y, int64_t n, float alpha, float beta) {                   \
        int64_t i = 0;                                                                                       \
        for (; i + OK_LANES <= n; i += OK_LANES)                                                             \
            v_store(y + i, v_activate(kind, v_load(x + i), alpha, beta));                                    \
        if (i < n) v_store_part(y + i, v_activate(kind, v_load_part(x + i, n - i), alpha, beta), n - i);     \
    }
OK_UNARY_KINDS(OK_UNARY_ROW)
#undef OK_UNARY_ROW

// destination[0..<n] = f(source[0..<n]); the two may be the same row, but not overlap otherwise.
OK_INLINE void ok_activate_row(const ok_activation *function, const float *source, float *destination,
                               int64_t n) {
    switch (function->kind) {
#define OK_CASE(kind)                                                                                        \
    case kind:                                                                                               \
        kind##_row(source, destination, n, function->alpha, function->beta);                                 \
        break;
        OK_UNARY_KINDS(OK_CASE)
#undef OK_CASE
    default:
        if (source != destination) memcpy(destination, source, (size_t)n * sizeof *source);
    }
}

OK_COMPACT static void ok_unary(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_unary_args *args = arguments;
    ok_nest nest;
    ok_nest_shape(&nest, args->rank, args->shape, context);
    if (ok_nest_empty(&nest)) return;
    ok_nest_operand(&nest, &args->source, context);
    ok_nest_operand(&nest, &args->destination, context);
    const float *x = context->slots[args->source.slot];
    float *y = context->slots[args->destination.slot];
    int32_t last = nest.rank - 1;
    int64_t index[OK_MAX_RANK] = {0}, offset[3] = {0};
    do {
        ok_activate_row(&args->function, x + offset[0], y + offset[1], nest.shape[last]);
    } while (ok_nest_next(&nest, index, offset));
}
