// Convolution as a sum of weighted rows, time (or the last spatial axis) along the vector.
#ifndef OK_CONV_H
#define OK_CONV_H

#include "ok_elementwise.h"

/// One input of a convolution, float32. Column t of tap (ky, kx) of channel c is read at
/// base + offset + b·batch_stride + c·channel_stride + (y·stride_y + ky·dilation_y)·row_stride
///      + ((kx·dilation_x) % stride_x)·phase_stride + (kx·dilation_x)/stride_x + t.
typedef struct ok_conv_source {
    int32_t slot;
    int32_t channels; // of one group
    int32_t taps_x, taps_y;
    int32_t stride_x, stride_y, dilation_x, dilation_y;
    int64_t offset;
    ok_len batch_stride, channel_stride, row_stride, phase_stride;
} ok_conv_source;

/// destination[b, m, y, t] = activation(bias[m] + Σ_k weight[m, k] · row_k[t]) (+ residual), or with a gate
/// activation(first half of m) · gate(second half).
///
/// Weights are packed panel after panel: rows m in runs of 8, then 4, 2, 1; a panel holds [K][run]. K runs
/// over sources, then channels, ky, kx. Each group has `group_weights` floats.
typedef struct ok_conv_args {
    int32_t source_count;
    const ok_conv_source *sources;
    int64_t batch, groups, rows; // rows: output rows m of one group, before gating
    int64_t terms;               // K
    ok_len out_y, columns;
    const float *weights;
    int64_t group_weights;
    const float *bias; // groups * rows; zeros where there is none
    ok_activation activation, gate;
    int32_t gated;
    int32_t destination;
    int32_t residual;    // slot, or -1
    int32_t accumulator; // gated only: scratch for 2 · rows/2 rows of OK_CONV_BLOCK columns
    int32_t pointers;    // scratch for K row pointers
    ok_len destination_batch_stride, destination_row_stride, destination_y_stride;
    ok_len residual_batch_stride, residual_row_stride, residual_y_stride;
} ok_conv_args;

/// Columns worked on at a time, so that a block of all rows stays near the core.
enum { OK_CONV_BLOCK = 480 };

#endif
