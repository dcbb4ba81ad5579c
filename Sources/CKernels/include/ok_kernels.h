// The kernel table of one instruction set, and how to get it.
//
// Adding a kernel: its source in kernels/NAME.h (included by kernels/all.h), its argument struct in an
// include/ok_*.h, and one line in OK_KERNEL_LIST.
#ifndef OK_KERNELS_H
#define OK_KERNELS_H

#include "ok_axis.h"
#include "ok_control.h"
#include "ok_conv.h"
#include "ok_elementwise.h"
#include "ok_index.h"
#include "ok_linear.h"
#include "ok_matmul.h"
#include "ok_move.h"
#include "ok_recurrent.h"
#include "ok_runtime.h"
#include "ok_transform.h"
#include "ok_typed.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OK_KERNEL_LIST(X)                                                                                    \
    X(ok_unary)                                                                                              \
    X(ok_binary)                                                                                             \
    X(ok_binary_int)                                                                                         \
    X(ok_cast)                                                                                               \
    X(ok_compare)                                                                                            \
    X(ok_logical)                                                                                            \
    X(ok_select)                                                                                             \
    X(ok_copy)                                                                                               \
    X(ok_window)                                                                                             \
    X(ok_interleave)                                                                                         \
    X(ok_transform)                                                                                          \
    X(ok_conv)                                                                                               \
    X(ok_reduce)                                                                                             \
    X(ok_normalize)                                                                                          \
    X(ok_affine)                                                                                             \
    X(ok_softmax)                                                                                            \
    X(ok_pool)                                                                                               \
    X(ok_take)                                                                                               \
    X(ok_lerp)                                                                                               \
    X(ok_gather)                                                                                             \
    X(ok_gather_along)                                                                                       \
    X(ok_scatter)                                                                                            \
    X(ok_cumulate)                                                                                           \
    X(ok_arg_reduce)                                                                                         \
    X(ok_sort)                                                                                               \
    X(ok_reduce_int)                                                                                         \
    X(ok_linear)                                                                                             \
    X(ok_matmul)                                                                                             \
    X(ok_lstm)                                                                                               \
    X(ok_gru)                                                                                                \
    X(ok_gru_reset_before)

typedef struct ok_kernels {
    int lanes;             // floats in a vector register
    int conv_rows;         // widest run of rows in packed convolution weights
    int transform_vectors; // vectors of outputs in a panel of weight spectra
#define OK_FIELD(name) ok_kernel name;
    OK_KERNEL_LIST(OK_FIELD)
#undef OK_FIELD
} ok_kernels;

/// The table for "sse2", "avx2", "avx512" or "neon"; NULL when this machine cannot run it.
const ok_kernels *ok_kernels_named(const char *isa);
/// The widest set this machine runs, or the one that the environment variable OSSICLE_ISA names.
const char *ok_best_isa(void);

#ifdef __cplusplus
}
#endif
#endif
