// GRU. The input's and the recurrent part of the new gate stay apart until r has multiplied the latter.

OK_INLINE vf ok_gru_gate(const ok_recurrent_args *args, vf x, const int custom) {
    return custom ? ok_activate_vector(&args->gate, x) : v_sigmoid(x);
}
OK_INLINE vf ok_gru_cell(const ok_recurrent_args *args, vf x, const int custom) {
    return custom ? ok_activate_vector(&args->cell, x) : v_tanh(x);
}

// h' = (1 - z) n + z h = n + z (h - n)
OK_INLINE void ok_gru_update(const float *h, float *next, vf z, vf n) { v_store(next, v_fma(z, v_load(h) - n, n)); }

OK_INLINE void ok_gru_panel(const ok_recurrence *state, int64_t tile, const ok_gate_input *input, const float *weights,
                            const int tiles, const int tail, const int custom) {
    const ok_recurrent_args *args = state->args;
    const float *h = state->h + tile * OK_LANES;
    float *next = state->h_next + tile * OK_LANES;
    enum { GATES = 3 };
    const int vectors = GATES * tiles + tail;
    vf ready[16], sums[16]; // from x, with its biases; from h, with b_hn
    ok_panel_input(input, ready, vectors);
    OK_UNROLL for (int v = 0; v < vectors; ++v) sums[v] = v_load(weights + v * OK_LANES);
    ok_panel_product(weights + vectors * OK_LANES, state->h, 1, args->hidden, sums, vectors, OK_SPLIT(vectors));
    OK_UNROLL for (int t = 0; t < tiles; ++t) {
        const vf *a = ready + GATES * t, *b = sums + GATES * t;
        vf r = ok_gru_gate(args, a[0] + b[0], custom), z = ok_gru_gate(args, a[1] + b[1], custom);
        ok_gru_update(h + t * OK_LANES, next + t * OK_LANES, z, ok_gru_cell(args, v_fma(r, b[2], a[2]), custom));
    }
    if (tail) { // [r z n .], or [r z] and [n .]
        const vf *a = ready + GATES * tiles, *b = sums + GATES * tiles;
        vf r = ok_gru_gate(args, a[0] + b[0], custom), z = ok_rotate(r, tail);
        vf from_x = tail == 1 ? ok_rotate(a[0], 2) : a[1], from_h = tail == 1 ? ok_rotate(b[0], 2) : b[1];
        ok_gru_update(h + tiles * OK_LANES, next + tiles * OK_LANES, z, ok_gru_cell(args, v_fma(r, from_h, from_x), custom));
    }
}

OK_INLINE void ok_gru_step(const ok_recurrence *state, const float *row, const float *x, int64_t feature, const int custom) {
    const ok_layout *layout = &state->layout;
    int64_t inputs = state->args->inputs, hidden = state->args->hidden;
    const float *from_input = state->input_weights, *from_hidden = state->hidden_weights;
    for (int64_t tile = 0; tile < ok_panel_end(layout); tile += layout->group) {
        int64_t width = ok_panel_width(layout, tile);
        ok_gate_input input = {row ? row : from_input, from_input + width, x, feature, row ? 0 : inputs};
        switch (ok_panel_tiles(layout, tile) * 3 + ok_panel_tail(layout, tile)) {
#define OK_CASE(tiles, tail)                                                                                 \
    case (tiles) * 3 + (tail): ok_gru_panel(state, tile, &input, from_hidden, tiles, tail, custom); break;
            OK_CASE(0, 1)
            OK_CASE(0, 2)
            OK_CASE(1, 0)
            OK_CASE(1, 1)
            OK_CASE(1, 2)
            OK_CASE(2, 0)
            OK_CASE(2, 1)
            OK_CASE(2, 2)
            OK_CASE(3, 0)
            OK_CASE(3, 1)
            OK_CASE(3, 2)
            OK_CASE(4, 0)
            OK_CASE(4, 1)
            OK_CASE(4, 2)
#undef OK_CASE
        }
        from_input += width * (1 + inputs);
        from_hidden += width * (1 + hidden);
        if (row) row += width;
    }
}

static void ok_gru_step_plain(const ok_recurrence *state, const float *row, const float *x, int64_t feature) {
    ok_gru_step(state, row, x, feature, 0);
}
static void ok_gru_step_custom(const ok_recurrence *state, const float *row, const float *x, int64_t feature) {
    ok_gru_step(state, row, x, feature, 1);
}

static void ok_gru(const void *arguments, ok_context *context) {
    const ok_recurrent_args *args = arguments;
    if (args->activations) ok_recurrent_run(args, context, OK_GRU, ok_gru_step_custom, 0);
    else ok_recurrent_run(args, context, OK_GRU, ok_gru_step_plain, 0);
}

// Reset before the product: n needs r of every unit, so a step is two passes. The layout has no tail; `first` and
// `per_tile` choose r and z, or n, of each tile.
OK_INLINE void ok_reset_before_sums(const float *row, const float *weights, int64_t width, const float *x, int64_t count,
                                    vf *sums, const int first, const int gates) {
    OK_UNROLL for (int g = 0; g < gates; ++g)
        sums[g] = v_load(row + (first + g) * OK_LANES) + v_load(weights + (first + g) * OK_LANES);
    for (int64_t k = 0; k < count; ++k) {
        weights += width;
        OK_UNROLL for (int g = 0; g < gates; ++g)
            sums[g] = v_fma(v_load(weights + (first + g) * OK_LANES), v_splat(x[k]), sums[g]);
    }
}

static void ok_reset_before_step(const ok_recurrence *state, const float *row, const float *x, int64_t feature) {
    (void)x, (void)feature; // always projected
    const ok_recurrent_args *args = state->args;
    const ok_layout *layout = &state->layout;
    const int custom = args->activations;
    float *reset = state->h_next, *update = state->c;
    for (int pass = 0; pass < 2; ++pass) {
        const float *weights = state->hidden_weights, *values = row;
        for (int64_t tile = 0; tile < layout->tiles; ++tile) {
            int64_t start = tile / layout->group * layout->group, width = ok_panel_width(layout, start);
            int64_t at = (tile - start) * 3 * OK_LANES, unit = tile * OK_LANES;
            vf sums[2];
            if (pass == 0) {
                ok_reset_before_sums(values + at, weights + at, width, state->h, args->hidden, sums, 0, 2);
                v_store(reset + unit, ok_gru_gate(args, sums[0], custom) * v_load(state->h + unit));
                v_store(update + unit, ok_gru_gate(args, sums[1], custom));
            } else {
                ok_reset_before_sums(values + at, weights + at, width, reset, args->hidden, sums, 2, 1);
                ok_gru_update(state->h + unit, state->h + unit, v_load(update + unit), ok_gru_cell(args, sums[0], custom));
            }
            if (tile + 1 == layout->tiles || tile + 1 == start + layout->group)
                weights += width * (1 + args->hidden), values += width;
        }
    }
}

static void ok_gru_reset_before(const void *arguments, ok_context *context) {
    ok_recurrent_run(arguments, context, OK_GRU_RESET_BEFORE, ok_reset_before_step, 1);
}
