// Running sums, and what depends on the order of elements along an axis. Scalar: lines are short.

#define OK_CUMULATE(type, sum_type)                                                                          \
    for (int64_t o = 0; o < outer; ++o)                                                                      \
        for (int64_t i = 0; i < inner; ++i) {                                                                \
            sum_type sum = 0;                                                                                \
            for (int64_t k = 0; k < axis; ++k) {                                                             \
                int64_t at = (o * axis + (args->reverse ? axis - 1 - k : k)) * inner + i;                    \
                sum_type next = sum + (sum_type)((const type *)source)[at];                                  \
                ((type *)destination)[at] = (type)(args->exclusive ? sum : next);                            \
                sum = next;                                                                                  \
            }                                                                                                \
        }

static void ok_cumulate(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_cumulate_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context);
    const void *source = context->slots[args->source];
    void *destination = context->slots[args->destination];
    if (args->type == OK_FLOAT32) {
        OK_CUMULATE(float, double)
    } else {
        OK_CUMULATE(int32_t, uint32_t)
    }
}
#undef OK_CUMULATE

// An unsigned key that orders as the value does; NaN, of either sign, above all.
OK_INLINE uint32_t ok_sort_key(const void *source, int64_t at, int32_t type) {
    uint32_t bits;
    if (type == OK_INT32) {
        memcpy(&bits, (const int32_t *)source + at, 4);
        return bits ^ 0x80000000u;
    }
    float x = ((const float *)source)[at];
    if (x != x) return UINT32_MAX;
    x += 0.0f; // -0 equals 0
    memcpy(&bits, &x, 4);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static void ok_arg_reduce(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_arg_reduce_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context);
    const void *source = context->slots[args->source];
    int32_t *destination = context->slots[args->destination];
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t i = 0; i < inner; ++i) {
            int64_t best = 0;
            uint32_t most = 0;
            for (int64_t k = 0; k < axis; ++k) {
                uint32_t key = ok_sort_key(source, (o * axis + k) * inner + i, args->type);
                if (args->smallest && key != UINT32_MAX) key = ~key;
                if (k == 0 || key > most) most = key, best = k;
            }
            destination[o * inner + i] = (int32_t)best;
        }
}

// Merge sort of n keys in place, with room for n more behind them: stable, and no worse for any input.
static void ok_sort_keys(uint64_t *keys, int64_t n) {
    uint64_t *from = keys, *to = keys + n;
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t first = 0; first < n; first += 2 * width) {
            int64_t middle = first + width < n ? first + width : n;
            int64_t end = first + 2 * width < n ? first + 2 * width : n;
            int64_t a = first, b = middle;
            for (int64_t k = first; k < end; ++k)
                to[k] = a < middle && (b >= end || from[a] <= from[b]) ? from[a++] : from[b++];
        }
        uint64_t *other = from;
        from = to;
        to = other;
    }
    if (from != keys) memcpy(keys, from, (size_t)n * sizeof *keys);
}

static void ok_sort(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_sort_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t count = ok_length(args->count, context), inner = ok_length(args->inner, context);
    const void *source = context->slots[args->source];
    uint32_t *values = args->values < 0 ? NULL : context->slots[args->values];
    int32_t *indices = context->slots[args->indices];
    uint64_t *keys = context->slots[args->keys];
    if (count > axis) count = axis;
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t i = 0; i < inner; ++i) {
            for (int64_t k = 0; k < axis; ++k) {
                uint32_t key = ok_sort_key(source, (o * axis + k) * inner + i, args->type);
                // The place in the low half keeps equal ones in order and comes out with the key.
                keys[k] = (uint64_t)(args->ascending ? key : ~key) << 32 | (uint32_t)k;
            }
            ok_sort_keys(keys, axis);
            for (int64_t k = 0; k < count; ++k) {
                int64_t at = (o * count + k) * inner + i, place = (int64_t)(keys[k] & UINT32_MAX);
                indices[at] = (int32_t)place;
                if (values) values[at] = ((const uint32_t *)source)[(o * axis + place) * inner + i];
            }
        }
}

OK_INLINE int64_t ok_reduce_int_term(int32_t kind, int64_t sum, int64_t x) {
    switch (kind) {
    case OK_REDUCE_MAX:
        return x > sum ? x : sum;
    case OK_REDUCE_MIN:
        return x < sum ? x : sum;
    case OK_REDUCE_PRODUCT:
        return (int32_t)((uint32_t)sum * (uint32_t)x);
    case OK_REDUCE_SUM_SQUARES:
        return (int64_t)((uint64_t)sum + (uint64_t)(x * x));
    case OK_REDUCE_L1:
        return sum + (x < 0 ? -x : x);
    default:
        return sum + x;
    }
}

static void ok_reduce_int(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_reduce_int_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t inner = ok_length(args->inner, context);
    const int32_t *source = context->slots[args->source];
    int32_t *destination = context->slots[args->destination];
    int32_t kind = args->kind;
    int64_t start = kind == OK_REDUCE_PRODUCT ? 1
                    : kind == OK_REDUCE_MAX   ? INT32_MIN
                    : kind == OK_REDUCE_MIN   ? INT32_MAX
                                              : 0;
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t i = 0; i < inner; ++i) {
            int64_t sum = start;
            for (int64_t k = 0; k < axis; ++k)
                sum = ok_reduce_int_term(kind, sum, source[(o * axis + k) * inner + i]);
            if (kind == OK_REDUCE_MEAN) sum = axis > 0 ? sum / axis : 0;
            destination[o * inner + i] = (int32_t)sum;
        }
}
