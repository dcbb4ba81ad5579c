// Gathering and scattering by computed indices.

OK_INLINE int64_t ok_bounded(int64_t index, int64_t extent) {
    if (index < 0) index += extent;
    return index < 0 ? 0 : index >= extent ? extent - 1 : index;
}

static void ok_gather(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_gather_args *args = arguments;
    int64_t batch = ok_length(args->batch, context), outer = ok_length(args->outer, context);
    int64_t axis = ok_length(args->axis, context), count = ok_length(args->count, context);
    int64_t bytes = ok_length(args->inner, context) * args->element;
    const char *source = context->slots[args->source];
    const int32_t *indices = context->slots[args->indices];
    char *destination = context->slots[args->destination];
    if (axis <= 0 || bytes <= 0) return;
    for (int64_t b = 0; b < batch; ++b, indices += count)
        for (int64_t o = 0; o < outer; ++o, source += axis * bytes)
            for (int64_t j = 0; j < count; ++j, destination += bytes) {
                const char *from = source + ok_bounded(indices[j], axis) * bytes;
                if (bytes == 4)
                    memcpy(destination, from, 4);
                else
                    memcpy(destination, from, (size_t)bytes);
            }
}

#define OK_GATHER_ROWS(type)                                                                                 \
    for (int64_t o = 0; o < outer; ++o)                                                                      \
        for (int64_t j = 0; j < count; ++j)                                                                  \
            for (int64_t i = 0; i < inner; ++i, ++place)                                                     \
    ((type *)destination)[place] =                                                                           \
        ((const type *)source)[(o * axis + ok_bounded(indices[place], axis)) * inner + i]

static void ok_gather_along(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_gather_along_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t count = ok_length(args->count, context), inner = ok_length(args->inner, context), place = 0;
    const void *source = context->slots[args->source];
    const int32_t *indices = context->slots[args->indices];
    void *destination = context->slots[args->destination];
    if (axis <= 0) return;
    if (args->element == 4) {
        OK_GATHER_ROWS(uint32_t);
    } else {
        OK_GATHER_ROWS(uint8_t);
    }
}
#undef OK_GATHER_ROWS

OK_INLINE float ok_scatter_float(int32_t mode, float a, float b) {
    switch (mode) {
    case OK_SCATTER_ADD:
        return a + b;
    case OK_SCATTER_SUBTRACT:
        return a - b;
    case OK_SCATTER_MULTIPLY:
        return a * b;
    case OK_SCATTER_DIVIDE:
        return a / b;
    case OK_SCATTER_MAXIMUM:
        return a > b || a != a ? a : b;
    case OK_SCATTER_MINIMUM:
        return a < b || a != a ? a : b;
    default:
        return b;
    }
}
OK_INLINE int32_t ok_scatter_int(int32_t mode, int32_t a, int32_t b) {
    switch (mode) {
    case OK_SCATTER_ADD:
        return (int32_t)((uint32_t)a + (uint32_t)b);
    case OK_SCATTER_SUBTRACT:
        return (int32_t)((uint32_t)a - (uint32_t)b);
    case OK_SCATTER_MULTIPLY:
        return (int32_t)((uint32_t)a * (uint32_t)b);
    case OK_SCATTER_DIVIDE:
        return b == 0 ? 0 : (int32_t)((int64_t)a / b);
    case OK_SCATTER_MAXIMUM:
        return a > b ? a : b;
    case OK_SCATTER_MINIMUM:
        return a < b ? a : b;
    default:
        return b;
    }
}

static void ok_scatter(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_scatter_args *args = arguments;
    int64_t outer = ok_length(args->outer, context), axis = ok_length(args->axis, context);
    int64_t count = ok_length(args->count, context), inner = ok_length(args->inner, context), place = 0;
    const int32_t *indices = context->slots[args->indices];
    const void *updates = context->slots[args->updates];
    void *destination = context->slots[args->destination];
    if (axis <= 0) return;
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t j = 0; j < count; ++j) {
            int64_t row = args->along ? 0 : ok_bounded(indices[j], axis);
            if (args->mode == OK_SCATTER_UPDATE && !args->along) {
                memcpy((uint32_t *)destination + (o * axis + row) * inner, (const uint32_t *)updates + place,
                       (size_t)inner * 4);
                place += inner;
                continue;
            }
            for (int64_t i = 0; i < inner; ++i, ++place) {
                if (args->along) row = ok_bounded(indices[place], axis);
                int64_t target = (o * axis + row) * inner + i;
                if (args->type == OK_FLOAT32) {
                    float *y = (float *)destination + target;
                    *y = ok_scatter_float(args->mode, *y, ((const float *)updates)[place]);
                } else {
                    int32_t *y = (int32_t *)destination + target;
                    *y = ok_scatter_int(args->mode, *y, ((const int32_t *)updates)[place]);
                }
            }
        }
}
