// Products that call Accelerate's BLAS, for the machines that have it.
//
// In a target of their own because the interface of macOS 13.3 needs ACCELERATE_NEW_LAPACK before the header
// is read, which only C can be given by a package. Apple does not say what these calls allocate: not
// real-time safe.
#ifndef OK_BLAS_H
#define OK_BLAS_H

#include "ok_recurrent.h"

#ifdef __cplusplus
extern "C" {
#endif

/// y[r] += W x[r]: one row with sgemv, more with sgemm. The `add` of ok_recurrent_products. Extents are below
/// 2^31. The sums' order is the library's own, and may change with the number of rows.
void ok_blas_add(const float *weights, int64_t outputs, int64_t inputs, const float *x, int64_t stride,
                 int64_t rows, float *y);

/// y = x · Wᵀ + b, float32.
typedef struct ok_blas_linear_args {
    int32_t source, destination;
    int64_t inputs, outputs; // below 2^31
    ok_len rows;             // of x and y, features being neighbours and rows too
    const float *weights;    // [outputs][inputs], as PyTorch has them
    const float *bias;       // [outputs], or NULL
} ok_blas_linear_args;

void ok_blas_linear(const void *args, ok_context *context);

#ifdef __cplusplus
}
#endif
#endif
