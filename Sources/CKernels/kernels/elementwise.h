// Element-wise kernels: the walk over the outer axes is shared, the inner row is a vector loop.

// Calls row(n, pointers…) for every innermost row of a nest. Operands: up to 4.
typedef struct ok_nest {
    int32_t rank, operands;
    int64_t shape[OK_MAX_RANK];
    int64_t stride[4][OK_MAX_RANK];
} ok_nest;

OK_INLINE void ok_nest_operand(ok_nest *nest, const ok_operand *operand, const ok_context *context) {
    for (int32_t axis = 0; axis < nest->rank; ++axis)
        nest->stride[nest->operands][axis] = ok_length(operand->stride[axis], context);
    nest->operands++;
}

OK_INLINE void ok_nest_shape(ok_nest *nest, int32_t rank, const ok_len *shape, const ok_context *context) {
    nest->rank = rank;
    nest->operands = 0;
    for (int32_t axis = 0; axis < rank; ++axis) nest->shape[axis] = ok_length(shape[axis], context);
}

// Steps the odometer over all axes but the innermost; false after the last row.
OK_INLINE int ok_nest_next(const ok_nest *nest, int64_t *index, int64_t *offset) {
    for (int32_t axis = nest->rank - 2; axis >= 0; --axis) {
        for (int32_t o = 0; o < nest->operands; ++o) offset[o] += nest->stride[o][axis];
        if (++index[axis] < nest->shape[axis]) return 1;
        for (int32_t o = 0; o < nest->operands; ++o) offset[o] -= nest->stride[o][axis] * nest->shape[axis];
        index[axis] = 0;
    }
    return 0;
}

OK_INLINE int ok_nest_empty(const ok_nest *nest) {
    for (int32_t axis = 0; axis < nest->rank; ++axis)
        if (nest->shape[axis] <= 0) return 1;
    return 0;
}

OK_INLINE vf ok_combine(int32_t kind, vf a, vf b) {
    switch (kind) {
    case OK_ADD:
        return a + b;
    case OK_SUBTRACT:
        return a - b;
    case OK_MULTIPLY:
        return a * b;
    case OK_DIVIDE:
        return a / b;
    // NaN on either side wins, as in PyTorch.
    case OK_MAXIMUM:
        return v_select((a != a) | (a > b), a, b);
    case OK_MINIMUM:
        return v_select((a != a) | (a < b), a, b);
    case OK_PRELU:
        return v_select(a > 0, a, a * b);
    case OK_FLOOR_DIVIDE:
        return v_floor(a / b);
    default:
        return a;
    }
}

OK_INLINE void ok_binary_row(int32_t kind, const float *a, int64_t sa, const float *b, int64_t sb, float *y,
                             int64_t n) {
    int64_t i = 0;
    for (; i + OK_LANES <= n; i += OK_LANES) {
        vf va = sa ? v_load(a + i) : v_splat(*a), vb = sb ? v_load(b + i) : v_splat(*b);
        v_store(y + i, ok_combine(kind, va, vb));
    }
    if (i < n) {
        vf va = sa ? v_load_part(a + i, n - i) : v_splat(*a),
           vb = sb ? v_load_part(b + i, n - i) : v_splat(*b);
        v_store_part(y + i, ok_combine(kind, va, vb), n - i);
    }
}

static void ok_power_row(const float *a, int64_t sa, const float *b, int64_t sb, float *y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) y[i] = powf(a[i * sa], b[i * sb]);
}

// Exact, by fmod: a - floor(a / b) b would round.
static void ok_modulo_row(const float *a, int64_t sa, const float *b, int64_t sb, float *y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        float q = b[i * sb], r = fmodf(a[i * sa], q);
        y[i] = r != 0 && (r < 0) != (q < 0) ? r + q : r;
    }
}

// One compiled row loop a kind, so the switch stays outside.
static void ok_binary_row_of(int32_t kind, const float *a, int64_t sa, const float *b, int64_t sb, float *y,
                             int64_t n) {
#define OK_CASE(kind)                                                                                        \
    case kind:                                                                                               \
        ok_binary_row(kind, a, sa, b, sb, y, n);                                                             \
        break;
    switch (kind) {
        OK_CASE(OK_ADD)
        OK_CASE(OK_SUBTRACT)
        OK_CASE(OK_MULTIPLY)
        OK_CASE(OK_DIVIDE)
        OK_CASE(OK_MAXIMUM)
        OK_CASE(OK_MINIMUM)
        OK_CASE(OK_PRELU)
        OK_CASE(OK_FLOOR_DIVIDE)
    case OK_POWER:
        ok_power_row(a, sa, b, sb, y, n);
        break;
    case OK_MODULO:
        ok_modulo_row(a, sa, b, sb, y, n);
        break;
    }
#undef OK_CASE
}

static void ok_binary(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_binary_args *args = arguments;
    ok_nest nest;
    ok_nest_shape(&nest, args->rank, args->shape, context);
    if (ok_nest_empty(&nest)) return;
    ok_nest_operand(&nest, &args->a, context);
    ok_nest_operand(&nest, &args->b, context);
    ok_nest_operand(&nest, &args->destination, context);
    const float *a = context->slots[args->a.slot], *b = context->slots[args->b.slot];
    float *y = context->slots[args->destination.slot];
    int32_t last = nest.rank - 1;
    int64_t index[OK_MAX_RANK] = {0}, offset[3] = {0};
    do {
        ok_binary_row_of(args->kind, a + offset[0], nest.stride[0][last], b + offset[1], nest.stride[1][last],
                         y + offset[2], nest.shape[last]);
    } while (ok_nest_next(&nest, index, offset));
}
