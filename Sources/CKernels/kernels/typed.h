// Casts, integer arithmetic, comparisons and choices: strided scalar loops, which the compiler vectorises
// where the strides turn out to be 1.

OK_INLINE int32_t ok_to_int(float x) {
    if (x != x) return 0;
    return x >= 0x1p31f ? INT32_MAX : x < -0x1p31f ? INT32_MIN : (int32_t)x;
}

#define OK_CAST_LOOP(From, To, expression)                                                                   \
    for (int64_t i = 0; i < n; ++i) {                                                                        \
        From v = ((const From *)source)[i * ss];                                                             \
        ((To *)destination)[i * ds] = expression;                                                            \
    }                                                                                                        \
    break

static void ok_cast_row(int32_t from, int32_t to, const void *source, int64_t ss, void *destination,
                        int64_t ds, int64_t n) {
    switch (from * 3 + to) {
    case OK_FLOAT32 * 3 + OK_INT32:
        OK_CAST_LOOP(float, int32_t, ok_to_int(v));
    case OK_FLOAT32 * 3 + OK_BOOL:
        OK_CAST_LOOP(float, uint8_t, v != 0);
    case OK_INT32 * 3 + OK_FLOAT32:
        OK_CAST_LOOP(int32_t, float, (float)v);
    case OK_INT32 * 3 + OK_BOOL:
        OK_CAST_LOOP(int32_t, uint8_t, v != 0);
    case OK_BOOL * 3 + OK_FLOAT32:
        OK_CAST_LOOP(uint8_t, float, (float)(v != 0));
    case OK_BOOL * 3 + OK_INT32:
        OK_CAST_LOOP(uint8_t, int32_t, v != 0);
    default:
        break;
    }
}
#undef OK_CAST_LOOP

OK_INLINE int64_t ok_type_size(int32_t type) { return type == OK_BOOL ? 1 : 4; }

static void ok_cast(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_cast_args *args = arguments;
    ok_nest nest;
    ok_nest_shape(&nest, args->rank, args->shape, context);
    if (ok_nest_empty(&nest)) return;
    ok_nest_operand(&nest, &args->source, context);
    ok_nest_operand(&nest, &args->destination, context);
    const char *x = context->slots[args->source.slot];
    char *y = context->slots[args->destination.slot];
    int64_t from = ok_type_size(args->from), to = ok_type_size(args->to);
    int32_t last = nest.rank - 1;
    int64_t index[OK_MAX_RANK] = {0}, offset[2] = {0};
    do {
        ok_cast_row(args->from, args->to, x + offset[0] * from, nest.stride[0][last], y + offset[1] * to,
                    nest.stride[1][last], nest.shape[last]);
    } while (ok_nest_next(&nest, index, offset));
}

// floor(a / b) and what is left, for b != 0; INT32_MIN / -1 does not fit and wraps.
OK_INLINE int32_t ok_floor_divide_int(int32_t a, int32_t b) {
    if (b == 0) return 0;
    int64_t q = (int64_t)a / b;
    return (int32_t)(q - ((int64_t)a % b != 0 && (a < 0) != (b < 0)));
}
OK_INLINE int32_t ok_modulo_int(int32_t a, int32_t b) {
    if (b == 0) return 0;
    int64_t r = (int64_t)a % b;
    return (int32_t)(r != 0 && (r < 0) != (b < 0) ? r + b : r);
}
OK_INLINE int32_t ok_power_int(int32_t a, int32_t b) {
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    uint32_t base = (uint32_t)a, result = 1;
    for (; b > 0; b >>= 1, base *= base)
        if (b & 1) result *= base;
    return (int32_t)result;
}

#define OK_LOOP(expression)                                                                                  \
    for (int64_t i = 0; i < n; ++i) {                                                                        \
        int32_t p = a[i * sa], q = b[i * sb];                                                                \
        y[i * sy] = expression;                                                                              \
    }                                                                                                        \
    break

static void ok_binary_int_row(int32_t kind, const int32_t *a, int64_t sa, const int32_t *b, int64_t sb,
                              int32_t *y, int64_t sy, int64_t n) {
    switch (kind) {
    case OK_ADD:
        OK_LOOP((int32_t)((uint32_t)p + (uint32_t)q));
    case OK_SUBTRACT:
        OK_LOOP((int32_t)((uint32_t)p - (uint32_t)q));
    case OK_MULTIPLY:
        OK_LOOP((int32_t)((uint32_t)p * (uint32_t)q));
    case OK_MAXIMUM:
        OK_LOOP(p > q ? p : q);
    case OK_MINIMUM:
        OK_LOOP(p < q ? p : q);
    case OK_POWER:
        OK_LOOP(ok_power_int(p, q));
    case OK_FLOOR_DIVIDE:
        OK_LOOP(ok_floor_divide_int(p, q));
    case OK_MODULO:
        OK_LOOP(ok_modulo_int(p, q));
    case OK_DIVIDE:
        for (int64_t i = 0; i < n; ++i) ((float *)y)[i * sy] = (float)a[i * sa] / (float)b[i * sb];
        break;
    default:
        break;
    }
}
#undef OK_LOOP

// The nest of two sources and a destination.
OK_INLINE int ok_nest_binary(ok_nest *nest, int32_t rank, const ok_len *shape, const ok_operand *a,
                             const ok_operand *b, const ok_operand *destination, const ok_context *context) {
    ok_nest_shape(nest, rank, shape, context);
    ok_nest_operand(nest, a, context);
    ok_nest_operand(nest, b, context);
    ok_nest_operand(nest, destination, context);
    return !ok_nest_empty(nest);
}

static void ok_binary_int(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_binary_int_args *args = arguments;
    ok_nest nest;
    if (!ok_nest_binary(&nest, args->rank, args->shape, &args->a, &args->b, &args->destination, context))
        return;
    const int32_t *a = context->slots[args->a.slot], *b = context->slots[args->b.slot];
    int32_t *y = context->slots[args->destination.slot];
    int32_t last = nest.rank - 1;
    int64_t index[OK_MAX_RANK] = {0}, offset[3] = {0};
    do {
        ok_binary_int_row(args->kind, a + offset[0], nest.stride[0][last], b + offset[1],
                          nest.stride[1][last], y + offset[2], nest.stride[2][last], nest.shape[last]);
    } while (ok_nest_next(&nest, index, offset));
}

#define OK_LOOP(op)                                                                                          \
    for (int64_t i = 0; i < n; ++i) y[i * sy] = a[i * sa] op b[i * sb];                                      \
    break
#define OK_COMPARE_ROW(name, type)                                                                           \
    static void name(int32_t kind, const void *pa, int64_t sa, const void *pb, int64_t sb, uint8_t *y,       \
                     int64_t sy, int64_t n) {                                                                \
        const type *a = pa, *b = pb;                                                                         \
        switch (kind) {                                                                                      \
        case OK_EQUAL:                                                                                       \
            OK_LOOP(==);                                                                                     \
        case OK_NOT_EQUAL:                                                                                   \
            OK_LOOP(!=);                                                                                     \
        case OK_LESS:                                                                                        \
            OK_LOOP(<);                                                                                      \
        case OK_LESS_EQUAL:                                                                                  \
            OK_LOOP(<=);                                                                                     \
        case OK_GREATER:                                                                                     \
            OK_LOOP(>);                                                                                      \
        default:                                                                                             \
            OK_LOOP(>=);                                                                                     \
        }                                                                                                    \
    }
OK_COMPARE_ROW(ok_compare_float, float)
OK_COMPARE_ROW(ok_compare_int, int32_t)
OK_COMPARE_ROW(ok_compare_bool, uint8_t)
#undef OK_COMPARE_ROW
#undef OK_LOOP

static void ok_compare(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_compare_args *args = arguments;
    ok_nest nest;
    if (!ok_nest_binary(&nest, args->rank, args->shape, &args->a, &args->b, &args->destination, context))
        return;
    const char *a = context->slots[args->a.slot], *b = context->slots[args->b.slot];
    uint8_t *y = context->slots[args->destination.slot];
    int64_t size = ok_type_size(args->type), index[OK_MAX_RANK] = {0}, offset[3] = {0};
    int32_t last = nest.rank - 1;
    do {
        const char *p = a + offset[0] * size, *q = b + offset[1] * size;
        int64_t sa = nest.stride[0][last], sb = nest.stride[1][last], sy = nest.stride[2][last];
        if (args->type == OK_FLOAT32)
            ok_compare_float(args->kind, p, sa, q, sb, y + offset[2], sy, nest.shape[last]);
        else if (args->type == OK_INT32)
            ok_compare_int(args->kind, p, sa, q, sb, y + offset[2], sy, nest.shape[last]);
        else
            ok_compare_bool(args->kind, p, sa, q, sb, y + offset[2], sy, nest.shape[last]);
    } while (ok_nest_next(&nest, index, offset));
}

static void ok_logical_row(int32_t kind, const uint8_t *a, int64_t sa, const uint8_t *b, int64_t sb,
                           uint8_t *y, int64_t sy, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        uint8_t p = a[i * sa] != 0, q = b[i * sb] != 0;
        y[i * sy] = kind == OK_AND ? p & q : kind == OK_OR ? p | q : kind == OK_XOR ? p ^ q : !p;
    }
}

static void ok_logical(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_logical_args *args = arguments;
    ok_nest nest;
    if (!ok_nest_binary(&nest, args->rank, args->shape, &args->a, &args->b, &args->destination, context))
        return;
    const uint8_t *a = context->slots[args->a.slot], *b = context->slots[args->b.slot];
    uint8_t *y = context->slots[args->destination.slot];
    int64_t index[OK_MAX_RANK] = {0}, offset[3] = {0};
    int32_t last = nest.rank - 1;
    do {
        ok_logical_row(args->kind, a + offset[0], nest.stride[0][last], b + offset[1], nest.stride[1][last],
                       y + offset[2], nest.stride[2][last], nest.shape[last]);
    } while (ok_nest_next(&nest, index, offset));
}

#define OK_SELECT_ROW(name, type)                                                                            \
    static void name(const uint8_t *c, int64_t sc, const type *a, int64_t sa, const type *b, int64_t sb,     \
                     type *y, int64_t sy, int64_t n) {                                                       \
        for (int64_t i = 0; i < n; ++i) y[i * sy] = c[i * sc] ? a[i * sa] : b[i * sb];                       \
    }
OK_SELECT_ROW(ok_select_words, uint32_t)
OK_SELECT_ROW(ok_select_bytes, uint8_t)
#undef OK_SELECT_ROW

static void ok_select(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_select_args *args = arguments;
    ok_nest nest;
    if (!ok_nest_binary(&nest, args->rank, args->shape, &args->condition, &args->a, &args->b, context))
        return;
    ok_nest_operand(&nest, &args->destination, context);
    const uint8_t *c = context->slots[args->condition.slot];
    const void *a = context->slots[args->a.slot], *b = context->slots[args->b.slot];
    void *y = context->slots[args->destination.slot];
    int32_t last = nest.rank - 1;
    int64_t index[OK_MAX_RANK] = {0}, o[4] = {0}, n = nest.shape[last];
    int64_t sc = nest.stride[0][last], sa = nest.stride[1][last], sb = nest.stride[2][last],
            sy = nest.stride[3][last];
    do {
        if (args->element == 4)
            ok_select_words(c + o[0], sc, (const uint32_t *)a + o[1], sa, (const uint32_t *)b + o[2], sb,
                            (uint32_t *)y + o[3], sy, n);
        else
            ok_select_bytes(c + o[0], sc, (const uint8_t *)a + o[1], sa, (const uint8_t *)b + o[2], sb,
                            (uint8_t *)y + o[3], sy, n);
    } while (ok_nest_next(&nest, index, o));
}
