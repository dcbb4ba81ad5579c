// Steps that are the same for every instruction set.
#include "ok_index.h"
#include "ok_move.h"
#include <string.h>

void ok_view(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_view_args *args = arguments;
    context->slots[args->destination] =
        (char *)context->slots[args->source] + ok_length(args->offset, context);
}

void ok_mute(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_mute_args *args = arguments;
    int64_t *counter = context->slots[args->counter];
    int64_t columns = ok_length(args->columns, context), stride = ok_length(args->row_stride, context);
    int64_t silent = args->frames - *counter;
    if (silent <= 0) return;
    if (silent > columns) silent = columns;
    for (int64_t row = 0; row < args->rows; ++row)
        memset((float *)context->slots[args->slot] + row * stride, 0, (size_t)silent * sizeof(float));
    *counter += silent;
}

void ok_skip(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_skip_args *args = arguments;
    int64_t *counter = context->slots[args->counter];
    int64_t rows = ok_length(args->rows, context), skip = args->frames - *counter;
    skip = skip < 0 ? 0 : skip > rows ? rows : skip;
    *counter += skip;
    float *input = context->slots[args->input], *output = context->slots[args->output];
    int64_t step = ok_length(args->output_step, context), batch = ok_length(args->output_batch, context);
    for (int64_t b = 0; b < args->batch; ++b)
        for (int64_t row = 0; row < skip; ++row)
            memset(output + b * batch + row * step, 0, (size_t)args->output_features * sizeof(float));
    context->slots[args->input_rest] = input + skip * ok_length(args->input_step, context);
    context->slots[args->output_rest] = output + skip * step;
    context->dims[args->length] = rows - skip;
}

void ok_place(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_place_args *args = arguments;
    const int32_t *begin = context->slots[args->begin];
    int64_t offset = 0;
    for (int32_t axis = 0; axis < args->rank; ++axis) {
        int64_t start = begin[axis], room = ok_length(args->room[axis], context);
        if (start < 0) start += ok_length(args->extent[axis], context);
        start = start < 0 ? 0 : start > room ? room : start;
        offset += start * ok_length(args->stride[axis], context);
    }
    context->slots[args->destination] = (char *)context->slots[args->source] + offset * args->element;
}
