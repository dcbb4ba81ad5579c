// Matrix products of two computed values.
#ifndef OK_MATMUL_H
#define OK_MATMUL_H

#include "ok_linear.h"

/// destination[b] = x[b] · y[b] for every index b of the outer axes: [rows, terms] · [terms, columns],
/// float32.
///
/// Operands list their outer axes only; rows of a matrix are `x_stride`, `y_stride`, `destination_stride`
/// apart, their elements lie together. Transposed, x lies as [terms, rows] and y as [columns, terms]. Sums
/// are those of ok_linear.
typedef struct ok_matmul_args {
    int32_t rank;
    ok_len shape[OK_MAX_RANK];
    ok_operand x, y, destination;
    int32_t x_transposed, y_transposed;
    ok_len rows, terms, columns;
    ok_len x_stride, y_stride, destination_stride;
    int32_t panels; // scratch for y: terms times columns, rounded up to whole vectors
    int32_t turned; // scratch for a transposed x: rows · terms; or -1
    int32_t block;  // scratch for a block of x, see ok_linear_args
    int32_t bias;   // scratch for columns zeros, rounded up to whole vectors
} ok_matmul_args;

#endif
