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

size_t ok_recurrent_scratch(ok_recurrent_kind kind, int lanes, int64_t hidden, int64_t inputs) {
    ok_layout layout = ok_layout_of(kind, lanes, hidden);
    int64_t units = ok_layout_units(&layout), width = ok_layout_width(&layout);
    int64_t steps = inputs > OK_FUSED_INPUTS || kind == OK_GRU_RESET_BEFORE ? OK_PROJECTION_STEPS : 0;
    return (size_t)(3 * units + steps * width);
}

void ok_recurrent_pack(ok_recurrent_kind kind, int lanes, int64_t hidden, int64_t inputs,
                       const float *weight_ih, const float *weight_hh, const float *bias_ih,
                       const float *bias_hh, float *packed) {
    ok_layout layout = ok_layout_of(kind, lanes, hidden);
    int64_t end = ok_panel_end(&layout), first_of_n = kind == OK_GRU ? 2 * hidden : 4 * hidden;
    for (int64_t tile = 0; tile < end; tile += layout.group) {
        int64_t width = ok_panel_width(&layout, tile);
        for (int64_t k = -1; k < inputs; ++k)
            for (int64_t column = 0; column < width; ++column) {
                int64_t row = source_row(&layout, hidden, tile, column);
                float value = 0;
                if (row >= 0 && k >= 0) value = weight_ih[row * inputs + k];
                if (row >= 0 && k < 0 && bias_ih) value += bias_ih[row];
                if (row >= 0 && k < 0 && bias_hh && row < first_of_n) value += bias_hh[row];
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
                if (row >= first_of_n && k < 0 && bias_hh) value = bias_hh[row];
                *packed++ = value;
            }
    }
}
