// Weights in the order that kernels read them, from PyTorch's.
#ifndef PACKING_H
#define PACKING_H
#include "kernel_test.h"

// [groups · rows][terms] into panels of `widest`, then 8, 4, 2, 1 rows (see ok_conv.h), each [terms][panel].
static inline float *pack_conv(const float *weights, int64_t groups, int64_t rows, int64_t terms,
                               int64_t widest) {
    float *packed = floats(groups * rows * terms, 1), *next = packed;
    for (int64_t g = 0; g < groups; ++g)
        for (int64_t m = 0, run; m < rows; m += run) {
            for (run = widest; run > rows - m;) run /= 2;
            for (int64_t k = 0; k < terms; ++k)
                for (int64_t r = 0; r < run; ++r) *next++ = weights[(g * rows + m + r) * terms + k];
        }
    return packed;
}

static inline int64_t whole_vectors(int64_t n, int64_t lanes) { return (n + lanes - 1) / lanes * lanes; }

// [outputs][inputs] into panels of two vectors of outputs, the last of one where that is enough (see
// ok_linear.h), each [inputs][width]; then the bias.
static inline float *pack_linear(const float *weights, const float *bias, int64_t inputs, int64_t outputs,
                                 int64_t lanes) {
    int64_t padded = whole_vectors(outputs, lanes), width;
    float *packed = calloc((size_t)(padded * (inputs + 1)), sizeof *packed), *next = packed;
    for (int64_t first = 0; first < padded; first += width) {
        width = padded - first < 2 * lanes ? lanes : 2 * lanes;
        for (int64_t k = 0; k < inputs; ++k)
            for (int64_t o = first; o < first + width; ++o, ++next)
                if (o < outputs) *next = weights[o * inputs + k];
    }
    memcpy(next, bias, (size_t)outputs * sizeof *next);
    return packed;
}

#endif
