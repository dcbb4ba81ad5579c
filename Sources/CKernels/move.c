// Steps that are the same for every instruction set.
#include "ok_move.h"
#include <string.h>

void ok_view(const void *arguments, ok_context *context) {
    const ok_view_args *args = arguments;
    context->slots[args->destination] = (char *)context->slots[args->source] + ok_length(args->offset, context);
}

void ok_mute(const void *arguments, ok_context *context) {
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
