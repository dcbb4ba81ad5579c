// Element-wise passes that call Accelerate's vDSP and vForce. Not real-time safe, as ok_blas.h says.
#ifndef OK_VECTOR_H
#define OK_VECTOR_H

#include "ok_elementwise.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ok_vector_args {
    int32_t function; // ok_unary_kind or ok_binary_kind
    int32_t a, b, destination;
    ok_len count; // float32, neighbours
} ok_vector_args;

/// OK_TANH, OK_EXP, OK_LOG (alpha 0) or OK_SIGMOID of `a`, which may be the destination.
void ok_vector_unary(const void *args, ok_context *context);
/// OK_ADD, OK_SUBTRACT or OK_MULTIPLY of `a` and `b`; the destination is neither. Rounded once, as the
/// engine's own.
void ok_vector_binary(const void *args, ok_context *context);

#ifdef __cplusplus
}
#endif
#endif
