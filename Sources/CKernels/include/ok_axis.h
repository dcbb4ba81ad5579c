// Kernels that work along one axis: a value seen as [outer, axis, inner].
//
// The inner stride is 1; where there is no inner axis, the axis itself has stride 1 on both sides. Two
// spatial axes are done one after the other: every operation here is separable.
//
// Sums along a row and sums along many columns at once take their terms in different orders. Which one it is,
// is decided when the program is built (`columns`), not by an extent that happens to be 1 in this run.
#ifndef OK_AXIS_H
#define OK_AXIS_H

#include "ok_elementwise.h"

typedef struct ok_axis_operand {
    int32_t slot;
    ok_len outer_stride, axis_stride;
} ok_axis_operand;

/// y[o, k, i] = x[o, k, i] · scale[k] + shift[k].
typedef struct ok_affine_args {
    ok_axis_operand source, destination;
    ok_len outer, axis, inner;
    const float *scale, *shift;
} ok_affine_args;

/// y = (x - mean) / sqrt(variance + epsilon) · weight + bias. The mean and the biased variance are those of
/// each outer item over axis and inner, or with `columns` of each (outer, inner) over the axis. Uncentred,
/// the mean is zero and the variance is the mean square.
///
/// weight and bias, where not NULL, are indexed by [outer % groups][axis], or with `elementwise` by inner.
typedef struct ok_normalize_args {
    ok_axis_operand source, destination;
    int32_t centred, columns, elementwise;
    int64_t groups;
    ok_len outer, axis, inner;
    float epsilon;
    const float *weight, *bias;
} ok_normalize_args;

/// Softmax along the axis, or its logarithm.
typedef struct ok_softmax_args {
    ok_axis_operand source, destination;
    int32_t logarithm, columns;
    ok_len outer, axis, inner;
} ok_softmax_args;

typedef enum ok_reduce_kind {
    OK_REDUCE_SUM,
    OK_REDUCE_MEAN,
    OK_REDUCE_MAX,
    OK_REDUCE_MIN,
    OK_REDUCE_PRODUCT,
    OK_REDUCE_SUM_SQUARES,
    OK_REDUCE_L1,
    OK_REDUCE_L2,
} ok_reduce_kind;

/// y[o, w, i] = reduction of x[o, k, i] over window w of the axis: k from floor(w · axis / windows) up to,
/// without, ceil((w + 1) · axis / windows). One window is the whole axis; more are PyTorch's adaptive
/// pooling.
typedef struct ok_reduce_args {
    ok_axis_operand source, destination;
    int32_t kind; // ok_reduce_kind
    int32_t columns;
    ok_len outer, axis, inner, windows;
} ok_reduce_args;

typedef enum ok_pool_kind { OK_POOL_MAX, OK_POOL_AVERAGE } ok_pool_kind;

/// y[o, w, i] = largest, or mean, of x[o, w · stride - pad_begin + t · dilation, i], t < kernel. Padding
/// never wins a maximum. A mean divides by the taps inside the signal, or with `counts_padding` by the taps
/// inside signal and padding.
///
/// In a stream the window reaches back over frames before the block: the counter (a state slot with an int64,
/// or -1) tells how many frames went by, of which the first `lag` lie before the signal.
typedef struct ok_pool_args {
    ok_axis_operand source, destination;
    int32_t kind, counts_padding; // ok_pool_kind
    int64_t kernel, stride, dilation, pad_begin, pad_end;
    int32_t counter;
    int64_t lag;
    ok_len outer, axis, inner, windows;
} ok_pool_args;

typedef enum ok_take_kind {
    OK_TAKE_PADDED,  // w - begin, by OK_PAD_*
    OK_TAKE_REVERSE, // axis - 1 - w
    OK_TAKE_NEAREST, // the source of a nearest-neighbour upsampling
    OK_TAKE_TABLE,   // table[w]
} ok_take_kind;

typedef enum ok_scale_kind {
    OK_SCALE_WHOLE,   // factor, a whole number
    OK_SCALE_FACTOR,  // factor
    OK_SCALE_EXTENTS, // windows / axis
    OK_SCALE_CORNERS, // (windows - 1) / (axis - 1): the outermost samples fall together
    OK_SCALE_GRID,    // sample w lies at w · factor + offset of the source
} ok_scale_kind;

/// How far apart the source's and destination's samples of a resize are.
typedef struct ok_scale {
    int32_t kind; // ok_scale_kind
    double factor, offset;
} ok_scale;

/// y[o, w, i] = x[o, index(w), i], or `value` (its bits) where the index lies outside, for elements of 1 or 4
/// bytes. `indices` is scratch for one int64_t per window.
typedef struct ok_take_args {
    ok_axis_operand source, destination;
    int32_t kind, mode; // ok_take_kind, OK_PAD_*
    int64_t begin;
    int32_t element;
    uint32_t value;
    ok_scale scale;
    const int64_t *table;
    int32_t indices;
    ok_len outer, axis, inner, windows;
} ok_take_args;

/// Where a linear interpolation reads, and how much of the right-hand sample it takes.
typedef struct ok_lerp_point {
    int64_t left, right;
    float weight;
} ok_lerp_point;

/// y[o, w, i] = linear interpolation of x along the axis. `points` is scratch for one ok_lerp_point per
/// window.
typedef struct ok_lerp_args {
    ok_axis_operand source, destination;
    ok_scale scale;
    int32_t points;
    ok_len outer, axis, inner, windows;
} ok_lerp_args;

#endif
