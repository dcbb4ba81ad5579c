// How the gates of a recurrent layer lie in vectors: shared by the packing and the kernels.
//
// A tile is `lanes` hidden units: one vector a gate. Units that are left over after the whole tiles and fill
// no more than half a vector share vectors between gates (the tail): up to a quarter, one vector [g0 g1 g2
// g3]; up to a half, two, [g0 g1] and [g2 g3]. So a layer of 20 units costs 5 vectors of 16 a column instead
// of 8. A panel is what one pass over h computes: a few tiles, and the tail in the last one.
//
// Packed weights: for each panel, its bias and its input columns; then, for each panel, its recurrent
// columns, which a GRU's bias b_hn precedes. Every row is the panel's vectors side by side.
#ifndef OK_RECURRENT_LAYOUT_H
#define OK_RECURRENT_LAYOUT_H

#include "ok_recurrent.h"

enum {
    OK_FUSED_INPUTS = 16,    // up to this many inputs are multiplied step by step, more in chunks of steps
    OK_PROJECTION_STEPS = 24 // steps of one such chunk
};

/// Steps whose inputs are multiplied at a time, ahead of the walk; 0: each in its own step.
static inline int64_t ok_projection_steps(ok_recurrent_kind kind, int64_t inputs,
                                          const ok_recurrent_products *products) {
    if (products && products->input_weights) return products->steps;
    return inputs > OK_FUSED_INPUTS || kind == OK_GRU_RESET_BEFORE ? OK_PROJECTION_STEPS : 0;
}

typedef struct ok_layout {
    int lanes, gates, group; // group: tiles of a panel
    int64_t tiles;           // whole ones
    int tail;                // vectors of the tail: 0, 1 or 2
} ok_layout;

static inline ok_layout ok_layout_of(ok_recurrent_kind kind, int lanes, int64_t hidden) {
    ok_layout layout = {lanes, kind == OK_LSTM ? 4 : 3, 2, hidden / lanes, 0};
    int64_t rest = hidden % lanes;
    if (rest > lanes / 2 || (rest > 0 && kind == OK_GRU_RESET_BEFORE))
        layout.tiles += 1;
    else if (rest > 0)
        layout.tail = rest <= lanes / 4 ? 1 : 2;
    return layout;
}

/// The panel that starts at a tile: its whole tiles, and its tail's vectors.
static inline int64_t ok_panel_tiles(const ok_layout *layout, int64_t tile) {
    int64_t rest = layout->tiles - tile;
    return rest < layout->group ? rest : layout->group;
}
static inline int ok_panel_tail(const ok_layout *layout, int64_t tile) {
    return tile + ok_panel_tiles(layout, tile) == layout->tiles ? layout->tail : 0;
}
static inline int64_t ok_panel_width(const ok_layout *layout, int64_t tile) {
    return (ok_panel_tiles(layout, tile) * layout->gates + ok_panel_tail(layout, tile)) * layout->lanes;
}
/// Tiles to walk: a layer that is all tail is one empty panel.
static inline int64_t ok_panel_end(const ok_layout *layout) { return layout->tiles > 0 ? layout->tiles : 1; }

/// Floats of a row over all panels, and of the hidden state with its padding.
static inline int64_t ok_layout_width(const ok_layout *layout) {
    return (layout->tiles * layout->gates + layout->tail) * layout->lanes;
}
static inline int64_t ok_layout_units(const ok_layout *layout) {
    return (layout->tiles + (layout->tail > 0)) * layout->lanes;
}

#endif
