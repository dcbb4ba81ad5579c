// Packing of recurrent weights; see kernels/recurrent_layout.h for the order. Runs when a program is built.
#include "kernels/recurrent_layout.h"

// The row of PyTorch's matrices that a lane of a panel holds, or -1 for padding.
static int64_t source_row(const ok_layout *layout, int64_t hidden, int64_t tile, int64_t column) {
    int64_t lanes = layout->lanes, tiles = ok_panel_tiles(layout, tile);
    int64_t vector = column / lanes, lane = column % lanes, gate, unit;
    if (vector < tiles * layout->gates) {
        gate = vector % layout->gates;
        unit = (tile + vector / layout->gates) * lanes + lane;
    } else {
        int64_t share = layout->tail == 1 ? lanes / 4 : lanes / 2;
        gate = (vector - tiles * layout->gates) * (lanes / share) + lane / share;
        unit = layout->tiles * lanes + lane % share;
    }
    return gate < layout->gates && unit < hidden ? gate * hidden + unit : -1;
}

size_t ok_recurrent_packed(ok_recurrent_kind kind, int lanes, int64_t hidden, int64_t inputs) {
    ok_layout layout = ok_layout_of(kind, lanes, hidden);
    return (size_t)(ok_layout_width(&layout) * (1 + inputs + hidden + (kind != OK_LSTM)));
}

size_t ok_recurrent_scratch(ok_recurrent_kind kind, int lanes, int64_t hidden, int64_t inputs,
                            const ok_recurrent_products *products) {
    ok_layout layout = ok_layout_of(kind, lanes, hidden);
    int64_t units = ok_layout_units(&layout), width = ok_layout_width(&layout);
    int64_t steps = ok_projection_steps(kind, inputs, products);
    return (size_t)(3 * units + (steps + (products && products->hidden_weights)) * width);
}

// The first row whose recurrent bias stays apart from the input's: those of a GRU's n.
static int64_t first_apart(ok_recurrent_kind kind, int64_t hidden) {
    return kind == OK_GRU ? 2 * hidden : 4 * hidden;
}

static float input_bias(int64_t row, int64_t apart, const float *bias_ih, const float *bias_hh) {
    return (bias_ih ? bias_ih[row] : 0) + (bias_hh && row < apart ? bias_hh[row] : 0);
}

void ok_recurrent_pack(ok_recurrent_kind kind, int lanes, int64_t hidden, int64_t inputs,
                       const float *weight_ih, const float *weight_hh, const float *bias_ih,
                       const float *bias_hh, float *packed) {
    ok_layout layout = ok_layout_of(kind, lanes, hidden);
    int64_t end = ok_panel_end(&layout), apart = first_apart(kind, hidden);
    for (int64_t tile = 0; tile < end; tile += layout.group) {
        int64_t width = ok_panel_width(&layout, tile);
        for (int64_t k = -1; k < inputs; ++k)
            for (int64_t column = 0; column < width; ++column) {
                int64_t row = source_row(&layout, hidden, tile, column);
                float value = 0;
                if (row >= 0 && k >= 0) value = weight_ih[row * inputs + k];
                if (row >= 0 && k < 0) value = input_bias(row, apart, bias_ih, bias_hh);
                *packed++ = value;
            }
    }
    for (int64_t tile = 0; tile < end; tile += layout.group) {
        int64_t width = ok_panel_width(&layout, tile);
        for (int64_t k = kind == OK_LSTM ? 0 : -1; k < hidden; ++k)
            for (int64_t column = 0; column < width; ++column) {
                int64_t row = source_row(&layout, hidden, tile, column);
                float value = 0;
                if (row >= 0 && k >= 0) value = weight_hh[row * hidden + k];
                if (row >= apart && k < 0 && bias_hh) value = bias_hh[row];
                *packed++ = value;
            }
    }
}

int64_t ok_recurrent_width(ok_recurrent_kind kind, int lanes, int64_t hidden) {
    ok_layout layout = ok_layout_of(kind, lanes, hidden);
    return ok_layout_width(&layout);
}

void ok_recurrent_rows(ok_recurrent_kind kind, int lanes, int64_t hidden, int from_hidden, int64_t columns,
                       const float *weight, const float *bias_ih, const float *bias_hh, float *bias,
                       float *rows) {
    ok_layout layout = ok_layout_of(kind, lanes, hidden);
    int64_t end = ok_panel_end(&layout), apart = first_apart(kind, hidden);
    for (int64_t tile = 0; tile < end; tile += layout.group)
        for (int64_t column = 0; column < ok_panel_width(&layout, tile); ++column, rows += columns) {
            int64_t row = source_row(&layout, hidden, tile, column);
            for (int64_t k = 0; k < columns; ++k) rows[k] = row >= 0 ? weight[row * columns + k] : 0;
            if (row < 0)
                *bias++ = 0;
            else if (from_hidden)
                *bias++ = bias_hh && row >= apart ? bias_hh[row] : 0;
            else
                *bias++ = input_bias(row, apart, bias_ih, bias_hh);
        }
}
