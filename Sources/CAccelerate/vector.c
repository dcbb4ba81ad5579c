#include "ok_vector.h"
#include <Accelerate/Accelerate.h>
#include <string.h>

// In pieces that stay in the first-level cache, through a buffer of ours: nothing here relies on a function
// of vForce working in place.
enum { PIECE = 1024 };

static void sigmoid(float *y, const float *x, float *buffer, const int *count) {
    const float minus = -1, zero = 0, one = 1;
    vDSP_Length n = (vDSP_Length)*count;
    vDSP_vsmsa(x, 1, &minus, &zero, buffer, 1, n);
    vvexpf(y, buffer, count);
    vDSP_vsmsa(y, 1, &one, &one, buffer, 1, n);
    vvrecf(y, buffer, count); // of infinity: 0
}

void ok_vector_unary(const void *arguments, ok_context *context) {
    const ok_vector_args *args = arguments;
    const float *x = context->slots[args->a];
    float *y = context->slots[args->destination], buffer[PIECE];
    int64_t length = ok_length(args->count, context);
    for (int64_t i = 0; i < length; i += PIECE) {
        const int count = (int)(length - i < PIECE ? length - i : PIECE);
        const float *source = x + i;
        if (args->function == OK_SIGMOID) {
            sigmoid(y + i, source, buffer, &count);
            continue;
        }
        if (x == y) source = memcpy(buffer, x + i, (size_t)count * sizeof *x);
        if (args->function == OK_TANH) vvtanhf(y + i, source, &count);
        if (args->function == OK_EXP) vvexpf(y + i, source, &count);
        if (args->function == OK_LOG) vvlogf(y + i, source, &count);
    }
}

void ok_vector_binary(const void *arguments, ok_context *context) {
    const ok_vector_args *args = arguments;
    const float *a = context->slots[args->a], *b = context->slots[args->b];
    float *y = context->slots[args->destination];
    vDSP_Length n = (vDSP_Length)ok_length(args->count, context);
    if (args->function == OK_ADD) vDSP_vadd(a, 1, b, 1, y, 1, n);
    if (args->function == OK_SUBTRACT) vDSP_vsub(b, 1, a, 1, y, 1, n); // the subtrahend comes first
    if (args->function == OK_MULTIPLY) vDSP_vmul(a, 1, b, 1, y, 1, n);
}
