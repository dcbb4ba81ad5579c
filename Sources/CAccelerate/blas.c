#include "ok_blas.h"
#include <Accelerate/Accelerate.h>
#include <string.h>

// y[r] = W x[r] + beta y[r]
static void product(const float *weights, int64_t outputs, int64_t inputs, const float *x, int64_t stride,
                    int64_t rows, float beta, float *y) {
    int m = (int)rows, n = (int)outputs, k = (int)inputs;
    if (rows == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1, weights, k, x, 1, beta, y, 1);
    else if (rows > 1)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, x, (int)stride, weights, k, beta, y,
                    n);
}

void ok_blas_add(const float *weights, int64_t outputs, int64_t inputs, const float *x, int64_t stride,
                 int64_t rows, float *y) {
    product(weights, outputs, inputs, x, stride, rows, 1, y);
}

void ok_blas_linear(const void *arguments, ok_context *context) {
    const ok_blas_linear_args *args = arguments;
    const float *x = context->slots[args->source];
    float *y = context->slots[args->destination];
    int64_t rows = ok_length(args->rows, context), inputs = args->inputs, outputs = args->outputs;
    if (args->bias)
        for (int64_t r = 0; r < rows; ++r) memcpy(y + r * outputs, args->bias, (size_t)outputs * sizeof *y);
    product(args->weights, outputs, inputs, x, inputs, rows, args->bias ? 1 : 0, y);
}
