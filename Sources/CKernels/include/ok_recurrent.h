// LSTM and GRU: one direction of one layer, over any number of steps.
//
// PyTorch's equations and row order (i f g o; r z n, with b_hn inside the product with r):
//   LSTM  i, f, o = gate(W_i* x + b_i* + W_h* h + b_h*), g = cell(...); c' = f c + i g; h' = o output(c')
//   GRU   r, z = gate(...); n = cell(W_in x + b_in + r (W_hn h + b_hn)); h' = (1 - z) n + z h
// and, for files of formats that reset before the product (OK_RESET_BEFORE):
//         n = cell(W_in x + b_in + W_hn (r h) + b_hn)
// The result of a step depends neither on how many steps a call makes nor on the batch, bit for bit.
#ifndef OK_RECURRENT_H
#define OK_RECURRENT_H

#include "ok_elementwise.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ok_recurrent_kind { OK_LSTM, OK_GRU, OK_GRU_RESET_BEFORE } ok_recurrent_kind;

/// A sequence of vectors: element f of step t of batch row b is at offset + t * step + b * batch + f *
/// feature.
typedef struct ok_series {
    int32_t slot;   // -1: none (output only)
    int64_t offset; // elements
    ok_len step, batch, feature;
} ok_series;

/// A state vector of `hidden` elements a batch row, feature stride 1.
typedef struct ok_state {
    int32_t slot;   // -1: zeros where read, dropped where written
    int64_t offset; // elements
    ok_len batch;
} ok_state;

/// Products that a matrix library does in place of the kernel, or of which it does one.
typedef struct ok_recurrent_products {
    /// y[r] += W x[r] for r < rows: W [outputs][inputs], rows of x `stride` apart, rows of y `outputs` apart.
    void (*add)(const float *weights, int64_t outputs, int64_t inputs, const float *x, int64_t stride,
                int64_t rows, float *y) OK_REALTIME;
    // From ok_recurrent_rows; a NULL matrix leaves that product to the kernel.
    const float *input_bias, *input_weights;
    const float *hidden_bias, *hidden_weights; // not with OK_GRU_RESET_BEFORE
    int64_t steps;                             // of the input's product in one call, 1 or more
} ok_recurrent_products;

typedef struct ok_recurrent_args {
    int32_t inputs, hidden;
    int32_t reverse;      // 1: from the last step to the first; output t still belongs to input t
    const float *weights; // from ok_recurrent_pack, for this table's lanes; 64-byte aligned
    const ok_recurrent_products *products; // or NULL; with both matrices, `weights` is not read
    ok_len steps, batch;
    ok_series input;
    ok_series output;      // feature stride 1
    ok_state h, c;         // read before the first step; c is the LSTM's alone
    ok_state h_end, c_end; // written after the last; may be the same places as h and c
    int32_t scratch;       // slot of ok_recurrent_scratch floats, 64-byte aligned; feature stride 1 of
                           // the input where a library multiplies it
    int32_t activations;   // 0: sigmoid, tanh, tanh; 1: the three below
    ok_activation gate, cell, output_activation;
} ok_recurrent_args;

/// Floats of packed weights. `lanes` is ok_kernels.lanes. hidden and inputs are 1 ... 2^20.
size_t ok_recurrent_packed(ok_recurrent_kind kind, int lanes, int64_t hidden, int64_t inputs);
/// Floats of scratch of one step; its contents mean nothing between calls. `products` may be NULL.
size_t ok_recurrent_scratch(ok_recurrent_kind kind, int lanes, int64_t hidden, int64_t inputs,
                            const ok_recurrent_products *products);
/// Packs PyTorch's weight_ih [gates * hidden, inputs], weight_hh [gates * hidden, hidden] and the two biases
/// [gates * hidden] (NULL: none) into `packed`, whose every float is written. Not for the audio thread.
void ok_recurrent_pack(ok_recurrent_kind kind, int lanes, int64_t hidden, int64_t inputs,
                       const float *weight_ih, const float *weight_hh, const float *bias_ih,
                       const float *bias_hh, float *packed);
/// Gate values of a step with the padding of the packed order: the `width` of ok_recurrent_rows.
int64_t ok_recurrent_width(ok_recurrent_kind kind, int lanes, int64_t hidden);
/// The same as matrices for ok_recurrent_products, rows in the packed order and zero where it pads: bias
/// [width] and weights [width][columns] of the input (from_hidden 0: columns are the inputs) or of the hidden
/// state (1: columns are the hidden units; the bias is the GRU's b_hn, else zero).
void ok_recurrent_rows(ok_recurrent_kind kind, int lanes, int64_t hidden, int from_hidden, int64_t columns,
                       const float *weight, const float *bias_ih, const float *bias_hh, float *bias,
                       float *rows);

#ifdef __cplusplus
}
#endif
#endif
