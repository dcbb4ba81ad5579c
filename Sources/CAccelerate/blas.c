#include "ok_blas.h"
#include <Accelerate/Accelerate.h>
#include <string.h>

void ok_blas_linear(const void *arguments, ok_context *context) {
    const ok_blas_linear_args *args = arguments;
    const float *x = context->slots[args->source];
    float *y = context->slots[args->destination];
    int64_t rows = ok_length(args->rows, context);
    int xs = (int)ok_length(args->source_stride, context),
        ys = (int)ok_length(args->destination_stride, context);
    int inputs = (int)args->inputs, outputs = (int)args->outputs;
    float beta = args->bias ? 1 : 0;
    if (args->bias)
        for (int64_t r = 0; r < rows; ++r) memcpy(y + r * ys, args->bias, (size_t)outputs * sizeof *y);
    if (rows == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, outputs, inputs, 1, args->weights, inputs, x, 1, beta, y, 1);
    else if (rows > 1)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, outputs, inputs, 1, x, xs,
                    args->weights, inputs, beta, y, ys);
}
