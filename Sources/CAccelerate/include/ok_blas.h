// Steps that call Accelerate's BLAS, for the machines that have it.
//
// In a target of their own because the interface of macOS 13.3 needs ACCELERATE_NEW_LAPACK before the header
// is read, which only C can be given by a package. Apple does not say what these calls allocate: not
// real-time safe.
#ifndef OK_BLAS_H
#define OK_BLAS_H

#include "ok_runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/// y = x · Wᵀ + b, float32.
typedef struct ok_blas_linear_args {
    int32_t source, destination;
    int64_t inputs, outputs;                  // below 2^31
    ok_len rows;                              // of x
    ok_len source_stride, destination_stride; // from one row to the next, features being neighbours
    const float *weights;                     // [outputs][inputs], as PyTorch has them
    const float *bias;                        // [outputs], or NULL
} ok_blas_linear_args;

/// One row: sgemv. More: sgemm.
void ok_blas_linear(const void *args, ok_context *context);

#ifdef __cplusplus
}
#endif
#endif
