// Kernels that only move elements.
#ifndef OK_MOVE_H
#define OK_MOVE_H

#include "ok_elementwise.h"

/// destination = source, any strides, elements of 1, 2, 4 or 8 bytes.
typedef struct ok_copy_args {
    int32_t element;
    int32_t rank;
    ok_len shape[OK_MAX_RANK];
    ok_operand source, destination;
} ok_copy_args;

/// slots[destination] = slots[source] + offset bytes.
typedef struct ok_view_args {
    int32_t source, destination;
    ok_len offset;
} ok_view_args;
void ok_view(const void *args, ok_context *context) OK_REALTIME;

enum { OK_PAD_ZEROS, OK_PAD_REFLECT, OK_PAD_REPLICATE, OK_PAD_CIRCULAR };

/// Prepares the windows of a convolution: pads (or, with negative pads, crops) and splits columns by their
/// phase, float32: destination[phase][plane][y][column] = padded source[plane][y][column · stride + phase].
/// The destination is dense.
typedef struct ok_window_args {
    int32_t source, destination;
    int32_t mode; // OK_PAD_*
    int32_t stride;
    int64_t offset;       // elements from the source's base, may be negative (the past of a history)
    int64_t pad_x, pad_y; // in front
    int64_t batch;        // outer planes
    int64_t planes;       // inner planes (channels)
    ok_len batch_stride, plane_stride, row_stride;
    ok_len in_x, in_y;   // source extents; in_x counts the past of a history
    ok_len out_x, out_y; // destination columns of one phase, rows
} ok_window_args;

/// destination[b][channel][t] = source[b][channel · stride + (t + crop) % stride][(t + crop) / stride -
/// first], where first = crop / stride: the phases of a transposed convolution, put in order. Source dense.
typedef struct ok_interleave_args {
    int32_t source, destination;
    int32_t stride;
    int64_t crop;
    int64_t batch, channels;
    ok_len in_columns, out_columns;
    ok_len destination_batch_stride, destination_row_stride;
} ok_interleave_args;

/// Zeroes the first `frames` columns after a reset; `counter` is a state slot with an int64.
typedef struct ok_mute_args {
    int32_t slot, counter;
    int64_t frames;
    int64_t rows;
    ok_len row_stride, columns;
} ok_mute_args;
void ok_mute(const void *args, ok_context *context) OK_REALTIME;

/// Leaves out the first `frames` rows after a reset: a recurrent layer behind one with lookahead must not see
/// them. Sets dims[length] to the rows that remain, points `input_rest` and `output_rest` at the first of
/// them, and zeroes the output rows left out. `counter` is a state slot with an int64.
typedef struct ok_skip_args {
    int32_t counter, length;
    int32_t input, output, input_rest, output_rest;
    int64_t frames;
    int64_t batch, output_features;
    ok_len rows, input_step, output_step, output_batch;
} ok_skip_args;
void ok_skip(const void *args, ok_context *context) OK_REALTIME;

#endif
