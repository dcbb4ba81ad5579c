// y = activation(x · Wᵀ + b), float32.
#ifndef OK_LINEAR_H
#define OK_LINEAR_H

#include "ok_elementwise.h"

/// Weights are packed panel after panel: 2 · lanes outputs wide, the last panel 1 · lanes where that is
/// enough, each [inputs][width], zero where there are no more outputs. The bias is padded to the same width.
typedef struct ok_linear_args {
    int32_t source, destination;
    int64_t inputs, outputs;
    ok_len batch; // rows of x
    ok_len source_stride, destination_stride;
    const float *weights;
    const float *bias;
    ok_activation activation;
    int32_t packed; // scratch for a block of x; from OK_LINEAR_PACKED_ROWS rows that are
                    // OK_LINEAR_ALIASED_STRIDE apart
} ok_linear_args;

enum {
    OK_LINEAR_PACKED_ROWS = 8,
    /// The block of x that is packed at a time: it and the weights of one panel fit the second-level cache.
    OK_LINEAR_BLOCK_ROWS = 264,
    OK_LINEAR_BLOCK_TERMS = 512,
    /// Rows of x a multiple of this apart (4 KiB) meet in the same sets of a first-level cache, and are
    /// packed.
    OK_LINEAR_ALIASED_STRIDE = 1024,
};

#endif
